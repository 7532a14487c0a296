#include "ngx_http_seckill_api.h"
#include "ngx_http_seckill_embed.h"


NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_openapi, "openapi.yaml");


static ngx_str_t  ngx_http_seckill_openapi_type =
    ngx_string("application/yaml");


ngx_int_t
ngx_http_seckill_openapi_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    sk_wrong_t           wrong;
    ngx_http_request_t  *r;

    r = call->request;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_seckill_args(call, 0, &wrong) != NGX_OK) {
        return ngx_http_seckill_args_send(r, &wrong);
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->memory = 1;
    b->pos = ngx_http_seckill_openapi_start;
    b->last = ngx_http_seckill_openapi_end;

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_openapi_type, b);
}
