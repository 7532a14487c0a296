/*
 * Verification: a good ledger of all kinds of events is sound; and of each way
 * in which one can be broken, exactly the check that is meant breaks, and says
 * with which event.
 */

#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sk_test_store.h"
#include "verify.h"


#define HELD   9000             /* ms */
#define LATER  9900000


/* an event: type, sale, user, object, expires, detail */

typedef struct {
    const char  *type;
    int64_t      sale;
    const char  *user;
    int64_t      object;
    int64_t      expires;
    const char  *detail;
} row_t;


#define DEF(name, stock, limit)                                              \
    "{\"name\":\"" name "\",\"stock\":" #stock ",\"limit\":" #limit "}"
#define GROUP(name, stock, limit)                                            \
    "{\"name\":\"" name "\",\"stock\":" #stock ",\"limit\":" #limit          \
    ",\"group\":\"g\"}"


static const row_t  good[] = {
    { "product_added", 0, NULL, 1, 0, "{\"name\":\"p\"}" },
    { "sale_added", 2, NULL, 0, 0, DEF("phone", 2, 1) },
    { "won", 2, "a", 0, HELD, NULL },
    { "won", 2, "b", 0, HELD, NULL },
    { "queued", 2, "c", 0, 0, NULL },                           /* 5 */
    { "queued", 2, "d", 0, 0, "{\"want\":1}" },
    { "queued", 2, "e", 0, 0, NULL },
    { "asked", 2, "e", 0, 0, NULL },
    { "expired", 2, "b", 4, 0, NULL },
    { "skipped", 2, "c", 5, 0, NULL },                          /* 10 */
    { "won", 2, "d", 6, LATER, NULL },
    { "paid", 2, "a", 3, 0, "{\"by\":\"shop\"}" },
    { "extended", 2, "d", 11, LATER, NULL },
    { "sale_added", 14, NULL, 0, 0, GROUP("left", 5, 1) },
    { "sale_added", 15, NULL, 0, 0, GROUP("right", 5, 1) },     /* 15 */
    { "won", 15, "b", 0, HELD, NULL },
    { "won", 14, "a", 0, 0, NULL },
    { "queued", 14, "z", 0, 0, NULL },
    { "queued", 15, "z", 0, 0, NULL },
    { "skipped", 14, "z", 18, 0, NULL },                        /* 20 */
    { "skipped", 15, "z", 19, 0, NULL },
    { "sale_removed", 14, NULL, 0, 0, GROUP("left", 5, 1) },
    { "won", 15, "a", 0, HELD, NULL },
    { "cancelled", 15, "b", 16, 0,
      "{\"by\":null,\"restock\":false,\"stock\":4}" },
    { "clock_set", 0, NULL, 0, 0, "{}" },                       /* 25 */
    { "machine_joined", 0, NULL, 0, 0, "{\"machine\":\"m1\"}" },
    { "sale_edited", 2, NULL, 0, 0, DEF("phone", 4, 2) },
    { "won", 2, "e", 7, LATER, NULL },
    { "paid", 2, "b", 4, 0, "{\"by\":\"shop\",\"late\":true}" },
    { "product_edited", 0, NULL, 1, 0, "{\"name\":\"q\"}" },    /* 30 */
};

#define GOOD  (sizeof(good) / sizeof(good[0]))


/* at most two more events, or SQL, and what is to break: names of checks */

typedef struct {
    const char  *name;
    row_t        more[2];
    const char  *sql;
    const char  *broken;
    const char  *line;          /* some of what is said */
} case_t;


