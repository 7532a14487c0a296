#include "sk_drain.h"


static int sk_drain_event(void *ctx, const sk_event_t *e);


int
sk_drain_catch_up(sk_drain_t *d)
{
    int  rc;

    do {
        rc = sk_drain_read(d);
    } while (rc == SK_MORE);

    return rc;
}


int
sk_drain_read(sk_drain_t *d)
{
    int  rc;

    rc = sk_ledger_read(d->ledger, sk_load(&d->zone->applied_seq),
                        SK_DRAIN_LOAD_MAX, sk_drain_event, d);

    if (rc != SK_OK && rc != SK_MORE) {
        d->n_events = 0;
        return rc;
    }

    return (sk_drain_apply(d) == SK_OK) ? rc : SK_ERROR;
}


/*
 * Each order lands somewhere else in a table far larger than the caches: by
 * the time that some more are read, its place is near.
 */

static int
sk_drain_event(void *ctx, const sk_event_t *e)
{
    sk_drain_t  *d = ctx;
    sk_event_t  *copy;

    copy = &d->events[d->n_events++];

    *copy = *e;

    if (e->type == SK_EVENT_WON) {
        copy->key = sk_zone_user_key(d->zone, e->sale_id, e->user,
                                     e->user_len);

        /* only valid until the next row is read, and needed no more */

        copy->user = NULL;

        sk_units_prefetch(&d->zone->units, copy->key);
    }

    return (d->n_events == SK_APPLY_MAX) ? sk_drain_apply(d) : SK_OK;
}


int
sk_drain_apply(sk_drain_t *d)
{
    unsigned  n;

    n = d->n_events;
    d->n_events = 0;

    if (n == 0) {
        return SK_OK;
    }

    /* of those that were read: their drainer may have been killed before it
       could say so */

    sk_seq_advance(d->seq, d->events[n - 1].seq);

    return sk_apply(d->zone, d->events, n, d->reason, sizeof(d->reason));
}
