#include "ngx_http_seckill.h"

#include <sys/eventfd.h>


/* nginx's slab pool has its own books, 24 bytes for a page of 4096 */

#define ngx_http_seckill_gross(size)  ((size) + (size) / 128 + 65536)


static char *ngx_http_seckill_zone_params(ngx_conf_t *cf, ngx_str_t *name,
    ssize_t *size, ngx_http_seckill_zone_t *params);
static ngx_int_t ngx_http_seckill_init_store(ngx_conf_t *cf,
    ngx_http_seckill_zone_t **zones, ngx_uint_t n);
static ngx_int_t ngx_http_seckill_init_shm(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_seckill_lay_out(ngx_shm_zone_t *shm_zone,
    sk_zone_plan_t *plan, size_t size);
static ngx_int_t ngx_http_seckill_check_room(ngx_shm_zone_t *shm_zone,
    uint64_t room, uint32_t sales_max);
static ngx_int_t ngx_http_seckill_wake_init(ngx_shm_zone_t *shm_zone);
static void ngx_http_seckill_wake_cleanup(void *data);


ngx_http_seckill_zone_t *
ngx_http_seckill_zone_get(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t                     *directive;
    ngx_uint_t                     i;
    ngx_pool_cleanup_t            *cln;
    ngx_http_seckill_zone_t       *zone, **zones;
    ngx_http_seckill_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_seckill_module);

    if (!sk_sale_name_valid((char *) name->data, name->len)) {
        directive = cf->args->elts;
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone name \"%V\" of \"%V\", allowed: "
                           "1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", \"-\"",
                           name, directive);
        return NULL;
    }

    zones = smcf->zones.elts;

    for (i = 0; i < smcf->zones.nelts; i++) {
        if (zones[i]->name.len == name->len
            && ngx_strncmp(zones[i]->name.data, name->data, name->len) == 0)
        {
            return zones[i];
        }
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_zone_t));
    zones = ngx_array_push(&smcf->zones);
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (zone == NULL || zones == NULL || cln == NULL
        || ngx_array_init(&zone->sales, cf->pool, 4, sizeof(sk_sale_def_t))
           != NGX_OK)
    {
        return NULL;
    }

    *zones = zone;

    zone->name = *name;
    zone->conf_file = cf->conf_file->file.name.data;
    zone->line = cf->conf_file->line;

    cln->handler = ngx_http_seckill_wake_cleanup;
    cln->data = zone;

    return zone;
}


char *
ngx_http_seckill_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                     *rc;
    ssize_t                   size;
    ngx_str_t                 name;
    ngx_http_seckill_zone_t   params, *zone;

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&params, sizeof(ngx_http_seckill_zone_t));
    ngx_str_null(&name);
    params.full = 1;
    size = 0;

    rc = ngx_http_seckill_zone_params(cf, &name, &size, &params);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    if (name.len == 0) {
        return "must have \"zone=name:size\" parameter";
    }

    zone = ngx_http_seckill_zone_get(cf, &name);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->shm_zone) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate zone \"%V\"", &name);
        return NGX_CONF_ERROR;
    }

    zone->size = size;
    zone->queue = params.queue;
    zone->full = params.full;
    zone->store = params.store;

    if (zone->store.len == 0) {
        zone->store.data = ngx_pnalloc(cf->pool,
                                       sizeof("seckill/.db") + name.len);
        if (zone->store.data == NULL) {
            return NGX_CONF_ERROR;
        }

        zone->store.len = ngx_sprintf(zone->store.data, "seckill/%V.db%Z",
                                      &name)
                          - zone->store.data - 1;
    }

    if (ngx_conf_full_name(cf->cycle, &zone->store, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    zone->shm_zone = ngx_shared_memory_add(cf, &name, size,
                                           &ngx_http_seckill_module);
    if (zone->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->shm_zone->init = ngx_http_seckill_init_shm;
    zone->shm_zone->data = zone;

    return NGX_CONF_OK;
}


static char *
ngx_http_seckill_zone_params(ngx_conf_t *cf, ngx_str_t *name, ssize_t *size,
    ngx_http_seckill_zone_t *params)
{
    u_char      *p;
    ngx_int_t    n;
    ngx_str_t   *arg, value, s;
    ngx_uint_t   i;
    const char  *allowed;

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        allowed = "zone=name:size, store=file, sync=full, sync=normal, "
                  "queue=number";

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            p = (u_char *) ngx_strchr(value.data, ':');

            if (p) {
                name->data = value.data;
                name->len = p - value.data;

                s.data = p + 1;
                s.len = value.data + value.len - s.data;

                *size = ngx_parse_size(&s);
            }

            if (p && *size >= (ssize_t) (8 * ngx_pagesize)) {
                continue;
            }

            allowed = "zone=name:size, with a size in k or m, like 64m";

        } else if (ngx_http_seckill_param(&arg[i], "store=", &value)) {

            if (value.len && value.data[value.len - 1] != '/') {
                params->store = value;
                continue;
            }

            allowed = "store=file";

        } else if (ngx_strcmp(arg[i].data, "sync=full") == 0) {
            params->full = 1;
            continue;

        } else if (ngx_strcmp(arg[i].data, "sync=normal") == 0) {
            params->full = 0;
            continue;

        } else if (ngx_http_seckill_param(&arg[i], "queue=", &value)) {

            n = ngx_atoi(value.data, value.len);

            if (n >= SK_QUEUE_MIN && n <= SK_QUEUE_MAX) {
                params->queue = n;
                continue;
            }

            allowed = "16 to 1048576";
        }

        return ngx_http_seckill_param_invalid(cf, &arg[i], allowed);
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_seckill_init_zones(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    ngx_core_conf_t               *ccf;
    ngx_http_seckill_zone_t      **zones;
    ngx_http_seckill_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_seckill_module);

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);
    zones = smcf->zones.elts;

    for (i = 0; i < smcf->zones.nelts; i++) {

        /* "worker_processes" may still be to come: a set for each processor */

        zones[i]->workers = (ccf->worker_processes > 0) ? ccf->worker_processes
                                                        : ngx_ncpu;

        if (zones[i]->shm_zone == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown seckill zone \"%V\" in %s:%ui",
                          &zones[i]->name, zones[i]->conf_file,
                          zones[i]->line);
            return NGX_ERROR;
        }

        if (ngx_http_seckill_init_store(cf, zones, i) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_init_store(ngx_conf_t *cf, ngx_http_seckill_zone_t **zones,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (ngx_http_seckill_path_same(&zones[i]->store, &zones[n]->store)) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "the store \"%V\" is used by the seckill zones "
                          "\"%V\" and \"%V\"", &zones[n]->store,
                          &zones[i]->name, &zones[n]->name);
            return NGX_ERROR;
        }
    }

    return ngx_http_seckill_path_init(cf, zones[n]);
}


