#include "ngx_http_seckill.h"


/*
 * The gate: whether a request may go on to whatever its location does.  It is
 * asked in the access phase, before the body is read, and what has to be waited
 * for is waited for there, as ngx_http_limit_req_module does with its delays.
 */


static ngx_int_t ngx_http_seckill_gate_pass(ngx_http_request_t *r,
    ngx_http_seckill_gate_conf_t *gate);
static ngx_int_t ngx_http_seckill_gate_ask(ngx_http_request_t *r,
    ngx_http_seckill_gate_conf_t *gate, ngx_http_seckill_outcome_t *outcome);
static ngx_int_t ngx_http_seckill_gate_repeat(ngx_http_request_t *r,
    ngx_seckill_claim_t *claim, ngx_http_seckill_outcome_t *outcome,
    ngx_http_seckill_outcome_t *last);
static ngx_uint_t ngx_http_seckill_gate_same(ngx_seckill_claim_t *claim,
    ngx_http_seckill_outcome_t *outcome);
static void ngx_http_seckill_gate_done(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static ngx_int_t ngx_http_seckill_gate_verdict(ngx_http_request_t *r,
    ngx_http_seckill_gate_conf_t *gate, ngx_http_seckill_outcome_t *outcome);


ngx_int_t
ngx_http_seckill_gate_handler(ngx_http_request_t *r)
{
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    return slcf->gate ? ngx_http_seckill_gate_pass(r, slcf->gate)
                      : NGX_DECLINED;
}


/*
 * ngx_http_core_access_phase() lets subrequests pass, since what they answer is
 * for a request that has passed.  But here it may be another location that is
 * guarded, with other users' orders.
 */

ngx_int_t
ngx_http_seckill_gate_subrequest(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r == r->main) {
        return NGX_DECLINED;
    }

    rc = ngx_http_seckill_gate_handler(r);

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_http_seckill_gate_pass(ngx_http_request_t *r,
    ngx_http_seckill_gate_conf_t *gate)
{
    ngx_int_t                    rc;
    ngx_http_seckill_outcome_t  *outcome;

    outcome = ngx_http_seckill_outcome_own(r);

    if (outcome && outcome->waited) {

        /* the request goes on where it had to wait */

        outcome->waited = 0;

        return ngx_http_seckill_gate_verdict(r, gate, outcome);
    }

    outcome = ngx_http_seckill_outcome_add(r);
    if (outcome == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_seckill_gate_ask(r, gate, outcome);

    return (rc == NGX_OK) ? ngx_http_seckill_gate_verdict(r, gate, outcome)
                          : rc;
}


/* NGX_OK: there is an outcome; NGX_AGAIN: the request waits for it */

static ngx_int_t
ngx_http_seckill_gate_ask(ngx_http_request_t *r,
    ngx_http_seckill_gate_conf_t *gate, ngx_http_seckill_outcome_t *outcome)
{
    ngx_int_t                    rc;
    ngx_uint_t                   ask;
    sk_answer_t                  answer;
    const char                  *wrong;
    ngx_http_seckill_claim_t     hc;
    ngx_http_seckill_outcome_t  *last;

    last = ngx_http_seckill_outcome_own(r);

    /* a subrequest has the method of its own, or that of a request which has
       claimed already */

    ask = !(gate->claims && r->method & NGX_HTTP_POST && r == r->main);

    rc = ngx_http_seckill_claim_read(r, &gate->claim, ask, &hc, &wrong);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "seckill gate refused a request: %s", wrong);

        hc.outcome = outcome;
        ngx_http_seckill_claim_refuse(&hc);

        return NGX_OK;
    }

    hc.claim.states = gate->states;
    outcome->asked = ask;

    if (last && !last->refused && (ask || !last->asked)
        && ngx_http_seckill_gate_same(&hc.claim, last)
        && ngx_http_seckill_gate_repeat(r, &hc.claim, outcome, last) == NGX_OK)
    {
        return NGX_OK;
    }

    /* whoever has an order passes, and needs no other one */

    if (hc.claim.want == 0) {
        hc.claim.want = 1;
    }

    hc.outcome = outcome;

    rc = ngx_seckill_claim(&hc.claim, &answer);

    if (rc == NGX_AGAIN) {
        rc = ngx_http_seckill_claim_wait(&hc, &answer,
                                         ngx_http_seckill_gate_done);
    }

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        answer.result = SK_UNAVAILABLE;
        ngx_seckill_claim_count(&hc.claim, answer.result);
    }

    ngx_http_seckill_outcome_set(outcome, &hc.claim, &answer);

    return NGX_OK;
}


/* the request was answered before; NGX_DECLINED: it has to ask */

static ngx_int_t
ngx_http_seckill_gate_repeat(ngx_http_request_t *r, ngx_seckill_claim_t *claim,
    ngx_http_seckill_outcome_t *outcome, ngx_http_seckill_outcome_t *last)
{
    outcome->asked = last->asked;

    if (r->upstream == NULL && last->states == claim->states) {

        /* before an internal redirect: it hears the same */

        ngx_http_seckill_outcome_repeat(outcome, claim, last);

        return NGX_OK;
    }

    /* an application has led it on, which may have confirmed the order
       meanwhile, or cancelled it: a request that has claimed does not claim
       another one */

    claim->ask = 1;

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_seckill_gate_same(ngx_seckill_claim_t *claim,
    ngx_http_seckill_outcome_t *outcome)
{
    return claim->zone == outcome->zone
           && claim->sale_name.len == outcome->sale.len
           && ngx_memcmp(claim->sale_name.data, outcome->sale.data,
                         outcome->sale.len)
              == 0
           && claim->user.len == outcome->user.len
           && ngx_memcmp(claim->user.data, outcome->user.data,
                         outcome->user.len)
              == 0;
}


/* see ngx_http_limit_req_delay() */

static void
ngx_http_seckill_gate_done(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_seckill_claim_t  *hc;

    hc = (ngx_http_seckill_claim_t *) claim;
    r = hc->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_seckill_outcome_set(hc->outcome, claim, answer);

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_seckill_call_finish(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    hc->outcome->waited = 1;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/* ngx_http_core_access_phase() knows what these mean, "satisfy" too */

static ngx_int_t
ngx_http_seckill_gate_verdict(ngx_http_request_t *r,
    ngx_http_seckill_gate_conf_t *gate, ngx_http_seckill_outcome_t *outcome)
{
    ngx_int_t  status;

    status = ngx_http_seckill_outcome_status(outcome, gate->states);

    if (status == NGX_HTTP_NO_CONTENT) {
        return NGX_OK;
    }

    if (ngx_http_seckill_reply_retry(r, &outcome->answer) != NGX_OK
        || (status == NGX_HTTP_UNAUTHORIZED
            && ngx_http_seckill_token_challenge(r) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return status;
}
