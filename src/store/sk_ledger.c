#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "sk_ledger.h"
#include "sk_schema.h"


struct sk_ledger_s {
    sqlite3       *db;
    sqlite3_stmt  *begin;
    sqlite3_stmt  *commit;
    sqlite3_stmt  *rollback;
    sqlite3_stmt  *last;
    sqlite3_stmt  *append;
    sqlite3_stmt  *append_sale;
    sqlite3_stmt  *read;
    sqlite3_stmt  *read_sale;
    unsigned       wal_pages;
    dev_t          dev;
    ino_t          ino;
    char           path[4096];
    char           error[SK_LEDGER_ERROR_SIZE_MAX];
};


static int sk_ledger_setup(sk_ledger_t *l, int flags);
static int sk_ledger_wal(sk_ledger_t *l);
static int sk_ledger_prepare(sk_ledger_t *l);
static int sk_ledger_wal_hook(void *ctx, sqlite3 *db, const char *name,
    int pages);
static int sk_ledger_bind_time(sqlite3_stmt *stmt, int column, int64_t ms,
    int64_t none);
static int sk_ledger_step(sk_ledger_t *l, sqlite3_stmt *stmt);
static int sk_ledger_fail(sk_ledger_t *l, int rc);
static int sk_ledger_row(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e);


static const struct {
    size_t       len;
    const char  *name;
} sk_events[SK_EVENT_N] = {
#define X(constant, name)  { sizeof(name) - 1, name },
    SK_EVENT_TABLE(X)
#undef X
};


int
sk_ledger_open(sk_ledger_t **ledger, const char *path, int flags, char *error)
{
    int           rc, open;
    sk_ledger_t  *l;

    *ledger = NULL;

    l = calloc(1, sizeof(sk_ledger_t));
    if (l == NULL) {
        (void) snprintf(error, SK_LEDGER_ERROR_SIZE_MAX, "out of memory");
        return SK_ERROR;
    }

    (void) snprintf(l->path, sizeof(l->path), "%s", path);

    open = SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX
           |((flags & SK_LEDGER_CREATE) ? SQLITE_OPEN_CREATE : 0);

    rc = sqlite3_open_v2(path, &l->db, open, NULL);

    rc = (rc == SQLITE_OK) ? sk_ledger_setup(l, flags) : sk_ledger_fail(l, rc);

    if (rc != SK_OK) {
        (void) snprintf(error, SK_LEDGER_ERROR_SIZE_MAX, "%s", l->error);
        sk_ledger_close(l);
        return rc;
    }

    *ledger = l;

    return SK_OK;
}


static int
sk_ledger_setup(sk_ledger_t *l, int flags)
{
    int          rc;
    char         sql[256];
    struct stat  st;

    (void) sqlite3_busy_timeout(l->db, SK_LEDGER_BUSY_WAIT_MS);

    rc = sk_schema_check(l->db, l->error, SK_LEDGER_ERROR_SIZE_MAX);

    if (rc == SQLITE_OK) {

        /* checkpoints are the drainer's, away from the commit's path */

        (void) snprintf(sql, sizeof(sql),
                        "PRAGMA synchronous = %s;"
                        "PRAGMA wal_autocheckpoint = 0;"
                        "PRAGMA cache_size = -8192;",
                        (flags & SK_LEDGER_FULL) ? "FULL" : "NORMAL");

        rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        rc = sk_ledger_wal(l);
    }

    if (rc == SQLITE_OK) {
        rc = sk_schema_migrate(l->db);
    }

    if (rc != SQLITE_OK) {
        return l->error[0] ? SK_ERROR : sk_ledger_fail(l, rc);
    }

    if (stat(l->path, &st) != 0) {
        return sk_ledger_fail(l, SQLITE_CANTOPEN);
    }

    l->dev = st.st_dev;
    l->ino = st.st_ino;

    (void) sqlite3_wal_hook(l->db, sk_ledger_wal_hook, l);

    return sk_ledger_prepare(l);
}


/* a file system without shared memory keeps the old mode, without an error */

