#include "ngx_http_seckill_api.h"


/* what the zone knows of the log that several machines share */


ngx_int_t
ngx_http_seckill_health_log(ngx_http_request_t *r, sk_zone_t *zone,
    ngx_str_t *json)
{
    u_char       *p;
    int64_t       lag_ms;
    ngx_str_t     address;
    ngx_uint_t    i, members;
    sk_shared_t   shared;

    ngx_str_null(json);

    sk_zone_shared_copy(zone, &shared);

    if (!sk_load(&shared.used)) {
        return NGX_OK;
    }

    for (i = 0, members = 0; i < shared.n; i++) {
        members += shared.machines[i].member;
    }

    lag_ms = sk_load(&shared.lag_ms);

    address.data = (u_char *) shared.address;
    address.len = ngx_strlen(address.data);

    p = ngx_pnalloc(r->pool, sizeof("{\"up\":false,\"open\":false,"
                                    "\"reign\":\"\",\"address\":\"\","
                                    "\"number\":,\"lag_ms\":,\"machine\":\"\","
                                    "\"machines\":,\"members\":}")
                             + SK_REIGN_SIZE + SK_MACHINE_NAME_SIZE_MAX
                             + ngx_http_seckill_reply_json_len(&address)
                             + 2 * NGX_INT64_LEN + 2 * NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    json->data = p;

    p = ngx_sprintf(p, "{\"up\":%s,\"open\":%s,\"reign\":\"%s\",\"address\":\"",
                    sk_load(&shared.up) ? "true" : "false",
                    sk_load(&shared.open) ? "true" : "false", shared.reign);
    p = ngx_http_seckill_reply_json(p, &address);
    p = ngx_sprintf(p, "\",\"number\":%uL,\"lag_ms\":%L,\"machine\":\"%s\","
                    "\"machines\":%ui,\"members\":%ui}", shared.number,
                    ngx_max(lag_ms, 0), shared.name, (ngx_uint_t) shared.n,
                    members);

    json->len = p - json->data;

    return NGX_OK;
}
