#include "ngx_http_seckill_stream.h"


/* what a client is told, and when */


static ngx_uint_t ngx_http_seckill_stream_frame_late(
    ngx_http_seckill_stream_t *stream);
static ngx_int_t ngx_http_seckill_stream_frame_look(
    ngx_http_seckill_stream_t *stream, sk_answer_t *answer);
static ngx_uint_t ngx_http_seckill_stream_frame_changed(
    ngx_http_seckill_stream_t *stream, sk_answer_t *answer);
static ngx_uint_t ngx_http_seckill_stream_frame_opening(
    ngx_http_seckill_stream_t *stream, sk_answer_t *answer);
static void ngx_http_seckill_stream_frame_order(
    ngx_http_seckill_stream_t *stream, sk_answer_t *answer);


#define NGX_HTTP_SECKILL_STREAM_HEARTBEAT  ": heartbeat\n\n"


size_t
ngx_http_seckill_stream_frame_len(ngx_http_seckill_stream_t *stream)
{
    return sizeof("retry: 5000\n\n")
           + sizeof("event: order\nid: \ndata: }\n\n") + NGX_INT64_LEN
           + ngx_http_seckill_claim_print_len(&stream->question)
           + NGX_HTTP_SECKILL_STREAM_SALE_SIZE;
}


ngx_uint_t
ngx_http_seckill_stream_frame_due(ngx_http_seckill_stream_t *stream,
    ngx_uint_t urgent)
{
    if (stream->sale == NULL
        || stream->seq
           != sk_load_acquire(&stream->all->zone->shm->applied_seq)
        || ngx_current_msec - stream->looked
           >= NGX_HTTP_SECKILL_STREAM_REST_MS)
    {
        return 1;
    }

    return !urgent
           && (ngx_http_seckill_stream_sale_due(stream)
               || ngx_current_msec - stream->sent
                  >= NGX_HTTP_SECKILL_STREAM_HEARTBEAT_MS);
}


ngx_int_t
ngx_http_seckill_stream_frame(ngx_http_seckill_stream_t *stream,
    ngx_uint_t urgent)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    sk_answer_t   answer;

    b = stream->buf;

    sk_assert(b->pos == b->last);

    b->pos = b->start;
    b->last = b->start;

    rc = ngx_http_seckill_stream_frame_late(stream)
         ? NGX_AGAIN : ngx_http_seckill_stream_frame_look(stream, &answer);

    if (rc == NGX_DONE || rc == NGX_ERROR) {
        return rc;
    }

    if (rc == NGX_OK
        && ngx_http_seckill_stream_frame_changed(stream, &answer))
    {
        ngx_http_seckill_stream_frame_order(stream, &answer);

    } else if (urgent) {
        return NGX_DECLINED;
    }

    if (rc != NGX_AGAIN && ngx_http_seckill_stream_sale_due(stream)) {
        b->last = ngx_http_seckill_stream_sale_print(b->last, stream);
    }

    /* proxies end what is silent, and a client that is gone is found by it */

    if (b->last == b->start
        && ngx_current_msec - stream->sent
           >= NGX_HTTP_SECKILL_STREAM_HEARTBEAT_MS)
    {
        b->last = ngx_cpymem(b->last, NGX_HTTP_SECKILL_STREAM_HEARTBEAT,
                             sizeof(NGX_HTTP_SECKILL_STREAM_HEARTBEAT) - 1);
    }

    return (b->last > b->start) ? NGX_OK : NGX_DECLINED;
}


/* the client has heard of more than is known here: after a restart, or from
   another machine; he is not to be told what was before, if that can be had */

static ngx_uint_t
ngx_http_seckill_stream_frame_late(ngx_http_seckill_stream_t *stream)
{
    if (stream->after == 0) {
        return 0;
    }

    if (sk_load_acquire(&stream->all->zone->shm->applied_seq) < stream->after
        && ngx_current_msec - stream->began
           < NGX_HTTP_SECKILL_STREAM_RESUME_MS)
    {
        return 1;
    }

    stream->after = 0;

    return 0;
}


