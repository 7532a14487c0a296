#include <stdio.h>
#include <stdlib.h>

#include "sk_batch.h"
#include "sk_waitlist.h"


static int sk_waitlist_open(sk_sale_t *sale, sk_writer_t *w);
static int sk_waitlist_serve(sk_waitlist_job_t *job, sk_writer_t *w,
    sk_sale_t *sale, unsigned *decided);
static int sk_waitlist_stage(sk_waitlist_job_t *job, sk_writer_t *w,
    sk_sale_t *sale, unsigned n);
static int sk_waitlist_opened(sk_sale_t *sale, const char *user, size_t len,
    int64_t now_ms);
static sk_event_e sk_waitlist_decide(sk_waitlist_job_t *job, sk_writer_t *w,
    sk_sale_t *sale, sk_key_t key);
static int sk_waitlist_find(sk_zone_t *zone, sk_sale_t *sale, sk_key_t key,
    sk_unit_t *u);
static unsigned sk_waitlist_staged(sk_writer_t *w, uint64_t sale_id);


int
sk_waitlist_work(sk_waitlist_job_t *job, sk_writer_t *w, unsigned *decided)
{
    int         rc;
    uint32_t    slot, n;
    unsigned    sweep;
    sk_sale_t  *sale;
    sk_zone_t  *zone;

    zone = w->zone;

    /* nginx was down, or the store, or the log: nobody is to lose his place
       because he could not ask */

    if (w->now_ms - job->worked_ms > SK_WAITLIST_PAUSE_MS) {
        job->since_ms = w->now_ms;
    }

    if (sk_load(&zone->waiting) == 0) {
        return SK_OK;
    }

    /* who is gone leaves without a unit, too: others may hope */

    sweep = (w->now_ms - job->swept_ms >= SK_WAITLIST_SWEEP_MS);

    n = sk_load(&zone->sales.n);

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        if (!sk_waitlist_open(sale, w)
            || (sk_load(&sale->free) <= 0 && !sweep))
        {
            continue;
        }

        rc = sk_waitlist_serve(job, w, sale, decided);

        if (rc != SK_OK) {
            return rc;
        }
    }

    if (sweep) {
        job->swept_ms = w->now_ms;
    }

    return SK_OK;
}


/* somebody waits, and may be served; where he may not, he cannot ask */

static int
sk_waitlist_open(sk_sale_t *sale, sk_writer_t *w)
{
    sk_sale_state_e  state;

    if (sk_load(&sale->list.waiting) == 0) {
        return 0;
    }

    /* by the time of day, as its claims */

    state = sk_sale_state(sale, w->clock_ms);

    if (state != SK_SALE_OPEN && state != SK_SALE_SOLD_OUT) {
        sale->list.shut_ms = w->now_ms;
        return 0;
    }

    if (sk_sale_shuffles(sale, w->clock_ms)) {
        sale->list.shut_ms = w->now_ms;
    }

    return 1;
}


static int
sk_waitlist_serve(sk_waitlist_job_t *job, sk_writer_t *w, sk_sale_t *sale,
    unsigned *decided)
{
    int       rc;
    unsigned  n;

    if (job->first == NULL) {
        job->first = malloc(SK_WAITLIST_BATCH_MAX * sizeof(sk_order_t));

        if (job->first == NULL) {
            (void) snprintf(w->reason, sizeof(w->reason), "out of memory");
            return SK_ERROR;
        }
    }

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    /* what others have appended may have changed it */

    n = 0;

    if (sk_waitlist_open(sale, w)) {
        rc = sk_ledger_order_queued(w->ledger, sk_load(&sale->id),
                                    sk_load(&sale->list.left_id), job->first,
                                    SK_WAITLIST_BATCH_MAX, &n);

        if (rc == SK_OK && n == 0) {
            (void) snprintf(w->reason, sizeof(w->reason), "damaged: %u users "
                            "wait in sale \"%.*s\", of whom no event tells",
                            sk_load(&sale->list.waiting),
                            (int) sk_load(&sale->name_len), sale->name);
            rc = SK_DAMAGED;
        }
    }

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    rc = sk_waitlist_stage(job, w, sale, n);

    if (rc != SK_OK) {
        return rc;
    }

    if (w->n_events == 0) {

        /* the first one is there, and no unit for him, or not yet */

        sk_writer_cancel(w);
        return SK_OK;
    }

    rc = sk_writer_commit(w);

    if (rc != SK_OK) {
        return rc;
    }

    *decided = 1;

    return SK_MORE;
}


/* from the first on, as far as there are units */

