#include "sk_apply.h"
#include "sk_batch.h"


static int sk_batch_append(sk_drain_t *d, uint64_t ticket, int64_t now_ms,
    unsigned *appended, uint64_t *seq);
static uint32_t sk_batch_expires(int64_t now_ms, uint32_t hold_s);
static void sk_batch_publish(sk_drain_t *d, uint64_t first, unsigned n);


int
sk_batch(sk_drain_t *d, int64_t now_ms, unsigned *decided)
{
    int          rc;
    int64_t      start_us, took_us;
    uint64_t     head, seq;
    unsigned     i, n, appended;
    sk_queue_t  *q;

    q = &d->zone->queue;

    rc = sk_drain_begin(d);

    if (rc != SK_OK) {
        return rc;
    }

    head = sk_load(&q->head);
    n = (unsigned) sk_queue_depth(q);
    n = (n > SK_DRAIN_BATCH_MAX) ? SK_DRAIN_BATCH_MAX : n;

    appended = 0;
    seq = d->last_seq;

    for (i = 0; i < n; i++) {
        rc = sk_batch_append(d, head + i, now_ms, &appended, &d->seqs[i]);

        if (rc != SK_OK) {
            return rc;
        }
    }

    if (appended == 0) {
        sk_ledger_rollback(d->ledger);

    } else {
        start_us = sk_drain_now_us();
        rc = sk_ledger_commit(d->ledger);
        took_us = sk_drain_now_us() - start_us;

        if (rc != SK_OK) {
            return rc;
        }

        d->last_seq = seq + appended;
        sk_drain_committed(d, d->last_seq);

        sk_hist_observe(&d->zone->commit_seconds, &sk_hist_seconds,
                        (double) took_us / 1e6, (uint64_t) took_us);
        sk_hist_observe(&d->zone->commit_claims, &sk_hist_claims, appended,
                        appended);
    }

    sk_batch_publish(d, head, n);

    *decided = 1;

    return SK_OK;
}


/* a full second, that everybody can say exactly */

static uint32_t
sk_batch_expires(int64_t now_ms, uint32_t hold_s)
{
    return (uint32_t) ((now_ms + 999) / 1000) + hold_s;
}


/*
 * Appends one claim to the transaction, "seq" is its order; 0 if it is decided
 * already, or refused now.
 */

static int
sk_batch_append(sk_drain_t *d, uint64_t ticket, int64_t now_ms,
    unsigned *appended, uint64_t *seq)
{
    int          rc;
    uint32_t     hold_s;
    sk_cell_t   *cell;
    sk_event_t   e;

    *seq = 0;

    cell = sk_queue_cell(&d->zone->queue, ticket);

    if (sk_load(&cell->outcome) != SK_OUTCOME_NONE) {
        return SK_OK;
    }

    if (!sk_apply_may_win(d->zone, cell)) {
        sk_apply_refuse(d->zone, cell, SK_OUTCOME_REFUSED);
        return SK_OK;
    }

    hold_s = sk_load(&d->zone->sales.elts[cell->sale].hold_s);

    sk_store(&cell->expires_s, hold_s ? sk_batch_expires(now_ms, hold_s) : 0);

    sk_apply_cell_event(d->zone, cell, &e);

    e.seq = d->last_seq + *appended + 1;
    e.at_ms = now_ms;

    rc = sk_ledger_append(d->ledger, &e);

    if (rc == SK_OK) {
        *seq = e.seq;
        (*appended)++;
    }

    return rc;
}


static void
sk_batch_publish(sk_drain_t *d, uint64_t first, unsigned n)
{
    unsigned     i;
    sk_event_t  *e;

    for (i = 0; i < n; i++) {

        if (d->seqs[i] == 0) {
            continue;
        }

        e = &d->events[d->n_events++];

        sk_apply_cell_event(d->zone,
                            sk_queue_cell(&d->zone->queue, first + i), e);
        e->seq = d->seqs[i];

        /* cannot fail: each has its entry in the zone */

        if (d->n_events == SK_APPLY_MAX) {
            (void) sk_drain_apply(d);
        }
    }

    (void) sk_drain_apply(d);

    sk_store_release(&d->zone->queue.head, first + n);
}


void
sk_batch_give_back(sk_drain_t *d)
{
    uint64_t     head, tail;
    sk_cell_t   *cell;
    sk_queue_t  *q;

    q = &d->zone->queue;
    tail = sk_load_acquire(&q->tail);

    for (head = sk_load(&q->head); head != tail; head++) {
        cell = sk_queue_cell(q, head);

        if (sk_load(&cell->outcome) == SK_OUTCOME_NONE) {
            sk_apply_refuse(d->zone, cell, SK_OUTCOME_UNAVAILABLE);
        }
    }

    sk_store_release(&q->head, tail);
}
