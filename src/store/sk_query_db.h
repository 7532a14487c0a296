/* What the files of the query tables share: their connection to SQLite. */


#ifndef _SK_QUERY_DB_H_INCLUDED_
#define _SK_QUERY_DB_H_INCLUDED_


#include <sqlite3.h>

#include "sk_query.h"


#pragma GCC visibility push(hidden)


struct sk_query_s {
    sk_zone_t      *zone;

    sqlite3        *db;
    sqlite3_stmt   *begin;
    sqlite3_stmt   *commit;
    sqlite3_stmt   *end;
    sqlite3_stmt   *seen;
    sqlite3_stmt   *won;
    sqlite3_stmt   *changed;
    sqlite3_stmt   *sales;
    sqlite3_stmt   *set;
    unsigned        indexed:1;
    uint64_t        dev;
    uint64_t        ino;
    char            store[4096];
    char            path[4096 + sizeof(SK_QUERY_SUFFIX)];
    char            error[SK_LEDGER_ERROR_SIZE_MAX];
};


/* SK_OK, SK_AGAIN, SK_ERROR */
int sk_query_open(sk_query_t *q);
void sk_query_close(sk_query_t *q);

int sk_query_exec(sk_query_t *q, const char *sql);

/* runs a statement that returns no row */
int sk_query_step(sk_query_t *q, sqlite3_stmt *stmt);

/* keeps SQLite's message; SK_AGAIN if it is locked, else SK_ERROR */
int sk_query_fail(sk_query_t *q, int rc);


#pragma GCC visibility pop


#endif /* _SK_QUERY_DB_H_INCLUDED_ */
