#include "ngx_http_seckill_api.h"


ngx_http_seckill_reader_t *
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
