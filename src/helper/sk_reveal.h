/*
 * Seeds of sales with a shuffled opening (sk_opening.h).  One that an event has
 * committed to is derived anew from a secret, for the workers; and when its
 * window is over, it is revealed, by an event.
 *
 * The zone knows a time before which there is nothing to do; each event that
 * says something of a sale's opening makes it be looked at again.  What is done
 * follows from the zone alone, so it may be done again by whoever drains next.
 *
 * For the drainer.
 */


#ifndef _SK_REVEAL_H_INCLUDED_
#define _SK_REVEAL_H_INCLUDED_


#include "sk_writer.h"


#pragma GCC visibility push(hidden)


typedef struct {
    unsigned      known:1;      /* this drainer has looked: its secrets may be
                                   others than those of the one before */
} sk_reveal_t;


/*
 * Does a turn's work.  SK_OK: nothing is due; SK_MORE: there may be more; what
 * the writer returns.  "decided" is set if workers may tell more now.
 */
int sk_reveal_work(sk_reveal_t *reveal, sk_writer_t *w, unsigned *decided);

/*
 * Stages the event that reveals a sale's seed, between begin and commit: what
 * sk_writer_append() returns.  For a sale whose seed is known and not revealed.
 */
int sk_reveal_append(sk_writer_t *w, sk_sale_t *sale);

#define sk_reveal_may(sale)                                                  \
    (sk_load(&(sale)->opening.state) == SK_OPENING_KNOWN                     \
     && !sk_load(&(sale)->opening.revealed))


#pragma GCC visibility pop


#endif /* _SK_REVEAL_H_INCLUDED_ */
