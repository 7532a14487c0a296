#include <stdio.h>
#include <unistd.h>

#include "sk_query_db.h"


static const char  sk_query_tables[] =
    "CREATE TABLE progress ("
    "  seq      INTEGER NOT NULL,"          /* of the last event seen */
    "  at       INTEGER NOT NULL,"          /* its time and type: is it still */
    "  type     TEXT NOT NULL"              /* the same ledger? */
    ");"

    "INSERT INTO progress VALUES (0, 0, '');"

    "CREATE TABLE sales ("
    "  id       INTEGER PRIMARY KEY,"
    "  name     TEXT NOT NULL"
    ");"

    "CREATE TABLE orders ("
    "  \"order\"  INTEGER PRIMARY KEY,"
    "  sale     INTEGER NOT NULL,"
    "  user     TEXT NOT NULL,"
    "  state    TEXT NOT NULL,"
    "  created  INTEGER NOT NULL,"          /* ms */
    "  expires  INTEGER"                    /* ms, or NULL */
    ");";


static int sk_query_db_setup(sk_query_t *q);
static int sk_query_db_stopping(void *data);
static int sk_query_db_make(sk_query_t *q);
static int sk_query_db_attach(sk_query_t *q);
static int sk_query_db_prepare(sk_query_t *q);
static int sk_query_db_number(sk_query_t *q, const char *sql, int64_t *n);


int
sk_query_db_open(sk_query_t *q)
{
    int       rc;
    unsigned  try;

    sk_store(&q->zone->query_seq, 0);

    /* what is damaged, another version's or of another ledger is made anew */

    for (try = 0; try < 2; try++) {

        q->stale = 0;

        rc = sk_query_db_setup(q);

        if (!q->stale) {
            return rc;
        }

        sk_query_db_remove(q);
    }

    return SK_ERROR;
}


static int
sk_query_db_setup(sk_query_t *q)
{
    int      rc;
    int64_t  seq, same;

    rc = sqlite3_open_v2(q->path, &q->db,
                         SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                         |SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_URI, NULL);

    if (rc != SQLITE_OK) {
        return sk_query_db_fail(q, rc);
    }

    (void) sqlite3_busy_timeout(q->db, SK_LEDGER_BUSY_WAIT_MS);
    sqlite3_progress_handler(q->db, SK_QUERY_STOP_OPS, sk_query_db_stopping, q);

    rc = sk_query_db_exec(q, "PRAGMA journal_mode = WAL;"
                          "PRAGMA synchronous = NORMAL;"
                          "PRAGMA wal_autocheckpoint = 8192;"
                          "PRAGMA cache_size = -32768;");

    if (rc == SK_OK) {
        rc = sk_query_db_make(q);
    }

    if (rc != SK_OK) {
        return rc;
    }

    /* a transaction that is to write would lock what is not read-only */

    rc = sk_query_db_attach(q);

    if (rc != SK_OK) {
        q->stale = 0;                   /* it is the ledger that is damaged */
        return rc;
    }

    rc = sk_query_db_number(q, "SELECT seq FROM progress", &seq);

    if (rc == SK_OK) {
        rc = sk_query_db_number(q,
                                "SELECT count(*) FROM progress p WHERE seq = 0"
                                " OR EXISTS (SELECT 1 FROM store.ledger l"
                                " WHERE l.seq = p.seq AND l.at = p.at"
                                " AND l.type = p.type)", &same);

        /* the tables could be read: if this failed, it was the ledger */

        q->stale = (rc == SK_OK && same != 1);
    }

    if (rc == SK_OK) {
        rc = q->stale ? SK_ERROR : sk_query_db_prepare(q);
    }

    sk_query_db_identify(q, q->files);

    q->indexed = 0;

    return rc;
}


static int
sk_query_db_stopping(void *data)
{
    sk_query_t  *q = data;

    return sk_load(&q->stopping);
}


void
sk_query_db_identify(sk_query_t *q, uint64_t files[4])
{
    char  name[sizeof(q->path) + 8];

    (void) snprintf(name, sizeof(name), "%s-wal", q->path);

    (void) sk_ledger_files_identify(q->path, &files[0], &files[1]);
    (void) sk_ledger_files_identify(name, &files[2], &files[3]);
}


/* makes the tables if there are none; SK_ERROR: there are others */

static int
sk_query_db_make(sk_query_t *q)
{
    int  rc;
    char     sql[sizeof(sk_query_tables) + 64];
    int64_t  version;

    /* another server may be making them now */

    version = 0;
    rc = sk_query_db_exec(q, "BEGIN IMMEDIATE");

    if (rc == SK_OK) {
        rc = sk_query_db_number(q, "PRAGMA user_version", &version);
    }

    if (rc == SK_OK && version == 0) {
        (void) snprintf(sql, sizeof(sql), "%sPRAGMA user_version = %d",
                        sk_query_tables, SK_QUERY_VERSION);
        rc = sk_query_db_exec(q, sql);

    } else if (rc == SK_OK && version != SK_QUERY_VERSION) {
        q->stale = 1;
        rc = SK_ERROR;
    }

    return (rc == SK_OK) ? sk_query_db_exec(q, "COMMIT") : rc;
}


