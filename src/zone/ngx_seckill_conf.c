#include "ngx_seckill.h"


/* the zones that a configuration has, whichever module has declared them */


static ngx_int_t ngx_seckill_conf_reload(ngx_cycle_t *cycle,
    ngx_seckill_conf_t *conf);
static ngx_int_t ngx_seckill_conf_check(ngx_cycle_t *cycle,
    ngx_seckill_zone_t **zones, ngx_uint_t n);


ngx_seckill_zone_t *
ngx_seckill_conf_zone(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t           *directive;
    ngx_uint_t           i;
    ngx_pool_cleanup_t  *cln;
    ngx_seckill_conf_t  *conf;
    ngx_seckill_zone_t  *zone, **zones;

    conf = (ngx_seckill_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                               ngx_seckill_module);

    if (!sk_sale_name_valid((char *) name->data, name->len)) {
        directive = cf->args->elts;
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone name \"%V\" of \"%V\", allowed: "
                           "1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", \"-\"",
                           name, directive);
        return NULL;
    }

    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {
        if (zones[i]->name.len == name->len
            && ngx_strncmp(zones[i]->name.data, name->data, name->len) == 0)
        {
            return zones[i];
        }
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_seckill_zone_t));
    zones = ngx_array_push(&conf->zones);
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

    cln->handler = ngx_seckill_zone_cleanup;
    cln->data = zone;

    return zone;
}


