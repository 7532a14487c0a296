#include <stdio.h>
#include <stdlib.h>

#include "sk_command.h"
#include "sk_json.h"
#include "sk_ledger_db.h"


static int sk_ledger_bind_number(sqlite3_stmt *stmt, int column, uint64_t n,
    int64_t unit);
static char *sk_ledger_detail(const sk_event_t *e);
static int sk_ledger_product(sk_ledger_t *l, const sk_event_t *e);
static int sk_ledger_request_row(sk_ledger_t *l, const uint8_t *hash,
    sk_event_t *e);
static int sk_ledger_row(sk_ledger_t *l, sk_event_t *e);
static sk_event_e sk_ledger_type(sqlite3_stmt *stmt, int column);
static int sk_ledger_row_order(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_expires(int64_t ms, uint32_t *expires_s);
static int sk_ledger_damaged(sk_ledger_t *l, uint64_t seq);
static int sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_order_row(sk_ledger_t *l, sqlite3_stmt *s, sk_order_t *o);
static int sk_ledger_due_rows(sk_ledger_t *l, sqlite3_stmt *s,
    sk_order_t *orders, unsigned max, unsigned *n);
static int sk_ledger_row_def(json_t *json, sk_event_t *e);


static const struct {
    size_t       len;
    const char  *name;
} sk_events[SK_EVENT_N] = {
#define X(constant, name)  { sizeof(name) - 1, name },
    SK_EVENT_TABLE(X)
#undef X
};


int
sk_ledger_append(sk_ledger_t *l, const sk_event_t *e)
{
    int            rc;
    char          *made;
    const char    *detail;
    sqlite3_stmt  *s;

    s = l->append;
    made = NULL;
    detail = e->detail;

    /* one from elsewhere is kept as it is */

    if (detail == NULL && (sk_event_of_sale(e->type) || e->by)) {
        made = sk_ledger_detail(e);

        if (made == NULL) {
            return sk_ledger_fail(l, SQLITE_NOMEM);
        }

        detail = made;
    }

    rc = sqlite3_bind_int64(s, 1, (int64_t) e->seq);
    rc |= sqlite3_bind_int64(s, 2, e->at_ms);
    rc |= sqlite3_bind_text(s, 3, sk_events[e->type].name,
                            (int) sk_events[e->type].len, SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, 4, (int64_t) e->sale_id);
    rc |= sqlite3_bind_text(s, 5, e->user, (int) e->user_len, SQLITE_STATIC);
    rc |= sk_ledger_bind_number(s, 6, e->ticket, 1);
    rc |= sk_ledger_bind_number(s, 7, e->object, 1);
    rc |= sk_ledger_bind_number(s, 8, e->expires_s, 1000);
    rc |= sqlite3_bind_text(s, 9, detail,
                            made ? -1 : (int) e->detail_len,
                            SQLITE_STATIC);
    rc |= sqlite3_bind_text(s, 10, e->request, (int) e->request_len,
                            SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, 11, e->request_hash, SK_COMMAND_HASH_SIZE,
                            SQLITE_STATIC);

    rc = (rc == SQLITE_OK) ? sk_ledger_step(l, s)
                           : sk_ledger_fail(l, SQLITE_NOMEM);

    free(made);

    return (rc == SK_OK && sk_event_of_product(e->type))
           ? sk_ledger_product(l, e) : rc;
}


static int
sk_ledger_product(sk_ledger_t *l, const sk_event_t *e)
{
    int            rc;
    sqlite3_stmt  *s;

    s = (e->type == SK_EVENT_PRODUCT_REMOVED) ? l->product_drop
                                              : l->product_put;

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->object);

    if (s == l->product_put) {
        (void) sqlite3_bind_text(s, 2, e->detail, (int) e->detail_len,
                                 SQLITE_STATIC);
        (void) sqlite3_bind_int64(s, 3, e->at_ms);
    }

    rc = sk_ledger_step(l, s);

    (void) sqlite3_clear_bindings(s);

    return rc;
}


static int
sk_ledger_bind_number(sqlite3_stmt *stmt, int column, uint64_t n, int64_t unit)
{
    return n ? sqlite3_bind_int64(stmt, column, (int64_t) n * unit)
             : sqlite3_bind_null(stmt, column);
}


/* who it was; of a sale, what it is now, and what the configuration says */

