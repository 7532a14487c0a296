#include "ngx_http_seckill_stream.h"


/* the streams of a worker, and how it goes round them */


static void ngx_http_seckill_stream_walk_tick(ngx_event_t *ev);
static ngx_uint_t ngx_http_seckill_stream_walk_users(
    ngx_http_seckill_streams_t *all);
static void ngx_http_seckill_stream_walk_all(ngx_http_seckill_streams_t *all,
    ngx_uint_t sends);
static ngx_uint_t ngx_http_seckill_stream_walk_visit(
    ngx_http_seckill_stream_t *stream, ngx_uint_t urgent);
static void ngx_http_seckill_stream_walk_end(ngx_http_seckill_streams_t *all);
static _Atomic uint32_t *ngx_http_seckill_stream_walk_gauge(
    ngx_seckill_zone_t *zone);


ngx_http_seckill_streams_t *
ngx_http_seckill_stream_all(ngx_seckill_zone_t *zone)
{
    ngx_http_seckill_streams_t  *all;

    if (zone->streams) {
        return zone->streams;
    }

    /* as long as the zone's, once a process */

    all = ngx_pcalloc(ngx_cycle->pool, sizeof(ngx_http_seckill_streams_t));
    if (all == NULL) {
        return NULL;
    }

    all->slots = ngx_pcalloc(ngx_cycle->pool,
                             zone->shm->sales.n_max * sizeof(void *));
    if (all->slots == NULL) {
        return NULL;
    }

    ngx_queue_init(&all->queue);
    ngx_queue_init(&all->users);
    ngx_queue_init(&all->sales);

    all->zone = zone;
    all->tick.handler = ngx_http_seckill_stream_walk_tick;
    all->tick.data = all;
    all->tick.log = ngx_cycle->log;

    zone->streams = all;

    return all;
}


void
ngx_http_seckill_stream_add(ngx_http_seckill_stream_t *stream)
{
    ngx_http_seckill_streams_t  *all;

    all = stream->all;

    ngx_queue_insert_tail(&all->queue, &stream->queue);
    all->n++;

    if (stream->question.claim.user.len) {
        ngx_queue_insert_tail(&all->users, &stream->user);
        all->n_users++;
    }

    stream->open = 1;

    sk_add(ngx_http_seckill_stream_walk_gauge(all->zone), 1);

    /* not cancelable: a worker that exits ends its streams first */

    if (!all->tick.timer_set) {
        ngx_add_timer(&all->tick, NGX_HTTP_SECKILL_STREAM_TICK_MS);
    }
}


void
ngx_http_seckill_stream_remove(ngx_http_seckill_stream_t *stream)
{
    ngx_http_seckill_streams_t  *all;

    /* one that has failed before it was added has a sale, too */

    ngx_http_seckill_stream_sale_free(stream);

    if (!stream->open) {
        return;
    }

    all = stream->all;

    sk_assert(all->n > 0);

    ngx_queue_remove(&stream->queue);
    all->n--;

    if (stream->question.claim.user.len) {
        ngx_queue_remove(&stream->user);
        all->n_users--;
    }

    stream->open = 0;

    sk_add(ngx_http_seckill_stream_walk_gauge(all->zone), -1);
}


/* a process has its own, so that one that is killed takes it along */

static _Atomic uint32_t *
ngx_http_seckill_stream_walk_gauge(ngx_seckill_zone_t *zone)
{
    return &zone->shm->streams.open[ngx_process_slot % SK_STREAM_PROCESSES];
}


static void
ngx_http_seckill_stream_walk_tick(ngx_event_t *ev)
{
    ngx_uint_t                   sent;
    ngx_http_seckill_streams_t  *all;

    all = ev->data;

    if (ngx_exiting) {
        ngx_http_seckill_stream_walk_end(all);

    } else {
        ngx_http_seckill_stream_sale_look(all);

        sent = ngx_http_seckill_stream_walk_users(all);

        ngx_http_seckill_stream_walk_all(all, NGX_HTTP_SECKILL_STREAM_SENDS
                                              - sent);
    }

    if (all->n && !ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_SECKILL_STREAM_TICK_MS);
    }
}


