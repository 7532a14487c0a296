#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_stream_conf_param(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_http_seckill_loc_conf_t *slcf);


char *
ngx_http_seckill_stream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char        *rc;
    ngx_int_t    n;
    ngx_str_t   *arg;
    ngx_uint_t   i;

    rc = ngx_http_seckill_conf_begin(cf, slcf, ngx_http_seckill_stream_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    slcf->streams_max = NGX_HTTP_SECKILL_STREAMS_MAX;
    slcf->counts = 1;
    slcf->claim.anonymous = 1;

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        n = ngx_http_seckill_stream_conf_param(cf, &arg[i], slcf);

        if (n == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (n == NGX_DECLINED) {
            return ngx_http_seckill_param_invalid(cf, &arg[i],
                       "zone=name, sale=value, user=value, max=1 to 1000000, "
                       "counts=on, counts=off");
        }
    }

    slcf->zone = slcf->claim.zone;

    return ngx_http_seckill_claim_conf_end(cf, &slcf->claim);
}


/* NGX_DECLINED: it is none; NGX_ERROR: it is logged */

static ngx_int_t
ngx_http_seckill_stream_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_loc_conf_t *slcf)
{
    ngx_int_t  n;
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "max=", &value)) {
        n = ngx_atoi(value.data, value.len);

        if (n < 1 || n > 1000000) {
            return NGX_DECLINED;
        }

        slcf->streams_max = n;
        return NGX_OK;
    }

    if (ngx_http_seckill_param(arg, "counts=", &value)) {
        slcf->counts = (ngx_strcmp(value.data, "on") == 0);

        return (slcf->counts || ngx_strcmp(value.data, "off") == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    /* it never claims */

    if (ngx_http_seckill_param(arg, "timeout=", &value)
        || ngx_http_seckill_param(arg, "cross_site=", &value))
    {
        return NGX_DECLINED;
    }

    return ngx_http_seckill_claim_conf_param(cf, arg, &slcf->claim);
}
