#include "ngx_seckill.h"

#include <sys/eventfd.h>


/*
 * Which process drains a zone: the helper, as long as it lives; a worker, where
 * there is none; the one that there is.  The work is a thread's, see
 * ngx_seckill_drainer.c; here is when that is started and woken.
 */


static void ngx_seckill_drain_seq(ngx_event_t *ev);
static void ngx_seckill_drain_thread(ngx_event_t *ev);
static void ngx_seckill_drain_filler(ngx_event_t *ev);
static void ngx_seckill_drain_progress(void *ctx);
static void ngx_seckill_drain_log(void *ctx, sk_log_e level,
    const char *message);
static ngx_uint_t ngx_seckill_drain_deserted(ngx_seckill_zone_t *zone);
static void ngx_seckill_drain_stand_in(ngx_event_t *ev);
static void ngx_seckill_drain_wake_now(ngx_event_t *ev);


void
ngx_seckill_drain_init(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    zone->drain.writer.zone = zone->shm;
    zone->drain.writer.path = (char *) zone->store.data;
    zone->drain.writer.full = zone->full;
    zone->drain.writer.secret = zone->secret;
    zone->drain.writer.log.write = ngx_seckill_drain_log;
    zone->drain.writer.log.ctx = zone;
    zone->drain.commands = zone->wake->commands;

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

    sk_store_release(&zone->drainer.seq, zone->seq);

    if (!zone->seq_told) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                  "seckill zone \"%V\" has mapped the file \"-seq\" of the "
                  "store \"%V\"", &zone->name, &zone->store);
}


void
ngx_seckill_drain_start(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    zone->drain_event.data = zone;
    zone->drain_event.log = cycle->log;
    zone->drain_event.cancelable = 1;

    if (ngx_process == NGX_PROCESS_WORKER) {
        zone->drain_event.handler = ngx_seckill_drain_stand_in;
        ngx_add_timer(&zone->drain_event, NGX_SECKILL_STAND_IN_MS);
        return;
    }

    zone->filler_event.handler = ngx_seckill_drain_filler;
    zone->filler_event.data = zone;
    zone->filler_event.log = cycle->log;
    zone->filler_event.cancelable = 1;

    zone->drain_event.handler = ngx_seckill_drain_thread;
    ngx_seckill_drain_thread(&zone->drain_event);
}


/*
 * Starts the thread that drains, or tries to each second.  Without it this
 * helper is none: a worker stands in, and says that nobody fills the tables.
 */

static void
ngx_seckill_drain_thread(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;

    if (ngx_seckill_drainer_start(zone, ev->log) != NGX_OK) {
        ngx_add_timer(ev, NGX_SECKILL_RETRY_MS);
        return;
    }

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


/* called in the thread, as the log is */

static void
ngx_seckill_drain_progress(void *ctx)
{
    ngx_seckill_zone_t  *zone = ctx;

    (void) eventfd_write(zone->wake->workers, 1);
}


/*
 * Called in threads.  The main thread may sleep for long, so the time is looked
 * at: ngx_time_update() is for several threads.
 */

static void
ngx_seckill_drain_log(void *ctx, sk_log_e level, const char *message)
{
    ngx_seckill_zone_t  *zone = ctx;

    ngx_uint_t  n;

    if (level == SK_LOG_DEBUG
        && !(ngx_cycle->log->log_level & NGX_LOG_DEBUG_CORE))
    {
        return;
    }

    ngx_time_update();

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


void
ngx_seckill_drain_exit(ngx_seckill_zone_t *zone)
{
    if (zone->filler) {

        /* "master_process off": the module is unloaded next.  The helper ends
           without this, and these threads with it. */

        sk_query_thread_stop(zone->filler);
        zone->filler = NULL;
    }
}


/* whether nobody has the role at this moment */

static ngx_uint_t
ngx_seckill_drain_deserted(ngx_seckill_zone_t *zone)
{
    if (sk_zone_role_take(zone->shm) != SK_OK) {
        return 0;
    }

    sk_zone_role_leave(zone->shm);

    return 1;
}


/*
 * nginx starts a helper that was killed again, once: if there is no process to
 * be had at that moment, it gives up.  So each worker looks now and then
 * whether anybody has the role, and takes it when nobody has had it for two
 * looks.  One that is exiting keeps it no longer than somebody waits for that.
 */

static void
ngx_seckill_drain_stand_in(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;

    ngx_add_timer(ev, NGX_SECKILL_STAND_IN_MS);

    if (ngx_exiting) {
        sk_store(&zone->drainer.leaving, 1);

        if (!ngx_seckill_wait_drains(zone)) {
            ngx_seckill_drainer_stop(zone);
        }

        return;
    }

    if (!ngx_seckill_drain_deserted(zone)) {
        zone->deserted = 0;
        return;
    }

    if (!zone->deserted) {
        zone->deserted = 1;
        return;
    }

    if (ngx_seckill_drainer_start(zone, ev->log) == NGX_OK) {
        zone->deserted = 0;
    }
}


void
ngx_seckill_drain_last(ngx_seckill_zone_t *zone)
{
    if (ngx_seckill_drain_deserted(zone)) {
        (void) ngx_seckill_drainer_start(zone, zone->watch.log);
    }
}


void
ngx_seckill_drain_wake(ngx_seckill_zone_t *zone)
{
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
