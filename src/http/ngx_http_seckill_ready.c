#include "ngx_http_seckill_api.h"


ngx_uint_t
ngx_http_seckill_ready_loaded(ngx_http_seckill_ask_t *ask)
{
    return sk_load_acquire(&ask->zone->shm->state) == SK_ZONE_READY
           || sk_load(&ask->zone->shm->failing);
}


ngx_uint_t
ngx_http_seckill_ready_applied(ngx_http_seckill_ask_t *ask)
{
    return sk_load_acquire(&ask->zone->shm->applied_seq) >= ask->page.seq;
}


/* of an exiting worker's zone no thread may know how far the tables are: they
   are looked at, and say it themselves */

ngx_uint_t
ngx_http_seckill_ready_filled(ngx_http_seckill_ask_t *ask)
{
    return sk_load_acquire(&ask->zone->shm->query_seq) >= ask->page.seq
           || (ngx_exiting && ask->queued
               && ngx_current_msec - ask->start > NGX_HTTP_SECKILL_GATHER_MS);
}


/* the query tables were behind when they were looked at last */

ngx_uint_t
ngx_http_seckill_ready_again(ngx_http_seckill_ask_t *ask)
{
    return ngx_current_msec - ask->start >= NGX_HTTP_SECKILL_AGAIN_MS;
}


/* a page's worth of events, or some and time to gather more is over */

ngx_uint_t
ngx_http_seckill_ready_gathered(ngx_http_seckill_ask_t *ask)
{
    uint64_t  seq;

    seq = sk_load_acquire(&ask->zone->shm->applied_seq);

    if (seq < ask->page.after + ask->page.limit && seq >= ask->page.after
        && (seq == ask->page.after || !ask->queued
            || ngx_current_msec - ask->start < NGX_HTTP_SECKILL_GATHER_MS))
    {
        return 0;
    }

    return ngx_http_seckill_ready_rested(ask);
}


/*
 * Buyers come first: while claims wait for the ledger, each event of which many
 * readers want to see at once, events are read in a small part of the time.
 */

ngx_uint_t
ngx_http_seckill_ready_rested(ngx_http_seckill_ask_t *ask)
{
    ngx_http_seckill_zone_t  *zone;

    zone = ask->zone;

    return (zone->n_waits == 0
            && ngx_current_msec - zone->waited > NGX_HTTP_SECKILL_CALM_MS)
           || sk_writer_now_us() >= zone->events_us;
}


ngx_uint_t
ngx_http_seckill_ready_more(ngx_http_seckill_ask_t *ask)
{
    return sk_load_acquire(&ask->zone->shm->applied_seq) > ask->page.after
           && ngx_http_seckill_ready_rested(ask);
}
