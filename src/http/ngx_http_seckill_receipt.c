#include "ngx_http_seckill.h"
#include "sk_receipt.h"


#define NGX_HTTP_SECKILL_RECEIPT_VALID_S    86400   /* default of valid= */
#define NGX_HTTP_SECKILL_RECEIPT_VALID_MIN     60
#define NGX_HTTP_SECKILL_RECEIPT_VALID_MAX  (366 * 86400)


struct ngx_http_seckill_receipt_conf_s {
    sk_receipt_key_t   *key;
    ngx_str_t           iss;            /* empty: the server's name */
    time_t              valid;          /* seconds */
};


static void ngx_http_seckill_receipt_order(ngx_http_seckill_outcome_t *outcome,
    sk_receipt_t *receipt);
static ngx_str_t *ngx_http_seckill_receipt_iss(ngx_http_request_t *r);
static ngx_int_t ngx_http_seckill_receipt_text(ngx_http_request_t *r,
    ngx_str_t *text, char *token);
static ngx_int_t ngx_http_seckill_receipt_param(ngx_conf_t *cf,
    ngx_http_seckill_receipt_conf_t *receipt, ngx_str_t *arg);
static ngx_int_t ngx_http_seckill_receipt_key(ngx_conf_t *cf,
    ngx_http_seckill_receipt_conf_t *receipt, ngx_str_t *file);
static void ngx_http_seckill_receipt_free(void *data);


