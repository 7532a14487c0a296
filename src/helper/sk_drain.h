/*
 * The drainer's schedule: which job is called when.  The jobs are apart from
 * each other: what is declared (sk_declare.h), what operators command
 * (sk_operator.h), seeds (sk_reveal.h), holds that end (sk_hold.h), waiting
 * lists (sk_waitlist.h), claims (sk_batch.h); all that they do goes through the
 * writer (sk_writer.h).
 *
 * "Catch up, then serve": before it does anything it applies to the zone what
 * the ledger has; that is the first start, a crash, a reload, another zone on
 * the same store.
 *
 * For the one thread that holds the zone's role (sk_zone_role_take()), in the
 * helper, in a worker that stands in or is exiting, in nginx without a master.
 */


#ifndef _SK_DRAIN_H_INCLUDED_
#define _SK_DRAIN_H_INCLUDED_


#include "sk_command.h"
#include "sk_declare.h"
#include "sk_hold.h"
#include "sk_operator.h"
#include "sk_reveal.h"
#include "sk_waitlist.h"
#include "sk_writer.h"


#pragma GCC visibility push(hidden)


#define SK_DRAIN_BUSY_RETRY_MS        5    /* another program writes */
#define SK_DRAIN_RETRY_MS           250    /* after an error of the store */
#define SK_DRAIN_AWAY_RETRY_MS       50    /* of who decides beside it */
#define SK_DRAIN_POLL_MS            100    /* for another process's events */

#define SK_DRAIN_UNASKED  "the log of the machines was not asked yet"


typedef struct {
    sk_writer_t      writer;            /* what the caller sets, see there */
    sk_declare_t     declare;           /* likewise */
    sk_commands_t   *commands;          /* set by the caller, or NULL */
    unsigned         unshared:1;        /* set by the caller: a ledger that
                                           machines share is not for this one */
    sk_hold_t        hold;
    sk_waitlist_job_t  waitlist;
    sk_reveal_t      reveal;
    sk_operator_t   *operator;          /* while the ledger is open */
} sk_drain_t;


/*
 * Does the next piece of work: opens the store, reads some of the ledger,
 * declares the sales, does commands, makes orders expire, decides a batch,
 * checkpoints.  "clock_ms" is the time of day, "boot_ms" what a clock says at
 * the same moment that nobody sets and that goes on while the machine sleeps.
 * "decided" says whether workers that wait may find an answer.  Returns
 *
 *   SK_MORE   there is more to do: call again at once;
 *   SK_OK     the queue was empty: call again when a claim comes, or after
 *             SK_DRAIN_POLL_MS;
 *   SK_AGAIN  another program has the store locked: after
 *             SK_DRAIN_BUSY_RETRY_MS;
 *   SK_ERROR  the store failed: after SK_DRAIN_RETRY_MS; "away" of the writer:
 *             after SK_DRAIN_AWAY_RETRY_MS.
 */
int sk_drain_work(sk_drain_t *d, int64_t clock_ms, int64_t boot_ms,
    unsigned *decided);

/* closes the store */
void sk_drain_close(sk_drain_t *d);


#pragma GCC visibility pop


#endif /* _SK_DRAIN_H_INCLUDED_ */
