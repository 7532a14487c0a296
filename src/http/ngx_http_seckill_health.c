#include "ngx_http_seckill_api.h"


ngx_int_t
ngx_http_seckill_health_handler(ngx_http_seckill_call_t *call)
{
    char                  reason[SK_REASON_SIZE_MAX];
    ngx_int_t             rc;
    ngx_buf_t            *b;
    ngx_str_t             warning;
    sk_wrong_t            wrong;
    ngx_http_request_t   *r;
    ngx_seckill_zone_t   *zone;
    const sk_sale_def_t  *missing;

    r = call->request;
    zone = call->zone;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_seckill_args(call, 0, &wrong) != NGX_OK) {
        return ngx_http_seckill_args_send(r, &wrong);
    }

    if (ngx_seckill_zone_health(zone, reason) != NGX_OK) {
        return ngx_http_seckill_reply_error(r, SK_STATUS_UNAVAILABLE, reason,
                                            NULL);
    }

    ngx_str_null(&warning);

    missing = ngx_seckill_conf_missing(zone);

    if (missing) {
        warning.data = (u_char *) reason;
        warning.len = ngx_snprintf(warning.data, sizeof(reason),
                                   "sale \"%*s\" of the configuration is not "
                                   "there: the log says why",
                                   missing->name_len, missing->name)
                      - warning.data;

    } else if (sk_zone_lists(zone->shm, reason) != SK_OK) {
        warning.data = (u_char *) reason;
        warning.len = ngx_strlen(reason);
    }

    b = ngx_create_temp_buf(r->pool,
                            sizeof("{\"code\":0,\"data\":{\"zone\":\"\","
                                   "\"ledger_seq\":,\"undecided\":,"
                                   "\"warning\":\"\"}}\n")
                            + zone->name.len + 2 * NGX_INT64_LEN
                            + ngx_http_seckill_reply_json_len(&warning));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"code\":0,\"data\":{\"zone\":\"%V\","
                          "\"ledger_seq\":%uL,\"undecided\":%uL",
                          &zone->name, sk_load(&zone->shm->applied_seq),
                          sk_queue_depth(&zone->shm->queue));

    if (warning.len) {
        b->last = ngx_cpymem(b->last, ",\"warning\":\"", 12);
        b->last = ngx_http_seckill_reply_json(b->last, &warning);
        *b->last++ = '"';
    }

    b->last = ngx_cpymem(b->last, "}}\n", 3);

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}
