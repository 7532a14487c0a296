#include "ngx_http_seckill_api.h"


/*
 * When a page of events is read.  Buyers come first: while claims wait for the
 * ledger, each event of which many readers want to see at once, events are read
 * in a small part of the time, and some are gathered for each page.
 */


static ngx_int_t ngx_http_seckill_events_gather(ngx_http_seckill_ask_t *ask);
static void ngx_http_seckill_events_gathered(ngx_http_seckill_ask_t *ask,
    ngx_uint_t reached);
static void ngx_http_seckill_events_there(ngx_http_seckill_ask_t *ask,
    ngx_uint_t reached);
static ngx_int_t ngx_http_seckill_events_rest(ngx_http_seckill_ask_t *ask);
static void ngx_http_seckill_events_rested(ngx_http_seckill_ask_t *ask,
    ngx_uint_t reached);
static ngx_uint_t ngx_http_seckill_events_calm(ngx_http_seckill_ask_t *ask);


ngx_int_t
ngx_http_seckill_events_begin(ngx_http_seckill_ask_t *ask)
{
    sk_page_t  *page;

    page = &ask->page;

    if (ask->patience == 0) {
        ask->last = 1;
        return ngx_http_seckill_events_rest(ask);
    }

    ask->wait.idle = 1;
    ask->limit = ngx_current_msec + ask->patience;

    /* whether it is the same ledger still is said at once */

    return (page->at_ms && page->seq == page->after)
           ? ngx_http_seckill_events_rest(ask)
           : ngx_http_seckill_events_gather(ask);
}


/* a page's worth of events, or some and time to gather more is over */

static ngx_int_t
ngx_http_seckill_events_gather(ngx_http_seckill_ask_t *ask)
{
    uint64_t    seq, full;
    ngx_msec_t  left;

    seq = sk_load_acquire(&ask->zone->shm->applied_seq);
    full = ask->page.after + ask->page.limit;

    if (seq >= full || seq < ask->page.after) {
        return ngx_http_seckill_events_rest(ask);
    }

    left = ngx_http_seckill_ask_left(ask->limit);

    ngx_http_seckill_ask_wait(ask, NGX_SECKILL_APPLIED, full,
                              ngx_min(left, NGX_HTTP_SECKILL_GATHER_MS),
                              ngx_http_seckill_events_gathered);
    return NGX_DONE;
}


static void
ngx_http_seckill_events_gathered(ngx_http_seckill_ask_t *ask,
    ngx_uint_t reached)
{
    if (!reached && !ngx_exiting
        && sk_load_acquire(&ask->zone->shm->applied_seq) <= ask->page.after)
    {
        ngx_http_seckill_events_more(ask);
        return;
    }

    ngx_http_seckill_events_there(ask, 1);
}


void
ngx_http_seckill_events_more(ngx_http_seckill_ask_t *ask)
{
    ngx_http_seckill_ask_wait(ask, NGX_SECKILL_APPLIED, ask->page.after + 1,
                              ngx_http_seckill_ask_left(ask->limit),
                              ngx_http_seckill_events_there);
}


static void
ngx_http_seckill_events_there(ngx_http_seckill_ask_t *ask, ngx_uint_t reached)
{
    ngx_int_t  rc;

    ask->last |= !reached;

    rc = ngx_http_seckill_events_rest(ask);

    if (rc != NGX_DONE) {
        ngx_http_seckill_ask_finish(ask->request, rc);
    }
}


static ngx_int_t
ngx_http_seckill_events_rest(ngx_http_seckill_ask_t *ask)
{
    ngx_msec_t  left;

    left = ngx_http_seckill_ask_left(ask->limit);

    if (left == 0 || ngx_exiting || ngx_http_seckill_events_calm(ask)) {
        ask->last |= (left == 0);
        return ngx_http_seckill_page_run(ask);
    }

    ngx_http_seckill_ask_wait(ask, NGX_SECKILL_TIME, 0,
                              ngx_min(left, NGX_SECKILL_WATCH_MS),
                              ngx_http_seckill_events_rested);
    return NGX_DONE;
}


static void
ngx_http_seckill_events_rested(ngx_http_seckill_ask_t *ask,
    ngx_uint_t reached)
{
    ngx_http_seckill_events_there(ask, 1);
}


static ngx_uint_t
ngx_http_seckill_events_calm(ngx_http_seckill_ask_t *ask)
{
    ngx_seckill_zone_t  *zone;

    zone = ask->zone;

    return (zone->n_waits[NGX_SECKILL_DECIDED] == 0
            && ngx_current_msec - zone->waited > NGX_HTTP_SECKILL_CALM_MS)
           || sk_monotonic_us() >= ask->pages->events_us;
}


void
ngx_http_seckill_events_read(ngx_http_seckill_ask_t *ask)
{
    ask->pages->events_us = ngx_max(ask->pages->events_us, sk_monotonic_us())
                            + ask->took_us * NGX_HTTP_SECKILL_EVENTS_REST;
}