ngx_int_t
ngx_http_seckill_receipt_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                    rc;
    ngx_str_t                    text;
    ngx_http_seckill_outcome_t  *outcome;

    v->valid = 0;
    v->no_cacheable = 0;
    v->not_found = 1;

    outcome = ngx_http_seckill_outcome_get(r);

    if (outcome == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_seckill_receipt(r, outcome, &text);

    if (rc == NGX_OK) {
        v->len = text.len;
        v->data = text.data;
        v->valid = 1;
        v->not_found = 0;
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* what nobody could decide, and a sale that there is none of, is not signed */

ngx_uint_t
ngx_http_seckill_receipt_possible(ngx_http_request_t *r, sk_answer_t *answer)
{
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    return slcf->receipt && sk_results[answer->result].status == SK_STATUS_OK;
}


ngx_int_t
ngx_http_seckill_receipt(ngx_http_request_t *r,
    ngx_http_seckill_outcome_t *outcome, ngx_str_t *text)
{
    ngx_str_t                    *iss;
    sk_answer_t                  *answer;
    sk_receipt_t                  receipt;
    ngx_http_seckill_loc_conf_t  *slcf;

    answer = &outcome->answer;

    if (!ngx_http_seckill_receipt_possible(r, answer)) {
        return NGX_DECLINED;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);
    iss = ngx_http_seckill_receipt_iss(r);

    ngx_memzero(&receipt, sizeof(sk_receipt_t));

    receipt.iss = (char *) iss->data;
    receipt.iss_len = iss->len;
    receipt.user = (char *) outcome->user.data;
    receipt.user_len = outcome->user.len;
    receipt.sale = (char *) outcome->sale.data;
    receipt.sale_len = outcome->sale.len;
    receipt.result = sk_results[answer->result].name;
    receipt.iat = outcome->at;
    receipt.exp = receipt.iat + slcf->receipt->valid;
    receipt.head = outcome->head;

    if (ngx_http_seckill_won(answer)) {
        ngx_http_seckill_receipt_order(outcome, &receipt);
    }

    return ngx_http_seckill_receipt_text(r, text,
                                sk_receipt_sign(slcf->receipt->key, &receipt));
}


static void
ngx_http_seckill_receipt_order(ngx_http_seckill_outcome_t *outcome,
    sk_receipt_t *receipt)
{
    size_t        len;
    ngx_str_t    *name;
    sk_sale_t    *sale;
    sk_answer_t  *answer;

    answer = &outcome->answer;

    receipt->order = answer->order;
    receipt->state = sk_states[answer->state];

    if (answer->state == SK_STATE_HELD
        && receipt->exp > (int64_t) answer->expires_s)
    {
        receipt->exp = answer->expires_s;
    }

    if (answer->result != SK_ALREADY) {
        return;
    }

    /* the limit is that of a group of sales; one that was removed since has no
       name */

    name = &outcome->sale;
    sale = &outcome->zone->shm->sales.elts[answer->slot];
    len = sk_load(&sale->name_len);

    if (len && (len != name->len
                || ngx_memcmp(sale->name, name->data, len) != 0))
    {
        receipt->order_sale = sale->name;
        receipt->order_sale_len = len;
    }
}


ngx_int_t
ngx_http_seckill_receipt_head(ngx_http_request_t *r, ngx_str_t *zone,
    const sk_head_t *head, ngx_str_t *text)
{
    ngx_str_t                    *iss;
    sk_receipt_head_t             said;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    if (slcf->receipt == NULL) {
        return NGX_DECLINED;
    }

    iss = ngx_http_seckill_receipt_iss(r);

    said.iss = (char *) iss->data;
    said.iss_len = iss->len;
    said.zone = (char *) zone->data;
    said.zone_len = zone->len;
    said.iat = ngx_time();
    said.head = *head;

    return ngx_http_seckill_receipt_text(r, text,
                           sk_receipt_sign_head(slcf->receipt->key, &said));
}


static ngx_str_t *
ngx_http_seckill_receipt_iss(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t     *cscf;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    return slcf->receipt->iss.len ? &slcf->receipt->iss : &cscf->server_name;
}


/* "token" is freed; NULL: there was no memory */

static ngx_int_t
ngx_http_seckill_receipt_text(ngx_http_request_t *r, ngx_str_t *text,
    char *token)
{
    if (token == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_strlen(token);
    text->data = ngx_pnalloc(r->pool, text->len);

    if (text->data) {
        ngx_memcpy(text->data, token, text->len);
    }

    free(token);

    return text->data ? NGX_OK : NGX_ERROR;
}


const char *
ngx_http_seckill_receipt_keys(ngx_http_request_t *r)
{
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    return slcf->receipt ? sk_receipt_key_set(slcf->receipt->key) : NULL;
}


char *
ngx_http_seckill_receipt_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    ngx_str_t                        *arg;
    ngx_uint_t                        i;
    ngx_http_seckill_receipt_conf_t  *receipt;

    arg = cf->args->elts;

    if (slcf->receipt != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (cf->args->nelts == 2 && ngx_strcmp(arg[1].data, "off") == 0) {
        slcf->receipt = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    receipt = ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_receipt_conf_t));
    if (receipt == NULL) {
        return NGX_CONF_ERROR;
    }

    receipt->valid = NGX_HTTP_SECKILL_RECEIPT_VALID_S;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_seckill_receipt_param(cf, receipt, &arg[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (receipt->key == NULL) {
        return ngx_http_seckill_param_missing(cf, "key");
    }

    slcf->receipt = receipt;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_seckill_receipt_param(ngx_conf_t *cf,
    ngx_http_seckill_receipt_conf_t *receipt, ngx_str_t *arg)
{
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "key=", &value) && value.len) {
        return ngx_http_seckill_receipt_key(cf, receipt, &value);
    }

    if (ngx_http_seckill_param(arg, "iss=", &value) && value.len) {
        receipt->iss = value;
        return NGX_OK;
    }

    if (ngx_http_seckill_param(arg, "valid=", &value)) {
        receipt->valid = ngx_parse_time(&value, 1);

        if (receipt->valid < NGX_HTTP_SECKILL_RECEIPT_VALID_MIN
            || receipt->valid > NGX_HTTP_SECKILL_RECEIPT_VALID_MAX)
        {
            (void) ngx_http_seckill_param_invalid(cf, arg,
                                                  "1m to 366d, like 1d");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    (void) ngx_http_seckill_param_invalid(cf, arg, "key=file, iss=text, "
                                          "valid=time; or \"off\" alone");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_seckill_receipt_key(ngx_conf_t *cf,
    ngx_http_seckill_receipt_conf_t *receipt, ngx_str_t *file)
{
    int                  rc;
    u_char              *text;
    size_t               size;
    ngx_str_t            name;
    sk_token_reason_t    reason;
    ngx_pool_cleanup_t  *cln;

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    text = ngx_http_seckill_key_file(cf, &name, "key", &size, NULL);

    if (cln == NULL || text == NULL) {
        return NGX_ERROR;
    }

    rc = sk_receipt_key_read(&receipt->key, (char *) text, size, reason);

    ngx_explicit_memzero(text, size);

    cln->handler = ngx_http_seckill_receipt_free;
    cln->data = receipt->key;

    if (rc != SK_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the key file \"%V\": %s",
                           &name, reason);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_seckill_receipt_free(void *data)
{
    sk_receipt_key_free(data);
}
