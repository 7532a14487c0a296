#include "ngx_http_seckill_api.h"


static void ngx_http_seckill_health_warning(ngx_seckill_zone_t *zone,
    char *reason, ngx_str_t *warning);
static ngx_int_t ngx_http_seckill_health_unwell(ngx_http_request_t *r,
    sk_zone_t *zone, const char *reason);


ngx_int_t
ngx_http_seckill_health_handler(ngx_http_seckill_call_t *call)
{
    char                 reason[SK_REASON_SIZE_MAX];
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_str_t            warning, log;
    sk_head_t            head;
    sk_wrong_t           wrong;
    ngx_http_request_t  *r;
    ngx_seckill_zone_t  *zone;

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
        return ngx_http_seckill_health_unwell(r, zone->shm, reason);
    }

    ngx_http_seckill_health_warning(zone, reason, &warning);

    if (ngx_http_seckill_health_log(r, zone->shm, &log) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sk_zone_head(zone->shm, &head);

    b = ngx_create_temp_buf(r->pool,
                            sizeof("{\"code\":0,\"data\":{\"zone\":\"\","
                                   "\"ledger_seq\":,\"undecided\":,"
                                   "\"head\":,\"log\":,"
                                   "\"warning\":\"\"}}\n")
                            + zone->name.len + 2 * NGX_INT64_LEN
                            + NGX_HTTP_SECKILL_HEAD_SIZE + log.len
                            + ngx_http_seckill_reply_json_len(&warning));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"code\":0,\"data\":{\"zone\":\"%V\","
                          "\"ledger_seq\":%uL,\"undecided\":%uL,\"head\":",
                          &zone->name, sk_load(&zone->shm->applied_seq),
                          sk_queue_depth(&zone->shm->queue));
    b->last = ngx_http_seckill_head_print(b->last, &head);

    if (log.len) {
        b->last = ngx_sprintf(b->last, ",\"log\":%V", &log);
    }

    if (warning.len) {
        b->last = ngx_cpymem(b->last, ",\"warning\":\"", 12);
        b->last = ngx_http_seckill_reply_json(b->last, &warning);
        *b->last++ = '"';
    }

    b->last = ngx_cpymem(b->last, "}}\n", 3);

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}


/* what does not work though claims do, in "reason", or nothing */

static void
ngx_http_seckill_health_warning(ngx_seckill_zone_t *zone, char *reason,
    ngx_str_t *warning)
{
    const sk_sale_def_t  *missing;

    ngx_str_null(warning);

    missing = ngx_seckill_conf_missing(zone);

    if (missing) {
        warning->data = (u_char *) reason;
        warning->len = ngx_snprintf(warning->data, SK_REASON_SIZE_MAX,
                                    "sale \"%*s\" of the configuration is not "
                                    "there: the log says why",
                                    missing->name_len, missing->name)
                       - warning->data;

    } else if (sk_zone_seeds(zone->shm, reason) != SK_OK
               || sk_zone_lists(zone->shm, reason) != SK_OK)
    {
        warning->data = (u_char *) reason;
        warning->len = ngx_strlen(reason);
    }
}


/* what it does not know it does not say: nothing of the ledger was read yet */

static ngx_int_t
ngx_http_seckill_health_unwell(ngx_http_request_t *r, sk_zone_t *zone,
    const char *reason)
{
    u_char     *p;
    ngx_str_t   json, log;
    sk_head_t   head;

    sk_zone_head(zone, &head);

    if (head.number == 0 && sk_load_acquire(&zone->state) != SK_ZONE_READY) {
        return ngx_http_seckill_reply_error(r, SK_STATUS_UNAVAILABLE, reason,
                                            NULL);
    }

    if (ngx_http_seckill_health_log(r, zone, &log) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_pnalloc(r->pool, sizeof("{\"head\":,\"log\":}")
                             + NGX_HTTP_SECKILL_HEAD_SIZE + log.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json.data = p;

    p = ngx_cpymem(p, "{\"head\":", 8);
    p = ngx_http_seckill_head_print(p, &head);

    if (log.len) {
        p = ngx_sprintf(p, ",\"log\":%V", &log);
    }

    *p++ = '}';
    json.len = p - json.data;

    return ngx_http_seckill_reply_error_data(r, SK_STATUS_UNAVAILABLE, reason,
                                             NULL, &json);
}
