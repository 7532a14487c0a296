#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_page_read.h"
#include "sk_view.h"


#define SK_EVENT_HEAD                                                        \
    "json_object('seq', e.seq, 'at', " SK_VIEW_TIME("e.at") ",'type', e.type"

#define SK_EVENT_SALE   ", 'sale', s.detail ->> 'name'"
#define SK_EVENT_BY     ", 'by', e.detail ->> 'by'"
#define SK_EVENT_MACHINE  ", 'machine', e.detail ->> 'machine'"
#define SK_EVENT_ORDER  ", 'order', e.object, 'user', sk_text(e.user)"

/* what is special of it, if anything is */

#define SK_EVENT_SPECIAL(event)                                              \
    "iif(ifnull(json_remove(e.detail, '$.by'), '{}') = '{}', "               \
    event "), " event ", 'detail', json_remove(e.detail, '$.by')))"


static const char *const  sk_reads[SK_READ_N] = {

    "SELECT " SK_VIEW_PRODUCT ", id FROM products WHERE id > ?1"
    " ORDER BY id LIMIT ?2",

    "SELECT " SK_VIEW_PRODUCT ", id FROM products WHERE id = ?1",

    SK_VIEW_ORDER_SQL,

    /* the first version's sales are the configuration's, and do not say so */

    "SELECT CASE e.type"

    " WHEN 'clock_set' THEN "
    SK_EVENT_HEAD ", 'detail', json(e.detail))"

    " WHEN 'machine_joined' THEN "
    SK_EVENT_HEAD SK_EVENT_MACHINE ")"

    " WHEN 'machine_left' THEN "
    SK_EVENT_HEAD SK_EVENT_MACHINE ")"

    " WHEN 'won' THEN CASE WHEN e.expires IS NULL THEN "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'order', e.seq, 'user', sk_text(e.user))"
    " WHEN e.object IS NULL THEN "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'order', e.seq, 'user', sk_text(e.user),"
    " 'expires_at', " SK_VIEW_TIME("e.expires") ")"
    " ELSE "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'order', e.seq, 'user', sk_text(e.user),"
    " 'expires_at', " SK_VIEW_TIME("e.expires") ", 'queued', e.object) END"

    " WHEN 'queued' THEN iif(e.detail IS NULL, "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'user', sk_text(e.user)), "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'user', sk_text(e.user),"
    " 'detail', json(e.detail)))"

    " WHEN 'asked' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'user', sk_text(e.user))"

    " WHEN 'skipped' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'user', sk_text(e.user),"
    " 'queued', e.object)"

    " WHEN 'expired' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE SK_EVENT_ORDER ")"

    " WHEN 'paid' THEN "
    SK_EVENT_SPECIAL(SK_EVENT_HEAD SK_EVENT_SALE SK_EVENT_ORDER SK_EVENT_BY)

    " WHEN 'extended' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE SK_EVENT_ORDER SK_EVENT_BY
    ", 'expires_at', " SK_VIEW_TIME("e.expires") ")"

    " WHEN 'cancelled' THEN "
    SK_EVENT_SPECIAL(SK_EVENT_HEAD SK_EVENT_SALE SK_EVENT_ORDER SK_EVENT_BY)

    " WHEN 'beacon_set' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE SK_EVENT_BY
    ", 'detail', json_remove(e.detail, '$.by'))"

    " WHEN 'seed_revealed' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE ", 'detail', json(e.detail))"

    " WHEN 'sale_removed' THEN "
    SK_EVENT_HEAD SK_EVENT_SALE SK_EVENT_BY ")"

    " WHEN 'product_removed' THEN "
    SK_EVENT_HEAD ", 'product', e.object" SK_EVENT_BY ")"

    " WHEN 'product_added' THEN "
    SK_EVENT_HEAD ", 'product', e.object" SK_EVENT_BY
    ", 'detail', json_remove(e.detail, '$.by'))"

    " WHEN 'product_edited' THEN "
    SK_EVENT_HEAD ", 'product', e.object" SK_EVENT_BY
    ", 'detail', json_remove(e.detail, '$.by'))"

    " ELSE "
    SK_EVENT_HEAD ", 'sale', e.detail ->> 'name',"
    " 'by', ifnull(e.detail ->> 'by', 'configuration'),"
    " 'detail', json(sk_detail(e.detail)))"

    " END, e.seq FROM ledger e LEFT JOIN ledger s ON s.seq = e.sale"
    " WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2",

    "SELECT at FROM ledger WHERE seq = ?1",

    "SELECT ifnull(max(seq), 0) FROM ledger",

    "SELECT ifnull((SELECT json_object('number', last,"
    " 'chain', lower(hex(chain))) FROM commits ORDER BY last DESC LIMIT 1),"
    " json_object('number', 0, 'chain', lower(hex(zeroblob(32)))))",

    "BEGIN",

    "COMMIT"
};


