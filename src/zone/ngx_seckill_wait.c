#include "ngx_seckill.h"


/*
 * The one way to wait: claims, questions, commands and pages stand in queues,
 * one for each number of the zone that may be waited for, in the order of their
 * own numbers; so a look costs as much as there is to call.  What happens then
 * is the caller's.
 *
 * A timer for each would change a tree twice for it, and few wait to the end.
 * So the zone knows a time before which no deadline is, and looks for the next
 * one when that has come.
 */


static void ngx_seckill_wait_insert(ngx_seckill_wait_t *w);
static void ngx_seckill_wait_call(ngx_queue_t *queue, ngx_uint_t reached);
static void ngx_seckill_wait_expire(ngx_seckill_zone_t *zone);
static void ngx_seckill_wait_event(ngx_event_t *ev);
static void ngx_seckill_wait_timer(ngx_event_t *ev);


ngx_int_t
ngx_seckill_wait_init(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    ngx_uint_t  what;

    for (what = 0; what < NGX_SECKILL_WAITS; what++) {
        ngx_queue_init(&zone->waits[what]);
    }

    zone->watch.handler = ngx_seckill_wait_timer;
    zone->watch.data = zone;
    zone->watch.log = cycle->log;

    if (!(ngx_event_flags & NGX_USE_CLEAR_EVENT)) {
        /* select, poll: the watch has to do */
        return NGX_OK;
    }

    return ngx_seckill_wake_watch(cycle, zone->wake->workers,
                                  ngx_seckill_wait_event, zone,
                                  NGX_CLEAR_EVENT);
}


void
ngx_seckill_wait(ngx_seckill_zone_t *zone, ngx_seckill_wait_t *w,
    ngx_seckill_wait_e what, uint64_t number, ngx_msec_t timeout,
    ngx_seckill_wait_pt done)
{
    sk_assert(!w->waiting && what < NGX_SECKILL_WAITS && done);
    sk_assert(timeout <= NGX_SECKILL_TIMEOUT_MAX_MS);

    w->zone = zone;
    w->what = what;
    w->number = number;
    w->deadline = ngx_current_msec + timeout;
    w->done = done;
    w->waiting = 1;

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, zone->watch.log, 0,
                   "seckill park %ui %uL for %M ms", (ngx_uint_t) what, number,
                   timeout);

    zone->n_waits[what]++;

    if ((ngx_msec_int_t) (w->deadline - zone->deadline) < 0
        || !zone->watch.timer_set)
    {
        zone->deadline = w->deadline;
    }

    if (what == NGX_SECKILL_DECIDED) {
        zone->waited = ngx_current_msec;
    }

    ngx_seckill_wait_insert(w);

    ngx_seckill_wait_watch(zone);
}


/* a new number is the last, mostly: only who comes late has to look further */

