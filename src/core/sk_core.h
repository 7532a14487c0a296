/*
 * What every file of the core shares: limits, time, atomics.
 *
 * The core is the zone of shared memory and what may be done to it.  It is
 * plain C: no nginx header, no I/O, no clock; time and sizes are arguments.
 * All times are milliseconds since the epoch, UTC, unless a name says
 * otherwise.
 *
 * nginx loads modules with RTLD_GLOBAL, where names meet: every header of ours
 * hides what it declares.
 */


#ifndef _SK_CORE_H_INCLUDED_
#define _SK_CORE_H_INCLUDED_


#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define SK_OK       0
#define SK_ERROR   -1
#define SK_AGAIN   -2           /* nothing wrong, call again later */
#define SK_FULL    -3           /* a named limit is reached */
#define SK_MORE    -4           /* done so far: call again at once */
#define SK_NOT_FOUND  -5        /* there is none */
#define SK_REFUSED    -6        /* no, and why is said where it has to be */
#define SK_DAMAGED    -7        /* the store says what cannot be */
#define SK_BEHIND     -8        /* others were faster: decide again */

#define SK_CACHE_LINE         64
#define SK_USER_SIZE_MAX     128        /* bytes of a user id */
#define SK_NAME_SIZE_MAX      64        /* bytes of a sale's name */
#define SK_STOCK_MAX  1000000000        /* units of one sale */
#define SK_LIMIT_MAX       10000        /* units of one user in one sale */
#define SK_WAITLIST_MAX  1000000        /* users in one sale's waiting list */
#define SK_HOLD_MAX_S    2592000        /* seconds to pay, or to pay longer:
                                           30 days */

#define SK_TIME_MIN            0
#define SK_TIME_MAX    INT64_MAX


/* what a caller has to see to; looked at in builds for tests alone */

#if (SK_DEBUG)
#include <assert.h>
#define sk_assert(what)       assert(what)
#else
#define sk_assert(what)       (void) 0
#endif


#define sk_load(p)            atomic_load_explicit(p, memory_order_relaxed)
#define sk_load_acquire(p)    atomic_load_explicit(p, memory_order_acquire)
#define sk_store(p, v)        atomic_store_explicit(p, v, memory_order_relaxed)
#define sk_store_release(p, v)                                               \
    atomic_store_explicit(p, v, memory_order_release)
#define sk_add(p, v)                                                         \
    (void) atomic_fetch_add_explicit(p, v, memory_order_relaxed)


#endif /* _SK_CORE_H_INCLUDED_ */
