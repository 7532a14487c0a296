/*
 * A batch: what waits in the queue, up to SK_BATCH_MAX claims, decided in one
 * transaction and one fsync.  For the drainer.
 */


#ifndef _SK_BATCH_H_INCLUDED_
#define _SK_BATCH_H_INCLUDED_


#include "sk_writer.h"


#pragma GCC visibility push(hidden)


#define SK_BATCH_MAX    SK_WRITER_EVENTS_MAX    /* claims in a commit */
#define SK_BATCH_EARLY_MS                100    /* two clocks may differ by */
#define SK_BATCH_AHEAD                     4    /* claims whose units are got
                                                   into the cache */


/*
 * Decides a batch and publishes the outcomes; "decided" is set if there are
 * any.  What the writer returns, if not SK_OK: then the queue's head has not
 * moved, and nobody has heard that he has won.
 */
int sk_batch_work(sk_writer_t *w, unsigned *decided);

/*
 * Until when an order that is won now is held, in seconds since the epoch; 0:
 * it is sold.
 */
uint32_t sk_batch_expires(int64_t now_ms, uint32_t hold_s);

/*
 * The store failed: nobody is to wait for it.  All claims of the queue get
 * SK_OUTCOME_UNAVAILABLE, their units are free again.
 */
void sk_batch_give_back(sk_zone_t *zone);


#pragma GCC visibility pop


#endif /* _SK_BATCH_H_INCLUDED_ */