static const case_t  cases[] = {

    /* what cli.t has not */

    { "past who waits", { { "queued", 2, "x", 0, 0, NULL },
                          { "won", 2, "y", 0, HELD, NULL } }, NULL,
      "orders stock",
      "event 32 (won) without a place in the waiting list, before place 31" },

    { "past who waits, and a unit is free",
      { { "queued", 15, "x", 0, 0, NULL }, { "won", 15, "y", 0, HELD, NULL } },
      NULL, "orders",
      "event 32 (won) without a place in the waiting list, before place 31" },

    { "two places", { { "queued", 15, "x", 0, 0, NULL },
                      { "queued", 15, "x", 0, 0, NULL } }, NULL, "orders",
      "event 32 (queued) of a user who has place 31 in this waiting list" },

    { "nobody's place", { { "skipped", 2, "x", 29, 0, NULL } }, NULL, "orders",
      "event 31 (skipped) of place 29 in a waiting list, which nobody has" },

    { "no place", { { "skipped", 2, "x", 0, 0, NULL } }, NULL, "orders",
      "event 31 (skipped) of place 0 in a waiting list, which nobody has" },

    { "left twice", { { "skipped", 2, "d", 6, 0, NULL } }, NULL, "orders",
      "event 31 (skipped) of place 6 in a waiting list, after place 7" },

    { "another's place", { { "queued", 15, "x", 0, 0, NULL },
                           { "skipped", 15, "y", 31, 0, NULL } }, NULL,
      "orders",
      "event 32 (skipped) has not the sale and the user of place 31" },

    { "a place of another sale", { { "queued", 15, "x", 0, 0, NULL },
                                   { "skipped", 2, "x", 31, 0, NULL } }, NULL,
      "orders",
      "event 32 (skipped) has not the sale and the user of place 31" },

    { "out of turn", { { "skipped", 2, "e", 7, 0, NULL } },
      "DELETE FROM ledger WHERE seq = 10", "numbers orders chain",
      "event 11 (won) of place 6 in a waiting list, before place 5" },

    { "no user who waits", { { "queued", 2, NULL, 0, 0, NULL } }, NULL,
      "contents", "event 31, 'queued': it has no user" },

    { "a user who is too long",
      { { "asked", 2, "12345678901234567890123456789012345678901234567890"
          "12345678901234567890123456789012345678901234567890"
          "12345678901234567890123456789", 0, 0, NULL } }, NULL,
      "contents", "event 31, 'asked': its user is too long" },

    { "more wanted than is possible",
      { { "queued", 15, "x", 0, 0, "{\"want\":10001}" } }, NULL,
      "contents", "event 31, 'queued': its detail cannot be read" },

    { "a hold without end", { { "won", 15, "y", 0, INT64_MAX, NULL } }, NULL,
      "contents", "event 31, 'won': its end cannot be" },

    { "a time before all times", { { NULL } },
      "UPDATE ledger SET at = -1 WHERE seq = 25", "contents chain",
      "event 25, 'clock_set': its time cannot be" },

    { "a stock that is none", { { "sale_edited", 15, NULL, 0, 0,
                                  DEF("right", -1, 1) } }, NULL,
      "contents", "event 31, 'sale_edited': its detail cannot be read" },

    { "a seed that is none", { { "seed_revealed", 2, NULL, 0, 0,
                                 "{\"seed\":\"12\"}" } }, NULL,
      "contents", "event 31, 'seed_revealed': its detail cannot be read" },

    { "a type with odd characters", { { "w\x1bn", 2, NULL, 0, 0, NULL } }, NULL,
      "contents", "event 31, 'w?n': an unknown type" },

    { "a product that is added again",
      { { "product_added", 0, NULL, 1, 0, "{\"name\":\"p\"}" } }, NULL,
      "lives", "(product_added) of product 1, which was added before" },

    { "a sale of a product's number", { { "won", 1, "x", 0, HELD, NULL } },
      NULL, "lives", "event 31 (won) of a sale 1 that was never added" },

    { "a group's limit, and a late payment",
      { { "won", 15, "b", 0, HELD, NULL }, { "won", 15, "b", 0, HELD, NULL } },
      NULL, "limits",
      "event 32: 2 units of one user, the limit of sale 15 is 1" },

    { "a commit whose chain has gone", { { NULL } },
      "UPDATE commits SET chain = x'00' WHERE last = 5", "chain",
      "after event 4: damaged: commit 5 has no chain" },

    { "two commits that were changed", { { NULL } },
      "UPDATE ledger SET ticket = 9 WHERE seq IN (3, 20)", "chain",
      "after event 19: damaged: the events up to 20 are not" },

    { "a commit that is gone", { { NULL } },
      "DELETE FROM commits WHERE last = 7", "chain",
      "after event 6: damaged: the events up to 8 are not" },

    { "a commit of no event", { { NULL } },
      "INSERT INTO commits VALUES (40, zeroblob(32))", "chain",
      "after event 30: damaged: event 40 does not follow event 30" },

    { "the numbers of a gap", { { NULL } },
      "DELETE FROM ledger WHERE seq = 25", "numbers chain",
      "event 26 follows event 24" },
};


static verify_report_t  report;


