/* What a step of the clock does to orders that are held.  For the drainer. */


#ifndef _SK_CLOCK_H_INCLUDED_
#define _SK_CLOCK_H_INCLUDED_


#include "sk_ledger.h"
#include "sk_zone.h"


#pragma GCC visibility push(hidden)


/* applies a clock_set event, once; for the holder of the zone's mutex */
void sk_clock_apply(sk_zone_t *zone, const sk_event_t *e);


#pragma GCC visibility pop


#endif /* _SK_CLOCK_H_INCLUDED_ */
