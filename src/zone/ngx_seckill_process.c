#include "ngx_seckill.h"

#include <malloc.h>


/* which process does what for the zones */


static ngx_seckill_conf_t *ngx_seckill_process_conf(ngx_cycle_t *cycle);
static void ngx_seckill_process_memory(void);


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

        ngx_seckill_drain_init(zones[i], cycle,
                               ngx_process == NGX_PROCESS_SINGLE);

        if (ngx_process == NGX_PROCESS_SINGLE) {
            sk_zone_populate(zones[i]->shm);
            ngx_seckill_drain_start(zones[i], cycle);

        } else {
            ngx_add_timer(&zones[i]->stand_in, NGX_SECKILL_STAND_IN_MS);
        }
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


void
ngx_seckill_process_exit(ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_seckill_conf_t   *conf;
    ngx_seckill_zone_t  **zones;

    conf = ngx_seckill_process_conf(cycle);
    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {
        ngx_seckill_drain_exit(zones[i]);
    }
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

    cycle = (ngx_cycle_t *) ngx_cycle;
    zones = conf->zones.elts;

    /* first of all the role: to take a gigabyte of memory takes a second, and a
       worker is to see that somebody is there */

    for (i = 0; i < conf->zones.nelts; i++) {
        (void) ngx_seckill_drain_take(zones[i]);
    }

    for (i = 0; i < conf->zones.nelts; i++) {
        sk_zone_populate(zones[i]->shm);

        ngx_seckill_drain_init(zones[i], cycle, 1);
        ngx_seckill_drain_start(zones[i], cycle);
    }

    return NGX_SECKILL_HELPER_MS;
}
