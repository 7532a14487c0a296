#include <stdio.h>

#include "sk_page_read.h"
#include "sk_query.h"
#include "sk_view.h"


static const char  sk_page_orders_sql[] =
    "SELECT json_object('order', o.\"order\", 'sale', s.name,"
    " 'user', sk_text(o.user), 'state', o.state,"
    " 'created_at', " SK_VIEW_TIME("o.created") ","
    " 'expires_at', " SK_VIEW_TIME("o.expires") "), o.\"order\""
    " FROM orders o JOIN sales s ON s.id = +o.sale WHERE o.\"order\" > ?1";


static int sk_page_order_query(sk_reader_t *r, sk_page_t *page,
    unsigned *behind);
static int sk_page_order_number(sqlite3 *db, const char *sql, const char *text,
    size_t len, int64_t *n);


int
sk_page_orders(sk_reader_t *r, sk_page_t *page)
{
    int       rc;
    char      why[SK_LEDGER_ERROR_SIZE_MAX];
    unsigned  try, behind;

    /* tables that were made anew are in another file */

    for (try = 0; try < 2; try++) {

        if (r->query == NULL) {
            r->query = sk_page_reader_open(r, SK_QUERY_SUFFIX);
        }

        behind = 1;

        rc = r->query ? sk_page_order_query(r, page, &behind) : SK_ERROR;

        if (rc == SK_OK && !behind) {
            return SK_OK;
        }

        if (rc == SK_OK || r->query == NULL) {
            (void) snprintf(why, sizeof(why), " are being made");

        } else {
            (void) snprintf(why, sizeof(why), ": %s",
                            sqlite3_errmsg(r->query));
        }

        sk_page_reader_close_query(r);
    }

    page->behind = 1;

    return sk_page_refuse(page, SK_STATUS_UNAVAILABLE, "the query tables%s",
                          why);
}


/*
 * The user's index is the best where a user is asked for, "+" keeps SQLite from
 * taking another.  Each index ends with the order's number, in whose order it
 * is read.
 */

static int
sk_page_order_query(sk_reader_t *r, sk_page_t *page, unsigned *behind)
{
    int            rc;
    char           sql[1024];
    int64_t        seen, sale;
    const char    *plus;
    sqlite3_stmt  *s;

    if (sk_page_order_number(r->query, "SELECT seq FROM progress", NULL, 0,
                             &seen)
        != SK_OK)
    {
        return SK_ERROR;
    }

    if ((uint64_t) seen < page->seq) {
        return SK_OK;
    }

    *behind = 0;
    sale = 0;

    if (page->name_len) {
        rc = sk_page_order_number(r->query, "SELECT max(id) FROM sales"
                                  " WHERE name = ?1", page->name,
                                  page->name_len, &sale);
        if (rc != SK_OK) {
            return rc;
        }

        if (sale == 0) {
            return sk_page_refuse(page, SK_STATUS_UNKNOWN_SALE,
                                  "there is no sale \"%.*s\"",
                                  (int) page->name_len, page->name);
        }
    }

    plus = page->user_len ? "+" : "";

    (void) snprintf(sql, sizeof(sql),
                    "%s%s%s%s%s%s ORDER BY o.\"order\" LIMIT ?2",
                    sk_page_orders_sql,
                    page->user_len ? " AND o.user = ?3" : "",
                    sale ? " AND " : "",
                    sale ? (plus[0] ? "+o.sale = ?4" : "o.sale = ?4") : "",
                    page->state_len ? " AND " : "",
                    page->state_len ? (plus[0] ? "+o.state = ?5"
                                               : "o.state = ?5") : "");

    if (sqlite3_prepare_v2(r->query, sql, -1, &s, NULL) != SQLITE_OK) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) page->after);
    (void) sqlite3_bind_int64(s, 2, page->limit);

    /* no parameter, no binding: SQLite refuses it, and nothing is lost */

    (void) sqlite3_bind_text(s, 3, page->user, (int) page->user_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 4, sale);
    (void) sqlite3_bind_text(s, 5, page->state, (int) page->state_len,
                             SQLITE_STATIC);

    rc = sk_page_list(page, s, NULL);

    (void) sqlite3_finalize(s);

    return rc;
}


static int
sk_page_order_number(sqlite3 *db, const char *sql, const char *text, size_t len,
    int64_t *n)
{
    int            rc;
    sqlite3_stmt  *s;

    *n = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        return SK_ERROR;
    }

    if (text) {
        (void) sqlite3_bind_text(s, 1, text, (int) len, SQLITE_STATIC);
    }

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        *n = sqlite3_column_int64(s, 0);
    }

    (void) sqlite3_finalize(s);

    return (rc == SQLITE_ROW) ? SK_OK : SK_ERROR;
}
