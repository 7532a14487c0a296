#include "ngx_http_seckill_api.h"


/*
 * Who a request is and what it may, for a page or a program that was given a
 * key: it needs to know before it offers what would be refused.
 */


ngx_int_t
ngx_http_seckill_me_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t                     rc;
    ngx_buf_t                    *b;
    sk_wrong_t                    wrong;
    ngx_http_request_t           *r;
    ngx_http_seckill_loc_conf_t  *slcf;

    r = call->request;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_seckill_args(call, 0, &wrong) != NGX_OK) {
        return ngx_http_seckill_args_send(r, &wrong);
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    b = ngx_create_temp_buf(r->pool,
                            sizeof("{\"code\":0,\"data\":{\"by\":\"\","
                                   "\"role\":\"ro\",\"keys\":false}}\n")
                            + ngx_http_seckill_reply_json_len(&call->by));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"code\":0,\"data\":{\"by\":\"");
    b->last = ngx_http_seckill_reply_json(b->last, &call->by);
    b->last = ngx_sprintf(b->last, "\",\"role\":\"%s\",\"keys\":%s}}\n",
                          call->read_only ? "ro" : "rw",
                          slcf->keys ? "true" : "false");

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}
