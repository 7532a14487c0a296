#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "sk_query.h"


typedef struct {
    sk_zone_t      *zone;
    sk_drain_t     *drain;              /* for its log */
    sk_query_t     *query;
    void          (*progress)(void *ctx);
    unsigned        failed;
} sk_filler_t;


static void *sk_query_thread(void *data);
static void sk_query_told(sk_filler_t *f, int rc);
static void sk_query_sleep(unsigned ms);


int
sk_query_start(sk_drain_t *d, void (*progress)(void *ctx))
{
    int              rc;
    sigset_t         all, old;
    pthread_t        thread;
    sk_filler_t     *f;
    pthread_attr_t   attr;

    f = calloc(1, sizeof(sk_filler_t));
    if (f == NULL) {
        return SK_ERROR;
    }

    f->zone = d->zone;
    f->drain = d;
    f->progress = progress;
    f->query = sk_query_create(d->zone, d->path);

    if (f->query == NULL || pthread_attr_init(&attr) != 0) {
        goto failed;
    }

    (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);

    /* signals are for the thread that knows what to do with them */

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);

    rc = pthread_create(&thread, &attr, sk_query_thread, f);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void) pthread_attr_destroy(&attr);

    if (rc == 0) {
        return SK_OK;
    }

failed:

    if (f->query) {
        sk_query_destroy(f->query);
    }

    free(f);

    return SK_ERROR;
}


static void *
sk_query_thread(void *data)
{
    sk_filler_t  *f = data;

    int         rc;
    int64_t     start_us, took_us;
    unsigned    polls;
    uint64_t    decided, before;
    sk_zone_t  *zone;

    zone = f->zone;
    polls = 0;
    decided = 0;

    for ( ;; ) {

        /* now and then it looks whether its file is there still */

        if (sk_load_acquire(&zone->state) != SK_ZONE_READY
            || (++polls % SK_QUERY_LOOK && sk_query_idle(f->query)))
        {
            sk_query_sleep(SK_QUERY_POLL_MS);
            continue;
        }

        start_us = sk_drain_now_us();

        rc = sk_query_fill(f->query);

        took_us = sk_drain_now_us() - start_us;

        sk_query_told(f, rc);

        if (rc == SK_ERROR || rc == SK_AGAIN) {
            sk_query_sleep(SK_QUERY_RETRY_MS);
            continue;
        }

        f->progress(f->drain->ctx);

        /* the claims' processes come first, unless somebody waits for this */

        before = decided;
        decided = sk_load(&zone->queue.head);

        if (decided != before
            && sk_load(&zone->query_wanted) <= sk_load(&zone->query_seq))
        {
            sk_query_sleep((unsigned) (took_us * SK_QUERY_REST / 1000) + 1);
        }
    }

    return NULL;
}


/* said once, until it is over */

static void
sk_query_told(sk_filler_t *f, int rc)
{
    if (rc == SK_ERROR && !f->failed) {
        f->failed = 1;
        sk_drain_log(f->drain, SK_LOG_ERR, "query tables: %s",
                     sk_query_error(f->query));

    } else if (rc != SK_ERROR && rc != SK_AGAIN && f->failed) {
        f->failed = 0;
        sk_drain_log(f->drain, SK_LOG_NOTICE, "query tables work again");
    }
}


static void
sk_query_sleep(unsigned ms)
{
    struct timespec  ts;

    ts.tv_sec = ms / 1000;
    ts.tv_nsec = (long) (ms % 1000) * 1000000;

    (void) nanosleep(&ts, NULL);
}
