/*
 * The ledger's time never goes back, whatever is done to the server's clock; a
 * hold ends once, when that time has come to the end that was told.
 */

#include "sk_test_hold.h"


#define HOUR_MS  3600000
#define STEPS    400


static uint32_t
expires_of(sk_zone_t *zone, const char *user)
{
    return sk_test_ask(zone, sk_zone_sale(zone, "phone", 5), user).expires_s;
}


static void
win_at(sk_drain_t *d, const char *user, int64_t now_ms, int64_t boot_ms)
{
    sk_zone_t  *zone;

    zone = d->writer.zone;

    assert_true(sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), user)
                    .admitted);
    assert_int_equal(settle_clocks(d, now_ms, boot_ms), SK_OK);
}


static void
check_ledger(void)
{
    /* never back, and nothing ends before it was told to, or twice */

    assert_int_equal(count_sql("SELECT count(*) FROM ledger a JOIN ledger b"
                               " ON b.seq = a.seq + 1 WHERE b.at < a.at"), 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger e JOIN ledger w"
                               " ON w.seq = e.object WHERE e.type = 'expired'"
                               " AND e.at < w.expires"), 0);
    assert_int_equal(count_sql("SELECT count(*) - count(DISTINCT object)"
                               " FROM ledger WHERE type = 'expired'"), 0);
}


static void
test_time(void **state)
{
    sk_zone_t  *zone;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);

    assert_int_equal(sk_zone_time(zone, 1000, 50), 1000);

    sk_zone_time_set(zone, 1000, 50);
    assert_int_equal(sk_zone_time(zone, 1000, 50), 1000);

    /* set back: time goes on; set forward: it comes to that */

    assert_int_equal(sk_zone_time(zone, 200, 60), 1010);
    assert_int_equal(sk_zone_time(zone, 5000, 60), 5000);
    assert_int_equal(sk_zone_time(zone, 200, 60), 1010);

    /* once there is an event at it, it stays */

    sk_zone_time_set(zone, 5000, 60);
    assert_int_equal(sk_zone_time(zone, 200, 70), 5010);

    /* one of a process whose clock is behind; a reading from before */

    sk_zone_time_set(zone, 5005, 80);
    assert_int_equal(sk_zone_time(zone, 200, 80), 5020);
    assert_int_equal(sk_zone_time(zone, 200, 10), 5000);

    sk_test_zone_free(zone);
}


static void
test_clock_is_set_back(void **state)
{
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

    /* an hour back, seven seconds before the end; nobody's end moves */

    settle_clocks(&d, SK_TEST_NOW + 3000, 3000);
    assert_int_equal(expires_of(zone, "old"), now_ms / 1000 + HOLD_S);
    win_at(&d, "new", SK_TEST_NOW + 3000, 3000);
    assert_int_equal(expires_of(zone, "new"), now_ms / 1000 + 3 + HOLD_S);
    check_units(zone, 1, 2, 0);

    settle_clocks(&d, SK_TEST_NOW + 9999, 9999);
    check_units(zone, 1, 2, 0);
    settle_clocks(&d, SK_TEST_NOW + 10000, 10000);
    check_units(zone, 2, 1, 0);
    settle_clocks(&d, SK_TEST_NOW + 12999, 12999);
    check_units(zone, 2, 1, 0);
    settle_clocks(&d, SK_TEST_NOW + 13000, 13000);
    check_units(zone, 3, 0, 0);

    check_ledger();
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* each start goes on from what was written last */

static void
test_clock_was_set_back_meanwhile(void **state)
{
    unsigned       i;
    int64_t        boot_ms;
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
        boot_ms = 500;
        settle_clocks(&d, SK_TEST_NOW + 1000 * i, boot_ms);
        assert_int_equal(expires_of(zone, "u"), (EXPIRES_MS + HOUR_MS) / 1000);
    }

    assert_non_null(strstr(logged, "ledger's time is 3600000 ms ahead of the "
                                   "clock"));
    check_units(zone, 1, 1, 0);

    settle_clocks(&d, SK_TEST_NOW, boot_ms + HOLD_S * 1000 - 1);
    check_units(zone, 1, 1, 0);
    settle_clocks(&d, SK_TEST_NOW, boot_ms + HOLD_S * 1000);
    check_units(zone, 2, 0, 0);

    check_ledger();
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* what has come to its end by the new clock ends, as it was told; set right
   again, what others were told of holds still */

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
                     (now_ms + 2 * HOUR_MS) / 1000);

    settle_clocks(&d, SK_TEST_NOW + HOUR_MS - 1, HOUR_MS - 1);
    check_units(zone, 1, 2, 0);
    settle_clocks(&d, SK_TEST_NOW + HOUR_MS, HOUR_MS);
    check_units(zone, 2, 1, 0);
    settle_clocks(&d, SK_TEST_NOW + 2 * HOUR_MS, 2 * HOUR_MS);
    check_units(zone, 3, 0, 0);

    check_ledger();
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* nothing was written while it was ahead: nothing has happened */

