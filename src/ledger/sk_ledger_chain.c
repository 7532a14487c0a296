#include <stdio.h>

#include "sk_ledger_db.h"


/*
 * Commits, and the chain over them.  What is in the ledger and in no commit was
 * written by an older version, or by somebody with another program: it becomes
 * commits before anything is appended.
 */


static int sk_ledger_chain_head(sk_ledger_t *l, sqlite3_stmt *s,
    sk_head_t *head);
static int sk_ledger_chain_add(sk_ledger_t *l, const sk_head_t *head);
static int sk_ledger_chain_pack(sk_ledger_t *l, uint64_t after, uint64_t last,
    sk_commit_t *commit);
static void sk_ledger_chain_row(sqlite3_stmt *s, sk_row_t *row);
static void sk_ledger_chain_bytes(sqlite3_stmt *s, int column, sk_bytes_t *b);
static int sk_ledger_chain_next(sk_ledger_t *l, uint64_t after, uint64_t *last);


int
sk_ledger_seal(sk_ledger_t *l, sk_commit_t *commit)
{
    sk_commit_t  *c;

    sk_assert(l->packed.n);

    c = &l->sealed;

    if (c->data.data == NULL) {

        if (sk_pack_end(&l->packed, &c->data) != SK_OK) {
            return sk_ledger_fail(l, SQLITE_NOMEM);
        }

        memcpy(c->head.chain, c->before.chain, SK_CHAIN_SIZE);
        sk_pack_chain(c->head.chain, &c->data);

        *commit = *c;

        return sk_ledger_chain_add(l, &c->head);
    }

    *commit = *c;

    return SK_OK;
}


void
sk_ledger_chain_clear(sk_ledger_t *l)
{
    sk_pack_clear(&l->packed);
    memset(&l->sealed, 0, sizeof(sk_commit_t));
}


int
sk_ledger_head(sk_ledger_t *l, sk_head_t *head)
{
    return sk_ledger_chain_head(l, l->head, head);
}


int
sk_ledger_head_at(sk_ledger_t *l, uint64_t number, sk_head_t *head)
{
    (void) sqlite3_bind_int64(l->head_at, 1, (int64_t) number);

    return sk_ledger_chain_head(l, l->head_at, head);
}


static int
sk_ledger_chain_head(sk_ledger_t *l, sqlite3_stmt *s, sk_head_t *head)
{
    int  rc;

    memset(head, 0, sizeof(sk_head_t));

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        head->number = (uint64_t) sqlite3_column_int64(s, 0);

        if (sqlite3_column_bytes(s, 1) == SK_CHAIN_SIZE) {
            memcpy(head->chain, sqlite3_column_blob(s, 1), SK_CHAIN_SIZE);
            rc = SQLITE_DONE;

        } else {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: commit %llu has no chain",
                            (unsigned long long) head->number);
        }
    }

    (void) sqlite3_reset(s);

    return (rc == SQLITE_DONE) ? SK_OK
           : (rc == SQLITE_ROW) ? SK_DAMAGED : sk_ledger_fail(l, rc);
}


static int
sk_ledger_chain_add(sk_ledger_t *l, const sk_head_t *head)
{
    (void) sqlite3_bind_int64(l->head_add, 1, (int64_t) head->number);
    (void) sqlite3_bind_blob(l->head_add, 2, head->chain, SK_CHAIN_SIZE,
                             SQLITE_STATIC);

    return sk_ledger_step(l, l->head_add);
}


/* a store is opened; another process that has it locked has done it, or will */

int
sk_ledger_adopt(sk_ledger_t *l)
{
    int        rc;
    uint64_t   last = 0;
    sk_head_t  head;

    rc = sk_ledger_head(l, &head);

    if (rc == SK_OK) {
        rc = sk_ledger_last_seq(l, &last);
    }

    if (rc != SK_OK || last == head.number) {
        return rc;
    }

    rc = sk_ledger_begin(l);

    if (rc == SK_OK) {
        rc = sk_ledger_chain(l);
    }

    if (rc == SK_OK) {
        return sk_ledger_commit(l);
    }

    sk_ledger_rollback(l);

    return rc;
}


int
sk_ledger_chain(sk_ledger_t *l)
{
    int          rc;
    uint64_t     to, last = 0;
    sk_commit_t  commit;

    rc = sk_ledger_head(l, &commit.head);

    if (rc == SK_OK) {
        rc = sk_ledger_last_seq(l, &last);
    }

    while (rc == SK_OK && commit.head.number < last) {
        commit.before = commit.head;

        to = commit.before.number + SK_LEDGER_COMMIT_MAX;
        to = (to > last) ? last : to;

        rc = sk_ledger_chain_pack(l, commit.before.number, to, &commit);

        if (rc == SK_OK) {
            rc = sk_ledger_chain_add(l, &commit.head);
        }
    }

    sk_ledger_chain_clear(l);

    l->sealed.before = commit.head;

    return rc;
}


