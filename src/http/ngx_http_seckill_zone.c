#include "ngx_http_seckill.h"


static char *ngx_http_seckill_zone_params(ngx_conf_t *cf,
    ngx_seckill_params_t *params, ngx_http_seckill_zone_redis_t *redis);
static ngx_int_t ngx_http_seckill_zone_size(ngx_str_t *value,
    ngx_seckill_params_t *params);


char *
ngx_http_seckill_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                           *rc;
    ngx_seckill_params_t            params;
    ngx_http_seckill_zone_redis_t  *redis;

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&params, sizeof(ngx_seckill_params_t));
    params.full = 1;

    redis = ngx_palloc(cf->pool, sizeof(ngx_http_seckill_zone_redis_t));
    if (redis == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_http_seckill_zone_redis_init(redis);

    rc = ngx_http_seckill_zone_params(cf, &params, redis);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    if (params.name.len == 0) {
        return "must have \"zone=name:size\" parameter";
    }

    rc = ngx_http_seckill_zone_redis_end(cf, redis, &params);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    return ngx_seckill_conf_declare(cf, &params);
}


static char *
ngx_http_seckill_zone_params(ngx_conf_t *cf, ngx_seckill_params_t *params,
    ngx_http_seckill_zone_redis_t *redis)
{
    ngx_int_t    n, rc;
    ngx_str_t   *arg, value;
    ngx_uint_t   i;
    const char  *allowed;

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        rc = ngx_http_seckill_zone_redis(cf, &arg[i], redis);

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        allowed = "zone=name:size, store=file, sync=full, sync=normal, "
                  "queue=number, redis=url, redis_password=file, "
                  "machine=name, wait=number, gone=time, keep=number, "
                  "redis_timeout=time, secret=file";

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            if (ngx_http_seckill_zone_size(&value, params) == NGX_OK) {
                continue;
            }

            allowed = "zone=name:size, with a size in k or m, like 64m";

        } else if (ngx_http_seckill_param(&arg[i], "store=", &value)) {

            if (value.len && value.data[value.len - 1] != '/') {
                params->store = value;
                continue;
            }

            allowed = "store=file";

        } else if (ngx_http_seckill_param(&arg[i], "secret=", &value)) {

            params->secret = ngx_http_seckill_key_secret(cf, &value);
            if (params->secret == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;

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


/* "name:size" */

static ngx_int_t
ngx_http_seckill_zone_size(ngx_str_t *value, ngx_seckill_params_t *params)
{
    u_char     *p;
    ngx_str_t   size;

    p = (u_char *) ngx_strchr(value->data, ':');
    if (p == NULL) {
        return NGX_ERROR;
    }

    params->name.data = value->data;
    params->name.len = p - value->data;

    size.data = p + 1;
    size.len = value->data + value->len - size.data;

    params->size = ngx_parse_size(&size);

    return (params->size >= (ssize_t) (8 * ngx_pagesize)) ? NGX_OK : NGX_ERROR;
}
