#include <stdio.h>
#include <stdlib.h>

#include "sk_hold.h"


static uint32_t sk_hold_first(sk_zone_t *zone);
static int sk_hold_expire(sk_hold_t *hold, sk_writer_t *w, unsigned n);
static int sk_hold_next(sk_hold_t *hold, sk_writer_t *w, uint32_t now_s,
    unsigned n);


int
sk_hold_work(sk_hold_t *hold, sk_writer_t *w, unsigned *decided)
{
    int       rc;
    uint32_t  now_s, first_s;
    unsigned  n, expired;

    if (!hold->known) {

        /* the ledger has just been read, and who drained before may have been
           killed anywhere */

        sk_store(&w->zone->expires_s, sk_hold_first(w->zone));
        hold->known = 1;
    }

    now_s = (uint32_t) (w->now_ms / 1000);
    first_s = sk_load(&w->zone->expires_s);

    if (now_s < first_s) {
        return SK_OK;
    }

    if (hold->due == NULL) {
        hold->due = malloc(SK_HOLD_BATCH_MAX * sizeof(sk_order_t));

        if (hold->due == NULL) {
            (void) snprintf(w->reason, sizeof(w->reason), "out of memory");
            return SK_ERROR;
        }
    }

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    /* an event that was followed may have moved it back */

    first_s = sk_load(&w->zone->expires_s);

    if (first_s != hold->from_s) {
        hold->from_s = first_s;
        hold->after = 0;
    }

    rc = sk_ledger_order_due(w->ledger, hold->from_s, hold->after, now_s,
                             hold->due, SK_HOLD_BATCH_MAX, &n);

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    rc = sk_hold_expire(hold, w, n);

    if (rc != SK_OK) {
        return rc;
    }

    expired = w->n_events;

    rc = sk_writer_commit(w);

    if (rc != SK_OK) {
        return rc;
    }

    *decided |= (expired != 0);

    return sk_hold_next(hold, w, now_s, n);
}


/*
 * When the first unit that is held ends.  The drainer alone moves entries, but
 * for a repair: then it looks again.
 */

static uint32_t
sk_hold_first(sk_zone_t *zone)
{
    uint32_t     first_s, expires_s;
    uint64_t     i, moves;
    sk_units_t  *t;

    t = &zone->units;

    do {
        moves = sk_load_acquire(&t->moves);
        first_s = UINT32_MAX;

        for (i = 0; i < t->n; i++) {

            if (sk_unit_state(sk_load(&t->elts[i].value)) != SK_UNIT_HELD) {
                continue;
            }

            expires_s = sk_load(&t->elts[i].expires_s);
            first_s = (expires_s < first_s) ? expires_s : first_s;
        }

        atomic_thread_fence(memory_order_acquire);

    } while (sk_load(&t->moves) != moves);

    return first_s;
}


/* stages what of those that were to end is held still */

static int
sk_hold_expire(sk_hold_t *hold, sk_writer_t *w, unsigned n)
{
    int          rc;
    uint32_t     expires_s;
    unsigned     i;
    sk_event_t   e;
    sk_order_t  *order;

    memset(&e, 0, offsetof(sk_event_t, def));

    e.type = SK_EVENT_EXPIRED;

    for (i = 0; i < n; i++) {
        order = &hold->due[i];

        e.key = sk_zone_order_key(w->zone, order->sale_id, order->user,
                                  order->user_len);

        /* one that was made longer ends when it comes for the second time */

        if (sk_zone_order(w->zone, e.key, order->seq, &expires_s)
            != SK_UNIT_HELD
            || expires_s > order->expires_s)
        {
            continue;
        }

        e.sale_id = order->sale_id;
        e.object = order->seq;
        e.user = order->user;
        e.user_len = order->user_len;

        rc = sk_writer_append(w, &e);

        if (rc != SK_OK) {
            return rc;
        }
    }

    return SK_OK;
}


/* these are done: where the next turn begins, and when */

static int
sk_hold_next(sk_hold_t *hold, sk_writer_t *w, uint32_t now_s, unsigned n)
{
    int          rc;
    uint32_t     next_s;
    sk_order_t  *last;

    if (n == SK_HOLD_BATCH_MAX) {
        last = &hold->due[n - 1];

        hold->from_s = last->expires_s;
        hold->after = last->event;

        sk_store(&w->zone->expires_s, hold->from_s);

        return SK_MORE;
    }

    rc = sk_ledger_order_due_next(w->ledger, now_s, &next_s);

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    sk_store(&w->zone->expires_s, next_s);

    return SK_OK;
}


void
sk_hold_close(sk_hold_t *hold)
{
    free(hold->due);

    memset(hold, 0, sizeof(sk_hold_t));
}