static void sk_page_reader_close_store(sk_reader_t *r);
static int sk_page_events_read(sk_reader_t *r, sk_page_t *page);
static int sk_page_step(sqlite3_stmt *stmt);
static int sk_page_numbered(sk_reader_t *r, sk_page_t *page, sk_read_e which,
    const char *what);


static int (*const  sk_page_table[SK_PAGE_N])(sk_reader_t *r,
    sk_page_t *page) = {
#define X(constant, reader, list)  sk_page_##reader,
    SK_PAGE_TABLE(X)
#undef X
};


sk_reader_t *
sk_page_reader_create(sk_zone_t *zone, const char *store)
{
    sk_reader_t  *r;

    r = calloc(1, sizeof(sk_reader_t));
    if (r == NULL) {
        return NULL;
    }

    r->zone = zone;
    (void) snprintf(r->path, sizeof(r->path), "%s", store);

    return r;
}


void
sk_page_reader_destroy(sk_reader_t *r)
{
    sk_page_reader_close_store(r);
    sk_page_reader_close_query(r);
    free(r);
}


void
sk_page_reader_page(sk_reader_t *r, sk_page_t *page)
{
    page->status = SK_STATUS_OK;
    page->json = NULL;
    page->behind = 0;
    page->message[0] = '\0';

    if (sk_page_table[page->type](r, page) == SK_OK) {
        return;
    }

    (void) snprintf(page->message, sizeof(page->message), "%s",
                    r->store ? sqlite3_errmsg(r->store)
                             : "the store cannot be read");
    page->status = SK_STATUS_UNAVAILABLE;

    /* whatever it was: opened anew the next time */

    sk_page_reader_close_store(r);
    sk_page_reader_close_query(r);
}


sqlite3_stmt *
sk_page_reader_stmt(sk_reader_t *r, sk_read_e which)
{
    if (r->store == NULL) {
        r->store = sk_page_reader_open(r, "");
    }

    if (r->store && r->stmts[which] == NULL) {
        (void) sqlite3_prepare_v3(r->store, sk_reads[which], -1,
                                  SQLITE_PREPARE_PERSISTENT, &r->stmts[which],
                                  NULL);
    }

    return r->stmts[which];
}


sqlite3 *
sk_page_reader_open(sk_reader_t *r, const char *suffix)
{
    char      name[4096 + 8];
    sqlite3  *db;

    (void) snprintf(name, sizeof(name), "%s%s", r->path, suffix);

    if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY|SQLITE_OPEN_NOMUTEX,
                        NULL)
        == SQLITE_OK
        && sqlite3_busy_timeout(db, SK_PAGE_BUSY_WAIT_MS) == SQLITE_OK
        && sk_view_functions(db) == SQLITE_OK)
    {
        return db;
    }

    (void) sqlite3_close(db);

    return NULL;
}


static void
sk_page_reader_close_store(sk_reader_t *r)
{
    unsigned  i;

    for (i = 0; i < SK_READ_N; i++) {
        (void) sqlite3_finalize(r->stmts[i]);
        r->stmts[i] = NULL;
    }

    (void) sqlite3_close(r->store);
    r->store = NULL;
}


void
sk_page_reader_close_query(sk_reader_t *r)
{
    (void) sqlite3_close(r->query);
    r->query = NULL;
}


int
sk_page_refuse(sk_page_t *page, sk_status_e status, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(page->message, sizeof(page->message), fmt, args);
    va_end(args);

    page->status = status;

    return SK_OK;
}


/* {"code":0,"data":[...],"pagination":{"next":N},"head":{...}} */

int
sk_page_list(sk_page_t *page, sqlite3_stmt *stmt, sqlite3_stmt *head)
{
    int           rc;
    uint64_t      next;
    sqlite3_str  *text;

    if (stmt == NULL) {
        return SK_ERROR;
    }

    text = sqlite3_str_new(NULL);
    next = page->after;
    page->n = 0;

    sqlite3_str_appendall(text, "{\"code\":0,\"data\":[");

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (page->n++) {
            sqlite3_str_appendchar(text, 1, ',');
        }

        sqlite3_str_append(text,
                           (const char *) sqlite3_column_text(stmt, 0),
                           sqlite3_column_bytes(stmt, 0));
        next = (uint64_t) sqlite3_column_int64(stmt, 1);
    }

    (void) sqlite3_reset(stmt);

    sqlite3_str_appendf(text, "],\"pagination\":{\"next\":%llu}", next);

    if (rc == SQLITE_DONE && head) {
        rc = sqlite3_step(head);
        sqlite3_str_appendf(text, ",\"head\":%s",
                            (const char *) sqlite3_column_text(head, 0));
        rc = (rc == SQLITE_ROW) ? SQLITE_DONE : rc;
        (void) sqlite3_reset(head);
    }

    sqlite3_str_appendall(text, "}\n");

    if (rc != SQLITE_DONE) {
        sqlite3_free(sqlite3_str_finish(text));
        return SK_ERROR;
    }

    return sk_page_end(page, text);
}


