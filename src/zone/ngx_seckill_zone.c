#include "ngx_seckill.h"


static ngx_int_t ngx_seckill_zone_lay_out(ngx_shm_zone_t *shm_zone,
    sk_zone_plan_t *plan, size_t size);
static ngx_int_t ngx_seckill_zone_room(ngx_shm_zone_t *shm_zone,
    uint64_t room, uint32_t sales_max);


ngx_int_t
ngx_seckill_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_seckill_zone_t  *old = data;

    size_t                    size;
    sk_zone_plan_t            plan;
    ngx_slab_pool_t          *shpool;
    ngx_seckill_zone_t  *zone;

    zone = shm_zone->data;

    if (old) {

        /* old processes use the memory now, and this reload may yet fail */

        if (old->store.len != zone->store.len
            || ngx_strcmp(old->store.data, zone->store.data) != 0)
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "seckill zone \"%V\" uses the store \"%V\" while "
                          "previously it used \"%V\"", &zone->name,
                          &zone->store, &old->store);
            return NGX_ERROR;
        }

        zone->shm = old->shm;
        zone->wake = old->wake;
        zone->wake->refs++;

        if (zone->queue && zone->queue != zone->shm->queue.n) {
            ngx_log_error(NGX_LOG_WARN, shm_zone->shm.log, 0,
                          "seckill zone \"%V\" keeps queue=%uD until nginx "
                          "is restarted", &zone->name, zone->shm->queue.n);
        }

        return ngx_seckill_zone_room(shm_zone, zone->shm->units.n_max,
                                           zone->shm->sales.n_max);
    }

    if (ngx_seckill_path_writable(zone, shm_zone->shm.log) != NGX_OK) {
        return NGX_ERROR;
    }

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    size = shpool->pfree * ngx_pagesize;

    sk_zone_plan(&plan, size, zone->workers, zone->queue, zone->sales.nelts);

    if (ngx_seckill_zone_room(shm_zone, plan.units, plan.sales)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_seckill_zone_lay_out(shm_zone, &plan, size);
}


static ngx_int_t
ngx_seckill_zone_lay_out(ngx_shm_zone_t *shm_zone, sk_zone_plan_t *plan,
    size_t size)
{
    void                *memory;
    ngx_slab_pool_t     *shpool;
    ngx_seckill_zone_t  *zone;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    memory = ngx_slab_alloc(shpool, size);
    if (memory == NULL) {
        return NGX_ERROR;
    }

#if (NGX_DEBUG_MALLOC)
    ngx_memzero(memory, size);
#endif

    zone->shm = sk_zone_init(memory, size, plan);

    if (zone->shm == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "seckill zone \"%V\" cannot be laid out", &zone->name);
        return NGX_ERROR;
    }

    shpool->data = zone->shm;

    return ngx_seckill_wake_init(zone, shm_zone->shm.log);
}


static ngx_int_t
ngx_seckill_zone_room(ngx_shm_zone_t *shm_zone, uint64_t room,
    uint32_t sales_max)
{
    size_t               need;
    uint64_t             units;
    ngx_uint_t           i;
    sk_sale_def_t       *sale;
    ngx_seckill_zone_t  *zone;

    zone = shm_zone->data;

    sale = zone->sales.elts;
    units = 0;

    for (i = 0; i < zone->sales.nelts; i++) {
        units += sk_sale_def_room(&sale[i]);
    }

    if (room && units <= room && zone->sales.nelts <= sales_max) {
        return NGX_OK;
    }

    need = sk_zone_size_for(units ? units : 1, zone->workers, zone->queue,
                            zone->sales.nelts);

    /* memory that is used already: it is its places for sales that are too
       few, and any other size makes a zone anew */

    if (need <= shm_zone->shm.size) {
        need = shm_zone->shm.size + 1048576;
    }

    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "seckill zone \"%V\" of %uzk has room for %uL units in %uD "
                  "sales, its %ui sales have %uL: a size of %uzm would do",
                  &zone->name, shm_zone->shm.size >> 10, room, sales_max,
                  zone->sales.nelts, units,
                  need >> 20);

    return NGX_ERROR;
}


void
ngx_seckill_zone_cleanup(void *data)
{
    ngx_seckill_zone_t  *zone = data;

    if (zone->wake) {
        ngx_seckill_wake_free(zone->wake);
    }
}


ngx_int_t
ngx_seckill_zone_health(ngx_seckill_zone_t *zone, char *reason)
{
    int64_t      now_ms;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    return (sk_zone_health(zone->shm, sk_monotonic_us(), now_ms, reason)
            == SK_OK)
           ? NGX_OK : NGX_ERROR;
}