static void
test_clock_is_set_forward_unseen(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(1);
    def.hold_s = 2 * HOUR_MS / 1000;
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_clocks(&d, SK_TEST_NOW, 0);
    win_at(&d, "u", SK_TEST_NOW, 0);

    settle_clocks(&d, SK_TEST_NOW + HOUR_MS, 10);
    settle_clocks(&d, SK_TEST_NOW + 20, 20);
    settle_clocks(&d, SK_TEST_NOW + HOUR_MS + 20, HOUR_MS + 20);
    check_units(zone, 0, 1, 0);
    settle_clocks(&d, SK_TEST_NOW + 2 * HOUR_MS, 2 * HOUR_MS);
    check_units(zone, 1, 0, 0);

    check_ledger();
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* what another server has written is not later for one that looked before */

static void
test_clocks_of_two(void **state)
{
    int64_t        now_ms;
    sk_zone_t     *one, *two;
    sk_drain_t     d, e;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(4);
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(one, &def, 1);
    e = drainer(two, &def, 1);
    now_ms = SK_TEST_NOW + HOUR_MS;
    settle_clocks(&d, SK_TEST_NOW, 0);
    win_at(&d, "a", now_ms, 0);
    settle_clocks(&e, SK_TEST_NOW, 0);
    win_at(&e, "b", SK_TEST_NOW + 5, 5);
    win_at(&d, "c", SK_TEST_NOW + 2, 2);

    settle_clocks(&e, SK_TEST_NOW + 6, 6);
    settle_clocks(&d, SK_TEST_NOW + 6, 6);
    assert_int_equal(expires_of(one, "a"), now_ms / 1000 + HOLD_S);
    assert_int_equal(expires_of(one, "b"), now_ms / 1000 + HOLD_S + 1);
    assert_int_equal(expires_of(two, "c"), now_ms / 1000 + HOLD_S + 1);

    /* each ends once, whoever gets to it */

    settle_clocks(&e, SK_TEST_NOW, HOLD_S * 1000 + 1000);
    settle_clocks(&d, SK_TEST_NOW, HOLD_S * 1000 + 1000);
    check_units(one, 4, 0, 0);
    check_units(two, 4, 0, 0);

    check_ledger();
    sk_drain_close(&d);
    sk_drain_close(&e);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


/* what older versions have written of steps is read, and means nothing now */

static void
test_clock_set_is_read(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(2);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_clocks(&d, SK_TEST_NOW + HOUR_MS, 0);
    win_at(&d, "u", SK_TEST_NOW + HOUR_MS, 0);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    exec_sql("INSERT INTO ledger (seq, at, type, sale, detail) VALUES"
             " (3, 1000100, 'clock_set', 0, '{\"by_ms\":-3600000}');"
             "DROP INDEX ledger_expires; DROP INDEX ledger_key;"
             "ALTER TABLE ledger DROP COLUMN key;"
             "ALTER TABLE ledger DROP COLUMN hash;"
             "CREATE TABLE requests (id INTEGER PRIMARY KEY, at INTEGER);"
             "DROP TABLE commits; DROP TABLE machine; DROP TABLE reigns;"
             "DROP TABLE secrets; DROP INDEX ledger_queued;"
             "DROP INDEX ledger_machine; PRAGMA user_version = 2");

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_clocks(&d, SK_TEST_NOW, 0);
    assert_int_equal(count_sql("PRAGMA user_version"), SK_LEDGER_VERSION);
    assert_int_equal(count_sql("SELECT count(*) FROM sqlite_master"
                               " WHERE name = 'requests'"), 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE key IS NULL AND hash IS NULL"), 3);
    assert_int_equal(sk_load(&zone->applied_seq), 3);
    assert_int_equal(expires_of(zone, "u"), (EXPIRES_MS + HOUR_MS) / 1000);

    settle_clocks(&d, SK_TEST_NOW, HOLD_S * 1000);
    check_units(zone, 2, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* at random: back, forth, restarts; each hold ends when its time has come */

static void
test_clock_is_set_at_random(void **state)
{
    char           user[16];
    unsigned       i;
    int64_t        offset_ms, boot_ms, now_ms;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    srandom(1);

    def = held_def(STEPS);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    offset_ms = SK_TEST_NOW + HOUR_MS;
    boot_ms = 0;
    settle_clocks(&d, offset_ms, boot_ms);

    for (i = 0; i < STEPS; i++) {
        boot_ms += random() % 2000;

        if (random() % 4 == 0) {
            offset_ms += random() % 20000 - 10000;
        }

        if (random() % 20 == 0) {
            sk_drain_close(&d);
            sk_test_zone_free(zone);
            zone = sk_test_zone(ZONE_SIZE, 0);
            d = drainer(zone, &def, 1);
        }

        (void) snprintf(user, sizeof(user), "u%u", i);
        settle_clocks(&d, offset_ms + boot_ms, boot_ms);
        win_at(&d, user, offset_ms + boot_ms, boot_ms);

        /* and none that should have ended is there */

        now_ms = sk_zone_time(zone, offset_ms + boot_ms, boot_ms);
        assert_true(sk_load(&zone->expires_s) > now_ms / 1000);
        assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->held),
                         count_sql("SELECT count(*) FROM orders"
                                   " WHERE state = 'held'"));
    }

    check_ledger();
    now_ms = boot_ms + HOUR_MS;
    settle_clocks(&d, offset_ms + now_ms, now_ms);
    check_units(zone, STEPS, 0, 0);
    check_ledger();

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        cmocka_unit_test(test_time),
        T(test_clock_is_set_back),
        T(test_clock_was_set_back_meanwhile),
        T(test_clock_is_set_forward),
        T(test_clock_is_set_forward_unseen),
        T(test_clocks_of_two),
        T(test_clock_set_is_read),
        T(test_clock_is_set_at_random),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
