#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_sale_param(ngx_conf_t *cf, ngx_str_t *arg,
    sk_sale_def_t *def);


char *
ngx_http_seckill_sale(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                *arg, value;
    ngx_uint_t                i;
    sk_sale_def_t             def, *sale;
    ngx_http_seckill_zone_t  *zone;

    ngx_memzero(&def, sizeof(sk_sale_def_t));

    def.stock = -1;
    def.limit = 1;
    def.start_ms = SK_TIME_MIN;
    def.end_ms = SK_TIME_MAX;

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    zone = NULL;
    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            zone = ngx_http_seckill_zone_get(cf, &value);
            if (zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_sale_param(cf, &arg[i], &def) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    if (def.name_len == 0 || def.stock == -1) {
        return ngx_http_seckill_param_missing(cf, def.name_len ? "stock"
                                                               : "name");
    }

    if (def.start_ms >= def.end_ms) {
        return "has \"end\" that is not after \"start\"";
    }

    sale = zone->sales.elts;

    for (i = 0; i < zone->sales.nelts; i++) {
        if (sale[i].name_len == def.name_len
            && ngx_memcmp(sale[i].name, def.name, def.name_len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate sale \"%*s\" in zone \"%V\"",
                               def.name_len, def.name, &zone->name);
            return NGX_CONF_ERROR;
        }
    }

    sale = ngx_array_push(&zone->sales);
    if (sale == NULL) {
        return NGX_CONF_ERROR;
    }

    *sale = def;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_seckill_sale_param(ngx_conf_t *cf, ngx_str_t *arg,
    sk_sale_def_t *def)
{
    time_t       hold;
    ngx_str_t    value;
    const char  *allowed;

    if (ngx_http_seckill_param(arg, "name=", &value)) {

        /* the API could not name one of dots alone: URLs lose them */

        if (sk_sale_name_valid((char *) value.data, value.len)
            && strspn((char *) value.data, ".") < value.len)
        {
            def->name_len = value.len;
            ngx_memcpy(def->name, value.data, value.len);
            return NGX_OK;
        }

        allowed = "1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", \"-\", not dots "
                  "alone";

    } else if (ngx_http_seckill_param(arg, "stock=", &value)) {

        if (ngx_http_seckill_param_number(&value, 0, SK_STOCK_MAX, &def->stock)
            == NGX_OK)
        {
            return NGX_OK;
        }

        allowed = "0 to 1000000000";

    } else if (ngx_http_seckill_param(arg, "limit=", &value)) {

        if (ngx_http_seckill_param_number(&value, 1, SK_LIMIT_MAX, &def->limit)
            == NGX_OK)
        {
            return NGX_OK;
        }

        allowed = "1 to 10000";

    } else if (ngx_http_seckill_param(arg, "start=", &value)) {

        if (ngx_http_seckill_param_time(&value, &def->start_ms) == NGX_OK) {
            return NGX_OK;
        }

        allowed = "a time like 2026-11-27T09:00:00Z";

    } else if (ngx_http_seckill_param(arg, "end=", &value)) {

        if (ngx_http_seckill_param_time(&value, &def->end_ms) == NGX_OK) {
            return NGX_OK;
        }

        allowed = "a time like 2026-11-27T09:00:00Z";

    } else if (arg->len == 6 && ngx_strncmp(arg->data, "paused", 6) == 0) {
        def->paused = 1;
        return NGX_OK;

    } else if (ngx_http_seckill_param(arg, "hold=", &value)) {

        hold = ngx_parse_time(&value, 1);

        if (hold != (time_t) NGX_ERROR && hold <= SK_HOLD_MAX_S) {
            def->hold_s = hold;
            return NGX_OK;
        }

        allowed = "whole seconds, 0 to 30d, like 15m";

    } else {
        allowed = "zone=, name=, stock=, limit=, start=, end=, hold=, paused";
    }

    (void) ngx_http_seckill_param_invalid(cf, arg, allowed);

    return NGX_ERROR;
}


/*
 * New workers serve before their helper has the role, and declares: a claim
 * for a sale that is on its way waits.  Once all are there, this costs nothing.
 */

ngx_uint_t
ngx_http_seckill_sale_pending(ngx_http_seckill_zone_t *zone, ngx_str_t *name)
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

        if (def[i].name_len == name->len
            && ngx_memcmp(def[i].name, name->data, name->len) == 0)
        {
            pending = 1;
        }
    }

    return pending;
}