static int
sk_ledger_wal(sk_ledger_t *l)
{
    int            rc;
    const char    *mode;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(l->db, "PRAGMA journal_mode = WAL", -1, &stmt,
                            NULL);
    if (rc != SQLITE_OK) {
        return rc;
    }

    if (sqlite3_step(stmt) == SQLITE_ROW) {
        mode = (const char *) sqlite3_column_text(stmt, 0);

        if (mode == NULL || strcmp(mode, "wal") != 0) {
            (void) snprintf(l->error, sizeof(l->error),
                            "its file system does not allow SQLite's WAL mode");
            (void) sqlite3_finalize(stmt);
            return SQLITE_ERROR;
        }
    }

    return sqlite3_finalize(stmt);
}


static int
sk_ledger_prepare(sk_ledger_t *l)
{
    int     rc;
    size_t  i;

    const struct {
        sqlite3_stmt  **stmt;
        const char     *sql;
    } stmts[] = {
        { &l->begin, "BEGIN IMMEDIATE" },
        { &l->commit, "COMMIT" },
        { &l->rollback, "ROLLBACK" },
        { &l->last, "SELECT max(seq) FROM ledger" },

        { &l->append,
          "INSERT INTO ledger (seq, at, type, sale, user, ticket)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)" },

        { &l->append_sale,
          "INSERT INTO ledger (seq, at, type, sale, detail)"
          " VALUES (?1, ?2, ?3, ?4, json_object('name', ?5, 'stock', ?6,"
          " 'limit', ?7, 'start_ms', ?8, 'end_ms', ?9, 'paused', ?10))" },

        { &l->read,
          "SELECT seq, at, type, sale, user, ticket FROM ledger"
          " WHERE seq > ?1 ORDER BY seq LIMIT ?2" },

        { &l->read_sale,
          "SELECT json_extract(detail, '$.name'),"
          " json_extract(detail, '$.stock'), json_extract(detail, '$.limit'),"
          " ifnull(json_extract(detail, '$.start_ms'), 0),"
          " ifnull(json_extract(detail, '$.end_ms'), 9223372036854775807),"
          " json_extract(detail, '$.paused') FROM ledger WHERE seq = ?1" },
    };

    for (i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        rc = sqlite3_prepare_v3(l->db, stmts[i].sql, -1,
                                SQLITE_PREPARE_PERSISTENT, stmts[i].stmt,
                                NULL);
        if (rc != SQLITE_OK) {
            return sk_ledger_fail(l, rc);
        }
    }

    return SK_OK;
}


static int
sk_ledger_wal_hook(void *ctx, sqlite3 *db, const char *name, int pages)
{
    sk_ledger_t  *l = ctx;

    (void) db;
    (void) name;

    l->wal_pages = (unsigned) pages;

    return SQLITE_OK;
}


void
sk_ledger_close(sk_ledger_t *l)
{
    size_t  i;

    sqlite3_stmt *const  stmts[] = {
        l->begin, l->commit, l->rollback, l->last, l->append, l->append_sale,
        l->read, l->read_sale
    };

    for (i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        (void) sqlite3_finalize(stmts[i]);
    }

    (void) sqlite3_close(l->db);

    free(l);
}


int
sk_ledger_begin(sk_ledger_t *l)
{
    return sk_ledger_step(l, l->begin);
}


/* a window without an end has none in the ledger either */

static int
sk_ledger_bind_time(sqlite3_stmt *stmt, int column, int64_t ms, int64_t none)
{
    return (ms == none) ? sqlite3_bind_null(stmt, column)
                        : sqlite3_bind_int64(stmt, column, ms);
}


int
sk_ledger_append(sk_ledger_t *l, const sk_event_t *e)
{
    int            rc;
    sqlite3_stmt  *s;

    s = (e->type == SK_EVENT_WON) ? l->append : l->append_sale;

    rc = sqlite3_bind_int64(s, 1, (int64_t) e->seq);
    rc |= sqlite3_bind_int64(s, 2, e->at_ms);
    rc |= sqlite3_bind_text(s, 3, sk_events[e->type].name,
                            (int) sk_events[e->type].len, SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, 4, (int64_t) e->sale_id);

    if (e->type == SK_EVENT_WON) {
        rc |= sqlite3_bind_text(s, 5, e->user, (int) e->user_len,
                                SQLITE_STATIC);
        rc |= sqlite3_bind_int64(s, 6, (int64_t) e->ticket);

    } else {
        rc |= sqlite3_bind_text(s, 5, e->def.name, (int) e->def.name_len,
                                SQLITE_STATIC);
        rc |= sqlite3_bind_int64(s, 6, e->def.stock);
        rc |= sqlite3_bind_int64(s, 7, e->def.limit);
        rc |= sk_ledger_bind_time(s, 8, e->def.start_ms, SK_TIME_MIN);
        rc |= sk_ledger_bind_time(s, 9, e->def.end_ms, SK_TIME_MAX);
        rc |= sqlite3_bind_int(s, 10, e->def.paused);
    }

    if (rc != SQLITE_OK) {
        return sk_ledger_fail(l, SQLITE_NOMEM);
    }

    return sk_ledger_step(l, s);
}


