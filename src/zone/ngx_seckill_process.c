#include "ngx_seckill.h"

#include <malloc.h>


/* which process does what for the zones */


static ngx_seckill_conf_t *ngx_seckill_process_conf(ngx_cycle_t *cycle);
static void ngx_seckill_process_memory(void);
static void ngx_seckill_process_touch_init(ngx_seckill_zone_t *zone,
    ngx_cycle_t *cycle);
static void ngx_seckill_process_touch(ngx_event_t *ev);
static void ngx_seckill_process_stop(ngx_seckill_conf_t *conf);
static void ngx_seckill_process_leave(void);


static ngx_seckill_conf_t *
ngx_seckill_process_conf(ngx_cycle_t *cycle)
{
    return (ngx_seckill_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                               ngx_seckill_module);
}


ngx_int_t
ngx_seckill_process_init(ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_seckill_conf_t   *conf;
    ngx_seckill_zone_t  **zones;

    /* NGX_PROCESS_HELPER is the cache loader too: see the manager's callback */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    conf = ngx_seckill_process_conf(cycle);
    zones = conf->zones.elts;

    if (conf->zones.nelts) {
        ngx_seckill_process_memory();
    }

    for (i = 0; i < conf->zones.nelts; i++) {

        if (ngx_seckill_wait_init(zones[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_seckill_drain_init(zones[i], cycle);
        ngx_seckill_drain_start(zones[i], cycle);

        ngx_seckill_process_touch_init(zones[i], cycle);

        /* those of a process that was killed, in whose place this one is */

        sk_store(&zones[i]->shm->streams.open[ngx_process_slot
                                              % SK_STREAM_PROCESSES], 0);
    }

    return NGX_OK;
}


/*
 * Hundreds of requests that waited end with each commit, and as many come: the
 * C library would give their memory back to the kernel each time and take it
 * anew, page by page.  mallopt(3): by default it keeps 128 KB.
 */

static void
ngx_seckill_process_memory(void)
{
#ifdef M_TRIM_THRESHOLD
    (void) mallopt(M_TRIM_THRESHOLD, NGX_SECKILL_MEMORY_KEPT);
#endif
}


/*
 * A zone's pages are in memory, but each process meets each of them with a page
 * fault, which under a hypervisor costs what a claim does; and claims go all
 * over the table.  So a process looks at all of them once when it starts, a
 * slice at a time, between what else it does.
 */

static void
ngx_seckill_process_touch_init(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    zone->touch_event.handler = ngx_seckill_process_touch;
    zone->touch_event.data = zone;
    zone->touch_event.log = cycle->log;
    zone->touch_event.cancelable = 1;

    ngx_add_timer(&zone->touch_event, NGX_SECKILL_TOUCH_MS);
}


static void
ngx_seckill_process_touch(ngx_event_t *ev)
{
    ngx_seckill_zone_t  *zone;

    zone = ev->data;
    zone->touched = sk_zone_touch(zone->shm, zone->touched, NGX_SECKILL_TOUCH);

    if (zone->touched < zone->shm->size) {
        ngx_add_timer(ev, NGX_SECKILL_TOUCH_MS);
    }
}


void
ngx_seckill_process_exit(ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_seckill_conf_t   *conf;
    ngx_seckill_zone_t  **zones;

    conf = ngx_seckill_process_conf(cycle);
    zones = conf->zones.elts;

    ngx_seckill_process_stop(conf);

    for (i = 0; i < conf->zones.nelts; i++) {
        ngx_seckill_drain_exit(zones[i]);
    }
}


/* all of them end what they do at the same time */

static void
ngx_seckill_process_stop(ngx_seckill_conf_t *conf)
{
    ngx_uint_t            i;
    ngx_seckill_zone_t  **zones;

    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {
        ngx_seckill_drainer_stop(zones[i]);
    }

    for (i = 0; i < conf->zones.nelts; i++) {
        ngx_seckill_drainer_join(zones[i]);
    }
}


/*
 * ngx_cache_manager_process_cycle() calls no exit_process, but exit(3), which
 * runs what libraries have left to be run at the end: a drainer that goes on
 * meanwhile would use a library that has cleaned up.  Called by exit(3) too,
 * and before those, since they were there earlier.
 */

static void
ngx_seckill_process_leave(void)
{
    ngx_seckill_process_stop(ngx_seckill_process_conf(
                                 (ngx_cycle_t *) ngx_cycle));
}


/*
 * The manager of the stores' path, called by the helper alone, at its start and
 * then seldom: ngx_cache_manager_process_handler().
 */

ngx_msec_t
ngx_seckill_process_helper(void *data)
{
    ngx_seckill_conf_t  *conf = data;

    ngx_uint_t            i;
    ngx_cycle_t          *cycle;
    ngx_seckill_zone_t  **zones;

    if (conf->started) {
        return NGX_SECKILL_HELPER_MS;
    }

    conf->started = 1;

    ngx_seckill_process_memory();

    (void) atexit(ngx_seckill_process_leave);

    cycle = (ngx_cycle_t *) ngx_cycle;
    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {
        ngx_seckill_drain_init(zones[i], cycle);
        ngx_seckill_drain_start(zones[i], cycle);

        ngx_seckill_process_touch_init(zones[i], cycle);
    }

    return NGX_SECKILL_HELPER_MS;
}
