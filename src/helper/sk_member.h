/*
 * Members: machines that share the ledger.  One that has been silent for too
 * long, or that is to be forgotten, is declared to have left, by an event like
 * any other: nobody waits for it then.
 *
 * For the drainer.
 */


#ifndef _SK_MEMBER_H_INCLUDED_
#define _SK_MEMBER_H_INCLUDED_


#include "sk_writer.h"


#pragma GCC visibility push(hidden)


/* SK_OK: nobody is gone; SK_MORE: there may be more; what the writer returns */
int sk_member_work(sk_writer_t *w);


#pragma GCC visibility pop


#endif /* _SK_MEMBER_H_INCLUDED_ */
