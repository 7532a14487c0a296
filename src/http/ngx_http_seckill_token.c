#include "ngx_http_seckill_token.h"
#include "sk_token_cache.h"


#define NGX_HTTP_SECKILL_TOKEN_KEPT  16384      /* tokens, of a worker */


/* what was found out of a request's token, by one seckill_token */

typedef struct ngx_http_seckill_token_s  ngx_http_seckill_token_t;

struct ngx_http_seckill_token_s {
    ngx_http_seckill_token_conf_t   *conf;
    ngx_http_seckill_token_t        *next;
    sk_token_error_e                 error;
    ngx_str_t                        user;
};


static ngx_int_t ngx_http_seckill_token_user(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_seckill_token_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_seckill_token_get(ngx_http_request_t *r,
    ngx_http_seckill_token_t **token);
static ngx_http_seckill_token_t **ngx_http_seckill_token_found(
    ngx_http_request_t *r);
static void ngx_http_seckill_token_cleanup(void *data);
static ngx_int_t ngx_http_seckill_token_verify(ngx_http_request_t *r,
    ngx_http_seckill_token_t *token);
static void ngx_http_seckill_token_bearer(ngx_str_t *value);
static ngx_int_t ngx_http_seckill_token_header(ngx_http_request_t *r,
    sk_token_error_e error);


/*
 * Another location may have another seckill_token, so nginx must not keep what
 * they are; ngx_http_seckill_token_get() does.
 */

static ngx_http_variable_t  ngx_http_seckill_token_vars[] = {

    { ngx_string("seckill_token_user"), NULL, ngx_http_seckill_token_user, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_token_error"), NULL, ngx_http_seckill_token_error, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* of this process; made when the first token comes */

static sk_token_cache_t  *ngx_http_seckill_token_cache;


ngx_int_t
ngx_http_seckill_token_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_seckill_token_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_token_user(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_int_t                  rc;
    ngx_http_seckill_token_t  *token;

    rc = ngx_http_seckill_token_get(r, &token);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    v->valid = (rc == NGX_OK);
    v->no_cacheable = 0;
    v->not_found = !v->valid;

    if (rc == NGX_OK) {
        v->len = token->user.len;
        v->data = token->user.data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_token_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                  rc;
    ngx_http_seckill_token_t  *token;

    rc = ngx_http_seckill_token_get(r, &token);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    v->valid = (rc == NGX_OK);
    v->no_cacheable = 0;
    v->not_found = !v->valid;

    if (rc == NGX_OK) {
        v->data = (u_char *) sk_token_errors[token->error].word;
        v->len = ngx_strlen(v->data);
    }

    return NGX_OK;
}


/* NGX_DECLINED: no seckill_token is in effect */

static ngx_int_t
ngx_http_seckill_token_get(ngx_http_request_t *r,
    ngx_http_seckill_token_t **token)
{
    ngx_http_seckill_token_t     **found;
    ngx_http_seckill_loc_conf_t   *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    if (slcf->token == NULL) {
        return NGX_DECLINED;
    }

    found = ngx_http_seckill_token_found(r);
    if (found == NULL) {
        return NGX_ERROR;
    }

    for (*token = *found; *token; *token = (*token)->next) {
        if ((*token)->conf == slcf->token) {
            return NGX_OK;
        }
    }

    *token = ngx_pcalloc(r->pool, sizeof(ngx_http_seckill_token_t));
    if (*token == NULL) {
        return NGX_ERROR;
    }

    (*token)->conf = slcf->token;

    if (ngx_http_seckill_token_verify(r, *token) != NGX_OK) {
        return NGX_ERROR;
    }

    if ((*token)->error == SK_TOKEN_MISSING) {

        /* a variable that some later phase sets may have it yet */

        return NGX_OK;
    }

    (*token)->next = *found;
    *found = *token;

    return NGX_OK;
}


/*
 * A request loses its modules' contexts when it is redirected inside of nginx,
 * and a subrequest has its own; the pool is one, with all that is to be done
 * when it goes.  As in ngx_http_realip_get_module_ctx().
 */

static ngx_http_seckill_token_t **
ngx_http_seckill_token_found(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_seckill_token_cleanup) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_seckill_token_t *));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_seckill_token_cleanup;
    *(ngx_http_seckill_token_t **) cln->data = NULL;

    return cln->data;
}


/* nothing is to be done: it marks the place */

static void
ngx_http_seckill_token_cleanup(void *data)
{
}


static ngx_int_t
ngx_http_seckill_token_verify(ngx_http_request_t *r,
    ngx_http_seckill_token_t *token)
{
    ngx_str_t   value;
    sk_token_t  said;

    if (ngx_http_complex_value(r, &token->conf->value, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_seckill_token_bearer(&value);

    if (ngx_http_seckill_token_cache == NULL) {

        /* without memory for it, all are verified anew */

        ngx_http_seckill_token_cache =
                            sk_token_cache_create(NGX_HTTP_SECKILL_TOKEN_KEPT);
    }

    token->error = sk_token_cache_verify(ngx_http_seckill_token_cache,
                                         &token->conf->rules,
                                         (char *) value.data, value.len,
                                         ngx_time(), &said);

    if (token->error == SK_TOKEN_OK) {
        token->user.len = said.user_len;
        token->user.data = ngx_pnalloc(r->pool, said.user_len);
        if (token->user.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(token->user.data, said.user, said.user_len);

    } else if (token->error != SK_TOKEN_MISSING) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "seckill refused a token, \"%s\": %s",
                      sk_token_errors[token->error].word,
                      sk_token_errors[token->error].text);
    }

    return NGX_OK;
}


/* RFC 6750, section 2.1; a scheme is of any case, RFC 9110, section 11.1 */

static void
ngx_http_seckill_token_bearer(ngx_str_t *value)
{
    size_t  len;

    len = sizeof("Bearer ") - 1;

    if (value->len < len
        || ngx_strncasecmp(value->data, (u_char *) "Bearer ", len) != 0)
    {
        return;
    }

    value->data += len;
    value->len -= len;

    while (value->len && value->data[0] == ' ') {
        value->data++;
        value->len--;
    }
}


ngx_int_t
ngx_http_seckill_token_challenge(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_seckill_token_t  *token;

    rc = ngx_http_seckill_token_get(r, &token);

    return (rc == NGX_OK) ? ngx_http_seckill_token_header(r, token->error)
                          : (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
}


const char *
ngx_http_seckill_token_wrong(ngx_http_request_t *r)
{
    ngx_http_seckill_token_t  *token;

    return (ngx_http_seckill_token_get(r, &token) == NGX_OK
            && token->error != SK_TOKEN_OK)
           ? sk_token_errors[token->error].text : NULL;
}


ngx_uint_t
ngx_http_seckill_token_sent(ngx_http_request_t *r)
{
    ngx_http_seckill_token_t  *token;

    return ngx_http_seckill_token_get(r, &token) == NGX_OK
           && token->error != SK_TOKEN_MISSING;
}


/* RFC 6750, section 3: who has sent no token is not told of an error */

static ngx_int_t
ngx_http_seckill_token_header(ngx_http_request_t *r, sk_token_error_e error)
{
    u_char           *p;
    const char       *text;
    ngx_table_elt_t  *h;

    /* of another scheme it stays */

    ngx_http_seckill_reply_header_drop(r, "WWW-Authenticate", "Bearer");

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    ngx_str_set(&h->key, "WWW-Authenticate");
    ngx_str_set(&h->value, "Bearer");

    if (error != SK_TOKEN_OK && error != SK_TOKEN_MISSING) {
        text = sk_token_errors[error].text;

        h->value.len = sizeof("Bearer error=\"invalid_token\", "
                              "error_description=\"\"") - 1 + ngx_strlen(text);

        p = ngx_pnalloc(r->pool, h->value.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        h->value.data = p;
        (void) ngx_sprintf(p, "Bearer error=\"invalid_token\", "
                           "error_description=\"%s\"", text);
    }

    /* as of ngx_http_auth_basic_module: who else may pass takes it away */

    h->hash = 1;
    r->headers_out.www_authenticate = h;

    return NGX_OK;
}
