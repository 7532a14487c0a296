/*
 * A store as a file: that it is one of ours, before anything is done with it,
 * and what SQLite says of it.  Read alone; for commands.
 */


#ifndef _STORE_FILE_H_INCLUDED_
#define _STORE_FILE_H_INCLUDED_


#include <sqlite3.h>


#define STORE_FILE_BUSY_MS  10000
#define STORE_FILE_NICE     10


typedef struct {
    const char  *shown;             /* as the user has named it */
    char        *path;              /* as SQLite wants it; allocated */
    int          schema;
} store_file_t;


/*
 * SAY_DONE: it is a store; else what is wrong has been said.  To be freed with
 * store_file_free() in any case.
 */
int store_file_check(store_file_t *file, const char *name);
void store_file_free(store_file_t *file);

/* NULL: it has been said why */
sqlite3 *store_file_open(const char *path, const char *shown);

/* says what SQLite says, of "shown"; closes it; SAY_REFUSED */
int store_file_failed(sqlite3 *db, const char *shown);

/* for SQLite, which may take "file:" for a URI, and ":memory:" for none;
   allocated */
char *store_file_path(const char *name);

/* a number that a statement gives: SAY_DONE, or SQLite has failed */
int store_file_number(sqlite3 *db, const char *sql, sqlite3_int64 *number);

/* from now on, sales that run on the same processors come first */
void store_file_yield(void);


#endif /* _STORE_FILE_H_INCLUDED_ */
