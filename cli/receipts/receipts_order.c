#include <stdio.h>

#include "receipts_order.h"
#include "sk_utf8.h"


#define RECEIPTS_ORDER_BUSY_MS  10000


static int receipts_order_spans(receipts_ledger_t *l, receipts_order_t *order);
static void receipts_order_span(receipts_order_t *order, sqlite3_stmt *s);
static int receipts_order_failed(receipts_ledger_t *l);


/*
 * On a connection of its own: it may see events that were appended since, and
 * nobody asks for what is behind the head.
 */

int
receipts_order_open(receipts_ledger_t *l, const char *path)
{
    return (sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READONLY, NULL)
            == SQLITE_OK
            && sqlite3_busy_timeout(l->db, RECEIPTS_ORDER_BUSY_MS)
               == SQLITE_OK
            && sqlite3_exec(l->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK
            && sqlite3_prepare_v2(l->db, "SELECT at, type, sale, CAST(user AS"
                                  " BLOB), expires FROM ledger WHERE seq = ?1",
                                  -1, &l->event, NULL)
               == SQLITE_OK
            && sqlite3_prepare_v2(l->db, "SELECT seq, at, type FROM ledger"
                                  " WHERE object = ?1 AND type IN ('paid',"
                                  " 'expired', 'cancelled') ORDER BY seq",
                                  -1, &l->events, NULL)
               == SQLITE_OK)
           ? SK_OK : receipts_order_failed(l);
}


void
receipts_order_close(receipts_ledger_t *l)
{
    (void) sqlite3_finalize(l->event);
    (void) sqlite3_finalize(l->events);
    (void) sqlite3_close(l->db);
}


int
receipts_order_at(receipts_ledger_t *l, uint64_t seq, int64_t *at_ms)
{
    int  rc;

    (void) sqlite3_bind_int64(l->event, 1, (int64_t) seq);

    rc = sqlite3_step(l->event);

    *at_ms = sqlite3_column_int64(l->event, 0);

    (void) sqlite3_reset(l->event);

    return (rc == SQLITE_ROW) ? SK_OK
           : (rc == SQLITE_DONE) ? SK_NOT_FOUND : receipts_order_failed(l);
}


int
receipts_order_find(receipts_ledger_t *l, uint64_t number,
    receipts_order_t *order)
{
    int            rc, len;
    sqlite3_stmt  *s;

    s = l->event;

    (void) sqlite3_bind_int64(s, 1, (int64_t) number);

    rc = sqlite3_step(s);
    len = sqlite3_column_bytes(s, 3);

    if (rc == SQLITE_ROW
        && (strcmp((char *) sqlite3_column_text(s, 1), "won") != 0
            || len > SK_USER_SIZE_MAX))
    {
        rc = SQLITE_DONE;
    }

    if (rc == SQLITE_ROW) {
        order->number = number;
        order->sale = receipts_ledger_sale(l, (uint64_t)
                                              sqlite3_column_int64(s, 2));
        order->user_len = len ? sk_utf8_mend(order->user,
                                             sqlite3_column_blob(s, 3),
                                             (size_t) len)
                              : 0;
        order->n_spans = 1;
        order->spans[0].state = (sqlite3_column_type(s, 4) == SQLITE_NULL)
                                ? sk_states[SK_STATE_SOLD]
                                : sk_states[SK_STATE_HELD];
        order->spans[0].from = number;
        order->spans[0].from_ms = sqlite3_column_int64(s, 0);
        order->spans[0].to = 0;
    }

    (void) sqlite3_reset(s);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return receipts_order_failed(l);
    }

    return (rc == SQLITE_DONE || order->sale == NULL)
           ? SK_NOT_FOUND : receipts_order_spans(l, order);
}


static int
receipts_order_spans(receipts_ledger_t *l, receipts_order_t *order)
{
    int            rc;
    sqlite3_stmt  *s;

    s = l->events;

    (void) sqlite3_bind_int64(s, 1, (int64_t) order->number);

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        receipts_order_span(order, s);
    }

    (void) sqlite3_reset(s);

    return (rc == SQLITE_DONE) ? SK_OK : receipts_order_failed(l);
}


/* an event ends what the order was; if it was paid, it is that now, also when
   it had expired */

static void
receipts_order_span(receipts_order_t *order, sqlite3_stmt *s)
{
    receipts_span_t  *span;

    span = &order->spans[order->n_spans - 1];

    if (span->to == 0) {
        span->to = (uint64_t) sqlite3_column_int64(s, 0);
        span->to_ms = sqlite3_column_int64(s, 1);
    }

    if (strcmp((char *) sqlite3_column_text(s, 2), "paid") != 0
        || order->n_spans == RECEIPTS_SPANS_MAX)
    {
        return;
    }

    span = &order->spans[order->n_spans++];

    span->state = sk_states[SK_STATE_PAID];
    span->from = (uint64_t) sqlite3_column_int64(s, 0);
    span->from_ms = sqlite3_column_int64(s, 1);
    span->to = 0;
}


static int
receipts_order_failed(receipts_ledger_t *l)
{
    (void) snprintf(l->error, sizeof(l->error), "%s", sqlite3_errmsg(l->db));

    return SK_ERROR;
}
