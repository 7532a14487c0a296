#include "ngx_seckill.h"

#include <sys/eventfd.h>


/*
 * The drainer in a process: the role, its turns, and what wakes it.  The helper
 * has the role as long as it lives; a worker takes it where there is none.
 */


static void ngx_seckill_drain_seq(ngx_event_t *ev);
static void ngx_seckill_drain_filler(ngx_event_t *ev);
static void ngx_seckill_drain_progress(void *ctx);
static void ngx_seckill_drain_log(void *ctx, sk_log_e level,
    const char *message);
static void ngx_seckill_drain_event(ngx_event_t *ev);
static void ngx_seckill_drain_worker(ngx_seckill_zone_t *zone);
static void ngx_seckill_drain_stand_in(ngx_event_t *ev);
static ngx_msec_t ngx_seckill_drain_steps(ngx_seckill_zone_t *zone);
static void ngx_seckill_drain_clocks(int64_t *now_ms, int64_t *boot_ms);
static void ngx_seckill_drain_decided(ngx_seckill_zone_t *zone);
static void ngx_seckill_drain_wake_now(ngx_event_t *ev);
static void ngx_seckill_drain_woken(ngx_event_t *ev);


void
ngx_seckill_drain_init(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle,
    ngx_uint_t declare)
{
    zone->drain.writer.zone = zone->shm;
    zone->drain.writer.path = (char *) zone->store.data;
    zone->drain.writer.full = zone->full;
    zone->drain.writer.log.write = ngx_seckill_drain_log;
    zone->drain.writer.log.ctx = zone;
    zone->drain.commands = zone->wake->commands;

    /* an exiting worker's configuration may be an old one */

    zone->drain.declare.leaving = !declare;

    if (declare) {
        zone->drain.declare.sales = zone->sales.elts;
        zone->drain.declare.n_sales = zone->sales.nelts;
    }

    zone->drain_event.handler = ngx_seckill_drain_event;
    zone->drain_event.data = zone;
    zone->drain_event.log = cycle->log;
    zone->drain_event.cancelable = 1;

    zone->stand_in.handler = ngx_seckill_drain_stand_in;
    zone->stand_in.data = zone;
    zone->stand_in.log = cycle->log;
    zone->stand_in.cancelable = 1;

    zone->wake_event.handler = ngx_seckill_drain_wake_now;
    zone->wake_event.data = zone;
    zone->wake_event.log = cycle->log;

    zone->seq_event.handler = ngx_seckill_drain_seq;
    zone->seq_event.data = zone;
    zone->seq_event.log = cycle->log;
    zone->seq_event.cancelable = 1;

    ngx_seckill_drain_seq(&zone->seq_event);
}


/* without it the zone sells, but knows late of what others on the store sell */

static void
ngx_seckill_drain_seq(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;
    zone->seq = sk_seq_map((char *) zone->store.data);

    if (zone->seq == NULL) {

        if (!zone->seq_told) {
            zone->seq_told = 1;
            ngx_log_error(NGX_LOG_ERR, ev->log, ngx_errno,
                          "seckill zone \"%V\" cannot map the file \"-seq\" "
                          "of the store \"%V\": what other servers sell from "
                          "it is known late", &zone->name, &zone->store);
        }

        ngx_add_timer(ev, NGX_SECKILL_RETRY_MS);
        return;
    }

    zone->drain.writer.seq = zone->seq;

    if (!zone->seq_told) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                  "seckill zone \"%V\" has mapped the file \"-seq\" of the "
                  "store \"%V\"", &zone->name, &zone->store);

    sk_seq_advance(zone->seq, sk_load(&zone->shm->seen_seq));

    /* as at a start: what the file says may be of a ledger that is no more */

    zone->drain.writer.loaded = 0;
}


/* it tries for the role, and has the query tables filled */

void
ngx_seckill_drain_start(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    ngx_add_timer(&zone->drain_event, 1);

    zone->filler_event.handler = ngx_seckill_drain_filler;
    zone->filler_event.data = zone;
    zone->filler_event.log = cycle->log;
    zone->filler_event.cancelable = 1;

    ngx_seckill_drain_filler(&zone->filler_event);
}


/* starts the thread that fills the query tables, or tries to each second */

static void
ngx_seckill_drain_filler(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;
    zone->filler = sk_query_thread_start(zone->shm, (char *) zone->store.data,
                                         &zone->drain.writer.log,
                                         ngx_seckill_drain_progress);

    if (zone->filler == NULL) {

        if (!zone->filler_told) {
            zone->filler_told = 1;
            ngx_log_error(NGX_LOG_ERR, ev->log, ngx_errno,
                          "seckill zone \"%V\" cannot start its query thread",
                          &zone->name);
        }

        ngx_add_timer(ev, NGX_SECKILL_RETRY_MS);
        return;
    }

    if (zone->filler_told) {
        zone->filler_told = 0;
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "seckill zone \"%V\" has started its query thread",
                      &zone->name);
    }
}


