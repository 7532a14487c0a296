/*
 * The writer: the only one that appends to the ledger, and the only way from an
 * event to the zone, whoever has made it.
 *
 *   begin    takes the right to write; what others have appended is applied
 *            first, so the zone has seen the whole ledger;
 *   append   stages an event: the writer gives it its number and its time;
 *   commit   the events are on disk, and applied to the zone.  Or SK_BEHIND:
 *            others were faster, theirs are applied now, nothing of ours has
 *            happened: decide again;
 *   cancel   nothing of it happens;
 *   follow   applies what others have appended, without writing.
 *
 * Who uses it looks at the zone between begin and commit, and may be run again
 * from its start at any time.  What fails has been cancelled.
 *
 * For the thread that holds the zone's role: sk_zone_role_take().
 */


#ifndef _SK_WRITER_H_INCLUDED_
#define _SK_WRITER_H_INCLUDED_


#include "sk_apply.h"
#include "sk_ledger.h"
#include "sk_log.h"
#include "sk_monotonic.h"
#include "sk_seq.h"
#include "sk_zone.h"


#pragma GCC visibility push(hidden)


#define SK_WRITER_EVENTS_MAX  SK_LEDGER_COMMIT_MAX
#define SK_WRITER_FOLLOW_MAX    20000   /* events followed in one step */
#define SK_WRITER_PROGRESS    1000000   /* events between two notices */
#define SK_WRITER_LOG_IDLE_PAGES  1000  /* checkpoint when idle, 4 MB */
#define SK_WRITER_LOG_MAX_PAGES  16384  /* checkpoint anyway, 64 MB */
#define SK_WRITER_AHEAD_MS       1000   /* ledger before clock: worth saying */


/*
 * Who decides what comes next in the ledger beside the file itself.  There is
 * none on one machine: whoever has the file locked decides.
 */

typedef struct {

    /*
     * May this be the commit after commit->before?  SK_OK: it is; SK_BEHIND:
     * others were faster; SK_AGAIN: it surely is not, ask again; SK_ERROR:
     * that, or it is not known.  The file's transaction is open.  Without
     * data: is "before" the last one?  Then none may be open.
     */
    int          (*commit)(void *ctx, sk_ledger_t *ledger,
                       const sk_commit_t *commit);

    /*
     * Appends to the file what others have decided; none is open.  SK_MORE:
     * there is more, call again.
     */
    int          (*follow)(void *ctx, sk_ledger_t *ledger);

    /* what went wrong in a call that failed; NULL: the file did, see
       sk_ledger_error() */
    const char  *(*error)(void *ctx);

    /* the rest may be NULL */

    /* readable: there may be something to follow; -1: it is not known when, to
       be asked again after a moment without work */
    int          (*fd)(void *ctx);

    /* the time of day by all machines' common clock, in ms */
    int64_t      (*clock)(void *ctx, int64_t clock_ms, int64_t boot_ms);

    void          *ctx;
} sk_authority_t;


typedef struct {
    /* set by the caller */

    sk_zone_t             *zone;
    const char            *path;        /* of the store */
    int                    full;        /* fsync before a commit returns */
    _Atomic uint64_t      *seq;         /* sk_seq_map(), or NULL */
    const sk_authority_t  *authority;   /* or NULL */
    const sk_secret_t     *secret;      /* of seeds; NULL: the store's own */
    sk_log_t               log;

    /* the writer's own */

    sk_ledger_t           *ledger;      /* NULL: it is not open */
    uint64_t               last_seq;    /* of the ledger, staged events too */
    int64_t                clock_ms;    /* time of day, in this turn */
    int64_t                boot_ms;     /* of a clock that nobody sets */
    int64_t                clock_us;    /* sk_monotonic_us() at that moment */
    int64_t                now_ms;      /* ledger time, see sk_zone_time() */
    unsigned               writing:1;   /* between begin and commit */
    unsigned               loaded:1;    /* has seen the ledger's end */
    unsigned               told:1;      /* has logged what it has read */
    unsigned               probed:1;    /* the file, since it has failed */
    unsigned               away:1;      /* who decides beside the file failed:
                                           nothing is wrong with the file */
    sk_commit_t            commit;      /* while it is being committed */
    int64_t                load_start_us;
    uint64_t               load_first;
    char                   reason[SK_REASON_SIZE_MAX];  /* what is wrong */

    uint64_t              *removed;     /* sales, while it loads */
    unsigned               n_removed;

    /* staged, or followed and not applied yet; bytes of their texts */

    sk_event_t            *events;
    unsigned               n_events;
    size_t                 text_len;
} sk_writer_t;


