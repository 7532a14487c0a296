#include "ngx_http_seckill_stream.h"

#include <netinet/tcp.h>


static ngx_int_t ngx_http_seckill_stream_read(ngx_http_request_t *r,
    ngx_http_seckill_claim_t *question);
static ngx_int_t ngx_http_seckill_stream_full(ngx_http_request_t *r,
    ngx_http_seckill_streams_t *all);
static uint64_t ngx_http_seckill_stream_after(ngx_http_request_t *r);
static ngx_int_t ngx_http_seckill_stream_open(
    ngx_http_seckill_stream_t *stream);
static ngx_int_t ngx_http_seckill_stream_header(ngx_http_request_t *r);
static void ngx_http_seckill_stream_socket(ngx_http_request_t *r);
static ngx_uint_t ngx_http_seckill_stream_unsent(ngx_http_request_t *r);
static ngx_int_t ngx_http_seckill_stream_wait(ngx_http_request_t *r);
static void ngx_http_seckill_stream_write(ngx_http_request_t *r);
static void ngx_http_seckill_stream_cleanup(void *data);


ngx_int_t
ngx_http_seckill_stream_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_seckill_claim_t      question;
    ngx_http_seckill_stream_t    *stream;
    ngx_http_seckill_streams_t   *all;
    ngx_http_seckill_loc_conf_t  *slcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_seckill_reply_not_allowed(r, "GET, HEAD");
    }

    if (r != r->main) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"seckill_stream\" answers no subrequest");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_seckill_stream_read(r, &question);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    all = ngx_http_seckill_stream_all(slcf->zone);
    stream = ngx_pcalloc(r->pool, sizeof(ngx_http_seckill_stream_t));

    if (all == NULL || stream == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (all->n >= slcf->streams_max) {
        return ngx_http_seckill_stream_full(r, all);
    }

    stream->question = question;
    stream->all = all;
    stream->counts = slcf->counts;
    stream->after = ngx_http_seckill_stream_after(r);

    return ngx_http_seckill_stream_open(stream);
}


/* NGX_DECLINED: it is one to be answered; else it was */