static int
sk_waitlist_stage(sk_waitlist_job_t *job, sk_writer_t *w, sk_sale_t *sale,
    unsigned n)
{
    int          rc;
    int64_t      free;
    unsigned     i;
    sk_event_t   e;
    sk_order_t  *first;

    free = sk_load(&sale->free);

    for (i = 0; i < n; i++) {
        first = &job->first[i];

        memset(&e, 0, offsetof(sk_event_t, def));

        e.sale_id = first->sale_id;
        e.object = first->seq;
        e.user = first->user;
        e.user_len = first->user_len;
        e.key = sk_zone_order_key(w->zone, e.sale_id, e.user, e.user_len);
        e.type = sk_waitlist_decide(job, w, sale, e.key);

        if (e.type == SK_EVENT_WON) {

            if (free <= 0
                || !sk_waitlist_opened(sale, e.user, e.user_len, w->now_ms))
            {
                break;
            }

            e.expires_s = sk_batch_expires(w->now_ms,
                                           (uint32_t) sk_load(&sale->hold_s));
            free--;
        }

        rc = sk_writer_append(w, &e);

        if (rc != SK_OK) {
            return rc;
        }
    }

    return SK_OK;
}


/* no order is older than its user's opening, see sk_batch_early() */

static int
sk_waitlist_opened(sk_sale_t *sale, const char *user, size_t len,
    int64_t now_ms)
{
    int64_t  ms;

    return !sk_sale_shuffles(sale, now_ms)
           || (sk_sale_opens_in(sale, user, len, now_ms, &ms) == SK_OK
               && ms <= 0);
}


/* he gets the unit, if he still asks for it and may have it */

static sk_event_e
sk_waitlist_decide(sk_waitlist_job_t *job, sk_writer_t *w, sk_sale_t *sale,
    sk_key_t key)
{
    int64_t        asked_ms;
    uint32_t       want, limit;
    sk_unit_t      u;
    sk_zone_t     *zone;
    sk_holding_t   h;

    zone = w->zone;

    if (sk_waitlist_find(zone, sale, key, &u) != SK_OK) {
        return SK_EVENT_SKIPPED;
    }

    asked_ms = (int64_t) sk_load(&u.expires_s) * 1000;
    asked_ms = (asked_ms < job->since_ms) ? job->since_ms : asked_ms;
    asked_ms = (asked_ms < sale->list.shut_ms) ? sale->list.shut_ms : asked_ms;

    if (w->now_ms - asked_ms > SK_WAITLIST_GONE_MS + SK_GATE_ASK_S * 1000) {
        return SK_EVENT_SKIPPED;
    }

    want = sk_unit_want(sk_load(&u.value));
    limit = (uint32_t) sk_load(&sale->limit);
    limit = (want && want < limit) ? want : limit;

    /* a claim that is undecided may be refused: it is looked at again */

    sk_zone_holding(zone, key, &h);

    return (h.n_won < limit) ? SK_EVENT_WON : SK_EVENT_SKIPPED;
}


/* under the mutex: if a process was killed while it moved entries, a repair
   may move them now, and who is not found loses his place for good */

static int
sk_waitlist_find(sk_zone_t *zone, sk_sale_t *sale, sk_key_t key, sk_unit_t *u)
{
    sk_unit_t  *found;

    sk_zone_lock(zone);

    found = sk_units_get_queued(&zone->units, key,
                                sk_sale_slot(&zone->sales, sale));

    if (found) {
        sk_store(&u->value, sk_load(&found->value));
        sk_store(&u->expires_s, sk_load(&found->expires_s));
    }

    sk_zone_unlock(zone);

    return (found && sk_unit_state(sk_load(&u->value)) == SK_UNIT_QUEUED)
           ? SK_OK : SK_NOT_FOUND;
}


int
sk_waitlist_claim(sk_writer_t *w, sk_cell_t *cell)
{
    int          may;
    sk_sale_t   *sale;
    sk_event_t   e;

    sale = &w->zone->sales.elts[cell->sale];

    memset(&e, 0, offsetof(sk_event_t, def));

    e.sale_id = sk_load(&sale->id);

    may = (cell->what == SK_CELL_JOIN)
          ? sk_apply_claim_may_join(w->zone, cell,
                                    sk_waitlist_staged(w, e.sale_id))
          : sk_apply_claim_is_queued(w->zone, cell);

    if (!may) {
        sk_apply_claim_refuse(w->zone, cell, SK_OUTCOME_REFUSED);
        return SK_OK;
    }

    if (cell->what == SK_CELL_JOIN) {
        e.type = SK_EVENT_QUEUED;
        e.want = cell->want;

    } else {
        e.type = SK_EVENT_ASKED;
    }

    e.user = cell->user;
    e.user_len = cell->user_len;
    e.ticket = sk_load(&cell->ticket);
    e.key = cell->key;

    return sk_writer_append(w, &e);
}


/* who joins the same list in this commit */

static unsigned
sk_waitlist_staged(sk_writer_t *w, uint64_t sale_id)
{
    unsigned  i, n;

    n = 0;

    for (i = 0; i < w->n_events; i++) {
        n += (w->events[i].type == SK_EVENT_QUEUED
              && w->events[i].sale_id == sale_id);
    }

    return n;
}


void
sk_waitlist_close(sk_waitlist_job_t *job)
{
    free(job->first);

    job->first = NULL;
}
