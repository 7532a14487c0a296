#include "ngx_http_seckill_api.h"


void
ngx_http_seckill_ask_wait(ngx_http_seckill_ask_t *ask,
    ngx_uint_t (*ready)(ngx_http_seckill_ask_t *ask),
    void (*resume)(ngx_http_seckill_ask_t *ask, ngx_uint_t ready),
    ngx_msec_t timeout)
{
    ngx_http_request_t  *r;

    r = ask->request;

    ask->ready = ready;
    ask->resume = resume;
    ask->start = ngx_current_msec;
    ask->deadline = ngx_current_msec + timeout;

    ngx_queue_insert_tail(&ask->zone->asks, &ask->queue);
    ask->queued = 1;

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_seckill_wait_start(ask->zone);
}


void
ngx_http_seckill_ask_unlink(ngx_http_seckill_ask_t *ask)
{
    if (ask->queued) {
        ngx_queue_remove(&ask->queue);
        ask->queued = 0;
    }
}


ngx_uint_t
ngx_http_seckill_ask_drains(ngx_http_seckill_zone_t *zone)
{
    ngx_queue_t             *q;
    ngx_http_seckill_ask_t  *ask;

    for (q = ngx_queue_head(&zone->asks);
         q != ngx_queue_sentinel(&zone->asks);
         q = ngx_queue_next(q))
    {
        ask = ngx_queue_data(q, ngx_http_seckill_ask_t, queue);

        if (ask->drains) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_seckill_ask_look(ngx_http_seckill_zone_t *zone)
{
    ngx_uint_t               ready;
    ngx_queue_t              asks, *q;
    ngx_http_seckill_ask_t  *ask;

    if (ngx_queue_empty(&zone->asks)) {
        return;
    }

    /* one that goes on may end others, of the same HTTP/2 connection, and those
       that wait on are put into the list again */

    ngx_queue_init(&asks);
    ngx_queue_add(&asks, &zone->asks);
    ngx_queue_init(&zone->asks);

    while (!ngx_queue_empty(&asks)) {
        q = ngx_queue_head(&asks);
        ask = ngx_queue_data(q, ngx_http_seckill_ask_t, queue);

        ngx_queue_remove(q);

        ready = ask->ready(ask);

        if (!ready && !(ngx_exiting && ask->idle)
            && (ngx_msec_int_t) (ask->deadline - ngx_current_msec) > 0)
        {
            ngx_queue_insert_tail(&zone->asks, q);
            continue;
        }

        ask->queued = 0;

        ngx_http_set_log_request(ask->request->connection->log, ask->request);

        ask->resume(ask, ready);
    }
}


void
ngx_http_seckill_ask_finish(ngx_http_seckill_ask_t *ask, ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ask->request;
    c = r->connection;

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_seckill_ask_unavailable(ngx_http_seckill_ask_t *ask,
    const char *otherwise)
{
    char  reason[SK_REASON_SIZE_MAX];

    return ngx_http_seckill_send_error(ask->request, SK_UNAVAILABLE,
               (ngx_http_seckill_health(ask->zone->shm, reason) != NGX_OK)
               ? reason : otherwise);
}