static void make(const row_t *more, const char *sql);
static void append(sk_ledger_t *l, int64_t seq, const row_t *row);
static void text(sk_bytes_t *b, const char *s);
static void damage(const char *sql);
static void change(const char *sql);
static int verify(void);
static void broken(char names[128]);
static const char *said(const char *some);


static void
make(const row_t *more, const char *sql)
{
    char          error[SK_LEDGER_ERROR_SIZE_MAX];
    int64_t       seq;
    unsigned      i;
    sk_ledger_t  *l;

    assert_int_equal(sk_ledger_open(&l, path, SK_LEDGER_CREATE, error), SK_OK);

    for (seq = 0; seq < (int64_t) GOOD; seq++) {
        append(l, seq + 1, &good[seq]);
    }

    for (i = 0; more && i < 2 && more[i].type; i++) {
        append(l, ++seq, &more[i]);
    }

    sk_ledger_close(l);

    if (sql) {
        damage(sql);
    }
}


/* each is a commit of its own */

static void
append(sk_ledger_t *l, int64_t seq, const row_t *row)
{
    sk_row_t  r;

    memset(&r, 0, sizeof(r));

    r.seq = seq;
    r.at = 1790000000000 + seq;
    text(&r.type, row->type);
    r.sale = row->sale;
    text(&r.user, row->user);
    r.object = row->object;
    r.expires = row->expires;
    text(&r.detail, row->detail);

    assert_int_equal(sk_ledger_begin(l), SK_OK);
    assert_int_equal(sk_ledger_append_row(l, &r), SK_OK);
    assert_int_equal(sk_ledger_commit(l), SK_OK);
}


static void
text(sk_bytes_t *b, const char *s)
{
    b->data = s;
    b->len = s ? strlen(s) : 0;
}


static void
damage(const char *sql)
{
    sqlite3  *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER ledger_update;"
                                  "DROP TRIGGER ledger_delete;"
                                  "DROP TRIGGER commits_update;"
                                  "DROP TRIGGER commits_delete", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    change(sql);
}


static void
change(const char *sql)
{
    sqlite3  *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}


static int
verify(void)
{
    verify_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    conf.store = path;

    verify_open(&report);

    return verify_store(&report, &conf);
}


static void
broken(char names[128])
{
    unsigned  i;

    names[0] = '\0';

    for (i = 0; i < report.n_checks; i++) {
        if (report.checks[i].verdict == VERIFY_CHECK_BROKEN) {
            (void) snprintf(names + strlen(names), 128 - strlen(names),
                            "%s%.*s", names[0] ? " " : "",
                            (int) strcspn(report.checks[i].what, ":"),
                            report.checks[i].what);
        }
    }
}


static const char *
said(const char *some)
{
    unsigned  i, n;

    for (i = 0; i < report.n_checks; i++) {
        for (n = 0; n < report.checks[i].n_lines; n++) {
            if (strstr(report.checks[i].lines[n].text, some)) {
                return report.checks[i].lines[n].text;
            }
        }
    }

    return NULL;
}


static void
test_good(void **state)
{
    const verify_sum_t  *s;

    (void) state;

    make(NULL, NULL);

    assert_int_equal(verify(), VERIFY_SOUND);
    assert_int_equal(report.n_checks, 8);
    assert_int_equal(report.events, GOOD);
    assert_int_equal(report.last, GOOD);
    assert_int_equal(report.last_ms, 1790000000000 + (int64_t) GOOD);
    assert_true(report.chained);
    assert_int_equal(report.head.number, GOOD);
    assert_int_equal(report.uncommitted, 0);
    assert_false(report.wal);
    assert_int_equal(report.n_sales, 3);

    s = &report.sales[0];
    assert_int_equal(s->stock, 4);
    assert_int_equal(s->sold, 0);
    assert_int_equal(s->held, 2);
    assert_int_equal(s->paid, 2);
    assert_int_equal(s->expired, 0);
    assert_int_equal(s->cancelled, 0);
    assert_false(s->removed);

    s = &report.sales[1];
    assert_int_equal(s->sold, 1);
    assert_true(s->removed);

    s = &report.sales[2];
    assert_int_equal(s->stock, 4);
    assert_int_equal(s->held, 1);
    assert_int_equal(s->cancelled, 1);

    verify_close(&report);
}


