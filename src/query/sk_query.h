/*
 * The query tables: orders as people look for them, by user, sale and state.
 * They are made from the ledger, in a file of their own beside it, "-query", by
 * a thread of the drainer's process, away from the commits: a random index
 * writes a page for each row.  All that is in them can be thrown away: remove
 * the file, and they are made anew.
 *
 * A commit of theirs is not synced.  After a power cut they may have seen less
 * than before; they know how far they have come, and go on from there.
 */


#ifndef _SK_QUERY_H_INCLUDED_
#define _SK_QUERY_H_INCLUDED_


#include "sk_ledger.h"
#include "sk_log.h"
#include "sk_zone.h"


#pragma GCC visibility push(hidden)


#define SK_QUERY_SUFFIX       "-query"
#define SK_QUERY_VERSION            1
#define SK_QUERY_SLICE           1000       /* events in a transaction */
#define SK_QUERY_SLICE_NEW      20000       /* while the tables are made */
#define SK_QUERY_POLL_MS           10
#define SK_QUERY_LOOK              50       /* polls */
#define SK_QUERY_RETRY_MS         250
#define SK_QUERY_STOP_OPS       10000       /* of SQLite's machine, between
                                               two looks whether to stop */
#define SK_QUERY_REST              29       /* turns that it rests for one that
                                               it works, while claims wait, */
#define SK_QUERY_REST_MAX_MS     1000       /* but no longer */
#define SK_QUERY_NICE              10       /* its thread, to the helper */

typedef struct sk_query_s   sk_query_t;
typedef struct sk_filler_s  sk_filler_t;


/*
 * Without a thread, for tests: SK_MORE after a slice, SK_OK at the ledger's
 * end, SK_AGAIN, SK_ERROR: "error" says why.
 */
sk_query_t *sk_query_create(sk_zone_t *zone, const char *store);
void sk_query_destroy(sk_query_t *q);
int sk_query_fill(sk_query_t *q);
const char *sk_query_error(sk_query_t *q);

/* whether they have seen all that the zone has, and that somebody waits for */
int sk_query_idle(sk_query_t *q);

/*
 * Starts a thread that fills the tables until it is told to stop, or the
 * process ends.  It stops in the middle of a statement too, but may wait for a
 * lock, and makes a checkpoint.  "progress" is called in it, with the log's
 * "ctx", when somebody who waits may go on.  NULL, and errno: there is no
 * thread, it is to be tried again.  The zone is told what is wrong, or that
 * nothing is: sk_zone_lists().
 */
sk_filler_t *sk_query_thread_start(sk_zone_t *zone, const char *store,
    const sk_log_t *log, void (*progress)(void *ctx));
void sk_query_thread_stop(sk_filler_t *filler);


#pragma GCC visibility pop


#endif /* _SK_QUERY_H_INCLUDED_ */