static char *
sk_ledger_detail(const sk_event_t *e)
{
    int      rc;
    json_t  *json;

    json = sk_event_of_sale(e->type)
           ? sk_json_sale(&e->def, SK_FIELD_ADD, 1) : json_object();

    rc = json_object_set_new(json, "by",
                             e->by ? sk_json_text(e->by, e->by_len)
                                   : json_null());

    if (sk_event_has_def(e->type)) {
        rc |= json_object_set_new(json, "declared",
                  e->declared.name_len
                  ? sk_json_sale(&e->declared, SK_FIELD_DECLARE, 1)
                  : json_null());
    }

    if (rc != 0) {
        json_decref(json);
        return NULL;
    }

    return sk_json_end(json);
}


int
sk_ledger_request(sk_ledger_t *l, const sk_event_t *asked, int64_t after_ms,
    sk_event_t *e)
{
    int            rc;
    sqlite3_stmt  *s;

    s = l->request;

    (void) sqlite3_bind_text(s, 1, asked->request, (int) asked->request_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 2, asked->by, (int) asked->by_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 3, after_ms);

    rc = sqlite3_step(s);

    rc = (rc == SQLITE_ROW) ? sk_ledger_request_row(l, asked->request_hash, e)
         : (rc == SQLITE_DONE) ? SK_NOT_FOUND : sk_ledger_fail(l, rc);

    (void) sqlite3_reset(s);
    (void) sqlite3_clear_bindings(s);

    return rc;
}


static int
sk_ledger_request_row(sk_ledger_t *l, const uint8_t *hash, sk_event_t *e)
{
    sqlite3_stmt  *s;

    s = l->request;

    if (sqlite3_column_bytes(s, 5) != SK_COMMAND_HASH_SIZE
        || memcmp(sqlite3_column_blob(s, 5), hash, SK_COMMAND_HASH_SIZE) != 0)
    {
        return SK_REFUSED;
    }

    memset(e, 0, sizeof(sk_event_t));

    e->seq = (uint64_t) sqlite3_column_int64(s, 0);
    e->type = sk_ledger_type(s, 1);
    e->sale_id = (uint64_t) sqlite3_column_int64(s, 2);
    e->object = (uint64_t) sqlite3_column_int64(s, 3);
    e->at_ms = sqlite3_column_int64(s, 4);

    return sk_event_of_sale(e->type) ? sk_ledger_row_sale(l, e) : SK_OK;
}


int
sk_ledger_read(sk_ledger_t *l, uint64_t after, unsigned max,
    sk_ledger_event_pt handler, void *ctx)
{
    int         rc;
    unsigned    n;
    sk_event_t  e;

    (void) sqlite3_bind_int64(l->read, 1, (int64_t) after);
    (void) sqlite3_bind_int64(l->read, 2, (int64_t) max);

    for (n = 0; /* void */; n++) {
        rc = sqlite3_step(l->read);

        if (rc == SQLITE_DONE) {
            rc = (n < max) ? SK_OK : SK_MORE;
            break;
        }

        if (rc != SQLITE_ROW) {
            rc = sk_ledger_fail(l, rc);
            break;
        }

        rc = sk_ledger_row(l, &e);

        if (rc == SK_OK && e.seq != after + 1) {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: event %llu follows event %llu",
                            (unsigned long long) e.seq,
                            (unsigned long long) after);
            rc = SK_DAMAGED;
        }

        if (rc == SK_OK) {
            rc = handler(ctx, &e);
        }

        if (rc != SK_OK) {
            break;
        }

        after = e.seq;
    }

    (void) sqlite3_reset(l->read);

    return rc;
}


static int
sk_ledger_row(sk_ledger_t *l, sk_event_t *e)
{
    e->seq = (uint64_t) sqlite3_column_int64(l->read, 0);
    e->type = sk_ledger_type(l->read, 1);
    e->sale_id = (uint64_t) sqlite3_column_int64(l->read, 2);
    e->at_ms = sqlite3_column_int64(l->read, 7);
    e->skip = 0;

    if (e->type == SK_EVENT_N || e->at_ms < 0 || e->at_ms > SK_LEDGER_AT_MAX) {
        return sk_ledger_damaged(l, e->seq);
    }

    if (sk_event_has_def(e->type)) {
        return sk_ledger_row_sale(l, e);
    }

    return sk_event_of_order(e->type) ? sk_ledger_row_order(l, e) : SK_OK;
}


