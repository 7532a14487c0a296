#include "ngx_http_seckill.h"


/*
 * A request that waits for the ledger.  The record is not of the request's
 * pool: it outlives a request that its client has left, and is used again.
 */

typedef struct {
    ngx_queue_t                 queue;      /* of zone->waits, loading, free */
    uint64_t                    ticket;
    ngx_msec_t                  deadline;
    int64_t                     start_us;
    ngx_http_request_t         *request;
    ngx_http_cleanup_t         *cleanup;
    ngx_http_seckill_claim_t    claim;
    unsigned                    admitted:1;
} ngx_http_seckill_wait_t;


static ngx_http_seckill_wait_t *ngx_http_seckill_wait_alloc(
    ngx_http_seckill_zone_t *zone, ngx_log_t *log);
static void ngx_http_seckill_wait_link(ngx_http_seckill_wait_t *w,
    sk_answer_t *answer);
static void ngx_http_seckill_wait_unlink(ngx_http_seckill_wait_t *w);
static void ngx_http_seckill_wait_resume(ngx_http_seckill_wait_t *w,
    int64_t now_us);
static ngx_int_t ngx_http_seckill_wait_outcome(ngx_http_seckill_wait_t *w,
    int64_t now_us, sk_answer_t *answer);
static void ngx_http_seckill_wait_finish(ngx_http_seckill_wait_t *w,
    sk_answer_t *answer);
static void ngx_http_seckill_wait_free(ngx_http_seckill_wait_t *w);
static void ngx_http_seckill_wait_cleanup(void *data);
static void ngx_http_seckill_wait_expire(ngx_http_seckill_zone_t *zone);
static void ngx_http_seckill_wait_sort_out(ngx_http_seckill_zone_t *zone,
    ngx_queue_t *queue, ngx_queue_t *expired);
static void ngx_http_seckill_wait_give_up(ngx_http_seckill_wait_t *w);
static void ngx_http_seckill_wait_event(ngx_event_t *ev);
static void ngx_http_seckill_wait_watch(ngx_event_t *ev);


ngx_int_t
ngx_http_seckill_wait_init(ngx_http_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    ngx_queue_init(&zone->waits);
    ngx_queue_init(&zone->loading);
    ngx_queue_init(&zone->free);
    ngx_queue_init(&zone->asks);
    ngx_queue_init(&zone->readers);
    ngx_queue_init(&zone->pages);

    zone->watch.handler = ngx_http_seckill_wait_watch;
    zone->watch.data = zone;
    zone->watch.log = cycle->log;

    zone->next_page.handler = ngx_http_seckill_page_next;
    zone->next_page.data = zone;
    zone->next_page.log = cycle->log;

    if (!(ngx_event_flags & NGX_USE_CLEAR_EVENT)) {
        /* select, poll: the watch has to do */
        return NGX_OK;
    }

    return ngx_http_seckill_watch_fd(cycle, zone->wake->workers,
                                     ngx_http_seckill_wait_event, zone,
                                     NGX_CLEAR_EVENT);
}


ngx_int_t
ngx_http_seckill_wait(ngx_http_request_t *r, ngx_http_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    ngx_http_cleanup_t       *cln;
    ngx_http_seckill_wait_t  *w;

    /* if there is no memory, the claim is decided without its request */

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    w = ngx_http_seckill_wait_alloc(claim->zone, r->connection->log);
    if (w == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_seckill_wait_cleanup;
    cln->data = w;

    w->request = r;
    w->cleanup = cln;
    w->claim = *claim;
    w->deadline = ngx_current_msec + claim->timeout;

    ngx_http_seckill_wait_link(w, answer);

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;
    r->main->count++;

    return NGX_DONE;
}


static ngx_http_seckill_wait_t *
ngx_http_seckill_wait_alloc(ngx_http_seckill_zone_t *zone, ngx_log_t *log)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(&zone->free)) {
        return ngx_alloc(sizeof(ngx_http_seckill_wait_t), log);
    }

    q = ngx_queue_head(&zone->free);
    ngx_queue_remove(q);

    return ngx_queue_data(q, ngx_http_seckill_wait_t, queue);
}


static void
ngx_http_seckill_wait_link(ngx_http_seckill_wait_t *w, sk_answer_t *answer)
{
    ngx_queue_t              *q;
    ngx_http_seckill_zone_t  *zone;
    ngx_http_seckill_wait_t  *prev;

    zone = w->claim.zone;

    w->admitted = answer->admitted;
    w->ticket = answer->ticket;

    if (w->admitted) {
        w->start_us = sk_writer_now_us();
    }

    if (w->ticket == 0) {
        ngx_queue_insert_tail(&zone->loading, &w->queue);

    } else {

        /* a new ticket is the last; only who asks again for one that is not
           decided has to look for its place */

        for (q = ngx_queue_last(&zone->waits);
             q != ngx_queue_sentinel(&zone->waits);
             q = ngx_queue_prev(q))
        {
            prev = ngx_queue_data(q, ngx_http_seckill_wait_t, queue);

            if (prev->ticket <= w->ticket) {
                break;
            }
        }

        ngx_queue_insert_after(q, &w->queue);
    }

    if (zone->n_waits++ == 0
        || (ngx_msec_int_t) (w->deadline - zone->deadline) < 0)
    {
        zone->deadline = w->deadline;
    }

    zone->waited = ngx_current_msec;

    ngx_http_seckill_wait_start(zone);
}


