#include <stdio.h>

#include "sk_ledger_db.h"


static int sk_ledger_bind_time(sqlite3_stmt *stmt, int column, int64_t ms,
    int64_t none);
static int sk_ledger_row(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e);


static const struct {
    size_t       len;
    const char  *name;
} sk_events[SK_EVENT_N] = {
#define X(constant, name)  { sizeof(name) - 1, name },
    SK_EVENT_TABLE(X)
#undef X
};


/* a window without an end has none in the ledger either */

static int
sk_ledger_bind_time(sqlite3_stmt *stmt, int column, int64_t ms, int64_t none)
{
    return (ms == none) ? sqlite3_bind_null(stmt, column)
                        : sqlite3_bind_int64(stmt, column, ms);
}


int
sk_ledger_append(sk_ledger_t *l, const sk_event_t *e)
{
    int            rc;
    sqlite3_stmt  *s;

    s = (e->type == SK_EVENT_WON) ? l->append : l->append_sale;

    rc = sqlite3_bind_int64(s, 1, (int64_t) e->seq);
    rc |= sqlite3_bind_int64(s, 2, e->at_ms);
    rc |= sqlite3_bind_text(s, 3, sk_events[e->type].name,
                            (int) sk_events[e->type].len, SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, 4, (int64_t) e->sale_id);

    if (e->type == SK_EVENT_WON) {
        rc |= sqlite3_bind_text(s, 5, e->user, (int) e->user_len,
                                SQLITE_STATIC);
        rc |= sqlite3_bind_int64(s, 6, (int64_t) e->ticket);

    } else {
        rc |= sqlite3_bind_text(s, 5, e->def.name, (int) e->def.name_len,
                                SQLITE_STATIC);
        rc |= sqlite3_bind_int64(s, 6, e->def.stock);
        rc |= sqlite3_bind_int64(s, 7, e->def.limit);
        rc |= sk_ledger_bind_time(s, 8, e->def.start_ms, SK_TIME_MIN);
        rc |= sk_ledger_bind_time(s, 9, e->def.end_ms, SK_TIME_MAX);
        rc |= sqlite3_bind_int(s, 10, e->def.paused);
    }

    if (rc != SQLITE_OK) {
        return sk_ledger_fail(l, SQLITE_NOMEM);
    }

    return sk_ledger_step(l, s);
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
    size_t       len;
    unsigned     i;
    const char  *type;

    e->seq = (uint64_t) sqlite3_column_int64(l->read, 0);
    type = (const char *) sqlite3_column_text(l->read, 1);
    len = (size_t) sqlite3_column_bytes(l->read, 1);
    e->sale_id = (uint64_t) sqlite3_column_int64(l->read, 2);

    for (i = 0; i < SK_EVENT_N; i++) {
        if (type && sk_events[i].len == len
            && memcmp(sk_events[i].name, type, len) == 0)
        {
            break;
        }
    }

    e->type = i;

    if (e->type != SK_EVENT_WON) {
        return sk_ledger_row_sale(l, e);
    }

    e->user = (const char *) sqlite3_column_text(l->read, 3);
    e->user_len = (size_t) sqlite3_column_bytes(l->read, 3);
    e->ticket = (uint64_t) sqlite3_column_int64(l->read, 4);

    if (e->user == NULL || e->user_len > SK_USER_SIZE_MAX) {
        (void) snprintf(l->error, sizeof(l->error),
                        "damaged: event %llu has no valid user",
                        (unsigned long long) e->seq);
        return SK_ERROR;
    }

    return SK_OK;
}


static int
sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e)
{
    int            rc;
    sk_sale_def_t  *def;
    const char    *name;
    sqlite3_stmt  *s;

    if (e->type == SK_EVENT_N) {
        goto damaged;
    }

    s = l->read_sale;
    def = &e->def;
    memset(def, 0, sizeof(sk_sale_def_t));

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

    def->stock = sqlite3_column_int64(s, 1);
    def->limit = sqlite3_column_int64(s, 2);
    def->start_ms = sqlite3_column_int64(s, 3);
    def->end_ms = sqlite3_column_int64(s, 4);
    def->paused = sqlite3_column_int(s, 5);

    (void) sqlite3_reset(s);

    if (def->name_len && def->stock >= 0 && def->stock <= SK_STOCK_MAX
        && def->limit >= 1 && def->limit <= SK_LIMIT_MAX)
    {
        return SK_OK;
    }

damaged:

    (void) snprintf(l->error, sizeof(l->error),
                    "damaged: event %llu cannot be understood",
                    (unsigned long long) e->seq);

    return SK_ERROR;
}
