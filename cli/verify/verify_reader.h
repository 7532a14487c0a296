/* The thread that reads a store: its rows and commits, to the ring. */


#ifndef _VERIFY_READER_H_INCLUDED_
#define _VERIFY_READER_H_INCLUDED_


#include <sqlite3.h>

#include "verify_ring.h"


#define VERIFY_READER_BUSY_MS  10000    /* of a store that is locked */


typedef struct {
    const char         *store;
    sqlite3            *db;
    sqlite3_stmt       *rows;
    sqlite3_stmt       *commits;        /* NULL: the schema has none */
    int                 version;
    uint64_t            last;           /* event, when reading began */
    unsigned            wal:1;          /* there was a log of writes */
    verify_ring_t      *ring;
    int                 rc;             /* how it ended */
    char                error[SK_LEDGER_ERROR_SIZE_MAX];
} verify_reader_t;


/*
 * Opens a store, and decides of which moment all is that is read.  "r" is all
 * zero.  SK_OK; SK_ERROR: "error" says why not.  To be closed in any case.
 */
int verify_reader_open(verify_reader_t *r, const char *store);
void verify_reader_close(verify_reader_t *r);

/* of a thread, with a verify_reader_t: reads all to its ring; "rc" is SK_OK,
   or SK_ERROR and "error" says why, when the ring has ended */
void *verify_reader_run(void *data);


#endif /* _VERIFY_READER_H_INCLUDED_ */