static void
test_broken(void **state)
{
    char           names[128];
    size_t         i;
    const case_t  *c;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        c = &cases[i];

        make(c->more, c->sql);

        if (verify() != VERIFY_BROKEN) {
            fail_msg("%s: it is not found", c->name);
        }

        broken(names);

        if (strcmp(names, c->broken) != 0) {
            fail_msg("%s: \"%s\" are broken", c->name, names);
        }

        if (said(c->line) == NULL) {
            fail_msg("%s: \"%s\" is not said", c->name, c->line);
        }

        verify_close(&report);
        (void) teardown(state);
        (void) setup(state);
    }
}


/* who joins while a claim is decided that was admitted before */

static void
test_same_commit(void **state)
{
    (void) state;

    make((row_t[]) { { "queued", 15, "x", 0, 0, NULL },
                     { "won", 15, "y", 0, HELD, NULL } },
         "DELETE FROM commits WHERE last > 30");

    /* they are in no commit: it is not known that they are in two */

    assert_int_equal(verify(), VERIFY_SOUND);
    assert_int_equal(report.uncommitted, 2);
    assert_non_null(said("2 events after it are in no commit yet"));

    verify_close(&report);
}


/* of commits of many events: which one was changed, and no other */

static void
test_commits(void **state)
{
    char          error[SK_LEDGER_ERROR_SIZE_MAX];
    size_t        i;
    sk_ledger_t  *l;

    static const char  *rows =
        "INSERT INTO ledger (seq, at, type, sale, user)"
        " WITH n(i) AS (SELECT 31 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 3000)"
        " SELECT i, 1790000000031, 'asked', 2, 'e' FROM n";

    static const struct {
        const char  *sql;
        const char  *line;
    } changes[] = {
        { "DELETE FROM ledger WHERE seq = 500",
          "after event 30: damaged: event 501 does not follow event 499" },
        { "DELETE FROM ledger WHERE seq = 1054",
          "after event 30: damaged: event 1054 does not follow event 1053" },
        { "UPDATE ledger SET user = 'f' WHERE seq = 2000",
          "after event 1054: damaged: the events up to 2078 are not those" },
        { "UPDATE commits SET last = 1053 WHERE last = 1054",
          "after event 30: damaged: the events up to 1053 are not those" },
    };

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        make(NULL, rows);

        assert_int_equal(sk_ledger_open(&l, path, 0, error), SK_OK);
        sk_ledger_close(l);

        assert_int_equal(verify(), VERIFY_SOUND);
        assert_int_equal(report.uncommitted, 0);
        verify_close(&report);

        change(changes[i].sql);

        assert_int_equal(verify(), VERIFY_BROKEN);
        assert_non_null(said(changes[i].line));
        assert_string_equal(report.checks[7].what,
                            "chain: each commit is what it was");

        /* where another one begins, its first event is gone, too */

        assert_int_equal(report.checks[7].n_lines,
                         strstr(changes[i].sql, "1053") ? 2 : 1);
        verify_close(&report);

        (void) teardown(state);
        (void) setup(state);
    }
}


/* more rows than fit into all batches; a row that is longer than a batch */

static void
test_many(void **state)
{
    (void) state;

    make(NULL, "INSERT INTO ledger (seq, at, type, sale, user, detail)"
         " WITH n(i) AS (SELECT 31 UNION ALL SELECT i + 1 FROM n"
         " WHERE i < 30000)"
         " SELECT i, 1790000000031, 'asked', 2, 'e',"
         " iif(i = 20000, hex(zeroblob(300000)), NULL) FROM n");

    assert_int_equal(verify(), VERIFY_SOUND);
    assert_int_equal(report.events, 30000);
    assert_int_equal(report.uncommitted, 30000 - GOOD);
    verify_close(&report);

    /* each is a user, and the table grows */

    (void) teardown(state);
    (void) setup(state);
    make(NULL, "INSERT INTO ledger (seq, at, type, sale, user)"
        " WITH n(i) AS (SELECT 31 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 200000)"
        " SELECT i, 1790000000031, 'queued', 2, 'u' || i FROM n;"
        "INSERT INTO ledger (seq, at, type, sale, user, object)"
        " WITH n(i) AS (SELECT 31 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 200000)"
        " SELECT i + 199970, 1790000000031, 'skipped', 2, 'u' || i, i FROM n;");

    assert_int_equal(verify(), VERIFY_SOUND);
    assert_int_equal(report.events, 399970);
    verify_close(&report);
}


