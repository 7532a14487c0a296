/*
 * The zone: the view of the ledger in memory that all processes of one nginx
 * share.  Laid out once, by the master before it forks; from then on nothing
 * is allocated.  It is mapped at the same address in every process, so it
 * holds pointers into itself, and into nothing else.
 *
 * Two mutexes, both robust: when a process is killed while it holds one, the
 * next to take it is told so by the kernel.
 *
 *   mutex  guards every change of sales, units and queue, for the time of one
 *          claim.  sk_zone_lock() repairs what a killed holder left half done.
 *   role   is held, as long as it works, by the one thread that drains the
 *          queue into the ledger: the drainer.
 */


#ifndef _SK_ZONE_H_INCLUDED_
#define _SK_ZONE_H_INCLUDED_


#include <pthread.h>

#include "sk_head.h"
#include "sk_result.h"
#include "sk_shared.h"
#include "sk_sale.h"
#include "sk_units.h"
#include "sk_queue.h"


#pragma GCC visibility push(hidden)


#define SK_QUEUE_DEFAULT     16384
#define SK_QUEUE_MIN            16
#define SK_QUEUE_MAX       1048576
#define SK_ZONE_BYTES_PER_SALE  32768   /* of the size: a place for a sale */
#define SK_SALES_MIN            64
#define SK_SALES_MAX         65536
#define SK_WORKERS_MAX          64      /* sets of counters; more share them */
#define SK_STREAM_PROCESSES    256      /* that live at a time; more share */
#define SK_HASH_KEY_SIZE        16
#define SK_REASON_SIZE_MAX     256
#define SK_HIST_BUCKETS         16
#define SK_BEAT_MAX_US     5000000      /* a drainer that is slower hangs */
#define SK_OVERDUE_MS         2000      /* after the end of a hold: nobody
                                           works, or too slowly */


typedef enum {
    SK_ZONE_LOADING = 0,        /* the ledger is being read */
    SK_ZONE_READY
} sk_zone_state_e;


typedef struct {
    const double     *bounds;   /* upper bounds, ascending */
    unsigned          n;
} sk_hist_def_t;


typedef struct {
    _Atomic uint64_t  buckets[SK_HIST_BUCKETS];    /* not cumulated */
    _Atomic uint64_t  sum;
} sk_hist_t;


extern const sk_hist_def_t  sk_hist_seconds;       /* sum in microseconds */
extern const sk_hist_def_t  sk_hist_claims;


/* one worker's answers for one sale; the place SK_NONE counts questions */

typedef struct {
    alignas(SK_CACHE_LINE)
    _Atomic uint64_t  results[SK_RESULT_N];
} sk_counters_t;


/* streams of answers */

typedef struct {
    _Atomic uint32_t  open[SK_STREAM_PROCESSES];    /* of each process */
    _Atomic uint64_t  sent;
    _Atomic uint64_t  refused;          /* there were too many */
    _Atomic uint64_t  dropped;          /* their clients did not read */
} sk_streams_t;


