/*
 * Waiting lists of sales that are edited, shut, shuffled, removed, and of two
 * servers on one store.
 */

#include "sk_test_waitlist.h"


/* two servers on one store have one list */

static void
test_another_server(void **state)
{
    sk_zone_t   *other;
    sk_drain_t   e;
    sk_answer_t  answer, late;

    (void) state;

    sold_out(3, 10, "\"waitlist\":2");
    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle_at(&e, now_ms);

    /* of one user and of three, undecided at both */

    answer = claims("a");
    late = claims_of(other, "a", 0);
    assert_true(answer.admitted && late.admitted);
    (void) claims_of(other, "b", 0);
    assert_true(claims("c").admitted);

    settle_at(&d, now_ms);
    settle_at(&e, now_ms);
    settle_at(&d, now_ms);
    sk_test_conserved(zone);
    sk_test_conserved(other);

    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_QUEUED);
    assert_int_equal(outcome_of(other, late.ticket), SK_OUTCOME_REFUSED);
    assert_int_equal(of_type("queued"), 2);
    queued("a", 1, 3);
    queued("c", 2, 3);
    assert_int_equal(claims_of(other, "a", 0).position, 1);
    assert_int_equal(claims_of(other, "c", 0).position, 2);
    assert_int_equal(claims_of(other, "b", 0).result, SK_SOLD_OUT);

    /* who is served by one has it at the other */

    now_ms = EXPIRED_MS;
    settle_at(&e, now_ms);
    settle_at(&d, now_ms);
    holds("a", 10, EXPIRED_MS + 10000);
    assert_int_equal(claims_of(other, "c", 0).order, 11);
    assert_int_equal(sk_load(&phone->free), 1);
    sk_test_conserved(zone);
    sk_test_conserved(other);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


/* what was admitted at one is looked at again with what the other has done */

static void
test_both_servers(void **state)
{
    sk_zone_t   *other;
    sk_drain_t   e;
    sk_answer_t  b, c, f;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"case\","
                             "\"stock\":9,\"group\":\"g\"}"), 201);
    sold_out(9, 600, "\"waitlist\":2,\"group\":\"g\"");
    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle_at(&e, now_ms);

    /* there are two places, and one has got what the limit allows */

    f = claims_of(other, "f", 0);
    assert_true(f.admitted);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "f");
    settle_at(&d, now_ms);
    settle_at(&e, now_ms);
    assert_int_equal(outcome_of(other, f.ticket), SK_OUTCOME_REFUSED);
    assert_int_equal(claims_of(other, "f", 0).result, SK_ALREADY);

    b = claims_of(other, "b", 0);
    c = claims_of(other, "c", 0);
    assert_true(b.admitted && c.admitted);
    joins("a");
    settle_at(&e, now_ms);
    assert_int_equal(outcome_of(other, b.ticket), SK_OUTCOME_QUEUED);
    assert_int_equal(outcome_of(other, c.ticket), SK_OUTCOME_REFUSED);
    assert_int_equal(claims_of(other, "c", 0).result, SK_SOLD_OUT);
    sk_test_conserved(other);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


/* who cannot ask, since the sale is paused or has not started, is not gone */

static void
test_shut(void **state)
{
    unsigned  i;

    (void) state;

    sold_out(3, 100, "\"waitlist\":5");
    joins("a");
    joins("b");

    (void) command(SK_SALE_PAUSE, "phone", "");
    pass(110000);
    assert_int_equal(sk_load(&phone->free), 3);
    assert_int_equal(claims("a").result, SK_PAUSED);
    (void) command_at(now_ms, SK_SALE_RESUME, "phone", "");
    assert_int_equal(of_type("skipped"), 0);
    assert_int_equal(asks("a").result, SK_WON);
    assert_int_equal(asks("b").result, SK_WON);

    for (i = 0; i < 2; i++) {
        assert_true(claims(i ? "d" : "c").admitted || i);
        settle_at(&d, now_ms);
    }

    queued("d", 1, 3);
    assert_int_equal(command_at(now_ms, SK_SALE_EDIT, "phone",
                                "{\"start\":\"1970-01-01T00:20:40Z\"}"), 200);
    pass(129000);
    assert_int_equal(asks("d").result, SK_NONE);
    pass(2000);
    assert_int_equal(of_type("skipped"), 0);
    assert_int_equal(asks("d").result, SK_WON);
}


/* when the sale is over its claims are judged by the time of day */

static void
test_end(void **state)
{
    (void) state;

    sold_out(2, 100, "\"waitlist\":5");
    joins("a");
    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"end\":\"1970-01-01T00:16:50Z\"}"), 200);

    /* the clock is set back by a minute, and holds end all the same */

    now_ms -= 60000;
    assert_int_equal(settle_clocks(&d, now_ms + 50000, SK_TEST_NOW + 50000),
                     SK_OK);
    assert_int_equal(settle_clocks(&d, now_ms + 54000, SK_TEST_NOW + 104000),
                     SK_OK);
    assert_int_equal(sk_load(&phone->free), 1);
    assert_int_equal(asks("a").result, SK_WON);
}


/* in a shuffled opening nobody joins before his own opening */

static void
test_shuffled(void **state)
{
    char          user[16];
    unsigned      i, early, late;
    sk_answer_t   answer;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"phone\","
                             "\"stock\":50,\"hold\":1000,\"waitlist\":50,"
                             "\"shuffle\":100,"
                             "\"start\":\"1970-01-01T00:16:41Z\"}"), 201);
    phone = sk_zone_sale(zone, "phone", 5);
    now_ms = SK_TEST_NOW + 1000 + 50000;
    settle_at(&d, now_ms);
    sk_store(&phone->free, 0);          /* others have them */
    sk_store(&phone->held, 50);

    for (i = 0, early = 0, late = 0; i < 40; i++) {
        (void) snprintf(user, sizeof(user), "v%u", i);
        answer = claims(user);

        if (answer.result == SK_WAITING) {
            assert_true(answer.starts_in_ms > 0);
            early++;

        } else {
            assert_true(answer.admitted);
            late++;
        }
    }

    assert_true(early > 0 && late);
}


