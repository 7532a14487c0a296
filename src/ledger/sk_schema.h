/*
 * The store's schema: the steps that lead from an empty file, or from an
 * older version, to the present one.  The version is the file's user_version,
 * its application_id says that it is ours.
 */


#ifndef _SK_SCHEMA_H_INCLUDED_
#define _SK_SCHEMA_H_INCLUDED_


#include <sqlite3.h>

#include "sk_core.h"


#pragma GCC visibility push(hidden)


/*
 * Refuses a file that is not a store, or is a newer version's, before anything
 * is written to it.  Returns an SQLite code; "error" is filled in where SQLite
 * itself has nothing to say of it.
 */
int sk_schema_check(sqlite3 *db, char *error, size_t size);

/* 0: of an empty file.  Returns an SQLite code. */
int sk_schema_version(sqlite3 *db, int *version);

/* brings the schema to the present version, each step in a transaction */
int sk_schema_migrate(sqlite3 *db);


#pragma GCC visibility pop


#endif /* _SK_SCHEMA_H_INCLUDED_ */
