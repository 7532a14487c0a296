/* waiting lists: who claims a sale that is sold out, and what may return */

#include "sk_batch.h"
#include "sk_test_waitlist.h"


static void
test_order(void **state)
{
    (void) state;

    sold_out(3, 10, "\"waitlist\":3");

    joins("a");                         /* 5 */
    joins("b");
    joins("c");                         /* 7 */
    queued("a", 1, 3);
    queued("c", 3, 3);
    refused("d");                       /* there are three places */
    assert_int_equal(events(), 7);

    /* what is paid does not return: who cannot hope is told so, and keeps his
       place */

    assert_int_equal(command(SK_ORDER_CONFIRM, "2", ""), 200);
    queued("b", 2, 2);
    refused("c");
    refused("d");

    /* one is cancelled, and one is not paid */

    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    holds("a", 10, SK_TEST_NOW + 10000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 10"
                               " AND type = 'won' AND object = 5"
                               " AND user = 'a' AND expires IS NOT NULL"), 1);
    queued("b", 1, 2);
    queued("c", 2, 2);
    refused("u1");                      /* those who are there come first */

    now_ms = EXPIRED_MS;                /* both holds end, of "a" too */
    settle_at(&d, now_ms);
    holds("b", 13, EXPIRED_MS + 10000);
    holds("c", 14, EXPIRED_MS + 10000);
    assert_int_equal(sk_load(&phone->held), 2);
    assert_int_equal(sk_load(&phone->free), 0);

    /* all have left it: the next is the first again */

    joins("d");
    queued("d", 1, 2);
    assert_int_equal(of_type("skipped"), 0);
}


/* who has not asked for long is skipped, and may come again */

static void
test_skipped(void **state)
{
    (void) state;

    sold_out(2, 100, "\"waitlist\":5");
    joins("a");                         /* 4 */
    joins("b");

    pass(19000);
    assert_false(claims("b").asked);
    pass(1000);
    assert_true(asks("b").asked);
    assert_false(claims("b").asked);
    settle_at(&d, now_ms);
    assert_int_equal(events(), 6);
    assert_int_equal(of_type("asked"), 1);
    assert_false(claims("b").asked);

    /* "a" has last asked 80 seconds before both units return, "b" 60 */

    pass(80000);
    assert_int_equal(of_type("expired"), 2);
    holds("b", 10, now_ms + 100000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 7"
                               " AND type = 'skipped' AND object = 4"
                               " AND user = 'a'"), 1);
    assert_int_equal(sk_load(&phone->free), 1);

    /* nobody waits: what is free is for whoever comes */

    assert_int_equal(asks("a").result, SK_NONE);
    assert_true(claims("c").admitted);
    settle_at(&d, now_ms);
    holds("c", 11, now_ms + 100000);
    joins("a");
    queued("a", 1, 2);
}


/* for 60 seconds after he has asked nobody is skipped, whatever is written */

static void
test_asked_lately(void **state)
{
    (void) state;

    sold_out(1, 79, "\"waitlist\":5");
    joins("a");
    pass(19000);
    queued("a", 1, 1);
    assert_int_equal(of_type("asked"), 0);
    pass(60000);
    assert_int_equal(of_type("asked"), 0);
    assert_int_equal(claims("a").result, SK_ALREADY);
}


/* while nothing works nobody can ask; after a restart the same come first */

static void
test_pause(void **state)
{
    unsigned  i;

    (void) state;

    for (i = 0; i < 2; i++) {
        sold_out(2, 600, "\"waitlist\":5");
        joins("a");
        joins("b");
        now_ms += 600000;

        if (i == 0) {
            settle_at(&d, now_ms);

        } else {
            sk_drain_close(&d);
            d = drainer(zone, NULL, 0);
            settle_at(&d, now_ms);
        }

        phone = sk_zone_sale(zone, "phone", 5);
        sk_test_conserved(zone);
        assert_int_equal(claims("a").result, SK_ALREADY);
        assert_int_equal(claims("b").result, SK_ALREADY);
        assert_int_equal(of_type("skipped"), 0);

        if (i == 0) {
            assert_int_equal(end(NULL), 0);
            assert_int_equal(begin(NULL), 0);
        }
    }
}


