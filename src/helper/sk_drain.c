#include <stdio.h>

#include "sk_batch.h"
#include "sk_drain.h"
#include "sk_member.h"


static int sk_drain_step(sk_drain_t *d, unsigned *decided);
static int sk_drain_ready(sk_drain_t *d, unsigned *decided);
static int sk_drain_shared(sk_drain_t *d);
static int sk_drain_jobs(sk_drain_t *d, unsigned *decided);
static int sk_drain_recover(sk_drain_t *d);
static unsigned sk_drain_commanded(sk_drain_t *d);
static void sk_drain_again(sk_drain_t *d);
static void sk_drain_fail(sk_drain_t *d, int rc);
static void sk_drain_say(sk_drain_t *d, sk_log_e level);


int
sk_drain_work(sk_drain_t *d, int64_t clock_ms, int64_t boot_ms,
    unsigned *decided)
{
    int         rc;
    sk_zone_t  *zone;

    zone = d->writer.zone;
    *decided = 0;

    sk_store(&zone->beat_us, sk_monotonic_us());

    sk_writer_clock(&d->writer, clock_ms, boot_ms);

    rc = sk_load(&zone->damaged) ? SK_DAMAGED : sk_drain_step(d, decided);

    switch (rc) {

    case SK_OK:
    case SK_MORE:
        return rc;

    case SK_BEHIND:

        /* what others have decided is applied */

        *decided = 1;
        return SK_MORE;

    case SK_AGAIN:
        sk_drain_again(d);
        return rc;

    default: /* SK_ERROR, SK_DAMAGED */
        sk_drain_fail(d, rc);
        *decided = 1;
        return SK_ERROR;
    }
}


static int
sk_drain_step(sk_drain_t *d, unsigned *decided)
{
    int  rc;

    rc = sk_drain_ready(d, decided);

    if (rc != SK_OK) {
        return rc;
    }

    rc = sk_drain_jobs(d, decided);

    if (rc == SK_OK && !sk_drain_commanded(d)) {
        rc = sk_writer_idle(&d->writer);

        /* a process killed while it held the mutex is noticed at the latest */

        sk_zone_lock(d->writer.zone);
        sk_zone_unlock(d->writer.zone);

    } else if (rc == SK_OK) {
        rc = SK_MORE;
    }

    if (rc == SK_OK || rc == SK_MORE) {
        d->waitlist.worked_ms = d->writer.now_ms;
    }

    return rc;
}


/* SK_OK: the ledger is open and read, what is declared is there, it works */

static int
sk_drain_ready(sk_drain_t *d, unsigned *decided)
{
    int           rc;
    sk_zone_t    *zone;
    sk_writer_t  *w;

    w = &d->writer;
    zone = w->zone;

    if (w->ledger == NULL) {
        rc = sk_writer_open(w);

        if (rc != SK_OK) {
            return rc;
        }
    }

    if (!w->loaded) {
        rc = sk_writer_load(w);

        if (rc != SK_OK) {
            return rc;
        }

        *decided = 1;

        rc = d->unshared ? sk_drain_shared(d) : SK_OK;

        if (rc != SK_OK) {
            w->loaded = 0;
            return rc;
        }

        if (w->authority && sk_load(&zone->state) != SK_ZONE_READY) {

            /* what is known can be said, whoever decides is away; but whether
               he is, nobody knows yet */

            sk_zone_set_reason(zone, SK_DRAIN_UNASKED);
            sk_store(&zone->failing, 1);
            sk_store_release(&zone->state, SK_ZONE_READY);
        }
    }

    if (!d->declare.done) {
        rc = sk_declare_work(&d->declare, w);

        if (rc != SK_OK) {
            return rc;
        }

        /* claims of a window that is open find its seed */

        rc = sk_reveal_work(&d->reveal, w, decided);

        if (rc != SK_OK && rc != SK_MORE) {
            return rc;
        }

        sk_store(&zone->ledger_size, sk_ledger_files_size(w->ledger));
        sk_store_release(&zone->state, SK_ZONE_READY);

        *decided = 1;
    }

    /* said by this process, or by one that drained before it */

    if (zone->reason[0] || sk_load(&zone->failing)) {
        return sk_drain_recover(d);
    }

    return SK_OK;
}


/* others would sell the same units */

