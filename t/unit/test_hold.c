/* orders that are held end in time */

#include "sk_test_hold.h"


static void
test_hold_ends_in_time(void **state)
{
    sk_zone_t     *zone;
    sk_sale_t     *sale;
    sk_drain_t     d;
    sk_answer_t    a;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(2);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);
    sell(&d, "phone", "u", 2);

    sale = sk_zone_sale(zone, "phone", 5);

    a = sk_test_ask(zone, sale, "u0");
    assert_int_equal(a.state, SK_STATE_HELD);
    assert_int_equal(a.expires_s, EXPIRES_MS / 1000);
    assert_int_equal(sk_test_claim(zone, sale, "late").result, SK_SOLD_OUT);

    assert_int_equal(settle_at(&d, EXPIRES_MS - 1), SK_OK);
    check_units(zone, 0, 2, 0);

    assert_int_equal(settle_at(&d, EXPIRES_MS), SK_OK);
    check_units(zone, 2, 0, 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'expired' AND object IN (2, 3)"
                               " AND at = 1010000 AND user LIKE 'u%'"), 2);
    assert_int_equal(count_sql("SELECT count(*) FROM orders"
                               " WHERE state = 'expired'"), 2);

    /* sold again, to the same user too, as another order */

    a = sk_test_claim(zone, sale, "u0");
    assert_true(a.admitted);
    assert_int_equal(settle_at(&d, EXPIRES_MS), SK_OK);
    a = sk_test_ask(zone, sale, "u0");
    assert_int_equal(a.order, 6);
    assert_int_equal(a.expires_s, EXPIRES_MS / 1000 + HOLD_S);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_hold_ends_after_a_restart(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(3);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);
    sell(&d, "phone", "u", 2);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    /* it is held still, then not */

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_at(&d, EXPIRES_MS - 1);
    check_units(zone, 1, 2, 0);
    assert_int_equal(sk_test_ask(zone, sk_zone_sale(zone, "phone", 5),
                                 "u0").expires_s, EXPIRES_MS / 1000);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_at(&d, EXPIRES_MS + 3600000);
    check_units(zone, 3, 0, 0);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_at(&d, EXPIRES_MS + 3600000);
    check_units(zone, 3, 0, 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), 5);
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* another drainer takes over: nothing but the zone knows of the sweep */

static void
test_hold_ends_after_a_kill(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(2);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);
    sell(&d, "phone", "u", 2);

    sk_drain_close(&d);
    sk_store(&zone->expires_s, UINT32_MAX);

    d = drainer(zone, &def, 1);
    settle_at(&d, EXPIRES_MS);
    check_units(zone, 2, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/*
 * All orders of a table, in several slices and batches, end once each: removals
 * move entries under the sweep, around the table's end too.
 */

static void
test_all_of_a_table_end(void **state)
{
    unsigned       i, n, round;
    char           user[16];
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    for (round = 0; round < 10; round++) {

        zone = sk_test_zone(256 * 1024, SK_QUEUE_DEFAULT / 32);
        n = (unsigned) zone->units.n_max;
        def = held_def(n);
        d = drainer(zone, &def, 1);
        settle(&d);

        for (i = 0; i < n; i++) {
            (void) snprintf(user, sizeof(user), "u%u", i);

            if (!sk_test_claim(zone, sk_zone_sale(zone, "phone", 5),
                               user).admitted)
            {
                settle(&d);
                i--;
            }
        }

        settle(&d);
        check_units(zone, 0, n, 0);

        settle_at(&d, EXPIRES_MS);
        check_units(zone, n, 0, 0);
        assert_int_equal(count_sql("SELECT count(*) - count(DISTINCT object)"
                                   " FROM ledger WHERE type = 'expired'"), 0);
        assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                                   " WHERE type = 'expired'"), n);

        sk_drain_close(&d);
        sk_test_zone_free(zone);
        (void) teardown(NULL);
        (void) setup(NULL);
    }
}


/* another server on the store sees what has expired, and sells it no twice */

static void
test_two_zones_hold(void **state)
{
    sk_zone_t     *one, *two;
    sk_drain_t     d, e;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(2);
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(one, &def, 1);
    e = drainer(two, &def, 1);
    settle(&d);
    sell(&d, "phone", "u", 2);
    settle(&e);
    check_units(two, 0, 2, 0);

    settle_at(&e, EXPIRES_MS);
    check_units(two, 2, 0, 0);
    settle_at(&d, EXPIRES_MS);
    check_units(one, 2, 0, 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'expired'"), 2);

    sk_drain_close(&d);
    sk_drain_close(&e);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


/* the store fails while orders expire: they do, once it works again */

static void
test_store_fails_while_orders_expire(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;
    sqlite3       *db;

    (void) state;

    def = held_def(2);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);
    sell(&d, "phone", "u", 2);

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);

    assert_int_equal(settle_at(&d, EXPIRES_MS), SK_AGAIN);
    check_units(zone, 0, 2, 0);

    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    assert_int_equal(settle_at(&d, EXPIRES_MS), SK_OK);
    check_units(zone, 2, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_hold_ends_in_time),
        T(test_hold_ends_after_a_restart),
        T(test_hold_ends_after_a_kill),
        T(test_all_of_a_table_end),
        T(test_two_zones_hold),
        T(test_store_fails_while_orders_expire),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
