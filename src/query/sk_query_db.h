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
    sqlite3_stmt   *extended;
    sqlite3_stmt   *sales;
    sqlite3_stmt   *set;
    unsigned        indexed:1;
    unsigned        stale:1;        /* the tables are to be made anew */
    _Atomic uint32_t  stopping;     /* for the thread's end */
    uint64_t        files[4];       /* which they are: the tables, their WAL */
    char            store[4096];
    char            path[4096 + sizeof(SK_QUERY_SUFFIX)];
    char            error[SK_LEDGER_ERROR_SIZE_MAX];
};


/* SK_OK, SK_AGAIN, SK_ERROR */
int sk_query_db_open(sk_query_t *q);
void sk_query_db_close(sk_query_t *q);

/* closes them, and removes the files */
void sk_query_db_remove(sk_query_t *q);

/* which files there are now */
void sk_query_db_identify(sk_query_t *q, uint64_t files[4]);

int sk_query_db_exec(sk_query_t *q, const char *sql);

/* runs a statement that returns no row */
int sk_query_db_step(sk_query_t *q, sqlite3_stmt *stmt);

/* keeps SQLite's message; SK_AGAIN if it is locked, else SK_ERROR, and "stale"
   is set if a file is damaged */
int sk_query_db_fail(sk_query_t *q, int rc);


#pragma GCC visibility pop


#endif /* _SK_QUERY_DB_H_INCLUDED_ */
