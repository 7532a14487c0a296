/*
 * Commits and the chain over them: the bytes that are chained, in this test as
 * another program packs them; what older versions and other programs wrote; and
 * what does not fit to its chain.
 */

#include <sodium.h>

#include "sk_ledger_db.h"
#include "sk_test_operator.h"


#define BYTES(text)  { sizeof(text) - 1, text }
#define NONE         { 0, NULL }


static const char  hash[] =
    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
    "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

static const sk_row_t  rows[] = {
    { 1, 1000000, BYTES("sale_added"), 1, NONE, 0, 0, 0,
      BYTES("{\"name\":\"phone\"}"), BYTES("k1"), BYTES(hash) },
    { 2, 1000001, BYTES("won"), 1, BYTES("al\xffice"), 7, 0, 1900000,
      NONE, NONE, NONE },
    { 3, 1700000000000, BYTES("paid"), 1, BYTES("al\xffice"), 0, 2, 0,
      BYTES("{\"by\":null}"), NONE, NONE },
};

#define N_ROWS  (sizeof(rows) / sizeof(rows[0]))

/* of the first row, and of the other two: Python's msgpack and hashlib */

static const char *const  packed[2] = {
    "919b01ce000f4240aa73616c655f616464656401c0c0c0c0b07b226e616d65223a227068"
    "6f6e65227dc4026b31c420000102030405060708090a0b0c0d0e0f101112131415161718"
    "191a1b1c1d1e1f",
    "929b02ce000f4241a3776f6e01c406616cff69636507c0ce001cfde0c0c0c09b03cf0000"
    "018bcfe56800a47061696401c406616cff696365c002c0ab7b226279223a6e756c6c7dc0"
    "c0"
};

static const char *const  chains[2] = {
    "0ac7fd90eec90582b1c7105dc5e3bba50ca58f37af066ed3a876f32a701b52e8",
    "7a9a2e04e43bc97a7abdf696b0180f55dca3d8f12d19c3f7c12c296240d03f1a"
};


static void
assert_hex(const void *data, size_t len, const char *hex)
{
    char  text[1024];

    assert_true(2 * len < sizeof(text));
    assert_string_equal(sodium_bin2hex(text, sizeof(text), data, len), hex);
}


static void
test_bytes(void **state)
{
    sk_pack_t   p;
    sk_bytes_t  commit;
    uint8_t     chain[SK_CHAIN_SIZE];

    (void) state;

    memset(chain, 0, sizeof(chain));
    sk_pack_init(&p);

    sk_pack_add(&p, &rows[0]);
    assert_int_equal(sk_pack_end(&p, &commit), SK_OK);
    assert_hex(commit.data, commit.len, packed[0]);
    sk_pack_chain(chain, &commit);
    assert_hex(chain, sizeof(chain), chains[0]);

    sk_pack_clear(&p);
    sk_pack_add(&p, &rows[1]);
    sk_pack_add(&p, &rows[2]);
    assert_int_equal(sk_pack_end(&p, &commit), SK_OK);
    assert_hex(commit.data, commit.len, packed[1]);
    sk_pack_chain(chain, &commit);
    assert_hex(chain, sizeof(chain), chains[1]);

    sk_pack_free(&p);
}


static int
again(void *ctx, const sk_row_t *row)
{
    sk_pack_add(ctx, row);

    return SK_OK;
}


/* any number of rows, and what is cut or changed: read as it is, or not */

static void
test_read(void **state)
{
    char        *copy;
    size_t       i;
    unsigned     n;
    sk_pack_t    one, two;
    sk_bytes_t   commit, other;

    (void) state;

    sk_pack_init(&one);
    sk_pack_init(&two);

    for (n = 1; n <= 70000; n += (n < 20) ? 1 : 23326) {
        sk_pack_clear(&one);
        sk_pack_clear(&two);

        for (i = 0; i < n; i++) {
            sk_pack_add(&one, &rows[i % N_ROWS]);
        }

        assert_int_equal(sk_pack_end(&one, &commit), SK_OK);
        assert_int_equal(sk_pack_read(&commit, again, &two), SK_OK);
        assert_int_equal(two.n, n);
        assert_int_equal(sk_pack_end(&two, &other), SK_OK);
        assert_int_equal(commit.len, other.len);
        assert_memory_equal(commit.data, other.data, other.len);
    }

    sk_pack_clear(&one);
    sk_pack_add(&one, &rows[0]);
    sk_pack_add(&one, &rows[1]);
    assert_int_equal(sk_pack_end(&one, &commit), SK_OK);

    /* in memory of just that size: a sanitizer sees who reads past it */

    for (i = 0; i < commit.len; i++) {
        copy = malloc(i ? i : 1);
        memcpy(copy, commit.data, i);
        other.data = copy;
        other.len = i;
        assert_int_equal(sk_pack_read(&other, again, &two), SK_DAMAGED);
        free(copy);
    }

    copy = malloc(commit.len + 1);
    memcpy(copy, commit.data, commit.len);
    copy[commit.len] = 0;
    other.data = copy;
    other.len = commit.len + 1;
    assert_int_equal(sk_pack_read(&other, again, &two), SK_DAMAGED);

    for (i = 0; i < commit.len * 8; i++) {
        memcpy(copy, commit.data, commit.len);
        copy[i / 8] ^= (char) (1 << i % 8);
        other.data = copy;
        other.len = commit.len;
        (void) sk_pack_read(&other, again, &two);
    }

    free(copy);
    sk_pack_free(&one);
    sk_pack_free(&two);
}