typedef struct {
    alignas(SK_CACHE_LINE)
    uint64_t          size;
    uint8_t           hash_key[SK_HASH_KEY_SIZE];
    uint32_t          workers_n;
    uint32_t          queue_told;       /* the limit that was told, or 0 */
    sk_counters_t    *counters;         /* [workers_n][sales.n_max + 1] */

    alignas(SK_CACHE_LINE)
    _Atomic uint32_t  state;
    _Atomic uint32_t  failing;          /* the store is: admit no claim */
    _Atomic uint32_t  damaged;          /* and will be, until a restart */

    /* written by the drainer; here, since each claim reads this line anyway */
    _Atomic uint32_t  expires_s;        /* no unit that is held ends before, in
                                           seconds since the epoch; 0: it is
                                           not known, UINT32_MAX: none is */

    sk_sales_t        sales;
    sk_units_t        units;
    sk_queue_t        queue;

    alignas(SK_CACHE_LINE)
    pthread_mutex_t   mutex;
    uint64_t          reserved;         /* entries promised to sales */
    char              reason[SK_REASON_SIZE_MAX];   /* why it does not serve */
    sk_head_t         head;             /* of the ledger, as far as seen */
    char              lists[SK_REASON_SIZE_MAX];    /* why no orders are listed,
                                                       though it serves */
    char              seeds[SK_REASON_SIZE_MAX];    /* which one is not known */

    alignas(SK_CACHE_LINE)
    pthread_mutex_t   role;
    _Atomic uint32_t  role_wanted;      /* the helper is there and has it not */

    alignas(SK_CACHE_LINE)
    _Atomic uint32_t  idle;             /* the drainer sleeps: wake it */

    /* written by the drainer alone, or by a repair */

    alignas(SK_CACHE_LINE)
    _Atomic uint64_t  applied_seq;      /* the last event applied here */
    _Atomic uint64_t  seen_seq;         /* or committed here, and on its way */
    _Atomic uint64_t  query_seq;        /* the last event in query tables */
    _Atomic uint64_t  query_wanted;     /* somebody waits until it is there */
    _Atomic int64_t   time_ms;          /* of the last event, see
                                           sk_zone_time() */
    _Atomic int64_t   time_boot_ms;     /* when it was seen, by a clock that
                                           nobody sets */
    _Atomic int64_t   ahead_ms;         /* the ledger's time is of the time of
                                           day */
    _Atomic uint32_t  waiting;          /* users in all waiting lists */
    _Atomic int64_t   beat_us;          /* the drainer's last turn, monotonic */
    _Atomic int64_t   reveal_ms;        /* no seed is to be revealed before, by
                                           the time of day; 0: it is not known
                                           yet */
    uint64_t          store_dev;        /* the file that was read; 0: none */
    uint64_t          store_ino;
    _Atomic uint64_t  ledger_size;      /* bytes on disk */
    _Atomic uint64_t  drainers;         /* how often the role was taken */
    _Atomic uint64_t  repairs;
    sk_shared_t       shared;
    sk_hist_t         round_trip_seconds;       /* to the shared log */
    sk_hist_t         commit_seconds;
    sk_hist_t         commit_claims;

    /* written by the workers, for claims that were admitted */

    alignas(SK_CACHE_LINE)
    sk_hist_t         wait_seconds;     /* until the worker saw the outcome */

    sk_streams_t      streams;
} sk_zone_t;


/* a zone's plan, from the size of its memory */

typedef struct {
    uint32_t          sales;
    uint32_t          queue;
    uint32_t          queue_told;       /* 0: it follows from the size */
    uint32_t          workers;
    uint64_t          units;            /* room for so many; 0: too small */
} sk_zone_plan_t;


/*
 * Plans a zone of "size" bytes for so many workers.  "queue" is the limit of
 * undecided claims, 0 for the default; "sales" is the least number of sales
 * to have room for.
 */
void sk_zone_plan(sk_zone_plan_t *plan, size_t size, uint32_t workers,
    uint32_t queue, uint32_t sales);

/*
 * What is left for the zone of memory whose size an operator names: an
 * allocator that it comes from has its own books.  nginx's slab pool takes 24
 * bytes for each page of 4096, some kilobytes, and what is no full page.
 */
#define sk_zone_net(size)  ((size) - (size) / 170 - 65536)

/*
 * The least size for an operator to name, in bytes, a multiple of 1M, with room
 * for so many units.
 */
size_t sk_zone_size_for(uint64_t units, uint32_t workers, uint32_t queue,
    uint32_t sales);

/*
 * Lays a zone out at the start of "memory": "size" bytes, zeroed, aligned to
 * 64.  Returns NULL if the size does not suffice, or without a robust mutex.
 */
sk_zone_t *sk_zone_init(void *memory, size_t size, const sk_zone_plan_t *plan);

