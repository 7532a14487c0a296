#include "ngx_http_seckill_console.h"


typedef struct {
    ngx_str_t                    api;
    ngx_str_t                    metrics;
    ngx_str_t                    stream;    /* empty: none */
} ngx_http_seckill_console_paths_t;


static ngx_int_t ngx_http_seckill_console_conf_param(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_http_seckill_loc_conf_t *slcf,
    ngx_http_seckill_console_paths_t *paths);
static ngx_int_t ngx_http_seckill_console_conf_path(ngx_str_t *path);
static ngx_int_t ngx_http_seckill_console_conf_json(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf,
    ngx_http_seckill_console_paths_t *paths);


char *
ngx_http_seckill_console(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char                              *rc;
    ngx_int_t                          n;
    ngx_str_t                         *arg;
    ngx_uint_t                         i;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_seckill_console_paths_t   paths;

    rc = ngx_http_seckill_conf_begin(cf, slcf,
                                     ngx_http_seckill_console_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    ngx_str_set(&paths.api, "/api/");
    ngx_str_set(&paths.metrics, "/metrics");
    ngx_str_null(&paths.stream);

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        n = ngx_http_seckill_console_conf_param(cf, &arg[i], slcf, &paths);

        if (n == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (n == NGX_DECLINED) {
            return ngx_http_seckill_param_invalid(cf, &arg[i],
                       "zone=name, api=/path/, metrics=/path, stream=/path");
        }
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    /* the page names its files relative to itself */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->name.len == 0 || clcf->name.data[clcf->name.len - 1] != '/')
    {
        return "is allowed only in a prefix location whose name ends with "
               "\"/\", like \"location /console/\"";
    }

    clcf->auto_redirect = 1;

    ngx_http_seckill_console_file_init();

    return (ngx_http_seckill_console_conf_json(cf, slcf, &paths) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* NGX_DECLINED: it is none; NGX_ERROR: it is logged */

static ngx_int_t
ngx_http_seckill_console_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_loc_conf_t *slcf,
    ngx_http_seckill_console_paths_t *paths)
{
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "zone=", &value)) {
        slcf->zone = ngx_seckill_conf_zone(cf, &value);

        return slcf->zone ? NGX_OK : NGX_ERROR;
    }

    /* what it is asked for is appended to it */

    if (ngx_http_seckill_param(arg, "api=", &value)) {
        paths->api = value;

        return (value.len && value.data[value.len - 1] == '/')
               ? ngx_http_seckill_console_conf_path(&value) : NGX_DECLINED;
    }

    if (ngx_http_seckill_param(arg, "metrics=", &value)) {
        paths->metrics = value;

        return ngx_http_seckill_console_conf_path(&value);
    }

    if (ngx_http_seckill_param(arg, "stream=", &value)) {
        paths->stream = value;

        return ngx_http_seckill_console_conf_path(&value);
    }

    return NGX_DECLINED;
}


/*
 * A path of the same host, and nothing but a path: to a browser "//name" is
 * another host, and so is "/\name", which is not plain.
 */

static ngx_int_t
ngx_http_seckill_console_conf_path(ngx_str_t *path)
{
    if (path->len == 0 || path->data[0] != '/'
        || (path->len > 1 && path->data[1] == '/')
        || !ngx_http_seckill_reply_plain(path)
        || strpbrk((char *) path->data, "?# "))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* all of it is plain, so that it is the same in JSON */

static ngx_int_t
ngx_http_seckill_console_conf_json(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf,
    ngx_http_seckill_console_paths_t *paths)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool,
                    sizeof("{\"zone\":\"\",\"api\":\"\",\"metrics\":\"\","
                           "\"stream\":null,\"version\":\"\"}\n"
                           NGX_HTTP_SECKILL_VERSION)
                    + slcf->zone->name.len + paths->api.len
                    + paths->metrics.len + paths->stream.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    slcf->console.data = p;

    p = ngx_sprintf(p, "{\"zone\":\"%V\",\"api\":\"%V\",\"metrics\":\"%V\","
                    "\"stream\":", &slcf->zone->name, &paths->api,
                    &paths->metrics);

    p = paths->stream.len ? ngx_sprintf(p, "\"%V\"", &paths->stream)
                          : ngx_sprintf(p, "null");

    p = ngx_sprintf(p, ",\"version\":\"%s\"}\n", NGX_HTTP_SECKILL_VERSION);

    slcf->console.len = p - slcf->console.data;

    return NGX_OK;
}