static ngx_int_t
ngx_http_seckill_stream_read(ngx_http_request_t *r,
    ngx_http_seckill_claim_t *question)
{
    ngx_int_t                     rc;
    const char                   *wrong;
    sk_answer_t                   answer;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    rc = ngx_http_seckill_claim_read(r, &slcf->claim, 1, question, &wrong);

    if (rc == NGX_DECLINED) {
        return ngx_http_seckill_claim_send_refused(question, wrong);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* while nobody can tell, as after a start, the stream waits: an answer of
       503 would end an EventSource for good */

    if (ngx_seckill_claim_look(&question->claim, &answer) == NGX_OK
        && answer.result == SK_UNKNOWN_SALE)
    {
        return ngx_http_seckill_reply_error(r, SK_STATUS_UNKNOWN_SALE,
                                            "there is no such sale", NULL);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_seckill_stream_full(ngx_http_request_t *r,
    ngx_http_seckill_streams_t *all)
{
    sk_add(&all->zone->shm->streams.refused, 1);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "seckill stream refused, zone \"%V\" has %ui in this worker",
                  &all->zone->name, all->n);

    return ngx_http_seckill_reply_error(r, SK_STATUS_UNAVAILABLE,
                                        "too many streams", NULL);
}


/* what is no number of a frame is as if it was not there */

static uint64_t
ngx_http_seckill_stream_after(ngx_http_request_t *r)
{
    off_t      n;
    ngx_str_t  value;

    if (ngx_http_seckill_reply_header_in(r, "Last-Event-ID", &value) != 1) {
        return 0;
    }

    n = ngx_atoof(value.data, value.len);

    return (n == NGX_ERROR) ? 0 : (uint64_t) n;
}


static ngx_int_t
ngx_http_seckill_stream_open(ngx_http_seckill_stream_t *stream)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    r = stream->question.request;

    rc = ngx_http_seckill_stream_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    cln = ngx_http_cleanup_add(r, 0);
    b = ngx_create_temp_buf(r->pool, ngx_http_seckill_stream_frame_len(stream));

    if (cln == NULL || b == NULL) {
        return NGX_ERROR;
    }

    b->flush = 1;

    stream->buf = b;
    stream->began = ngx_current_msec;
    stream->sent = ngx_current_msec;

    cln->handler = ngx_http_seckill_stream_cleanup;
    cln->data = stream;

    ngx_http_seckill_stream_socket(r);

    rc = ngx_http_seckill_stream_frame(stream, 0);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    /* all that lost their server come back, but not at once */

    b->last = ngx_sprintf(b->last, "retry: %ui\n\n",
                          (ngx_uint_t) NGX_HTTP_SECKILL_STREAM_RETRY_MIN_MS
                          + ngx_random()
                            % (NGX_HTTP_SECKILL_STREAM_RETRY_MAX_MS
                               - NGX_HTTP_SECKILL_STREAM_RETRY_MIN_MS + 1));

    ngx_http_seckill_call_park(r);
    r->write_event_handler = ngx_http_seckill_stream_write;

    if (ngx_http_seckill_stream_send(stream) == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_seckill_stream_add(stream);

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_seckill_stream_header(ngx_http_request_t *r)
{
    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_length_n = -1;

    r->disable_not_modified = 1;
    r->allow_ranges = 0;
    r->err_status = 0;

    /* a proxy in front of this one is to pass on each frame as it comes */

    if (ngx_http_seckill_reply_header(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_http_seckill_reply_header(r, "X-Accel-Buffering", "no")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


/*
 * The kernel would keep megabytes for a client that does not read, and frames
 * are small: it is to keep little, so that he is found, and what he is told
 * next is how it is then.  The connection of HTTP/2 is not the stream's alone,
 * and there the client says how much he takes.
 */

static void
ngx_http_seckill_stream_socket(ngx_http_request_t *r)
{
    ngx_connection_t          *c;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return;
    }

#ifdef TCP_NOTSENT_LOWAT
    {
        int  unsent = NGX_HTTP_SECKILL_STREAM_UNSENT;

        /* of a socket that is not TCP it fails, and is not needed */

        (void) setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                          (const void *) &unsent, sizeof(int));
    }
#endif

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->tcp_nodelay) {
        (void) ngx_tcp_nodelay(c);
    }
}


ngx_int_t
ngx_http_seckill_stream_send(ngx_http_seckill_stream_t *stream)
{
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = stream->question.request;

    sk_assert(stream->buf->last > stream->buf->pos);

    out.buf = stream->buf;
    out.next = NULL;

    stream->sent = ngx_current_msec;

    sk_add(&stream->all->zone->shm->streams.sent, 1);

    if (ngx_http_output_filter(r, &out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_seckill_stream_wait(r);
}


ngx_uint_t
ngx_http_seckill_stream_blocked(ngx_http_seckill_stream_t *stream)
{
    ngx_http_request_t  *r;

    r = stream->question.request;

    return stream->buf->pos != stream->buf->last
           || ngx_http_seckill_stream_unsent(r);
}


static ngx_uint_t
ngx_http_seckill_stream_unsent(ngx_http_request_t *r)
{
    return r->buffered || r->postponed || r->connection->buffered;
}


/* as ngx_http_writer() does */

static ngx_int_t
ngx_http_seckill_stream_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;

    if (!ngx_http_seckill_stream_unsent(r)) {

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        /* poll() and select() would tell for ever that there is room */

        return ngx_handle_write_event(wev, 0);
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


static void
ngx_http_seckill_stream_write(ngx_http_request_t *r)
{
    ngx_event_t                  *wev;
    ngx_connection_t             *c;
    ngx_http_seckill_loc_conf_t  *slcf;

    c = r->connection;
    wev = c->write;

    if (wev->timedout) {
        slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

        sk_add(&slcf->zone->shm->streams.dropped, 1);

        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "seckill stream's client does not read");

        c->timedout = 1;

        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!wev->delayed && ngx_http_seckill_stream_unsent(r)
        && ngx_http_output_filter(r, NULL) == NGX_ERROR)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (ngx_http_seckill_stream_wait(r) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


void
ngx_http_seckill_stream_end(ngx_http_seckill_stream_t *stream)
{
    ngx_http_request_t  *r;

    r = stream->question.request;

    ngx_http_seckill_stream_remove(stream);

    ngx_http_seckill_call_finish(r, ngx_http_send_special(r, NGX_HTTP_LAST));
}


static void
ngx_http_seckill_stream_cleanup(void *data)
{
    ngx_http_seckill_stream_remove(data);
}
