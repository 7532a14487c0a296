/*
 * Holds: orders that wait for a payment.  When the time has come that the buyer
 * was told, by the ledger's time, the order expires and its unit is on sale
 * again.
 *
 * The ledger has an index of when holds were to end; the zone knows a time
 * before which none ends.  When that has come, those that were to end since are
 * read from the ledger, in their order, and those that the zone still holds
 * expire.  What is done follows from that alone: a hold that another process's
 * event has brought, and that ends before, moves the zone's time back.
 *
 * For the drainer.
 */


#ifndef _SK_HOLD_H_INCLUDED_
#define _SK_HOLD_H_INCLUDED_


#include "sk_writer.h"


#pragma GCC visibility push(hidden)


#define SK_HOLD_BATCH_MAX  SK_WRITER_EVENTS_MAX         /* orders in a commit */


typedef struct {
    sk_order_t   *due;          /* SK_HOLD_BATCH_MAX, made when first needed */
    uint32_t      from_s;       /* all that end before are done, */
    uint64_t      after;        /* and of that second all up to this event */
    unsigned      known:1;      /* the zone's time is what its units say */
} sk_hold_t;


/*
 * Does a turn's work.  SK_OK: nothing is due; SK_MORE: there may be more; what
 * the writer returns.  "decided" is set if units have come back.
 */
int sk_hold_work(sk_hold_t *hold, sk_writer_t *w, unsigned *decided);

void sk_hold_close(sk_hold_t *hold);


#pragma GCC visibility pop


#endif /* _SK_HOLD_H_INCLUDED_ */
