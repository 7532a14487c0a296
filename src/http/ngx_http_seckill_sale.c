#include "ngx_http_seckill.h"


#define NGX_HTTP_SECKILL_ALLOWED_SIZE  256  /* bytes of what is allowed */


static ngx_int_t ngx_http_seckill_sale_param(ngx_conf_t *cf, ngx_str_t *arg,
    sk_sale_def_t *def);
static ngx_int_t ngx_http_seckill_sale_group(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *value, sk_sale_def_t *def);
static ngx_uint_t ngx_http_seckill_sale_is(ngx_str_t *arg,
    const sk_field_t *field, ngx_str_t *value);
static ngx_int_t ngx_http_seckill_sale_value(const sk_field_t *field,
    ngx_str_t *value, int64_t *number, u_char *allowed);
static ngx_int_t ngx_http_seckill_sale_unknown(ngx_conf_t *cf,
    ngx_str_t *arg);


char *
ngx_http_seckill_sale(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t           *arg, value;
    ngx_uint_t           i;
    sk_sale_def_t        def;
    ngx_seckill_zone_t  *zone;

    def = sk_sale_initial;

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    zone = NULL;
    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            zone = ngx_seckill_conf_zone(cf, &value);
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

    if (def.name_len == 0) {
        return ngx_http_seckill_param_missing(cf, "name");
    }

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        if ((sk_sale_fields[i].when & SK_FIELD_NEEDED)
            && def.values[i] == sk_sale_initial.values[i])
        {
            return ngx_http_seckill_param_missing(cf, sk_sale_fields[i].name);
        }
    }

    return ngx_seckill_conf_sale(cf, zone, &def);
}


static ngx_int_t
ngx_http_seckill_sale_param(ngx_conf_t *cf, ngx_str_t *arg,
    sk_sale_def_t *def)
{
    u_char             allowed[NGX_HTTP_SECKILL_ALLOWED_SIZE];
    ngx_str_t          value;
    ngx_uint_t         i;
    const sk_field_t  *field;

    if (ngx_http_seckill_param(arg, "name=", &value)) {

        /* the API could not name one of dots alone: URLs lose them */

        if (sk_sale_name_valid((char *) value.data, value.len)
            && strspn((char *) value.data, ".") < value.len)
        {
            def->name_len = value.len;
            ngx_memcpy(def->name, value.data, value.len);
            return NGX_OK;
        }

        (void) ngx_http_seckill_param_invalid(cf, arg,
            "1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", \"-\", not dots alone");

        return NGX_ERROR;
    }

    if (ngx_http_seckill_param(arg, "group=", &value)) {
        return ngx_http_seckill_sale_group(cf, arg, &value, def);
    }

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        field = &sk_sale_fields[i];

        if (!ngx_http_seckill_sale_is(arg, field, &value)) {
            continue;
        }

        if (ngx_http_seckill_sale_value(field, &value, &def->values[i],
                                        allowed)
            == NGX_OK)
        {
            return NGX_OK;
        }

        (void) ngx_http_seckill_param_invalid(cf, arg, (char *) allowed);

        return NGX_ERROR;
    }

    return ngx_http_seckill_sale_unknown(cf, arg);
}


static ngx_int_t
ngx_http_seckill_sale_group(ngx_conf_t *cf, ngx_str_t *arg, ngx_str_t *value,
    sk_sale_def_t *def)
{
    if (sk_sale_name_valid((char *) value->data, value->len)) {
        def->group_len = value->len;
        ngx_memcpy(def->group, value->data, value->len);
        return NGX_OK;
    }

    (void) ngx_http_seckill_param_invalid(cf, arg,
               "1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", \"-\"");

    return NGX_ERROR;
}


/* "name=value", or "name" alone if it is said or not */

static ngx_uint_t
ngx_http_seckill_sale_is(ngx_str_t *arg, const sk_field_t *field,
    ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(field->name);

    if (!(field->when & SK_FIELD_DECLARE) || arg->len < len
        || ngx_memcmp(arg->data, field->name, len) != 0)
    {
        return 0;
    }

    if (field->type == SK_FIELD_BOOLEAN) {
        return arg->len == len;
    }

    if (arg->len == len || arg->data[len] != '=') {
        return 0;
    }

    value->data = arg->data + len + 1;
    value->len = arg->len - len - 1;

    return 1;
}


/* NGX_ERROR: "allowed" says what would be good */

static ngx_int_t
ngx_http_seckill_sale_value(const sk_field_t *field, ngx_str_t *value,
    int64_t *number, u_char *allowed)
{
    time_t  sec;

    switch (field->type) {

    case SK_FIELD_BOOLEAN:
        *number = 1;
        return NGX_OK;

    case SK_FIELD_TIME:
        (void) ngx_sprintf(allowed, "a time like 2026-11-27T09:00:00Z%Z");

        return ngx_http_seckill_param_time(value, number);

    case SK_FIELD_SECONDS:
        (void) ngx_sprintf(allowed, "whole seconds, %L to %Ld, like 15m%Z",
                           field->min, field->max / 86400);

        sec = ngx_parse_time(value, 1);

        if (sec == (time_t) NGX_ERROR || sec < field->min
            || sec > field->max)
        {
            return NGX_ERROR;
        }

        *number = sec;
        return NGX_OK;

    default: /* SK_FIELD_INTEGER */
        (void) ngx_sprintf(allowed, "%L to %L%Z", field->min, field->max);

        return ngx_http_seckill_param_number(value, field->min, field->max,
                                             number);
    }
}


static ngx_int_t
ngx_http_seckill_sale_unknown(ngx_conf_t *cf, ngx_str_t *arg)
{
    u_char      allowed[NGX_HTTP_SECKILL_ALLOWED_SIZE], *p, *last;
    ngx_uint_t  i;

    last = allowed + sizeof(allowed) - 1;
    p = ngx_slprintf(allowed, last, "zone=, name=, group=");

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        if (sk_sale_fields[i].when & SK_FIELD_DECLARE) {
            p = ngx_slprintf(p, last, ", %s%s", sk_sale_fields[i].name,
                             (sk_sale_fields[i].type == SK_FIELD_BOOLEAN)
                             ? "" : "=");
        }
    }

    *p = '\0';

    (void) ngx_http_seckill_param_invalid(cf, arg, (char *) allowed);

    return NGX_ERROR;
}
