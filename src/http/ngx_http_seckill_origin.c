#include "ngx_http_seckill.h"


static ngx_uint_t ngx_http_seckill_origin_is(ngx_str_t *value,
    const char *text);


ngx_uint_t
ngx_http_seckill_origin_cross_site(ngx_http_request_t *r)
{
    u_char     *host;
    size_t      len;
    ngx_str_t   value, *own;

    if (ngx_http_seckill_reply_header_in(r, "Sec-Fetch-Site", &value)) {
        return !ngx_http_seckill_origin_is(&value, "same-origin")
               && !ngx_http_seckill_origin_is(&value, "none");
    }

    if (ngx_http_seckill_reply_header_in(r, "Origin", &value) == 0) {
        return 0;
    }

    host = ngx_strlcasestrn(value.data, value.data + value.len,
                            (u_char *) "://", 2);

    if (host == NULL) {
        return 1;
    }

    /* of HTTP/3 there may be no such header */

    own = r->headers_in.host ? &r->headers_in.host->value
                             : &r->headers_in.server;

    host += sizeof("://") - 1;
    len = value.data + value.len - host;

    return len != own->len || ngx_strncasecmp(host, own->data, len) != 0;
}


static ngx_uint_t
ngx_http_seckill_origin_is(ngx_str_t *value, const char *text)
{
    return value->len == ngx_strlen(text)
           && ngx_memcmp(value->data, text, value->len) == 0;
}
