#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_api_allow(ngx_http_request_t *r,
    ngx_http_seckill_loc_conf_t *slcf);
static ngx_int_t ngx_http_seckill_health(ngx_http_request_t *r,
    ngx_http_seckill_zone_t *zone);


typedef struct {
    ngx_str_t     name;
    ngx_int_t   (*handler)(ngx_http_request_t *r,
                           ngx_http_seckill_zone_t *zone);
} ngx_http_seckill_route_t;


static ngx_http_seckill_route_t  ngx_http_seckill_routes[] = {
    { ngx_string("health"), ngx_http_seckill_health },
    { ngx_string("events"), ngx_http_seckill_events_handler },
    { ngx_null_string, NULL }
};


ngx_int_t
ngx_http_seckill_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_str_t                     name;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_seckill_route_t     *route;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_seckill_api_allow(r, slcf);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    /* what follows the location's name */

    name = r->uri;

    if (name.len >= clcf->name.len) {
        name.data += clcf->name.len;
        name.len -= clcf->name.len;
    }

    while (name.len && name.data[0] == '/') {
        name.data++;
        name.len--;
    }

    for (route = ngx_http_seckill_routes; route->handler; route++) {

        if (route->name.len != name.len
            || ngx_strncmp(route->name.data, name.data, name.len) != 0)
        {
            continue;
        }

        if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
            return ngx_http_seckill_not_allowed(r, "GET, HEAD");
        }

        return route->handler(r, slcf->zone);
    }

    return ngx_http_seckill_send_invalid(r, NGX_HTTP_NOT_FOUND,
                                         "there is nothing of this name");
}


static ngx_int_t
ngx_http_seckill_api_allow(ngx_http_request_t *r,
    ngx_http_seckill_loc_conf_t *slcf)
{
    if (slcf->keys == NULL) {
        return NGX_DECLINED;
    }

    if (r->headers_in.authorization
        && ngx_http_seckill_key_find(slcf->keys,
                                     &r->headers_in.authorization->value))
    {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "seckill api refused a request %s",
                  r->headers_in.authorization ? "with a wrong key"
                                              : "without a key");

    if (ngx_http_seckill_header(r, "WWW-Authenticate", "Bearer") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_seckill_send_error(r, SK_UNAUTHORIZED,
                                       "a valid key is required: "
                                       "Authorization: Bearer KEY");
}


static ngx_int_t
ngx_http_seckill_health(ngx_http_request_t *r, ngx_http_seckill_zone_t *zone)
{
    char        reason[SK_REASON_SIZE_MAX];
    ngx_buf_t  *b;

    if (sk_zone_health(zone->shm, sk_drain_now_us(), reason) != SK_OK) {
        return ngx_http_seckill_send_error(r, SK_UNAVAILABLE, reason);
    }

    b = ngx_create_temp_buf(r->pool,
                            sizeof("{\"code\":0,\"data\":{\"zone\":\"\","
                                   "\"ledger_seq\":,\"undecided\":}}\n")
                            + zone->name.len + 2 * NGX_INT64_LEN);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"code\":0,\"data\":{\"zone\":\"%V\","
                          "\"ledger_seq\":%uL,\"undecided\":%uL}}\n",
                          &zone->name, sk_load(&zone->shm->applied_seq),
                          sk_queue_depth(&zone->shm->queue));

    return ngx_http_seckill_send(r, NGX_HTTP_OK, &ngx_http_seckill_json_type,
                                 b);
}