static int
sk_drain_shared(sk_drain_t *d)
{
    int                 rc;
    unsigned            n;
    sk_writer_t        *w;
    sk_ledger_member_t  members[SK_MACHINES_MAX];

    w = &d->writer;
    n = 0;

    rc = sk_ledger_members(w->ledger, sk_load(&w->zone->applied_seq), members,
                           SK_MACHINES_MAX, &n);

    if (rc != SK_OK || n == 0) {
        return rc;
    }

    /* what is known can be said */

    sk_store(&w->zone->failing, 1);
    sk_store_release(&w->zone->state, SK_ZONE_READY);

    (void) snprintf(w->reason, sizeof(w->reason), "machines share this ledger, "
                    "\"%s\" is one, and there is no \"redis=\": give it, or "
                    "\"redis=off\" if this machine is to sell by itself from "
                    "now on, and the others are not", members[0].name);

    return SK_ERROR;
}


/* SK_OK: nothing waits; SK_MORE: something may */

static int
sk_drain_jobs(sk_drain_t *d, unsigned *decided)
{
    int  rc, held, waited, revealed;

    if (sk_drain_commanded(d)) {
        rc = sk_operator_work(&d->operator, d->commands, &d->declare,
                              &d->writer, decided);

        if (rc != SK_OK) {
            return rc;
        }
    }

    if (d->writer.authority) {
        rc = sk_member_work(&d->writer);

        if (rc != SK_OK && rc != SK_MORE) {
            return rc;
        }
    }

    revealed = sk_reveal_work(&d->reveal, &d->writer, decided);

    if (revealed != SK_OK && revealed != SK_MORE) {
        return revealed;
    }

    held = sk_hold_work(&d->hold, &d->writer, decided);

    if (held != SK_OK && held != SK_MORE) {
        return held;
    }

    /* those who wait come before those who claim now */

    waited = sk_waitlist_work(&d->waitlist, &d->writer, decided);

    if (waited != SK_OK && waited != SK_MORE) {
        return waited;
    }

    if (sk_queue_depth(&d->writer.zone->queue) == 0) {
        return (held == SK_MORE || waited == SK_MORE) ? SK_MORE : revealed;
    }

    rc = sk_batch_work(&d->writer, decided);

    if (rc == SK_OK) {
        rc = sk_writer_checkpoint(&d->writer);
    }

    return (rc == SK_OK) ? SK_MORE : rc;
}


static unsigned
sk_drain_commanded(sk_drain_t *d)
{
    return d->commands && sk_command_pending(d->commands);
}


/* whatever it was: if a commit succeeds, it is over */

static int
sk_drain_recover(sk_drain_t *d)
{
    int         rc;
    sk_zone_t  *zone;

    rc = sk_writer_probe(&d->writer);

    if (rc != SK_OK) {
        return rc;
    }

    zone = d->writer.zone;

    if (strcmp(zone->reason, SK_DRAIN_UNASKED) != 0) {
        sk_log(&d->writer.log, SK_LOG_NOTICE, "works again");
    }

    sk_store(&zone->failing, 0);
    sk_zone_set_reason(zone, "");

    return SK_OK;
}


/* claims wait in the queue until their time is over, and after */

static void
sk_drain_again(sk_drain_t *d)
{
    sk_drain_say(d, SK_LOG_WARN);

    sk_writer_cancel(&d->writer);
}


static void
sk_drain_fail(sk_drain_t *d, int rc)
{
    sk_zone_t  *zone;

    zone = d->writer.zone;

    if (!sk_load(&zone->damaged)) {
        sk_drain_say(d, SK_LOG_ERR);
    }

    /* at a start, a good copy may yet be put in its place */

    if (rc == SK_DAMAGED && sk_load(&zone->state) == SK_ZONE_READY) {
        sk_store(&zone->damaged, 1);
    }

    /* whatever SQLite knows of the file is doubtful now: open it anew */

    if (!d->writer.away) {
        sk_drain_close(d);
    }

    sk_store(&zone->failing, 1);

    sk_batch_give_back(zone);

    if (d->commands) {
        sk_operator_give_back(d->commands);
    }
}


/* once, until it is over or something else is wrong */

static void
sk_drain_say(sk_drain_t *d, sk_log_e level)
{
    sk_writer_t  *w;

    w = &d->writer;

    if (w->reason[0] == '\0' && w->ledger) {
        (void) snprintf(w->reason, sizeof(w->reason), "%s",
                        sk_ledger_error(w->ledger));
    }

    if (strcmp(w->reason, w->zone->reason) != 0) {
        sk_log(&w->log, level, "%s", w->reason);
        sk_zone_set_reason(w->zone, w->reason);
    }

    w->reason[0] = '\0';
}


void
sk_drain_close(sk_drain_t *d)
{
    sk_operator_close(&d->operator);
    sk_hold_close(&d->hold);
    sk_waitlist_close(&d->waitlist);
    sk_writer_close(&d->writer);
}
