/*
 * Applies events to the zone: the one way in which the ledger changes what
 * the zone says, whoever appended the event and however often it is seen.
 * For the drainer.
 */


#ifndef _SK_APPLY_H_INCLUDED_
#define _SK_APPLY_H_INCLUDED_


#include "sk_event.h"
#include "sk_zone.h"


#pragma GCC visibility push(hidden)


/* the most events that are applied under one lock: claims have to wait */

#define SK_APPLY_MAX  32

/* entries of the table looked at under one lock, to remove a sale's */

#define SK_APPLY_PURGE  4096


/*
 * Applies "n" events, SK_APPLY_MAX at most, in order, under the mutex, which is
 * given up in between if a sale is removed; one that was applied before changes
 * nothing.  "boot_ms" is the present time by a clock that nobody sets, see
 * sk_zone_time().  Returns SK_OK; SK_ERROR if the zone has no room for one,
 * SK_DAMAGED if one cannot be, both with a reason: those before it are applied.
 */
int sk_apply(sk_zone_t *zone, const sk_event_t *e, unsigned n, int64_t boot_ms,
    char *reason, size_t size);

/*
 * Whether a zone has room for so many units and sales in all: SK_OK, or
 * SK_FULL with a reason that names the sale and a size that would do.
 */
int sk_apply_fits(sk_zone_t *zone, const sk_sale_def_t *def, uint64_t units,
    uint32_t sales, char *reason, size_t size);

/*
 * Whether a claim in the queue may still win, now that the zone has seen the
 * whole ledger: within sk_writer_begin()'s transaction, without the mutex.
 */
int sk_apply_claim_may_win(sk_zone_t *zone, sk_cell_t *cell);

/*
 * The same of one that is to join a waiting list; "staged" are to join before
 * it in this transaction.  Whether who has asked is in it.
 */
int sk_apply_claim_may_join(sk_zone_t *zone, sk_cell_t *cell, unsigned staged);
int sk_apply_claim_is_queued(sk_zone_t *zone, sk_cell_t *cell);

/* takes a claim's unit, or place, back and gives it an outcome that is not a
   win */
void sk_apply_claim_refuse(sk_zone_t *zone, sk_cell_t *cell,
    sk_outcome_e outcome);


/*
 * For sk_apply() itself: what becomes of an order that was won.  Applied
 * before, it finds nothing to change.  SK_OK, SK_FULL, SK_DAMAGED.
 */
int sk_apply_order(sk_zone_t *zone, const sk_event_t *e);

/* the same of who is in a waiting list */
int sk_apply_waitlist(sk_zone_t *zone, const sk_event_t *e);

/* its first user has got a unit, or is skipped */
void sk_apply_waitlist_left(sk_zone_t *zone, sk_sale_t *sale,
    const sk_event_t *e);

/* a claim's cell has its outcome; "order" is 0 where it has none */
void sk_apply_outcome(sk_zone_t *zone, const sk_event_t *e,
    sk_outcome_e outcome, uint64_t order);


#pragma GCC visibility pop


#endif /* _SK_APPLY_H_INCLUDED_ */
