/*
 * The ledger: what happened, in order, in a SQLite file.  One table, one row
 * an event, numbered without gaps; rows are only ever appended.  Everything
 * that a zone knows of sales and users is read from here.
 *
 * For one process at a time and connection: a connection must not cross fork.
 * Any number of processes may have the file open; sk_ledger_begin() lets one
 * of them write at a time.
 */


#ifndef _SK_LEDGER_H_INCLUDED_
#define _SK_LEDGER_H_INCLUDED_


#include "sk_event.h"
#include "sk_pack.h"
#include "sk_shared.h"


#pragma GCC visibility push(hidden)


#define SK_LEDGER_VERSION           6      /* of the schema */
#define SK_LEDGER_VERSION_READ      4      /* of one that is read as it is */
#define SK_LEDGER_APPLICATION_ID    0x53434b4c              /* "SCKL" */
#define SK_LEDGER_BUSY_WAIT_MS      20     /* for another process's commit */
#define SK_LEDGER_ERROR_SIZE_MAX    256
#define SK_LEDGER_ID_SIZE          33      /* 32 hex digits and a zero */
#define SK_LEDGER_FILE_SIZE        48
#define SK_LEDGER_COMMIT_MAX     1024      /* events */
#define SK_LEDGER_AT_MAX            253402300799999     /* ms: the year 9999 */


typedef struct sk_ledger_s  sk_ledger_t;

/* returns SK_OK to go on, anything else to stop with that */
typedef int (*sk_ledger_event_pt)(void *ctx, const sk_event_t *event);


#define SK_LEDGER_FULL    1     /* an fsync before a commit returns */
#define SK_LEDGER_CREATE  2     /* make the store if there is none */
#define SK_LEDGER_READ    4     /* nothing is written, nor migrated */

/*
 * Functions return SK_OK; SK_AGAIN: another process has the store locked;
 * SK_DAMAGED: it says what cannot be; SK_ERROR: it failed.  Then
 * sk_ledger_error() says why.  What else they return they say.
 */

/*
 * Opens a store, and migrates an older schema forward.  If that fails, "error"
 * (SK_LEDGER_ERROR_SIZE_MAX bytes) says why.  SK_NOT_FOUND: it is older than
 * SK_LEDGER_VERSION_READ, and opened with SK_LEDGER_READ.
 */
int sk_ledger_open(sk_ledger_t **ledger, const char *path, int flags,
    char *error);
void sk_ledger_close(sk_ledger_t *ledger);

/*
 * Begins a transaction that alone may write.  SK_AGAIN if another process
 * writes for longer than SK_LEDGER_BUSY_WAIT_MS.  With SK_LEDGER_READ, it sees
 * the ledger of one moment, until sk_ledger_rollback().
 */
int sk_ledger_begin(sk_ledger_t *ledger);

/*
 * Appends an event; its seq must be the last one plus one.  The table of
 * products follows, whoever appends it.
 */
int sk_ledger_append(sk_ledger_t *ledger, const sk_event_t *event);

/* the type of that name; SK_EVENT_N: there is none */
sk_event_e sk_ledger_type(const sk_bytes_t *name);

/* the same, for one that another machine has made */
int sk_ledger_append_row(sk_ledger_t *ledger, const sk_row_t *row);

/*
 * The events that were appended in a transaction are a commit: its head
 * follows, in the table "commits", from the one before.
 */

typedef struct {
    sk_head_t       before;
    sk_head_t       head;
    int64_t         at_ms;              /* of its last event */
    sk_bytes_t      data;               /* see sk_pack.h */
    char            joined[SK_MACHINE_NAME_SIZE_MAX + 1];   /* a machine, */
    char            left[SK_MACHINE_NAME_SIZE_MAX + 1];     /* or "" */
    char            id[SK_LEDGER_ID_SIZE];      /* of who has joined */
} sk_commit_t;