static void
test_restart(void **state)
{
    (void) state;

    sold_out(3, 10, "\"waitlist\":5");
    joins("a");
    joins("b");
    joins("c");                         /* 7 */
    assert_int_equal(command(SK_ORDER_CANCEL, "2", ""), 200);
    queued("b", 1, 3);

    restart(NULL, 0);
    phone = sk_zone_sale(zone, "phone", 5);
    sk_test_conserved(zone);
    queued("b", 1, 3);
    queued("c", 2, 3);
    joins("d");
    queued("d", 3, 3);

    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    assert_int_equal(asks("b").result, SK_WON);
    queued("c", 1, 3);
    queued("d", 2, 3);
}


/* a group's limit, and what a claim has wanted in all */

static void
test_limit(void **state)
{
    sk_answer_t  answer;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"case\","
                             "\"stock\":9,\"limit\":2,\"group\":\"g\"}"), 201);
    sold_out(4, 10, "\"waitlist\":4,\"limit\":2,\"group\":\"g\"");

    answer = claims_of(zone, "a", 1);
    assert_true(answer.admitted);
    settle_at(&d, now_ms);
    assert_int_equal(claims_of(zone, "a", 1).result, SK_QUEUED);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'queued' AND user = 'a'"
                               " AND detail = '{\"want\":1}'"), 1);
    joins("b");
    joins("c");
    joins("d");

    /* all but "c" get one of another sale, "b" two */

    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "a");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "b");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "d");
    settle_at(&d, now_ms);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "b");
    settle_at(&d, now_ms);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "case", 4)->sold), 4);
    assert_int_equal(claims("b").result, SK_ALREADY);
    assert_int_equal(asks("b").result, SK_QUEUED);

    /* read anew, what is wanted is known */

    restart(NULL, 0);
    phone = sk_zone_sale(zone, "phone", 5);
    now_ms = EXPIRED_MS;
    settle_at(&d, now_ms);
    sk_test_conserved(zone);

    assert_int_equal(of_type("skipped"), 2);
    assert_int_equal(asks("a").result, SK_NONE);
    assert_int_equal(asks("b").result, SK_NONE);
    assert_int_equal(asks("c").result, SK_WON);
    assert_int_equal(asks("d").result, SK_WON);
    assert_int_equal(sk_load(&phone->free), 2);
}


/* a claim for another sale of the group, which is undecided, costs no place */

static void
test_undecided(void **state)
{
    sk_answer_t  answer;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"case\","
                             "\"stock\":9,\"group\":\"g\"}"), 201);
    sold_out(1, 10, "\"waitlist\":4,\"group\":\"g\"");
    joins("a");

    answer = sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "a");
    assert_true(answer.admitted);
    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    assert_int_equal(of_type("skipped"), 0);
    assert_int_equal(asks("a").result, SK_WON);
    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_REFUSED);
}


/* a unit that is free is for the first in the list, whoever is quicker */

static void
test_first(void **state)
{
    sk_answer_t  answer;

    (void) state;

    sold_out(2, 10, "\"waitlist\":5");
    joins("a");

    /* by the ledger's time the sale is over: nobody is served */

    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"end\":\"1970-01-01T00:16:45Z\"}"), 200);
    now_ms += 9000;
    settle_at(&d, now_ms);
    assert_int_equal(command_at(now_ms, SK_ORDER_CANCEL, "2", ""), 200);
    assert_int_equal(sk_load(&phone->free), 1);
    assert_int_equal(claims("b").result, SK_ENDED);
    assert_int_equal(claims("a").result, SK_ENDED);
    assert_int_equal(asks("a").result, SK_NONE);

    now_ms = SK_TEST_NOW;
    answer = claims("b");
    assert_true(answer.admitted);
    queued("a", 1, 2);
    now_ms += 9000;
    settle_at(&d, now_ms);
    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_QUEUED);
    assert_int_equal(sk_load(&phone->free), 1);

    assert_int_equal(command_at(now_ms, SK_SALE_EDIT, "phone",
                                "{\"end\":null}"), 200);
    holds("a", 9, now_ms + 10000);
    queued("b", 1, 2);

    /* and all that is added */

    assert_int_equal(command_at(now_ms, SK_SALE_EDIT, "phone",
                                "{\"add_stock\":5}"), 200);
    assert_int_equal(asks("b").result, SK_WON);
    assert_int_equal(sk_load(&phone->free), 4);
    assert_true(claims("c").admitted);
}