static void
ngx_seckill_wait_insert(ngx_seckill_wait_t *w)
{
    ngx_queue_t         *q, *queue;
    ngx_seckill_wait_t  *prev;

    queue = &w->zone->waits[w->what];

    for (q = ngx_queue_last(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_prev(q))
    {
        prev = ngx_queue_data(q, ngx_seckill_wait_t, queue);

        if (prev->number <= w->number) {
            break;
        }
    }

    ngx_queue_insert_after(q, &w->queue);
}


/* not cancelable: a worker that exits waits for it */

void
ngx_seckill_wait_watch(ngx_seckill_zone_t *zone)
{
    if (!zone->watch.timer_set) {
        ngx_add_timer(&zone->watch, NGX_SECKILL_WATCH_MS);
    }
}


void
ngx_seckill_wait_end(ngx_seckill_wait_t *w)
{
    if (w->waiting) {
        sk_assert(w->zone->n_waits[w->what] > 0);

        ngx_queue_remove(&w->queue);
        w->waiting = 0;
        w->zone->n_waits[w->what]--;
    }
}


ngx_uint_t
ngx_seckill_wait_reached(ngx_seckill_zone_t *zone, ngx_seckill_wait_e what,
    uint64_t number)
{
    sk_zone_t  *shm;

    shm = zone->shm;

    switch (what) {

    case NGX_SECKILL_CURRENT:
        return sk_load(&shm->failing)
               || (sk_load_acquire(&shm->state) == SK_ZONE_READY
                   && (zone->seq == NULL
                       || sk_load_acquire(zone->seq)
                          <= sk_load(&shm->seen_seq)));

    case NGX_SECKILL_DECIDED:
        return sk_load_acquire(&shm->queue.head) > number;

    case NGX_SECKILL_COMMANDED:
        return sk_load_acquire(&zone->wake->commands->head) > number;

    case NGX_SECKILL_APPLIED:
        return sk_load_acquire(&shm->applied_seq) >= number;

    case NGX_SECKILL_FILLED:
        return sk_load_acquire(&shm->query_seq) >= number;

    default: /* NGX_SECKILL_TIME */
        return 0;
    }
}


/* those that have to wait on are put into the zone's queues again */

void
ngx_seckill_wait_look(ngx_seckill_zone_t *zone)
{
    ngx_uint_t           what;
    ngx_queue_t         *q, reached;
    ngx_seckill_wait_t  *w;

    ngx_queue_init(&reached);

    for (what = 0; what < NGX_SECKILL_TIME; what++) {

        while (!ngx_queue_empty(&zone->waits[what])) {
            q = ngx_queue_head(&zone->waits[what]);
            w = ngx_queue_data(q, ngx_seckill_wait_t, queue);

            if (!ngx_seckill_wait_reached(zone, what, w->number)) {
                break;
            }

            ngx_queue_remove(q);
            ngx_queue_insert_tail(&reached, q);
        }
    }

    ngx_seckill_wait_call(&reached, 1);
}


/* one that is called may end others, of the same HTTP/2 connection for example:
   they leave the queue then */

static void
ngx_seckill_wait_call(ngx_queue_t *queue, ngx_uint_t reached)
{
    ngx_seckill_wait_t  *w;

    while (!ngx_queue_empty(queue)) {
        w = ngx_queue_data(ngx_queue_head(queue), ngx_seckill_wait_t, queue);

        sk_assert(w->waiting);

        ngx_seckill_wait_end(w);

        ngx_log_debug3(NGX_LOG_DEBUG_CORE, w->zone->watch.log, 0,
                       "seckill resume %ui %uL: %ui", (ngx_uint_t) w->what,
                       w->number, reached);

        w->done(w, reached);
    }
}


static void
ngx_seckill_wait_expire(ngx_seckill_zone_t *zone)
{
    ngx_uint_t           what;
    ngx_queue_t         *q, *next, expired;
    ngx_seckill_wait_t  *w;

    ngx_queue_init(&expired);

    zone->deadline = ngx_current_msec + NGX_SECKILL_TIMEOUT_MAX_MS;

    for (what = 0; what < NGX_SECKILL_WAITS; what++) {

        for (q = ngx_queue_head(&zone->waits[what]);
             q != ngx_queue_sentinel(&zone->waits[what]);
             q = next)
        {
            next = ngx_queue_next(q);
            w = ngx_queue_data(q, ngx_seckill_wait_t, queue);

            if ((ngx_msec_int_t) (w->deadline - ngx_current_msec) <= 0
                || (ngx_exiting && w->idle))
            {
                ngx_queue_remove(q);
                ngx_queue_insert_tail(&expired, q);

            } else if ((ngx_msec_int_t) (w->deadline - zone->deadline) < 0) {
                zone->deadline = w->deadline;
            }
        }
    }

    ngx_seckill_wait_call(&expired, 0);
}


ngx_uint_t
ngx_seckill_wait_drains(ngx_seckill_zone_t *zone)
{
    return zone->n_waits[NGX_SECKILL_CURRENT]
           || zone->n_waits[NGX_SECKILL_DECIDED]
           || zone->n_waits[NGX_SECKILL_COMMANDED]
           || zone->n_waits[NGX_SECKILL_APPLIED];
}


static void
ngx_seckill_wait_event(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_seckill_wait_look(c->data);
}


/*
 * While somebody waits: looks whether he still has to, should a wake-up be
 * lost; calls those whose time is over; has somebody drain for them.
 */

static void
ngx_seckill_wait_timer(ngx_event_t *ev)
{
    ngx_uint_t           what, n;
    ngx_seckill_zone_t  *zone;

    zone = ev->data;

    /* first: that it is not set means that nobody waits, and some who are
       called may wait again */

    ngx_seckill_wait_watch(zone);

    ngx_seckill_wait_look(zone);

    if (ngx_exiting
        || (ngx_msec_int_t) (zone->deadline - ngx_current_msec) <= 0)
    {
        ngx_seckill_wait_expire(zone);
    }

    n = zone->n_busy;

    for (what = 0; what < NGX_SECKILL_WAITS; what++) {
        n += zone->n_waits[what];
    }

    if (n == 0) {
        ngx_del_timer(&zone->watch);
        return;
    }

    /* the helper has left: somebody has to decide what is still in the queue */

    if (ngx_exiting && ngx_seckill_wait_drains(zone)) {
        ngx_seckill_drain_last(zone);
    }
}