/*
 * What was appended since the transaction began, or since the last commit was
 * sealed, one event at least, is a commit.  It is valid until the next event is
 * appended or the transaction ends.
 */
int sk_ledger_seal(sk_ledger_t *ledger, sk_commit_t *commit);

/* the last commit's, all zero if there is none */
int sk_ledger_head(sk_ledger_t *ledger, sk_head_t *head);

/* of the last commit that ends at or before an event */
int sk_ledger_head_at(sk_ledger_t *ledger, uint64_t number, sk_head_t *head);

/*
 * Packs the commit after a head, as it was packed at first; valid until the
 * next call.  SK_NOT_FOUND: it is the last; SK_DAMAGED: the events are not
 * those of which the chain was made.
 */
int sk_ledger_read_commit(sk_ledger_t *ledger, const sk_head_t *after,
    sk_commit_t *commit);

/*
 * The last event after a time that a request with the idempotency key of
 * "asked", and by the same, has made: "type", "at_ms", "sale_id", "object", of
 * a sale "def".  SK_NOT_FOUND: there is none; SK_REFUSED: there is, but what
 * was asked for was something else.
 */
int sk_ledger_read_request(sk_ledger_t *ledger, const sk_event_t *asked,
    int64_t after_ms, sk_event_t *event);

/* SK_OK: the events are on disk.  SK_AGAIN, SK_ERROR: rolled back.  Seals. */
int sk_ledger_commit(sk_ledger_t *ledger);
void sk_ledger_rollback(sk_ledger_t *ledger);

/* commits nothing new, to see whether a commit succeeds */
int sk_ledger_probe(sk_ledger_t *ledger);

/* the last event's seq, 0 if there is none */
int sk_ledger_last_seq(sk_ledger_t *ledger, uint64_t *seq);

/*
 * Calls "handler" for at most "max" events after a seq, in order; who made them
 * is not read.  Returns SK_OK at the ledger's end, SK_MORE after "max" events,
 * SK_DAMAGED also for a gap in the numbers, or what the handler returned.
 */
int sk_ledger_read(sk_ledger_t *ledger, uint64_t after, unsigned max,
    sk_ledger_event_pt handler, void *ctx);

/*
 * The sales that were removed, ascending, in memory to be freed: their events
 * need not be applied.
 */
int sk_ledger_read_removed(sk_ledger_t *ledger, uint64_t **ids, unsigned *n);

/* an order, as it was won, or as its hold was made longer */

typedef struct {
    uint64_t        seq;
    uint64_t        sale_id;
    uint64_t        event;              /* that says when its hold ends */
    uint32_t        expires_s;
    size_t          user_len;
    char            user[SK_USER_SIZE_MAX];
} sk_order_t;

/* also SK_NOT_FOUND: there is no such order */
int sk_ledger_order(sk_ledger_t *ledger, uint64_t order, sk_order_t *o);

/* what became of it last: SK_EVENT_WON if nothing has */
int sk_ledger_order_last(sk_ledger_t *ledger, uint64_t order,
    sk_event_e *last);

/*
 * Orders by when their hold was to end, and those of one second by event: "max"
 * of them at most, "n" are there, after the event "after" of the second
 * "from_s" and no later than "until_s".  What became of them is not looked at,
 * nor whether it ends later by now.
 */
int sk_ledger_order_due(sk_ledger_t *ledger, uint32_t from_s, uint64_t after,
    uint32_t until_s, sk_order_t *orders, unsigned max, unsigned *n);

/* the first second after "s" in which a hold was to end; UINT32_MAX: none */
int sk_ledger_order_due_next(sk_ledger_t *ledger, uint32_t s, uint32_t *next_s);

/*
 * Who has joined a sale's waiting list, and with which event, "seq", in their
 * order: "max" at most, "n" are there, after the event "after".  What became of
 * them is not looked at.
 */
int sk_ledger_order_queued(sk_ledger_t *ledger, uint64_t sale_id,
    uint64_t after, sk_order_t *queued, unsigned max, unsigned *n);

