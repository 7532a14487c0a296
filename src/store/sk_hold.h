/*
 * Holds: orders that wait for a payment.  A unit that is held knows until when;
 * when that has come, the drainer makes the order expire, and the unit is on
 * sale again.
 *
 * Nothing but the zone's table of units says what is held and until when.  The
 * zone knows a time before which none ends; when that has come, the drainer
 * sweeps the table, some of it in each of its turns.  Ends are full seconds, so
 * there is one sweep a second at most.
 *
 * For the drainer.
 */


#ifndef _SK_HOLD_H_INCLUDED_
#define _SK_HOLD_H_INCLUDED_


#include "sk_drain.h"


#pragma GCC visibility push(hidden)


#define SK_HOLD_SLICE         65536     /* entries swept in one turn */
#define SK_HOLD_STEP_MIN_MS     500     /* less is no clock that was set */


/*
 * Does a turn's work.  "now_ms" is the time of day.  Returns SK_OK: nothing is
 * due; SK_MORE: there may be more; SK_AGAIN, SK_ERROR.  "decided" is set if
 * units have come back.
 */
int sk_hold_work(sk_drain_t *d, int64_t now_ms, unsigned *decided);

/* the ledger has been read: the clock may have been set back meanwhile */
int sk_hold_loaded(sk_drain_t *d, int64_t now_ms);


#pragma GCC visibility pop


#endif /* _SK_HOLD_H_INCLUDED_ */
