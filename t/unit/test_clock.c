/* the server's clock is set while orders are held */

#include "sk_test_hold.h"


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


/* what another server has won by the new clock is no sign of a step back */

static void
test_clock_was_set_forward_by_another(void **state)
{
    int64_t        now_ms;
    unsigned       decided;
    sk_zone_t     *one, *two;
    sk_drain_t     d, e;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(3);
    def.hold_s = 2 * HOUR_MS / 1000;
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(one, &def, 1);
    e = drainer(two, &def, 1);
    settle_clocks(&d, SK_TEST_NOW, 0);
    win_at(&d, "u", SK_TEST_NOW, 0);
    settle_clocks(&e, SK_TEST_NOW, 0);

    now_ms = SK_TEST_NOW + HOUR_MS;
    settle_clocks(&d, now_ms, 0);
    win_at(&d, "v", now_ms, 0);

    /* it has looked at its clocks before */

    e.loaded = 0;
    assert_int_equal(sk_drain_work(&e, SK_TEST_NOW, 0, &decided), SK_MORE);
    settle_clocks(&e, now_ms, 0);
    settle_clocks(&d, now_ms, 0);

    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'clock_set'"), 1);
    check_units(one, 1, 2, 0);
    assert_int_equal(expires_of(two, "v"), now_ms / 1000 + def.hold_s);

    sk_drain_close(&d);
    sk_drain_close(&e);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


/* in the middle of a sweep, which knows the time at which it began */

static void
test_clock_is_set_back_in_a_sweep(void **state)
{
    char           user[16];
    unsigned       i, decided;
    int64_t        now_ms;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(101);
    def.hold_s = 600;
    zone = sk_test_zone(8 << 20, 0);
    assert_in_range(zone->units.n, SK_HOLD_SLICE + 1, UINT32_MAX);
    d = drainer(zone, &def, 1);
    now_ms = SK_TEST_NOW + HOUR_MS;
    settle_clocks(&d, now_ms, 0);

    for (i = 0; i < 100; i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        win_at(&d, user, now_ms, 0);
    }

    sk_store(&sk_zone_sale(zone, "phone", 5)->hold_s, 1);
    win_at(&d, "short", now_ms, 0);

    assert_int_equal(sk_drain_work(&d, now_ms + 1000, 1000, &decided),
                     SK_MORE);
    assert_int_not_equal(d.sweep_left, 0);

    settle_clocks(&d, now_ms - HOUR_MS + 1000, 1000);
    check_units(zone, 1, 100, 0);

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
    settle_at(&d, SK_TEST_NOW);
    settle_at(&d, SK_TEST_NOW + 2 * HOUR_MS);
    check_units(zone, 3, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* it was behind for a while: who has won before has as long to pay as ever; a
   time that was told by the wrong clock has come when it is set right */

static void
test_clock_is_set_right(void **state)
{
    unsigned       i;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = held_def(3);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle_clocks(&d, SK_TEST_NOW + HOUR_MS, 0);
    win_at(&d, "early", SK_TEST_NOW + HOUR_MS, 0);

    settle_clocks(&d, SK_TEST_NOW, 0);
    assert_int_equal(expires_of(zone, "early"), EXPIRES_MS / 1000);
    win_at(&d, "behind", SK_TEST_NOW, 0);

    check_units(zone, 1, 2, 0);
    settle_clocks(&d, SK_TEST_NOW + HOUR_MS, 0);
    check_units(zone, 2, 1, 0);
    assert_int_equal(expires_of(zone, "early"), (EXPIRES_MS + HOUR_MS) / 1000);

    for (i = 0; i < 2; i++) {
        settle_clocks(&d, EXPIRES_MS + HOUR_MS - 1000, HOLD_S * 1000 - 1000);
        check_units(zone, 2, 1, 0);

        sk_drain_close(&d);
        sk_test_zone_free(zone);
        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, &def, 1);
    }

    settle_clocks(&d, EXPIRES_MS + HOUR_MS, HOLD_S * 1000);
    check_units(zone, 3, 0, 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* the rule itself: what was promised, or as long as that, whichever is first */

static void
test_clock_steps(void **state)
{
    unsigned           i;
    static sk_clock_t  c;

    (void) state;

    assert_int_equal(sk_clock_end(&c, 5, 1000), 1000);

    sk_clock_set(&c, 10, -100500);
    sk_clock_set(&c, 10, -100500);
    assert_int_equal(sk_clock_end(&c, 5, 1000), 900);
    assert_int_equal(sk_clock_end(&c, 11, 1000), 1000);
    assert_int_equal(sk_clock_end(&c, 5, 10), 1);

    sk_clock_set(&c, 20, 500);
    assert_int_equal(sk_clock_end(&c, 5, 1000), 900);
    assert_int_equal(sk_clock_end(&c, 11, 1000), 1000);

    sk_clock_set(&c, 30, 200000);
    assert_int_equal(sk_clock_end(&c, 5, 1000), 1000);

    sk_clock_set(&c, 40, -150000);
    assert_int_equal(sk_clock_end(&c, 5, 1000), 950);
    assert_int_equal(sk_clock_end(&c, 11, 1000), 1000);
    assert_int_equal(sk_clock_end(&c, 31, 1000), 850);
    assert_int_equal(sk_clock_end(&c, 41, 1000), 1000);

    /* more than it can keep: the oldest orders are taken for younger ones */

    for (i = 0; i < SK_CLOCK_STEPS; i++) {
        sk_clock_set(&c, 100 + 2 * i, -1000);
    }

    assert_int_equal(sk_clock_end(&c, 99, 1000), 1000 - SK_CLOCK_STEPS);
    assert_int_equal(sk_clock_end(&c, 5, 1000), 1000 - SK_CLOCK_STEPS);
    assert_int_equal(sk_clock_end(&c, 101, 1000), 1000 - SK_CLOCK_STEPS + 1);
    assert_int_equal(sk_clock_end(&c, 300, 1000), 1000);
}


/* two servers see it: one of them says so */

static void
test_clock_is_set_once(void **state)
{
    unsigned       decided;
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

    /* the second reads of it in a turn that has looked at the clocks before */

    settle_clocks(&d, SK_TEST_NOW - 2000, 0);
    e.loaded = 0;
    assert_int_equal(sk_drain_work(&e, SK_TEST_NOW, 0, &decided), SK_MORE);
    settle_clocks(&e, SK_TEST_NOW - 2000, 0);

    assert_int_equal(expires_of(two, "u"), EXPIRES_MS / 1000 - 2);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'clock_set'"), 2);

    sk_drain_close(&d);
    sk_drain_close(&e);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_clock_is_set_back),
        T(test_clock_was_set_back_meanwhile),
        T(test_clock_was_set_forward_by_another),
        T(test_clock_is_set_back_in_a_sweep),
        T(test_clock_is_set_forward),
        T(test_clock_is_set_right),
        T(test_clock_steps),
        T(test_clock_is_set_once),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
