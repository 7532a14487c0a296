#include <stdio.h>
#include <stdlib.h>

#include "sk_command.h"
#include "sk_writer.h"


/* what a commit's events have of texts: a batch of the longest users, and a
   command with the longest body, or as many short ones as may wait, with their
   keys; one that has more is refused before */

#define SK_WRITER_TEXT_MAX                                                   \
    (SK_WRITER_EVENTS_MAX * SK_USER_SIZE_MAX + 4 * 65536)


static int sk_writer_identify(sk_writer_t *w);
static int sk_writer_stage(sk_writer_t *w, const sk_event_t *e);
static int sk_writer_agree(sk_writer_t *w);
static int sk_writer_authority_failed(sk_writer_t *w, int rc);
static int64_t sk_writer_boot_ms(sk_writer_t *w);
static void sk_writer_committed(sk_writer_t *w, int64_t took_us);


int
sk_writer_open(sk_writer_t *w)
{
    int   rc, flags;
    char  error[SK_LEDGER_ERROR_SIZE_MAX];

    sk_assert(w->ledger == NULL);

    if (w->events == NULL) {
        w->events = malloc(SK_WRITER_EVENTS_MAX * sizeof(sk_event_t));
    }

    if (w->events == NULL) {
        (void) snprintf(w->reason, sizeof(w->reason), "out of memory");
        return SK_ERROR;
    }

    if (sk_writer_identify(w) != SK_OK) {
        return SK_ERROR;
    }

    flags = w->full ? SK_LEDGER_FULL : 0;

    /* a store that has been seen is not made anew, empty, if it is gone */

    if (sk_load(&w->zone->applied_seq) == 0) {
        flags |= SK_LEDGER_CREATE;
    }

    rc = sk_ledger_open(&w->ledger, w->path, flags, error);

    if (rc != SK_OK) {
        (void) snprintf(w->reason, sizeof(w->reason), "%s", error);
        return rc;
    }

    w->loaded = 0;
    w->writing = 0;
    w->probed = 0;
    w->load_start_us = sk_monotonic_us();
    w->load_first = sk_load(&w->zone->applied_seq);

    return SK_OK;
}


/* SQLite is not to see a file that is not the one of the log beside it */

static int
sk_writer_identify(sk_writer_t *w)
{
    int       err;
    uint64_t  dev, ino;

    err = sk_ledger_files_identify(w->path, &dev, &ino);

    if (w->zone->store_ino && err) {
        sk_ledger_files_closed(err, w->reason, sizeof(w->reason));
        return SK_ERROR;
    }

    if (w->zone->store_ino
        && (dev != w->zone->store_dev || ino != w->zone->store_ino))
    {
        (void) snprintf(w->reason, sizeof(w->reason),
                        "is not the file that it was: put it back, or restart "
                        "nginx");
        return SK_ERROR;
    }

    return SK_OK;
}


void
sk_writer_close(sk_writer_t *w)
{
    if (w->ledger) {
        sk_writer_cancel(w);
        sk_ledger_close(w->ledger);
        w->ledger = NULL;
    }

    sk_writer_follow_forget_removed(w);

    free(w->events);

    w->events = NULL;
}


void
sk_writer_clock(sk_writer_t *w, int64_t clock_ms, int64_t boot_ms)
{
    int64_t  local_ms;

    sk_assert(!w->writing);

    local_ms = clock_ms;

    if (w->authority && w->authority->clock) {
        clock_ms = w->authority->clock(w->authority->ctx, clock_ms, boot_ms);
    }

    w->clock_ms = clock_ms;
    w->boot_ms = boot_ms;
    w->clock_us = sk_monotonic_us();
    w->away = 0;
    w->now_ms = sk_zone_time(w->zone, clock_ms, boot_ms);

    sk_store(&w->zone->ahead_ms, w->now_ms - local_ms);
}


int
sk_writer_begin(sk_writer_t *w)
{
    int  rc, followed;

    sk_assert(w->ledger && !w->writing);

    rc = sk_ledger_files_in_place(w->ledger);

    if (rc == SK_OK) {
        rc = sk_ledger_begin(w->ledger);
    }

    if (rc == SK_OK) {
        rc = sk_writer_seen_all(w);
    }

    followed = (rc == SK_MORE);

    while (rc == SK_MORE) {
        rc = sk_writer_follow_read(w);
    }

    if (rc == SK_OK && followed) {
        rc = sk_writer_follow_head(w);
    }

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    w->writing = 1;
    w->n_events = 0;
    w->text_len = 0;

    /* an event of another process may have been later than this turn began */

    w->now_ms = sk_zone_time(w->zone, w->clock_ms, w->boot_ms);

    return SK_OK;
}