/*
 * The functions return SK_OK, SK_AGAIN if another program has the store locked,
 * SK_DAMAGED, SK_ERROR; "reason" says why, or the ledger does.  What else they
 * return they say.
 */

int sk_writer_open(sk_writer_t *w);
void sk_writer_close(sk_writer_t *w);

/*
 * What both clocks say at one moment: the time of day, and one that nobody sets
 * and that goes on while the machine sleeps.  Said at the start of each turn.
 */
void sk_writer_clock(sk_writer_t *w, int64_t clock_ms, int64_t boot_ms);

int sk_writer_begin(sk_writer_t *w);

/*
 * The event's texts need to live no longer.  SK_FULL: there are
 * SK_WRITER_EVENTS_MAX, or no room for its texts: commit those that are there.
 */
int sk_writer_append(sk_writer_t *w, sk_event_t *e);

/*
 * Gives the event of a sale, which has its "def", the commitment to its seed:
 * the one that the sale has, or a new one if it has got "shuffle"; before it is
 * appended.  SK_REFUSED: machines that share a ledger need a secret for that
 * which all of them have.
 */
int sk_writer_opening(sk_writer_t *w, sk_event_t *e);

/* the seed of a sale, in SK_SEED_SIZE bytes; SK_NOT_FOUND: no secret here gives
   its commitment */
int sk_writer_opening_seed(sk_writer_t *w, const sk_sale_t *sale,
    uint8_t *seed);

/* also SK_BEHIND */
int sk_writer_commit(sk_writer_t *w);

void sk_writer_cancel(sk_writer_t *w);

/*
 * Reads the ledger's file: what is there is told, whoever else decides.
 * SK_MORE: there is more, call again; SK_OK: the zone has seen all of it
 */
int sk_writer_load(sk_writer_t *w);

/* the same, after what others have decided was appended to the file */
int sk_writer_follow(sk_writer_t *w);

/*
 * Nothing waits: sees whether others have appended (SK_MORE: follow them), and
 * moves the log of writes into the file if it has become long.
 */
int sk_writer_idle(sk_writer_t *w);

/* the same, while there is much to do: the log must not grow without end */
int sk_writer_checkpoint(sk_writer_t *w);

/* whether a commit would succeed, with nothing new; also SK_BEHIND */
int sk_writer_probe(sk_writer_t *w);

/* something between begin and commit has failed: cancels; returns "rc" */
int sk_writer_failed(sk_writer_t *w, int rc);


/* for the writer's own files */

/* has the authority, if there is one, append what others have decided */
int sk_writer_follow_authority(sk_writer_t *w);

/* applies the events that are there, and forgets them */
int sk_writer_apply(sk_writer_t *w);

/* SK_OK, SK_MORE if there is more to see, SK_ERROR if there is less */
int sk_writer_seen_all(sk_writer_t *w);

/* reads and applies up to SK_WRITER_FOLLOW_MAX events; also SK_MORE */
int sk_writer_follow_read(sk_writer_t *w);
void sk_writer_follow_forget_removed(sk_writer_t *w);
/* the zone has seen all of the ledger: its head, too */
int sk_writer_follow_head(sk_writer_t *w);
/* what the file "-seq" says is not ahead of the ledger */
void sk_writer_follow_settle_seq(sk_writer_t *w);


#pragma GCC visibility pop


#endif /* _SK_WRITER_H_INCLUDED_ */
