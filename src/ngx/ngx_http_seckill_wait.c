#include "ngx_http_seckill.h"


/*
 * A request that waits for the ledger.  The record is not of the request's
 * pool: it outlives a request that its client has left, and is used again.
 */

typedef struct {
    ngx_rbtree_node_t           node;       /* key: the ticket */
    ngx_queue_t                 queue;      /* of zone->loading, zone->free */
    ngx_event_t                 deadline;
    ngx_http_request_t         *request;
    ngx_http_cleanup_t         *cleanup;
    ngx_http_seckill_claim_t    claim;
    int64_t                     start_us;
    unsigned                    loading:1;
    unsigned                    admitted:1;
} ngx_http_seckill_wait_t;


_Static_assert(sizeof(ngx_rbtree_key_t) >= sizeof(uint64_t),
               "tickets are keys of a tree");


static ngx_http_seckill_wait_t *ngx_http_seckill_wait_alloc(
    ngx_http_seckill_zone_t *zone, ngx_log_t *log);
static void ngx_http_seckill_wait_link(ngx_http_seckill_wait_t *w,
    sk_answer_t *answer);
static void ngx_http_seckill_wait_unlink(ngx_http_seckill_wait_t *w);
static void ngx_http_seckill_wait_resume(ngx_http_seckill_wait_t *w);
static ngx_int_t ngx_http_seckill_wait_outcome(ngx_http_seckill_wait_t *w,
    sk_answer_t *answer);
static void ngx_http_seckill_wait_finish(ngx_http_seckill_wait_t *w,
    sk_answer_t *answer);
static void ngx_http_seckill_wait_free(ngx_http_seckill_wait_t *w);
static void ngx_http_seckill_wait_cleanup(void *data);
static void ngx_http_seckill_wait_deadline(ngx_event_t *ev);
static void ngx_http_seckill_wait_event(ngx_event_t *ev);
static void ngx_http_seckill_wait_watch(ngx_event_t *ev);


ngx_int_t
ngx_http_seckill_wait_init(ngx_http_seckill_zone_t *zone, ngx_cycle_t *cycle)
{
    ngx_rbtree_init(&zone->waits, &zone->sentinel, ngx_rbtree_insert_value);
    ngx_queue_init(&zone->loading);
    ngx_queue_init(&zone->free);

    zone->watch.handler = ngx_http_seckill_wait_watch;
    zone->watch.data = zone;
    zone->watch.log = cycle->log;
    zone->watch.cancelable = 1;

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

    w->deadline.handler = ngx_http_seckill_wait_deadline;
    w->deadline.data = w;
    w->deadline.log = r->connection->log;

    ngx_add_timer(&w->deadline, claim->timeout);

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
    ngx_queue_t              *q;
    ngx_http_seckill_wait_t  *w;

    if (ngx_queue_empty(&zone->free)) {
        w = ngx_alloc(sizeof(ngx_http_seckill_wait_t), log);

        if (w == NULL) {
            return NULL;
        }

    } else {
        q = ngx_queue_head(&zone->free);
        ngx_queue_remove(q);
        w = ngx_queue_data(q, ngx_http_seckill_wait_t, queue);
    }

    ngx_memzero(w, sizeof(ngx_http_seckill_wait_t));

    return w;
}


static void
ngx_http_seckill_wait_link(ngx_http_seckill_wait_t *w, sk_answer_t *answer)
{
    ngx_http_seckill_zone_t  *zone;

    zone = w->claim.zone;

    w->admitted = answer->admitted;

    if (w->admitted) {
        w->start_us = sk_drain_now_us();
    }

    w->loading = (answer->ticket == 0);

    if (w->loading) {
        ngx_queue_insert_tail(&zone->loading, &w->queue);

    } else {
        w->node.key = (ngx_rbtree_key_t) answer->ticket;
        ngx_rbtree_insert(&zone->waits, &w->node);
    }

    zone->n_waits++;

    if (!zone->watch.timer_set) {
        ngx_add_timer(&zone->watch, NGX_HTTP_SECKILL_WATCH_MS);
    }
}


static void
ngx_http_seckill_wait_unlink(ngx_http_seckill_wait_t *w)
{
    ngx_http_seckill_zone_t  *zone;

    zone = w->claim.zone;

    if (w->loading) {
        ngx_queue_remove(&w->queue);

    } else {
        ngx_rbtree_delete(&zone->waits, &w->node);
    }

    zone->n_waits--;
}


void
ngx_http_seckill_wait_decided(ngx_http_seckill_zone_t *zone)
{
    uint64_t                  head;
    ngx_queue_t              *q, loading;
    ngx_rbtree_node_t        *node;
    ngx_http_seckill_wait_t  *w;

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
            ngx_http_seckill_wait_resume(w);
        }
    }

    head = sk_load_acquire(&zone->shm->queue.head);

    while (zone->waits.root != zone->waits.sentinel) {

        node = ngx_rbtree_min(zone->waits.root, zone->waits.sentinel);

        if ((uint64_t) node->key >= head) {
            break;
        }

        w = ngx_rbtree_data(node, ngx_http_seckill_wait_t, node);
        ngx_http_seckill_wait_resume(w);
    }
}


static void
ngx_http_seckill_wait_resume(ngx_http_seckill_wait_t *w)
{
    ngx_int_t    rc;
    sk_answer_t  answer;

    rc = ngx_http_seckill_wait_outcome(w, &answer);

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
ngx_http_seckill_wait_outcome(ngx_http_seckill_wait_t *w, sk_answer_t *answer)
{
    int64_t       waited_us;
    uint64_t      order;
    sk_outcome_e  outcome;

    if (!w->admitted) {
        return NGX_DECLINED;
    }

    waited_us = sk_drain_now_us() - w->start_us;

    sk_hist_observe(&w->claim.zone->shm->wait_seconds, &sk_hist_seconds,
                    (double) waited_us / 1e6, (uint64_t) waited_us);

    ngx_memzero(answer, sizeof(sk_answer_t));

    if (sk_queue_outcome(&w->claim.zone->shm->queue, w->node.key, &outcome,
                         &order)
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
    if (w->deadline.timer_set) {
        ngx_del_timer(&w->deadline);
    }

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


static void
ngx_http_seckill_wait_deadline(ngx_event_t *ev)
{
    sk_answer_t               answer;
    ngx_http_seckill_wait_t  *w;

    w = ev->data;

    ngx_memzero(&answer, sizeof(sk_answer_t));
    answer.result = SK_UNAVAILABLE;

    /* a metric counts them; what is wrong is in the drainer's message */

    ngx_log_error(NGX_LOG_INFO, w->request->connection->log, 0,
                  "seckill claim was not decided in %M ms", w->claim.timeout);

    ngx_http_seckill_wait_unlink(w);
    ngx_http_seckill_wait_finish(w, &answer);
}


static void
ngx_http_seckill_wait_event(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_http_seckill_wait_decided(c->data);
}


/*
 * While requests wait: looks whether they still have to, should a wake-up be
 * lost, and drains if the process is exiting and the helper has left.
 */

static void
ngx_http_seckill_wait_watch(ngx_event_t *ev)
{
    ngx_http_seckill_zone_t  *zone;

    zone = ev->data;

    ngx_http_seckill_wait_decided(zone);

    if (zone->n_waits == 0) {
        return;
    }

    if (ngx_exiting && !zone->role
        && ngx_http_seckill_drain_take(zone) == NGX_OK)
    {
        ngx_post_event(&zone->drain_event, &ngx_posted_events);
    }

    ngx_add_timer(&zone->watch, NGX_HTTP_SECKILL_WATCH_MS);
}
