#include "ngx_http_seckill_api.h"


/*
 * When a page of events is read.  Buyers come first: while claims wait for the
 * ledger, each event of which many readers want to see at once, events are read
 * in a small part of the time, and some are gathered for each page.
 */


static ngx_int_t ngx_http_seckill_events_gather(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_events_gathered(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static void ngx_http_seckill_events_there(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static ngx_int_t ngx_http_seckill_events_rest(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_events_rested(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static ngx_uint_t ngx_http_seckill_events_calm(ngx_http_seckill_call_t *call);


ngx_int_t
ngx_http_seckill_events_begin(ngx_http_seckill_call_t *call)
{
    sk_page_t  *page;

    page = &call->page;

    if (call->patience == 0) {
        call->last = 1;
        return ngx_http_seckill_events_rest(call);
    }

    call->wait.idle = 1;
    call->limit = ngx_current_msec + call->patience;

    /* whether it is the same ledger still is said at once */

    return (page->at_ms && page->seq == page->after)
           ? ngx_http_seckill_events_rest(call)
           : ngx_http_seckill_events_gather(call);
}


/* a page's worth of events, or some and time to gather more is over */

static ngx_int_t
ngx_http_seckill_events_gather(ngx_http_seckill_call_t *call)
{
    uint64_t    seq, full;
    ngx_msec_t  left;

    seq = sk_load_acquire(&call->zone->shm->applied_seq);
    full = call->page.after + call->page.limit;

    if (seq >= full || seq < call->page.after) {
        return ngx_http_seckill_events_rest(call);
    }

    left = ngx_http_seckill_call_left(call->limit);

    ngx_http_seckill_call_wait(call, NGX_SECKILL_APPLIED, full,
                               ngx_min(left, NGX_HTTP_SECKILL_GATHER_MS),
                               ngx_http_seckill_events_gathered);
    return NGX_DONE;
}


static void
ngx_http_seckill_events_gathered(ngx_http_seckill_call_t *call,
    ngx_uint_t reached)
{
    if (!reached && !ngx_exiting
        && sk_load_acquire(&call->zone->shm->applied_seq) <= call->page.after)
    {
        ngx_http_seckill_events_more(call);
        return;
    }

    ngx_http_seckill_events_there(call, 1);
}


void
ngx_http_seckill_events_more(ngx_http_seckill_call_t *call)
{
    ngx_http_seckill_call_wait(call, NGX_SECKILL_APPLIED, call->page.after + 1,
                               ngx_http_seckill_call_left(call->limit),
                               ngx_http_seckill_events_there);
}


static void
ngx_http_seckill_events_there(ngx_http_seckill_call_t *call, ngx_uint_t reached)
{
    ngx_int_t  rc;

    call->last |= !reached;

    rc = ngx_http_seckill_events_rest(call);

    if (rc != NGX_DONE) {
        ngx_http_seckill_call_finish(call->request, rc);
    }
}


static ngx_int_t
ngx_http_seckill_events_rest(ngx_http_seckill_call_t *call)
{
    ngx_msec_t  left;

    left = ngx_http_seckill_call_left(call->limit);

    if (left == 0 || ngx_exiting || ngx_http_seckill_events_calm(call)) {
        call->last |= (left == 0);
        return ngx_http_seckill_page_run(call);
    }

    ngx_http_seckill_call_wait(call, NGX_SECKILL_TIME, 0,
                               ngx_min(left, NGX_SECKILL_WATCH_MS),
                               ngx_http_seckill_events_rested);
    return NGX_DONE;
}


static void
ngx_http_seckill_events_rested(ngx_http_seckill_call_t *call,
    ngx_uint_t reached)
{
    ngx_http_seckill_events_there(call, 1);
}


static ngx_uint_t
ngx_http_seckill_events_calm(ngx_http_seckill_call_t *call)
{
    ngx_seckill_zone_t  *zone;

    zone = call->zone;

    return (zone->n_waits[NGX_SECKILL_DECIDED] == 0
            && ngx_current_msec - zone->waited > NGX_HTTP_SECKILL_CALM_MS)
           || sk_monotonic_us() >= call->pages->events_us;
}


void
ngx_http_seckill_events_read(ngx_http_seckill_call_t *call)
{
    call->pages->events_us = ngx_max(call->pages->events_us, sk_monotonic_us())
                            + call->took_us * NGX_HTTP_SECKILL_EVENTS_REST;
}
