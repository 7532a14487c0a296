#include "ngx_http_seckill.h"


/* the parameters of whatever has requests claim */


static ngx_int_t ngx_http_seckill_claim_conf_timeout(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_str_t *value, ngx_msec_t *timeout);
static ngx_uint_t ngx_http_seckill_claim_conf_has(ngx_str_t *text,
    const char *name);
static ngx_int_t ngx_http_seckill_claim_conf_value(ngx_conf_t *cf,
    ngx_str_t *text, ngx_http_seckill_value_t *value);


ngx_int_t
ngx_http_seckill_claim_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_claim_conf_t *conf)
{
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "zone=", &value)) {
        conf->zone = ngx_seckill_conf_zone(cf, &value);

        return conf->zone ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_seckill_param(arg, "sale=", &value) && value.len) {
        return ngx_http_seckill_claim_conf_value(cf, &value, &conf->sale);
    }

    if (ngx_http_seckill_param(arg, "user=", &value) && value.len) {
        return ngx_http_seckill_claim_conf_value(cf, &value, &conf->user);
    }

    if (ngx_http_seckill_param(arg, "timeout=", &value)) {
        return ngx_http_seckill_claim_conf_timeout(cf, arg, &value,
                                                   &conf->timeout);
    }

    if (ngx_strcmp(arg->data, "cross_site=on") == 0) {
        conf->cross_site = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(arg->data, "cross_site=off") == 0) {
        conf->cross_site = 0;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


char *
ngx_http_seckill_claim_conf_end(ngx_conf_t *cf,
    ngx_http_seckill_claim_conf_t *conf)
{
    static ngx_str_t  sale = ngx_string("$arg_sale");

    if (conf->zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    if (conf->timeout == 0) {
        conf->timeout = NGX_HTTP_SECKILL_TIMEOUT_MS;
    }

    if (conf->sale.value.value.data == NULL
        && ngx_http_seckill_claim_conf_value(cf, &sale, &conf->sale) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* whom to believe is for the operator to decide */

    if (conf->user.value.value.data == NULL && !conf->anonymous) {
        return ngx_http_seckill_param_missing(cf, "user");
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_seckill_claim_conf_timeout(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *value, ngx_msec_t *timeout)
{
    ngx_int_t  ms;

    ms = ngx_parse_time(value, 0);

    if (ms <= 0 || ms > NGX_SECKILL_TIMEOUT_MAX_MS) {
        (void) ngx_http_seckill_param_invalid(cf, arg, "1ms to 1h, like 5s");
        return NGX_ERROR;
    }

    *timeout = (ngx_msec_t) ms;

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_claim_conf_value(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_seckill_value_t *value)
{
    size_t                            i;
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = &value->value;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a login or a header is what it is, its "%" too */

    value->encoded = ngx_http_seckill_claim_conf_has(text, "$arg_")
                     || ngx_http_seckill_claim_conf_has(text, "${arg_");

    if (text->len <= 5
        || ngx_strncasecmp(text->data, (u_char *) "$arg_", 5) != 0)
    {
        return NGX_OK;
    }

    for (i = 5; i < text->len; i++) {
        if (!isalnum(text->data[i]) && text->data[i] != '_') {
            return NGX_OK;
        }
    }

    value->arg.len = text->len - 5;
    value->arg.data = text->data + 5;

    return NGX_OK;
}


/* names of variables are of any case */

static ngx_uint_t
ngx_http_seckill_claim_conf_has(ngx_str_t *text, const char *name)
{
    size_t  i, len;

    len = ngx_strlen(name);

    for (i = 0; i + len <= text->len; i++) {
        if (ngx_strncasecmp(text->data + i, (u_char *) name, len) == 0) {
            return 1;
        }
    }

    return 0;
}
