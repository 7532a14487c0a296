/*
 * A batch: what waits in the queue, up to SK_DRAIN_BATCH_MAX claims, decided in
 * one transaction and one fsync.
 */


#ifndef _SK_BATCH_H_INCLUDED_
#define _SK_BATCH_H_INCLUDED_


#include "sk_drain.h"


#pragma GCC visibility push(hidden)


/*
 * Decides a batch and publishes the outcomes; "decided" is set if there are
 * any.  SK_OK; SK_MORE, SK_AGAIN, SK_ERROR, as sk_drain_work() has them: then
 * the queue's head has not moved, and nobody has heard of an outcome.
 */
int sk_batch(sk_drain_t *d, int64_t now_ms, unsigned *decided);

/*
 * The store failed: nobody is to wait for it.  All claims of the queue get
 * SK_OUTCOME_UNAVAILABLE, their units are free again.
 */
void sk_batch_give_back(sk_drain_t *d);


#pragma GCC visibility pop


#endif /* _SK_BATCH_H_INCLUDED_ */
