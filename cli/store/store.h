/* A store, or a backup, as it is at one moment: for programs that read it. */


#ifndef _STORE_H_INCLUDED_
#define _STORE_H_INCLUDED_


#include "sk_ledger.h"


/*
 * Opens a store to be read, and decides of which moment all is that is read of
 * it; one that is locked is tried again for ten seconds.  "last" is its last
 * event.  What sk_ledger_open() returns; "error" (SK_LEDGER_ERROR_SIZE_MAX
 * bytes) says why it failed.
 */
int store_open(sk_ledger_t **ledger, const char *path, uint64_t *last,
    char *error);


#endif /* _STORE_H_INCLUDED_ */