/*
 * After an event any user's answer can be another one, and all are looked at as
 * soon as may be; else only what time does to them is to be seen.
 *
 * A stream goes to the end of its queue before anything is sent, since that may
 * end it, and others of its connection: no pointer into the queue is kept.
 */

static ngx_uint_t
ngx_http_seckill_stream_walk_users(ngx_http_seckill_streams_t *all)
{
    uint64_t                    seq;
    ngx_uint_t                  n, sent;
    ngx_queue_t                *q;
    ngx_http_seckill_stream_t  *stream;

    seq = sk_load_acquire(&all->zone->shm->applied_seq);

    if (all->seq != seq) {
        all->seq = seq;
        all->n_look = all->n_users;
    }

    n = ngx_max(all->n_look,
                all->n_users / NGX_HTTP_SECKILL_STREAM_ROUND + 1);
    n = ngx_min(n, NGX_HTTP_SECKILL_STREAM_LOOKS);
    n = ngx_min(n, all->n_users);

    sent = 0;

    for ( /* void */ ;
         n && sent < NGX_HTTP_SECKILL_STREAM_ORDERS
         && !ngx_queue_empty(&all->users);
         n--)
    {
        q = ngx_queue_head(&all->users);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&all->users, q);

        stream = ngx_queue_data(q, ngx_http_seckill_stream_t, user);

        if (all->n_look) {
            all->n_look--;
        }

        sent += ngx_http_seckill_stream_walk_visit(stream, 1);
    }

    return sent;
}


static void
ngx_http_seckill_stream_walk_all(ngx_http_seckill_streams_t *all,
    ngx_uint_t sends)
{
    ngx_uint_t                  n, sent;
    ngx_queue_t                *q;
    ngx_http_seckill_stream_t  *stream;

    n = ngx_min(all->n, all->n / NGX_HTTP_SECKILL_STREAM_ROUND_ALL + 1);
    sent = 0;

    for ( /* void */ ;
         n && sent < sends && !ngx_queue_empty(&all->queue);
         n--)
    {
        q = ngx_queue_head(&all->queue);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&all->queue, q);

        stream = ngx_queue_data(q, ngx_http_seckill_stream_t, queue);

        sent += ngx_http_seckill_stream_walk_visit(stream, 0);
    }
}


/* how many were sent, 0 or 1 */

static ngx_uint_t
ngx_http_seckill_stream_walk_visit(ngx_http_seckill_stream_t *stream,
    ngx_uint_t urgent)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    if (!ngx_http_seckill_stream_frame_due(stream, urgent)) {
        return 0;
    }

    /* the client has not read the last one yet: he will be told how it is
       then; until he reads, his time runs, which each frame would begin anew */

    if (ngx_http_seckill_stream_blocked(stream)) {
        return 0;
    }

    rc = ngx_http_seckill_stream_frame(stream, urgent);

    if (rc == NGX_DECLINED) {
        return 0;
    }

    r = stream->question.request;

    ngx_http_set_log_request(r->connection->log, r);

    if (rc == NGX_DONE) {
        ngx_http_seckill_stream_end(stream);
        return 1;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_seckill_stream_send(stream);
    }

    if (rc == NGX_ERROR) {
        ngx_http_seckill_call_finish(r, NGX_ERROR);
        return 1;
    }

    /* subrequests that filters have made of it, as those of SSI */

    ngx_http_run_posted_requests(r->connection);

    return 1;
}


/* their clients come back to another worker, or to this nginx's next one */

static void
ngx_http_seckill_stream_walk_end(ngx_http_seckill_streams_t *all)
{
    ngx_uint_t                  n;
    ngx_queue_t                *q;
    ngx_http_request_t         *r;
    ngx_http_seckill_stream_t  *stream;

    n = NGX_HTTP_SECKILL_STREAM_SENDS;

    for ( /* void */ ; n && !ngx_queue_empty(&all->queue); n--) {
        q = ngx_queue_head(&all->queue);

        stream = ngx_queue_data(q, ngx_http_seckill_stream_t, queue);
        r = stream->question.request;

        ngx_http_set_log_request(r->connection->log, r);

        ngx_http_seckill_stream_end(stream);
    }
}
