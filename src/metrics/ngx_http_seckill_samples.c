#include "ngx_http_seckill_metrics.h"


static void ngx_http_seckill_samples_up(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_claims(ngx_http_seckill_writer_t *w,
    sk_sale_t *sale);
static void ngx_http_seckill_samples_questions(ngx_http_seckill_writer_t *w,
    sk_sale_t *sale);
static void ngx_http_seckill_samples_units(ngx_http_seckill_writer_t *w,
    sk_sale_t *sale);
static void ngx_http_seckill_samples_waiting(ngx_http_seckill_writer_t *w,
    sk_sale_t *sale);
static void ngx_http_seckill_samples_orders(ngx_http_seckill_writer_t *w,
    sk_sale_t *sale);
static void ngx_http_seckill_samples_commits(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_commit_claims(
    ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_waits(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_room(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_bytes(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_events(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_chain(ngx_http_seckill_writer_t *w);
static double ngx_http_seckill_samples_broken(sk_zone_t *zone);
static double ngx_http_seckill_samples_depth(sk_zone_t *zone);
static double ngx_http_seckill_samples_queue(sk_zone_t *zone);
static double ngx_http_seckill_samples_size(sk_zone_t *zone);
static double ngx_http_seckill_samples_seq(sk_zone_t *zone);
static double ngx_http_seckill_samples_ledger(sk_zone_t *zone);
static double ngx_http_seckill_samples_lag(sk_zone_t *zone);
static double ngx_http_seckill_samples_lists(sk_zone_t *zone);
static double ngx_http_seckill_samples_restarts(sk_zone_t *zone);
static double ngx_http_seckill_samples_repairs(sk_zone_t *zone);


const ngx_http_seckill_metric_t  ngx_http_seckill_metric_table[] = {

    { "seckill_up", "gauge",
      "Whether the zone takes claims.",
      NULL, NULL, ngx_http_seckill_samples_up },

    { "seckill_claims_total", "counter",
      "Claims answered, by result.",
      ngx_http_seckill_samples_claims, NULL, NULL },

    { "seckill_questions_total", "counter",
      "Questions (GET) answered.",
      ngx_http_seckill_samples_questions, NULL, NULL },

    { "seckill_units", "gauge",
      "Units of a sale, by state.",
      ngx_http_seckill_samples_units, NULL, NULL },

    { "seckill_waiting_users", "gauge",
      "Users in a sale's waiting list.",
      ngx_http_seckill_samples_waiting, NULL, NULL },

    { "seckill_orders_total", "counter",
      "Orders, by what happened to them.",
      ngx_http_seckill_samples_orders, NULL, NULL },

    { "seckill_conservation_errors", "gauge",
      "Sales whose units do not add up to their stock.",
      NULL, ngx_http_seckill_samples_broken, NULL },

    { "seckill_commit_seconds", "histogram",
      "Time of a commit of the ledger.",
      NULL, NULL, ngx_http_seckill_samples_commits },

    { "seckill_commit_claims", "histogram",
      "Claims won in a commit of the ledger.",
      NULL, NULL, ngx_http_seckill_samples_commit_claims },

    { "seckill_wait_seconds", "histogram",
      "Time from a claim's admission until its decision is seen.",
      NULL, NULL, ngx_http_seckill_samples_waits },

    { "seckill_queue_claims", "gauge",
      "Undecided claims in the queue.",
      NULL, ngx_http_seckill_samples_depth, NULL },

    { "seckill_queue_limit_claims", "gauge",
      "Undecided claims at most.",
      NULL, ngx_http_seckill_samples_queue, NULL },

    { "seckill_zone_units", "gauge",
      "Units that the zone has room for, by use.",
      NULL, NULL, ngx_http_seckill_samples_room },

    { "seckill_zone_size_bytes", "gauge",
      "Size of the zone.",
      NULL, ngx_http_seckill_samples_size, NULL },

    { "seckill_zone_bytes", "gauge",
      "Bytes of the zone's table of units, by use.",
      NULL, NULL, ngx_http_seckill_samples_bytes },

    { "seckill_ledger_seq", "gauge",
      "Sequence number of the last event seen.",
      NULL, ngx_http_seckill_samples_seq, NULL },

    { "seckill_ledger_events", "gauge",
      "Events in the commits of the ledger.",
      NULL, NULL, ngx_http_seckill_samples_events },

    { "seckill_ledger_chain", "gauge",
      "First 48 bits of the chain there: as many events have one chain.",
      NULL, NULL, ngx_http_seckill_samples_chain },

    { "seckill_ledger_size_bytes", "gauge",
      "Size of the store on disk.",
      NULL, ngx_http_seckill_samples_ledger, NULL },

    { "seckill_query_up", "gauge",
      "Whether the query tables are filled.",
      NULL, ngx_http_seckill_samples_lists, NULL },

    { "seckill_query_lag_events", "gauge",
      "Events that the query tables have not seen yet.",
      NULL, ngx_http_seckill_samples_lag, NULL },

    { "seckill_helper_restarts_total", "counter",
      "How often another process has become the drainer.",
      NULL, ngx_http_seckill_samples_restarts, NULL },

    { "seckill_repairs_total", "counter",
      "Repairs of the zone after a process was killed.",
      NULL, ngx_http_seckill_samples_repairs, NULL },

    { NULL, NULL, NULL, NULL, NULL, NULL }
};


static void
ngx_http_seckill_samples_up(ngx_http_seckill_writer_t *w)
{
    char  reason[SK_REASON_SIZE_MAX];

    ngx_http_seckill_metrics_sample(w, "", NULL, NULL, NULL,
                                    ngx_seckill_zone_health(w->zone, reason)
                                    == NGX_OK);
}


/* "sale" is NULL for answers without one */

static void
ngx_http_seckill_samples_claims(ngx_http_seckill_writer_t *w, sk_sale_t *sale)
{
    uint64_t     count;
    sk_result_e  result;

    for (result = 0; result < SK_RESULT_N; result++) {

        if (result == SK_NONE) {
            continue;
        }

        count = sk_zone_counted(w->zone->shm, sale, result);

        /* what is to be watched is there before the first: an increase from
           nothing is seen by nobody */

        if (count || result == SK_UNAVAILABLE
            || (sale && sk_results[result].code < 100))
        {
            ngx_http_seckill_metrics_sample(w, "", sale, "result",
                                            sk_results[result].name,
                                            (double) count);
        }
    }
}


static void
ngx_http_seckill_samples_questions(ngx_http_seckill_writer_t *w,
    sk_sale_t *sale)
{
    ngx_http_seckill_metrics_sample(w, "", sale, NULL, NULL,
                                    (double) sk_zone_counted(w->zone->shm, sale,
                                                             SK_NONE));
}


static void
ngx_http_seckill_samples_units(ngx_http_seckill_writer_t *w, sk_sale_t *sale)
{
    sk_sale_t  copy;

    if (sale == NULL) {
        return;
    }

    sk_zone_sale_copy(w->zone->shm, sale, &copy);

    ngx_http_seckill_metrics_sample(w, "", sale, "state", "free",
                                    (double) sk_load(&copy.free));
    ngx_http_seckill_metrics_sample(w, "", sale, "state", "undecided",
                                    (double) sk_load(&copy.undecided));
    ngx_http_seckill_metrics_sample(w, "", sale, "state", "held",
                                    (double) sk_load(&copy.held));
    ngx_http_seckill_metrics_sample(w, "", sale, "state", "sold",
                                    (double) sk_load(&copy.sold));
}


static void
ngx_http_seckill_samples_waiting(ngx_http_seckill_writer_t *w, sk_sale_t *sale)
{
    if (sale) {
        ngx_http_seckill_metrics_sample(w, "", sale, NULL, NULL,
                                        (double) sk_load(&sale->list.waiting));
    }
}


static void
ngx_http_seckill_samples_orders(ngx_http_seckill_writer_t *w, sk_sale_t *sale)
{
    sk_order_e  event;

    for (event = 0; sale && event < SK_ORDER_N; event++) {
        ngx_http_seckill_metrics_sample(w, "", sale, "event", sk_orders[event],
                                        (double) sk_load(&sale->orders[event]));
    }
}


static void
ngx_http_seckill_samples_commits(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_samples_hist(w, &w->zone->shm->commit_seconds,
                                  &sk_hist_seconds, 1e-6);
}


static void
ngx_http_seckill_samples_commit_claims(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_samples_hist(w, &w->zone->shm->commit_claims,
                                  &sk_hist_claims, 1);
}


static void
ngx_http_seckill_samples_waits(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_samples_hist(w, &w->zone->shm->wait_seconds,
                                  &sk_hist_seconds, 1e-6);
}


void
ngx_http_seckill_samples_hist(ngx_http_seckill_writer_t *w, sk_hist_t *h,
    const sk_hist_def_t *def, double scale)
{
    char      bound[32];
    uint64_t  count;
    unsigned  i;

    count = 0;

    for (i = 0; i < def->n; i++) {
        count += sk_load(&h->buckets[i]);

        /* ngx_sprintf() has no "%g", and 1 is not to be "1.00000" */

        (void) snprintf(bound, sizeof(bound), "%g", def->bounds[i]);
        ngx_http_seckill_metrics_sample(w, "_bucket", NULL, "le", bound,
                                        (double) count);
    }

    count += sk_load(&h->buckets[def->n]);

    ngx_http_seckill_metrics_sample(w, "_bucket", NULL, "le", "+Inf",
                                    (double) count);
    ngx_http_seckill_metrics_sample(w, "_sum", NULL, NULL, NULL,
                                    (double) sk_load(&h->sum) * scale);
    ngx_http_seckill_metrics_sample(w, "_count", NULL, NULL, NULL,
                                    (double) count);
}


static void
ngx_http_seckill_samples_room(ngx_http_seckill_writer_t *w)
{
    uint64_t    reserved;
    sk_zone_t  *zone;

    zone = w->zone->shm;

    sk_zone_lock(zone);
    reserved = zone->reserved;
    sk_zone_unlock(zone);

    ngx_http_seckill_metrics_sample(w, "", NULL, "use", "reserved",
                                    (double) reserved);
    ngx_http_seckill_metrics_sample(w, "", NULL, "use", "free",
                                    (double) (zone->units.n_max - reserved));
}


static void
ngx_http_seckill_samples_bytes(ngx_http_seckill_writer_t *w)
{
    uint64_t    used, size;
    sk_zone_t  *zone;

    zone = w->zone->shm;

    sk_zone_lock(zone);
    used = sk_units_size(zone->reserved);
    sk_zone_unlock(zone);

    size = sk_units_size(zone->units.n_max);
    used = (used < size) ? used : size;

    ngx_http_seckill_metrics_sample(w, "", NULL, "use", "reserved",
                                    (double) used);
    ngx_http_seckill_metrics_sample(w, "", NULL, "use", "free",
                                    (double) (size - used));
}


/* of one moment with the chain, as the number of the last event is not */

static void
ngx_http_seckill_samples_events(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_metrics_sample(w, "", NULL, NULL, NULL,
                                    (double) w->head.number);
}


/* a double holds 53 bits */

static void
ngx_http_seckill_samples_chain(ngx_http_seckill_writer_t *w)
{
    uint64_t    bits;
    ngx_uint_t  i;

    bits = 0;

    for (i = 0; i < 6; i++) {
        bits = bits << 8 | w->head.chain[i];
    }

    ngx_http_seckill_metrics_sample(w, "", NULL, NULL, NULL, (double) bits);
}


static double
ngx_http_seckill_samples_broken(sk_zone_t *zone)
{
    uint32_t   slot, n, broken;
    sk_sale_t  copy;

    n = sk_load_acquire(&zone->sales.n);
    broken = 0;

    for (slot = 0; slot < n; slot++) {
        sk_zone_sale_copy(zone, &zone->sales.elts[slot], &copy);

        if (sk_load(&copy.stock)
            != sk_load(&copy.free) + sk_load(&copy.undecided)
               + sk_load(&copy.held) + sk_load(&copy.sold))
        {
            broken++;
        }
    }

    return broken;
}


static double
ngx_http_seckill_samples_depth(sk_zone_t *zone)
{
    return (double) sk_queue_depth(&zone->queue);
}


static double
ngx_http_seckill_samples_queue(sk_zone_t *zone)
{
    return zone->queue.n;
}


static double
ngx_http_seckill_samples_size(sk_zone_t *zone)
{
    return (double) zone->size;
}


static double
ngx_http_seckill_samples_seq(sk_zone_t *zone)
{
    return (double) sk_load(&zone->applied_seq);
}


static double
ngx_http_seckill_samples_ledger(sk_zone_t *zone)
{
    return (double) sk_load(&zone->ledger_size);
}


static double
ngx_http_seckill_samples_lag(sk_zone_t *zone)
{
    uint64_t  seen, applied;

    /* the tables may have seen what this zone has not */

    seen = sk_load(&zone->query_seq);
    applied = sk_load(&zone->applied_seq);

    return (applied > seen) ? (double) (applied - seen) : 0;
}


static double
ngx_http_seckill_samples_lists(sk_zone_t *zone)
{
    char  reason[SK_REASON_SIZE_MAX];

    return sk_zone_lists(zone, reason) == SK_OK;
}


static double
ngx_http_seckill_samples_restarts(sk_zone_t *zone)
{
    uint64_t  n;

    n = sk_load(&zone->drainers);

    return n ? (double) (n - 1) : 0;
}


static double
ngx_http_seckill_samples_repairs(sk_zone_t *zone)
{
    return (double) sk_load(&zone->repairs);
}
