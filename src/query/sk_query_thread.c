#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sk_monotonic.h"
#include "sk_query_db.h"
#include "sk_thread.h"


struct sk_filler_s {
    sk_zone_t      *zone;
    sk_log_t        log;
    sk_query_t     *query;
    void          (*progress)(void *ctx);
    pthread_t       thread;
    unsigned        failed;
};


static sk_filler_t *sk_query_thread_none(sk_zone_t *zone, sk_filler_t *f,
    int err);
static void *sk_query_thread(void *data);
static void sk_query_thread_rest(sk_filler_t *f, int64_t ms, unsigned idly);
static void sk_query_thread_told(sk_filler_t *f, int rc);


sk_filler_t *
sk_query_thread_start(sk_zone_t *zone, const char *store, const sk_log_t *log,
    void (*progress)(void *ctx))
{
    int           rc;
    sk_filler_t  *f;

    f = calloc(1, sizeof(sk_filler_t));
    if (f == NULL) {
        return sk_query_thread_none(zone, f, ENOMEM);
    }

    f->zone = zone;
    f->log = *log;
    f->progress = progress;
    f->query = sk_query_create(zone, store);

    if (f->query == NULL) {
        return sk_query_thread_none(zone, f, ENOMEM);
    }

    /* said before it runs: it may have something to say itself */

    sk_zone_set_lists(zone, "");

    rc = sk_thread_start(&f->thread, sk_query_thread, f);

    return (rc == 0) ? f : sk_query_thread_none(zone, f, rc);
}


static sk_filler_t *
sk_query_thread_none(sk_zone_t *zone, sk_filler_t *f, int err)
{
    char  reason[SK_REASON_SIZE_MAX];

    (void) snprintf(reason, sizeof(reason),
                    "query tables: their thread cannot be started: %s",
                    strerror(err));

    sk_zone_set_lists(zone, reason);

    if (f && f->query) {
        sk_query_destroy(f->query);
    }

    free(f);

    errno = err;

    return NULL;
}


void
sk_query_thread_stop(sk_filler_t *f)
{
    sk_store(&f->query->stopping, 1);

    (void) pthread_join(f->thread, NULL);

    sk_query_destroy(f->query);
    free(f);
}


static void *
sk_query_thread(void *data)
{
    sk_filler_t  *f = data;

    int         rc;
    int64_t     start_us, took_us;
    unsigned    polls;
    uint64_t    decided, before, seen;
    sk_zone_t  *zone;

    zone = f->zone;
    polls = 0;
    decided = 0;

#ifdef __linux__
    /* a commit does not wait for a core that this uses; setpriority(2): of the
       thread, not of the process */
    (void) setpriority(PRIO_PROCESS, 0, SK_QUERY_NICE);
#endif

    while (!sk_load(&f->query->stopping)) {

        /* now and then it looks whether its file is there still */

        if (sk_load_acquire(&zone->state) != SK_ZONE_READY
            || (++polls % SK_QUERY_LOOK && sk_query_idle(f->query)))
        {
            sk_query_thread_rest(f, SK_QUERY_POLL_MS, 0);
            continue;
        }

        seen = sk_load(&zone->query_seq);
        start_us = sk_monotonic_us();

        rc = sk_query_fill(f->query);

        took_us = sk_monotonic_us() - start_us;

        if (sk_load(&f->query->stopping)) {
            break;
        }

        sk_query_thread_told(f, rc);

        before = decided;
        decided = sk_load(&zone->queue.head);

        if (rc == SK_ERROR || rc == SK_AGAIN) {
            sk_query_thread_rest(f, SK_QUERY_RETRY_MS, 0);

        } else if (sk_load(&zone->query_seq) != seen) {
            f->progress(f->log.ctx);

        } else if (rc == SK_OK) {
            sk_query_thread_rest(f, SK_QUERY_POLL_MS, 0);
        }

        /* the claims' processes come first, unless somebody waits for this */

        if (decided != before) {
            sk_query_thread_rest(f, took_us * SK_QUERY_REST / 1000, 1);
        }
    }

    return NULL;
}


/* "idly": no longer than nobody waits for the tables */

static void
sk_query_thread_rest(sk_filler_t *f, int64_t ms, unsigned idly)
{
    struct timespec  ts;

    ts.tv_sec = 0;
    ts.tv_nsec = SK_QUERY_POLL_MS * 1000000;

    ms = (ms > SK_QUERY_REST_MAX_MS) ? SK_QUERY_REST_MAX_MS : ms;

    for ( /* void */ ; ms > 0; ms -= SK_QUERY_POLL_MS) {

        if (sk_load(&f->query->stopping)
            || (idly && sk_load(&f->zone->query_wanted)
                        > sk_load(&f->zone->query_seq)))
        {
            return;
        }

        (void) nanosleep(&ts, NULL);
    }
}


/* said once, until it is over */

static void
sk_query_thread_told(sk_filler_t *f, int rc)
{
    char  reason[SK_REASON_SIZE_MAX];

    if (rc == SK_ERROR && !f->failed) {
        f->failed = 1;

        (void) snprintf(reason, sizeof(reason), "query tables: %s",
                        sk_query_error(f->query));

        sk_log(&f->log, SK_LOG_ERR, "%s", reason);
        sk_zone_set_lists(f->zone, reason);

    } else if (rc != SK_ERROR && rc != SK_AGAIN && f->failed) {
        f->failed = 0;
        sk_zone_set_lists(f->zone, "");
        sk_log(&f->log, SK_LOG_NOTICE, "query tables work again");
    }
}
