#include <stdlib.h>

#include "sk_writer.h"


/*
 * From the ledger's rows to the zone: what other processes have appended, at a
 * start all of it.
 */


static int sk_writer_follow_loaded(sk_writer_t *w);
static int sk_writer_follow_event(void *ctx, const sk_event_t *e);
static int sk_writer_follow_apply(sk_writer_t *w);
static int sk_writer_follow_is_removed(sk_writer_t *w, uint64_t sale_id);
static int sk_writer_follow_compare(const void *one, const void *two);


int
sk_writer_follow(sk_writer_t *w)
{
    int  rc, more;

    more = sk_writer_follow_authority(w);

    if (more != SK_OK && more != SK_MORE) {
        return more;
    }

    rc = sk_writer_load(w);

    return (rc == SK_OK) ? more : rc;
}


int
sk_writer_load(sk_writer_t *w)
{
    int       rc;
    uint64_t  before, n;

    sk_assert(w->ledger && !w->writing);

    rc = SK_OK;
    before = sk_load(&w->zone->applied_seq) - w->load_first;

    /* of the sales that were removed nothing need be known */

    if (w->removed == NULL) {
        rc = sk_ledger_read_removed(w->ledger, &w->removed, &w->n_removed);
    }

    if (rc == SK_OK) {
        rc = sk_writer_follow_read(w);
    }

    if (rc == SK_MORE) {
        n = sk_load(&w->zone->applied_seq) - w->load_first;

        if (n / SK_WRITER_PROGRESS != before / SK_WRITER_PROGRESS) {
            sk_log(&w->log, SK_LOG_NOTICE, "%llu events read",
                   (unsigned long long) n);
        }

        return SK_MORE;
    }

    if (rc == SK_OK) {
        rc = sk_writer_seen_all(w);
    }

    return (rc == SK_OK) ? sk_writer_follow_loaded(w) : rc;
}


static int
sk_writer_follow_loaded(sk_writer_t *w)
{
    int       rc;
    int64_t   ahead_ms;
    uint64_t  n;

    sk_writer_follow_forget_removed(w);

    rc = sk_writer_follow_head(w);

    if (rc != SK_OK) {
        return rc;
    }

    if (w->loaded) {
        return SK_OK;
    }

    w->loaded = 1;

    sk_writer_follow_settle_seq(w);

    (void) sk_ledger_files_identify(w->path, &w->zone->store_dev,
                                    &w->zone->store_ino);

    if (w->told) {
        return SK_OK;
    }

    w->told = 1;

    n = sk_load(&w->zone->applied_seq) - w->load_first;

    sk_log(&w->log, SK_LOG_NOTICE,
           "%llu events read in %lld ms, the last is %llu",
           (unsigned long long) n,
           (long long) (sk_monotonic_us() - w->load_start_us) / 1000,
           (unsigned long long) (w->load_first + n));

    ahead_ms = sk_zone_time(w->zone, w->clock_ms, w->boot_ms) - w->clock_ms;

    if (ahead_ms >= SK_WRITER_AHEAD_MS) {
        sk_log(&w->log, SK_LOG_WARN,
               "the ledger's time is %lld ms ahead of the clock, which was set "
               "back: it goes on from there", (long long) ahead_ms);
    }

    return SK_OK;
}


int
sk_writer_follow_head(sk_writer_t *w)
{
    int        rc;
    sk_head_t  head;

    rc = sk_ledger_head(w->ledger, &head);

    if (rc == SK_OK) {
        sk_zone_set_head(w->zone, &head);
    }

    return rc;
}


void
sk_writer_follow_forget_removed(sk_writer_t *w)
{
    free(w->removed);

    w->removed = NULL;
    w->n_removed = 0;
}


/*
 * After a power cut with sync=normal, or a restore, the ledger may end before
 * what the file says, or somebody has written to it; nobody is to wait for what
 * will not come.  Who appends says so afterwards: what the file said before the
 * ledger was read is not ahead of it.
 */

void
sk_writer_follow_settle_seq(sk_writer_t *w)
{
    uint64_t  seq, end;

    if (w->seq == NULL) {
        return;
    }

    seq = sk_load_acquire(w->seq);
    end = sk_load(&w->zone->applied_seq);

    if (seq > end && sk_writer_seen_all(w) == SK_OK
        && atomic_compare_exchange_strong(w->seq, &seq, end))
    {
        sk_log(&w->log, SK_LOG_NOTICE, "the file \"-seq\" said that there are "
               "%llu events, there are %llu: it was put right",
               (unsigned long long) seq, (unsigned long long) end);
    }
}


int
sk_writer_follow_read(sk_writer_t *w)
{
    int  rc, applied;

    w->n_events = 0;

    rc = sk_ledger_read(w->ledger, sk_load(&w->zone->applied_seq),
                        SK_WRITER_FOLLOW_MAX, sk_writer_follow_event, w);

    if (rc != SK_OK && rc != SK_MORE) {
        w->n_events = 0;
        return rc;
    }

    applied = sk_writer_follow_apply(w);

    return (applied == SK_OK) ? rc : applied;
}


/*
 * Each order lands somewhere else in a table far larger than the caches: by
 * the time that some more are read, its place is near.
 */

static int
sk_writer_follow_event(void *ctx, const sk_event_t *e)
{
    sk_writer_t  *w = ctx;
    sk_event_t   *copy;

    copy = &w->events[w->n_events++];

    if (sk_event_is_whole(e->type)) {
        *copy = *e;

    } else {
        memcpy(copy, e, offsetof(sk_event_t, def));
    }

    if (w->n_removed && sk_writer_follow_is_removed(w, e->sale_id)) {
        copy->skip = 1;

    } else if (sk_event_of_user(e->type)) {
        copy->key = sk_zone_order_key(w->zone, e->sale_id, e->user,
                                      e->user_len);

        sk_units_prefetch(&w->zone->units, copy->key);
    }

    /* only valid until the next row is read, and needed no more */

    copy->user = NULL;

    /* with what a sale's users are found, the zone says when it has it */

    return (w->n_events == SK_APPLY_MAX || e->type == SK_EVENT_SALE_ADDED)
           ? sk_writer_follow_apply(w) : SK_OK;
}


static int
sk_writer_follow_apply(sk_writer_t *w)
{
    int  rc;

    if (w->n_events == 0) {
        return SK_OK;
    }

    /* their drainer may have been killed before it could say so */

    sk_seq_advance(w->seq, w->events[w->n_events - 1].seq);

    /* what is applied is told with the head, which has to include it */

    rc = (sk_load(&w->zone->state) == SK_ZONE_READY) ? sk_writer_follow_head(w)
                                                     : SK_OK;

    return (rc == SK_OK) ? sk_writer_apply(w) : rc;
}


/* removed, and not in the zone: neither its orders nor it itself need room */

static int
sk_writer_follow_is_removed(sk_writer_t *w, uint64_t sale_id)
{
    return bsearch(&sale_id, w->removed, w->n_removed, sizeof(uint64_t),
                   sk_writer_follow_compare)
           && sk_zone_sale_by_id(w->zone, sale_id) == NULL;
}


static int
sk_writer_follow_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}
