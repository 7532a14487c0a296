#include "ngx_http_seckill_metrics.h"


static void ngx_http_seckill_write_claims(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_questions(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_stock(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_units(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_orders(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_broken(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_up(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_commits(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_commit_claims(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_waits(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_hist(ngx_http_seckill_writer_t *w,
    sk_hist_t *h, const sk_hist_def_t *def, double scale);
static void ngx_http_seckill_write_depth(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_queue(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_room(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_size(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_bytes(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_seq(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_ledger(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_lag(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_restarts(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_write_repairs(ngx_http_seckill_writer_t *w);


const ngx_http_seckill_metric_t  ngx_http_seckill_metric_table[] = {

    { "seckill_up", "gauge",
      "Whether the zone takes claims.",
      ngx_http_seckill_write_up },

    { "seckill_claims_total", "counter",
      "Claims answered, by result.",
      ngx_http_seckill_write_claims },

    { "seckill_questions_total", "counter",
      "Questions (GET) answered.",
      ngx_http_seckill_write_questions },

    { "seckill_stock_units", "gauge",
      "Units of a sale in all.",
      ngx_http_seckill_write_stock },

    { "seckill_units", "gauge",
      "Units of a sale, by state.",
      ngx_http_seckill_write_units },

    { "seckill_orders_total", "counter",
      "Orders, by what happened to them.",
      ngx_http_seckill_write_orders },

    { "seckill_conservation_errors", "gauge",
      "Sales whose units do not add up to their stock.",
      ngx_http_seckill_write_broken },

    { "seckill_commit_seconds", "histogram",
      "Time of a commit of the ledger.",
      ngx_http_seckill_write_commits },

    { "seckill_commit_claims", "histogram",
      "Claims won in a commit of the ledger.",
      ngx_http_seckill_write_commit_claims },

    { "seckill_wait_seconds", "histogram",
      "Time from a claim's admission until its decision is seen.",
      ngx_http_seckill_write_waits },

    { "seckill_queue_claims", "gauge",
      "Undecided claims in the queue.",
      ngx_http_seckill_write_depth },

    { "seckill_queue_limit_claims", "gauge",
      "Undecided claims at most.",
      ngx_http_seckill_write_queue },

    { "seckill_zone_units", "gauge",
      "Units that the zone has room for, by use.",
      ngx_http_seckill_write_room },

    { "seckill_zone_size_bytes", "gauge",
      "Size of the zone.",
      ngx_http_seckill_write_size },

    { "seckill_zone_bytes", "gauge",
      "Bytes of the zone's table of units, by use.",
      ngx_http_seckill_write_bytes },

    { "seckill_ledger_seq", "gauge",
      "Sequence number of the last event seen.",
      ngx_http_seckill_write_seq },

    { "seckill_ledger_size_bytes", "gauge",
      "Size of the store on disk.",
      ngx_http_seckill_write_ledger },

    { "seckill_query_lag_events", "gauge",
      "Events that the query tables have not seen yet.",
      ngx_http_seckill_write_lag },

    { "seckill_helper_restarts_total", "counter",
      "How often another process has become the drainer.",
      ngx_http_seckill_write_restarts },

    { "seckill_repairs_total", "counter",
      "Repairs of the zone after a process was killed.",
      ngx_http_seckill_write_repairs },

    { NULL, NULL, NULL, NULL }
};


static void
ngx_http_seckill_write_claims(ngx_http_seckill_writer_t *w)
{
    uint32_t      slot, n;
    uint64_t      count;
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_result_e   result;

    zone = w->zone->shm;
    n = w->n_sales;

    /* the last round is of answers without a sale */

    for (slot = 0; slot <= n; slot++) {
        sale = (slot < n) ? &zone->sales.elts[slot] : NULL;

        if (sale && sk_sale_removed(sale)) {
            continue;
        }

        for (result = 0; result < SK_RESULT_N; result++) {

            if (result == SK_NONE) {
                continue;
            }

            count = sk_zone_counted(zone, sale, result);

            if (count || (sale && sk_results[result].code < 100)) {
                ngx_http_seckill_sample(w, "", sale, "result",
                                        sk_results[result].name,
                                        (double) count);
            }
        }
    }
}


static void
ngx_http_seckill_write_questions(ngx_http_seckill_writer_t *w)
{
    uint32_t    slot, n;
    sk_zone_t  *zone;
    sk_sale_t  *sale;

    zone = w->zone->shm;
    n = w->n_sales;

    for (slot = 0; slot <= n; slot++) {
        sale = (slot < n) ? &zone->sales.elts[slot] : NULL;

        if (sale && sk_sale_removed(sale)) {
            continue;
        }

        ngx_http_seckill_sample(w, "", sale, NULL, NULL,
                                (double) sk_zone_counted(zone, sale, SK_NONE));
    }
}


static void
ngx_http_seckill_write_stock(ngx_http_seckill_writer_t *w)
{
    uint32_t    slot, n;
    sk_zone_t  *zone;
    sk_sale_t  *sale;

    zone = w->zone->shm;
    n = w->n_sales;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        if (sk_sale_removed(sale)) {
            continue;
        }

        ngx_http_seckill_sample(w, "", sale, NULL, NULL,
                                (double) sk_load(&sale->stock));
    }
}


static void
ngx_http_seckill_write_units(ngx_http_seckill_writer_t *w)
{
    int64_t     free, undecided, held, sold;
    uint32_t    slot, n;
    sk_zone_t  *zone;
    sk_sale_t  *sale;

    zone = w->zone->shm;
    n = w->n_sales;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        if (sk_sale_removed(sale)) {
            continue;
        }

        sk_zone_lock(zone);

        free = sk_load(&sale->free);
        undecided = sk_load(&sale->undecided);
        held = sk_load(&sale->held);
        sold = sk_load(&sale->sold);

        sk_zone_unlock(zone);

        ngx_http_seckill_sample(w, "", sale, "state", "free", (double) free);
        ngx_http_seckill_sample(w, "", sale, "state", "undecided",
                                (double) undecided);
        ngx_http_seckill_sample(w, "", sale, "state", "held", (double) held);
        ngx_http_seckill_sample(w, "", sale, "state", "sold", (double) sold);
    }
}


static void
ngx_http_seckill_write_orders(ngx_http_seckill_writer_t *w)
{
    uint32_t     slot, n;
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_order_e   event;

    zone = w->zone->shm;
    n = w->n_sales;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        if (sk_sale_removed(sale)) {
            continue;
        }

        for (event = 0; event < SK_ORDER_N; event++) {
            ngx_http_seckill_sample(w, "", sale, "event", sk_orders[event],
                                    (double) sk_load(&sale->orders[event]));
        }
    }
}


static void
ngx_http_seckill_write_broken(ngx_http_seckill_writer_t *w)
{
    uint32_t    slot, n, broken;
    sk_zone_t  *zone;
    sk_sale_t  *sale;

    zone = w->zone->shm;
    n = w->n_sales;
    broken = 0;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        sk_zone_lock(zone);

        if (sk_load(&sale->stock)
            != sk_load(&sale->free) + sk_load(&sale->undecided)
               + sk_load(&sale->held) + sk_load(&sale->sold))
        {
            broken++;
        }

        sk_zone_unlock(zone);
    }

    ngx_http_seckill_sample(w, "", NULL, NULL, NULL, broken);
}


static void
ngx_http_seckill_write_up(ngx_http_seckill_writer_t *w)
{
    char  reason[SK_REASON_SIZE_MAX];

    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            sk_zone_health(w->zone->shm, sk_drain_now_us(),
                                           reason)
                            == SK_OK);
}


static void
ngx_http_seckill_write_commits(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_write_hist(w, &w->zone->shm->commit_seconds,
                                &sk_hist_seconds, 1e-6);
}


static void
ngx_http_seckill_write_commit_claims(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_write_hist(w, &w->zone->shm->commit_claims,
                                &sk_hist_claims, 1);
}


static void
ngx_http_seckill_write_waits(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_write_hist(w, &w->zone->shm->wait_seconds,
                                &sk_hist_seconds, 1e-6);
}


static void
ngx_http_seckill_write_hist(ngx_http_seckill_writer_t *w, sk_hist_t *h,
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
        ngx_http_seckill_sample(w, "_bucket", NULL, "le", bound,
                                (double) count);
    }

    count += sk_load(&h->buckets[def->n]);

    ngx_http_seckill_sample(w, "_bucket", NULL, "le", "+Inf", (double) count);
    ngx_http_seckill_sample(w, "_sum", NULL, NULL, NULL,
                            (double) sk_load(&h->sum) * scale);
    ngx_http_seckill_sample(w, "_count", NULL, NULL, NULL, (double) count);
}


static void
ngx_http_seckill_write_depth(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            (double) sk_queue_depth(&w->zone->shm->queue));
}


static void
ngx_http_seckill_write_queue(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_sample(w, "", NULL, NULL, NULL, w->zone->shm->queue.n);
}


static void
ngx_http_seckill_write_room(ngx_http_seckill_writer_t *w)
{
    uint64_t    reserved;
    sk_zone_t  *zone;

    zone = w->zone->shm;

    sk_zone_lock(zone);
    reserved = zone->reserved;
    sk_zone_unlock(zone);

    ngx_http_seckill_sample(w, "", NULL, "use", "reserved",
                            (double) reserved);
    ngx_http_seckill_sample(w, "", NULL, "use", "free",
                            (double) (zone->units.n_max - reserved));
}


static void
ngx_http_seckill_write_size(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            (double) w->zone->shm->size);
}


static void
ngx_http_seckill_write_bytes(ngx_http_seckill_writer_t *w)
{
    uint64_t    used, size;
    sk_zone_t  *zone;

    zone = w->zone->shm;

    sk_zone_lock(zone);
    used = sk_units_size(zone->reserved);
    sk_zone_unlock(zone);

    size = sk_units_size(zone->units.n_max);
    used = (used < size) ? used : size;

    ngx_http_seckill_sample(w, "", NULL, "use", "reserved", (double) used);
    ngx_http_seckill_sample(w, "", NULL, "use", "free",
                            (double) (size - used));
}


static void
ngx_http_seckill_write_seq(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            (double) sk_load(&w->zone->shm->applied_seq));
}


static void
ngx_http_seckill_write_ledger(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            (double) sk_load(&w->zone->shm->ledger_size));
}


static void
ngx_http_seckill_write_lag(ngx_http_seckill_writer_t *w)
{
    uint64_t  seen, applied;

    /* the tables may have seen what this zone has not */

    seen = sk_load(&w->zone->shm->query_seq);
    applied = sk_load(&w->zone->shm->applied_seq);

    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            (applied > seen) ? (double) (applied - seen) : 0);
}


static void
ngx_http_seckill_write_restarts(ngx_http_seckill_writer_t *w)
{
    uint64_t  n;

    n = sk_load(&w->zone->shm->drainers);

    ngx_http_seckill_sample(w, "", NULL, NULL, NULL, n ? (double) (n - 1) : 0);
}


static void
ngx_http_seckill_write_repairs(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_sample(w, "", NULL, NULL, NULL,
                            (double) sk_load(&w->zone->shm->repairs));
}