/*
 * Asks as a question does, if the answer can be another one than before: after
 * an event, or because time goes by.  NGX_OK: "answer" is the user's;
 * NGX_DECLINED: there is none, or it is as it was; NGX_AGAIN: nothing is known
 * yet; NGX_DONE: there is no such sale; NGX_ERROR.
 */

static ngx_int_t
ngx_http_seckill_stream_frame_look(ngx_http_seckill_stream_t *stream,
    sk_answer_t *answer)
{
    uint64_t              seq;
    ngx_int_t             rc;
    ngx_seckill_claim_t  *claim;

    claim = &stream->question.claim;
    seq = sk_load_acquire(&stream->all->zone->shm->applied_seq);

    if (stream->sale && seq == stream->seq
        && ngx_current_msec - stream->looked
           < NGX_HTTP_SECKILL_STREAM_REST_MS)
    {
        return NGX_DECLINED;
    }

    rc = ngx_seckill_claim_look(claim, answer);

    if (rc == NGX_OK && answer->result == SK_UNKNOWN_SALE) {
        return NGX_DONE;
    }

    if (rc != NGX_OK || claim->sale == NULL) {

        /* of who is being decided the last answer holds */

        return stream->sale ? NGX_DECLINED : NGX_AGAIN;
    }

    stream->seq = seq;
    stream->looked = ngx_current_msec;

    if (ngx_http_seckill_stream_sale_bind(stream, claim->sale) != NGX_OK) {
        return NGX_ERROR;
    }

    /* while nobody can tell what he has, what he was told may well hold */

    return (claim->user.len && answer->result != SK_UNAVAILABLE)
           ? NGX_OK : NGX_DECLINED;
}


/* what the sale's own frames say is not the user's; and if one leaves a waiting
   list, all behind him have another position */

static ngx_uint_t
ngx_http_seckill_stream_frame_changed(ngx_http_seckill_stream_t *stream,
    sk_answer_t *answer)
{
    sk_answer_t  *last;

    last = &stream->answer;

    if (!stream->answered
        || answer->result != last->result
        || answer->order != last->order
        || answer->slot != last->slot
        || answer->state != last->state
        || answer->expires_s != last->expires_s
        || answer->n_orders != last->n_orders)
    {
        return 1;
    }

    if (ngx_http_seckill_stream_frame_opening(stream, answer)) {
        return 1;
    }

    return (answer->position != last->position
            || answer->may_return != last->may_return)
           && ngx_current_msec - stream->told
              >= NGX_HTTP_SECKILL_STREAM_PACE_MS;
}


/* whether the user's opening is another one than he was told; that it has come
   he knows by himself */

static ngx_uint_t
ngx_http_seckill_stream_frame_opening(ngx_http_seckill_stream_t *stream,
    sk_answer_t *answer)
{
    int64_t      now_ms, moved_ms;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    if (answer->starts_in_ms > 0) {
        moved_ms = now_ms + answer->starts_in_ms - stream->opens_ms;

        return moved_ms > NGX_HTTP_SECKILL_STREAM_PACE_MS
               || moved_ms < -NGX_HTTP_SECKILL_STREAM_PACE_MS;
    }

    return stream->opens_ms > now_ms + NGX_HTTP_SECKILL_STREAM_PACE_MS;
}


static void
ngx_http_seckill_stream_frame_order(ngx_http_seckill_stream_t *stream,
    sk_answer_t *answer)
{
    u_char      *p;
    ngx_time_t  *tp;

    p = ngx_sprintf(stream->buf->last, "event: order\nid: %uL\ndata: ",
                    stream->seq);
    p = ngx_http_seckill_claim_print(p, &stream->question, answer);

    stream->buf->last = ngx_cpymem(p, "}\n\n", 3);

    tp = ngx_timeofday();

    stream->opens_ms = answer->starts_in_ms
                       ? (int64_t) tp->sec * 1000 + tp->msec
                         + answer->starts_in_ms
                       : 0;
    stream->answer = *answer;
    stream->answered = 1;
    stream->told = ngx_current_msec;
}
