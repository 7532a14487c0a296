#include "ngx_http_seckill_metrics.h"


static double ngx_http_seckill_samples_stream_open(sk_zone_t *zone);
static double ngx_http_seckill_samples_stream_sent(sk_zone_t *zone);
static double ngx_http_seckill_samples_stream_refused(sk_zone_t *zone);
static double ngx_http_seckill_samples_stream_dropped(sk_zone_t *zone);


const ngx_http_seckill_metric_t  ngx_http_seckill_metric_stream_table[] = {

    { "seckill_streams", "gauge",
      "Open streams.",
      NULL, ngx_http_seckill_samples_stream_open, NULL },

    { "seckill_stream_sends_total", "counter",
      "How often something was sent in a stream.",
      NULL, ngx_http_seckill_samples_stream_sent, NULL },

    { "seckill_streams_refused_total", "counter",
      "Streams refused, since there were too many.",
      NULL, ngx_http_seckill_samples_stream_refused, NULL },

    { "seckill_streams_dropped_total", "counter",
      "Streams ended, since their clients did not read.",
      NULL, ngx_http_seckill_samples_stream_dropped, NULL },

    { NULL, NULL, NULL, NULL, NULL, NULL }
};


static double
ngx_http_seckill_samples_stream_open(sk_zone_t *zone)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < SK_STREAM_PROCESSES; i++) {
        n += sk_load(&zone->streams.open[i]);
    }

    return (double) n;
}


static double
ngx_http_seckill_samples_stream_sent(sk_zone_t *zone)
{
    return (double) sk_load(&zone->streams.sent);
}


static double
ngx_http_seckill_samples_stream_refused(sk_zone_t *zone)
{
    return (double) sk_load(&zone->streams.refused);
}


static double
ngx_http_seckill_samples_stream_dropped(sk_zone_t *zone)
{
    return (double) sk_load(&zone->streams.dropped);
}