/* nor is he served before, though the sale has got one only since he joined */

static void
test_shuffled_later(void **state)
{
    sk_answer_t  answer;

    (void) state;

    sold_out(1, 1000, "\"waitlist\":5");
    joins("a");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"shuffle\":100,"
                             "\"start\":\"1970-01-01T00:16:44Z\"}"), 200);

    now_ms += 4000;
    settle_at(&d, now_ms);
    assert_int_equal(command_at(now_ms, SK_ORDER_CANCEL, "2", ""), 200);

    if (sk_sale_opens_in(phone, "a", 1, now_ms, &answer.starts_in_ms) != SK_OK)
    {
        fail();
    }

    assert_true(answer.starts_in_ms > 0);
    assert_int_equal(sk_load(&phone->free), 1);

    while (answer.starts_in_ms > 1) {
        (void) claims("a");
        pass((answer.starts_in_ms > 20000) ? 20000 : answer.starts_in_ms - 1);
        assert_int_equal(sk_sale_opens_in(phone, "a", 1, now_ms,
                                          &answer.starts_in_ms), SK_OK);
        assert_int_equal(sk_load(&phone->free), 1);
    }

    pass(1);
    assert_int_equal(sk_load(&phone->free), 0);
    assert_int_equal(asks("a").result, SK_WON);
}


static void
test_refused_terms(void **state)
{
    char  room[128];

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                             "\"waitlist\":1}"), 400);
    says("\"field\":\"waitlist\"");
    says("waitlist: a sale with \\\"waitlist\\\" needs a hold");
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                             "\"hold\":1,\"waitlist\":1000001}"), 400);
    says("an integer from 0 to 1000000 is allowed");
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                             "\"hold\":1,\"waitlist\":-1}"), 400);

    /* a place takes as much room as a unit */

    (void) snprintf(room, sizeof(room), "{\"name\":\"x\",\"stock\":1,"
                    "\"hold\":1,\"waitlist\":%llu}",
                    (unsigned long long) zone->units.n_max);
    assert_int_equal(command(SK_SALE_ADD, "", room), 507);
    says("does not fit in the zone");

    sold_out(2, 10, "\"waitlist\":3");
    joins("a");
    joins("b");
    assert_int_equal(zone->reserved, 5);
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"hold\":0}"), 400);
    says("\"field\":\"hold\"");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"waitlist\":1}"), 409);
    says("waitlist: 2 users wait, it cannot be 1");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"waitlist\":2}"), 200);
    says("\"waitlist\":2");
    says("\"waiting\":2");
    assert_int_equal(zone->reserved, 4);
    refused("c");

    (void) snprintf(room, sizeof(room), "{\"waitlist\":%llu}",
                    (unsigned long long) zone->units.n_max);
    assert_int_equal(command(SK_SALE_EDIT, "phone", room), 507);
    assert_int_equal(zone->reserved, 4);
}


/* a declaration closes the list, but puts nobody out of it */

static void
test_declared(void **state)
{
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 2, 1);
    def.hold_s = 10;
    def.waitlist = 5;
    restart(&def, 1);
    sell(&d, "phone", "u", 2);
    now_ms = SK_TEST_NOW;
    joins("a");

    def.waitlist = 0;
    def.hold_s = 0;
    restart(&def, 1);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->hold_s), 10);
    phone = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&phone->waitlist), 1);
    queued("a", 1, 2);
    refused("b");
    now_ms = EXPIRED_MS;
    settle_at(&d, now_ms);
    assert_int_equal(asks("a").result, SK_WON);
    assert_int_equal(asks("a").state, SK_STATE_HELD);
}


static void
test_removed(void **state)
{
    (void) state;

    sold_out(1, 10, "\"waitlist\":5");
    joins("a");
    (void) command(SK_SALE_END, "phone", "");
    assert_int_equal(command(SK_ORDER_CONFIRM, "2", ""), 200);
    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 200);

    assert_int_equal(sk_load(&zone->waiting), 0);
    assert_int_equal(zone->reserved, 0);
    assert_int_equal(zone->units.used, 0);
    sk_test_conserved(zone);

    sk_zone_lock(zone);
    sk_zone_repair(zone);
    sk_zone_unlock(zone);
    assert_int_equal(zone->reserved, 0);

    restart(NULL, 0);
    assert_int_equal(zone->units.used, 0);
}


/* the clock was set back: the ledger's time is what counts */

static void
test_clock(void **state)
{
    (void) state;

    sold_out(1, 100, "\"waitlist\":5");
    joins("a");

    now_ms -= 500000;                   /* and boot_ms goes on */
    assert_int_equal(settle_clocks(&d, now_ms, SK_TEST_NOW + 4000), SK_OK);
    assert_int_equal(sk_load(&zone->ahead_ms), 504000);
    assert_false(asks("a").asked);
    assert_int_equal(settle_clocks(&d, now_ms + 20000, SK_TEST_NOW + 24000),
                     SK_OK);
    now_ms += 20000;
    assert_true(asks("a").asked);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_another_server),
        T(test_both_servers),
        T(test_shut),
        T(test_end),
        T(test_shuffled),
        T(test_shuffled_later),
        T(test_refused_terms),
        T(test_declared),
        T(test_removed),
        T(test_clock),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("waitlist_sale", tests, NULL, NULL);
}
