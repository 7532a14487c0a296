#include "ngx_http_seckill_api.h"


static void ngx_http_seckill_call_done(ngx_seckill_wait_t *w,
    ngx_uint_t reached);


void
ngx_http_seckill_call_park(ngx_http_request_t *r)
{
    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;
}


void
ngx_http_seckill_call_finish(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


void
ngx_http_seckill_call_wait(ngx_http_seckill_call_t *call,
    ngx_seckill_wait_e what, uint64_t number, ngx_msec_t timeout,
    void (*resume)(ngx_http_seckill_call_t *call, ngx_uint_t reached))
{
    sk_assert(resume && !call->running && !call->parked);

    call->resume = resume;

    ngx_http_seckill_call_park(call->request);

    ngx_seckill_wait(call->zone, &call->wait, what, number, timeout,
                     ngx_http_seckill_call_done);
}


static void
ngx_http_seckill_call_done(ngx_seckill_wait_t *w, ngx_uint_t reached)
{
    ngx_http_seckill_call_t  *call;

    call = (ngx_http_seckill_call_t *) w;

    sk_assert(!call->gone);

    ngx_http_set_log_request(call->request->connection->log, call->request);

    call->resume(call, reached);
}


ngx_msec_t
ngx_http_seckill_call_left(ngx_msec_t until)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (until - ngx_current_msec);

    return (left > 0) ? (ngx_msec_t) left : 0;
}


ngx_int_t
ngx_http_seckill_call_unavailable(ngx_http_seckill_call_t *call,
    const char *otherwise)
{
    char  reason[SK_REASON_SIZE_MAX];

    return ngx_http_seckill_reply_error(call->request, SK_STATUS_UNAVAILABLE,
               (ngx_seckill_zone_health(call->zone, reason) != NGX_OK)
               ? reason : otherwise, NULL);
}
