#include "ngx_http_seckill_metrics.h"


/* of the log that several machines share, where there is one */


static double ngx_http_seckill_samples_log_up(sk_zone_t *zone);
static double ngx_http_seckill_samples_log_open(sk_zone_t *zone);
static double ngx_http_seckill_samples_log_reigns(sk_zone_t *zone);
static double ngx_http_seckill_samples_log_lag(sk_zone_t *zone);
static void ngx_http_seckill_samples_log_appends(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_samples_log_trips(ngx_http_seckill_writer_t *w);
static double ngx_http_seckill_samples_log_restored(sk_zone_t *zone);
static double ngx_http_seckill_samples_log_followed(sk_zone_t *zone);
static void ngx_http_seckill_samples_log_machines(
    ngx_http_seckill_writer_t *w);


const ngx_http_seckill_metric_t  ngx_http_seckill_metric_log_table[] = {

    { "seckill_log_up", "gauge",
      "Whether Redis, which has the log, answers.",
      NULL, ngx_http_seckill_samples_log_up, NULL },

    { "seckill_log_open", "gauge",
      "Whether the log takes commits, as far as is known.",
      NULL, ngx_http_seckill_samples_log_open, NULL },

    { "seckill_log_reign_changes_total", "counter",
      "How often the log was found in another reign of Redis.",
      NULL, ngx_http_seckill_samples_log_reigns, NULL },

    { "seckill_log_lag_seconds", "gauge",
      "Age of the last commit followed, when it was applied here.",
      NULL, ngx_http_seckill_samples_log_lag, NULL },

    { "seckill_log_appends_total", "counter",
      "Commits that were to be appended to the log, by result.",
      NULL, NULL, ngx_http_seckill_samples_log_appends },

    { "seckill_log_round_trip_seconds", "histogram",
      "Time until Redis has answered.",
      NULL, NULL, ngx_http_seckill_samples_log_trips },

    { "seckill_log_restored_commits_total", "counter",
      "Commits put back into a log that had lost them.",
      NULL, ngx_http_seckill_samples_log_restored, NULL },

    { "seckill_log_followed_commits_total", "counter",
      "Commits of other machines that were applied here.",
      NULL, ngx_http_seckill_samples_log_followed, NULL },

    { "seckill_log_machines", "gauge",
      "Machines that the log knows of, by state.",
      NULL, NULL, ngx_http_seckill_samples_log_machines },

    { NULL, NULL, NULL, NULL, NULL, NULL }
};


static double
ngx_http_seckill_samples_log_up(sk_zone_t *zone)
{
    return sk_load(&zone->shared.up);
}


static double
ngx_http_seckill_samples_log_open(sk_zone_t *zone)
{
    return sk_load(&zone->shared.open);
}


static double
ngx_http_seckill_samples_log_reigns(sk_zone_t *zone)
{
    return (double) sk_load(&zone->shared.reigns);
}


/* below 0 for who has set a clock */

static double
ngx_http_seckill_samples_log_lag(sk_zone_t *zone)
{
    int64_t  lag_ms;

    lag_ms = sk_load(&zone->shared.lag_ms);

    return (lag_ms > 0) ? (double) lag_ms / 1e3 : 0;
}


static void
ngx_http_seckill_samples_log_appends(ngx_http_seckill_writer_t *w)
{
    sk_shared_t  *shared;

    shared = &w->zone->shm->shared;

    ngx_http_seckill_metrics_sample(w, "", NULL, "result", "ok",
                                    (double) sk_load(&shared->appends_ok));
    ngx_http_seckill_metrics_sample(w, "", NULL, "result", "behind",
                                    (double) sk_load(&shared->appends_behind));
    ngx_http_seckill_metrics_sample(w, "", NULL, "result", "failed",
                                    (double) sk_load(&shared->appends_failed));
}


static void
ngx_http_seckill_samples_log_trips(ngx_http_seckill_writer_t *w)
{
    ngx_http_seckill_samples_hist(w, &w->zone->shm->round_trip_seconds,
                                  &sk_hist_seconds, 1e-6);
}


static double
ngx_http_seckill_samples_log_restored(sk_zone_t *zone)
{
    return (double) sk_load(&zone->shared.restored);
}


static double
ngx_http_seckill_samples_log_followed(sk_zone_t *zone)
{
    return (double) sk_load(&zone->shared.followed);
}


static void
ngx_http_seckill_samples_log_machines(ngx_http_seckill_writer_t *w)
{
    ngx_uint_t           i, n, member, silent;
    sk_shared_t          shared;
    const sk_machine_t  *machine;

    sk_zone_shared_copy(w->zone->shm, &shared);

    member = 0;
    silent = 0;

    for (i = 0; i < shared.n; i++) {
        machine = &shared.machines[i];

        if (!machine->member) {
            continue;
        }

        n = (shared.now_ms - machine->seen_ms > shared.gone_ms);

        silent += n;
        member += !n;
    }

    ngx_http_seckill_metrics_sample(w, "", NULL, "state", "member", member);
    ngx_http_seckill_metrics_sample(w, "", NULL, "state", "silent", silent);
    ngx_http_seckill_metrics_sample(w, "", NULL, "state", "outside",
                                    (double) (shared.n - member - silent));
}
