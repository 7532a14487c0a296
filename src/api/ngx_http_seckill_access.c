#include "ngx_http_seckill_api.h"


static ngx_int_t ngx_http_seckill_access_keyless(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_access_cut(ngx_str_t *by);


ngx_int_t
ngx_http_seckill_access(ngx_http_seckill_call_t *call)
{
    ngx_int_t                     rc;
    ngx_uint_t                    level;
    ngx_http_request_t           *r;
    ngx_http_seckill_key_t       *key;
    ngx_http_seckill_loc_conf_t  *slcf;

    r = call->request;
    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    if (slcf->keys == NULL) {
        return ngx_http_seckill_access_keyless(call);
    }

    key = r->headers_in.authorization
          ? ngx_http_seckill_key_find(slcf->keys,
                                      &r->headers_in.authorization->value)
          : NULL;

    if (key && (!key->read_only
                || r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)))
    {
        call->by = key->label;
        call->read_only = key->read_only;
        return NGX_DECLINED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* a console that is opened asks whether it needs a key: that is no guess */

    level = (r->headers_in.authorization == NULL
             && r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)
             && ngx_http_seckill_api_is(r, "me"))
            ? NGX_LOG_INFO : NGX_LOG_WARN;

    ngx_log_error(level, r->connection->log, 0,
                  "seckill api refused a request %s",
                  key ? "to write with a key that may only read"
                  : r->headers_in.authorization ? "with a wrong key"
                                                : "without a key");

    if (key) {
        return ngx_http_seckill_reply_error(r, SK_STATUS_FORBIDDEN,
                                            "this key may only read", NULL);
    }

    if (ngx_http_seckill_reply_header(r, "WWW-Authenticate", "Bearer")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_seckill_reply_error(r, SK_STATUS_UNAUTHORIZED,
                                        "a valid key is required: "
                                        "Authorization: Bearer KEY", NULL);
}


/*
 * Who a request without a key is.  A browser sends along what guards the
 * location, an address or a password, with a write that another site's page has
 * made too: that is refused.
 */

static ngx_int_t
ngx_http_seckill_access_keyless(ngx_http_seckill_call_t *call)
{
    ngx_int_t                     rc;
    ngx_http_request_t           *r;
    ngx_http_seckill_loc_conf_t  *slcf;

    r = call->request;
    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && ngx_http_seckill_origin_cross_site(r))
    {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "seckill api refused a request from another site's page");

        return ngx_http_seckill_reply_error(r, SK_STATUS_FORBIDDEN,
                                            "another site's page may not "
                                            "write: use a key", NULL);
    }

    if (ngx_http_complex_value(r, slcf->by, &call->by) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (call->by.len == 0) {
        call->by = r->connection->addr_text;
    }

    ngx_http_seckill_access_cut(&call->by);

    return NGX_DECLINED;
}


/* as much of who it is as a command has room for, in whole characters */

static void
ngx_http_seckill_access_cut(ngx_str_t *by)
{
    if (by->len > SK_COMMAND_BY_SIZE_MAX) {
        by->len = SK_COMMAND_BY_SIZE_MAX;

        while (by->len && (by->data[by->len] & 0xc0) == 0x80) {
            by->len--;
        }
    }
}
