#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify.h"
#include "verify_reader.h"


/* type, user, detail, key, hash, in the order of sk_row_t */

#define verify_reader_is_text(column)                                        \
    ((column) == 2 || (column) == 4 || (column) >= 8)


static int verify_reader_file(verify_reader_t *r);
static int verify_reader_schema(verify_reader_t *r);
static int verify_reader_begin(verify_reader_t *r);
static int verify_reader_number(verify_reader_t *r, const char *sql,
    int64_t *n);
static int verify_reader_prepare(verify_reader_t *r);
static int verify_reader_batch(verify_reader_t *r, verify_batch_t *b);
static int verify_reader_step(verify_reader_t *r, sqlite3_stmt **s);
static int verify_reader_row(verify_reader_t *r, verify_batch_t *b);
static char *verify_reader_bytes(sqlite3_value *v, sk_bytes_t *to, char *text);
static void verify_reader_commit(verify_reader_t *r, verify_batch_t *b);
static int verify_reader_failed(verify_reader_t *r);
static int verify_reader_say(verify_reader_t *r, const char *why);


int
verify_reader_open(verify_reader_t *r, const char *store)
{
    int   rc;
    char  path[PATH_MAX];

    r->store = store;

    if (verify_reader_file(r) != SK_OK) {
        return SK_ERROR;
    }

    /* no name is special to SQLite then */

    (void) snprintf(path, sizeof(path), "%s%s", (store[0] == '/') ? "" : "./",
                    store);

    rc = sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY|SQLITE_OPEN_NOMUTEX,
                         NULL);

    if (rc != SQLITE_OK
        || sqlite3_busy_timeout(r->db, VERIFY_READER_BUSY_MS) != SQLITE_OK)
    {
        return verify_reader_failed(r);
    }

    if (verify_reader_schema(r) != SK_OK) {
        return SK_ERROR;
    }

    return verify_reader_begin(r);
}


static int
verify_reader_file(verify_reader_t *r)
{
    char         path[PATH_MAX], wal[PATH_MAX + 4];
    const char  *why;
    struct stat  st;

    why = (stat(r->store, &st) != 0 || realpath(r->store, path) == NULL)
          ? "there is no such file, or you may not see it"
          : !S_ISREG(st.st_mode) ? "it is no file"
          : (access(r->store, R_OK) != 0) ? "you may not read it" : NULL;

    if (why) {
        return verify_reader_say(r, why);
    }

    (void) snprintf(wal, sizeof(wal), "%s-wal", path);

    r->wal = (stat(wal, &st) == 0 && st.st_size > 0);

    return SK_OK;
}


static int
verify_reader_schema(verify_reader_t *r)
{
    int64_t  id, version, tables;

    if (verify_reader_number(r, "PRAGMA application_id", &id) != SQLITE_OK
        || verify_reader_number(r, "PRAGMA user_version", &version)
           != SQLITE_OK
        || verify_reader_number(r, "SELECT count(*) FROM sqlite_master"
                                " WHERE type = 'table' AND name = 'ledger'",
                                &tables)
           != SQLITE_OK)
    {
        return verify_reader_failed(r);
    }

    r->version = (int) version;

    if (id != SK_LEDGER_APPLICATION_ID || tables != 1) {
        return verify_reader_say(r, "it is not a seckill store");
    }

    if (r->version > SK_LEDGER_VERSION) {
        (void) snprintf(r->error, sizeof(r->error),
                        "it has schema %d, this command knows %d", r->version,
                        SK_LEDGER_VERSION);
        return SK_ERROR;
    }

    return SK_OK;
}


/* what is read first decides of which moment all is */

static int
verify_reader_begin(verify_reader_t *r)
{
    int64_t  last;

    if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK
        || verify_reader_number(r, "SELECT max(seq) FROM ledger", &last)
           != SQLITE_OK
        || verify_reader_prepare(r) != SQLITE_OK)
    {
        return verify_reader_failed(r);
    }

    r->last = (last > 0) ? (uint64_t) last : 0;

    return SK_OK;
}


static int
verify_reader_number(verify_reader_t *r, const char *sql, int64_t *n)
{
    int            rc;
    sqlite3_stmt  *s;

    rc = sqlite3_prepare_v2(r->db, sql, -1, &s, NULL);

    if (rc != SQLITE_OK) {
        return rc;
    }

    rc = sqlite3_step(s);

    *n = (rc == SQLITE_ROW) ? sqlite3_column_int64(s, 0) : 0;

    return sqlite3_finalize(s);
}


/* older schemas have not all columns */

static int
verify_reader_prepare(verify_reader_t *r)
{
    int           rc;
    char          sql[256];
    int64_t       v2, v3;

    rc = verify_reader_number(r, "SELECT count(*) FROM"
                              " pragma_table_info('ledger')"
                              " WHERE name IN ('object', 'expires')", &v2);

    if (rc == SQLITE_OK) {
        rc = verify_reader_number(r, "SELECT count(*) FROM"
                                  " pragma_table_info('ledger')"
                                  " WHERE name IN ('key', 'hash')", &v3);
    }

    if (rc != SQLITE_OK) {
        return rc;
    }

    (void) snprintf(sql, sizeof(sql),
                    "SELECT seq, at, type, sale, user, ticket, %s, detail, %s"
                    " FROM ledger ORDER BY seq",
                    (v2 == 2) ? "object, expires" : "NULL, NULL",
                    (v3 == 2) ? "key, hash" : "NULL, NULL");

    rc = sqlite3_prepare_v2(r->db, sql, -1, &r->rows, NULL);

    if (rc == SQLITE_OK && r->version >= VERIFY_SCHEMA_CHAIN) {
        rc = sqlite3_prepare_v2(r->db, "SELECT last, chain FROM commits"
                                " ORDER BY last", -1, &r->commits, NULL);
    }

    return rc;
}


