#include "ngx_http_seckill_token.h"
#include "sk_token_keys.h"

#include <sodium.h>


#define NGX_HTTP_SECKILL_TOKEN_LEEWAY_S  30     /* default of leeway= */


static ngx_int_t ngx_http_seckill_token_conf_value(ngx_conf_t *cf,
    ngx_http_seckill_token_conf_t *token, ngx_str_t *value);
static ngx_int_t ngx_http_seckill_token_conf_param(ngx_conf_t *cf,
    ngx_http_seckill_token_conf_t *token, ngx_str_t *arg);
static ngx_int_t ngx_http_seckill_token_conf_keys(ngx_conf_t *cf,
    ngx_http_seckill_token_conf_t *token, ngx_str_t *file);
static void ngx_http_seckill_token_conf_free(void *data);


char *
ngx_http_seckill_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    static uint32_t  id;

    ngx_str_t                      *arg;
    ngx_uint_t                      i;
    ngx_http_seckill_token_conf_t  *token;

    arg = cf->args->elts;

    if (slcf->token != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (cf->args->nelts == 2 && ngx_strcmp(arg[1].data, "off") == 0) {
        slcf->token = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    token = ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_token_conf_t));
    if (token == NULL) {
        return NGX_CONF_ERROR;
    }

    token->rules.claim = "sub";
    token->rules.leeway_s = NGX_HTTP_SECKILL_TOKEN_LEEWAY_S;
    token->rules.id = ++id;

    if (ngx_http_seckill_token_conf_value(cf, token, &arg[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_seckill_token_conf_param(cf, token, &arg[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (token->rules.keys == NULL) {
        return ngx_http_seckill_param_missing(cf, "keys");
    }

    slcf->token = token;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_seckill_token_conf_value(ngx_conf_t *cf,
    ngx_http_seckill_token_conf_t *token, ngx_str_t *value)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = &token->value;

    /* of a text without variables, all requests would be one user's */

    if (ngx_http_script_variables_count(value) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"seckill_token\", "
                           "allowed first: one with variables, like "
                           "$http_authorization; or \"off\" alone", value);
        return NGX_ERROR;
    }

    return ngx_http_compile_complex_value(&ccv);
}


static ngx_int_t
ngx_http_seckill_token_conf_param(ngx_conf_t *cf,
    ngx_http_seckill_token_conf_t *token, ngx_str_t *arg)
{
    ngx_int_t  s;
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "keys=", &value) && value.len) {
        return ngx_http_seckill_token_conf_keys(cf, token, &value);
    }

    /* words of a configuration end with a zero */

    if (ngx_http_seckill_param(arg, "claim=", &value) && value.len) {
        token->rules.claim = (char *) value.data;
        return NGX_OK;
    }

    if (ngx_http_seckill_param(arg, "iss=", &value) && value.len) {
        token->rules.iss = (char *) value.data;
        return NGX_OK;
    }

    if (ngx_http_seckill_param(arg, "aud=", &value) && value.len) {
        token->rules.aud = (char *) value.data;
        return NGX_OK;
    }

    if (ngx_http_seckill_param(arg, "leeway=", &value)) {
        s = ngx_parse_time(&value, 1);

        if (s == NGX_ERROR || s > SK_TOKEN_LEEWAY_MAX_S) {
            (void) ngx_http_seckill_param_invalid(cf, arg,
                                                  "0s to 10m, like 30s");
            return NGX_ERROR;
        }

        token->rules.leeway_s = s;
        return NGX_OK;
    }

    (void) ngx_http_seckill_param_invalid(cf, arg, "keys=file, claim=name, "
                                          "iss=text, aud=text, leeway=time");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_seckill_token_conf_keys(ngx_conf_t *cf,
    ngx_http_seckill_token_conf_t *token, ngx_str_t *file)
{
    int                    rc;
    u_char                *text;
    size_t                 size;
    ngx_str_t              name;
    ngx_uint_t             everyone;
    sk_token_reason_t      reason;
    ngx_pool_cleanup_t    *cln;
    sk_token_keys_info_t   info;

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    text = ngx_http_seckill_key_file(cf, &name, "key", &size, &everyone);

    if (cln == NULL || text == NULL) {
        return NGX_ERROR;
    }

    rc = sk_token_keys_read(&token->rules.keys, (char *) text, size, &info,
                            reason);

    sodium_memzero(text, size);

    cln->handler = ngx_http_seckill_token_conf_free;
    cln->data = token->rules.keys;

    if (info.secret && everyone) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key file \"%V\" has a key that is not public, "
                           "and is open to everyone: chmod 600", &name);
        return NGX_ERROR;
    }

    if (rc != SK_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the key file \"%V\": %s",
                           &name, reason);
        return NGX_ERROR;
    }

    if (info.n_skipped) {
        ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                           "the key file \"%V\": %ui keys are of use, %ui were "
                           "skipped; %s", &name, (ngx_uint_t) info.n,
                           (ngx_uint_t) info.n_skipped, info.skipped);
    }

    return NGX_OK;
}


static void
ngx_http_seckill_token_conf_free(void *data)
{
    sk_token_keys_free(data);
}