int
sk_ledger_read_commit(sk_ledger_t *l, const sk_head_t *after,
    sk_commit_t *commit)
{
    int        rc;
    uint64_t   last;
    sk_head_t  head;

    sk_assert(l->packed.n == 0);

    rc = sk_ledger_chain_next(l, after->number, &last);

    if (rc == SK_OK) {
        rc = sk_ledger_head_at(l, last, &head);
    }

    commit->before = *after;

    if (rc == SK_OK) {
        rc = sk_ledger_chain_pack(l, after->number, last, commit);
    }

    if (rc == SK_OK && !sk_head_equal(&commit->head, &head)) {
        (void) snprintf(l->error, sizeof(l->error),
                        "damaged: the events up to %llu are not those of which "
                        "its chain was made", (unsigned long long) last);
        rc = SK_DAMAGED;
    }

    return rc;
}


/* where the commit after an event ends */

static int
sk_ledger_chain_next(sk_ledger_t *l, uint64_t after, uint64_t *last)
{
    int  rc;

    (void) sqlite3_bind_int64(l->head_next, 1, (int64_t) after);

    rc = sqlite3_step(l->head_next);

    *last = (rc == SQLITE_ROW)
            ? (uint64_t) sqlite3_column_int64(l->head_next, 0) : 0;

    (void) sqlite3_reset(l->head_next);

    return (rc == SQLITE_ROW) ? SK_OK
           : (rc == SQLITE_DONE) ? SK_NOT_FOUND : sk_ledger_fail(l, rc);
}


/* packs the events after one, up to another: "before" is known */

static int
sk_ledger_chain_pack(sk_ledger_t *l, uint64_t after, uint64_t last,
    sk_commit_t *commit)
{
    int            rc;
    int64_t        found;
    sk_row_t       row;
    unsigned       n;
    sqlite3_stmt  *s;

    s = l->rows;
    found = (int64_t) last;

    sk_pack_clear(&l->packed);

    commit->joined[0] = '\0';
    commit->left[0] = '\0';

    row.seq = (int64_t) after;
    row.at = 0;

    (void) sqlite3_bind_int64(s, 1, (int64_t) after);
    (void) sqlite3_bind_int64(s, 2, (int64_t) (last - after));

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {

        found = sqlite3_column_int64(s, 0);

        if (found != row.seq + 1) {
            break;
        }

        sk_ledger_chain_row(s, &row);
        sk_pack_add(&l->packed, &row);
        sk_ledger_machine_event(commit, &row);
    }

    (void) sqlite3_reset(s);

    /* the bytes stay where they are until something is packed */

    n = l->packed.n;
    l->packed.n = 0;

    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        return sk_ledger_fail(l, rc);
    }

    if (rc == SQLITE_ROW || row.seq != (int64_t) last) {
        (void) snprintf(l->error, sizeof(l->error),
                        "damaged: event %lld does not follow event %lld",
                        (long long) found, (long long) row.seq);
        return SK_DAMAGED;
    }

    l->packed.n = n;
    rc = sk_pack_end(&l->packed, &commit->data);
    l->packed.n = 0;

    if (rc != SK_OK) {
        return sk_ledger_fail(l, SQLITE_NOMEM);
    }

    commit->at_ms = row.at;
    commit->head = commit->before;
    commit->head.number = last;

    sk_pack_chain(commit->head.chain, &commit->data);

    return SK_OK;
}


static void
sk_ledger_chain_row(sqlite3_stmt *s, sk_row_t *row)
{
    row->seq = sqlite3_column_int64(s, 0);
    row->at = sqlite3_column_int64(s, 1);
    sk_ledger_chain_bytes(s, 2, &row->type);
    row->sale = sqlite3_column_int64(s, 3);
    sk_ledger_chain_bytes(s, 4, &row->user);
    row->ticket = sqlite3_column_int64(s, 5);
    row->object = sqlite3_column_int64(s, 6);
    row->expires = sqlite3_column_int64(s, 7);
    sk_ledger_chain_bytes(s, 8, &row->detail);
    sk_ledger_chain_bytes(s, 9, &row->key);
    sk_ledger_chain_bytes(s, 10, &row->hash);
}


static void
sk_ledger_chain_bytes(sqlite3_stmt *s, int column, sk_bytes_t *b)
{
    /* of a text the bytes, too: nothing is converted */

    b->data = sqlite3_column_blob(s, column);
    b->len = (size_t) sqlite3_column_bytes(s, column);

    if (b->data == NULL && sqlite3_column_type(s, column) != SQLITE_NULL) {
        b->data = "";
    }
}
