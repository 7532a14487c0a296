#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sqlite3.h>

#include "sk_query.h"


struct sk_query_s {
    sk_zone_t      *zone;
    sk_drain_t     *drain;              /* of the thread: for its log */
    void          (*progress)(void *ctx);

    sqlite3        *db;
    sqlite3_stmt   *begin;
    sqlite3_stmt   *commit;
    sqlite3_stmt   *end;
    sqlite3_stmt   *seen;
    sqlite3_stmt   *won;
    sqlite3_stmt   *changed;
    sqlite3_stmt   *sales;
    sqlite3_stmt   *set;
    unsigned        indexed:1;
    unsigned        failed:1;
    uint64_t        dev;
    uint64_t        ino;
    char            store[4096];
    char            path[4096 + sizeof(SK_QUERY_SUFFIX)];
    char            error[SK_LEDGER_ERROR_SIZE_MAX];
};


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


/* made when the tables have come to the ledger's end: much faster then */

static const char  sk_query_indexes[] =
    "CREATE INDEX IF NOT EXISTS orders_user ON orders(user);"
    "CREATE INDEX IF NOT EXISTS orders_sale ON orders(sale);"
    "CREATE INDEX IF NOT EXISTS orders_state ON orders(state);"
    "CREATE INDEX IF NOT EXISTS orders_sale_state ON orders(sale, state);";


static int sk_query_open(sk_query_t *q);
static int sk_query_setup(sk_query_t *q, unsigned *stale);
static int sk_query_attach(sk_query_t *q);
static int sk_query_prepare(sk_query_t *q);
static void sk_query_close(sk_query_t *q);
static void sk_query_remove(sk_query_t *q);
static int sk_query_slice(sk_query_t *q);
static int sk_query_number(sk_query_t *q, const char *sql, int64_t *n);
static int sk_query_exec(sk_query_t *q, const char *sql);
static int sk_query_step(sk_query_t *q, sqlite3_stmt *stmt);
static int sk_query_fail(sk_query_t *q, int rc);
static void *sk_query_thread(void *data);
static void sk_query_told(sk_query_t *q, int rc);
static void sk_query_sleep(unsigned ms);


sk_query_t *
sk_query_create(sk_zone_t *zone, const char *store)
{
    sk_query_t  *q;

    q = calloc(1, sizeof(sk_query_t));
    if (q == NULL) {
        return NULL;
    }

    q->zone = zone;

    (void) snprintf(q->store, sizeof(q->store), "%s", store);
    (void) snprintf(q->path, sizeof(q->path), "%s%s", q->store,
                    SK_QUERY_SUFFIX);
    return q;
}


void
sk_query_destroy(sk_query_t *q)
{
    sk_query_close(q);
    free(q);
}


const char *
sk_query_error(sk_query_t *q)
{
    return q->error;
}


int
sk_query_fill(sk_query_t *q)
{
    int       rc;
    uint64_t  dev, ino;

    if (q->db) {

        /* SQLite would go on writing to what nobody finds */

        sk_ledger_identify(q->path, &dev, &ino);

        if (dev != q->dev || ino != q->ino) {
            sk_query_close(q);
        }
    }

    rc = SK_OK;

    if (q->db == NULL) {
        rc = sk_query_open(q);
    }

    if (rc != SK_OK) {
        sk_query_close(q);
        return rc;
    }

    rc = sk_query_slice(q);

    if (rc == SK_ERROR) {
        sk_query_close(q);
    }

    return rc;
}


static int
sk_query_open(sk_query_t *q)
{
    int       rc;
    unsigned  try, stale;

    sk_store(&q->zone->query_seq, 0);

    /* what is damaged, another version's or of another ledger is made anew */

    for (try = 0; try < 2; try++) {

        stale = 0;

        rc = sk_query_setup(q, &stale);

        if (!stale) {
            return rc;
        }

        sk_query_remove(q);
    }

    return SK_ERROR;
}


