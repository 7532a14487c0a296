#include "sk_batch.h"
#include "sk_waitlist.h"


static int sk_batch_claim(sk_writer_t *w, sk_cell_t *cell);
static int sk_batch_early(sk_writer_t *w, sk_sale_t *sale, sk_cell_t *cell);


int
sk_batch_work(sk_writer_t *w, unsigned *decided)
{
    int          rc;
    uint64_t     head;
    unsigned     i, n, won;
    sk_cell_t   *cell;
    sk_queue_t  *q;

    q = &w->zone->queue;

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    head = sk_load(&q->head);
    n = (unsigned) sk_queue_depth(q);
    n = (n > SK_BATCH_MAX) ? SK_BATCH_MAX : n;

    for (i = 0; i < n; i++) {

        if (i + SK_BATCH_AHEAD < n) {
            cell = sk_queue_cell(q, head + i + SK_BATCH_AHEAD);
            sk_units_prefetch(&w->zone->units, cell->key);
        }

        rc = sk_batch_claim(w, sk_queue_cell(q, head + i));

        if (rc == SK_FULL) {
            break;
        }

        if (rc != SK_OK) {
            return rc;
        }
    }

    won = w->n_events;

    rc = sk_writer_commit(w);

    if (rc != SK_OK) {
        return rc;
    }

    if (won) {
        sk_zone_observe(&w->zone->commit_claims, &sk_hist_claims, won, won);
    }

    /* each has its outcome now */

    sk_store_release(&q->head, head + i);

    *decided = 1;

    return SK_OK;
}


/*
 * Stages a claim that wins.  One that cannot is refused at once, whatever
 * becomes of the others: its worker asks the zone again.
 */

static int
sk_batch_claim(sk_writer_t *w, sk_cell_t *cell)
{
    uint32_t     hold_s;
    sk_sale_t   *sale;
    sk_event_t   e;

    if (sk_load(&cell->outcome) != SK_OUTCOME_NONE) {
        return SK_OK;
    }

    if (cell->what == SK_CELL_CLAIM && !sk_apply_claim_may_win(w->zone, cell)) {
        sk_apply_claim_refuse(w->zone, cell, SK_OUTCOME_REFUSED);
        return SK_OK;
    }

    sale = &w->zone->sales.elts[cell->sale];

    if (cell->what != SK_CELL_ASK && sk_sale_shuffles(sale, w->now_ms)
        && sk_batch_early(w, sale, cell))
    {
        return SK_OK;
    }

    if (cell->what != SK_CELL_CLAIM) {
        return sk_waitlist_claim(w, cell);
    }

    hold_s = sk_load(&sale->hold_s);

    memset(&e, 0, offsetof(sk_event_t, def));

    e.type = SK_EVENT_WON;
    e.sale_id = sk_load(&sale->id);
    e.expires_s = sk_batch_expires(w->now_ms, hold_s);
    e.user = cell->user;
    e.user_len = cell->user_len;
    e.ticket = sk_load(&cell->ticket);
    e.key = cell->key;

    return sk_writer_append(w, &e);
}


/*
 * No order is older than its user's opening, by the ledger's own time.  A claim
 * that comes so early was admitted by a worker whose clock is ahead, or before
 * the start was moved: it asks the zone again, or its user does if clocks are
 * so far apart that it would ask all the time.
 */

static int
sk_batch_early(sk_writer_t *w, sk_sale_t *sale, sk_cell_t *cell)
{
    int64_t  ms;

    if (sk_sale_opens_in(sale, cell->user, cell->user_len, w->now_ms, &ms)
        != SK_OK)
    {
        ms = INT64_MAX;
    }

    if (ms <= 0) {
        return 0;
    }

    sk_apply_claim_refuse(w->zone, cell,
                          (ms <= SK_BATCH_EARLY_MS) ? SK_OUTCOME_REFUSED
                                                    : SK_OUTCOME_UNAVAILABLE);

    return 1;
}


/* a full second, that everybody can say exactly */

uint32_t
sk_batch_expires(int64_t now_ms, uint32_t hold_s)
{
    return hold_s ? (uint32_t) ((now_ms + 999) / 1000) + hold_s : 0;
}


void
sk_batch_give_back(sk_zone_t *zone)
{
    uint64_t     head, tail;
    sk_cell_t   *cell;
    sk_queue_t  *q;

    q = &zone->queue;
    tail = sk_load_acquire(&q->tail);

    for (head = sk_load(&q->head); head != tail; head++) {
        cell = sk_queue_cell(q, head);

        if (sk_load(&cell->outcome) == SK_OUTCOME_NONE) {
            sk_apply_claim_refuse(zone, cell, SK_OUTCOME_UNAVAILABLE);
        }
    }

    sk_store_release(&q->head, tail);
}
