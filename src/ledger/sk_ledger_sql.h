/* Statements of others' on the ledger's connection. */


#ifndef _SK_LEDGER_SQL_H_INCLUDED_
#define _SK_LEDGER_SQL_H_INCLUDED_


#include <sqlite3.h>

#include "sk_ledger.h"


#pragma GCC visibility push(hidden)


/* to be kept, and finalized before the ledger is closed; NULL: it failed */
sqlite3_stmt *sk_ledger_prepare_sql(sk_ledger_t *l, const char *sql);

/* runs a statement that returns no row */
int sk_ledger_step(sk_ledger_t *l, sqlite3_stmt *stmt);

/* keeps SQLite's message: SK_AGAIN, SK_DAMAGED, SK_ERROR */
int sk_ledger_fail(sk_ledger_t *l, int rc);


#pragma GCC visibility pop


#endif /* _SK_LEDGER_SQL_H_INCLUDED_ */