static ngx_int_t
ngx_http_seckill_init_shm(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_seckill_zone_t  *old = data;

    size_t                    size;
    sk_zone_plan_t            plan;
    ngx_slab_pool_t          *shpool;
    ngx_http_seckill_zone_t  *zone;

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

        return ngx_http_seckill_check_room(shm_zone, zone->shm->units.n_max,
                                           zone->shm->sales.n_max);
    }

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    size = shpool->pfree * ngx_pagesize;

    sk_zone_plan(&plan, size, zone->workers, zone->queue, zone->sales.nelts);

    if (ngx_http_seckill_check_room(shm_zone, plan.units, plan.sales)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_seckill_lay_out(shm_zone, &plan, size);
}


static ngx_int_t
ngx_http_seckill_lay_out(ngx_shm_zone_t *shm_zone, sk_zone_plan_t *plan,
    size_t size)
{
    void                     *memory;
    ngx_slab_pool_t          *shpool;
    ngx_http_seckill_zone_t  *zone;

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

    return ngx_http_seckill_wake_init(shm_zone);
}


static ngx_int_t
ngx_http_seckill_check_room(ngx_shm_zone_t *shm_zone, uint64_t room,
    uint32_t sales_max)
{
    size_t                    need;
    uint64_t                  units;
    ngx_uint_t                i;
    sk_sale_def_t            *sale;
    ngx_http_seckill_zone_t  *zone;

    zone = shm_zone->data;

    sale = zone->sales.elts;
    units = 0;

    for (i = 0; i < zone->sales.nelts; i++) {
        units += sale[i].stock;
    }

    if (room && units <= room && zone->sales.nelts <= sales_max) {
        return NGX_OK;
    }

    need = sk_zone_size_for(units ? units : 1, zone->workers, zone->queue,
                            zone->sales.nelts);

    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "seckill zone \"%V\" of %uzk has room for %uL units in %uD "
                  "sales, its %ui sales have %uL: a size of %uzm would do",
                  &zone->name, shm_zone->shm.size >> 10, room, sales_max,
                  zone->sales.nelts, units,
                  (ngx_http_seckill_gross(need) + 1048575) >> 20);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_seckill_wake_init(ngx_shm_zone_t *shm_zone)
{
    ngx_http_seckill_zone_t  *zone;
    ngx_http_seckill_wake_t  *wake;

    zone = shm_zone->data;

    wake = ngx_alloc(sizeof(ngx_http_seckill_wake_t), shm_zone->shm.log);
    if (wake == NULL) {
        return NGX_ERROR;
    }

    wake->refs = 1;
    wake->drainer = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    wake->workers = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);

    wake->commands = sk_commands_map();

    zone->wake = wake;

    if (wake->commands == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, ngx_errno,
                      "seckill zone \"%V\" cannot map its commands",
                      &zone->name);
        return NGX_ERROR;
    }

    if (wake->drainer == -1 || wake->workers == -1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, ngx_errno,
                      "eventfd() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_seckill_wake_cleanup(void *data)
{
    ngx_http_seckill_zone_t  *zone = data;

    if (zone->wake == NULL || --zone->wake->refs) {
        return;
    }

    if (zone->wake->drainer != -1) {
        (void) close(zone->wake->drainer);
    }

    if (zone->wake->workers != -1) {
        (void) close(zone->wake->workers);
    }

    if (zone->wake->commands) {
        sk_commands_unmap(zone->wake->commands);
    }

    ngx_free(zone->wake);
}


ngx_int_t
ngx_http_seckill_health(sk_zone_t *zone, char *reason)
{
    int64_t      now_ms;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    return (sk_zone_health(zone, sk_writer_now_us(), now_ms, reason) == SK_OK)
           ? NGX_OK : NGX_ERROR;
}