/* nobody could write it: whoever asks again joins */

static void
test_given_back(void **state)
{
    sk_answer_t  answer;

    (void) state;

    sold_out(1, 100, "\"waitlist\":1");
    answer = claims("a");
    assert_true(answer.admitted);
    assert_int_equal(sk_load(&phone->list.joining), 1);
    refused("b");

    sk_batch_give_back(zone);
    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_UNAVAILABLE);
    sk_test_conserved(zone);
    joins("b");
    refused("a");

    sk_store(&zone->failing, 1);
    now_ms += 20000;
    assert_int_equal(claims("b").result, SK_UNAVAILABLE);
    assert_false(asks("b").asked);
    sk_store(&zone->failing, 0);
    assert_true(claims("b").asked);
    sk_batch_give_back(zone);
    sk_test_conserved(zone);
    queued("b", 1, 1);
}


/* who joins waits for nobody's window but his own */

static void
test_window(void **state)
{
    (void) state;

    sold_out(1, 10, "\"waitlist\":5");
    joins("a");

    (void) command(SK_SALE_PAUSE, "phone", "");
    assert_int_equal(claims("a").result, SK_PAUSED);
    assert_int_equal(claims("b").result, SK_PAUSED);
    assert_int_equal(command(SK_ORDER_CANCEL, "2", ""), 200);
    assert_int_equal(sk_load(&phone->free), 1);
    assert_int_equal(sk_load(&phone->list.waiting), 1);

    (void) command(SK_SALE_RESUME, "phone", "");
    assert_int_equal(asks("a").result, SK_WON);
}


/* a claim that comes behind one which joins does not overtake it */

static void
test_behind(void **state)
{
    unsigned      decided;
    sk_answer_t   a, b;

    (void) state;

    sold_out(1, 10, "\"waitlist\":5");
    a = claims("a");
    assert_true(a.admitted);

    /* the hold ends before the queue is looked at */

    now_ms = EXPIRED_MS;
    sk_writer_clock(&d.writer, now_ms, now_ms);
    assert_int_equal(sk_hold_work(&d.hold, &d.writer, &decided), SK_OK);
    assert_int_equal(sk_load(&phone->free), 1);

    b = claims("b");
    assert_int_equal(b.result, SK_SOLD_OUT);
    settle_at(&d, now_ms);
    assert_int_equal(asks("a").result, SK_WON);
    assert_int_equal(asks("b").result, SK_NONE);

    /* with units for all it is asked again, and "sold out" is not said */

    joins("c");
    sk_store(&phone->stock, 9);
    sk_add(&phone->free, 8);
    b = claims("b");
    assert_int_equal(b.result, SK_WAIT);
    assert_int_equal(b.ticket, 0);
    assert_false(b.admitted);
}


/* with a place for another one GET says what he has, and keeps that place */

static void
test_second(void **state)
{
    (void) state;

    sold_out(2, 600, "\"waitlist\":5,\"limit\":2");
    assert_true(claims("u0").admitted);
    settle_at(&d, now_ms);
    assert_int_equal(claims("u0").result, SK_QUEUED);
    pass(20000);
    assert_int_equal(asks("u0").result, SK_WON);
    settle_at(&d, now_ms);
    assert_int_equal(of_type("asked"), 1);

    /* half of the queue is for claims */

    now_ms += 20000;
    zone->queue.n = 2;
    assert_true(claims("x").admitted);
    assert_false(asks("u0").asked);
}


/* who is gone does not keep others from hoping */

static void
test_swept(void **state)
{
    (void) state;

    sold_out(1, 600, "\"waitlist\":5");
    joins("a");
    refused("b");
    pass(90000);
    assert_int_equal(of_type("skipped"), 1);
    assert_int_equal(sk_load(&phone->held), 1);
    joins("b");
    queued("b", 1, 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_order),
        T(test_skipped),
        T(test_asked_lately),
        T(test_pause),
        T(test_restart),
        T(test_limit),
        T(test_undecided),
        T(test_first),
        T(test_given_back),
        T(test_window),
        T(test_behind),
        T(test_second),
        T(test_swept),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("waitlist", tests, NULL, NULL);
}
