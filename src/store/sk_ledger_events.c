#include <stdio.h>
#include <stdlib.h>

#include "sk_ledger_db.h"


static int sk_ledger_bind_number(sqlite3_stmt *stmt, int column, uint64_t n,
    int64_t unit);
static void sk_ledger_bind_sale(sqlite3_stmt *s, const sk_event_t *e);
static void sk_ledger_bind_time(sqlite3_stmt *stmt, int column, int64_t ms,
    int64_t none);
static int sk_ledger_row(sk_ledger_t *l, sk_event_t *e);
static sk_event_e sk_ledger_type(sqlite3_stmt *stmt, int column);
static int sk_ledger_damaged(sk_ledger_t *l, const sk_event_t *e);
static int sk_ledger_row_clock(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e);
static void sk_ledger_columns(sqlite3_stmt *s, int column,
    sk_sale_def_t *def);


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
    const char    *detail;
    sqlite3_stmt  *s, *text;

    s = l->append;
    text = NULL;
    detail = e->detail;

    if (sk_event_has_def(e->type)) {
        text = l->sale_detail;
        sk_ledger_bind_sale(text, e);

    } else if (e->type == SK_EVENT_CLOCK_SET) {
        text = l->clock_detail;
        (void) sqlite3_bind_int64(text, 1, e->by_ms);

    } else if (e->by && detail == NULL) {
        text = l->by_detail;
        (void) sqlite3_bind_text(text, 1, e->by, (int) e->by_len,
                                 SQLITE_STATIC);
    }

    if (text) {
        rc = sqlite3_step(text);

        if (rc != SQLITE_ROW) {
            (void) sqlite3_reset(text);
            return sk_ledger_fail(l, rc);
        }

        detail = (const char *) sqlite3_column_text(text, 0);
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
                            text ? -1 : (int) e->detail_len, SQLITE_STATIC);

    rc = (rc == SQLITE_OK) ? sk_ledger_step(l, s)
                           : sk_ledger_fail(l, SQLITE_NOMEM);

    if (text) {
        (void) sqlite3_reset(text);
    }

    return rc;
}


static int
sk_ledger_bind_number(sqlite3_stmt *stmt, int column, uint64_t n, int64_t unit)
{
    return n ? sqlite3_bind_int64(stmt, column, (int64_t) n * unit)
             : sqlite3_bind_null(stmt, column);
}


static void
sk_ledger_bind_sale(sqlite3_stmt *s, const sk_event_t *e)
{
    const sk_sale_def_t  *def;

    def = &e->def;

    (void) sqlite3_bind_text(s, 1, def->name, (int) def->name_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 2, def->stock);
    (void) sqlite3_bind_int64(s, 3, def->limit);
    sk_ledger_bind_time(s, 4, def->start_ms, SK_TIME_MIN);
    sk_ledger_bind_time(s, 5, def->end_ms, SK_TIME_MAX);
    (void) sqlite3_bind_int(s, 6, def->paused);
    (void) sqlite3_bind_int64(s, 7, def->hold_s);
    (void) sk_ledger_bind_number(s, 8, def->product, 1);
    (void) sqlite3_bind_text(s, 9, e->by, (int) e->by_len, SQLITE_STATIC);

    def = &e->declared;

    if (def->name_len == 0) {
        (void) sqlite3_bind_null(s, 10);
        return;
    }

    (void) sqlite3_bind_int64(s, 10, def->stock);
    (void) sqlite3_bind_int64(s, 11, def->limit);
    sk_ledger_bind_time(s, 12, def->start_ms, SK_TIME_MIN);
    sk_ledger_bind_time(s, 13, def->end_ms, SK_TIME_MAX);
    (void) sqlite3_bind_int(s, 14, def->paused);
    (void) sqlite3_bind_int64(s, 15, def->hold_s);
}


/* a window without an end has none in the ledger either */

