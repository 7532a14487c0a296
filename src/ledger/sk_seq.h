/*
 * The end of the ledger, in memory that all processes on a store share, those
 * of another zone or another nginx too: a file beside it, "-seq", mapped.  A
 * drainer moves it on after each commit, before anybody hears of it; so a
 * process that has seen less knows that its zone is behind.
 *
 * It is a hint that only ever delays an answer: the ledger decides.
 */


#ifndef _SK_SEQ_H_INCLUDED_
#define _SK_SEQ_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


/*
 * Maps the file of a store, makes it if there is none; one file for a store,
 * whatever path leads to it: "path" is a full one.  NULL, and errno, if that
 * fails: then nobody waits for another zone, and it is to be tried again.
 */
_Atomic uint64_t *sk_seq_map(const char *path);

/* moves it on, never back; "seq" may be NULL */
void sk_seq_advance(_Atomic uint64_t *seq, uint64_t to);


#pragma GCC visibility pop


#endif /* _SK_SEQ_H_INCLUDED_ */
