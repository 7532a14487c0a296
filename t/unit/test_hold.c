/* orders that are held: they end in time, whatever the clock does */

#include "sk_test_store.h"
#include "sk_hold.h"


#define HOLD_S      10
#define EXPIRES_MS  (SK_TEST_NOW + HOLD_S * 1000)


static sk_sale_def_t
held_def(int64_t stock)
{
    sk_sale_def_t  def;

    def = sk_test_def("phone", stock, 1);
    def.hold_s = HOLD_S;

    return def;
}


static void
check_units(sk_zone_t *zone, int64_t free, int64_t held, int64_t sold)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(zone, "phone", 5);

    assert_int_equal(sk_load(&sale->free), free);
    assert_int_equal(sk_load(&sale->held), held);
    assert_int_equal(sk_load(&sale->sold), sold);
    sk_test_conserved(zone);
}


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
    assert_int_equal(a.state, SK_UNIT_HELD);
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


#define HOUR_MS  3600000


static uint32_t
expires_of(sk_zone_t *zone, const char *user)
{
    return sk_test_ask(zone, sk_zone_sale(zone, "phone", 5), user).expires_s;
}


static void
win_at(sk_drain_t *d, const char *user, int64_t now_ms, int64_t boot_ms)
{
    assert_true(sk_test_claim(d->zone, sk_zone_sale(d->zone, "phone", 5),
                              user).admitted);
    assert_int_equal(settle_clocks(d, now_ms, boot_ms), SK_OK);
}


/* what was won by the old clock ends as if it had gone on; restarts know it */

static void
test_clock_is_set_back(void **state)
{
    unsigned       i;
    int64_t        now_ms;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(3);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    now_ms = SK_TEST_NOW + HOUR_MS;
    settle_clocks(&d, now_ms, 0);
    win_at(&d, "old", now_ms, 0);

    /* by less than a second at a time, and NTP's way */

    settle_clocks(&d, now_ms - 100, 50);
    assert_null(strstr(logged, "set back"));
    settle_clocks(&d, now_ms - 700, 100);
    settle_clocks(&d, now_ms - 1300, 150);
    assert_int_equal(expires_of(zone, "old"), now_ms / 1000 + HOLD_S - 1);

    /* by the rest of an hour, seven seconds before the end */

    now_ms = SK_TEST_NOW + 3000;
    settle_clocks(&d, now_ms, 3000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'clock_set'"), 3);
    assert_in_range(expires_of(zone, "old"), now_ms / 1000 + 6,
                    now_ms / 1000 + 8);

    win_at(&d, "new", now_ms, 3000);

    /* each start finds it as it was, whatever was written last */

    for (i = 0; i < 3; i++) {
        sk_drain_close(&d);
        sk_test_zone_free(zone);
        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, &def, 1);
        settle_clocks(&d, now_ms + 100 * i, 0);
        assert_in_range(expires_of(zone, "old"), now_ms / 1000 + 6,
                        now_ms / 1000 + 8);
        assert_int_equal(expires_of(zone, "new"), now_ms / 1000 + HOLD_S);
    }

    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'clock_set'"), 3);

    settle_clocks(&d, now_ms + 8000, 7800);
    check_units(zone, 2, 1, 0);
    settle_clocks(&d, now_ms + 10000, 9800);
    check_units(zone, 3, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_clock_was_set_back_meanwhile(void **state)
{
    unsigned       i;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(2);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_at(&d, SK_TEST_NOW + HOUR_MS);
    win_at(&d, "u", SK_TEST_NOW + HOUR_MS, SK_TEST_NOW + HOUR_MS);

    for (i = 0; i < 3; i++) {
        sk_drain_close(&d);
        sk_test_zone_free(zone);
        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, &def, 1);
        settle_at(&d, SK_TEST_NOW + 1000 * i);
        assert_int_equal(expires_of(zone, "u"), EXPIRES_MS / 1000);
    }

    assert_non_null(strstr(logged, "the clock was set back by 3600000"));
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'clock_set'"), 1);
    check_units(zone, 1, 1, 0);

    settle_at(&d, EXPIRES_MS);
    check_units(zone, 2, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* set forward, what has come to its end by the new clock ends; set right again,
   the others have lost nothing */

static void
test_clock_is_set_forward(void **state)
{
    int64_t        now_ms;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(3);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_clocks(&d, SK_TEST_NOW, 0);
    win_at(&d, "short", SK_TEST_NOW, 0);

    sk_store(&sk_zone_sale(zone, "phone", 5)->hold_s, 2 * HOUR_MS / 1000);
    win_at(&d, "long", SK_TEST_NOW, 0);

    now_ms = SK_TEST_NOW + HOUR_MS;
    settle_clocks(&d, now_ms, 0);
    check_units(zone, 2, 1, 0);
    win_at(&d, "ahead", now_ms, 0);

    settle_clocks(&d, SK_TEST_NOW, 0);
    assert_int_equal(expires_of(zone, "long"),
                     (SK_TEST_NOW + 2 * HOUR_MS) / 1000);
    assert_int_equal(expires_of(zone, "ahead"),
                     (SK_TEST_NOW + 2 * HOUR_MS) / 1000);
    assert_int_equal(zone->clock.ahead_ms, 0);

    settle_at(&d, SK_TEST_NOW);
    settle_at(&d, SK_TEST_NOW + 2 * HOUR_MS);
    check_units(zone, 3, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* two servers see it: one of them says so */

static void
test_clock_is_set_once(void **state)
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
    settle_clocks(&d, SK_TEST_NOW + HOUR_MS, 0);
    win_at(&d, "u", SK_TEST_NOW + HOUR_MS, 0);
    settle_clocks(&e, SK_TEST_NOW + HOUR_MS, 0);

    settle_clocks(&d, SK_TEST_NOW, 0);
    settle_clocks(&e, SK_TEST_NOW, 0);
    settle_clocks(&d, SK_TEST_NOW, 0);

    assert_int_equal(expires_of(one, "u"), EXPIRES_MS / 1000);
    assert_int_equal(expires_of(two, "u"), EXPIRES_MS / 1000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'clock_set'"), 1);

    sk_drain_close(&d);
    sk_drain_close(&e);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
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
        T(test_clock_is_set_back),
        T(test_clock_was_set_back_meanwhile),
        T(test_clock_is_set_forward),
        T(test_clock_is_set_once),
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