static int
sk_query_db_attach(sk_query_t *q)
{
    int             rc;
    char           *sql, *text;
    sqlite3_str    *uri;
    const uint8_t  *p;

    uri = sqlite3_str_new(q->db);

    /* in a URI's path these have a meaning */

    for (p = (const uint8_t *) q->store; *p; p++) {
        sqlite3_str_appendf(uri, strchr("%?#", *p) ? "%%%02X" : "%c", *p);
    }

    sqlite3_str_appendall(uri, "?mode=ro");

    text = sqlite3_str_finish(uri);
    sql = text ? sqlite3_mprintf("ATTACH 'file:%q' AS store", text) : NULL;

    rc = sql ? sk_query_db_exec(q, sql) : sk_query_db_fail(q, SQLITE_NOMEM);

    sqlite3_free(text);
    sqlite3_free(sql);

    return rc;
}


static int
sk_query_db_prepare(sk_query_t *q)
{
    int     rc;
    size_t  i;

    const struct {
        sqlite3_stmt  **stmt;
        const char     *sql;
    } stmts[] = {
        { &q->begin, "BEGIN IMMEDIATE" },
        { &q->commit, "COMMIT" },
        { &q->end, "SELECT max(seq) FROM store.ledger" },
        { &q->seen, "SELECT seq FROM progress" },

        { &q->won,
          "INSERT INTO orders (\"order\", sale, user, state, created, expires)"
          " SELECT seq, sale, user, iif(expires IS NULL, 'sold', 'held'), at,"
          " expires FROM store.ledger"
          " WHERE seq > ?1 AND seq <= ?2 AND type = 'won' ORDER BY seq" },

        /* SQLite gives the other columns of the row that has the maximum */

        { &q->changed,
          "UPDATE orders SET state = e.type FROM"
          " (SELECT object, type, max(seq) FROM store.ledger"
          " WHERE seq > ?1 AND seq <= ?2"
          " AND type IN ('paid', 'expired', 'cancelled') GROUP BY object) e"
          " WHERE orders.\"order\" = e.object" },

        { &q->extended,
          "UPDATE orders SET expires = e.expires FROM"
          " (SELECT object, expires FROM store.ledger"
          " WHERE seq > ?1 AND seq <= ?2 AND type = 'extended') e"
          " WHERE orders.\"order\" = e.object" },

        { &q->sales,
          "INSERT INTO sales (id, name)"
          " SELECT seq, detail ->> 'name' FROM store.ledger"
          " WHERE seq > ?1 AND seq <= ?2 AND type = 'sale_added'" },

        { &q->set,
          "UPDATE progress SET (seq, at, type) ="
          " (SELECT seq, at, type FROM store.ledger WHERE seq = ?2)" },
    };

    for (i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        rc = sqlite3_prepare_v3(q->db, stmts[i].sql, -1,
                                SQLITE_PREPARE_PERSISTENT, stmts[i].stmt,
                                NULL);
        if (rc != SQLITE_OK) {
            return sk_query_db_fail(q, rc);
        }
    }

    return SK_OK;
}


void
sk_query_db_close(sk_query_t *q)
{
    size_t  i;

    sqlite3_stmt **const  stmts[] = {
        &q->begin, &q->commit, &q->end, &q->seen, &q->won, &q->changed,
        &q->extended, &q->sales, &q->set
    };

    for (i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        (void) sqlite3_finalize(*stmts[i]);
        *stmts[i] = NULL;
    }

    (void) sqlite3_close(q->db);
    q->db = NULL;

    sk_store(&q->zone->query_seq, 0);
}


void
sk_query_db_remove(sk_query_t *q)
{
    char  name[sizeof(q->path) + 8];

    sk_query_db_close(q);

    (void) unlink(q->path);
    (void) snprintf(name, sizeof(name), "%s-wal", q->path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-shm", q->path);
    (void) unlink(name);
}


static int
sk_query_db_number(sk_query_t *q, const char *sql, int64_t *n)
{
    int            rc;
    sqlite3_stmt  *stmt;

    *n = 0;

    rc = sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL);

    if (rc != SQLITE_OK) {
        return sk_query_db_fail(q, rc);
    }

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        *n = sqlite3_column_int64(stmt, 0);
    }

    (void) sqlite3_finalize(stmt);

    return (rc == SQLITE_ROW) ? SK_OK : sk_query_db_fail(q, rc);
}


int
sk_query_db_exec(sk_query_t *q, const char *sql)
{
    int  rc;

    rc = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

    return (rc == SQLITE_OK) ? SK_OK : sk_query_db_fail(q, rc);
}


int
sk_query_db_step(sk_query_t *q, sqlite3_stmt *stmt)
{
    int  rc;

    rc = sqlite3_step(stmt);

    rc = (rc == SQLITE_DONE) ? SK_OK : sk_query_db_fail(q, rc);

    (void) sqlite3_reset(stmt);

    return rc;
}


int
sk_query_db_fail(sk_query_t *q, int rc)
{
    (void) snprintf(q->error, sizeof(q->error), "%s",
                    q->db ? sqlite3_errmsg(q->db) : sqlite3_errstr(rc));

    rc &= 0xff;

    q->stale |= (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB);

    return (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) ? SK_AGAIN : SK_ERROR;
}