char *
ngx_seckill_conf_declare(ngx_conf_t *cf, ngx_seckill_params_t *params)
{
    ngx_seckill_zone_t  *zone;

    zone = ngx_seckill_conf_zone(cf, &params->name);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->shm_zone) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate zone \"%V\"", &zone->name);
        return NGX_CONF_ERROR;
    }

    zone->size = params->size;
    zone->queue = params->queue;
    zone->full = params->full;
    zone->store = params->store;
    zone->machines = params->machines;
    zone->alone = params->alone;
    zone->secret = params->secret;

    if (zone->store.len == 0) {
        zone->store.data = ngx_pnalloc(cf->pool, sizeof("seckill/.db")
                                                 + zone->name.len);
        if (zone->store.data == NULL) {
            return NGX_CONF_ERROR;
        }

        zone->store.len = ngx_sprintf(zone->store.data, "seckill/%V.db%Z",
                                      &zone->name)
                          - zone->store.data - 1;
    }

    if (ngx_conf_full_name(cf->cycle, &zone->store, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    zone->shm_zone = ngx_shared_memory_add(cf, &zone->name, zone->size,
                                           &ngx_seckill_module);
    if (zone->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->shm_zone->init = ngx_seckill_zone_init;
    zone->shm_zone->data = zone;

    return NGX_CONF_OK;
}


char *
ngx_seckill_conf_sale(ngx_conf_t *cf, ngx_seckill_zone_t *zone,
    const sk_sale_def_t *def)
{
    ngx_uint_t      i;
    sk_sale_def_t  *sale;

    sk_assert(def->name_len > 0);

    if (def->start_ms >= def->end_ms) {
        return "has \"end\" that is not after \"start\"";
    }

    if (def->shuffle_s
        && sk_sale_is_null(sk_sale_at(start_ms), def->start_ms))
    {
        return "has \"shuffle\" and no \"start\"";
    }

    if (def->end_ms - def->start_ms <= def->shuffle_s * 1000) {
        return "has \"end\" that is not after \"start\" and \"shuffle\"";
    }

    if (def->waitlist && def->hold_s == 0) {
        return "has \"waitlist\" and no \"hold\"";
    }

    sale = zone->sales.elts;

    for (i = 0; i < zone->sales.nelts; i++) {
        if (sale[i].name_len == def->name_len
            && ngx_memcmp(sale[i].name, def->name, def->name_len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate sale \"%*s\" in zone \"%V\"",
                               def->name_len, def->name, &zone->name);
            return NGX_CONF_ERROR;
        }
    }

    sale = ngx_array_push(&zone->sales);
    if (sale == NULL) {
        return NGX_CONF_ERROR;
    }

    *sale = *def;

    return NGX_CONF_OK;
}


/*
 * The core's own init_conf() has run before: how many workers there are, and
 * whose they are, is known.
 */

char *
ngx_seckill_conf_init(ngx_cycle_t *cycle, void *data)
{
    ngx_seckill_conf_t  *conf = data;

    ngx_uint_t            i;
    ngx_core_conf_t      *ccf;
    ngx_seckill_zone_t  **zones;

    if (ngx_seckill_conf_reload(cycle, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);
    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {

        zones[i]->workers = ccf->worker_processes;
        zones[i]->core = ccf;

        if (ngx_seckill_conf_check(cycle, zones, i) != NGX_OK
            || ngx_seckill_path_add(cycle, conf, zones[i]) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/*
 * With "master_process off", nginx runs neither exit_process nor init_process
 * over a reload: timers and threads would go on in memory that is gone.
 */

static ngx_int_t
ngx_seckill_conf_reload(ngx_cycle_t *cycle, ngx_seckill_conf_t *conf)
{
    ngx_uint_t           n;
    ngx_seckill_conf_t  *old;

    if (ngx_process != NGX_PROCESS_SINGLE
        || ngx_is_init_cycle((ngx_cycle_t *) ngx_cycle))
    {
        return NGX_OK;
    }

    n = conf->zones.nelts;

    if (ngx_seckill_module.index < ngx_cycle->modules_n) {
        old = (ngx_seckill_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                                  ngx_seckill_module);
        n += old ? old->zones.nelts : 0;
    }

    if (n == 0) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                  "seckill zones cannot be reloaded with \"master_process "
                  "off\": restart nginx");

    return NGX_ERROR;
}


static ngx_int_t
ngx_seckill_conf_check(ngx_cycle_t *cycle, ngx_seckill_zone_t **zones,
    ngx_uint_t n)
{
    ngx_uint_t      i;
    sk_sale_def_t  *sale;

    if (zones[n]->shm_zone == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "unknown seckill zone \"%V\" in %s:%ui",
                      &zones[n]->name, zones[n]->conf_file, zones[n]->line);
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_seckill_path_same(&zones[i]->store, &zones[n]->store)) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "the store \"%V\" is used by the seckill zones "
                          "\"%V\" and \"%V\"", &zones[n]->store,
                          &zones[i]->name, &zones[n]->name);
            return NGX_ERROR;
        }
    }

    sale = zones[n]->sales.elts;

    for (i = 0; i < zones[n]->sales.nelts; i++) {
        if (sale[i].shuffle_s && zones[n]->machines && !zones[n]->secret) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "sale \"%*s\" has \"shuffle\": the seckill zone "
                          "\"%V\", which has \"redis=\", needs \"secret=\" "
                          "for it", sale[i].name_len, sale[i].name,
                          &zones[n]->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * New workers serve before their helper has the role, and declares: a claim for
 * a sale that is on its way waits.  Once all are there, this costs nothing.
 */

ngx_uint_t
ngx_seckill_conf_pending(ngx_seckill_zone_t *zone, ngx_str_t *sale_name)
{
    ngx_uint_t      i, pending;
    sk_sale_def_t  *def;

    if (zone->complete) {
        return 0;
    }

    pending = 0;
    zone->complete = 1;

    def = zone->sales.elts;

    for (i = 0; i < zone->sales.nelts; i++) {

        if (sk_zone_sale(zone->shm, def[i].name, def[i].name_len)) {
            continue;
        }

        zone->complete = 0;

        if (def[i].name_len == sale_name->len
            && ngx_memcmp(def[i].name, sale_name->data, sale_name->len) == 0)
        {
            pending = 1;
        }
    }

    return pending;
}


const sk_sale_def_t *
ngx_seckill_conf_missing(ngx_seckill_zone_t *zone)
{
    ngx_uint_t      i;
    sk_sale_def_t  *def;

    def = zone->sales.elts;

    for (i = 0; i < zone->sales.nelts; i++) {
        if (sk_zone_sale(zone->shm, def[i].name, def[i].name_len) == NULL) {
            return &def[i];
        }
    }

    return NULL;
}
