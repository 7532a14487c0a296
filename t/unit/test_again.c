/* commands that are asked again, begun by another, or meet a failing store */

#include "sk_test_operator.h"


static void
test_idempotency(void **state)
{
    int       n;
    char      first[256];
    uint64_t  one, two, three;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");

    one = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 1);
    two = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 1);
    three = post(SK_SALE_EDIT, "phone", "{\"add_stock\":6}", "k", 2);
    settle(&d);

    collect(one);
    assert_int_equal(reply.status, 200);
    assert_in_range(reply.len, 1, sizeof(first) - 1);
    memcpy(first, reply.body, reply.len + 1);
    says("\"stock\":6,");
    collect(two);
    assert_string_equal(reply.body, first);
    collect(three);
    assert_int_equal(reply.status, 409);
    says("another request had this Idempotency-Key");

    /* what was done then, after other edits and a restart: with the units that
       are free now */

    (void) command(SK_SALE_EDIT, "phone", "{\"stock\":50}");
    restart(NULL, 0);
    n = events();
    one = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 1);
    settle(&d);
    collect(one);
    assert_int_equal(reply.status, 200);
    says("\"stock\":6,");
    says("\"free\":50,");
    assert_int_equal(events(), n);

    /* what was made is said where it is */

    one = post(SK_SALE_ADD, "", "{\"name\":\"pen\",\"stock\":1}", "made", 1);
    two = post(SK_SALE_ADD, "", "{\"name\":\"pen\",\"stock\":1}", "made", 1);
    settle(&d);
    collect(one);
    collect(two);
    assert_int_equal(reply.status, 201);
    assert_string_equal(reply.path, "sales/pen");

    /* a refusal is not remembered */

    one = post(SK_ORDER_CONFIRM, "99", "", "none", 1);
    settle(&d);
    collect(one);
    assert_int_equal(reply.status, 404);
    two = post(SK_SALE_EDIT, "phone", "{\"limit\":3}", "none", 2);
    settle(&d);
    collect(two);
    assert_int_equal(reply.status, 200);

    /* for a day */

    one = post(SK_SALE_EDIT, "phone", "{\"limit\":4}", "none", 3);
    settle_at(&d, SK_TEST_NOW + SK_OPERATOR_KEEP_MS);
    collect(one);
    assert_int_equal(reply.status, 200);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE key = 'none'"), 2);
}


/* an event with the key that is none of ours: too long for a reply, of a type
   that no command makes, and one that cannot be understood */

static void
test_kept_by_somebody_else(void **state)
{
    uint64_t  one;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");

    one = post(SK_PRODUCT_ADD, "", PHONE, "p", 1);
    settle(&d);
    collect(one);
    assert_int_equal(reply.status, 201);

    exec_sql("DROP TRIGGER ledger_update; UPDATE ledger SET detail ="
             " json_set(detail, '$.description', printf('%.100000c', 'x'))"
             " WHERE key = 'p'");

    one = post(SK_PRODUCT_ADD, "", PHONE, "p", 1);
    settle(&d);
    collect(one);
    assert_int_equal(reply.status, 201);
    assert_int_equal(reply.len, 0);
    assert_int_equal(events(), 2);

    exec_sql("UPDATE ledger SET type = 'clock_set' WHERE key = 'p'");

    one = post(SK_PRODUCT_ADD, "", "{\"name\":\"Pen\",\"price\":1,"
               "\"currency\":\"EUR\"}", "p", 1);
    settle(&d);
    collect(one);
    assert_int_equal(reply.status, 201);
    says("\"name\":\"Pen\"");

    one = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 1);
    settle(&d);
    collect(one);

    exec_sql("UPDATE ledger SET detail = '{\"by\":\"ops\"}'"
             " WHERE key = 'k'");

    one = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 1);
    assert_int_equal(settle(&d), SK_ERROR);
    collect(one);
    assert_int_equal(reply.status, 503);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 6);
    assert_non_null(strstr(logged, "damaged: event 4"));
}


/* begun by a drainer that was killed: with a key it can be told what became
   of it, without one it cannot */