static int
sk_ledger_row_order(sk_ledger_t *l, sk_event_t *e)
{
    e->user = (const char *) sqlite3_column_text(l->read, 3);
    e->user_len = (size_t) sqlite3_column_bytes(l->read, 3);
    e->ticket = (uint64_t) sqlite3_column_int64(l->read, 4);
    e->object = (uint64_t) sqlite3_column_int64(l->read, 6);

    if (e->user == NULL || e->user_len == 0 || e->user_len > SK_USER_SIZE_MAX
        || sk_ledger_expires(sqlite3_column_int64(l->read, 5), &e->expires_s)
           != SK_OK)
    {
        return sk_ledger_damaged(l, e->seq);
    }

    return SK_OK;
}


/* the last second is for "none is held", see sk_zone_t */

static int
sk_ledger_expires(int64_t ms, uint32_t *expires_s)
{
    if (ms < 0 || ms / 1000 >= UINT32_MAX) {
        return SK_DAMAGED;
    }

    *expires_s = (uint32_t) (ms / 1000);

    return SK_OK;
}


static sk_event_e
sk_ledger_type(sqlite3_stmt *stmt, int column)
{
    size_t       len;
    unsigned     i;
    const char  *type;

    type = (const char *) sqlite3_column_text(stmt, column);
    len = (size_t) sqlite3_column_bytes(stmt, column);

    for (i = 0; i < SK_EVENT_N; i++) {
        if (type && sk_events[i].len == len
            && memcmp(sk_events[i].name, type, len) == 0)
        {
            break;
        }
    }

    return i;
}


static int
sk_ledger_damaged(sk_ledger_t *l, uint64_t seq)
{
    (void) snprintf(l->error, sizeof(l->error),
                    "damaged: event %llu cannot be understood",
                    (unsigned long long) seq);

    return SK_DAMAGED;
}


static int
sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e)
{
    int            rc;
    json_t        *json;
    const char    *detail;
    json_error_t   error;
    sqlite3_stmt  *s;

    s = l->read_sale;

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->seq);

    rc = sqlite3_step(s);

    if (rc != SQLITE_ROW) {
        (void) sqlite3_reset(s);
        return sk_ledger_fail(l, rc);
    }

    detail = (const char *) sqlite3_column_text(s, 0);

    json = json_loadb(detail ? detail : "",
                      (size_t) sqlite3_column_bytes(s, 0), 0, &error);

    (void) sqlite3_reset(s);

    if (json == NULL && json_error_code(&error) == json_error_unknown) {
        return sk_ledger_fail(l, SQLITE_NOMEM);
    }

    rc = sk_ledger_row_def(json, e);

    json_decref(json);

    return (rc == SK_OK) ? SK_OK : sk_ledger_damaged(l, e->seq);
}


static int
sk_ledger_row_def(json_t *json, sk_event_t *e)
{
    int      rc;
    json_t  *declared;

    rc = sk_json_sale_read(json, &e->def);

    declared = json_object_get(json, "declared");

    e->declared = sk_sale_initial;

    if (declared == NULL) {

        /* the first version's sales were all declared, and do not say so */

        sk_sale_declare(&e->declared, &e->def, NULL);

    } else if (rc == SK_OK && !json_is_null(declared)) {
        rc = sk_json_sale_read(declared, &e->declared);
    }

    if (rc != SK_OK || e->def.name_len == 0) {
        return SK_ERROR;
    }

    if (!json_is_null(declared)) {
        e->declared.name_len = e->def.name_len;
        memcpy(e->declared.name, e->def.name, e->def.name_len);
    }

    return SK_OK;
}


int
sk_ledger_removed(sk_ledger_t *l, uint64_t **ids, unsigned *n)
{
    int        rc;
    uint64_t  *p;

    *ids = NULL;
    *n = 0;

    while ((rc = sqlite3_step(l->removed)) == SQLITE_ROW) {

        p = realloc(*ids, (*n + 1) * sizeof(uint64_t));

        if (p == NULL) {
            rc = SQLITE_NOMEM;
            break;
        }

        p[(*n)++] = (uint64_t) sqlite3_column_int64(l->removed, 0);
        *ids = p;
    }

    (void) sqlite3_reset(l->removed);

    return (rc == SQLITE_DONE) ? SK_OK : sk_ledger_fail(l, rc);
}


int
sk_ledger_order(sk_ledger_t *l, uint64_t order, sk_order_t *o)
{
    int  rc;

    (void) sqlite3_bind_int64(l->order, 1, (int64_t) order);

    rc = sk_ledger_order_row(l, l->order, o);

    (void) sqlite3_reset(l->order);

    return rc;
}


