#include "ngx_http_seckill_console.h"


static ngx_int_t ngx_http_seckill_console_headers(ngx_http_request_t *r);
static void ngx_http_seckill_console_name(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_int_t ngx_http_seckill_console_send(ngx_http_request_t *r,
    ngx_http_seckill_console_file_t *file);
static ngx_uint_t ngx_http_seckill_console_gzip(ngx_http_request_t *r);
static ngx_int_t ngx_http_seckill_console_vary(ngx_http_request_t *r);
static ngx_int_t ngx_http_seckill_console_send_config(ngx_http_request_t *r);


/*
 * The page has the operator's key, so nothing but its own files may run in it,
 * and no other page may have it in a frame.
 */

static const struct {
    const char   *name;
    const char   *value;
} ngx_http_seckill_console_header[] = {

    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; "
      "img-src 'self'; connect-src 'self'; base-uri 'none'; "
      "form-action 'none'; frame-ancestors 'none'" },

    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "X-Frame-Options", "DENY" },

    { NULL, NULL }
};


ngx_int_t
ngx_http_seckill_console_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         name;
    ngx_uint_t                        config;
    ngx_http_seckill_console_file_t  *file;

    if (ngx_http_seckill_console_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_seckill_console_name(r, &name);

    file = ngx_http_seckill_console_file_find(&name);

    config = (name.len == sizeof("config.json") - 1
              && ngx_memcmp(name.data, "config.json", name.len) == 0);

    if ((file || config)
        && !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)))
    {
        return ngx_http_seckill_reply_not_allowed(r, "GET, HEAD");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (config) {
        return ngx_http_seckill_console_send_config(r);
    }

    if (file) {
        return ngx_http_seckill_console_send(r, file);
    }

    return ngx_http_seckill_reply_error(r, SK_STATUS_NOT_FOUND,
                                        "there is nothing of this name", NULL);
}


static ngx_int_t
ngx_http_seckill_console_headers(ngx_http_request_t *r)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_seckill_console_header[i].name; i++) {
        if (ngx_http_seckill_reply_header(r,
                                      ngx_http_seckill_console_header[i].name,
                                      ngx_http_seckill_console_header[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* what follows the location's name */

static void
ngx_http_seckill_console_name(ngx_http_request_t *r, ngx_str_t *name)
{
    size_t                     len;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    len = ngx_min(r->uri.len, clcf->name.len);

    name->data = r->uri.data + len;
    name->len = r->uri.len - len;
}


/* ngx_http_not_modified_header_filter() makes 304 of it */

static ngx_int_t
ngx_http_seckill_console_send(ngx_http_request_t *r,
    ngx_http_seckill_console_file_t *file)
{
    ngx_int_t                         rc;
    ngx_buf_t                        *b;
    ngx_uint_t                        gzip;
    ngx_chain_t                       out;
    ngx_http_seckill_console_body_t  *body;

    gzip = ngx_http_seckill_console_gzip(r);
    body = gzip ? &file->gzip : &file->plain;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = file->type;
    r->headers_out.content_type_len = file->type.len;
    ngx_str_set(&r->headers_out.charset, "utf-8");
    r->headers_out.content_length_n = body->end - body->start;

    r->headers_out.etag = ngx_http_seckill_reply_header_set(r, "ETag",
                                                        (char *) body->etag);
    if (r->headers_out.etag == NULL
        || ngx_http_seckill_reply_header(r, "Cache-Control", "no-cache")
           != NGX_OK
        || ngx_http_seckill_console_vary(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (gzip) {
        r->headers_out.content_encoding =
            ngx_http_seckill_reply_header_set(r, "Content-Encoding", "gzip");

        if (r->headers_out.content_encoding == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->memory = 1;
    b->pos = body->start;
    b->last = body->end;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* as nginx's gzip_static decides it, by gzip_proxied and the like too */

static ngx_uint_t
ngx_http_seckill_console_gzip(ngx_http_request_t *r)
{
#if (NGX_HTTP_GZIP)
    return ngx_http_gzip_ok(r) == NGX_OK;
#else
    return 0;
#endif
}


/* with "gzip_vary on" nginx adds this by itself, and it would be there twice */

static ngx_int_t
ngx_http_seckill_console_vary(ngx_http_request_t *r)
{
#if (NGX_HTTP_GZIP)
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->gzip_vary) {
        r->gzip_vary = 1;
        return NGX_OK;
    }
#endif

    return ngx_http_seckill_reply_header(r, "Vary", "Accept-Encoding");
}


static ngx_int_t
ngx_http_seckill_console_send_config(ngx_http_request_t *r)
{
    ngx_buf_t                    *b;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->memory = 1;
    b->pos = slcf->console.data;
    b->last = slcf->console.data + slcf->console.len;

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}