/* not cancelable: a worker that exits waits for it */

void
ngx_http_seckill_wait_start(ngx_http_seckill_zone_t *zone)
{
    if (!zone->watch.timer_set) {
        ngx_add_timer(&zone->watch, NGX_HTTP_SECKILL_WATCH_MS);
    }
}


static void
ngx_http_seckill_wait_unlink(ngx_http_seckill_wait_t *w)
{
    ngx_queue_remove(&w->queue);

    w->claim.zone->n_waits--;
}


void
ngx_http_seckill_wait_decided(ngx_http_seckill_zone_t *zone)
{
    int64_t                   now_us;
    uint64_t                  head;
    ngx_queue_t              *q, loading;
    ngx_http_seckill_wait_t  *w;

    if (zone->n_waits == 0) {
        return;
    }

    if (!ngx_queue_empty(&zone->loading)
        && (sk_load_acquire(&zone->shm->state) == SK_ZONE_READY
            || sk_load(&zone->shm->failing)))
    {
        /* those that have to wait on are put into the list again */

        ngx_queue_init(&loading);
        ngx_queue_add(&loading, &zone->loading);
        ngx_queue_init(&zone->loading);

        while (!ngx_queue_empty(&loading)) {
            q = ngx_queue_head(&loading);
            w = ngx_queue_data(q, ngx_http_seckill_wait_t, queue);
            ngx_http_seckill_wait_resume(w, 0);
        }
    }

    head = sk_load_acquire(&zone->shm->queue.head);

    /* later than the start of any that is decided; those above had none */

    now_us = sk_writer_now_us();

    while (!ngx_queue_empty(&zone->waits)) {
        q = ngx_queue_head(&zone->waits);
        w = ngx_queue_data(q, ngx_http_seckill_wait_t, queue);

        if (w->ticket >= head) {
            break;
        }

        ngx_http_seckill_wait_resume(w, now_us);
    }
}


static void
ngx_http_seckill_wait_resume(ngx_http_seckill_wait_t *w, int64_t now_us)
{
    ngx_int_t    rc;
    sk_answer_t  answer;

    rc = ngx_http_seckill_wait_outcome(w, now_us, &answer);

    ngx_http_seckill_wait_unlink(w);

    if (rc == NGX_DECLINED
        && ngx_http_seckill_claim_run(&w->claim, &answer) == NGX_AGAIN)
    {
        ngx_http_seckill_wait_link(w, &answer);
        return;
    }

    ngx_http_seckill_wait_finish(w, &answer);
}


/* NGX_DECLINED: the zone is to be asked again */

static ngx_int_t
ngx_http_seckill_wait_outcome(ngx_http_seckill_wait_t *w, int64_t now_us,
    sk_answer_t *answer)
{
    int64_t       waited_us;
    uint32_t      expires_s;
    uint64_t      order;
    sk_outcome_e  outcome;

    if (!w->admitted) {
        return NGX_DECLINED;
    }

    waited_us = now_us - w->start_us;

    sk_hist_observe(&w->claim.zone->shm->wait_seconds, &sk_hist_seconds,
                    (double) waited_us / 1e6, (uint64_t) waited_us);

    ngx_memzero(answer, sizeof(sk_answer_t));

    if (sk_queue_outcome(&w->claim.zone->shm->queue, w->ticket, &outcome,
                         &order, &expires_s)
        != SK_OK)
    {
        /* decided so long ago that the outcome is lost: the ledger has it */
        answer->result = SK_UNAVAILABLE;
        return NGX_OK;
    }

    switch (outcome) {

    case SK_OUTCOME_WON:
        answer->result = SK_WON;
        answer->order = order;
        answer->expires_s = expires_s;
        answer->state = expires_s ? SK_UNIT_HELD : SK_UNIT_SOLD;
        return NGX_OK;

    case SK_OUTCOME_REFUSED:
        return NGX_DECLINED;

    default: /* SK_OUTCOME_UNAVAILABLE */
        answer->result = SK_UNAVAILABLE;
        return NGX_OK;
    }
}