static int
sk_query_setup(sk_query_t *q, unsigned *stale)
{
    int      rc;
    char     sql[sizeof(sk_query_tables) + 64];
    int64_t  version;

    rc = sqlite3_open_v2(q->path, &q->db,
                         SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                         |SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_URI, NULL);

    if (rc != SQLITE_OK) {
        return sk_query_fail(q, rc);
    }

    (void) sqlite3_busy_timeout(q->db, SK_LEDGER_BUSY_WAIT_MS);

    rc = sk_query_exec(q, "PRAGMA journal_mode = WAL;"
                       "PRAGMA synchronous = NORMAL;"
                       "PRAGMA wal_autocheckpoint = 8192;"
                       "PRAGMA cache_size = -32768;");

    /* another server may be making them now */

    if (rc == SK_OK) {
        rc = sk_query_exec(q, "BEGIN IMMEDIATE");
    }

    if (rc == SK_OK) {
        rc = sk_query_number(q, "PRAGMA user_version", &version);
    }

    if (rc == SK_OK && version == 0) {
        (void) snprintf(sql, sizeof(sql), "%sPRAGMA user_version = %d",
                        sk_query_tables, SK_QUERY_VERSION);
        rc = sk_query_exec(q, sql);

    } else if (rc == SK_OK && version != SK_QUERY_VERSION) {
        rc = SK_ERROR;
    }

    if (rc == SK_OK) {
        rc = sk_query_exec(q, "COMMIT");
    }

    if (rc != SK_OK) {
        *stale = (rc == SK_ERROR);
        return rc;
    }

    /* a transaction that is to write would lock what is not read-only */

    rc = sk_query_attach(q);

    if (rc == SK_OK) {
        rc = sk_query_number(q, "SELECT count(*) FROM progress p WHERE seq = 0"
                             " OR EXISTS (SELECT 1 FROM store.ledger l"
                             " WHERE l.seq = p.seq AND l.at = p.at"
                             " AND l.type = p.type)", &version);

        if (rc == SK_OK && version != 1) {
            *stale = 1;
            return SK_ERROR;
        }
    }

    if (rc == SK_OK) {
        rc = sk_query_prepare(q);
    }

    sk_ledger_identify(q->path, &q->dev, &q->ino);

    q->indexed = 0;

    return rc;
}


static int
sk_query_attach(sk_query_t *q)
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

    rc = sql ? sk_query_exec(q, sql) : sk_query_fail(q, SQLITE_NOMEM);

    sqlite3_free(text);
    sqlite3_free(sql);

    return rc;
}


static int
sk_query_prepare(sk_query_t *q)
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
            return sk_query_fail(q, rc);
        }
    }

    return SK_OK;
}


static void
sk_query_close(sk_query_t *q)
{
    size_t  i;

    sqlite3_stmt **const  stmts[] = {
        &q->begin, &q->commit, &q->end, &q->seen, &q->won, &q->changed,
        &q->sales, &q->set
    };

    for (i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        (void) sqlite3_finalize(*stmts[i]);
        *stmts[i] = NULL;
    }

    (void) sqlite3_close(q->db);
    q->db = NULL;
    q->dev = 0;
    q->ino = 0;

    sk_store(&q->zone->query_seq, 0);
}


static void
sk_query_remove(sk_query_t *q)
{
    char  name[sizeof(q->path) + 8];

    sk_query_close(q);

    (void) unlink(q->path);
    (void) snprintf(name, sizeof(name), "%s-wal", q->path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-shm", q->path);
    (void) unlink(name);
}


static int
sk_query_slice(sk_query_t *q)
{
    int       rc;
    size_t    i;
    int64_t   from, to, end;

    sqlite3_stmt *const  fill[] = { q->won, q->changed, q->sales, q->set };

    rc = sqlite3_step(q->end);
    end = (rc == SQLITE_ROW) ? sqlite3_column_int64(q->end, 0) : 0;
    (void) sqlite3_reset(q->end);

    if (rc != SQLITE_ROW) {
        return sk_query_fail(q, rc);
    }

    /* another server's thread may fill the same tables */

    rc = sk_query_step(q, q->begin);

    if (rc != SK_OK) {
        return rc;
    }

    rc = sqlite3_step(q->seen);
    from = (rc == SQLITE_ROW) ? sqlite3_column_int64(q->seen, 0) : 0;
    (void) sqlite3_reset(q->seen);

    rc = (rc == SQLITE_ROW) ? SK_OK : sk_query_fail(q, rc);

    to = (end - from > SK_QUERY_SLICE) ? from + SK_QUERY_SLICE : end;

    for (i = 0; i < sizeof(fill) / sizeof(fill[0]) && to > from; i++) {

        if (rc == SK_OK) {
            (void) sqlite3_bind_int64(fill[i], 1, from);
            (void) sqlite3_bind_int64(fill[i], 2, to);

            rc = sk_query_step(q, fill[i]);
        }
    }

    if (rc == SK_OK) {
        rc = sk_query_step(q, q->commit);
    }

    if (rc != SK_OK) {
        (void) sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
        return rc;
    }

    if (to < end) {
        if (q->indexed) {
            sk_store_release(&q->zone->query_seq, (uint64_t) to);
        }

        return SK_MORE;
    }

    if (!q->indexed) {
        rc = sk_query_exec(q, sk_query_indexes);

        if (rc != SK_OK) {
            return rc;
        }

        q->indexed = 1;
    }

    to = (to > from) ? to : from;

    sk_store_release(&q->zone->query_seq, (uint64_t) to);

    return SK_OK;
}


static int
sk_query_number(sk_query_t *q, const char *sql, int64_t *n)
{
    int            rc;
    sqlite3_stmt  *stmt;

    *n = 0;

    rc = sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL);

    if (rc != SQLITE_OK) {
        return sk_query_fail(q, rc);
    }

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        *n = sqlite3_column_int64(stmt, 0);
    }

    (void) sqlite3_finalize(stmt);

    return (rc == SQLITE_ROW) ? SK_OK : sk_query_fail(q, rc);
}


