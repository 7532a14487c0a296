#include "ngx_seckill.h"


/* a claim or a question, from the zone's answer to the ledger's */


static ngx_int_t ngx_seckill_claim_find(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static ngx_int_t ngx_seckill_claim_try(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static sk_sale_t *ngx_seckill_claim_sale(ngx_seckill_claim_t *claim);
static ngx_int_t ngx_seckill_claim_early(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static void ngx_seckill_claim_done(ngx_seckill_wait_t *w, ngx_uint_t reached);
static ngx_int_t ngx_seckill_claim_outcome(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);


ngx_int_t
ngx_seckill_claim(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_int_t  rc;

    rc = ngx_seckill_claim_try(claim, answer);

    if (rc == NGX_OK) {
        ngx_seckill_claim_count(claim, answer->result);
    }

    return rc;
}


void
ngx_seckill_claim_count(ngx_seckill_claim_t *claim, sk_result_e result)
{
    sk_zone_count(claim->zone->shm, ngx_worker, claim->sale,
                  (claim->ask && result != SK_INVALID) ? SK_NONE : result);
}


ngx_int_t
ngx_seckill_claim_look(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_int_t  rc;

    sk_assert(claim->ask);

    /* it was removed meanwhile, perhaps to be made anew */

    if (claim->sale && sk_sale_removed(claim->sale)) {
        claim->sale = NULL;
    }

    if (claim->user.len) {
        return ngx_seckill_claim_try(claim, answer);
    }

    rc = ngx_seckill_claim_find(claim, answer);

    if (rc == NGX_OK) {
        ngx_memzero(answer, sizeof(sk_answer_t));
        answer->result = SK_NONE;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/* NGX_OK: claim->sale is the sale; NGX_DECLINED: there is none, or that cannot
   be told, and the answer is final; NGX_AGAIN: nobody knows yet */

static ngx_inline ngx_int_t
ngx_seckill_claim_find(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_seckill_zone_t  *zone;

    zone = claim->zone;

    sk_assert(zone->shm && !claim->wait.waiting);

    /* another zone on this store may have told of what is not seen here */

    if (sk_load_acquire(&zone->shm->state) != SK_ZONE_READY
        || (zone->seq
            && sk_load_acquire(zone->seq) > sk_load(&zone->shm->seen_seq)))
    {
        ngx_seckill_drain_wake(zone);
        return ngx_seckill_claim_early(claim, answer);
    }

    if (claim->sale == NULL) {
        claim->sale = ngx_seckill_claim_sale(claim);
    }

    if (claim->sale) {
        return NGX_OK;
    }

    if (ngx_seckill_conf_pending(zone, &claim->sale_name)) {
        return ngx_seckill_claim_early(claim, answer);
    }

    /* while the log is away, another machine may have it */

    ngx_memzero(answer, sizeof(sk_answer_t));
    answer->result = (sk_load(&zone->shm->shared.used)
                      && !sk_load(&zone->shm->shared.open))
                     ? SK_UNAVAILABLE : SK_UNKNOWN_SALE;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_seckill_claim_try(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    int64_t              now_ms;
    ngx_int_t            rc;
    sk_claim_t           c;
    ngx_time_t          *tp;
    ngx_seckill_zone_t  *zone;

    zone = claim->zone;

    if (claim->user.len == 0 || claim->user.len > SK_USER_SIZE_MAX) {
        ngx_memzero(answer, sizeof(sk_answer_t));
        answer->result = SK_INVALID;
        return NGX_OK;
    }

    rc = ngx_seckill_claim_find(claim, answer);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    tp = ngx_timeofday();
    now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    c.sale = claim->sale;
    c.user = (char *) claim->user.data;
    c.user_len = claim->user.len;
    c.want = claim->want;
    c.states = claim->states;

    if (claim->ask) {
        sk_gate_ask(zone->shm, &c, now_ms, answer);

    } else {
        sk_gate_claim(zone->shm, &c, now_ms, answer);

        if (answer->admitted) {
            ngx_log_debug2(NGX_LOG_DEBUG_CORE, zone->watch.log, 0,
                           "seckill admit %uL in \"%V\"", answer->ticket,
                           &zone->name);
        }
    }

    if (answer->admitted || answer->asked) {
        ngx_seckill_drain_wake(zone);
    }

    return (answer->result == SK_WAIT) ? NGX_AGAIN : NGX_OK;
}


/* in a rush it is the same sale time and again; sales stay where they are */

static sk_sale_t *
ngx_seckill_claim_sale(ngx_seckill_claim_t *claim)
{
    sk_sale_t           *sale;
    ngx_seckill_zone_t  *zone;

    zone = claim->zone;
    sale = zone->last_sale;

    if (sale && sk_load(&sale->name_len) == claim->sale_name.len
        && claim->sale_name.len
        && ngx_memcmp(sale->name, claim->sale_name.data,
                      claim->sale_name.len)
           == 0)
    {
        return sale;
    }

    sale = sk_zone_sale(zone->shm, (char *) claim->sale_name.data,
                        claim->sale_name.len);
    if (sale) {
        zone->last_sale = sale;
    }

    return sale;
}


/* the drainer has not got so far yet: wait, unless the store fails */

static ngx_int_t
ngx_seckill_claim_early(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_memzero(answer, sizeof(sk_answer_t));

    if (sk_load(&claim->zone->shm->failing)) {
        answer->result = SK_UNAVAILABLE;
        return NGX_DECLINED;
    }

    answer->result = SK_WAIT;
    return NGX_AGAIN;
}


void
ngx_seckill_claim_wait(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_msec_t  timeout;

    sk_assert(answer->result == SK_WAIT && claim->done);

    /* asked again, it waits for what is left of its time */

    timeout = claim->timeout;

    if (claim->wait.done) {
        timeout = claim->wait.deadline - ngx_current_msec;
        timeout = ((ngx_msec_int_t) timeout > 0) ? timeout : 0;
    }

    claim->admitted = answer->admitted;

    if (claim->admitted) {
        claim->start_us = sk_monotonic_us();
    }

    if (answer->ticket) {
        ngx_seckill_wait(claim->zone, &claim->wait, NGX_SECKILL_DECIDED,
                         answer->ticket, timeout, ngx_seckill_claim_done);

    } else {
        ngx_seckill_wait(claim->zone, &claim->wait, NGX_SECKILL_CURRENT, 0,
                         timeout, ngx_seckill_claim_done);
    }
}


static void
ngx_seckill_claim_done(ngx_seckill_wait_t *w, ngx_uint_t reached)
{
    ngx_int_t             rc;
    sk_answer_t           answer;
    ngx_seckill_claim_t  *claim;

    claim = (ngx_seckill_claim_t *) w;

    if (!reached) {

        /* a metric counts them; what is wrong is in the drainer's message */

        ngx_log_error(NGX_LOG_INFO, w->zone->watch.log, 0,
                      "seckill claim was not decided in %M ms",
                      claim->timeout);

        ngx_memzero(&answer, sizeof(sk_answer_t));
        answer.result = SK_UNAVAILABLE;

        if (claim->admitted) {
            claim->waited_us = sk_monotonic_us() - claim->start_us;
        }

        ngx_seckill_claim_count(claim, answer.result);

        claim->done(claim, &answer);
        return;
    }

    rc = claim->admitted ? ngx_seckill_claim_outcome(claim, &answer)
                         : NGX_DECLINED;

    if (rc == NGX_DECLINED
        && ngx_seckill_claim_try(claim, &answer) == NGX_AGAIN)
    {
        ngx_seckill_claim_wait(claim, &answer);
        return;
    }

    ngx_seckill_claim_count(claim, answer.result);

    claim->done(claim, &answer);
}


/* NGX_DECLINED: the zone is to be asked again */

static ngx_int_t
ngx_seckill_claim_outcome(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    int64_t        waited_us;
    uint32_t       expires_s;
    uint64_t       order;
    sk_zone_t     *shm;
    sk_outcome_e   outcome;

    sk_assert(claim->wait.what == NGX_SECKILL_DECIDED);

    shm = claim->zone->shm;
    waited_us = sk_monotonic_us() - claim->start_us;
    claim->waited_us = waited_us;

    sk_zone_observe(&shm->wait_seconds, &sk_hist_seconds,
                    (double) waited_us / 1e6, (uint64_t) waited_us);

    ngx_memzero(answer, sizeof(sk_answer_t));

    if (sk_queue_outcome(&shm->queue, claim->wait.number, &outcome, &order,
                         &expires_s)
        != SK_OK)
    {
        /* decided so long ago that the outcome is lost: the ledger has it */
        answer->result = SK_UNAVAILABLE;
        return NGX_OK;
    }

    switch (outcome) {

    case SK_OUTCOME_WON:
        answer->result = SK_WON;
        answer->order = order;
        answer->expires_s = expires_s;
        answer->state = expires_s ? SK_STATE_HELD : SK_STATE_SOLD;
        answer->states = sk_state_bit(answer->state);
        return NGX_OK;

    case SK_OUTCOME_REFUSED:
    case SK_OUTCOME_QUEUED:
        return NGX_DECLINED;

    default: /* SK_OUTCOME_UNAVAILABLE */
        answer->result = SK_UNAVAILABLE;
        return NGX_OK;
    }
}
