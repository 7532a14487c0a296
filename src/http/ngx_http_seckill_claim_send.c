#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_claim_send_json(ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer);
static ngx_int_t ngx_http_seckill_claim_send_receipt(
    ngx_http_seckill_claim_t *hc, sk_answer_t *answer, ngx_str_t *receipt);


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
    size_t               len;
    ngx_buf_t           *b;
    ngx_str_t            receipt;
    ngx_http_request_t  *r;

    r = hc->request;

    if (ngx_http_seckill_claim_send_receipt(hc, answer, &receipt) != NGX_OK
        || (ngx_http_seckill_again(answer->result)
            && ngx_http_seckill_reply_retry(r, answer) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = ngx_http_seckill_claim_print_len(hc)
          + sizeof(",\"receipt\":\"\"") + receipt.len + sizeof("}\n");

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_http_seckill_claim_print(b->last, hc, answer);

    if (receipt.len) {
        b->last = ngx_sprintf(b->last, ",\"receipt\":\"%V\"", &receipt);
    }

    b->last = ngx_cpymem(b->last, "}\n", 2);

    return ngx_http_seckill_reply_send(r, sk_results[answer->result].status,
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