static int
begin_with_sale(void **state)
{
    if (begin(state) != 0) {
        return -1;
    }

    return command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":90}")
           == 201 ? 0 : -1;
}


static sk_ledger_t *
open_ledger(void)
{
    char          error[SK_LEDGER_ERROR_SIZE_MAX];
    sk_ledger_t  *l;

    assert_int_equal(sk_ledger_open(&l, path, 0, error), SK_OK);

    return l;
}


/* each commit is what its chain was made of, up to the head; how many are */

static unsigned
follow_chain(sk_head_t *head)
{
    int           rc;
    unsigned      n;
    sk_head_t     next;
    sk_commit_t   commit;
    sk_ledger_t  *l;

    l = open_ledger();

    memset(&next, 0, sizeof(next));
    n = 0;

    while ((rc = sk_ledger_read_commit(l, &next, &commit)) == SK_OK) {
        assert_memory_equal(&commit.before, &next, sizeof(next));
        assert_true(commit.head.number > next.number);

        sk_pack_chain(next.chain, &commit.data);
        next.number = commit.head.number;
        assert_true(sk_head_equal(&next, &commit.head));
        n++;
    }

    assert_int_equal(rc, SK_NOT_FOUND);
    assert_int_equal(sk_ledger_head(l, head), SK_OK);
    assert_true(sk_head_equal(&next, head));

    sk_ledger_close(l);

    return n;
}


/* all that a shop does is in commits, and the zone knows where they end */

static void
test_shop(void **state)
{
    sk_head_t  head, told;

    (void) state;

    sell(&d, "phone", "u", 4);
    (void) command(SK_PRODUCT_ADD, "", "{\"name\":\"Tea\",\"price\":1,"
                   "\"currency\":\"EUR\"}");
    (void) command(SK_SALE_PAUSE, "phone", "");
    (void) command(SK_SALE_RESUME, "phone", "");

    assert_int_equal(follow_chain(&head), 8);
    assert_int_equal(head.number, 8);
    sk_zone_head(zone, &told);
    assert_true(sk_head_equal(&head, &told));

    /* a refusal is none, a batch is one */

    (void) command(SK_SALE_PAUSE, "none", "");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "a");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "b");
    assert_int_equal(settle(&d), SK_OK);

    assert_int_equal(follow_chain(&head), 9);
    assert_int_equal(head.number, 10);
    sk_zone_head(zone, &told);
    assert_true(sk_head_equal(&head, &told));

    /* and one that starts from the file knows it, too */

    sk_drain_close(&d);
    memset(&zone->head, 0, sizeof(sk_head_t));
    assert_int_equal(settle(&d), SK_OK);
    sk_zone_head(zone, &told);
    assert_true(sk_head_equal(&head, &told));
}


/* what is in no commit becomes some, when a store is opened or written to */

static void
test_without_commits(void **state)
{
    sk_head_t  head;

    (void) state;

    sk_drain_close(&d);
    exec_sql("DROP TABLE commits; DROP TABLE machine; DROP TABLE reigns;"
             "DROP TABLE secrets; DROP INDEX ledger_queued;"
             "DROP INDEX ledger_machine; PRAGMA user_version = 3;"
             "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL"
             " SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO ledger"
             " (seq, at, type, sale, object, user) SELECT i, 1000001,"
             " 'cancelled', 1, i, 'u' FROM n");

    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(follow_chain(&head), 3);
    assert_int_equal(head.number, 2500);
}


/* the next commit is the program's own, the one before it is not */

static void
test_by_another_program(void **state)
{
    sk_head_t  head, told;

    (void) state;

    exec_sql("INSERT INTO ledger (seq, at, type, sale, object, user) VALUES"
             " (2, 1000001, 'cancelled', 1, 1, 'u'),"
             " (3, 1000001, 'cancelled', 1, 1, CAST('v' AS BLOB))");

    sell(&d, "phone", "u", 1);
    assert_int_equal(follow_chain(&head), 3);
    assert_int_equal(head.number, 4);
    sk_zone_head(zone, &told);
    assert_true(sk_head_equal(&head, &told));
}


/* what was changed afterwards, and what the chain itself cannot be */

