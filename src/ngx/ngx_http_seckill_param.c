#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_digits(u_char *p, const char *pattern);


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


/* whether a text starts with this: "d" stands for a digit */

static ngx_int_t
ngx_http_seckill_digits(u_char *p, const char *pattern)
{
    for ( /* void */ ; *pattern; p++, pattern++) {
        if (*pattern == 'd' ? (*p < '0' || *p > '9') : *p != *pattern) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_seckill_param_time(ngx_str_t *value, int64_t *ms)
{
    u_char      *p;
    time_t       sec, offset;
    ngx_int_t    scale;
    ngx_uint_t   fraction;
    struct tm    given, tm;

    /* an argument of a directive ends with a zero */

    p = value->data;

    ngx_memzero(&given, sizeof(struct tm));

    if (ngx_http_seckill_digits(p, "dddd-dd-ddTdd:dd:dd") != NGX_OK
        || strptime((char *) p, "%Y-%m-%dT%H:%M:%S", &given) == NULL)
    {
        return NGX_ERROR;
    }

    p += sizeof("dddd-dd-ddTdd:dd:dd") - 1;

    fraction = 0;

    if (*p == '.') {
        for (p++, scale = 100; *p >= '0' && *p <= '9' && scale; p++) {
            fraction += (*p - '0') * scale;
            scale /= 10;
        }

        if (p[-1] == '.') {
            return NGX_ERROR;
        }
    }

    /* timegm() takes February 30 for March 2 */

    tm = given;
    sec = timegm(&tm);

    if (tm.tm_mday != given.tm_mday || tm.tm_sec != given.tm_sec || sec < 0) {
        return NGX_ERROR;
    }

    if (ngx_strcmp(p, "Z") != 0) {

        if ((*p != '+' && *p != '-') || ngx_strlen(p) != 6
            || ngx_http_seckill_digits(p + 1, "dd:dd") != NGX_OK
            || ngx_atoi(p + 1, 2) > 23 || ngx_atoi(p + 4, 2) > 59)
        {
            return NGX_ERROR;
        }

        offset = ngx_atoi(p + 1, 2) * 3600 + ngx_atoi(p + 4, 2) * 60;
        sec += (*p == '+') ? -offset : offset;
    }

    *ms = (int64_t) sec * 1000 + fraction;

    return (sec >= 0) ? NGX_OK : NGX_ERROR;
}


char *
ngx_http_seckill_param_value(ngx_conf_t *cf, ngx_str_t *text,
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

    /* a login or a header is what it is, its "%" too */

    value->encoded = ngx_strnstr(text->data, "$arg_", text->len) != NULL
                     || ngx_strnstr(text->data, "${arg_", text->len) != NULL;

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
