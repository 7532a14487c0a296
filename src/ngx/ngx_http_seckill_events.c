#include "ngx_http_seckill.h"


/* bytes of an event besides its strings */

#define NGX_HTTP_SECKILL_EVENT_SIZE  256


typedef struct {
    ngx_http_request_t       *request;
    ngx_chain_t              *first;
    ngx_chain_t             **last;
    off_t                     size;
    ngx_uint_t                n;
    uint64_t                  seq;          /* of the last event */
} ngx_http_seckill_page_t;


#define NGX_HTTP_SECKILL_AT(ms)                                              \
    " strftime('%Y-%m-%dT%H:%M:%fZ', " ms " / 1000.0, 'unixepoch')"

static const char  ngx_http_seckill_events_sql[] =
    "SELECT e.seq," NGX_HTTP_SECKILL_AT("e.at") ", e.type,"
    " json_extract(s.detail, '$.name'), e.user,"
    " CASE WHEN e.detail IS NOT NULL THEN json_object("
    "  'stock', json_extract(e.detail, '$.stock'),"
    "  'limit', json_extract(e.detail, '$.limit'),"
    "  'start'," NGX_HTTP_SECKILL_AT("json_extract(e.detail, '$.start_ms')")
    ", 'end'," NGX_HTTP_SECKILL_AT("json_extract(e.detail, '$.end_ms')")
    ", 'paused', json(CASE json_extract(e.detail, '$.paused')"
    "   WHEN 0 THEN 'false' ELSE 'true' END)) END"
    " FROM ledger e LEFT JOIN ledger s ON s.seq = e.sale"
    " WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2";


static ngx_int_t ngx_http_seckill_events_arg(ngx_http_request_t *r,
    const char *name, ngx_int_t max, ngx_int_t *value);
static ngx_int_t ngx_http_seckill_events_open(ngx_http_seckill_zone_t *zone,
    ngx_log_t *log);
static ngx_int_t ngx_http_seckill_events_read(ngx_http_seckill_page_t *page,
    sqlite3_stmt *stmt);
static ngx_int_t ngx_http_seckill_events_add(ngx_http_seckill_page_t *page,
    sqlite3_stmt *stmt);
static void ngx_http_seckill_column(sqlite3_stmt *stmt, int column,
    ngx_str_t *text);
static ngx_buf_t *ngx_http_seckill_page_buf(ngx_http_seckill_page_t *page,
    size_t size);
static ngx_int_t ngx_http_seckill_events_send(ngx_http_seckill_page_t *page);


/*
 * A page of the ledger.  A worker reads it itself, through a connection of its
 * own: at most NGX_HTTP_SECKILL_EVENTS_MAX rows, in the order of their key.
 */

ngx_int_t
ngx_http_seckill_events_handler(ngx_http_request_t *r,
    ngx_http_seckill_zone_t *zone)
{
    ngx_int_t                 rc, after, limit;
    ngx_buf_t                *b;
    ngx_http_seckill_page_t   page;

    after = 0;
    limit = NGX_HTTP_SECKILL_EVENTS_DEFAULT;

    if (ngx_http_seckill_events_arg(r, "after", NGX_MAX_INT_T_VALUE, &after)
        != NGX_OK)
    {
        return ngx_http_seckill_send_error(r, SK_INVALID,
                                           "after: 0 or a seq is allowed");
    }

    if (ngx_http_seckill_events_arg(r, "limit", NGX_HTTP_SECKILL_EVENTS_MAX,
                                    &limit)
        != NGX_OK || limit == 0)
    {
        return ngx_http_seckill_send_error(r, SK_INVALID,
                                           "limit: 1 to 1000 is allowed");
    }

    if (ngx_http_seckill_events_open(zone, r->connection->log) != NGX_OK) {
        return ngx_http_seckill_send_error(r, SK_UNAVAILABLE,
                                           "the store cannot be read");
    }

    ngx_memzero(&page, sizeof(ngx_http_seckill_page_t));

    page.request = r;
    page.last = &page.first;
    page.seq = after;

    b = ngx_http_seckill_page_buf(&page, sizeof("{\"code\":0,\"data\":["));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, "{\"code\":0,\"data\":[", 18);

    (void) sqlite3_bind_int64(zone->read_events, 1, after);
    (void) sqlite3_bind_int64(zone->read_events, 2, limit);

    rc = ngx_http_seckill_events_read(&page, zone->read_events);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "seckill store \"%V\": %s", &zone->store,
                      sqlite3_errmsg(zone->reader));
    }

    (void) sqlite3_reset(zone->read_events);

    if (rc == NGX_DECLINED) {
        /* opened anew the next time */
        ngx_http_seckill_events_close(zone);
    }

    switch (rc) {

    case NGX_OK:
        return ngx_http_seckill_events_send(&page);

    case NGX_DECLINED:
        return ngx_http_seckill_send_error(r, SK_UNAVAILABLE,
                                           "the store cannot be read");

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


static ngx_int_t
ngx_http_seckill_events_arg(ngx_http_request_t *r, const char *name,
    ngx_int_t max, ngx_int_t *value)
{
    ngx_int_t  n;
    ngx_str_t  text;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &text) != NGX_OK) {
        return NGX_OK;
    }

    n = ngx_atoi(text.data, text.len);

    if (n == NGX_ERROR || n > max) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_events_open(ngx_http_seckill_zone_t *zone, ngx_log_t *log)
{
    if (zone->read_events) {
        return NGX_OK;
    }

    if (sqlite3_open_v2((char *) zone->store.data, &zone->reader,
                        SQLITE_OPEN_READONLY|SQLITE_OPEN_NOMUTEX, NULL)
        == SQLITE_OK
        && sqlite3_prepare_v3(zone->reader,
               ngx_http_seckill_events_sql,
               -1, SQLITE_PREPARE_PERSISTENT, &zone->read_events, NULL)
           == SQLITE_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, log, 0, "seckill store \"%V\": %s",
                  &zone->store,
                  zone->reader ? sqlite3_errmsg(zone->reader)
                               : "out of memory");

    ngx_http_seckill_events_close(zone);

    return NGX_ERROR;
}