/*
 * Has the zone's memory taken now, not page by page under the first claims.
 * For the drainer, before it reads the ledger: a gigabyte takes a second.  A
 * kernel that cannot do it leaves all as it was.
 */
void sk_zone_populate(sk_zone_t *zone);

/*
 * Reads once from each page of "n" bytes of the zone's memory from "offset" on,
 * so that this process has them in its page tables before a claim needs them.
 * Returns where to go on, at last the zone's size.
 */
size_t sk_zone_touch(const sk_zone_t *zone, size_t offset, size_t n);

/* takes the mutex, and repairs the zone if its last holder was killed */
void sk_zone_lock(sk_zone_t *zone);
void sk_zone_unlock(sk_zone_t *zone);

/*
 * Tries to become the drainer: SK_OK, or SK_AGAIN if another thread is, of this
 * process or of another.  Ends with sk_zone_role_leave() in the same thread, or
 * with the process.
 */
int sk_zone_role_take(sk_zone_t *zone);
void sk_zone_role_leave(sk_zone_t *zone);

/*
 * Brings the zone from any half-written state back to one that holds: ends an
 * interrupted removal, frees units of claims that are not in the queue, counts
 * anew.  For the holder of the mutex.
 */
void sk_zone_repair(sk_zone_t *zone);

/* room for more entries, or not: checks and reserves; for the mutex's holder */
int sk_zone_reserve(sk_zone_t *zone, int64_t entries);

/* the keyed hash (SipHash-2-4-128) of a user, with the key_id of a sale */
sk_key_t sk_zone_user_key(sk_zone_t *zone, uint64_t key_id, const char *user,
    size_t len);

/* the same, of an order's user: by the order's sale, which the zone has seen */
sk_key_t sk_zone_order_key(sk_zone_t *zone, uint64_t sale_id,
    const char *user, size_t len);

/*
 * What a user has of a sale, or of all of its group; of the sale alone, see
 * sk_units_find_sale().  Takes no lock, unless a process was killed while it
 * moved entries.
 */
void sk_zone_holding(sk_zone_t *zone, sk_key_t key, sk_holding_t *h);
void sk_zone_holding_sale(sk_zone_t *zone, sk_key_t key, uint32_t sale,
    unsigned states, sk_holding_t *h);

/*
 * What an order has, its user's key given: SK_UNIT_SOLD; SK_UNIT_HELD, and when
 * that ends, in seconds since the epoch; SK_UNIT_EMPTY.  Takes the mutex.
 */
unsigned sk_zone_order(sk_zone_t *zone, sk_key_t key, uint64_t order,
    uint32_t *expires_s);

/*
 * The time in the ledger never goes back: it is the later of the time of day
 * and of the last event's time plus what has gone by since then on a clock that
 * nobody sets and that goes on while the machine sleeps.  All in milliseconds.
 * The drainer says when it has seen an event; others may read meanwhile.
 */
int64_t sk_zone_time(sk_zone_t *zone, int64_t clock_ms, int64_t boot_ms);
void sk_zone_time_set(sk_zone_t *zone, int64_t at_ms, int64_t boot_ms);

/* a unit is held until then */
void sk_zone_expect(sk_zone_t *zone, uint32_t expires_s);

/*
 * Whether a hold may have ended SK_OVERDUE_MS ago or more that is still there,
 * or nobody knows yet when holds end: what the zone says of units that are held
 * is then not to be told.  "now_ms" is the time of day.
 */
#define sk_zone_overdue(zone, now_ms)                                        \
    ((int64_t) sk_load(&(zone)->expires_s) * 1000 + SK_OVERDUE_MS < (now_ms))

/* a sale by name, or NULL */
sk_sale_t *sk_zone_sale(sk_zone_t *zone, const char *name, size_t len);

/* a copy of a sale whose units add up */
void sk_zone_sale_copy(sk_zone_t *zone, const sk_sale_t *sale,
    sk_sale_t *copy);

/*
 * The same of "n" places from "*slot" on, which it moves on, under one lock.
 * Returns how many copies there are: none of sales that were removed.
 */