static void
sk_ledger_bind_time(sqlite3_stmt *stmt, int column, int64_t ms, int64_t none)
{
    if (ms == none) {
        (void) sqlite3_bind_null(stmt, column);

    } else {
        (void) sqlite3_bind_int64(stmt, column, ms);
    }
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
            rc = SK_ERROR;
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
    e->skip = 0;

    if (e->type == SK_EVENT_N) {
        return sk_ledger_damaged(l, e);
    }

    if (sk_event_has_def(e->type)) {
        return sk_ledger_row_sale(l, e);
    }

    if (e->type == SK_EVENT_CLOCK_SET) {
        return sk_ledger_row_clock(l, e);
    }

    if (!sk_event_of_order(e->type)) {
        return SK_OK;
    }

    e->user = (const char *) sqlite3_column_text(l->read, 3);
    e->user_len = (size_t) sqlite3_column_bytes(l->read, 3);
    e->ticket = (uint64_t) sqlite3_column_int64(l->read, 4);
    e->expires_s = (uint32_t) (sqlite3_column_int64(l->read, 5) / 1000);
    e->object = (uint64_t) sqlite3_column_int64(l->read, 6);

    if (e->user == NULL || e->user_len > SK_USER_SIZE_MAX) {
        return sk_ledger_damaged(l, e);
    }

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
sk_ledger_damaged(sk_ledger_t *l, const sk_event_t *e)
{
    (void) snprintf(l->error, sizeof(l->error),
                    "damaged: event %llu cannot be understood",
                    (unsigned long long) e->seq);

    return SK_ERROR;
}


static int
sk_ledger_row_clock(sk_ledger_t *l, sk_event_t *e)
{
    int  rc;

    (void) sqlite3_bind_int64(l->read_clock, 1, (int64_t) e->seq);

    rc = sqlite3_step(l->read_clock);

    e->by_ms = (rc == SQLITE_ROW) ? sqlite3_column_int64(l->read_clock, 0) : 0;

    (void) sqlite3_reset(l->read_clock);

    return (rc == SQLITE_ROW) ? SK_OK : sk_ledger_fail(l, rc);
}


static int
sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e)
{
    int             rc;
    const char     *name;
    sqlite3_stmt   *s;
    sk_sale_def_t  *def;

    s = l->read_sale;
    def = &e->def;

    memset(def, 0, sizeof(sk_sale_def_t));
    memset(&e->declared, 0, sizeof(sk_sale_def_t));

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->seq);

    rc = sqlite3_step(s);

    if (rc != SQLITE_ROW) {
        (void) sqlite3_reset(s);
        return sk_ledger_fail(l, rc);
    }

    name = (const char *) sqlite3_column_text(s, 0);
    def->name_len = (size_t) sqlite3_column_bytes(s, 0);

    if (name && sk_sale_name_valid(name, def->name_len)) {
        memcpy(def->name, name, def->name_len);

    } else {
        def->name_len = 0;
    }

    sk_ledger_columns(s, 1, def);
    def->product = (uint64_t) sqlite3_column_int64(s, 7);

    if (sqlite3_column_type(s, 8) != SQLITE_NULL) {
        e->declared = *def;
        e->declared.product = 0;
        sk_ledger_columns(s, 8, &e->declared);
    }

    (void) sqlite3_reset(s);

    if (def->name_len && def->stock >= 0 && def->stock <= SK_STOCK_MAX
        && def->limit >= 1 && def->limit <= SK_LIMIT_MAX
        && def->hold_s >= 0 && def->hold_s <= SK_HOLD_MAX_S)
    {
        return SK_OK;
    }

    return sk_ledger_damaged(l, e);
}


static void
sk_ledger_columns(sqlite3_stmt *s, int column, sk_sale_def_t *def)
{
    def->stock = sqlite3_column_int64(s, column);
    def->limit = sqlite3_column_int64(s, column + 1);
    def->start_ms = sqlite3_column_int64(s, column + 2);
    def->end_ms = sqlite3_column_int64(s, column + 3);
    def->paused = sqlite3_column_int(s, column + 4);
    def->hold_s = sqlite3_column_int64(s, column + 5);
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
    int            rc;
    const char    *user;
    sqlite3_stmt  *s;

    s = l->order;
    l->error[0] = '\0';

    memset(o, 0, sizeof(sk_order_t));

    (void) sqlite3_bind_int64(s, 1, (int64_t) order);

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        o->sale_id = (uint64_t) sqlite3_column_int64(s, 0);
        user = (const char *) sqlite3_column_text(s, 1);
        o->user_len = (size_t) sqlite3_column_bytes(s, 1);
        o->at_ms = sqlite3_column_int64(s, 2);
        o->expires_s = (uint32_t) (sqlite3_column_int64(s, 3) / 1000);

        /* somebody else has written a longer one: nobody has its order */

        if (user == NULL || o->user_len > SK_USER_SIZE_MAX) {
            o->user_len = 0;
        }

        if (o->user_len) {
            memcpy(o->user, user, o->user_len);
        }
    }

    (void) sqlite3_reset(s);

    if (rc != SQLITE_ROW) {
        return (rc == SQLITE_DONE) ? SK_ERROR : sk_ledger_fail(l, rc);
    }

    return SK_OK;
}


int
sk_ledger_order_last(sk_ledger_t *l, uint64_t order, sk_event_e *last)
{
    int            rc;
    sqlite3_stmt  *s;

    s = l->order_last;
    *last = SK_EVENT_WON;

    (void) sqlite3_bind_int64(s, 1, (int64_t) order);

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        *last = sk_ledger_type(s, 0);
        rc = SQLITE_DONE;
    }

    (void) sqlite3_reset(s);

    return (rc == SQLITE_DONE) ? SK_OK : sk_ledger_fail(l, rc);
}


int
sk_ledger_last_time(sk_ledger_t *l, int64_t *ms)
{
    int  rc;

    *ms = 0;

    rc = sqlite3_step(l->last_time);

    if (rc == SQLITE_ROW) {
        *ms = sqlite3_column_int64(l->last_time, 0);
        rc = SQLITE_DONE;
    }

    (void) sqlite3_reset(l->last_time);

    return (rc == SQLITE_DONE) ? SK_OK : sk_ledger_fail(l, rc);
}