int
sk_ledger_commit(sk_ledger_t *l)
{
    int  rc;

    rc = sk_ledger_step(l, l->commit);

    if (rc != SK_OK) {
        sk_ledger_rollback(l);
    }

    return rc;
}


void
sk_ledger_rollback(sk_ledger_t *l)
{
    /* a failed statement may have rolled back already */

    if (!sqlite3_get_autocommit(l->db)) {
        (void) sqlite3_step(l->rollback);
        (void) sqlite3_reset(l->rollback);
    }
}


int
sk_ledger_probe(sk_ledger_t *l)
{
    int   rc;
    char  sql[64];

    rc = sk_ledger_begin(l);

    if (rc != SK_OK) {
        return rc;
    }

    (void) snprintf(sql, sizeof(sql), "PRAGMA user_version = %d",
                    SK_LEDGER_VERSION);

    rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        return sk_ledger_fail(l, rc);
    }

    return sk_ledger_commit(l);
}


int
sk_ledger_last_seq(sk_ledger_t *l, uint64_t *seq)
{
    int  rc;

    rc = sqlite3_step(l->last);

    if (rc == SQLITE_ROW) {
        *seq = (uint64_t) sqlite3_column_int64(l->last, 0);
        rc = SQLITE_DONE;
    }

    (void) sqlite3_reset(l->last);

    return (rc == SQLITE_DONE) ? SK_OK : sk_ledger_fail(l, rc);
}


int
sk_ledger_read(sk_ledger_t *l, uint64_t after, unsigned max,
    sk_ledger_event_pt handler, void *ctx)
{
    int         rc;
    unsigned    n;
    sk_event_t  e;

    (void) sqlite3_bind_int64(l->read, 1, (int64_t) after);
    (void) sqlite3_bind_int64(l->read, 2, (int64_t) max);

    for (n = 0; /* void */; n++) {
        rc = sqlite3_step(l->read);

        if (rc == SQLITE_DONE) {
            rc = (n < max) ? SK_OK : SK_MORE;
            break;
        }

        if (rc != SQLITE_ROW) {
            rc = sk_ledger_fail(l, rc);
            break;
        }

        rc = sk_ledger_row(l, &e);

        if (rc == SK_OK && e.seq != after + 1) {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: event %llu follows event %llu",
                            (unsigned long long) e.seq,
                            (unsigned long long) after);
            rc = SK_ERROR;
        }

        if (rc == SK_OK) {
            rc = handler(ctx, &e);
        }

        if (rc != SK_OK) {
            break;
        }

        after = e.seq;
    }

    (void) sqlite3_reset(l->read);

    return rc;
}


static int
sk_ledger_row(sk_ledger_t *l, sk_event_t *e)
{
    size_t       len;
    unsigned     i;
    const char  *type;

    e->seq = (uint64_t) sqlite3_column_int64(l->read, 0);
    e->at_ms = sqlite3_column_int64(l->read, 1);
    type = (const char *) sqlite3_column_text(l->read, 2);
    len = (size_t) sqlite3_column_bytes(l->read, 2);
    e->sale_id = (uint64_t) sqlite3_column_int64(l->read, 3);

    for (i = 0; i < SK_EVENT_N; i++) {
        if (type && sk_events[i].len == len
            && memcmp(sk_events[i].name, type, len) == 0)
        {
            break;
        }
    }

    e->type = i;

    if (e->type != SK_EVENT_WON) {
        return sk_ledger_row_sale(l, e);
    }

    e->user = (const char *) sqlite3_column_text(l->read, 4);
    e->user_len = (size_t) sqlite3_column_bytes(l->read, 4);
    e->ticket = (uint64_t) sqlite3_column_int64(l->read, 5);

    if (e->user == NULL || e->user_len > SK_USER_SIZE_MAX) {
        (void) snprintf(l->error, sizeof(l->error),
                        "damaged: event %llu has no valid user",
                        (unsigned long long) e->seq);
        return SK_ERROR;
    }

    return SK_OK;
}


