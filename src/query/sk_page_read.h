/* What the files of the pages share. */


#ifndef _SK_PAGE_READ_H_INCLUDED_
#define _SK_PAGE_READ_H_INCLUDED_


#include <sqlite3.h>

#include "sk_page.h"


#pragma GCC visibility push(hidden)


typedef enum {
    SK_READ_PRODUCTS = 0,
    SK_READ_PRODUCT,
    SK_READ_ORDER,
    SK_READ_EVENTS,
    SK_READ_AT,
    SK_READ_END,
    SK_READ_HEAD,
    SK_READ_BEGIN,
    SK_READ_COMMIT,
    SK_READ_N
} sk_read_e;


struct sk_reader_s {
    sk_zone_t      *zone;
    sqlite3        *store;
    sqlite3_stmt   *stmts[SK_READ_N];
    sqlite3        *query;
    char            path[4096];
};


/* a read-only connection to the store, or to a file beside it; NULL: none */
sqlite3 *sk_page_reader_open(sk_reader_t *r, const char *suffix);
void sk_page_reader_close_query(sk_reader_t *r);

/* a prepared statement, or NULL if the store cannot be read */
sqlite3_stmt *sk_page_reader_stmt(sk_reader_t *r, sk_read_e which);

/*
 * A list of rows of JSON and number, and with "head", a row of JSON, if that is
 * not NULL: SK_OK, SK_ERROR.
 */
int sk_page_list(sk_page_t *page, sqlite3_stmt *stmt, sqlite3_stmt *head);

/* the page is this text: SK_OK, SK_ERROR */
int sk_page_end(sk_page_t *page, sqlite3_str *text);

/* says why there is no page: SK_OK */
int sk_page_refuse(sk_page_t *page, sk_status_e status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The pages: SK_OK, and the page or its status and message are there; SK_ERROR:
 * the store cannot be read.  Those of sales read the zone alone, with the
 * counters as they are now, a list of orders the query tables.
 */

#define X(constant, reader, list)                                            \
    int sk_page_##reader(sk_reader_t *r, sk_page_t *page);

SK_PAGE_TABLE(X)

#undef X


#pragma GCC visibility pop


#endif /* _SK_PAGE_READ_H_INCLUDED_ */