static int
sk_query_exec(sk_query_t *q, const char *sql)
{
    int  rc;

    rc = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

    return (rc == SQLITE_OK) ? SK_OK : sk_query_fail(q, rc);
}


static int
sk_query_step(sk_query_t *q, sqlite3_stmt *stmt)
{
    int  rc;

    rc = sqlite3_step(stmt);

    rc = (rc == SQLITE_DONE) ? SK_OK : sk_query_fail(q, rc);

    (void) sqlite3_reset(stmt);

    return rc;
}


static int
sk_query_fail(sk_query_t *q, int rc)
{
    (void) snprintf(q->error, sizeof(q->error), "%s",
                    q->db ? sqlite3_errmsg(q->db) : sqlite3_errstr(rc));

    rc &= 0xff;

    return (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) ? SK_AGAIN : SK_ERROR;
}


int
sk_query_start(sk_drain_t *d, void (*progress)(void *ctx))
{
    int              rc;
    sigset_t         all, old;
    pthread_t        thread;
    sk_query_t      *q;
    pthread_attr_t   attr;

    q = sk_query_create(d->zone, d->path);
    if (q == NULL) {
        return SK_ERROR;
    }

    q->drain = d;
    q->progress = progress;

    if (pthread_attr_init(&attr) != 0) {
        sk_query_destroy(q);
        return SK_ERROR;
    }

    (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);

    /* signals are for the thread that knows what to do with them */

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);

    rc = pthread_create(&thread, &attr, sk_query_thread, q);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void) pthread_attr_destroy(&attr);

    if (rc != 0) {
        sk_query_destroy(q);
        return SK_ERROR;
    }

    return SK_OK;
}


static void *
sk_query_thread(void *data)
{
    sk_query_t  *q = data;

    int         rc;
    int64_t     start_us, took_us;
    unsigned    polls;
    sk_zone_t  *zone;

    zone = q->zone;
    polls = 0;

    for ( ;; ) {

        /* now and then it looks whether its file is there still */

        if (sk_load_acquire(&zone->state) != SK_ZONE_READY
            || (q->db && q->indexed && ++polls % SK_QUERY_LOOK
                && sk_load(&zone->query_seq) >= sk_load(&zone->applied_seq)))
        {
            sk_query_sleep(SK_QUERY_POLL_MS);
            continue;
        }

        start_us = sk_drain_now_us();

        rc = sk_query_fill(q);

        took_us = sk_drain_now_us() - start_us;

        sk_query_told(q, rc);

        if (rc == SK_ERROR || rc == SK_AGAIN) {
            sk_query_sleep(SK_QUERY_RETRY_MS);
            continue;
        }

        q->progress(q->drain->ctx);

        /* the claims' processes come first, unless somebody waits for this */

        if (rc == SK_MORE && sk_queue_depth(&zone->queue)
            && sk_load(&zone->query_wanted) <= sk_load(&zone->query_seq))
        {
            sk_query_sleep((unsigned) (took_us * SK_QUERY_REST / 1000) + 1);
        }
    }

    return NULL;
}


/* said once, until it is over */

static void
sk_query_told(sk_query_t *q, int rc)
{
    if (rc == SK_ERROR && !q->failed) {
        q->failed = 1;
        sk_drain_log(q->drain, SK_LOG_ERR, "query tables: %s", q->error);

    } else if (rc != SK_ERROR && rc != SK_AGAIN && q->failed) {
        q->failed = 0;
        sk_drain_log(q->drain, SK_LOG_NOTICE, "query tables work again");
    }
}


static void
sk_query_sleep(unsigned ms)
{
    struct timespec  ts;

    ts.tv_sec = ms / 1000;
    ts.tv_nsec = (long) (ms % 1000) * 1000000;

    (void) nanosleep(&ts, NULL);
}