/* the next row of an order's columns; SK_NOT_FOUND: there is none */

static int
sk_ledger_order_row(sk_ledger_t *l, sqlite3_stmt *s, sk_order_t *o)
{
    int          rc;
    const char  *user;

    rc = sqlite3_step(s);

    if (rc != SQLITE_ROW) {
        return (rc == SQLITE_DONE) ? SK_NOT_FOUND : sk_ledger_fail(l, rc);
    }

    o->seq = (uint64_t) sqlite3_column_int64(s, 0);
    o->sale_id = (uint64_t) sqlite3_column_int64(s, 1);
    user = (const char *) sqlite3_column_text(s, 2);
    o->user_len = (size_t) sqlite3_column_bytes(s, 2);
    o->at_ms = sqlite3_column_int64(s, 3);

    if (user == NULL || o->user_len == 0 || o->user_len > SK_USER_SIZE_MAX
        || sk_ledger_expires(sqlite3_column_int64(s, 4), &o->expires_s)
           != SK_OK)
    {
        return sk_ledger_damaged(l, o->seq);
    }

    memcpy(o->user, user, o->user_len);

    return SK_OK;
}


int
sk_ledger_order_last(sk_ledger_t *l, uint64_t order, sk_event_e *last)
{
    int            rc;
    uint64_t       seq;
    sqlite3_stmt  *s;

    s = l->order_last;
    *last = SK_EVENT_WON;
    seq = 0;

    (void) sqlite3_bind_int64(s, 1, (int64_t) order);

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        *last = sk_ledger_type(s, 0);
        seq = (uint64_t) sqlite3_column_int64(s, 1);
        rc = SQLITE_DONE;
    }

    (void) sqlite3_reset(s);

    if (rc != SQLITE_DONE) {
        return sk_ledger_fail(l, rc);
    }

    return sk_event_of_order(*last) ? SK_OK : sk_ledger_damaged(l, seq);
}


int
sk_ledger_due(sk_ledger_t *l, uint32_t from_s, uint64_t after,
    uint32_t until_s, sk_order_t *orders, unsigned max, unsigned *n)
{
    int  rc;

    *n = 0;

    (void) sqlite3_bind_int64(l->due, 1, (int64_t) from_s * 1000);
    (void) sqlite3_bind_int64(l->due, 2, (int64_t) after);
    (void) sqlite3_bind_int64(l->due, 3, max);

    rc = sk_ledger_due_rows(l, l->due, orders, max, n);

    if (rc != SK_OK || *n == max) {
        return rc;
    }

    (void) sqlite3_bind_int64(l->due_later, 1, (int64_t) from_s * 1000);
    (void) sqlite3_bind_int64(l->due_later, 2, (int64_t) until_s * 1000);
    (void) sqlite3_bind_int64(l->due_later, 3, max - *n);

    return sk_ledger_due_rows(l, l->due_later, orders, max, n);
}


static int
sk_ledger_due_rows(sk_ledger_t *l, sqlite3_stmt *s, sk_order_t *orders,
    unsigned max, unsigned *n)
{
    int  rc;

    rc = SK_OK;

    while (*n < max) {
        rc = sk_ledger_order_row(l, s, &orders[*n]);

        if (rc != SK_OK) {
            break;
        }

        (*n)++;
    }

    (void) sqlite3_reset(s);

    return (rc == SK_NOT_FOUND) ? SK_OK : rc;
}


int
sk_ledger_due_next(sk_ledger_t *l, uint32_t s, uint32_t *next_s)
{
    int  rc;

    *next_s = UINT32_MAX;

    (void) sqlite3_bind_int64(l->due_next, 1, (int64_t) s * 1000);

    rc = sqlite3_step(l->due_next);

    if (rc != SQLITE_ROW) {
        rc = sk_ledger_fail(l, rc);

    } else if (sqlite3_column_type(l->due_next, 0) == SQLITE_NULL) {
        rc = SK_OK;

    } else {
        rc = sk_ledger_expires(sqlite3_column_int64(l->due_next, 0), next_s);

        if (rc != SK_OK) {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: a hold ends at %lld ms",
                            (long long) sqlite3_column_int64(l->due_next, 0));
        }
    }

    (void) sqlite3_reset(l->due_next);

    return rc;
}
