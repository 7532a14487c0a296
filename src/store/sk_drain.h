/*
 * The drainer: takes admitted claims from a zone's queue, decides them, writes
 * the winners to the ledger in group commits, and publishes the outcomes.
 *
 * Before it appends it applies to the zone whatever another process has
 * appended: "catch up, then serve" covers the first start, a crash, a reload,
 * another zone on the same store.
 *
 * For the one process that holds the zone's role (sk_zone_role_take()): the
 * helper, a worker that is exiting, nginx without a master.
 */


#ifndef _SK_DRAIN_H_INCLUDED_
#define _SK_DRAIN_H_INCLUDED_


#include "sk_ledger.h"
#include "sk_seq.h"
#include "sk_apply.h"
#include "sk_command.h"


#pragma GCC visibility push(hidden)


#define SK_DRAIN_BATCH_MAX         1024    /* claims in a commit */
#define SK_DRAIN_LOAD_MAX         20000    /* events read in one step */
#define SK_DRAIN_PROGRESS       1000000    /* events between two notices */
#define SK_DRAIN_BUSY_RETRY_MS        5    /* another program writes */
#define SK_DRAIN_RETRY_MS           250    /* after an error of the store */
#define SK_DRAIN_POLL_MS            100    /* for another process's events */
#define SK_DRAIN_LOG_IDLE_PAGES    1000    /* checkpoint when idle, 4 MB */
#define SK_DRAIN_LOG_MAX_PAGES    16384    /* checkpoint anyway, 64 MB */


typedef enum {
    SK_LOG_ERR,
    SK_LOG_WARN,
    SK_LOG_NOTICE
} sk_log_e;


typedef struct {
    /* set by the caller */

    sk_zone_t            *zone;
    const char           *path;         /* of the store */
    int                   full;         /* fsync before a commit returns */
    const sk_sale_def_t  *sales;        /* declared in the configuration */
    unsigned              n_sales;
    _Atomic uint64_t     *seq;          /* sk_seq_map(), or NULL */
    sk_commands_t        *commands;     /* or NULL */
    unsigned              leaving:1;    /* knows not what is declared now */
    void                (*log)(void *ctx, sk_log_e level, const char *message);
    void                 *ctx;

    /* the drainer's own */

    sk_ledger_t          *ledger;
    uint64_t              last_seq;     /* in the open transaction */
    unsigned              loaded:1;     /* has seen the ledger's end */
    unsigned              declared:1;
    unsigned              told:1;       /* has logged what it has read */
    int64_t               load_start_us;
    uint64_t              load_first;
    char                  reason[SK_REASON_SIZE_MAX];
    uint64_t              seqs[SK_DRAIN_BATCH_MAX];

    uint64_t             *removed;      /* sales, while it reads */
    unsigned              n_removed;

    unsigned              clock_known:1; /* 0: an event said that the clock
                                           was set, the next turn looks anew */
    int64_t               clock_ms;     /* time of day less boot time */
    int64_t               offset_ms;    /* the same, in this turn */
    uint64_t              sweep_place;  /* in the table of units */
    uint64_t              sweep_left;   /* entries, 0: none is under way */
    uint32_t              sweep_s;      /* when it began */
    unsigned              n_due;        /* orders, in "seqs" */

    struct sk_operator_s *operator;     /* while the ledger is open */

    /* read or committed, but not applied yet */

    unsigned              n_events;
    sk_event_t            events[SK_APPLY_MAX];
} sk_drain_t;


/*
 * Does the next piece of work: opens the store, reads some of the ledger,
 * declares the sales, does commands, makes orders expire, decides a batch,
 * checkpoints.  "now_ms" is the time of day, "boot_ms" what a clock says at the
 * same moment that nobody sets and that goes on while the machine sleeps.
 * "decided" says whether workers that wait may find an answer.  Returns
 *
 *   SK_MORE   there is more to do: call again at once;
 *   SK_OK     the queue was empty: call again when a claim comes, or after
 *             SK_DRAIN_POLL_MS;
 *   SK_AGAIN  another program has the store locked: after
 *             SK_DRAIN_BUSY_RETRY_MS;
 *   SK_ERROR  the store failed: after SK_DRAIN_RETRY_MS.
 */
int sk_drain_work(sk_drain_t *d, int64_t now_ms, int64_t boot_ms,
    unsigned *decided);

/* closes the store */
void sk_drain_close(sk_drain_t *d);

/* microseconds of a monotonic clock */
int64_t sk_drain_now_us(void);


/*
 * The parts that the drainer's other files share.  They return SK_OK, SK_AGAIN
 * or SK_ERROR, if they do not say otherwise; after the latter two a transaction
 * stays open, and sk_drain_work() ends it when they are returned to it.
 */

/*
 * Begins a transaction in which the zone has seen the whole ledger.  Also
 * SK_MORE: there is none, as the clock was set and the turn's time may be from
 * before.
 */
int sk_drain_begin(sk_drain_t *d);

/* commits it, "last" being the last event's seq, and applies the events */
int sk_drain_commit(sk_drain_t *d, uint64_t last);

/* reads the ledger as a start does; SK_MORE: there is more of it */
int sk_drain_load(sk_drain_t *d, int64_t now_ms);

/* of the sales that were removed nothing need be known after that */
void sk_drain_forget_removed(sk_drain_t *d);

/* applies what the ledger has and the zone has not seen */
int sk_drain_catch_up(sk_drain_t *d);

/* the same for SK_DRAIN_LOAD_MAX events at most; SK_MORE: there are more */
int sk_drain_read(sk_drain_t *d);

/* applies the events that are kept in "events", and empties it */
int sk_drain_apply(sk_drain_t *d);

/* says that a commit has moved the ledger's end, before it is published */
void sk_drain_committed(sk_drain_t *d, uint64_t seq);

/* SK_OK, SK_MORE if there is more to see, SK_ERROR if there is less */
int sk_drain_seen_all(sk_drain_t *d);

void sk_drain_log(sk_drain_t *d, sk_log_e level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


#pragma GCC visibility pop


#endif /* _SK_DRAIN_H_INCLUDED_ */
