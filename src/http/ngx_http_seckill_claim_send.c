#include "ngx_http_seckill.h"
#include "sk_time.h"


static ngx_int_t ngx_http_seckill_claim_send_json(ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer);
static ngx_int_t ngx_http_seckill_claim_send_receipt(
    ngx_http_seckill_claim_t *hc, sk_answer_t *answer, ngx_str_t *receipt);
static u_char *ngx_http_seckill_claim_send_more(u_char *p,
    ngx_seckill_claim_t *claim, sk_answer_t *answer);
static u_char *ngx_http_seckill_claim_send_opening(u_char *p,
    sk_answer_t *answer);
static u_char *ngx_http_seckill_claim_send_order(u_char *p,
    ngx_seckill_claim_t *claim, sk_answer_t *answer);


/* how the answers begin */

static const ngx_str_t  ngx_http_seckill_heads[] = {
#define X(constant, code, name, status)                                      \
    ngx_string("{\"code\":" #code ",\"result\":\"" name "\",\"sale\":\""),
    SK_RESULT_TABLE(X)
#undef X
};


ngx_int_t
ngx_http_seckill_claim_send(ngx_http_seckill_claim_t *hc, sk_answer_t *answer)
{
    ngx_uint_t                    status;
    ngx_http_request_t           *r;
    ngx_http_seckill_loc_conf_t  *slcf;

    sk_assert(answer->result < SK_RESULT_N);

    r = hc->request;

    if (hc->outcome) {
        ngx_http_seckill_outcome_set(hc->outcome, &hc->claim, answer);
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);
    status = ngx_http_seckill_reply_code(sk_results[answer->result].status);

    if (!slcf->auth && !(status != NGX_HTTP_OK
                         && ngx_http_seckill_claim_send_intercepted(r, status)))
    {
        return ngx_http_seckill_claim_send_json(hc, answer);
    }

    if (ngx_http_seckill_reply_retry(r, answer) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!slcf->auth) {
        return status;
    }

    return ngx_http_seckill_reply_status(r,
               ngx_http_seckill_outcome_status(hc->outcome, SK_STATES_ALL));
}


ngx_int_t
ngx_http_seckill_claim_send_refused(ngx_http_seckill_claim_t *hc,
    const char *wrong)
{
    ngx_uint_t                    code;
    sk_status_e                   status;
    ngx_http_request_t           *r;
    ngx_http_seckill_loc_conf_t  *slcf;

    r = hc->request;

    ngx_http_seckill_claim_refuse(hc);

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    if (hc->token && ngx_http_seckill_token_challenge(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (slcf->auth) {
        return ngx_http_seckill_reply_status(r, hc->refused);
    }

    status = hc->token ? SK_STATUS_UNAUTHORIZED
             : (hc->refused == NGX_HTTP_FORBIDDEN) ? SK_STATUS_FORBIDDEN
                                                   : SK_STATUS_INVALID;

    code = ngx_http_seckill_reply_code(status);

    return ngx_http_seckill_claim_send_intercepted(r, code)
           ? (ngx_int_t) code
           : ngx_http_seckill_reply_error(r, status, wrong, NULL);
}


/*
 * Whether "error_page" answers in our place: where there is none for a status,
 * ours says more than nginx's, see ngx_http_upstream_intercept_errors().
 */

ngx_uint_t
ngx_http_seckill_claim_send_intercepted(ngx_http_request_t *r,
    ngx_uint_t status)
{
    ngx_uint_t                    i;
    ngx_http_err_page_t          *page;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!slcf->intercept || r->error_page || clcf->error_pages == NULL) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if ((ngx_uint_t) page[i].status == status) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_seckill_claim_send_json(ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer)
{
    size_t                len;
    ngx_buf_t            *b;
    ngx_str_t             receipt;
    const ngx_str_t      *head;
    const sk_result_t    *res;
    ngx_http_request_t   *r;
    ngx_seckill_claim_t  *claim;

    r = hc->request;
    claim = &hc->claim;
    res = &sk_results[answer->result];
    head = &ngx_http_seckill_heads[answer->result];

    if (ngx_http_seckill_claim_send_receipt(hc, answer, &receipt) != NGX_OK
        || (ngx_http_seckill_again(answer->result)
            && ngx_http_seckill_reply_retry(r, answer) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = head->len + sizeof("\",\"user\":\"\"}\n")
          + sizeof(",\"receipt\":\"\"") + receipt.len
          + sizeof(",\"starts_in\":,\"starts_in_ms\":")
          + sizeof(",\"order\":,\"state\":\"held\",\"expires_at\":\"\","
                   "\"units\":,\"order_sale\":\"\"")
          + SK_TIME_SIZE + SK_NAME_SIZE_MAX
          + (claim->sale ? claim->sale_name.len
                         : ngx_http_seckill_reply_json_len(&claim->sale_name))
          + (hc->plain ? claim->user.len
                       : ngx_http_seckill_reply_json_len(&claim->user))
          + 3 * NGX_INT64_LEN;

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, head->data, head->len);

    /* the name of a sale that is there has nothing to escape */

    b->last = claim->sale
              ? ngx_cpymem(b->last, claim->sale_name.data, claim->sale_name.len)
              : ngx_http_seckill_reply_json(b->last, &claim->sale_name);

    b->last = ngx_cpymem(b->last, "\",\"user\":\"", 10);

    b->last = hc->plain
              ? ngx_cpymem(b->last, claim->user.data, claim->user.len)
              : ngx_http_seckill_reply_json(b->last, &claim->user);

    *b->last++ = '"';

    b->last = ngx_http_seckill_claim_send_more(b->last, claim, answer);

    if (receipt.len) {
        b->last = ngx_sprintf(b->last, ",\"receipt\":\"%V\"", &receipt);
    }

    b->last = ngx_cpymem(b->last, "}\n", 2);

    return ngx_http_seckill_reply_send(r, res->status,
                                       &ngx_http_seckill_reply_json_type, b);
}


/* who wants one has "receipt=1" in the query */

static ngx_int_t
ngx_http_seckill_claim_send_receipt(ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer, ngx_str_t *receipt)
{
    ngx_str_t                    value;
    ngx_http_request_t          *r;
    ngx_http_seckill_outcome_t   outcome;

    ngx_str_null(receipt);

    r = hc->request;

    if (!ngx_http_seckill_receipt_possible(r, answer)
        || ngx_http_arg(r, (u_char *) "receipt", 7, &value) != NGX_OK
        || value.len != 1 || value.data[0] != '1')
    {
        return NGX_OK;
    }

    /* the variable and the answer have one receipt */

    if (hc->outcome && hc->outcome->head.number) {
        return ngx_http_seckill_receipt(r, hc->outcome, receipt);
    }

    ngx_memzero(&outcome, sizeof(ngx_http_seckill_outcome_t));

    outcome.zone = hc->claim.zone;
    outcome.sale = hc->claim.sale_name;
    outcome.user = hc->claim.user;
    outcome.answer = *answer;
    outcome.at = ngx_time();

    sk_zone_head(outcome.zone->shm, &outcome.head);

    return ngx_http_seckill_receipt(r, &outcome, receipt);
}


/* what an answer has but for its sale and user */

static u_char *
ngx_http_seckill_claim_send_more(u_char *p, ngx_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    switch (answer->result) {

    case SK_WON:
    case SK_ALREADY:
        return ngx_http_seckill_claim_send_order(p, claim, answer);

    case SK_NOT_STARTED:
        return ngx_sprintf(p, ",\"starts_in\":%L",
                           (answer->starts_in_ms + 999) / 1000);

    case SK_WAITING:
        return ngx_http_seckill_claim_send_opening(p, answer);

    case SK_QUEUED:
        return ngx_sprintf(p, ",\"position\":%uD,\"may_return\":%L",
                           answer->position, answer->may_return);

    case SK_NONE:
        p = ngx_sprintf(p, ",\"sale_state\":\"%s\"",
                        sk_sale_states[answer->sale_state]);

        return answer->starts_in_ms
               ? ngx_http_seckill_claim_send_opening(p, answer) : p;

    default:
        return p;
    }
}


/* exactly, too: who comes a second late may find that the sale is sold out */

static u_char *
ngx_http_seckill_claim_send_opening(u_char *p, sk_answer_t *answer)
{
    return ngx_sprintf(p, ",\"starts_in\":%L,\"starts_in_ms\":%L",
                       (answer->starts_in_ms + 999) / 1000,
                       answer->starts_in_ms);
}


static u_char *
ngx_http_seckill_claim_send_order(u_char *p, ngx_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    char        expires[SK_TIME_SIZE + 1];
    sk_sale_t  *sale;

    p = ngx_sprintf(p, ",\"order\":%uL", answer->order);

    sale = &claim->zone->shm->sales.elts[answer->slot];

    if (answer->result == SK_ALREADY && sale != claim->sale) {
        p = ngx_sprintf(p, ",\"order_sale\":\"%*s\"",
                        (size_t) sk_load(&sale->name_len), sale->name);
    }

    if (answer->state == SK_STATE_HELD) {
        sk_time_format(expires, (int64_t) answer->expires_s * 1000);
        p = ngx_sprintf(p, ",\"state\":\"held\",\"expires_at\":\"%s\"",
                        expires);

    } else if (claim->ask) {
        p = ngx_sprintf(p, ",\"state\":\"%s\"", sk_states[answer->state]);
    }

    if (answer->n_orders > 1) {
        p = ngx_sprintf(p, ",\"units\":%ud", answer->n_orders);
    }

    return p;
}
