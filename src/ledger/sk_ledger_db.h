/* What the files of the ledger share: its connection to SQLite. */


#ifndef _SK_LEDGER_DB_H_INCLUDED_
#define _SK_LEDGER_DB_H_INCLUDED_


#include "sk_ledger_sql.h"
#include "sk_pack.h"


#pragma GCC visibility push(hidden)


#define SK_LEDGER_FILES  3          /* the store, "-wal", "-shm" */

/* the log of writes: sqlite.org/fileformat2.html, section 4.1; with pages of
   another size it would only be shorter or longer than meant */

#define SK_LEDGER_LOG_HEADER_SIZE  32
#define SK_LEDGER_LOG_FRAME_SIZE   (24 + 4096)

/* it is kept longer than what is in it, by more than a batch takes */

#define SK_LEDGER_LOG_AHEAD_MIN    (256 * 1024)
#define SK_LEDGER_LOG_AHEAD        (1024 * 1024)


typedef struct {
    uint64_t       dev;
    uint64_t       ino;                 /* 0: not there yet */
} sk_file_t;


typedef struct {
    size_t         len;
    const char    *name;
} sk_ledger_type_t;


struct sk_ledger_s {
    sqlite3       *db;
    sqlite3_stmt  *begin;
    sqlite3_stmt  *commit;
    sqlite3_stmt  *rollback;
    sqlite3_stmt  *last;
    sqlite3_stmt  *append;
    sqlite3_stmt  *product_put;
    sqlite3_stmt  *product_drop;
    sqlite3_stmt  *request;
    sqlite3_stmt  *read;
    sqlite3_stmt  *read_detail;
    sqlite3_stmt  *removed;
    sqlite3_stmt  *order;
    sqlite3_stmt  *order_last;
    sqlite3_stmt  *due;
    sqlite3_stmt  *due_later;
    sqlite3_stmt  *queued;
    sqlite3_stmt  *due_next;
    sqlite3_stmt  *head;
    sqlite3_stmt  *head_at;
    sqlite3_stmt  *head_next;
    sqlite3_stmt  *head_add;
    sqlite3_stmt  *rows;
    sqlite3_stmt  *machine;
    sqlite3_stmt  *machine_put;
    sqlite3_stmt  *members;
    sqlite3_stmt  *reign;
    sqlite3_stmt  *reign_add;
    sqlite3_stmt  *reign_clear;
    sqlite3_stmt  *secret;
    sqlite3_stmt  *secret_put;
    sk_pack_t      packed;              /* of the open transaction */
    sk_commit_t    sealed;              /* its events so far */
    unsigned       full:1;              /* SK_LEDGER_FULL */
    unsigned       readonly:1;          /* SK_LEDGER_READ */
    unsigned       log_pages;           /* in the log of writes */
    unsigned       log_copied;          /* of these, in the file too */
    unsigned       log_tried;           /* of these, at the last checkpoint */
    int64_t        log_size;            /* of its file, when last looked at */
    sk_file_t      files[SK_LEDGER_FILES];
    char           path[4096];
    char           error[SK_LEDGER_ERROR_SIZE_MAX];
};


/* prepares all statements; ends those that are there */
int sk_ledger_stmts_prepare(sk_ledger_t *l);
void sk_ledger_stmts_finalize(sk_ledger_t *l);

/* the types of events, as rows have them */
extern const sk_ledger_type_t  sk_ledger_types[SK_EVENT_N];

/* which one a column says; SK_EVENT_N: none */
sk_event_e sk_ledger_read_type(sqlite3_stmt *stmt, int column);

/* a hold's end, which rows have in ms: SK_OK, SK_DAMAGED */
int sk_ledger_read_expires(int64_t ms, uint32_t *expires_s);

/*
 * Has the events that are in no commit, if there are any, be commits; for who
 * writes.  The head before the next commit is known then.
 */
int sk_ledger_chain(sk_ledger_t *l);

/* the same, when the store is opened */
int sk_ledger_adopt(sk_ledger_t *l);

/* closes the store's files to others, if it has a secret; that it cannot is no
   error: they are somebody else's then */
void sk_ledger_secret_guard(sk_ledger_t *l);

/* nothing is packed */
void sk_ledger_chain_clear(sk_ledger_t *l);

/* a row of a commit: who has joined, or left, with it */
void sk_ledger_machine_event(sk_commit_t *commit, const sk_row_t *row);

/* says that an event cannot be understood: SK_DAMAGED */
int sk_ledger_read_damaged(sk_ledger_t *l, uint64_t seq);


#pragma GCC visibility pop


#endif /* _SK_LEDGER_DB_H_INCLUDED_ */
