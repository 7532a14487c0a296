#include "ngx_http_seckill_api.h"

#include <sqlite3.h>


typedef struct ngx_http_seckill_reader_s {
    ngx_queue_t                 queue;      /* of zone->readers */
    sk_reader_t                *reader;
} ngx_http_seckill_reader_t;


static ngx_int_t ngx_http_seckill_page_args(ngx_http_seckill_ask_t *ask,
    ngx_int_t *wait, const char **field, const char **allowed);
static ngx_int_t ngx_http_seckill_page_number(ngx_http_request_t *r,
    const char *name, ngx_int_t min, ngx_int_t max, ngx_int_t *value);
static ngx_int_t ngx_http_seckill_page_text(ngx_http_request_t *r,
    const char *name, size_t max, char *text, size_t *len);
static ngx_uint_t ngx_http_seckill_page_filled(ngx_http_seckill_ask_t *ask);
static ngx_uint_t ngx_http_seckill_page_gathered(ngx_http_seckill_ask_t *ask);
static ngx_uint_t ngx_http_seckill_page_rested(ngx_http_seckill_ask_t *ask);
static ngx_uint_t ngx_http_seckill_page_more(ngx_http_seckill_ask_t *ask);
static void ngx_http_seckill_page_resume(ngx_http_seckill_ask_t *ask,
    ngx_uint_t ready);
static void ngx_http_seckill_page_run(ngx_http_seckill_ask_t *ask);
static ngx_http_seckill_reader_t *ngx_http_seckill_page_reader(
    ngx_http_seckill_zone_t *zone, ngx_log_t *log);
static void ngx_http_seckill_page_read(ngx_http_seckill_ask_t *ask);
static void ngx_http_seckill_page_done(ngx_http_seckill_ask_t *ask);
static ngx_int_t ngx_http_seckill_page_send(ngx_http_seckill_ask_t *ask);
#if (NGX_THREADS)
static ngx_int_t ngx_http_seckill_page_post(ngx_http_seckill_ask_t *ask);
static void ngx_http_seckill_page_thread(void *data, ngx_log_t *log);
static void ngx_http_seckill_page_event(ngx_event_t *ev);
static void ngx_http_seckill_page_write(ngx_http_request_t *r);
#endif