/* with a log of writes beside it, and without: the last event is what is
   there */

static void
test_wal(void **state)
{
    char          error[SK_LEDGER_ERROR_SIZE_MAX], name[128], copy[128];
    row_t         row = { "asked", 2, "e", 0, 0, NULL };
    FILE         *from, *to;
    size_t        n;
    static char   bytes[65536];
    sk_ledger_t  *l;

    (void) state;

    make(NULL, NULL);

    assert_int_equal(sk_ledger_open(&l, path, 0, error), SK_OK);
    append(l, 31, &row);

    assert_int_equal(verify(), VERIFY_SOUND);
    assert_int_equal(report.last, 31);
    assert_true(report.wal);
    verify_close(&report);

    /* cp, without it */

    (void) snprintf(copy, sizeof(copy), "%s/copy.db", dir);
    from = fopen(path, "r");
    to = fopen(copy, "w");
    assert_true(from && to);

    while ((n = fread(bytes, 1, sizeof(bytes), from)) > 0) {
        assert_int_equal(fwrite(bytes, 1, n, to), n);
    }

    (void) fclose(from);
    (void) fclose(to);
    memcpy(name, path, sizeof(name));
    memcpy(path, copy, sizeof(path));

    assert_int_equal(verify(), VERIFY_SOUND);
    assert_int_equal(report.last, 30);
    assert_false(report.wal);
    verify_close(&report);

    sk_ledger_close(l);
    (void) unlink(copy);
    (void) snprintf(copy, sizeof(copy), "%s/copy.db-wal", dir);
    (void) unlink(copy);
    (void) snprintf(copy, sizeof(copy), "%s/copy.db-shm", dir);
    (void) unlink(copy);
    memcpy(path, name, sizeof(path));
}


static void
test_refused(void **state)
{
    FILE     *file;
    sqlite3  *db;

    (void) state;

    assert_int_equal(verify(), VERIFY_FAILED);
    assert_non_null(strstr(report.error, "there is no such file"));
    verify_close(&report);

    file = fopen(path, "w");
    assert_non_null(file);
    (void) fprintf(file, "%5000s", "x");
    (void) fclose(file);

    assert_int_equal(verify(), VERIFY_FAILED);
    assert_non_null(strstr(report.error, "file is not a database"));
    verify_close(&report);

    (void) unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE ledger (seq)", NULL, NULL,
                                  NULL), SQLITE_OK);

    assert_int_equal(verify(), VERIFY_FAILED);
    assert_non_null(strstr(report.error, "it is not a seckill store"));
    verify_close(&report);

    assert_int_equal(sqlite3_exec(db, "PRAGMA application_id = 1396919116;"
                                  "PRAGMA user_version = 7", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    assert_int_equal(verify(), VERIFY_FAILED);
    assert_non_null(strstr(report.error, "it has schema 7, this command knows "
                                         "6"));
    verify_close(&report);
}


/* a page that is damaged is no finding: it cannot be read */

static void
test_unreadable(void **state)
{
    FILE    *file;
    long     size, at;

    (void) state;

    make(NULL, "INSERT INTO ledger (seq, at, type, sale, user)"
         " WITH n(i) AS (SELECT 31 UNION ALL SELECT i + 1 FROM n"
         " WHERE i < 5000)"
         " SELECT i, 1790000000031, 'asked', 2, 'e' FROM n");

    file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);

    for (at = size / 2 / 4096 * 4096; at < size; at += 4096) {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        (void) fputs("damaged!", file);
    }

    (void) fclose(file);

    assert_int_equal(verify(), VERIFY_FAILED);
    assert_non_null(strstr(report.error, "malformed"));
    verify_close(&report);
}


static void
test_number(void **state)
{
    char  n[VERIFY_NUMBER_SIZE];

    (void) state;

    assert_string_equal(verify_number(n, 0), "0");
    assert_string_equal(verify_number(n, 999), "999");
    assert_string_equal(verify_number(n, 1000), "1,000");
    assert_string_equal(verify_number(n, -1234567), "-1,234,567");
    assert_string_equal(verify_number(n, INT64_MIN),
                        "-9,223,372,036,854,775,808");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
        cmocka_unit_test(test_number),
    };

    if (sodium_init() == -1) {
        return 1;
    }

    return cmocka_run_group_tests(tests, NULL, NULL);
}
