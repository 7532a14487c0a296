#include <stdlib.h>

#include "sk_hold.h"


static int sk_hold_clock(sk_drain_t *d, int64_t now_ms);
static int sk_hold_clock_set(sk_drain_t *d, int64_t now_ms, int64_t by_ms);
static int sk_hold_any(sk_zone_t *zone);
static void sk_hold_begin(sk_drain_t *d, uint32_t now_s);
static void sk_hold_sweep(sk_drain_t *d);
static int sk_hold_expire(sk_drain_t *d, int64_t now_ms, unsigned *decided);
static int sk_hold_append(sk_drain_t *d, int64_t now_ms, unsigned *n);
static int sk_hold_compare(const void *one, const void *two);


int
sk_hold_work(sk_drain_t *d, int64_t now_ms, unsigned *decided)
{
    int       rc;
    uint32_t  now_s;

    rc = sk_hold_clock(d, now_ms);

    if (rc != SK_OK) {
        return rc;
    }

    now_s = (uint32_t) (now_ms / 1000);

    if (d->sweep_left == 0) {

        if (now_s < sk_load(&d->zone->expires_s)) {
            return SK_OK;
        }

        sk_hold_begin(d, now_s);
    }

    sk_hold_sweep(d);

    if (d->n_due) {
        rc = sk_hold_expire(d, now_ms, decided);

        d->n_due = 0;

        if (rc != SK_OK) {
            /* they were passed by: once more, from the start */

            d->sweep_left = 0;
            sk_zone_expect(d->zone, 0);

            return rc;
        }
    }

    return d->sweep_left ? SK_MORE : SK_OK;
}


/*
 * The time of day is held against a clock that nobody sets: each turn looks at
 * both at once.  What changes slowly is NTP's work.  Which process on the store
 * sees a step first says so for all, in the ledger.
 */

static int
sk_hold_clock(sk_drain_t *d, int64_t now_ms)
{
    int64_t  by_ms;

    by_ms = d->offset_ms - d->clock_ms;

    if (llabs(by_ms) < SK_HOLD_STEP_MIN_MS) {
        d->clock_ms = d->offset_ms;
        return SK_OK;
    }

    return sk_hold_clock_set(d, now_ms, by_ms);
}


