#include "ngx_http_seckill_stream.h"


/* sales as streams tell of them */


static void ngx_http_seckill_stream_sale_see(ngx_seckill_zone_t *zone,
    ngx_http_seckill_stream_sale_t *ss);
static uint64_t ngx_http_seckill_stream_sale_version(
    ngx_http_seckill_stream_t *stream);
static u_char *ngx_http_seckill_stream_sale_time(u_char *p, const char *name,
    int64_t ms, sk_sale_field_e field);


ngx_int_t
ngx_http_seckill_stream_sale_bind(ngx_http_seckill_stream_t *stream,
    sk_sale_t *sale)
{
    ngx_http_seckill_streams_t       *all;
    ngx_http_seckill_stream_sale_t  **slot, *ss;

    if (stream->sale && stream->sale->sale == sale) {
        return NGX_OK;
    }

    ngx_http_seckill_stream_sale_free(stream);

    all = stream->all;
    slot = &all->slots[sk_sale_slot(&all->zone->shm->sales, sale)];
    ss = *slot;

    if (ss == NULL) {
        ss = ngx_calloc(sizeof(ngx_http_seckill_stream_sale_t),
                        ngx_cycle->log);
        if (ss == NULL) {
            return NGX_ERROR;
        }

        *slot = ss;
        ss->sale = sale;

        ngx_http_seckill_stream_sale_see(all->zone, ss);

        ngx_queue_insert_tail(&all->sales, &ss->queue);
    }

    ss->refs++;

    stream->sale = ss;
    stream->version = 0;

    return NGX_OK;
}


void
ngx_http_seckill_stream_sale_free(ngx_http_seckill_stream_t *stream)
{
    ngx_http_seckill_streams_t      *all;
    ngx_http_seckill_stream_sale_t  *ss;

    ss = stream->sale;

    if (ss == NULL) {
        return;
    }

    stream->sale = NULL;

    sk_assert(ss->refs > 0);

    if (--ss->refs) {
        return;
    }

    all = stream->all;
    all->slots[sk_sale_slot(&all->zone->shm->sales, ss->sale)] = NULL;

    ngx_queue_remove(&ss->queue);
    ngx_free(ss);
}


/* the one that was looked at longest ago is the first */

void
ngx_http_seckill_stream_sale_look(ngx_http_seckill_streams_t *all)
{
    ngx_queue_t                     *q;
    ngx_http_seckill_stream_sale_t  *ss;

    while (!ngx_queue_empty(&all->sales)) {

        q = ngx_queue_head(&all->sales);
        ss = ngx_queue_data(q, ngx_http_seckill_stream_sale_t, queue);

        if (ngx_current_msec - ss->looked < NGX_HTTP_SECKILL_STREAM_PACE_MS) {
            return;
        }

        ngx_http_seckill_stream_sale_see(all->zone, ss);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&all->sales, q);
    }
}


static void
ngx_http_seckill_stream_sale_see(ngx_seckill_zone_t *zone,
    ngx_http_seckill_stream_sale_t *ss)
{
    sk_sale_t                          sale;
    ngx_time_t                        *tp;
    ngx_http_seckill_stream_window_t   window;
    ngx_http_seckill_stream_counts_t   counts;

    ss->looked = ngx_current_msec;

    /* before: what is told is never older than its number */

    ss->seq = sk_load_acquire(&zone->shm->applied_seq);

    sk_zone_sale_copy(zone->shm, ss->sale, &sale);

    tp = ngx_timeofday();

    window.start_ms = sk_load(&sale.start_ms);
    window.end_ms = sk_load(&sale.end_ms);
    window.state = sk_sale_state(&sale, (int64_t) tp->sec * 1000 + tp->msec);

    counts.stock = sk_load(&sale.stock);
    counts.free = sk_load(&sale.free);
    counts.undecided = sk_load(&sale.undecided);
    counts.held = sk_load(&sale.held);
    counts.sold = sk_load(&sale.sold);
    counts.waiting = sk_load(&sale.list.waiting);

    if (ss->version == 0
        || ngx_memcmp(&window, &ss->window, sizeof(window)) != 0)
    {
        ss->window = window;
        ss->version++;
        ss->counted++;
    }

    if (ngx_memcmp(&counts, &ss->counts, sizeof(counts)) != 0) {
        ss->counts = counts;
        ss->counted++;
    }
}


static uint64_t
ngx_http_seckill_stream_sale_version(ngx_http_seckill_stream_t *stream)
{
    return stream->counts ? stream->sale->counted : stream->sale->version;
}


ngx_uint_t
ngx_http_seckill_stream_sale_due(ngx_http_seckill_stream_t *stream)
{
    if (stream->sale == NULL
        || stream->version == ngx_http_seckill_stream_sale_version(stream))
    {
        return 0;
    }

    return stream->version == 0
           || ngx_current_msec - stream->sale_told
              >= NGX_HTTP_SECKILL_STREAM_PACE_MS;
}


u_char *
ngx_http_seckill_stream_sale_print(u_char *p,
    ngx_http_seckill_stream_t *stream)
{
    char                               now[SK_TIME_SIZE + 1];
    ngx_time_t                        *tp;
    ngx_http_seckill_stream_sale_t    *ss;
    ngx_http_seckill_stream_counts_t  *counts;

    ss = stream->sale;
    counts = &ss->counts;

    p = ngx_sprintf(p, "event: sale\nid: %uL\ndata: {\"sale\":\"%V\","
                    "\"sale_state\":\"%s\"", ss->seq,
                    &stream->question.claim.sale_name,
                    sk_sale_states[ss->window.state]);

    if (stream->counts) {
        p = ngx_sprintf(p, ",\"stock\":%L,\"free\":%L,\"undecided\":%L,"
                        "\"held\":%L,\"sold\":%L,\"waiting\":%L",
                        counts->stock, counts->free, counts->undecided,
                        counts->held, counts->sold, counts->waiting);
    }

    p = ngx_http_seckill_stream_sale_time(p, "start", ss->window.start_ms,
                                          sk_sale_at(start_ms));
    p = ngx_http_seckill_stream_sale_time(p, "end", ss->window.end_ms,
                                          sk_sale_at(end_ms));

    tp = ngx_timeofday();
    sk_time_format(now, (int64_t) tp->sec * 1000 + tp->msec);

    p = ngx_sprintf(p, ",\"now\":\"%s\"}\n\n", now);

    stream->version = ngx_http_seckill_stream_sale_version(stream);
    stream->sale_told = ngx_current_msec;

    return p;
}


static u_char *
ngx_http_seckill_stream_sale_time(u_char *p, const char *name, int64_t ms,
    sk_sale_field_e field)
{
    char  text[SK_TIME_SIZE + 1];

    if (sk_sale_is_null(field, ms)) {
        return ngx_sprintf(p, ",\"%s\":null", name);
    }

    sk_time_format(text, ms);

    return ngx_sprintf(p, ",\"%s\":\"%s\"", name, text);
}