int
sk_writer_append(sk_writer_t *w, sk_event_t *e)
{
    int  rc;

    sk_assert(w->writing);
    sk_assert(e->type < SK_EVENT_N && e->type != SK_EVENT_CLOCK_SET);
    sk_assert(!sk_event_of_user(e->type)
              || (e->user_len >= 1 && e->user_len <= SK_USER_SIZE_MAX
                  && e->sale_id));
    sk_assert(!sk_event_has_def(e->type) || e->def.shuffle_s == 0
              || e->opening.given);

    e->seq = w->last_seq + 1;
    e->at_ms = w->now_ms;

    if (e->type == SK_EVENT_SALE_ADDED) {
        e->sale_id = e->seq;
    }

    if (e->type == SK_EVENT_PRODUCT_ADDED) {
        e->object = e->seq;
    }

    if (sk_writer_stage(w, e) != SK_OK) {
        return SK_FULL;
    }

    rc = sk_ledger_append(w->ledger, e);

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    w->last_seq++;

    return SK_OK;
}


/* keeps for the zone what it needs of it: no texts */

static int
sk_writer_stage(sk_writer_t *w, const sk_event_t *e)
{
    size_t       len;
    sk_event_t  *copy;

    len = e->user_len + e->by_len + e->detail_len + e->request_len;

    if (w->n_events == SK_WRITER_EVENTS_MAX
        || SK_WRITER_TEXT_MAX - w->text_len < len)
    {
        return SK_FULL;
    }

    w->text_len += len;

    copy = &w->events[w->n_events++];

    if (sk_event_is_whole(e->type)) {
        *copy = *e;

    } else {
        memcpy(copy, e, offsetof(sk_event_t, def));
    }

    copy->user = NULL;
    copy->by = NULL;
    copy->detail = NULL;
    copy->request = NULL;
    copy->request_hash = NULL;

    return SK_OK;
}


int
sk_writer_commit(sk_writer_t *w)
{
    int      rc;
    int64_t  start_us;

    sk_assert(w->writing);

    sk_assert(w->last_seq
              == sk_load(&w->zone->applied_seq) + w->n_events);

    start_us = sk_monotonic_us();

    memset(&w->commit, 0, sizeof(sk_commit_t));

    rc = w->n_events ? sk_ledger_seal(w->ledger, &w->commit) : SK_OK;

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    rc = sk_writer_agree(w);

    if (rc != SK_OK) {
        return rc;
    }

    if (w->n_events == 0) {
        sk_writer_cancel(w);
        return SK_OK;
    }

    rc = sk_ledger_commit(w->ledger);

    if (rc != SK_OK) {

        /* they are decided: the next to read them may be this process */

        return sk_writer_failed(w, w->authority ? SK_ERROR : rc);
    }

    w->writing = 0;

    sk_writer_committed(w, sk_monotonic_us() - start_us);

    return sk_writer_apply(w);
}


/*
 * Asks who decides beside the file, also where nothing is to be written: what
 * was refused was decided, too.  SK_BEHIND: some of its events, or all, are
 * applied now.
 */

static int
sk_writer_agree(sk_writer_t *w)
{
    int  rc;

    if (w->authority == NULL) {
        return SK_OK;
    }

    rc = w->n_events ? SK_OK : sk_ledger_head(w->ledger, &w->commit.before);

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    rc = w->authority->commit(w->authority->ctx, w->ledger, &w->commit);

    if (rc == SK_OK) {
        return SK_OK;
    }

    sk_writer_cancel(w);

    if (rc != SK_BEHIND) {
        return sk_writer_authority_failed(w, rc);
    }

    /* one step: there may be much, and somebody may want to stop meanwhile */

    rc = sk_writer_follow(w);

    if (rc == SK_MORE) {
        rc = sk_writer_checkpoint(w);
    }

    return (rc == SK_OK) ? SK_BEHIND : rc;
}


int
sk_writer_follow_authority(sk_writer_t *w)
{
    int  rc;

    if (w->authority == NULL) {
        return SK_OK;
    }

    rc = w->authority->follow(w->authority->ctx, w->ledger);

    return (rc == SK_OK || rc == SK_MORE) ? rc
           : sk_writer_authority_failed(w, rc);
}


static int
sk_writer_authority_failed(sk_writer_t *w, int rc)
{
    const char  *error;

    error = w->authority->error(w->authority->ctx);

    if (error == NULL) {
        return sk_writer_failed(w, rc);
    }

    (void) snprintf(w->reason, sizeof(w->reason), "%s", error);
    w->away = 1;

    return rc;
}


