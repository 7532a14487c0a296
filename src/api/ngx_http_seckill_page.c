#include "ngx_http_seckill_api.h"


static ngx_int_t ngx_http_seckill_page_load(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_page_loaded(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static ngx_int_t ngx_http_seckill_page_begin(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_page_seen(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static void ngx_http_seckill_page_again(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static ngx_int_t ngx_http_seckill_page_try(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_page_read(void *data);
static ngx_int_t ngx_http_seckill_page_done(ngx_http_seckill_call_t *call);
static ngx_int_t ngx_http_seckill_page_send(ngx_http_seckill_call_t *call);
static ngx_int_t ngx_http_seckill_page_post(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_page_event(void *data);
static void ngx_http_seckill_page_write(ngx_http_request_t *r);


ngx_int_t
ngx_http_seckill_page_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t            rc;
    ngx_time_t          *tp;
    sk_page_t           *page;
    sk_wrong_t           wrong;
    ngx_http_request_t  *r;

    r = call->request;
    page = &call->page;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    page->type = call->route->what;
    page->id = call->id;
    page->limit = (SK_PAGE_LISTS & 1 << page->type)
                  ? NGX_HTTP_SECKILL_PAGE_LIMIT : 1;

    if (call->name.len) {
        page->name_len = call->name.len;
        ngx_memcpy(page->name, call->name.data, call->name.len);
    }

    tp = ngx_timeofday();
    page->now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    if (ngx_http_seckill_args(call, 1 << page->type, &wrong) != NGX_OK) {
        return ngx_http_seckill_args_send(r, &wrong);
    }

    call->limit = ngx_current_msec + NGX_HTTP_SECKILL_API_MS;
    call->pages = ngx_http_seckill_reader_pages(call->zone, r->connection->log);

    if (call->pages == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_seckill_page_load(call);

    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


/*
 * As a claim, a page waits until the ledger has been read, unless the store
 * fails: before that it may have no tables yet.
 *
 * As all that begins a page may run inside the request's handler, nothing here
 * ends the request: it is NGX_DONE if the page is still to come, else what
 * ngx_http_finalize_request() is to get.
 */

static ngx_int_t
ngx_http_seckill_page_load(ngx_http_seckill_call_t *call)
{
    if (sk_load_acquire(&call->zone->shm->state) == SK_ZONE_READY) {
        return ngx_http_seckill_page_begin(call);
    }

    if (sk_load(&call->zone->shm->failing)) {
        return ngx_http_seckill_call_unavailable(call, "the store fails");
    }

    ngx_http_seckill_call_wait(call, NGX_SECKILL_CURRENT, 0,
                               ngx_http_seckill_call_left(call->limit),
                               ngx_http_seckill_page_loaded);
    return NGX_DONE;
}


static void
ngx_http_seckill_page_loaded(ngx_http_seckill_call_t *call, ngx_uint_t reached)
{
    ngx_int_t  rc;

    rc = reached ? ngx_http_seckill_page_load(call)
                 : ngx_http_seckill_call_unavailable(call,
                       "the ledger is being read");

    if (rc != NGX_DONE) {
        ngx_http_seckill_call_finish(call->request, rc);
    }
}


/* reads it, or waits until it may be read */

static ngx_int_t
ngx_http_seckill_page_begin(ngx_http_seckill_call_t *call)
{
    sk_page_t           *page;
    ngx_seckill_zone_t  *zone;
    ngx_seckill_wait_e   what;

    page = &call->page;
    zone = call->zone;

    page->seq = sk_load_acquire(&zone->shm->applied_seq);

    /* another zone on this store may have told of more */

    if (zone->seq && sk_load_acquire(zone->seq) > page->seq) {
        page->seq = sk_load_acquire(zone->seq);
        ngx_seckill_drain_wake(zone);
    }

    switch (page->type) {

    case SK_PAGE_SALE:
    case SK_PAGE_SALES:
        what = NGX_SECKILL_APPLIED;
        break;

    case SK_PAGE_ORDERS:

        /* of an exiting worker's zone no thread may know how far the tables
           are: they are looked at, and say it themselves */

        what = NGX_SECKILL_FILLED;
        call->wait.idle = 1;
        sk_seq_advance(&zone->shm->query_wanted, page->seq);
        break;

    case SK_PAGE_EVENTS:
        return ngx_http_seckill_events_begin(call);

    default:
        return ngx_http_seckill_page_run(call);
    }

    if (ngx_seckill_wait_reached(zone, what, page->seq)) {
        return ngx_http_seckill_page_run(call);
    }

    ngx_http_seckill_call_wait(call, what, page->seq,
                               ngx_http_seckill_call_left(call->limit),
                               ngx_http_seckill_page_seen);
    return NGX_DONE;
}


static void
ngx_http_seckill_page_seen(ngx_http_seckill_call_t *call, ngx_uint_t reached)
{
    char       lists[SK_REASON_SIZE_MAX];
    ngx_int_t  rc;

    if (reached || ngx_http_seckill_call_left(call->limit)) {
        rc = ngx_http_seckill_page_run(call);

    } else if (call->page.type != SK_PAGE_ORDERS) {
        rc = ngx_http_seckill_call_unavailable(call,
                                               "the zone is behind the ledger");

    } else {
        rc = ngx_http_seckill_call_unavailable(call,
                 (sk_zone_lists(call->zone->shm, lists) == SK_OK)
                 ? "the query tables are behind" : lists);
    }

    if (rc != NGX_DONE) {
        ngx_http_seckill_call_finish(call->request, rc);
    }
}


/* the query tables were behind when they were looked at */

static void
ngx_http_seckill_page_again(ngx_http_seckill_call_t *call, ngx_uint_t reached)
{
    ngx_int_t  rc;

    rc = ngx_http_seckill_call_left(call->limit)
         ? ngx_http_seckill_page_run(call) : ngx_http_seckill_page_send(call);

    if (rc != NGX_DONE) {
        ngx_http_seckill_call_finish(call->request, rc);
    }
}


ngx_int_t
ngx_http_seckill_page_run(ngx_http_seckill_call_t *call)
{
    /* a worker that exits waits for it */

    call->zone->n_busy++;
    ngx_seckill_wait_watch(call->zone);

    return ngx_http_seckill_page_try(call);
}


static ngx_int_t
ngx_http_seckill_page_try(ngx_http_seckill_call_t *call)
{
    ngx_http_seckill_pages_t  *pages;

    sk_assert(call->reader == NULL && !call->running);

    pages = call->pages;
    call->parked = 0;

    call->reader = ngx_http_seckill_reader_get(pages,
                                               call->request->connection->log);

    if (call->reader == NULL && pages->n_readers < NGX_HTTP_SECKILL_READERS_MAX)
    {
        call->zone->n_busy--;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (call->reader == NULL) {

        /* all are in use */

        ngx_queue_insert_tail(&pages->parked, &call->queue);
        call->parked = 1;

        ngx_http_seckill_call_park(call->request);

        return NGX_DONE;
    }

    if (ngx_http_seckill_page_post(call) == NGX_OK) {
        return NGX_DONE;
    }

    ngx_http_seckill_page_read(call);

    return ngx_http_seckill_page_done(call);
}


void
ngx_http_seckill_page_next(ngx_event_t *ev)
{
    ngx_int_t                  rc;
    ngx_queue_t               *q;
    ngx_http_seckill_call_t   *call;
    ngx_http_seckill_pages_t  *pages;

    pages = ev->data;

    while (!ngx_queue_empty(&pages->parked)
           && !ngx_queue_empty(&pages->readers))
    {
        q = ngx_queue_head(&pages->parked);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_seckill_call_t, queue);

        ngx_http_set_log_request(call->request->connection->log, call->request);

        rc = ngx_http_seckill_page_try(call);

        if (rc != NGX_DONE) {
            ngx_http_seckill_call_finish(call->request, rc);
        }
    }
}


static void
ngx_http_seckill_page_read(void *data)
{
    ngx_http_seckill_call_t  *call = data;

    call->took_us = sk_monotonic_us();

    sk_page_reader_page(call->reader->reader, &call->page);

    call->took_us = sk_monotonic_us() - call->took_us;
}


static ngx_int_t
ngx_http_seckill_page_post(ngx_http_seckill_call_t *call)
{
    ngx_http_request_t  *r;

    r = call->request;

    call->task.run = ngx_http_seckill_page_read;
    call->task.done = ngx_http_seckill_page_event;
    call->task.data = call;

    if (ngx_seckill_thread_post(&call->task, r->connection->log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->running = 1;

    r->main->blocked++;
    r->aio = 1;

    r->write_event_handler = ngx_http_seckill_page_write;

    return NGX_OK;
}


/* as ngx_http_copy_thread_event_handler() */

static void
ngx_http_seckill_page_event(void *data)
{
    ngx_http_seckill_call_t  *call = data;

    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = call->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;
    r->aio = 0;

    call->running = 0;

    if (call->gone) {
        (void) ngx_http_seckill_page_done(call);
    }

    if (r->done || call->gone) {

        /* the request was finalized while the thread was at work */

        c->write->handler(c->write);

    } else {
        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_seckill_page_write(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_seckill_call_t  *call;

    call = ngx_http_get_module_ctx(r, ngx_http_seckill_module);

    if (call->reader && !call->running) {
        rc = ngx_http_seckill_page_done(call);

        if (rc != NGX_DONE) {
            ngx_http_finalize_request(r, rc);
        }
    }
}


static ngx_int_t
ngx_http_seckill_page_done(ngx_http_seckill_call_t *call)
{
    sk_page_t                 *page;
    ngx_msec_t                 left;
    ngx_http_seckill_pages_t  *pages;

    sk_assert(call->reader && !call->running && call->zone->n_busy > 0);

    page = &call->page;
    pages = call->pages;
    left = ngx_http_seckill_call_left(call->limit);

    ngx_queue_insert_head(&pages->readers, &call->reader->queue);
    call->reader = NULL;
    call->zone->n_busy--;

    if (page->type == SK_PAGE_EVENTS) {
        ngx_http_seckill_events_read(call);
    }

    if (!ngx_queue_empty(&pages->parked)) {
        ngx_post_event(&pages->next, &ngx_posted_events);
    }

    if (call->gone) {
        sk_page_free(page);
        return NGX_DONE;
    }

    if (page->type == SK_PAGE_EVENTS && page->status == SK_STATUS_OK
        && page->n == 0 && !call->last && !ngx_exiting && left)
    {
        /* those that were seen are not committed yet, or others' */

        sk_page_free(page);

        ngx_http_seckill_events_more(call);
        return NGX_DONE;
    }

    if (page->behind && left) {

        /*
         * The zone has said that the query tables are so far, or could not
         * know: they are made anew, are another process's just now, or those of
         * a new configuration's helper, which does not see who waits here.
         */

        call->wait.idle = 0;

        ngx_http_seckill_call_wait(call, NGX_SECKILL_TIME, 0,
                                   ngx_min(left, NGX_HTTP_SECKILL_AGAIN_MS),
                                   ngx_http_seckill_page_again);
        return NGX_DONE;
    }

    return ngx_http_seckill_page_send(call);
}


static ngx_int_t
ngx_http_seckill_page_send(ngx_http_seckill_call_t *call)
{
    ngx_buf_t           *b;
    sk_page_t           *page;
    ngx_http_request_t  *r;

    r = call->request;
    page = &call->page;

    if (page->status == SK_STATUS_UNAVAILABLE) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "seckill store \"%V\": %s", &call->zone->store,
                      page->message);
    }

    if (page->status != SK_STATUS_OK) {
        return ngx_http_seckill_reply_error(r, page->status, page->message,
                                            NULL);
    }

    b = ngx_create_temp_buf(r->pool, page->len);

    if (b) {
        b->last = ngx_cpymem(b->last, page->json, page->len);
    }

    sk_page_free(page);

    return b ? ngx_http_seckill_reply_send(r, SK_STATUS_OK,
                                           &ngx_http_seckill_reply_json_type, b)
             : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* the request is over, or its client has left */

void
ngx_http_seckill_page_cleanup(ngx_http_seckill_call_t *call)
{
    call->gone = 1;

    if (call->parked) {
        ngx_queue_remove(&call->queue);
        call->zone->n_busy--;
        call->parked = 0;
    }

    if (!call->running) {
        sk_page_free(&call->page);
    }
}
