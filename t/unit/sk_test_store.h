/* what the tests of the store share: a directory, a drainer, SQL */


#ifndef _SK_TEST_STORE_H_INCLUDED_
#define _SK_TEST_STORE_H_INCLUDED_


#include <sqlite3.h>

#include "sk_test.h"
#include "sk_schema.h"
#include "fault_vfs.h"


#define ZONE_SIZE  (1024 * 1024)
#define SETTLE_MAX  1000


static char  dir[64];
static char  path[128];
static char  logged[4096];


static inline void
log_message(void *ctx, sk_log_e level, const char *message)
{
    (void) ctx;

    if (level == SK_LOG_DEBUG) {
        return;
    }

    if (getenv("SK_TEST_VERBOSE")) {
        (void) fprintf(stderr, "%s\n", message);
    }

    (void) snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged),
                    "%s\n", message);
}


static inline int
setup(void **state)
{
    (void) state;

    (void) snprintf(dir, sizeof(dir), "/tmp/seckill-test-XXXXXX");

    if (mkdtemp(dir) == NULL) {
        return -1;
    }

    (void) snprintf(path, sizeof(path), "%s/drop.db", dir);
    logged[0] = '\0';
    fault_vfs_off();

    return 0;
}


static inline int
teardown(void **state)
{
    char  name[256];

    (void) state;

    fault_vfs_off();

    (void) unlink(path);
    (void) snprintf(name, sizeof(name), "%s-wal", path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-shm", path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-query", path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-query-wal", path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-query-shm", path);
    (void) unlink(name);

    return rmdir(dir);
}


static inline sk_drain_t
drainer(sk_zone_t *zone, const sk_sale_def_t *sales, unsigned n)
{
    sk_drain_t  d;

    memset(&d, 0, sizeof(d));

    d.writer.zone = zone;
    d.writer.path = path;
    d.writer.full = 1;
    d.writer.log.write = log_message;
    d.declare.sales = sales;
    d.declare.n_sales = n;

    return d;
}


/* works until there is nothing left to do, or to be done now */

static inline int
settle_clocks(sk_drain_t *d, int64_t now_ms, int64_t boot_ms)
{
    int       i, rc;
    unsigned  decided;

    for (i = 0; i < SETTLE_MAX; i++) {
        rc = sk_drain_work(d, now_ms, boot_ms, &decided);

        if (rc != SK_MORE) {
            return rc;
        }
    }

    fail_msg("the drainer does not settle");

    return 0;
}


/* the time of day goes on as time does */

static inline int
settle_at(sk_drain_t *d, int64_t now_ms)
{
    return settle_clocks(d, now_ms, now_ms);
}


static inline int
settle(sk_drain_t *d)
{
    return settle_at(d, SK_TEST_NOW);
}


/* claims of so many users, PREFIX0 and on, each in a commit of its own */

static inline void
sell(sk_drain_t *d, const char *sale, const char *prefix, unsigned n)
{
    char      user[32];
    unsigned  i;

    for (i = 0; i < n; i++) {
        (void) snprintf(user, sizeof(user), "%s%u", prefix, i);
        (void) sk_test_claim(d->writer.zone,
                             sk_zone_sale(d->writer.zone, sale, strlen(sale)),
                             user);
        assert_int_equal(settle(d), SK_OK);
    }
}


static inline sk_outcome_e
outcome_of(sk_zone_t *zone, uint64_t ticket)
{
    uint64_t      order;
    uint32_t      expires_s;
    sk_outcome_e  outcome;

    assert_true(ticket < sk_load(&zone->queue.head));
    assert_int_equal(sk_queue_outcome(&zone->queue, ticket, &outcome, &order,
                                      &expires_s),
                     SK_OK);
    return outcome;
}


static inline void
exec_sql(const char *sql)
{
    int       rc;
    sqlite3  *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}


static inline int
count_sql(const char *sql)
{
    int            n;
    sqlite3       *db;
    sqlite3_stmt  *stmt;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    return n;
}


#endif /* _SK_TEST_STORE_H_INCLUDED_ */