void
verify_reader_close(verify_reader_t *r)
{
    (void) sqlite3_finalize(r->rows);
    (void) sqlite3_finalize(r->commits);
    (void) sqlite3_close(r->db);
}


void *
verify_reader_run(void *data)
{
    verify_batch_t   *b;
    verify_reader_t  *r = data;

    r->rc = verify_reader_step(r, &r->rows);

    if (r->rc == SK_OK && r->commits) {
        r->rc = verify_reader_step(r, &r->commits);
    }

    while (r->rc == SK_OK && (r->rows || r->commits)) {
        b = verify_ring_fill(r->ring);

        if (b == NULL) {
            break;
        }

        r->rc = verify_reader_batch(r, b);
        verify_ring_filled(r->ring);
    }

    verify_ring_end(r->ring);

    return NULL;
}


/* a commit comes after its last event */

static int
verify_reader_batch(verify_reader_t *r, verify_batch_t *b)
{
    int            rc;
    sqlite3_stmt  *s;

    rc = SK_OK;

    while (rc == SK_OK && (r->rows || r->commits)
           && b->n_rows < VERIFY_BATCH_ROWS
           && b->n_commits < VERIFY_BATCH_ROWS)
    {
        s = (r->rows == NULL) ? r->commits
            : (r->commits == NULL) ? r->rows
            : (sqlite3_column_int64(r->commits, 0)
               < sqlite3_column_int64(r->rows, 0)) ? r->commits : r->rows;

        if (s == r->commits) {
            verify_reader_commit(r, b);
            rc = verify_reader_step(r, &r->commits);
            continue;
        }

        rc = verify_reader_row(r, b);

        if (rc == SK_FULL) {
            rc = SK_OK;
            break;
        }

        if (rc == SK_OK) {
            rc = verify_reader_step(r, &r->rows);
        }
    }

    b->commits_end = (r->commits == NULL);

    return rc;
}


/* ends a statement that has no more rows */

static int
verify_reader_step(verify_reader_t *r, sqlite3_stmt **s)
{
    int  rc;

    rc = sqlite3_step(*s);

    if (rc == SQLITE_ROW) {
        return SK_OK;
    }

    if (rc == SQLITE_DONE) {
        (void) sqlite3_finalize(*s);
        *s = NULL;
        return SK_OK;
    }

    return verify_reader_failed(r);
}


/* SK_FULL: it is for the next batch */

static int
verify_reader_row(verify_reader_t *r, verify_batch_t *b)
{
    char           *text;
    size_t          size;
    unsigned        i;
    sk_row_t       *row;
    sqlite3_value  *v[SK_PACK_COLUMNS];

    /* a connection of one thread: that they are not protected does no harm */

    for (i = 0, size = 0; i < SK_PACK_COLUMNS; i++) {
        v[i] = sqlite3_column_value(r->rows, (int) i);

        if (verify_reader_is_text(i)) {
            size += (size_t) sqlite3_value_bytes(v[i]);
        }
    }

    text = verify_batch_room(b, size);

    if (text == NULL) {
        return b->n_rows ? SK_FULL : verify_reader_say(r, "out of memory");
    }

    row = &b->rows[b->n_rows++];

    row->seq = sqlite3_value_int64(v[0]);
    row->at = sqlite3_value_int64(v[1]);
    text = verify_reader_bytes(v[2], &row->type, text);
    row->sale = sqlite3_value_int64(v[3]);
    text = verify_reader_bytes(v[4], &row->user, text);
    row->ticket = sqlite3_value_int64(v[5]);
    row->object = sqlite3_value_int64(v[6]);
    row->expires = sqlite3_value_int64(v[7]);
    text = verify_reader_bytes(v[8], &row->detail, text);
    text = verify_reader_bytes(v[9], &row->key, text);
    (void) verify_reader_bytes(v[10], &row->hash, text);

    return SK_OK;
}


/* a value that is no text, and no blob, is one: as the chain has been made */

static char *
verify_reader_bytes(sqlite3_value *v, sk_bytes_t *to, char *text)
{
    const void  *data;

    to->data = NULL;
    to->len = 0;

    if (sqlite3_value_type(v) == SQLITE_NULL) {
        return text;
    }

    data = sqlite3_value_blob(v);

    to->data = text;
    to->len = (size_t) sqlite3_value_bytes(v);

    if (to->len) {
        memcpy(text, data, to->len);
    }

    return text + to->len;
}


static void
verify_reader_commit(verify_reader_t *r, verify_batch_t *b)
{
    verify_commit_t  *c;

    c = &b->commits[b->n_commits++];

    c->last = sqlite3_column_int64(r->commits, 0);
    c->row = b->n_rows;
    c->chained = (sqlite3_column_bytes(r->commits, 1) == SK_CHAIN_SIZE);

    if (c->chained) {
        memcpy(c->chain, sqlite3_column_blob(r->commits, 1), SK_CHAIN_SIZE);
    }
}


static int
verify_reader_failed(verify_reader_t *r)
{
    return verify_reader_say(r, r->db ? sqlite3_errmsg(r->db)
                                      : "out of memory");
}


static int
verify_reader_say(verify_reader_t *r, const char *why)
{
    (void) snprintf(r->error, sizeof(r->error), "%s", why);

    return SK_ERROR;
}
