#include <stdio.h>

#include "sk_ledger_db.h"


static int sk_ledger_order_row(sk_ledger_t *l, sqlite3_stmt *s, sk_order_t *o);
static int sk_ledger_order_rows(sk_ledger_t *l, sqlite3_stmt *s,
    sk_order_t *orders, unsigned max, unsigned *n);


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
    o->event = (uint64_t) sqlite3_column_int64(s, 4);

    if (user == NULL || o->user_len == 0 || o->user_len > SK_USER_SIZE_MAX
        || sk_ledger_read_expires(sqlite3_column_int64(s, 3), &o->expires_s)
           != SK_OK)
    {
        return sk_ledger_read_damaged(l, o->event);
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
        *last = sk_ledger_read_type(s, 0);
        seq = (uint64_t) sqlite3_column_int64(s, 1);
        rc = SQLITE_DONE;
    }

    (void) sqlite3_reset(s);

    if (rc != SQLITE_DONE) {
        return sk_ledger_fail(l, rc);
    }

    return sk_event_of_order(*last) ? SK_OK : sk_ledger_read_damaged(l, seq);
}


int
sk_ledger_order_due(sk_ledger_t *l, uint32_t from_s, uint64_t after,
    uint32_t until_s, sk_order_t *orders, unsigned max, unsigned *n)
{
    int  rc;

    *n = 0;

    (void) sqlite3_bind_int64(l->due, 1, (int64_t) from_s * 1000);
    (void) sqlite3_bind_int64(l->due, 2, (int64_t) after);
    (void) sqlite3_bind_int64(l->due, 3, max);

    rc = sk_ledger_order_rows(l, l->due, orders, max, n);

    if (rc != SK_OK || *n == max) {
        return rc;
    }

    (void) sqlite3_bind_int64(l->due_later, 1, (int64_t) from_s * 1000);
    (void) sqlite3_bind_int64(l->due_later, 2, (int64_t) until_s * 1000);
    (void) sqlite3_bind_int64(l->due_later, 3, max - *n);

    return sk_ledger_order_rows(l, l->due_later, orders, max, n);
}


static int
sk_ledger_order_rows(sk_ledger_t *l, sqlite3_stmt *s, sk_order_t *orders,
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
sk_ledger_order_queued(sk_ledger_t *l, uint64_t sale_id, uint64_t after,
    sk_order_t *queued, unsigned max, unsigned *n)
{
    *n = 0;

    (void) sqlite3_bind_int64(l->queued, 1, (int64_t) sale_id);
    (void) sqlite3_bind_int64(l->queued, 2, (int64_t) after);
    (void) sqlite3_bind_int64(l->queued, 3, max);

    return sk_ledger_order_rows(l, l->queued, queued, max, n);
}


int
sk_ledger_order_due_next(sk_ledger_t *l, uint32_t s, uint32_t *next_s)
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
        rc = sk_ledger_read_expires(sqlite3_column_int64(l->due_next, 0),
                                    next_s);

        if (rc != SK_OK) {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: a hold ends at %lld ms",
                            (long long) sqlite3_column_int64(l->due_next, 0));
        }
    }

    (void) sqlite3_reset(l->due_next);

    return rc;
}
