#include <stdlib.h>

#include "sk_drain.h"


static int sk_drain_event(void *ctx, const sk_event_t *e);
static int sk_drain_is_removed(sk_drain_t *d, uint64_t sale_id);
static int sk_drain_compare(const void *one, const void *two);


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

    if (sk_event_has_def(e->type)) {
        *copy = *e;

    } else {
        memcpy(copy, e, offsetof(sk_event_t, def));
    }

    if (d->n_removed && sk_drain_is_removed(d, e->sale_id)) {
        copy->skip = 1;

    } else if (sk_event_of_order(e->type)) {
        copy->key = sk_zone_user_key(d->zone, e->sale_id, e->user,
                                     e->user_len);

        sk_units_prefetch(&d->zone->units, copy->key);
    }

    if (e->type == SK_EVENT_CLOCK_SET) {

        /* whoever has written it: this turn's time may be from before, as that
           of a sweep */

        d->clock_known = 0;
        d->sweep_left = 0;
    }

    /* only valid until the next row is read, and needed no more */

    copy->user = NULL;

    return (d->n_events == SK_APPLY_MAX) ? sk_drain_apply(d) : SK_OK;
}


/* removed, and not in the zone: neither its orders nor it itself need room */

static int
sk_drain_is_removed(sk_drain_t *d, uint64_t sale_id)
{
    return bsearch(&sale_id, d->removed, d->n_removed, sizeof(uint64_t),
                   sk_drain_compare)
           && sk_zone_sale_by_id(d->zone, sale_id) == NULL;
}


static int
sk_drain_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
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