unsigned sk_zone_sales_copy(sk_zone_t *zone, uint32_t *slot,
    sk_sale_t *copies, unsigned n);

/* a sale by the seq of the event that made it, or NULL */
sk_sale_t *sk_zone_sale_by_id(sk_zone_t *zone, uint64_t id);

/* the place of the first sale that has this seq or a later one */
uint32_t sk_zone_sale_from(sk_zone_t *zone, uint64_t id);

/* the same hash that sk_zone_sale() uses, for sk_sales_add() */
uint64_t sk_zone_name_hash(sk_zone_t *zone, const char *name, size_t len);

/* counts an answer; "sale" may be NULL */
void sk_zone_count(sk_zone_t *zone, unsigned worker, sk_sale_t *sale,
    sk_result_e result);

/* the sum over the workers; "sale" may be NULL: answers without a sale */
uint64_t sk_zone_counted(sk_zone_t *zone, sk_sale_t *sale, sk_result_e result);

/*
 * Whether the zone takes claims now: SK_OK, or SK_ERROR with the reason, in
 * SK_REASON_SIZE_MAX bytes.  "now_us" is monotonic, "now_ms" the time of day.
 */
int sk_zone_health(sk_zone_t *zone, int64_t now_us, int64_t now_ms,
    char *reason);

/* the head of the ledger, as the drainer has told it */
void sk_zone_set_head(sk_zone_t *zone, const sk_head_t *head);
void sk_zone_head(sk_zone_t *zone, sk_head_t *head);

/* the machine of that name has left */
void sk_zone_shared_left(sk_zone_t *zone, const char *name);

/*
 * What is known of the log and the machines, of one moment.  A machine that the
 * log is yet to be told to forget is forgotten there.
 */
void sk_zone_shared_copy(sk_zone_t *zone, sk_shared_t *copy);

/*
 * Nobody is to wait for that machine any more.  SK_OK: the drainer will tell
 * the log; SK_NOT_FOUND: there is none of this name; SK_REFUSED: it is this
 * one, it is no member, or it was heard of less than gone_ms ago; SK_AGAIN: the
 * log does not answer, or is yet to be told of another one.  "machine" is a
 * copy of it, where there is one.
 */
int sk_zone_shared_forget(sk_zone_t *zone, const char *name,
    sk_machine_t *machine);

/*
 * This machine is to begin an empty log, with its empty ledger.  SK_OK: it
 * will; SK_REFUSED: there is a log, or a ledger; SK_AGAIN: the log does not
 * answer.  Were it said to one machine while those that have a ledger
 * are away, and Redis has lost everything, what is sold would be sold anew.
 */
int sk_zone_shared_begin(sk_zone_t *zone);

/* the machine to tell the log of, in SK_MACHINE_NAME_SIZE_MAX + 1 bytes, or "";
   that it was told of that one */
void sk_zone_shared_to_forget(sk_zone_t *zone, char *name);
void sk_zone_shared_forgotten(sk_zone_t *zone, const char *name);

/* says why the zone does not serve, or that it does ("") */
void sk_zone_set_reason(sk_zone_t *zone, const char *reason);

/*
 * The same for the query tables, from which orders are listed.  Claims go on
 * without them.  Read, it is SK_OK or SK_ERROR and the reason.
 */
void sk_zone_set_lists(sk_zone_t *zone, const char *reason);
int sk_zone_lists(sk_zone_t *zone, char *reason);

/*
 * Likewise, of a sale whose users' openings nobody can tell here: the others go
 * on.
 */
void sk_zone_set_seeds(sk_zone_t *zone, const char *reason);
int sk_zone_seeds(sk_zone_t *zone, char *reason);

void sk_zone_observe(sk_hist_t *h, const sk_hist_def_t *def, double value,
    uint64_t addend);


#pragma GCC visibility pop


#endif /* _SK_ZONE_H_INCLUDED_ */
