#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sk_apply.h"
#include "sk_batch.h"
#include "sk_declare.h"
#include "sk_drain.h"
#include "sk_hold.h"
#include "sk_operator.h"


static int sk_drain_step(sk_drain_t *d, int64_t now_ms, unsigned *decided);
static int sk_drain_ready(sk_drain_t *d, int64_t now_ms, unsigned *decided);
static int sk_drain_open(sk_drain_t *d);
static int sk_drain_recover(sk_drain_t *d);
static int sk_drain_idle(sk_drain_t *d);
static void sk_drain_fail(sk_drain_t *d, int rc);


int
sk_drain_work(sk_drain_t *d, int64_t now_ms, int64_t boot_ms,
    unsigned *decided)
{
    int  rc;

    *decided = 0;

    sk_store(&d->zone->beat_us, sk_drain_now_us());

    d->offset_ms = now_ms - boot_ms;

    if (!d->clock_known) {
        d->clock_ms = d->offset_ms;
        d->clock_known = 1;
    }

    rc = sk_drain_step(d, now_ms, decided);

    if (rc == SK_AGAIN || rc == SK_ERROR) {
        sk_drain_fail(d, rc);
        *decided |= (rc == SK_ERROR);
    }

    return rc;
}


static int
sk_drain_step(sk_drain_t *d, int64_t now_ms, unsigned *decided)
{
    int  rc, held;

    rc = sk_drain_ready(d, now_ms, decided);

    if (rc != SK_OK) {
        return rc;
    }

    if (d->commands && sk_command_pending(d->commands)) {
        rc = sk_operator_work(d, now_ms, decided);

        if (rc != SK_OK) {
            return rc;
        }
    }

    if (!d->clock_known) {
        return SK_MORE;
    }

    held = sk_hold_work(d, now_ms, decided);

    if (held != SK_OK && held != SK_MORE) {
        return held;
    }

    if (sk_queue_depth(&d->zone->queue) == 0) {
        return (held == SK_MORE
                || (d->commands && sk_command_pending(d->commands)))
               ? SK_MORE : sk_drain_idle(d);
    }

    rc = sk_batch(d, now_ms, decided);

    if (rc == SK_OK
        && sk_ledger_log_new_pages(d->ledger) >= SK_DRAIN_LOG_MAX_PAGES)
    {
        rc = sk_ledger_checkpoint(d->ledger);
    }

    return (rc == SK_OK) ? SK_MORE : rc;
}


/* SK_OK: the ledger is open and read, what is declared is there, it works */

static int
sk_drain_ready(sk_drain_t *d, int64_t now_ms, unsigned *decided)
{
    int  rc;

    if (d->ledger == NULL) {
        rc = sk_drain_open(d);

        if (rc != SK_OK) {
            return rc;
        }
    }

    if (!d->loaded) {
        rc = sk_drain_load(d, now_ms);

        if (rc != SK_OK) {
            return rc;
        }

        *decided = 1;
    }

    if (!d->declared) {
        rc = sk_declare(d, now_ms);

        if (rc != SK_OK) {
            return rc;
        }

        d->declared = 1;

        sk_store(&d->zone->ledger_size, sk_ledger_size(d->ledger));
        sk_store_release(&d->zone->state, SK_ZONE_READY);

        *decided = 1;
    }

    /* said by this process, or by one that drained before it */

    if (d->zone->reason[0] || sk_load(&d->zone->failing)) {
        return sk_drain_recover(d);
    }

    return SK_OK;
}


static int
sk_drain_open(sk_drain_t *d)
{
    int       rc, flags;
    char      error[SK_LEDGER_ERROR_SIZE_MAX];
    uint64_t  dev, ino;

    /*
     * SQLite is not to see a file that is not the one of the log of writes
     * beside it.
     */

    sk_ledger_identify(d->path, &dev, &ino);

    if (d->zone->store_ino
        && (dev != d->zone->store_dev || ino != d->zone->store_ino))
    {
        (void) snprintf(d->reason, sizeof(d->reason),
                        "is not the file that it was: put it back, or restart "
                        "nginx");
        return SK_ERROR;
    }

    flags = d->full ? SK_LEDGER_FULL : 0;

    /* a store that has been seen is not made anew, empty, if it is gone */

    if (sk_load(&d->zone->applied_seq) == 0) {
        flags |= SK_LEDGER_CREATE;
    }

    rc = sk_ledger_open(&d->ledger, d->path, flags, error);

    if (rc != SK_OK) {
        (void) snprintf(d->reason, sizeof(d->reason), "%s", error);
        return rc;
    }

    d->loaded = 0;
    d->load_start_us = sk_drain_now_us();
    d->load_first = sk_load(&d->zone->applied_seq);

    return SK_OK;
}


