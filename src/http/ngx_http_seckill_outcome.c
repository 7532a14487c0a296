#include "ngx_http_seckill.h"


/*
 * What requests were answered.  An internal redirect clears a request's
 * contexts, so an outcome is kept where ngx_http_realip_module keeps the
 * client's address: with a cleanup of the pool.
 */


static void ngx_http_seckill_outcome_fill(
    ngx_http_seckill_outcome_t *outcome, ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static void ngx_http_seckill_outcome_cleanup(void *data);


ngx_http_seckill_outcome_t *
ngx_http_seckill_outcome_add(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_seckill_outcome_t  *outcome;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_seckill_outcome_t));

    if (cln == NULL) {
        return NULL;
    }

    outcome = cln->data;

    ngx_memzero(outcome, sizeof(ngx_http_seckill_outcome_t));

    outcome->request = r;

    cln->handler = ngx_http_seckill_outcome_cleanup;

    return outcome;
}


/*
 * What is told was in the ledger before: the zone had the order when it
 * answered, so the head that it has after that includes it.
 */

void
ngx_http_seckill_outcome_set(ngx_http_seckill_outcome_t *outcome,
    ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_http_seckill_main_conf_t  *smcf;

    ngx_http_seckill_outcome_fill(outcome, claim, answer);

    outcome->at = ngx_time();

    smcf = ngx_http_get_module_main_conf(outcome->request,
                                         ngx_http_seckill_module);

    if (smcf->receipts
        && ngx_http_seckill_receipt_possible(outcome->request, answer))
    {
        sk_zone_head(claim->zone->shm, &outcome->head);
    }
}


void
ngx_http_seckill_outcome_repeat(ngx_http_seckill_outcome_t *outcome,
    ngx_seckill_claim_t *claim, ngx_http_seckill_outcome_t *last)
{
    claim->waited_us = last->waited_us;

    ngx_http_seckill_outcome_fill(outcome, claim, &last->answer);

    outcome->asked = last->asked;
    outcome->at = last->at;
    outcome->head = last->head;
}


static void
ngx_http_seckill_outcome_fill(ngx_http_seckill_outcome_t *outcome,
    ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    outcome->zone = claim->zone;

    /* any bytes, if there is none of that name: not for a header */

    if (sk_sale_name_valid((char *) claim->sale_name.data,
                           claim->sale_name.len))
    {
        outcome->sale = claim->sale_name;
    }

    outcome->user = claim->user;
    outcome->states = claim->states;
    outcome->waited_us = claim->waited_us;
    outcome->answer = *answer;
    outcome->known = 1;
}


ngx_http_seckill_outcome_t *
ngx_http_seckill_outcome_get(ngx_http_request_t *r)
{
    ngx_http_seckill_outcome_t  *outcome;

    for ( /* void */ ; r; r = r->parent) {
        outcome = ngx_http_seckill_outcome_own(r);

        if (outcome) {
            return outcome;
        }
    }

    return NULL;
}


/* the last one, since cleanups are in the order in which they are run; the
   subrequests of a request share its pool */

ngx_http_seckill_outcome_t *
ngx_http_seckill_outcome_own(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_seckill_outcome_t  *outcome;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_seckill_outcome_cleanup) {
            continue;
        }

        outcome = cln->data;

        if (outcome->request == r && outcome->known) {
            return outcome;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_seckill_outcome_status(ngx_http_seckill_outcome_t *outcome,
    ngx_uint_t states)
{
    sk_assert(outcome->known);

    if (outcome->refused) {
        return outcome->refused;
    }

    if (ngx_http_seckill_won(&outcome->answer)) {
        return (outcome->answer.states & states) ? NGX_HTTP_NO_CONTENT
                                                 : NGX_HTTP_FORBIDDEN;
    }

    return (outcome->answer.result == SK_UNAVAILABLE)
           ? NGX_HTTP_SERVICE_UNAVAILABLE : NGX_HTTP_FORBIDDEN;
}


/* says whose a cleanup is, and has nothing to clean */

static void
ngx_http_seckill_outcome_cleanup(void *data)
{
}
