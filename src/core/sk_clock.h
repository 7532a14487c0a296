/*
 * Steps of the time of day while units are held.  A hold ends at the time that
 * the buyer was told, or when it has lasted as long as that was to be, if that
 * is earlier: set forward, the clock has come to it; set back, it is not made
 * longer; set right again, in either way, nothing has changed.
 *
 * One process at a time writes, the drainer.  Others may read meanwhile, to
 * show an end.
 */


#ifndef _SK_CLOCK_H_INCLUDED_
#define _SK_CLOCK_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


/* steps that are known apart; what was won before all of them counts as won
   before the first of them */

#define SK_CLOCK_STEPS  64


typedef struct {
    _Atomic uint64_t  seq;              /* of its event */
    _Atomic int64_t   before_ms;        /* the sum of all steps before it */
    _Atomic int64_t   after_ms;         /* and with it */
} sk_clock_step_t;


typedef struct {
    _Atomic uint64_t  n;                /* steps in all; the last are kept */
    sk_clock_step_t   steps[SK_CLOCK_STEPS];
} sk_clock_t;


/*
 * The event "seq" set the clock by "by_ms", back if that is below 0.  Said
 * again, it changes nothing.
 */
void sk_clock_set(sk_clock_t *clock, uint64_t seq, int64_t by_ms);

/*
 * When the hold of an order ends that was told to end at "expires_s", both in
 * seconds since the epoch by the present clock.
 */
uint32_t sk_clock_end(sk_clock_t *clock, uint64_t order, uint32_t expires_s);


#pragma GCC visibility pop


#endif /* _SK_CLOCK_H_INCLUDED_ */