void
ngx_http_seckill_events_close(ngx_http_seckill_zone_t *zone)
{
    (void) sqlite3_finalize(zone->read_events);
    (void) sqlite3_close(zone->reader);

    zone->read_events = NULL;
    zone->reader = NULL;
}


/* NGX_DECLINED: SQLite cannot read on */

static ngx_int_t
ngx_http_seckill_events_read(ngx_http_seckill_page_t *page,
    sqlite3_stmt *stmt)
{
    int        rc;
    ngx_int_t  added;

    for ( ;; ) {
        rc = sqlite3_step(stmt);

        if (rc != SQLITE_ROW) {
            return (rc == SQLITE_DONE) ? NGX_OK : NGX_DECLINED;
        }

        added = ngx_http_seckill_events_add(page, stmt);

        if (added != NGX_OK) {
            return added;
        }
    }
}


static ngx_int_t
ngx_http_seckill_events_add(ngx_http_seckill_page_t *page,
    sqlite3_stmt *stmt)
{
    ngx_buf_t  *b;
    ngx_str_t   at, type, sale, user, detail;

    page->seq = sqlite3_column_int64(stmt, 0);

    ngx_http_seckill_column(stmt, 1, &at);
    ngx_http_seckill_column(stmt, 2, &type);
    ngx_http_seckill_column(stmt, 3, &sale);
    ngx_http_seckill_column(stmt, 4, &user);
    ngx_http_seckill_column(stmt, 5, &detail);

    b = ngx_http_seckill_page_buf(page, NGX_HTTP_SECKILL_EVENT_SIZE + at.len
                                        + type.len + sale.len + detail.len
                                        + ngx_http_seckill_json_len(&user));
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_sprintf(b->last, "%s{\"seq\":%uL,\"at\":\"%V\","
                          "\"type\":\"%V\",\"sale\":\"%V\"",
                          page->n++ ? "," : "", page->seq, &at, &type, &sale);

    if (user.len) {
        b->last = ngx_sprintf(b->last, ",\"order\":%uL,\"user\":\"",
                              page->seq);
        b->last = ngx_http_seckill_json(b->last, &user);
        *b->last++ = '"';
    }

    if (detail.len) {
        b->last = ngx_sprintf(b->last, ",\"detail\":%V", &detail);
    }

    *b->last++ = '}';

    return NGX_OK;
}


static void
ngx_http_seckill_column(sqlite3_stmt *stmt, int column, ngx_str_t *text)
{
    text->data = (u_char *) sqlite3_column_text(stmt, column);
    text->len = sqlite3_column_bytes(stmt, column);
}


/* a buffer at the end of the page; what is written there is sent */

static ngx_buf_t *
ngx_http_seckill_page_buf(ngx_http_seckill_page_t *page, size_t size)
{
    ngx_chain_t  *cl;

    cl = ngx_alloc_chain_link(page->request->pool);
    if (cl == NULL) {
        return NULL;
    }

    cl->buf = ngx_create_temp_buf(page->request->pool, size);
    if (cl->buf == NULL) {
        return NULL;
    }

    cl->next = NULL;

    *page->last = cl;
    page->last = &cl->next;

    return cl->buf;
}


static ngx_int_t
ngx_http_seckill_events_send(ngx_http_seckill_page_t *page)
{
    size_t        size;
    u_char       *p;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    size = sizeof("],\"pagination\":{\"next\":}}\n") + NGX_INT64_LEN;

    for (cl = page->first; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    b = ngx_create_temp_buf(page->request->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = b->last;

    for (cl = page->first; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, ngx_buf_size(cl->buf));
    }

    b->last = ngx_sprintf(p, "],\"pagination\":{\"next\":%uL}}\n", page->seq);

    return ngx_http_seckill_send(page->request, NGX_HTTP_OK,
                                 &ngx_http_seckill_json_type, b);
}
