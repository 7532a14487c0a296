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
 * any.  Returns SK_OK, SK_AGAIN, SK_ERROR: then nothing is decided.
 */
int sk_batch(sk_drain_t *d, int64_t now_ms, unsigned *decided);

/*
 * The store failed: nobody is to wait for it.  All claims of the queue get
 * SK_OUTCOME_UNAVAILABLE, their units are free again.
 */
void sk_batch_give_back(sk_drain_t *d);


#pragma GCC visibility pop


#endif /* _SK_BATCH_H_INCLUDED_ */
