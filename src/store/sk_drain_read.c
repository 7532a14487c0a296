#include <stdlib.h>

#include "sk_drain.h"
#include "sk_hold.h"


static void sk_drain_settle_seq(sk_drain_t *d);
static int sk_drain_event(void *ctx, const sk_event_t *e);
static int sk_drain_is_removed(sk_drain_t *d, uint64_t sale_id);
static int sk_drain_compare(const void *one, const void *two);


int
sk_drain_load(sk_drain_t *d, int64_t now_ms)
{
    int       rc;
    uint64_t  seq, n;

    seq = sk_load(&d->zone->applied_seq);

    if (d->removed == NULL) {
        rc = sk_ledger_removed(d->ledger, &d->removed, &d->n_removed);

        if (rc != SK_OK) {
            return rc;
        }
    }

    rc = sk_drain_read(d);

    n = sk_load(&d->zone->applied_seq) - d->load_first;

    if (rc == SK_MORE) {

        if (n / SK_DRAIN_PROGRESS != (seq - d->load_first) / SK_DRAIN_PROGRESS)
        {
            sk_drain_log(d, SK_LOG_NOTICE, "%llu events read",
                         (unsigned long long) n);
        }

        return SK_MORE;
    }

    if (rc == SK_OK) {
        rc = sk_drain_seen_all(d);
    }

    if (rc == SK_OK) {
        rc = sk_hold_loaded(d, now_ms);
    }

    if (rc != SK_OK) {
        return rc;
    }

    sk_drain_forget_removed(d);

    d->loaded = 1;

    sk_drain_settle_seq(d);

    sk_ledger_identify(d->path, &d->zone->store_dev, &d->zone->store_ino);

    if (!d->told) {
        d->told = 1;

        sk_drain_log(d, SK_LOG_NOTICE,
                     "%llu events read in %lld ms, the last is %llu",
                     (unsigned long long) n,
                     (long long) (sk_drain_now_us() - d->load_start_us) / 1000,
                     (unsigned long long) (d->load_first + n));
    }

    return SK_OK;
}


void
sk_drain_forget_removed(sk_drain_t *d)
{
    free(d->removed);

    d->removed = NULL;
    d->n_removed = 0;
}


/*
 * After a power cut with sync=normal, or a restore, the ledger may end before
 * what the file says; nobody is to wait for what will not come.
 */

static void
sk_drain_settle_seq(sk_drain_t *d)
{
    uint64_t  seq, end;

    if (d->seq == NULL || d->declared) {
        return;
    }

    seq = sk_load(d->seq);
    end = sk_load(&d->zone->applied_seq);

    if (seq > end && sk_drain_seen_all(d) == SK_OK) {
        (void) atomic_compare_exchange_strong(d->seq, &seq, end);
    }
}


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
