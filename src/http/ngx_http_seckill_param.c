#include "ngx_http_seckill.h"
#include "sk_time.h"


ngx_uint_t
ngx_http_seckill_param(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len < len || ngx_strncmp(arg->data, name, len) != 0) {
        return 0;
    }

    value->len = arg->len - len;
    value->data = arg->data + len;

    return 1;
}


ngx_int_t
ngx_http_seckill_param_once(ngx_conf_t *cf)
{
    size_t       len;
    u_char      *p;
    ngx_str_t   *arg;
    ngx_uint_t   i, j;

    arg = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        p = (u_char *) ngx_strchr(arg[i].data, '=');
        len = p ? (size_t) (p + 1 - arg[i].data) : arg[i].len + 1;

        for (j = 1; j < i; j++) {
            if (ngx_strncmp(arg[i].data, arg[j].data, len) == 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate parameter \"%V\" of \"%V\"",
                                   &arg[i], &arg[0]);
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


char *
ngx_http_seckill_param_invalid(ngx_conf_t *cf, ngx_str_t *arg,
    const char *allowed)
{
    ngx_str_t  *directive;

    directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\", allowed: %s",
                       arg, directive, allowed);

    return NGX_CONF_ERROR;
}


char *
ngx_http_seckill_param_missing(ngx_conf_t *cf, const char *name)
{
    ngx_str_t  *directive;

    directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" must have \"%s\" parameter", directive, name);

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_seckill_param_number(ngx_str_t *value, int64_t min, int64_t max,
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


ngx_int_t
ngx_http_seckill_param_time(ngx_str_t *value, int64_t *ms)
{
    return (sk_time_parse((char *) value->data, value->len, ms) == SK_OK)
           ? NGX_OK : NGX_ERROR;
}