/*
 * Which machine this store is, among those that share its ledger: its name, an
 * id by which another store of the same name is told from it, the file that it
 * was then, and whether it has ever joined the others.  A copy has another
 * file.  Also SK_NOT_FOUND.  What is put is a transaction of its own.
 */

typedef struct {
    char            id[SK_LEDGER_ID_SIZE];
    char            file[SK_LEDGER_FILE_SIZE];
    int             joined;
} sk_ledger_machine_t;

int sk_ledger_machine(sk_ledger_t *ledger, const char *name,
    sk_ledger_machine_t *machine);
int sk_ledger_machine_put(sk_ledger_t *ledger, const char *name,
    const sk_ledger_machine_t *machine);

/* what tells the file of a path from a copy of it; "" if it is not there */
void sk_ledger_files_name(const char *path, char name[SK_LEDGER_FILE_SIZE]);

/*
 * The reigns of a shared log in which the machine has done something: SK_OK: it
 * is the last one of them, now at the latest; SK_REFUSED: it was left for
 * another one.  "clear" forgets all.  Transactions of their own.
 */
int sk_ledger_reign(sk_ledger_t *ledger, const char *reign);
int sk_ledger_reign_clear(sk_ledger_t *ledger);

/* whether it is the last one of them: SK_OK, SK_REFUSED */
int sk_ledger_reign_last(sk_ledger_t *ledger, const char *reign);

/* who were members after an event, and with which events they had joined */

typedef struct {
    char            name[SK_MACHINE_NAME_SIZE_MAX + 1];
    char            id[SK_LEDGER_ID_SIZE];
    uint64_t        number;
} sk_ledger_member_t;

int sk_ledger_members(sk_ledger_t *ledger, uint64_t number,
    sk_ledger_member_t *members, unsigned max, unsigned *n);

/*
 * The store's own secret, for seeds.  SK_NOT_FOUND: it has none; "make": then
 * it gets one, in the transaction that is open.
 */
int sk_ledger_secret(sk_ledger_t *ledger, unsigned make, sk_secret_t *secret);

/* copies what the log of writes holds into the file, as far as nobody reads */
int sk_ledger_checkpoint(sk_ledger_t *ledger);

/*
 * Pages of 4 KB in the log of writes that are not in the file yet; and those
 * that have come since the last checkpoint, whatever that could copy.
 */
unsigned sk_ledger_log_pages(sk_ledger_t *ledger);
unsigned sk_ledger_log_new_pages(sk_ledger_t *ledger);

/*
 * SK_OK if the paths of store, log and index still name the files that are
 * open; SK_ERROR if one was moved, removed or exchanged: SQLite would go on
 * writing to what nobody will find; or if that cannot be seen.  To close it
 * then saves what its log has.
 */
int sk_ledger_files_in_place(sk_ledger_t *ledger);

/*
 * Which file a path names: 0 and 0 if it names none.  An errno: that cannot be
 * seen, and sk_ledger_files_closed() says so.
 */
int sk_ledger_files_identify(const char *path, uint64_t *dev, uint64_t *ino);
void sk_ledger_files_closed(int err, char *error, size_t size);

/*
 * What keeps this process from writing a store, or from making it: 0: nothing,
 * else the errno, and in "what" which of its files: "it", "its directory", ...
 * Nothing is opened.  It is the effective user who is asked about; after
 * setfsuid(), that one.
 */
int sk_ledger_files_barred(const char *path, const char **what);

/* bytes of the file and its log */
uint64_t sk_ledger_files_size(sk_ledger_t *ledger);

const char *sk_ledger_path(sk_ledger_t *ledger);

/* what went wrong in the last call that did not return SK_OK */
const char *sk_ledger_error(sk_ledger_t *ledger);


#pragma GCC visibility pop


#endif /* _SK_LEDGER_H_INCLUDED_ */