static int
sk_hold_clock_set(sk_drain_t *d, int64_t now_ms, int64_t by_ms)
{
    int         rc;
    sk_event_t  e;

    if (!sk_hold_any(d->zone)) {

        /* there is nothing whose end it would change */

        d->clock_ms = d->offset_ms;
        return SK_OK;
    }

    rc = sk_drain_begin(d);

    if (rc != SK_OK) {
        return rc;
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_CLOCK_SET;
    e.seq = d->last_seq + 1;
    e.at_ms = now_ms;
    e.by_ms = by_ms;

    rc = sk_ledger_append(d->ledger, &e);

    if (rc == SK_OK) {
        rc = sk_drain_commit(d, e.seq);
    }

    if (rc != SK_OK) {
        return rc;
    }

    sk_drain_log(d, SK_LOG_WARN, "the clock was set %s by %lld ms",
                 (by_ms < 0) ? "back" : "forward", llabs(by_ms));

    d->clock_ms = d->offset_ms;
    d->clock_known = 1;

    return SK_OK;
}


static int
sk_hold_any(sk_zone_t *zone)
{
    uint32_t  i, n;

    n = sk_load(&zone->sales.n);

    for (i = 0; i < n; i++) {
        if (sk_load(&zone->sales.elts[i].held)) {
            return 1;
        }
    }

    return 0;
}


int
sk_hold_loaded(sk_drain_t *d, int64_t now_ms)
{
    int      rc;
    int64_t  last_ms, late_ms;

    rc = sk_ledger_last_time(d->ledger, &last_ms);

    if (rc != SK_OK) {
        return rc;
    }

    /* a drainer before may have been killed in the middle of a sweep */

    d->sweep_left = 0;
    sk_zone_expect(d->zone, 0);

    /* what was written last lies ahead: the clock was set back meanwhile, by
       that at least.  Another process may have written since this turn looked
       at the clock. */

    late_ms = (sk_drain_now_us() - sk_load(&d->zone->beat_us)) / 1000;

    return (last_ms - (now_ms + late_ms) >= SK_HOLD_STEP_MIN_MS)
           ? sk_hold_clock_set(d, now_ms, now_ms - last_ms) : SK_OK;
}


/*
 * The sweep goes downwards.  A removal moves entries towards their home, that
 * is downwards too, so none is moved from before the sweep to behind it.  Only
 * those that have gone over the table's end can move up, back to there: they
 * lie from its start to the first empty entry, and are swept first.
 */

static void
sk_hold_begin(sk_drain_t *d, uint32_t now_s)
{
    uint64_t     i;
    sk_units_t  *t;

    t = &d->zone->units;

    for (i = 0; i < t->n && sk_load(&t->elts[i].value); i++) { /* void */ }

    d->sweep_place = i;
    d->sweep_left = t->n;
    d->sweep_s = now_s;

    /* from now on, whatever is seen or won says when it ends */

    sk_store(&d->zone->expires_s, UINT32_MAX);
}


static void
sk_hold_sweep(sk_drain_t *d)
{
    uint32_t     expires_s;
    uint64_t     n, value;
    sk_unit_t   *u;
    sk_units_t  *t;

    t = &d->zone->units;

    n = d->sweep_left;
    n = (n > SK_HOLD_SLICE) ? SK_HOLD_SLICE : n;

    for ( /* void */ ; n && d->n_due < SK_DRAIN_BATCH_MAX; n--) {

        d->sweep_place = (d->sweep_place ? d->sweep_place : t->n) - 1;
        d->sweep_left--;

        u = &t->elts[d->sweep_place];
        value = sk_load(&u->value);

        if (sk_unit_state(value) != SK_UNIT_HELD) {
            continue;
        }

        expires_s = sk_clock_end(&d->zone->clock, sk_unit_number(value),
                                 sk_load(&u->expires_s));

        if (expires_s <= d->sweep_s) {
            d->seqs[d->n_due++] = sk_unit_number(value);

        } else {
            sk_zone_expect(d->zone, expires_s);
        }
    }
}


static int
sk_hold_expire(sk_drain_t *d, int64_t now_ms, unsigned *decided)
{
    int       rc;
    unsigned  n;

    qsort(d->seqs, d->n_due, sizeof(uint64_t), sk_hold_compare);

    rc = sk_drain_begin(d);

    if (rc != SK_OK) {
        return rc;
    }

    n = 0;

    rc = sk_hold_append(d, now_ms, &n);

    if (rc != SK_OK) {
        return rc;
    }

    if (n == 0) {
        sk_ledger_rollback(d->ledger);
        return SK_OK;
    }

    *decided = 1;

    return sk_drain_commit(d, d->last_seq + n);
}


static int
sk_hold_append(sk_drain_t *d, int64_t now_ms, unsigned *n)
{
    int         rc;
    uint32_t    expires_s;
    unsigned    i;
    sk_event_t  e;
    sk_order_t  order;

    memset(&e, 0, sizeof(sk_event_t));

    for (i = 0; i < d->n_due; i++) {

        rc = sk_ledger_order(d->ledger, d->seqs[i], &order);

        if (rc != SK_OK) {
            return rc;
        }

        e.key = sk_zone_user_key(d->zone, order.sale_id, order.user,
                                 order.user_len);

        /* another process may have been faster; and a repair that a worker
           has made may have moved the entry while the sweep read it */

        if (sk_zone_order(d->zone, e.key, d->seqs[i], &expires_s)
            != SK_UNIT_HELD)
        {
            continue;
        }

        if (expires_s > d->sweep_s) {
            sk_zone_expect(d->zone, expires_s);
            continue;
        }

        e.type = SK_EVENT_EXPIRED;
        e.seq = d->last_seq + *n + 1;
        e.at_ms = now_ms;
        e.sale_id = order.sale_id;
        e.object = d->seqs[i];
        e.user = order.user;
        e.user_len = order.user_len;

        rc = sk_ledger_append(d->ledger, &e);

        if (rc != SK_OK) {
            return rc;
        }

        (*n)++;
    }

    return SK_OK;
}


static int
sk_hold_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}