static void
test_changed(void **state)
{
    size_t        i;
    sk_head_t     head;
    sk_commit_t   commit;
    sk_ledger_t  *l;
    char          sql[256];

    static const char *const  changes[] = {
        "UPDATE ledger SET user = 'mallory' WHERE seq = 3",
        "UPDATE ledger SET at = at - 1 WHERE seq = 3",
        "UPDATE ledger SET ticket = NULL WHERE seq = 3",
        "UPDATE ledger SET detail = '{}' WHERE seq = 3",
        "UPDATE ledger SET key = 'k' WHERE seq = 3",
        "DELETE FROM ledger WHERE seq = 3",
        "UPDATE commits SET chain = zeroblob(32) WHERE last = 3",
        "UPDATE commits SET chain = x'00' WHERE last = 3",
        "DELETE FROM commits WHERE last = 3",
    };

    (void) state;

    sell(&d, "phone", "u", 4);
    sk_drain_close(&d);

    exec_sql("DROP TRIGGER ledger_update; DROP TRIGGER ledger_delete;"
             "DROP TRIGGER commits_update; DROP TRIGGER commits_delete");

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        exec_sql("DROP TABLE IF EXISTS l; DROP TABLE IF EXISTS c;"
                 "CREATE TABLE l AS SELECT * FROM ledger;"
                 "CREATE TABLE c AS SELECT * FROM commits");
        (void) snprintf(sql, sizeof(sql), "%s", changes[i]);
        exec_sql(sql);

        l = open_ledger();
        assert_int_equal(sk_ledger_head_at(l, 2, &head), SK_OK);
        assert_int_equal(sk_ledger_read_commit(l, &head, &commit), SK_DAMAGED);
        assert_non_null(strstr(sk_ledger_error(l), "damaged"));
        sk_ledger_close(l);

        exec_sql("DELETE FROM ledger; INSERT INTO ledger SELECT * FROM l;"
                 "DELETE FROM commits; INSERT INTO commits SELECT * FROM c");
    }

    assert_int_equal(follow_chain(&head), 5);
}


static uint64_t
file_sum(const char *name)
{
    int        c;
    FILE      *f;
    uint64_t   sum;

    f = fopen(name, "rb");
    assert_non_null(f);

    for (sum = 5381; (c = getc(f)) != EOF; /* void */ ) {
        sum = sum * 33 + (unsigned) c;
    }

    (void) fclose(f);

    return sum;
}


/* a store in use is read as it is at one moment, and nothing is written */

static void
test_read_only(void **state)
{
    char          error[SK_LEDGER_ERROR_SIZE_MAX], log[512];
    uint64_t      seq, sums[2];
    sk_head_t     head;
    sk_commit_t   commit;
    sk_ledger_t  *l;

    (void) state;

    exec_sql("INSERT INTO ledger (seq, at, type, sale, object, user) VALUES"
             " (2, 1000001, 'cancelled', 1, 1, 'u')");

    (void) snprintf(log, sizeof(log), "%s-wal", path);
    sums[0] = file_sum(path);
    sums[1] = file_sum(log);

    assert_int_equal(sk_ledger_open(&l, path, SK_LEDGER_READ, error), SK_OK);
    assert_int_equal(sk_ledger_begin(l), SK_OK);
    assert_int_equal(sk_ledger_last_seq(l, &seq), SK_OK);
    assert_int_equal(seq, 2);
    assert_int_equal(sk_ledger_head(l, &head), SK_OK);
    assert_int_equal(head.number, 1);
    assert_int_equal(file_sum(path), sums[0]);
    assert_int_equal(file_sum(log), sums[1]);

    sell(&d, "phone", "u", 2);

    memset(&head, 0, sizeof(head));
    assert_int_equal(sk_ledger_read_commit(l, &head, &commit), SK_OK);
    head = commit.head;
    assert_int_equal(head.number, 1);
    assert_int_equal(sk_ledger_read_commit(l, &head, &commit), SK_NOT_FOUND);

    sk_ledger_rollback(l);
    assert_int_equal(sk_ledger_read_commit(l, &head, &commit), SK_OK);
    sk_ledger_close(l);

    assert_int_equal(follow_chain(&head), 4);
    assert_int_equal(head.number, 4);
}


/* an older one has no chain, and gets none from who only reads */

static void
test_read_only_older(void **state)
{
    char          error[SK_LEDGER_ERROR_SIZE_MAX];
    sk_ledger_t  *l;

    (void) state;

    sk_drain_close(&d);
    exec_sql("DROP TABLE commits; PRAGMA user_version = 3");

    assert_int_equal(sk_ledger_open(&l, path, SK_LEDGER_READ, error),
                     SK_NOT_FOUND);
    assert_string_equal(error, "its schema is 3, not yet 4");
    assert_null(l);

    exec_sql("PRAGMA user_version = 9");
    assert_int_equal(sk_ledger_open(&l, path, SK_LEDGER_READ, error), SK_ERROR);
    assert_non_null(strstr(error, "newer version"));

    exec_sql("PRAGMA user_version = 3");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_read),
#define T(name)  cmocka_unit_test_setup_teardown(name, begin_with_sale, end)
        T(test_shop),
        T(test_without_commits),
        T(test_by_another_program),
        T(test_changed),
        T(test_read_only),
        T(test_read_only_older),
#undef T
    };

    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