/* called in the thread, as the log is: it may touch nothing else */

static void
ngx_seckill_drain_progress(void *ctx)
{
    ngx_seckill_zone_t  *zone = ctx;

    (void) eventfd_write(zone->wake->workers, 1);
}


static void
ngx_seckill_drain_log(void *ctx, sk_log_e level, const char *message)
{
    ngx_seckill_zone_t  *zone = ctx;

    ngx_uint_t  n;

    if (level == SK_LOG_DEBUG) {
        ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                       "seckill zone \"%V\", store \"%V\": %s",
                       &zone->name, &zone->store, message);
        return;
    }

    n = (level == SK_LOG_ERR) ? NGX_LOG_ERR
        : (level == SK_LOG_WARN) ? NGX_LOG_WARN : NGX_LOG_NOTICE;

    ngx_log_error(n, ngx_cycle->log, 0, "seckill zone \"%V\", store \"%V\": %s",
                  &zone->name, &zone->store, message);
}


ngx_int_t
ngx_seckill_drain_take(ngx_seckill_zone_t *zone)
{
    if (zone->role) {
        return NGX_OK;
    }

    if (sk_zone_role_take(zone->shm) != SK_OK) {
        return NGX_AGAIN;
    }

    zone->role = 1;

    sk_add(&zone->shm->drainers, 1);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "seckill role of \"%V\" taken", &zone->name);

    return NGX_OK;
}


void
ngx_seckill_drain_leave(ngx_seckill_zone_t *zone)
{
    sk_assert(zone->role);

    if (zone->drain_event.timer_set) {
        ngx_del_timer(&zone->drain_event);
    }

    if (zone->drain_event.posted) {
        ngx_delete_posted_event(&zone->drain_event);
    }

    sk_drain_close(&zone->drain);

    zone->role = 0;

    sk_zone_role_leave(zone->shm);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "seckill role of \"%V\" left", &zone->name);
}


void
ngx_seckill_drain_exit(ngx_seckill_zone_t *zone)
{
    if (zone->role) {
        ngx_seckill_drain_leave(zone);
    }

    if (zone->filler) {

        /* "master_process off": the module is unloaded next.  The helper ends
           without this, and its threads with it. */

        sk_query_thread_stop(zone->filler);
        zone->filler = NULL;
    }
}


static void
ngx_seckill_drain_event(ngx_event_t *ev)
{
    ngx_msec_t           delay;
    ngx_seckill_zone_t  *zone;

    zone = ev->data;

    if (ngx_seckill_drain_take(zone) != NGX_OK) {

        /* the helper of the configuration before has not left yet, or a worker
           has stood in for one that was killed */

        if (ngx_process == NGX_PROCESS_HELPER) {
            sk_store(&zone->shm->role_wanted, 1);
        }

        ngx_add_timer(ev, NGX_SECKILL_ROLE_RETRY_MS);
        return;
    }

    if (!zone->watched && ngx_process == NGX_PROCESS_HELPER) {
        zone->watched = 1;
        sk_store(&zone->shm->role_wanted, 0);

        if (ngx_seckill_wake_watch((ngx_cycle_t *) ngx_cycle,
                                   zone->wake->drainer,
                                   ngx_seckill_drain_woken, zone, 0)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, ev->log, 0,
                          "seckill zone \"%V\" cannot be woken, it polls",
                          &zone->name);
        }
    }

    if (ngx_process == NGX_PROCESS_WORKER) {

        /* an exiting worker's configuration may be an old one */

        zone->drain.declare.leaving = ngx_exiting;
    }

    delay = ngx_seckill_drain_steps(zone);

    if (delay) {
        ngx_add_timer(ev, delay);

    } else {
        ngx_post_event(ev, &ngx_posted_next_events);
    }

    if (ngx_process == NGX_PROCESS_WORKER) {
        ngx_seckill_drain_worker(zone);
    }
}


/*
 * A worker drains until there is a helper that wants to; one that is exiting no
 * longer than somebody waits for that.
 */

static void
ngx_seckill_drain_worker(ngx_seckill_zone_t *zone)
{
    ngx_seckill_wait_look(zone);

    if (sk_load(&zone->shm->role_wanted)) {
        ngx_seckill_drain_leave(zone);

        if (!ngx_exiting) {
            ngx_log_error(NGX_LOG_NOTICE, zone->drain_event.log, 0,
                          "seckill zone \"%V\": the helper is back",
                          &zone->name);
        }

        return;
    }

    if (ngx_exiting && !ngx_seckill_wait_drains(zone)) {
        ngx_seckill_drain_leave(zone);
    }
}


/*
 * nginx starts a helper that was killed again, once: if there is no process to
 * be had at that moment, it gives up.  So each worker looks now and then
 * whether anybody has the role, and takes it when nobody has had it for two
 * looks.
 */