static int
sk_ledger_row_sale(sk_ledger_t *l, sk_event_t *e)
{
    int            rc;
    sk_sale_def_t  *def;
    const char    *name;
    sqlite3_stmt  *s;

    if (e->type == SK_EVENT_N) {
        goto damaged;
    }

    s = l->read_sale;
    def = &e->def;
    memset(def, 0, sizeof(sk_sale_def_t));

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->seq);

    rc = sqlite3_step(s);

    if (rc != SQLITE_ROW) {
        (void) sqlite3_reset(s);
        return sk_ledger_fail(l, rc);
    }

    name = (const char *) sqlite3_column_text(s, 0);
    def->name_len = (size_t) sqlite3_column_bytes(s, 0);

    if (name && sk_sale_name_valid(name, def->name_len)) {
        memcpy(def->name, name, def->name_len);

    } else {
        def->name_len = 0;
    }

    def->stock = sqlite3_column_int64(s, 1);
    def->limit = sqlite3_column_int64(s, 2);
    def->start_ms = sqlite3_column_int64(s, 3);
    def->end_ms = sqlite3_column_int64(s, 4);
    def->paused = sqlite3_column_int(s, 5);

    (void) sqlite3_reset(s);

    if (def->name_len && def->stock >= 0 && def->stock <= SK_STOCK_MAX
        && def->limit >= 1 && def->limit <= SK_LIMIT_MAX)
    {
        return SK_OK;
    }

damaged:

    (void) snprintf(l->error, sizeof(l->error),
                    "damaged: event %llu cannot be understood",
                    (unsigned long long) e->seq);

    return SK_ERROR;
}


int
sk_ledger_checkpoint(sk_ledger_t *l)
{
    int  rc;

    rc = sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                   NULL, NULL);

    /* the next commit says anew how much there is */

    l->wal_pages = 0;

    return (rc == SQLITE_OK) ? SK_OK : sk_ledger_fail(l, rc);
}


unsigned
sk_ledger_wal_pages(sk_ledger_t *l)
{
    return l->wal_pages;
}


int
sk_ledger_in_place(sk_ledger_t *l)
{
    struct stat  st;

    if (stat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
    {
        return SK_OK;
    }

    (void) snprintf(l->error, sizeof(l->error),
                    "was moved or removed while it was open: put it back");

    return SK_ERROR;
}


uint64_t
sk_ledger_size(sk_ledger_t *l)
{
    char         wal[sizeof(l->path) + 8];
    uint64_t     size;
    struct stat  st;

    size = (stat(l->path, &st) == 0) ? (uint64_t) st.st_size : 0;

    (void) snprintf(wal, sizeof(wal), "%s-wal", l->path);

    return size + ((stat(wal, &st) == 0) ? (uint64_t) st.st_size : 0);
}


const char *
sk_ledger_error(sk_ledger_t *l)
{
    return l->error;
}


static int
sk_ledger_step(sk_ledger_t *l, sqlite3_stmt *stmt)
{
    int  rc;

    rc = sqlite3_step(stmt);

    if (rc != SQLITE_DONE) {
        rc = sk_ledger_fail(l, rc);

    } else {
        rc = SK_OK;
    }

    (void) sqlite3_reset(stmt);

    return rc;
}


static int
sk_ledger_fail(sk_ledger_t *l, int rc)
{
    int  err;

    err = l->db ? sqlite3_system_errno(l->db) : 0;

    (void) snprintf(l->error, sizeof(l->error), "%s%s%s%s",
                    l->db ? sqlite3_errmsg(l->db) : sqlite3_errstr(rc),
                    err ? " (" : "", err ? strerror(err) : "",
                    err ? ")" : "");

    switch (rc & 0xff) {

    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SK_AGAIN;

    default:
        return SK_ERROR;
    }
}