static void
sk_writer_committed(sk_writer_t *w, int64_t took_us)
{
    /* this zone's own workers need not wait for it */

    sk_store_release(&w->zone->seen_seq, w->last_seq);
    sk_seq_advance(w->seq, w->last_seq);

    sk_zone_set_head(w->zone, &w->commit.head);

    sk_zone_observe(&w->zone->commit_seconds, &sk_hist_seconds,
                    (double) took_us / 1e6, (uint64_t) took_us);

    sk_log(&w->log, SK_LOG_DEBUG, "commit of %u events, the last is %llu",
           w->n_events, (unsigned long long) w->last_seq);
}


/*
 * Who decides beside the file was waited for, and may have told of events that
 * are later than when this turn began: with that as their moment, the ledger's
 * time would run ahead.
 */

static int64_t
sk_writer_boot_ms(sk_writer_t *w)
{
    return w->authority ? w->boot_ms + (sk_monotonic_us() - w->clock_us) / 1000
                        : w->boot_ms;
}


int
sk_writer_apply(sk_writer_t *w)
{
    int       rc;
    unsigned  i, n;

    rc = SK_OK;

    for (i = 0; i < w->n_events && rc == SK_OK; i += n) {
        n = w->n_events - i;
        n = (n > SK_APPLY_MAX) ? SK_APPLY_MAX : n;

        rc = sk_apply(w->zone, &w->events[i], n, sk_writer_boot_ms(w),
                      w->reason, sizeof(w->reason));
    }

    w->n_events = 0;

    return rc;
}


void
sk_writer_cancel(sk_writer_t *w)
{
    if (w->ledger) {
        sk_ledger_rollback(w->ledger);
    }

    w->writing = 0;
    w->n_events = 0;
    w->last_seq = sk_load(&w->zone->applied_seq);
}


int
sk_writer_failed(sk_writer_t *w, int rc)
{
    if (w->reason[0] == '\0') {
        (void) snprintf(w->reason, sizeof(w->reason), "%s",
                        sk_ledger_error(w->ledger));
    }

    sk_writer_cancel(w);

    w->probed = 0;

    return rc;
}


int
sk_writer_seen_all(sk_writer_t *w)
{
    int       rc;
    uint64_t  seq;

    rc = sk_ledger_last_seq(w->ledger, &w->last_seq);

    if (rc != SK_OK) {
        return rc;
    }

    seq = sk_load(&w->zone->applied_seq);

    if (w->last_seq < seq) {
        (void) snprintf(w->reason, sizeof(w->reason),
                        "the store ends at event %llu, but event %llu was "
                        "seen: it was replaced, restart nginx",
                        (unsigned long long) w->last_seq,
                        (unsigned long long) seq);
        return SK_ERROR;
    }

    return (w->last_seq == seq) ? SK_OK : SK_MORE;
}


int
sk_writer_idle(sk_writer_t *w)
{
    int  rc;

    sk_assert(w->ledger && !w->writing);

    rc = sk_ledger_files_in_place(w->ledger);

    if (rc == SK_OK) {
        rc = sk_writer_follow_authority(w);
    }

    if (rc == SK_OK) {
        rc = sk_writer_seen_all(w);
    }

    if (rc == SK_MORE) {
        w->loaded = 0;
        w->load_start_us = sk_monotonic_us();
        w->load_first = sk_load(&w->zone->applied_seq);

        return SK_MORE;
    }

    if (rc == SK_OK
        && sk_ledger_log_pages(w->ledger) >= SK_WRITER_LOG_IDLE_PAGES)
    {
        rc = sk_ledger_checkpoint(w->ledger);
    }

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    sk_writer_follow_settle_seq(w);

    sk_store(&w->zone->ledger_size, sk_ledger_files_size(w->ledger));

    return SK_OK;
}


int
sk_writer_checkpoint(sk_writer_t *w)
{
    int  rc;

    if (sk_ledger_log_new_pages(w->ledger) < SK_WRITER_LOG_MAX_PAGES) {
        return SK_OK;
    }

    rc = sk_ledger_checkpoint(w->ledger);

    return (rc == SK_OK) ? SK_OK : sk_writer_failed(w, rc);
}


int
sk_writer_probe(sk_writer_t *w)
{
    int  rc;

    sk_assert(w->ledger && !w->writing);

    rc = sk_ledger_files_in_place(w->ledger);

    /* while who decides beside it is away, nothing is wrong with the file: it
       is written to once */

    if (rc == SK_OK && !w->probed) {
        rc = sk_ledger_probe(w->ledger);
    }

    if (rc != SK_OK) {
        return sk_writer_failed(w, rc);
    }

    w->probed = 1;
    w->n_events = 0;
    w->last_seq = sk_load(&w->zone->applied_seq);
    memset(&w->commit, 0, sizeof(sk_commit_t));

    rc = sk_writer_agree(w);

    if (rc == SK_OK) {
        w->probed = 0;
    }

    return rc;
}