static void
ngx_http_seckill_wait_finish(ngx_http_seckill_wait_t *w, sk_answer_t *answer)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_seckill_claim_t   claim;

    r = w->request;
    c = r->connection;
    claim = w->claim;

    w->cleanup->handler = NULL;

    ngx_http_seckill_wait_free(w);

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, ngx_http_seckill_claim_answer(r, &claim,
                                                               answer));
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_seckill_wait_free(ngx_http_seckill_wait_t *w)
{
    ngx_queue_insert_head(&w->claim.zone->free, &w->queue);
}


/* the client has left; its claim is decided all the same */

static void
ngx_http_seckill_wait_cleanup(void *data)
{
    ngx_http_seckill_wait_t  *w = data;

    ngx_http_seckill_wait_unlink(w);
    ngx_http_seckill_wait_free(w);
}


/*
 * A timer for each request would change a tree twice for it, and few wait to
 * the end.  So the zone knows a time before which no deadline is, and looks for
 * the next one when that has come.
 */

static void
ngx_http_seckill_wait_expire(ngx_http_seckill_zone_t *zone)
{
    ngx_queue_t               expired;
    ngx_http_seckill_wait_t  *w;

    ngx_queue_init(&expired);

    zone->deadline = ngx_current_msec + NGX_HTTP_SECKILL_TIMEOUT_MAX_MS;

    ngx_http_seckill_wait_sort_out(zone, &zone->waits, &expired);
    ngx_http_seckill_wait_sort_out(zone, &zone->loading, &expired);

    /* one that is answered may end others, of the same HTTP/2 connection */

    while (!ngx_queue_empty(&expired)) {
        w = ngx_queue_data(ngx_queue_head(&expired), ngx_http_seckill_wait_t,
                           queue);
        ngx_http_seckill_wait_give_up(w);
    }
}


static void
ngx_http_seckill_wait_sort_out(ngx_http_seckill_zone_t *zone,
    ngx_queue_t *queue, ngx_queue_t *expired)
{
    ngx_queue_t              *q, *next;
    ngx_http_seckill_wait_t  *w;

    for (q = ngx_queue_head(queue); q != ngx_queue_sentinel(queue); q = next) {

        next = ngx_queue_next(q);
        w = ngx_queue_data(q, ngx_http_seckill_wait_t, queue);

        if ((ngx_msec_int_t) (w->deadline - ngx_current_msec) <= 0) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(expired, q);

        } else if ((ngx_msec_int_t) (w->deadline - zone->deadline) < 0) {
            zone->deadline = w->deadline;
        }
    }
}


static void
ngx_http_seckill_wait_give_up(ngx_http_seckill_wait_t *w)
{
    sk_answer_t  answer;

    ngx_memzero(&answer, sizeof(sk_answer_t));
    answer.result = SK_UNAVAILABLE;

    /* a metric counts them; what is wrong is in the drainer's message */

    ngx_log_error(NGX_LOG_INFO, w->request->connection->log, 0,
                  "seckill claim was not decided in %M ms", w->claim.timeout);

    ngx_http_seckill_wait_unlink(w);
    ngx_http_seckill_wait_finish(w, &answer);
}


void
ngx_http_seckill_wait_exit(ngx_http_seckill_zone_t *zone)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_seckill_wait_t  *w;

    ngx_queue_t *const  queues[] = {
        &zone->free, &zone->waits, &zone->loading
    };

    for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {

        while (!ngx_queue_empty(queues[i])) {
            q = ngx_queue_head(queues[i]);
            w = ngx_queue_data(q, ngx_http_seckill_wait_t, queue);

            if (queues[i] != &zone->free) {
                w->cleanup->handler = NULL;
            }

            ngx_queue_remove(q);
            ngx_free(w);
        }
    }

    zone->n_waits = 0;
}


static void
ngx_http_seckill_wait_event(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_http_seckill_wait_decided(c->data);
    ngx_http_seckill_ask_look(c->data);
}


/*
 * While requests wait: looks whether they still have to, should a wake-up be
 * lost; answers those whose time is over; drains, if the process is exiting
 * and the helper has left.
 */

static void
ngx_http_seckill_wait_watch(ngx_event_t *ev)
{
    ngx_http_seckill_zone_t  *zone;

    zone = ev->data;

    ngx_http_seckill_wait_decided(zone);
    ngx_http_seckill_ask_look(zone);

    if (zone->n_waits == 0 && zone->n_pages == 0
        && ngx_queue_empty(&zone->asks))
    {
        return;
    }

    if (zone->n_waits
        && (ngx_msec_int_t) (zone->deadline - ngx_current_msec) <= 0)
    {
        ngx_http_seckill_wait_expire(zone);
    }

    if (ngx_exiting && !zone->role
        && (zone->n_waits || ngx_http_seckill_ask_drains(zone))
        && ngx_http_seckill_drain_take(zone) == NGX_OK)
    {
        ngx_post_event(&zone->drain_event, &ngx_posted_events);
    }

    ngx_add_timer(&zone->watch, NGX_HTTP_SECKILL_WATCH_MS);
}