static void
test_begun_by_another(void **state)
{
    uint64_t            one, two;
    sk_command_cell_t  *cell;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");

    one = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "", 0);
    assert_int_equal(sk_command_begin(d.commands, one, &cell), SK_OK);
    settle(&d);
    collect(one);
    assert_int_equal(reply.status, 503);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 1);

    two = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 0);
    assert_int_equal(sk_command_begin(d.commands, two, &cell), SK_OK);
    settle(&d);
    collect(two);
    assert_int_equal(reply.status, 200);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 6);

    /* one that was withdrawn is not done */

    one = post(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "", 0);
    assert_int_equal(sk_command_withdraw(d.commands, one), SK_OK);
    two = post(SK_SALE_EDIT, "phone", "{\"limit\":2}", "", 0);
    settle(&d);
    collect(two);
    says("\"stock\":6,");
    assert_int_equal(sk_command_collect(d.commands, one, &reply), SK_ERROR);
}


static void
test_store_fails(void **state)
{
    uint64_t  ticket;
    sqlite3  *db;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");

    /* locked: it waits */

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ticket = post(SK_SALE_EDIT, "phone", "{\"stock\":4}", "", 0);
    assert_int_equal(settle(&d), SK_AGAIN);
    assert_int_equal(sk_command_collect(d.commands, ticket, &reply), SK_AGAIN);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(settle(&d), SK_OK);
    collect(ticket);
    assert_int_equal(reply.status, 200);

    /* broken: it is told so */

    assert_int_equal(rename(path, "/tmp/seckill-test-away"), 0);
    ticket = post(SK_SALE_EDIT, "phone", "{\"stock\":5}", "", 0);
    assert_int_equal(settle(&d), SK_ERROR);
    collect(ticket);
    assert_int_equal(reply.status, 503);
    assert_int_equal(rename("/tmp/seckill-test-away", path), 0);
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 4);
}


/*
 * The store fails in the middle, at each write and sync in turn, while several
 * commands wait for one commit.  All hear of it: nobody is told "done" of what
 * is not, and whoever asks again has it done once.
 */

#define TOGETHER  3

/* all are answered; returns how many were told that it is done */

static unsigned
cancel_together(void)
{
    char      order[2], key[2];
    unsigned  i, done;
    uint64_t  tickets[TOGETHER];

    for (i = 0; i < TOGETHER; i++) {
        (void) snprintf(order, sizeof(order), "%u", 2 + i);
        (void) snprintf(key, sizeof(key), "%u", i);
        tickets[i] = post(SK_ORDER_CANCEL, order, "", key, 0);
    }

    (void) settle(&d);

    for (i = 0, done = 0; i < TOGETHER; i++) {
        collect(tickets[i]);

        if (reply.status == 200) {
            done++;
            says("\"state\":\"cancelled\"");

        } else {
            assert_int_equal(reply.status, 503);
            assert_int_equal(reply.len, 0);
        }
    }

    return done;
}


static void
test_store_fails_within(void **state)
{
    int       n, faults, given_back;
    fault_e   fault;
    unsigned  done;

    given_back = 0;

    for (fault = FAULT_WRITE; fault <= FAULT_SYNC; fault++) {

        for (n = 1, faults = 1; faults; n++) {
            (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":3}");
            sell(&d, "phone", "u", TOGETHER);

            fault_vfs_on(fault, n);
            done = cancel_together();
            faults = fault_vfs_faults();
            fault_vfs_off();

            given_back += (done == 0);

            assert_true(count_sql("SELECT count(*) FROM ledger"
                                  " WHERE type = 'cancelled'") >= (int) done);
            (void) settle(&d);
            assert_int_equal(settle(&d), SK_OK);

            assert_int_equal(cancel_together(), TOGETHER);
            assert_int_equal(events(), 1 + 2 * TOGETHER);
            assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->free),
                             TOGETHER);
            sk_test_conserved(zone);

            assert_int_equal(end(state), 0);
            assert_int_equal(begin(state), 0);
        }
    }

    /* not only before and after */

    assert_true(given_back > 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_idempotency),
        T(test_kept_by_somebody_else),
        T(test_begun_by_another),
        T(test_store_fails),
        T(test_store_fails_within),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
