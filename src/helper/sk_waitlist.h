/*
 * Waiting lists: who found a sale sold out while units of it were held.  A unit
 * that returns goes to the first in the list who still asks for it, as a hold.
 *
 * All of it is in the ledger: "queued" gives the next place, "asked" says that
 * its user has asked, which is told every SK_GATE_ASK_S at most, and "won" or
 * "skipped" take the first place away.  So whoever decides next, after a
 * restart or on another machine, goes on in the same order.
 *
 * For the drainer.
 */


#ifndef _SK_WAITLIST_H_INCLUDED_
#define _SK_WAITLIST_H_INCLUDED_


#include "sk_gate.h"
#include "sk_writer.h"


#pragma GCC visibility push(hidden)


#define SK_WAITLIST_BATCH_MAX    256    /* users looked at in a commit */
#define SK_WAITLIST_GONE_MS    60000    /* who has not asked for so long is
                                           skipped, as far as that is known */
#define SK_WAITLIST_SWEEP_MS    1000    /* how often that is looked at */
#define SK_WAITLIST_PAUSE_MS    5000    /* without work: nobody could ask */


typedef struct {
    sk_order_t   *first;        /* SK_WAITLIST_BATCH_MAX, made when needed */
    int64_t       since_ms;     /* ledger time: since then users could ask */
    int64_t       swept_ms;     /* ledger time: who is gone was skipped */
    int64_t       worked_ms;    /* ledger time of the last turn that has
                                   worked; set by the schedule */
} sk_waitlist_job_t;


/*
 * Gives units that are free to those who wait.  SK_OK: there is nothing to do;
 * SK_MORE: there may be more; what the writer returns.  "decided" is set if
 * somebody has got one or was skipped.
 */
int sk_waitlist_work(sk_waitlist_job_t *job, sk_writer_t *w,
    unsigned *decided);

/*
 * A claim of the queue that is to join a list, or says that its user has asked:
 * stages that, or refuses it.  What sk_writer_append() returns.
 */
int sk_waitlist_claim(sk_writer_t *w, sk_cell_t *cell);

void sk_waitlist_close(sk_waitlist_job_t *job);


#pragma GCC visibility pop


#endif /* _SK_WAITLIST_H_INCLUDED_ */