/* {"code":0,"data":{...}}, of the object "id" */

static int
sk_page_numbered(sk_reader_t *r, sk_page_t *page, sk_read_e which,
    const char *what)
{
    int            rc;
    sqlite3_str   *text;
    sqlite3_stmt  *s;

    s = sk_page_reader_stmt(r, which);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) page->id);

    rc = sqlite3_step(s);

    if (rc != SQLITE_ROW) {
        (void) sqlite3_reset(s);

        return (rc == SQLITE_DONE)
               ? sk_page_refuse(page, SK_STATUS_NOT_FOUND,
                                "there is no %s %llu", what,
                                (unsigned long long) page->id)
               : SK_ERROR;
    }

    text = sqlite3_str_new(NULL);

    sqlite3_str_appendf(text, "{\"code\":0,\"data\":%s}\n",
                        (const char *) sqlite3_column_text(s, 0));

    (void) sqlite3_reset(s);

    return sk_page_end(page, text);
}


int
sk_page_end(sk_page_t *page, sqlite3_str *text)
{
    page->len = (size_t) sqlite3_str_length(text);
    page->json = sqlite3_str_finish(text);

    return page->json ? SK_OK : SK_ERROR;
}


int
sk_page_products(sk_reader_t *r, sk_page_t *page)
{
    sqlite3_stmt  *s;

    s = sk_page_reader_stmt(r, SK_READ_PRODUCTS);

    if (s) {
        (void) sqlite3_bind_int64(s, 1, (int64_t) page->after);
        (void) sqlite3_bind_int64(s, 2, page->limit);
    }

    return sk_page_list(page, s, NULL);
}


int
sk_page_product(sk_reader_t *r, sk_page_t *page)
{
    return sk_page_numbered(r, page, SK_READ_PRODUCT, "product");
}


int
sk_page_order(sk_reader_t *r, sk_page_t *page)
{
    return sk_page_numbered(r, page, SK_READ_ORDER, "order");
}


/* events and head are of one moment; where it fails, the connection ends */

int
sk_page_events(sk_reader_t *r, sk_page_t *page)
{
    int  rc;

    rc = sk_page_step(sk_page_reader_stmt(r, SK_READ_BEGIN));

    if (rc == SK_OK) {
        rc = sk_page_events_read(r, page);
    }

    if (rc == SK_OK) {
        rc = sk_page_step(sk_page_reader_stmt(r, SK_READ_COMMIT));
    }

    return rc;
}


static int
sk_page_step(sqlite3_stmt *stmt)
{
    int  rc;

    if (stmt == NULL) {
        return SK_ERROR;
    }

    rc = sqlite3_step(stmt);
    (void) sqlite3_reset(stmt);

    return (rc == SQLITE_DONE) ? SK_OK : SK_ERROR;
}


static int
sk_page_events_read(sk_reader_t *r, sk_page_t *page)
{
    int            rc;
    int64_t        at_ms;
    uint64_t       last;
    sqlite3_stmt  *s, *at, *end, *head;

    s = sk_page_reader_stmt(r, SK_READ_EVENTS);
    at = sk_page_reader_stmt(r, SK_READ_AT);
    end = sk_page_reader_stmt(r, SK_READ_END);
    head = sk_page_reader_stmt(r, SK_READ_HEAD);

    if (s == NULL || at == NULL || end == NULL || head == NULL) {
        return SK_ERROR;
    }

    if (page->after && page->at_ms) {
        (void) sqlite3_bind_int64(at, 1, (int64_t) page->after);

        rc = sqlite3_step(at);
        at_ms = (rc == SQLITE_ROW) ? sqlite3_column_int64(at, 0)
                                   : page->at_ms;
        (void) sqlite3_reset(at);

        if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
            return SK_ERROR;
        }

        if (at_ms != page->at_ms) {
            return sk_page_refuse(page, SK_STATUS_CONFLICT, "event %llu is not "
                                  "the one that the reader has seen: the store "
                                  "is another one, or was restored",
                                  (unsigned long long) page->after);
        }
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) page->after);
    (void) sqlite3_bind_int64(s, 2, page->limit);

    rc = sk_page_list(page, s, head);

    if (rc != SK_OK || page->n) {
        return rc;
    }

    rc = sqlite3_step(end);
    last = (rc == SQLITE_ROW) ? (uint64_t) sqlite3_column_int64(end, 0) : 0;
    (void) sqlite3_reset(end);

    if (rc != SQLITE_ROW) {
        return SK_ERROR;
    }

    if (last >= page->after) {
        return SK_OK;
    }

    sqlite3_free(page->json);
    page->json = NULL;

    return sk_page_refuse(page, SK_STATUS_CONFLICT, "the ledger ends at %llu: "
                          "the store is an older one than the reader has seen",
                          (unsigned long long) last);
}


void
sk_page_free(sk_page_t *page)
{
    sqlite3_free(page->json);
    page->json = NULL;
}