ngx_int_t
ngx_http_seckill_page_handler(ngx_http_seckill_ask_t *ask)
{
    ngx_int_t            rc, wait;
    const char          *field, *allowed;
    ngx_time_t          *tp;
    sk_page_t           *page;
    sk_zone_t           *zone;
    ngx_http_request_t  *r;

    r = ask->request;
    page = &ask->page;
    zone = ask->zone->shm;

    page->type = ask->route->what;
    page->id = ask->id;
    page->limit = NGX_HTTP_SECKILL_PAGE_LIMIT;
    page->name_len = ask->name.len;

    ngx_memcpy(page->name, ask->name.data, ask->name.len);

    tp = ngx_timeofday();
    page->now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    wait = 0;

    if (ngx_http_seckill_page_args(ask, &wait, &field, &allowed) != NGX_OK) {
        return ngx_http_seckill_send_message(r, SK_INVALID,
                                             NGX_HTTP_BAD_REQUEST, allowed,
                                             field);
    }

    if ((page->type == SK_PAGE_SALES || page->type == SK_PAGE_SALE
         || page->type == SK_PAGE_ORDERS)
        && sk_load_acquire(&zone->state) != SK_ZONE_READY)
    {
        return ngx_http_seckill_send_error(r, SK_UNAVAILABLE,
                                           "the ledger is being read");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;

    page->seq = sk_load_acquire(&zone->applied_seq);

    if (page->type == SK_PAGE_ORDERS
        && sk_load_acquire(&zone->query_seq) < page->seq)
    {
        if (sk_load(&zone->query_wanted) < page->seq) {
            sk_store(&zone->query_wanted, page->seq);
        }

        ngx_http_seckill_ask_wait(ask, ngx_http_seckill_page_filled,
                                  ngx_http_seckill_page_resume,
                                  NGX_HTTP_SECKILL_API_MS);
        return NGX_DONE;
    }

    if (page->type == SK_PAGE_EVENTS && wait) {

        /* what has just come is not alone */

        ask->deadline = ngx_current_msec + wait * 1000;

        if (!ngx_http_seckill_page_gathered(ask)) {
            ngx_http_seckill_ask_wait(ask, ngx_http_seckill_page_gathered,
                                      ngx_http_seckill_page_resume,
                                      wait * 1000);
            return NGX_DONE;
        }
    }

    ask->last = (wait == 0);

    if (page->type == SK_PAGE_EVENTS && !ngx_http_seckill_page_rested(ask)) {
        ngx_http_seckill_ask_wait(ask, ngx_http_seckill_page_rested,
                                  ngx_http_seckill_page_resume,
                                  NGX_HTTP_SECKILL_API_MS);
        return NGX_DONE;
    }

    ngx_http_seckill_page_run(ask);

    return NGX_DONE;
}


/* NGX_ERROR: "field" is not what is "allowed" */

static ngx_int_t
ngx_http_seckill_page_args(ngx_http_seckill_ask_t *ask, ngx_int_t *wait,
    const char **field, const char **allowed)
{
    ngx_int_t            after, limit;
    sk_page_t           *page;
    ngx_http_request_t  *r;

    r = ask->request;
    page = &ask->page;

    if (page->type != SK_PAGE_PRODUCTS && page->type != SK_PAGE_SALES
        && page->type != SK_PAGE_ORDERS && page->type != SK_PAGE_EVENTS)
    {
        page->limit = 1;
        return NGX_OK;
    }

    after = 0;
    limit = page->limit;

    *field = "after";
    *allowed = "after: 0 or the \"next\" of a page is allowed";

    if (ngx_http_seckill_page_number(r, "after", 0, NGX_MAX_INT_T_VALUE,
                                     &after)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *field = "limit";
    *allowed = "limit: 1 to 1000 is allowed";

    if (ngx_http_seckill_page_number(r, "limit", 1, SK_PAGE_LIMIT_MAX, &limit)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    page->after = after;
    page->limit = limit;

    if (page->type == SK_PAGE_EVENTS) {
        *field = "wait";
        *allowed = "wait: 0 to 60 seconds is allowed";

        return ngx_http_seckill_page_number(r, "wait", 0,
                                            NGX_HTTP_SECKILL_EVENTS_WAIT_MAX,
                                            wait);
    }

    if (page->type != SK_PAGE_ORDERS) {
        return NGX_OK;
    }

    *field = "sale";
    *allowed = "sale: the name of a sale is allowed";

    if (ngx_http_seckill_page_text(r, "sale", SK_NAME_SIZE_MAX, page->name,
                                   &page->name_len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *field = "user";
    *allowed = "user: 1 to 128 bytes are allowed, percent-encoded";

    if (ngx_http_seckill_page_text(r, "user", SK_USER_SIZE_MAX, page->user,
                                   &page->user_len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *field = "state";
    *allowed = "state: sold, held, paid, expired, cancelled are allowed";

    if (ngx_http_seckill_page_text(r, "state", SK_PAGE_STATE_MAX - 1,
                                   page->state, &page->state_len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    page->state[page->state_len] = '\0';

    return (page->state_len == 0 || ngx_strcmp(page->state, "sold") == 0
            || ngx_strcmp(page->state, "held") == 0
            || ngx_strcmp(page->state, "paid") == 0
            || ngx_strcmp(page->state, "expired") == 0
            || ngx_strcmp(page->state, "cancelled") == 0)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_seckill_page_number(ngx_http_request_t *r, const char *name,
    ngx_int_t min, ngx_int_t max, ngx_int_t *value)
{
    ngx_int_t  n;
    ngx_str_t  text;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &text) != NGX_OK) {
        return NGX_OK;
    }

    n = ngx_atoi(text.data, text.len);

    if (n == NGX_ERROR || n < min || n > max) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_page_text(ngx_http_request_t *r, const char *name,
    size_t max, char *text, size_t *len)
{
    u_char     *p, *last;
    ngx_int_t   ch;
    ngx_str_t   value;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return NGX_OK;
    }

    p = value.data;
    last = p + value.len;

    for (*len = 0; p < last; (*len)++) {

        if (*len == max) {
            return NGX_ERROR;
        }

        if (*p != '%') {
            text[*len] = *p++;
            continue;
        }

        if (last - p < 3 || (ch = ngx_hextoi(p + 1, 2)) == NGX_ERROR) {
            return NGX_ERROR;
        }

        text[*len] = (char) ch;
        p += 3;
    }

    return *len ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_http_seckill_page_filled(ngx_http_seckill_ask_t *ask)
{
    return sk_load_acquire(&ask->zone->shm->query_seq) >= ask->page.seq;
}


/* a page's worth of events, or some and time to gather more is over */

static ngx_uint_t
ngx_http_seckill_page_gathered(ngx_http_seckill_ask_t *ask)
{
    uint64_t  seq;

    seq = sk_load_acquire(&ask->zone->shm->applied_seq);

    if (seq < ask->page.after + ask->page.limit && seq >= ask->page.after
        && (seq == ask->page.after || !ask->queued
            || ngx_current_msec - ask->start < NGX_HTTP_SECKILL_GATHER_MS))
    {
        return 0;
    }

    return ngx_http_seckill_page_rested(ask);
}


/*
 * Buyers come first: while claims wait for the ledger, each event of which many
 * readers want to see at once, events are read in a small part of the time.
 */

static ngx_uint_t
ngx_http_seckill_page_rested(ngx_http_seckill_ask_t *ask)
{
    ngx_http_seckill_zone_t  *zone;

    zone = ask->zone;

    return (zone->n_waits == 0 && sk_queue_depth(&zone->shm->queue) == 0)
           || sk_drain_now_us() >= zone->events_us;
}


static ngx_uint_t
ngx_http_seckill_page_more(ngx_http_seckill_ask_t *ask)
{
    return sk_load_acquire(&ask->zone->shm->applied_seq) > ask->page.after
           && ngx_http_seckill_page_rested(ask);
}


static void
ngx_http_seckill_page_resume(ngx_http_seckill_ask_t *ask, ngx_uint_t ready)
{
    if (!ready && ask->page.type == SK_PAGE_ORDERS) {
        ngx_http_seckill_ask_finish(ask,
            ngx_http_seckill_send_error(ask->request, SK_UNAVAILABLE,
                                        "the query tables are behind"));
        return;
    }

    ask->last |= !ready;

    ngx_http_seckill_page_run(ask);
}


static void
ngx_http_seckill_page_run(ngx_http_seckill_ask_t *ask)
{
    ngx_http_seckill_zone_t  *zone;

    zone = ask->zone;

    ask->reader = ngx_http_seckill_page_reader(zone,
                                               ask->request->connection->log);
    if (ask->reader == NULL) {

        /* all are in use */

        ngx_queue_insert_tail(&zone->pages, &ask->queue);
        ask->queued = 1;
        return;
    }

#if (NGX_THREADS)

    if (ngx_http_seckill_page_post(ask) == NGX_OK) {
        return;
    }

#endif

    ngx_http_seckill_page_read(ask);

    ngx_http_seckill_page_done(ask);
}


static void
ngx_http_seckill_page_read(ngx_http_seckill_ask_t *ask)
{
    ask->took_us = sk_drain_now_us();

    sk_reader_page(ask->reader->reader, &ask->page);

    ask->took_us = sk_drain_now_us() - ask->took_us;
}


static ngx_http_seckill_reader_t *
ngx_http_seckill_page_reader(ngx_http_seckill_zone_t *zone, ngx_log_t *log)
{
    ngx_queue_t                *q;
    ngx_http_seckill_reader_t  *reader;

    if (!ngx_queue_empty(&zone->readers)) {
        q = ngx_queue_head(&zone->readers);
        ngx_queue_remove(q);
        return ngx_queue_data(q, ngx_http_seckill_reader_t, queue);
    }

    if (zone->n_readers == NGX_HTTP_SECKILL_READERS_MAX) {
        return NULL;
    }

    reader = ngx_calloc(sizeof(ngx_http_seckill_reader_t), log);
    if (reader == NULL) {
        return NULL;
    }

    reader->reader = sk_reader_create(zone->shm, (char *) zone->store.data);

    if (reader->reader == NULL) {
        ngx_free(reader);
        return NULL;
    }

    zone->n_readers++;

    return reader;
}


void
ngx_http_seckill_page_exit(ngx_http_seckill_zone_t *zone)
{
    ngx_queue_t                *q;
    ngx_http_seckill_reader_t  *reader;

    while (!ngx_queue_empty(&zone->readers)) {
        q = ngx_queue_head(&zone->readers);
        ngx_queue_remove(q);

        reader = ngx_queue_data(q, ngx_http_seckill_reader_t, queue);

        sk_reader_destroy(reader->reader);
        ngx_free(reader);
    }
}


#if (NGX_THREADS)

static ngx_int_t
ngx_http_seckill_page_post(ngx_http_seckill_ask_t *ask)
{
    ngx_thread_task_t            *task;
    ngx_http_request_t           *r;
    ngx_http_seckill_loc_conf_t  *slcf;

    r = ask->request;
    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    if (ask->task == NULL) {
        ask->task = ngx_thread_task_alloc(r->pool, sizeof(void *));

        if (ask->task == NULL) {
            return NGX_ERROR;
        }
    }

    task = ask->task;

    *(ngx_http_seckill_ask_t **) task->ctx = ask;

    task->handler = ngx_http_seckill_page_thread;
    task->event.handler = ngx_http_seckill_page_event;
    task->event.data = ask;

    if (ngx_thread_task_post(slcf->threads, task) != NGX_OK) {
        return NGX_ERROR;
    }

    ask->running = 1;

    r->main->blocked++;
    r->aio = 1;

    r->write_event_handler = ngx_http_seckill_page_write;

    return NGX_OK;
}


static void
ngx_http_seckill_page_thread(void *data, ngx_log_t *log)
{
    ngx_http_seckill_ask_t  *ask = *(ngx_http_seckill_ask_t **) data;

    ngx_http_seckill_page_read(ask);
}


/* as ngx_http_copy_thread_event_handler() */

static void
ngx_http_seckill_page_event(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_seckill_ask_t  *ask;

    ask = ev->data;
    r = ask->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;
    r->aio = 0;

    ask->running = 0;

    if (ask->gone) {
        ngx_http_seckill_page_done(ask);
    }

    if (r->done) {

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
    ngx_http_seckill_ask_t  *ask;

    ask = ngx_http_get_module_ctx(r, ngx_http_seckill_module);

    if (ask->reader && !ask->running) {
        ngx_http_seckill_page_done(ask);
    }
}

#endif


static void
ngx_http_seckill_page_done(ngx_http_seckill_ask_t *ask)
{
    ngx_queue_t              *q;
    ngx_http_seckill_ask_t   *next;
    ngx_http_seckill_zone_t  *zone;

    zone = ask->zone;

    ngx_queue_insert_head(&zone->readers, &ask->reader->queue);
    ask->reader = NULL;

    if (ask->page.type == SK_PAGE_EVENTS) {
        zone->events_us = ngx_max(zone->events_us, sk_drain_now_us())
                          + ask->took_us * NGX_HTTP_SECKILL_EVENTS_REST;
    }

    if (ask->gone) {
        sqlite3_free(ask->page.json);
        ask->page.json = NULL;

    } else if (ask->page.type == SK_PAGE_EVENTS
               && ask->page.result == SK_WON
               && ask->page.n == 0 && !ask->last && !ngx_exiting
               && (ngx_msec_int_t) (ask->deadline - ngx_current_msec) > 0)
    {
        /* those that were seen are not committed yet, or others' */

        sqlite3_free(ask->page.json);
        ask->page.json = NULL;

        ngx_http_seckill_ask_wait(ask, ngx_http_seckill_page_more,
                                  ngx_http_seckill_page_resume,
                                  ask->deadline - ngx_current_msec);

    } else {
        ngx_http_seckill_ask_finish(ask, ngx_http_seckill_page_send(ask));
    }

    if (!ngx_queue_empty(&zone->pages)) {
        q = ngx_queue_head(&zone->pages);
        next = ngx_queue_data(q, ngx_http_seckill_ask_t, queue);

        ngx_http_seckill_ask_unlink(next);
        ngx_http_seckill_page_run(next);
    }
}


static ngx_int_t
ngx_http_seckill_page_send(ngx_http_seckill_ask_t *ask)
{
    ngx_buf_t           *b;
    sk_page_t           *page;
    ngx_http_request_t  *r;

    r = ask->request;
    page = &ask->page;

    switch (page->result) {

    case SK_WON:
        break;

    case SK_NONE:
        return ngx_http_seckill_send_message(r, SK_INVALID,
                                             NGX_HTTP_NOT_FOUND,
                                             page->message, NULL);

    case SK_UNAVAILABLE:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "seckill store \"%V\": %s", &ask->zone->store,
                      page->message);

        /* fall through */

    default:
        return ngx_http_seckill_send_error(r, page->result, page->message);
    }

    b = ngx_create_temp_buf(r->pool, page->len);

    if (b) {
        b->last = ngx_cpymem(b->last, page->json, page->len);
    }

    sqlite3_free(page->json);
    page->json = NULL;

    return b ? ngx_http_seckill_send(r, NGX_HTTP_OK,
                                     &ngx_http_seckill_json_type, b)
             : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* the request is over, or its client has left */

void
ngx_http_seckill_page_cleanup(ngx_http_seckill_ask_t *ask)
{
    ask->gone = 1;

    if (!ask->running) {
        sqlite3_free(ask->page.json);
        ask->page.json = NULL;
    }
}