void
sk_drain_committed(sk_drain_t *d, uint64_t seq)
{
    /* this zone's own workers need not wait for it */

    sk_store_release(&d->zone->seen_seq, seq);
    sk_seq_advance(d->seq, seq);
}


/* SK_MORE: the ledger goes on behind what the zone has seen */

int
sk_drain_seen_all(sk_drain_t *d)
{
    int       rc;
    uint64_t  seq;

    rc = sk_ledger_last_seq(d->ledger, &d->last_seq);

    if (rc != SK_OK) {
        return rc;
    }

    seq = sk_load(&d->zone->applied_seq);

    if (d->last_seq < seq) {
        (void) snprintf(d->reason, sizeof(d->reason),
                        "the store ends at event %llu, but event %llu was "
                        "seen: it was replaced, restart nginx",
                        (unsigned long long) d->last_seq,
                        (unsigned long long) seq);
        return SK_ERROR;
    }

    return (d->last_seq == seq) ? SK_OK : SK_MORE;
}


int
sk_drain_begin(sk_drain_t *d)
{
    int  rc;

    rc = sk_ledger_in_place(d->ledger);

    if (rc == SK_OK) {
        rc = sk_ledger_begin(d->ledger);
    }

    if (rc == SK_OK) {
        rc = sk_drain_seen_all(d);
    }

    if (rc == SK_MORE) {
        rc = sk_drain_catch_up(d);
    }

    if (rc == SK_OK && !d->clock_known) {
        sk_ledger_rollback(d->ledger);
        return SK_MORE;
    }

    return rc;
}


int
sk_drain_commit(sk_drain_t *d, uint64_t last)
{
    int  rc;

    rc = sk_ledger_commit(d->ledger);

    if (rc != SK_OK) {
        return rc;
    }

    sk_drain_committed(d, last);

    return sk_drain_catch_up(d);
}


/* whatever it was: if a commit succeeds, it is over */

static int
sk_drain_recover(sk_drain_t *d)
{
    int  rc;

    rc = sk_ledger_probe(d->ledger);

    if (rc != SK_OK) {
        return rc;
    }

    sk_store(&d->zone->failing, 0);
    sk_zone_set_reason(d->zone, "");
    sk_drain_log(d, SK_LOG_NOTICE, "works again");

    return SK_OK;
}


static int
sk_drain_idle(sk_drain_t *d)
{
    int  rc;

    rc = sk_ledger_in_place(d->ledger);

    if (rc == SK_OK) {
        rc = sk_drain_seen_all(d);
    }

    if (rc == SK_MORE) {

        /* another process has appended: the zone follows */

        d->loaded = 0;
        d->load_start_us = sk_drain_now_us();
        d->load_first = sk_load(&d->zone->applied_seq);

        return SK_MORE;
    }

    if (rc == SK_OK
        && sk_ledger_log_pages(d->ledger) >= SK_DRAIN_LOG_IDLE_PAGES)
    {
        rc = sk_ledger_checkpoint(d->ledger);
    }

    if (rc != SK_OK) {
        return rc;
    }

    /* a process killed while it held the mutex is noticed here at the latest */

    sk_zone_lock(d->zone);
    sk_zone_unlock(d->zone);

    sk_store(&d->zone->ledger_size, sk_ledger_size(d->ledger));

    return SK_OK;
}


static void
sk_drain_fail(sk_drain_t *d, int rc)
{
    if (d->reason[0] == '\0' && d->ledger) {
        (void) snprintf(d->reason, sizeof(d->reason), "%s",
                        sk_ledger_error(d->ledger));
    }

    /* said once, until it is over or something else is wrong */

    if (strcmp(d->reason, d->zone->reason) != 0) {
        sk_drain_log(d, (rc == SK_AGAIN) ? SK_LOG_WARN : SK_LOG_ERR, "%s",
                     d->reason);
        sk_zone_set_reason(d->zone, d->reason);
    }

    d->reason[0] = '\0';

    if (rc == SK_AGAIN) {

        /* claims wait in the queue until their time is over, and after */

        if (d->ledger) {
            sk_ledger_rollback(d->ledger);
        }

        return;
    }

    /* whatever SQLite knows of the file is doubtful now: open it anew */

    sk_drain_close(d);

    sk_store(&d->zone->failing, 1);

    sk_batch_give_back(d);
    sk_operator_give_back(d);
}


void
sk_drain_close(sk_drain_t *d)
{
    if (d->ledger) {
        sk_ledger_rollback(d->ledger);
        sk_operator_close(d);
        sk_ledger_close(d->ledger);
        d->ledger = NULL;
    }

    sk_drain_forget_removed(d);
}


int64_t
sk_drain_now_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


void
sk_drain_log(sk_drain_t *d, sk_log_e level, const char *fmt, ...)
{
    char     message[512];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    d->log(d->ctx, level, message);
}
