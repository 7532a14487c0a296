/* what the zone tells of holds that should have ended, and have not */

#include "sk_test_hold.h"


#define OVERDUE_MS  (EXPIRES_MS + SK_OVERDUE_MS + 1)


typedef struct {
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_drain_t   drain;
} late_t;


static void
late_begin(late_t *t, int64_t stock, int64_t limit, unsigned sold)
{
    sk_sale_def_t  def;

    def = held_def(stock);
    def.limit = limit;

    t->zone = sk_test_zone(ZONE_SIZE, 0);
    t->drain = drainer(t->zone, &def, 1);
    settle(&t->drain);

    t->sale = sk_zone_sale(t->zone, "phone", 5);

    sell(&t->drain, "phone", "u", sold);
}


static void
late_end(late_t *t)
{
    sk_drain_close(&t->drain);
    sk_test_zone_free(t->zone);
}


static sk_answer_t
late_gate(late_t *t, void (*gate)(sk_zone_t *zone, const sk_claim_t *claim,
    int64_t now_ms, sk_answer_t *answer), const char *user, int64_t now_ms)
{
    sk_claim_t   claim = { 0 };
    sk_answer_t  answer;

    claim.sale = t->sale;
    claim.user = user;
    claim.user_len = strlen(user);

    gate(t->zone, &claim, now_ms, &answer);

    return answer;
}

#define late_claim(t, user, ms)  late_gate(t, sk_gate_claim, user, ms).result
#define late_ask(t, user, ms)    late_gate(t, sk_gate_ask, user, ms).result


static void
test_late_hold_is_not_sold_out(void **state)
{
    late_t       t;
    sk_answer_t  a;

    (void) state;

    late_begin(&t, 1, 1, 1);

    /* nobody has worked since it was won */

    assert_int_equal(late_claim(&t, "bob", EXPIRES_MS - 1), SK_SOLD_OUT);
    assert_int_equal(late_claim(&t, "bob", OVERDUE_MS - 1), SK_SOLD_OUT);
    assert_int_equal(late_claim(&t, "bob", OVERDUE_MS), SK_UNAVAILABLE);

    a = late_gate(&t, sk_gate_ask, "bob", OVERDUE_MS - 1);
    assert_int_equal(a.result, SK_NONE);
    assert_int_equal(a.sale_state, SK_SALE_SOLD_OUT);
    assert_int_equal(late_ask(&t, "bob", OVERDUE_MS), SK_UNAVAILABLE);

    /* somebody works again */

    assert_int_equal(settle_at(&t.drain, OVERDUE_MS), SK_OK);
    assert_int_equal(late_claim(&t, "bob", OVERDUE_MS), SK_WAIT);

    late_end(&t);
}


static void
test_late_hold_is_not_held(void **state)
{
    late_t  t;

    (void) state;

    late_begin(&t, 1, 1, 1);

    assert_int_equal(late_ask(&t, "u0", EXPIRES_MS - 1), SK_WON);
    assert_int_equal(late_claim(&t, "u0", EXPIRES_MS - 1), SK_ALREADY);

    /* it is over, and somebody will say so */

    assert_int_equal(late_ask(&t, "u0", EXPIRES_MS), SK_WAIT);
    assert_int_equal(late_claim(&t, "u0", EXPIRES_MS), SK_WAIT);
    assert_int_equal(late_gate(&t, sk_gate_claim, "u0", EXPIRES_MS).ticket, 0);
    assert_false(late_gate(&t, sk_gate_claim, "u0", EXPIRES_MS).admitted);
    assert_int_equal(late_ask(&t, "u0", OVERDUE_MS - 1), SK_WAIT);

    /* nobody does */

    assert_int_equal(late_ask(&t, "u0", OVERDUE_MS), SK_UNAVAILABLE);
    assert_int_equal(late_claim(&t, "u0", OVERDUE_MS), SK_UNAVAILABLE);

    assert_int_equal(settle_at(&t.drain, OVERDUE_MS), SK_OK);
    assert_int_equal(late_ask(&t, "u0", OVERDUE_MS), SK_NONE);

    late_end(&t);
}


/* the first is paid: of the second only the sale's count is known */

static void
test_late_hold_of_several(void **state)
{
    late_t       t;
    sk_claim_t   claim = { 0 };
    sk_answer_t  a;
    sk_unit_t   *u;

    (void) state;

    late_begin(&t, 3, 2, 0);

    claim.sale = t.sale;
    claim.user = "ann";
    claim.user_len = 3;

    sk_gate_claim(t.zone, &claim, SK_TEST_NOW, &a);
    sk_gate_claim(t.zone, &claim, SK_TEST_NOW, &a);
    assert_int_equal(settle_at(&t.drain, SK_TEST_NOW), SK_OK);

    u = sk_units_get(&t.zone->units,
                     sk_zone_user_key(t.zone, sk_load(&t.sale->id), "ann", 3),
                     sk_unit_value(SK_UNIT_HELD, 2));
    assert_non_null(u);
    sk_store(&u->value, sk_unit_value(SK_UNIT_SOLD, 2));
    sk_add(&t.sale->held, -1);
    sk_add(&t.sale->sold, 1);

    a = late_gate(&t, sk_gate_ask, "ann", OVERDUE_MS - 1);
    assert_int_equal(a.result, SK_WON);
    assert_int_equal(a.n_orders, 2);
    assert_int_equal(late_ask(&t, "ann", OVERDUE_MS), SK_UNAVAILABLE);
    assert_int_equal(late_claim(&t, "ann", OVERDUE_MS), SK_UNAVAILABLE);

    late_end(&t);
}


/* other sales of the zone, those without a hold, are not concerned */

static void
test_late_hold_of_another_sale(void **state)
{
    late_t       t;
    sk_sale_t   *pen;
    sk_answer_t  a;

    (void) state;

    late_begin(&t, 1, 1, 1);

    pen = sk_test_sale(t.zone, "pen", 1, 1);
    a = sk_test_claim(t.zone, pen, "bob");
    sk_test_win(t.zone, pen, "bob", a.ticket);

    t.sale = pen;

    assert_int_equal(late_claim(&t, "cem", OVERDUE_MS), SK_SOLD_OUT);
    assert_int_equal(late_claim(&t, "bob", OVERDUE_MS), SK_ALREADY);
    assert_int_equal(late_ask(&t, "bob", OVERDUE_MS), SK_WON);
    assert_int_equal(late_ask(&t, "cem", OVERDUE_MS), SK_NONE);

    late_end(&t);
}


/* the ledger has been read, and nobody has looked yet when holds end */

static void
test_late_hold_is_not_known(void **state)
{
    late_t  t;

    (void) state;

    late_begin(&t, 1, 1, 1);

    sk_store(&t.zone->expires_s, 0);

    assert_int_equal(late_claim(&t, "bob", SK_TEST_NOW), SK_WAIT);
    assert_int_equal(late_gate(&t, sk_gate_claim, "bob", SK_TEST_NOW).ticket,
                     0);
    assert_int_equal(late_ask(&t, "bob", SK_TEST_NOW), SK_WAIT);
    assert_int_equal(late_ask(&t, "u0", SK_TEST_NOW), SK_WON);

    assert_int_equal(settle_at(&t.drain, SK_TEST_NOW), SK_OK);
    assert_int_equal(late_claim(&t, "bob", SK_TEST_NOW), SK_SOLD_OUT);

    late_end(&t);
}


#define T(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_late_hold_is_not_sold_out),
        T(test_late_hold_is_not_held),
        T(test_late_hold_of_several),
        T(test_late_hold_of_another_sale),
        T(test_late_hold_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
