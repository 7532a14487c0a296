#include "ngx_http_seckill_api.h"


ngx_int_t
ngx_http_seckill_receipt_keys_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_str_t            text;
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

    text.data = (u_char *) ngx_http_seckill_receipt_keys(r);

    if (text.data == NULL) {
        return ngx_http_seckill_receipt_keys_none(r);
    }

    text.len = ngx_strlen(text.data);

    b = ngx_create_temp_buf(r->pool, text.len + 1);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "%V\n", &text);

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}


ngx_int_t
ngx_http_seckill_receipt_keys_none(ngx_http_request_t *r)
{
    return ngx_http_seckill_reply_error(r, SK_STATUS_NOT_FOUND,
                                        "no receipts are signed here", NULL);
}
