#include "ngx_http_seckill.h"


static char *ngx_http_seckill_conf_begin(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf, ngx_http_handler_pt handler);
static char *ngx_http_seckill_conf_api_params(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf, ngx_uint_t *key, ngx_str_t *by);


void *
ngx_http_seckill_conf_create_loc(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_loc_conf_t));
}


/*
 * "if" and "limit_except" make locations of their own, which are what is
 * around them with another configuration; they take ours from there.
 */

char *
ngx_http_seckill_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_seckill_loc_conf_t  *prev = parent;
    ngx_http_seckill_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && conf->zone == NULL) {
        *conf = *prev;
    }

    if (conf->handler == ngx_http_seckill_api_handler) {

        /* the API has its own limit, and its own answer */

        clcf->client_max_body_size = 0;
    }

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = conf->handler;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_seckill_conf_begin(ngx_conf_t *cf, ngx_http_seckill_loc_conf_t *slcf,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->handler) {
        return (slcf->handler == handler) ? "is duplicate"
               : "is in a location that another seckill directive answers";
    }

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    clcf->handler = handler;
    slcf->handler = handler;

    return NGX_CONF_OK;
}


char *
ngx_http_seckill(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char        *rc;
    ngx_int_t    n;
    ngx_str_t   *arg;
    ngx_uint_t   i;

    rc = ngx_http_seckill_conf_begin(cf, slcf, ngx_http_seckill_claim_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        n = ngx_http_seckill_claim_conf_param(cf, &arg[i], &slcf->claim);

        if (n == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (n == NGX_DECLINED) {
            return ngx_http_seckill_param_invalid(cf, &arg[i],
                                                NGX_HTTP_SECKILL_CLAIM_PARAMS);
        }
    }

    slcf->zone = slcf->claim.zone;

    return ngx_http_seckill_claim_conf_end(cf, &slcf->claim);
}


char *
ngx_http_seckill_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char                              *rc;
    ngx_str_t                          by;
    ngx_uint_t                         key;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_compile_complex_value_t   ccv;

    rc = ngx_http_seckill_conf_begin(cf, slcf, ngx_http_seckill_api_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    if (ngx_http_seckill_conf_api_params(cf, slcf, &key, &by) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    /* requests are told apart by what follows the location's name */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        return "is not allowed in an exact, named or regular expression "
               "location";
    }

    if (!key) {
        return "must have \"key=file\", or \"key=off\" where access rules "
               "guard the location";
    }

    if (by.len && slcf->keys) {
        return "has \"by=\", but keys have labels";
    }

    if (by.len == 0) {
        ngx_str_set(&by, "$remote_addr");
    }

    slcf->by = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (slcf->by == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &by;
    ccv.complex_value = slcf->by;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_seckill_conf_api_params(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf, ngx_uint_t *key, ngx_str_t *by)
{
    ngx_str_t   *arg, value;
    ngx_uint_t   i;

    *key = 0;
    ngx_str_null(by);

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_seckill_conf_zone(cf, &value);
            if (slcf->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "key=", &value) && value.len) {
            *key = 1;

            if (value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0) {
                continue;
            }

            slcf->keys = ngx_http_seckill_keys_read(cf, &value);
            if (slcf->keys == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "by=", &value) && value.len) {
            *by = value;
            continue;
        }

        return ngx_http_seckill_param_invalid(cf, &arg[i],
                                              "zone=, key=file, key=off, "
                                              "by=value");
    }

    return NGX_CONF_OK;
}


char *
ngx_http_seckill_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char        *rc;
    ngx_str_t   *arg, value;
    ngx_uint_t   i;

    rc = ngx_http_seckill_conf_begin(cf, slcf,
                                     ngx_http_seckill_metrics_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_seckill_conf_zone(cf, &value);
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

        return ngx_http_seckill_param_invalid(cf, &arg[i],
                                        "zone=, format=prometheus, "
                                        "format=json");
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    return NGX_CONF_OK;
}
