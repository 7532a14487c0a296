#include "ngx_http_seckill_api.h"


/*
 * The ledger's head, signed, for whoever collects heads to prove later that the
 * ledger was not rewritten.  It is for everyone: any buyer's receipt has it,
 * too.
 */


ngx_int_t
ngx_http_seckill_head_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_str_t            text;
    sk_head_t            head;
    sk_zone_t           *zone;
    sk_wrong_t           wrong;
    ngx_http_request_t  *r;

    r = call->request;
    zone = call->zone->shm;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_seckill_args(call, 0, &wrong) != NGX_OK) {
        return ngx_http_seckill_args_send(r, &wrong);
    }

    sk_zone_head(zone, &head);

    rc = ngx_http_seckill_receipt_head(r, &call->zone->name, &head, &text);

    if (rc == NGX_DECLINED) {
        return ngx_http_seckill_receipt_keys_none(r);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (head.number == 0 && sk_load_acquire(&zone->state) != SK_ZONE_READY) {
        return ngx_http_seckill_reply_error(r, SK_STATUS_UNAVAILABLE,
                                            "the ledger is being read", NULL);
    }

    b = ngx_create_temp_buf(r->pool, sizeof("{\"code\":0,\"data\":{"
                                            "\"head\":,\"signed\":\"\"}}\n")
                                     + NGX_HTTP_SECKILL_HEAD_SIZE + text.len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, "{\"code\":0,\"data\":{\"head\":", 25);
    b->last = ngx_http_seckill_head_print(b->last, &head);
    b->last = ngx_sprintf(b->last, ",\"signed\":\"%V\"}}\n", &text);

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}


u_char *
ngx_http_seckill_head_print(u_char *p, const sk_head_t *head)
{
    p = ngx_sprintf(p, "{\"number\":%uL,\"chain\":\"", head->number);
    p = ngx_hex_dump(p, (u_char *) head->chain, SK_CHAIN_SIZE);

    return ngx_cpymem(p, "\"}", 2);
}
