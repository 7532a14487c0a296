#include "ngx_http_seckill_api.h"


/* of all zones, to be given back when the process leaves */

static ngx_queue_t  ngx_http_seckill_reader_all;


ngx_http_seckill_pages_t *
ngx_http_seckill_reader_pages(ngx_seckill_zone_t *zone, ngx_log_t *log)
{
    ngx_http_seckill_pages_t  *pages;

    if (zone->pages) {
        return zone->pages;
    }

    pages = ngx_calloc(sizeof(ngx_http_seckill_pages_t), log);
    if (pages == NULL) {
        return NULL;
    }

    ngx_queue_init(&pages->readers);
    ngx_queue_init(&pages->parked);

    pages->zone = zone;
    pages->next.handler = ngx_http_seckill_page_next;
    pages->next.data = pages;
    pages->next.log = ngx_cycle->log;

    if (ngx_http_seckill_reader_all.next == NULL) {
        ngx_queue_init(&ngx_http_seckill_reader_all);
    }

    ngx_queue_insert_tail(&ngx_http_seckill_reader_all, &pages->queue);

    zone->pages = pages;

    return pages;
}


ngx_http_seckill_reader_t *
ngx_http_seckill_reader_get(ngx_http_seckill_pages_t *pages, ngx_log_t *log)
{
    ngx_queue_t                *q;
    ngx_seckill_zone_t         *zone;
    ngx_http_seckill_reader_t  *reader;

    zone = pages->zone;

    if (!ngx_queue_empty(&pages->readers)) {
        q = ngx_queue_head(&pages->readers);
        ngx_queue_remove(q);
        return ngx_queue_data(q, ngx_http_seckill_reader_t, queue);
    }

    if (pages->n_readers == NGX_HTTP_SECKILL_READERS_MAX) {
        return NULL;
    }

    reader = ngx_calloc(sizeof(ngx_http_seckill_reader_t), log);
    if (reader == NULL) {
        return NULL;
    }

    reader->reader = sk_page_reader_create(zone->shm,
                                           (char *) zone->store.data);

    if (reader->reader == NULL) {
        ngx_free(reader);
        return NULL;
    }

    pages->n_readers++;

    return reader;
}


void
ngx_http_seckill_reader_exit(ngx_cycle_t *cycle)
{
    ngx_queue_t                *q;
    ngx_http_seckill_pages_t   *pages;
    ngx_http_seckill_reader_t  *reader;

    ngx_seckill_thread_exit();

    while (ngx_http_seckill_reader_all.next
           && !ngx_queue_empty(&ngx_http_seckill_reader_all))
    {
        q = ngx_queue_head(&ngx_http_seckill_reader_all);
        ngx_queue_remove(q);

        pages = ngx_queue_data(q, ngx_http_seckill_pages_t, queue);

        while (!ngx_queue_empty(&pages->readers)) {
            q = ngx_queue_head(&pages->readers);
            ngx_queue_remove(q);

            reader = ngx_queue_data(q, ngx_http_seckill_reader_t, queue);

            sk_page_reader_destroy(reader->reader);
            ngx_free(reader);
        }

        pages->zone->pages = NULL;
        ngx_free(pages);
    }
}