static void
ngx_seckill_drain_stand_in(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;

    ngx_add_timer(ev, NGX_SECKILL_STAND_IN_MS);

    if (zone->role || ngx_exiting) {
        return;
    }

    if (sk_zone_role_take(zone->shm) != SK_OK) {
        zone->deserted = 0;
        return;
    }

    sk_zone_role_leave(zone->shm);

    if (!zone->deserted) {
        zone->deserted = 1;
        return;
    }

    zone->deserted = 0;

    if (ngx_seckill_drain_take(zone) != NGX_OK) {
        return;
    }

    /* of a helper that is no more */
    sk_store(&zone->shm->role_wanted, 0);

    sk_zone_set_lists(zone->shm, "query tables: there is no helper to fill "
                      "them");

    ngx_log_error(NGX_LOG_ERR, ev->log, 0,
                  "seckill zone \"%V\" has no helper: this worker does its "
                  "work, reload nginx to have one started", &zone->name);

    zone->drain.declare.sales = zone->sales.elts;
    zone->drain.declare.n_sales = zone->sales.nelts;

    ngx_post_event(&zone->drain_event, &ngx_posted_events);
}


/* drains until the queue is empty; ms until it is to go on, 0: in a turn */

static ngx_msec_t
ngx_seckill_drain_steps(ngx_seckill_zone_t *zone)
{
    int          rc;
    int64_t      now_ms, boot_ms;
    uint64_t     head;
    unsigned     decided;
    ngx_uint_t   i;
    sk_queue_t  *queue;

    sk_assert(zone->role);

    queue = &zone->shm->queue;

    for (i = 0; i < NGX_SECKILL_STEPS_MAX; i++) {

        if (ngx_process == NGX_PROCESS_HELPER && (ngx_quit || ngx_terminate)) {
            break;
        }

        sk_store(&zone->shm->idle, 0);

        ngx_time_update();
        ngx_seckill_drain_clocks(&now_ms, &boot_ms);

        head = sk_load(&queue->head);

        rc = sk_drain_work(&zone->drain, now_ms, boot_ms, &decided);

        if (decided) {
            ngx_seckill_drain_decided(zone);
        }

        switch (rc) {

        case SK_AGAIN:
            return SK_DRAIN_BUSY_RETRY_MS;

        case SK_ERROR:
            return SK_DRAIN_RETRY_MS;

        case SK_MORE:

            /* many were decided: as many more are on their way */

            if (sk_load(&queue->head) - head < NGX_SECKILL_GATHER) {
                continue;
            }
        }

        /* a worker that queues a claim after this sees that it has to wake
           the drainer; one that did so before is seen here */

        sk_store(&zone->shm->idle, 1);
        atomic_thread_fence(memory_order_seq_cst);

        if (sk_command_pending(zone->wake->commands)) {
            continue;
        }

        if (rc == SK_MORE) {
            return NGX_SECKILL_GATHER_MS;
        }

        if (sk_queue_depth(queue) == 0) {

            /* nothing wakes a worker that drains */

            return (ngx_process == NGX_PROCESS_WORKER)
                   ? NGX_SECKILL_ROLE_RETRY_MS : SK_DRAIN_POLL_MS;
        }
    }

    return 0;
}


/* both at once: what was set, and what nobody sets */

static void
ngx_seckill_drain_clocks(int64_t *now_ms, int64_t *boot_ms)
{
    struct timespec  now, boot;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    (void) clock_gettime(CLOCK_BOOTTIME, &boot);

    *now_ms = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
    *boot_ms = (int64_t) boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
}


static void
ngx_seckill_drain_decided(ngx_seckill_zone_t *zone)
{
    if (ngx_process != NGX_PROCESS_SINGLE) {
        ngx_seckill_wake_signal(zone->wake->workers, zone->drain_event.log);
    }

    if (ngx_process != NGX_PROCESS_HELPER) {
        ngx_seckill_wait_look(zone);
    }
}


void
ngx_seckill_drain_wake(ngx_seckill_zone_t *zone)
{
    if (zone->role) {
        ngx_post_event(&zone->drain_event, &ngx_posted_events);
        return;
    }

    ngx_post_event(&zone->wake_event, &ngx_posted_events);
}


/* the claims of a turn of the event loop are decided in one commit */

static void
ngx_seckill_drain_wake_now(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;

    atomic_thread_fence(memory_order_seq_cst);

    if (sk_load(&zone->shm->idle) && atomic_exchange(&zone->shm->idle, 0)) {
        ngx_seckill_wake_signal(zone->wake->drainer, zone->watch.log);
    }
}


static void
ngx_seckill_drain_woken(ngx_event_t *ev)
{
    uint64_t             n;
    ngx_connection_t    *c;
    ngx_seckill_zone_t  *zone;

    c = ev->data;
    zone = c->data;

    (void) eventfd_read(c->fd, &n);

    if (zone->drain_event.timer_set) {
        ngx_del_timer(&zone->drain_event);
    }

    ngx_seckill_drain_event(&zone->drain_event);
}
