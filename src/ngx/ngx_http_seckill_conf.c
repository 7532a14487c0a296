#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_sale_param(ngx_conf_t *cf, ngx_str_t *arg,
    sk_sale_def_t *def);
static ngx_int_t ngx_http_seckill_number(ngx_str_t *value, int64_t min,
    int64_t max, int64_t *number);
static ngx_int_t ngx_http_seckill_time(ngx_str_t *value, int64_t *ms);
static char *ngx_http_seckill_value(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_seckill_value_t *value);
static char *ngx_http_seckill_invalid(ngx_conf_t *cf, ngx_str_t *arg,
    const char *allowed);
static char *ngx_http_seckill_no_zone(ngx_conf_t *cf);


void *
ngx_http_seckill_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_seckill_main_conf_t  *smcf;

    smcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_main_conf_t));
    if (smcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&smcf->zones, cf->pool, 2,
                       sizeof(ngx_http_seckill_zone_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return smcf;
}


void *
ngx_http_seckill_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_loc_conf_t));
}


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
        return ngx_http_seckill_no_zone(cf);
    }

    if (def.name_len == 0 || def.stock == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have \"%s\" parameter", &arg[0],
                           def.name_len ? "stock" : "name");
        return NGX_CONF_ERROR;
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
    ngx_str_t    value;
    const char  *allowed;

    if (ngx_http_seckill_param(arg, "name=", &value)) {

        if (sk_sale_name_valid((char *) value.data, value.len)) {
            def->name_len = value.len;
            ngx_memcpy(def->name, value.data, value.len);
            return NGX_OK;
        }

        allowed = "1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", \"-\"";

    } else if (ngx_http_seckill_param(arg, "stock=", &value)) {

        if (ngx_http_seckill_number(&value, 0, SK_STOCK_MAX, &def->stock)
            == NGX_OK)
        {
            return NGX_OK;
        }

        allowed = "0 to 1000000000";

    } else if (ngx_http_seckill_param(arg, "limit=", &value)) {

        if (ngx_http_seckill_number(&value, 1, SK_LIMIT_MAX, &def->limit)
            == NGX_OK)
        {
            return NGX_OK;
        }

        allowed = "1 to 10000";

    } else if (ngx_http_seckill_param(arg, "start=", &value)) {

        if (ngx_http_seckill_time(&value, &def->start_ms) == NGX_OK) {
            return NGX_OK;
        }

        allowed = "a time like 2026-11-27T09:00:00Z";

    } else if (ngx_http_seckill_param(arg, "end=", &value)) {

        if (ngx_http_seckill_time(&value, &def->end_ms) == NGX_OK) {
            return NGX_OK;
        }

        allowed = "a time like 2026-11-27T09:00:00Z";

    } else if (arg->len == 6 && ngx_strncmp(arg->data, "paused", 6) == 0) {
        def->paused = 1;
        return NGX_OK;

    } else if (ngx_http_seckill_param(arg, "hold=", &value)) {
        allowed = "holds are not supported by this version";

    } else {
        allowed = "zone=, name=, stock=, limit=, start=, end=, paused";
    }

    (void) ngx_http_seckill_invalid(cf, arg, allowed);

    return NGX_ERROR;
}


char *
ngx_http_seckill(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    ngx_int_t                  timeout;
    ngx_str_t                 *arg, value, sale, user;
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->zone) {
        return "is duplicate";
    }

    ngx_str_set(&sale, "$arg_sale");
    ngx_str_set(&user, "$arg_user");

    slcf->timeout = NGX_HTTP_SECKILL_TIMEOUT_MS;

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_http_seckill_zone_get(cf, &value);
            if (slcf->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "sale=", &value) && value.len) {
            sale = value;
            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "user=", &value) && value.len) {
            user = value;
            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "timeout=", &value)) {

            timeout = ngx_parse_time(&value, 0);
            if (timeout == NGX_ERROR || timeout == 0) {
                return ngx_http_seckill_invalid(cf, &arg[i],
                                                "a time above 0, like 5s");
            }

            slcf->timeout = timeout;
            continue;
        }

        return ngx_http_seckill_invalid(cf, &arg[i],
                                        "zone=, sale=, user=, timeout=");
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_no_zone(cf);
    }

    if (ngx_http_seckill_value(cf, &sale, &slcf->sale) != NGX_CONF_OK
        || ngx_http_seckill_value(cf, &user, &slcf->user) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_seckill_handler;

    return NGX_CONF_OK;
}


