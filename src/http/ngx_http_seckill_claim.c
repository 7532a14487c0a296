#include "ngx_http_seckill.h"


static void ngx_http_seckill_claim_done(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static void ngx_http_seckill_claim_cleanup(void *data);


ngx_int_t
ngx_http_seckill_claim_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    const char                    *wrong;
    sk_answer_t                    answer;
    ngx_http_seckill_claim_t       hc;
    ngx_http_seckill_outcome_t    *outcome;
    ngx_http_seckill_loc_conf_t   *slcf;
    ngx_http_seckill_main_conf_t  *smcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {

        if (!ngx_http_seckill_claim_send_intercepted(r, NGX_HTTP_NOT_ALLOWED)) {
            return ngx_http_seckill_reply_not_allowed(r, "GET, HEAD, POST");
        }

        return (ngx_http_seckill_reply_header(r, "Allow", "GET, HEAD, POST")
                == NGX_OK)
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);
    smcf = ngx_http_get_module_main_conf(r, ngx_http_seckill_module);

    outcome = NULL;

    if (slcf->auth || smcf->variables) {
        outcome = ngx_http_seckill_outcome_add(r);

        if (outcome == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_http_seckill_claim_read(r, &slcf->claim,
                                     !(r->method & NGX_HTTP_POST), &hc, &wrong);

    hc.outcome = outcome;

    if (outcome) {
        outcome->asked = !(r->method & NGX_HTTP_POST);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_seckill_claim_send_refused(&hc, wrong);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_seckill_claim(&hc.claim, &answer) == NGX_OK) {
        return ngx_http_seckill_claim_send(&hc, &answer);
    }

    rc = ngx_http_seckill_claim_wait(&hc, &answer,
                                     ngx_http_seckill_claim_done);

    if (rc == NGX_AGAIN) {
        r->main->count++;
        return NGX_DONE;
    }

    /* the claim is decided without its request */

    answer.result = SK_UNAVAILABLE;
    ngx_seckill_claim_count(&hc.claim, answer.result);

    return ngx_http_seckill_claim_send(&hc, &answer);
}


void
ngx_http_seckill_claim_refuse(ngx_http_seckill_claim_t *hc)
{
    sk_answer_t  answer;

    ngx_memzero(&answer, sizeof(sk_answer_t));

    answer.result = (hc->refused == NGX_HTTP_FORBIDDEN || hc->token)
                    ? SK_UNAUTHORIZED : SK_INVALID;

    ngx_seckill_claim_count(&hc->claim, answer.result);

    if (hc->outcome) {
        hc->outcome->refused = hc->refused;
        ngx_http_seckill_outcome_set(hc->outcome, &hc->claim, &answer);
    }
}


ngx_int_t
ngx_http_seckill_claim_wait(ngx_http_seckill_claim_t *hc, sk_answer_t *answer,
    ngx_seckill_claim_pt done)
{
    ngx_http_cleanup_t        *cln;
    ngx_http_request_t        *r;
    ngx_http_seckill_claim_t  *waiting;

    r = hc->request;

    cln = ngx_http_cleanup_add(r, 0);
    waiting = ngx_palloc(r->pool, sizeof(ngx_http_seckill_claim_t));

    if (cln == NULL || waiting == NULL) {
        return NGX_ERROR;
    }

    *waiting = *hc;

    waiting->claim.done = done;

    cln->handler = ngx_http_seckill_claim_cleanup;
    cln->data = waiting;

    ngx_seckill_claim_wait(&waiting->claim, answer);

    ngx_http_seckill_call_park(r);

    return NGX_AGAIN;
}


static void
ngx_http_seckill_claim_done(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_http_request_t        *r;
    ngx_http_seckill_claim_t  *hc;

    hc = (ngx_http_seckill_claim_t *) claim;
    r = hc->request;

    ngx_http_set_log_request(r->connection->log, r);

    ngx_http_seckill_call_finish(r, ngx_http_seckill_claim_send(hc, answer));
}


/* the request is over, or its client has left: it is decided all the same */

static void
ngx_http_seckill_claim_cleanup(void *data)
{
    ngx_http_seckill_claim_t  *hc = data;

    ngx_seckill_wait_end(&hc->claim.wait);
}
