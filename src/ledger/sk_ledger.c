#include <stdio.h>
#include <stdlib.h>

#include "sk_ledger_db.h"
#include "sk_schema.h"
#include "sk_view.h"


static int sk_ledger_setup(sk_ledger_t *l);
static int sk_ledger_setup_read(sk_ledger_t *l);
static int sk_ledger_wal(sk_ledger_t *l);
static void sk_ledger_lengthen_log(sk_ledger_t *l);
static int sk_ledger_wal_hook(void *ctx, sqlite3 *db, const char *name,
    int pages);


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

    sk_pack_init(&l->packed);

    l->full = (flags & SK_LEDGER_FULL) != 0;
    l->readonly = (flags & SK_LEDGER_READ) != 0;

    open = (l->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE)
           |((flags & SK_LEDGER_CREATE) ? SQLITE_OPEN_CREATE : 0)
           |SQLITE_OPEN_NOMUTEX;

    rc = sqlite3_open_v2(path, &l->db, open, NULL);

    rc = (rc != SQLITE_OK) ? sk_ledger_fail(l, rc)
         : l->readonly ? sk_ledger_setup_read(l) : sk_ledger_setup(l);

    if (rc != SK_OK) {
        (void) snprintf(error, SK_LEDGER_ERROR_SIZE_MAX, "%s", l->error);
        sk_ledger_close(l);
        return rc;
    }

    *ledger = l;

    return SK_OK;
}


static int
sk_ledger_setup(sk_ledger_t *l)
{
    int   rc;
    char  sql[512];

    /* sqlite3_open_v2() takes one that it may only read, too */

    if (sqlite3_db_readonly(l->db, "main") == 1) {
        return sk_ledger_fail(l, SQLITE_READONLY);
    }

    (void) sqlite3_busy_timeout(l->db, SK_LEDGER_BUSY_WAIT_MS);

    rc = sk_schema_check(l->db, l->error, SK_LEDGER_ERROR_SIZE_MAX);

    if (rc == SQLITE_OK) {

        /* checkpoints are the drainer's, away from the commit's path */

        (void) snprintf(sql, sizeof(sql),
                        "PRAGMA synchronous = %s;"
                        "PRAGMA wal_autocheckpoint = 0;"
                        "PRAGMA journal_size_limit = 75497472;"
                        "PRAGMA cache_size = -8192;",
                        l->full ? "FULL" : "NORMAL");

        rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        rc = sk_ledger_wal(l);
    }

    if (rc == SQLITE_OK) {
        rc = sk_schema_migrate(l->db);
    }

    if (rc == SQLITE_OK) {
        rc = sk_view_functions(l->db);
    }

    if (rc != SQLITE_OK) {
        return l->error[0] ? SK_ERROR : sk_ledger_fail(l, rc);
    }

    (void) sk_ledger_files_identify(l->path, &l->files[0].dev,
                                    &l->files[0].ino);

    (void) sqlite3_wal_hook(l->db, sk_ledger_wal_hook, l);

    rc = sk_ledger_stmts_prepare(l);

    if (rc == SK_OK) {
        sk_ledger_secret_guard(l);
    }

    return (rc == SK_OK) ? sk_ledger_adopt(l) : rc;
}


static int
sk_ledger_setup_read(sk_ledger_t *l)
{
    int  rc, version = 0;

    (void) sqlite3_busy_timeout(l->db, SK_LEDGER_BUSY_WAIT_MS);

    rc = sk_schema_check(l->db, l->error, SK_LEDGER_ERROR_SIZE_MAX);

    if (rc == SQLITE_OK) {
        rc = sk_schema_version(l->db, &version);
    }

    if (rc == SQLITE_OK && version < SK_LEDGER_VERSION_READ) {
        (void) snprintf(l->error, sizeof(l->error),
                        "its schema is %d, not yet %d", version,
                        SK_LEDGER_VERSION_READ);
        return SK_NOT_FOUND;
    }

    if (rc == SQLITE_OK) {
        rc = sk_view_functions(l->db);
    }

    if (rc != SQLITE_OK) {
        return l->error[0] ? SK_ERROR : sk_ledger_fail(l, rc);
    }

    return sk_ledger_stmts_prepare(l);
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


sqlite3_stmt *
sk_ledger_prepare_sql(sk_ledger_t *l, const char *sql)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v3(l->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
                            NULL);
    if (rc != SQLITE_OK) {
        (void) sk_ledger_fail(l, rc);
        return NULL;
    }

    return stmt;
}


static int
sk_ledger_wal_hook(void *ctx, sqlite3 *db, const char *name, int pages)
{
    sk_ledger_t  *l = ctx;

    (void) db;
    (void) name;

    if ((unsigned) pages < l->log_pages) {

        /* all was copied, and the log begins anew */

        l->log_copied = 0;
        l->log_tried = 0;
        l->log_size = 0;
    }

    l->log_pages = (unsigned) pages;

    return SQLITE_OK;
}