char *
ngx_http_seckill_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    ngx_str_t                 *arg, value;
    ngx_uint_t                 i, key;
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->zone) {
        return "is duplicate";
    }

    key = 0;
    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_http_seckill_zone_get(cf, &value);
            if (slcf->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "key=", &value) && value.len) {
            key = 1;

            if (value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0) {
                continue;
            }

            slcf->keys = ngx_http_seckill_keys_read(cf, &value);
            if (slcf->keys == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        return ngx_http_seckill_invalid(cf, &arg[i],
                                        "zone=, key=file, key=off");
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_no_zone(cf);
    }

    if (!key) {
        return "must have \"key=file\", or \"key=off\" where access rules "
               "guard the location";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_seckill_api_handler;

    return NGX_CONF_OK;
}


char *
ngx_http_seckill_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    ngx_str_t                 *arg, value;
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->zone) {
        return "is duplicate";
    }

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_http_seckill_zone_get(cf, &value);
            if (slcf->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strcmp(arg[i].data, "format=prometheus") == 0) {
            slcf->json = 0;
            continue;
        }

        if (ngx_strcmp(arg[i].data, "format=json") == 0) {
            slcf->json = 1;
            continue;
        }

        return ngx_http_seckill_invalid(cf, &arg[i],
                                        "zone=, format=prometheus, "
                                        "format=json");
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_no_zone(cf);
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_seckill_metrics_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_seckill_number(ngx_str_t *value, int64_t min, int64_t max,
    int64_t *number)
{
    off_t  n;

    n = ngx_atoof(value->data, value->len);

    if (n == (off_t) NGX_ERROR || n < min || n > max) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


/* RFC 3339, with a fraction of up to three digits */

static ngx_int_t
ngx_http_seckill_time(ngx_str_t *value, int64_t *ms)
{
    char        *p;
    u_char      *rest;
    time_t       sec;
    ngx_int_t    scale;
    ngx_uint_t   fraction;
    struct tm    tm, given;

    /* an argument of a directive ends with a zero */

    ngx_memzero(&tm, sizeof(struct tm));

    p = strptime((char *) value->data, "%Y-%m-%dT%H:%M:%S", &tm);
    if (p == NULL) {
        return NGX_ERROR;
    }

    fraction = 0;

    if (*p == '.') {
        for (p++, scale = 100; *p >= '0' && *p <= '9'; p++, scale /= 10) {
            fraction += (*p - '0') * scale;
        }
    }

    given = tm;
    sec = timegm(&tm);
    rest = (u_char *) p;

    if (tm.tm_mday != given.tm_mday || tm.tm_sec != given.tm_sec) {
        /* timegm() takes February 30 for March 2 */
        return NGX_ERROR;
    }

    if (ngx_strcmp(rest, "Z") != 0) {

        /* +hh:mm */

        if ((*rest != '+' && *rest != '-') || ngx_strlen(rest) != 6
            || rest[3] != ':'
            || ngx_atoi(rest + 1, 2) == NGX_ERROR
            || ngx_atoi(rest + 4, 2) == NGX_ERROR)
        {
            return NGX_ERROR;
        }

        sec -= (*rest == '+' ? 1 : -1)
               * (ngx_atoi(rest + 1, 2) * 3600 + ngx_atoi(rest + 4, 2) * 60);
    }

    *ms = (int64_t) sec * 1000 + fraction;

    return (sec >= 0) ? NGX_OK : NGX_ERROR;
}


static char *
ngx_http_seckill_value(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_seckill_value_t *value)
{
    size_t                             i;
    ngx_http_compile_complex_value_t   ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = &value->value;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (text->len <= 5 || ngx_strncmp(text->data, "$arg_", 5) != 0) {
        return NGX_CONF_OK;
    }

    for (i = 5; i < text->len; i++) {
        if (!isalnum(text->data[i]) && text->data[i] != '_') {
            return NGX_CONF_OK;
        }
    }

    value->arg.len = text->len - 5;
    value->arg.data = text->data + 5;

    return NGX_CONF_OK;
}


static char *
ngx_http_seckill_invalid(ngx_conf_t *cf, ngx_str_t *arg, const char *allowed)
{
    ngx_str_t  *directive;

    directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\", allowed: %s",
                       arg, directive, allowed);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_seckill_no_zone(ngx_conf_t *cf)
{
    ngx_str_t  *directive;

    directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" must have \"zone\" parameter", directive);

    return NGX_CONF_ERROR;
}