void
sk_ledger_close(sk_ledger_t *l)
{
    sk_ledger_stmts_finalize(l);
    (void) sqlite3_close(l->db);

    sk_pack_free(&l->packed);
    free(l);
}


int
sk_ledger_begin(sk_ledger_t *l)
{
    return sk_ledger_step(l, l->begin);
}


int
sk_ledger_commit(sk_ledger_t *l)
{
    int  rc;

    sk_commit_t  commit;

    rc = l->packed.n ? sk_ledger_seal(l, &commit) : SK_OK;

    if (rc == SK_OK && l->full) {
        sk_ledger_lengthen_log(l);
    }

    if (rc == SK_OK) {
        rc = sk_ledger_step(l, l->commit);
    }

    sk_ledger_chain_clear(l);

    if (rc != SK_OK) {
        sk_ledger_rollback(l);
    }

    return rc;
}


/*
 * An fsync of a file that has become longer takes twice as long as of one that
 * was written over: the file system commits its new size too.  So the log gets
 * zeros ahead of what is written next; SQLite takes what is no frame of this
 * log for its end.  For the holder of the write lock: nobody else appends.  It
 * may fail, a commit then says why.
 */

static void
sk_ledger_lengthen_log(sk_ledger_t *l)
{
    sqlite3_int64   end, size;
    sqlite3_file   *log;

    static const char  zeros[65536];

    end = SK_LEDGER_LOG_HEADER_SIZE
          + (sqlite3_int64) l->log_pages * SK_LEDGER_LOG_FRAME_SIZE;

    if (end + SK_LEDGER_LOG_AHEAD_MIN <= l->log_size) {
        return;
    }

    if (sqlite3_file_control(l->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log)
        != SQLITE_OK
        || log->pMethods == NULL
        || log->pMethods->xFileSize(log, &size) != SQLITE_OK)
    {
        return;
    }

    /* another process may have emptied the log since the last commit */

    end = (end > size) ? size : end;

    while (size < end + SK_LEDGER_LOG_AHEAD) {

        if (log->pMethods->xWrite(log, zeros, sizeof(zeros), size)
            != SQLITE_OK)
        {
            break;
        }

        size += sizeof(zeros);
    }

    l->log_size = size;
}


void
sk_ledger_rollback(sk_ledger_t *l)
{
    sk_ledger_chain_clear(l);

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
sk_ledger_checkpoint(sk_ledger_t *l)
{
    int  rc, pages, copied;

    rc = sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                   &pages, &copied);

    if (rc == SQLITE_BUSY) {

        /* another server on this store makes one */

        return SK_OK;
    }

    if (rc != SQLITE_OK) {
        return sk_ledger_fail(l, rc);
    }

    /* a reader keeps what it may still look at from being copied */

    l->log_pages = (unsigned) pages;
    l->log_copied = (unsigned) copied;
    l->log_tried = (unsigned) pages;

    return SK_OK;
}


unsigned
sk_ledger_log_pages(sk_ledger_t *l)
{
    return l->log_pages - l->log_copied;
}


unsigned
sk_ledger_log_new_pages(sk_ledger_t *l)
{
    return l->log_pages - l->log_tried;
}


const char *
sk_ledger_path(sk_ledger_t *l)
{
    return l->path;
}


const char *
sk_ledger_error(sk_ledger_t *l)
{
    return l->error;
}


int
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


int
sk_ledger_fail(sk_ledger_t *l, int rc)
{
    int          err;
    const char  *said, *what, *hint;

    /* after a rollback the connection knows of no error */

    said = (l->db && sqlite3_errcode(l->db) != SQLITE_OK)
           ? sqlite3_errmsg(l->db) : sqlite3_errstr(rc);

    what = "";
    err = 0;

    /* what SQLite has tried last is not what was in its way */

    if (!l->readonly
        && ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY))
    {
        err = sk_ledger_files_barred(l->path, &what);
    }

    if (err == 0) {
        what = "";
        err = l->db ? sqlite3_system_errno(l->db) : 0;
    }

    /* who has it locked, nobody but the kernel knows */

    hint = (!l->readonly && (rc & 0xff) == SQLITE_BUSY)
           ? ": another program has a write transaction open, see \"fuser -v\" "
             "of the store and its \"-shm\"" : "";

    (void) snprintf(l->error, sizeof(l->error), "%s%s%s%s%s%s%s", said,
                    err ? " (" : "", what, what[0] ? ": " : "",
                    err ? strerror(err) : "", err ? ")" : "", hint);

    switch (rc & 0xff) {

    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SK_AGAIN;

    case SQLITE_CORRUPT:
        return SK_DAMAGED;

    default:
        return SK_ERROR;
    }
}
