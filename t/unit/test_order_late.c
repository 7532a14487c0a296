/* payments that come when the order has expired */

#include "sk_test_order.h"


/* a payment that comes when the order has expired */

static void
test_late(void **state)
{
    sk_sale_t  *sale;

    (void) state;

    one_phone("\"stock\":1");
    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(command(SK_ORDER_CONFIRM, "2", "{\"late\":1}"), 400);
    says("\"field\":\"late\"");
    assert_int_equal(command(SK_ORDER_CANCEL, "2", "{\"late\":true}"), 400);

    settle_at(&d, EXPIRED_MS);
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2", ""), 409);
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":false}"), 409);
    says("\"message\":\"the order has expired\"");
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true,\"user\":\"u1\"}"), 409);
    says("another user's");
    assert_int_equal(events(), 3);

    /* though the sale is paused, and over */

    (void) command_at(EXPIRED_MS, SK_SALE_PAUSE, "phone", "");
    (void) command_at(EXPIRED_MS, SK_SALE_END, "phone", "");
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true,\"user\":\"u0\"}"), 200);
    says("\"state\":\"paid\"");
    assert_int_equal(events(), 6);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 6"
                               " AND type = 'paid' AND object = 2"
                               " AND detail = '{\"by\":\"ops\",\"late\":true"
                               "}'"), 1);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_load(&sale->free), 0);
    assert_int_equal(sk_load(&sale->orders[SK_ORDER_EXPIRED]), 1);
    assert_int_equal(sk_load(&sale->orders[SK_ORDER_PAID]), 1);
    assert_int_equal(sk_test_ask(zone, sale, "u0").order, 2);
    assert_int_equal(sk_test_ask(zone, sale, "u0").state,
                     SK_STATE_PAID);

    /* it is paid, whoever says it again, and can be cancelled */

    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true}"), 200);
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2", ""), 200);
    assert_int_equal(events(), 6);

    restart(NULL, 0);
    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_load(&sale->orders[SK_ORDER_PAID]), 1);
    assert_int_equal(sk_test_ask(zone, sale, "u0").order, 2);
    sk_test_conserved(zone);

    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CANCEL, "2", ""), 200);
    assert_int_equal(sk_load(&sale->free), 1);
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true}"), 409);
    says("the order was cancelled");
}


/* its time is over, and nobody has got to it: it expires, and is paid */

static void
test_late_and_overdue(void **state)
{
    uint64_t    ticket;
    sk_sale_t  *sale;

    (void) state;

    one_phone("\"stock\":1");
    sale = sk_zone_sale(zone, "phone", 5);

    ticket = post(SK_ORDER_CONFIRM, "2", "{\"late\":true}", "k", 1);
    sk_store(&zone->expires_s, UINT32_MAX);
    settle_at(&d, EXPIRED_MS);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    says("\"state\":\"paid\"");
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq IN (3, 4)"
                               " AND object = 2 AND type = iif(seq = 3,"
                               " 'expired', 'paid') AND (key IS 'k')"
                               " = (seq = 4)"), 2);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_load(&sale->held), 0);
    sk_test_conserved(zone);

    /* with its key it is the same, whatever has happened since */

    (void) command_at(EXPIRED_MS, SK_ORDER_CANCEL, "2", "");
    restart(NULL, 0);
    ticket = post(SK_ORDER_CONFIRM, "2", "{\"late\":true}", "k", 1);
    settle_at(&d, EXPIRED_MS);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    says("\"state\":\"paid\"");
    assert_int_equal(events(), 5);

    /* in time, "late" changes nothing */

    (void) command(SK_SALE_ADD, "", "{\"name\":\"pen\",\"stock\":1,"
                   "\"hold\":60}");
    sell(&d, "pen", "v", 1);            /* 7 */
    assert_int_equal(command(SK_ORDER_CONFIRM, "7", "{\"late\":true}"), 200);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE object = 7"
                               " AND type = 'paid'"
                               " AND detail = '{\"by\":\"ops\"}'"), 1);
}


/* no unit is free: somebody has it, or a claim that is undecided */

static void
test_late_without_a_unit(void **state)
{
    uint64_t      ticket, claim;
    sk_sale_t    *sale;

    (void) state;

    one_phone("\"stock\":1");
    sale = sk_zone_sale(zone, "phone", 5);
    settle_at(&d, EXPIRED_MS);

    ticket = post(SK_ORDER_CONFIRM, "2", "{\"late\":true}", "", 0);
    claim = sk_test_claim(zone, sale, "v").ticket;
    settle_at(&d, EXPIRED_MS);
    collect(ticket);
    assert_int_equal(reply.status, 409);
    says("\"message\":\"the order has expired, and no unit is free\"");
    says("\"state\":\"expired\"");
    assert_int_equal(outcome_of(zone, claim), SK_OUTCOME_WON);

    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true}"), 409);
    says("no unit is free");
    sk_test_conserved(zone);

    /* a refusal is decided again */

    assert_int_equal(command_at(EXPIRED_MS, SK_SALE_EDIT, "phone",
                                "{\"add_stock\":1}"), 200);
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true}"), 200);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_load(&sale->held), 1);

    /* of a sale that is gone nothing is free */

    settle_at(&d, EXPIRED_MS + 20000);
    (void) command_at(EXPIRED_MS + 20000, SK_SALE_END, "phone", "");
    assert_int_equal(command_at(EXPIRED_MS + 20000, SK_SALE_REMOVE, "phone",
                                ""), 200);
    assert_int_equal(command_at(EXPIRED_MS + 20000, SK_ORDER_CONFIRM, "4",
                                "{\"late\":true}"), 409);
    says("the order's sale was removed");
    restart(NULL, 0);
    assert_int_equal(command_at(EXPIRED_MS + 20000, SK_ORDER_CONFIRM, "4",
                                "{\"late\":true}"), 409);
    says("the order's sale was removed");
}


/* the user has claimed again, and has all of the limit, or is about to */

static void
test_late_and_limit(void **state)
{
    uint64_t      ticket, claim;
    sk_sale_t    *sale;
    sk_answer_t   answer;

    (void) state;

    one_phone("\"stock\":9");
    sale = sk_zone_sale(zone, "phone", 5);
    settle_at(&d, EXPIRED_MS);

    /* what is undecided is none of the user's yet: the payment comes first */

    claim = sk_test_claim(zone, sale, "u0").ticket;
    ticket = post(SK_ORDER_CONFIRM, "2", "{\"late\":true}", "", 0);
    settle_at(&d, EXPIRED_MS);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    assert_int_equal(outcome_of(zone, claim), SK_OUTCOME_REFUSED);
    answer = sk_test_claim(zone, sale, "u0");
    assert_int_equal(answer.result, SK_ALREADY);
    assert_int_equal(answer.order, 2);
    sk_test_conserved(zone);

    (void) command_at(EXPIRED_MS, SK_ORDER_CANCEL, "2", "");
    (void) command_at(EXPIRED_MS, SK_SALE_EDIT, "phone", "{\"limit\":2}");

    /* 7 and 8, and later 11 */

    assert_true(sk_test_claim(zone, sale, "w").admitted);
    assert_true(sk_test_claim(zone, sale, "w").admitted);
    settle_at(&d, EXPIRED_MS);
    settle_at(&d, EXPIRED_MS + 20000);
    assert_int_equal(sk_load(&sale->orders[SK_ORDER_EXPIRED]), 3);
    assert_true(sk_test_claim(zone, sale, "w").admitted);
    settle_at(&d, EXPIRED_MS + 20000);
    assert_int_equal(command_at(EXPIRED_MS + 20000, SK_ORDER_CONFIRM, "7",
                                "{\"late\":true}"), 200);
    assert_int_equal(command_at(EXPIRED_MS + 20000, SK_ORDER_CONFIRM, "8",
                                "{\"late\":true}"), 409);
    says("\"message\":\"the order has expired, and the user has all that the "
         "limit allows\"");
    assert_int_equal(sk_test_ask(zone, sale, "w").n_orders, 2);
}


/* several in one transaction see what those before them change */

static void
test_late_at_once(void **state)
{
    unsigned    i, done;
    uint64_t    tickets[5];
    sk_sale_t  *sale;

    static const char *const  orders[] = { "2", "3", "4", "5", "6" };

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":5,"
                   "\"hold\":10}");
    sale = sk_zone_sale(zone, "phone", 5);
    sell(&d, "phone", "u", 5);
    settle_at(&d, EXPIRED_MS);
    (void) command_at(EXPIRED_MS, SK_SALE_EDIT, "phone", "{\"stock\":2}");

    for (i = 0; i < 5; i++) {
        tickets[i] = post(SK_ORDER_CONFIRM, orders[i], "{\"late\":true}", "",
                          0);
    }

    settle_at(&d, EXPIRED_MS);

    for (i = 0, done = 0; i < 5; i++) {
        collect(tickets[i]);
        done += (reply.status == 200);
        assert_true(reply.status == 200 || reply.status == 409);
    }

    assert_int_equal(done, 2);
    assert_int_equal(sk_load(&sale->sold), 2);
    assert_int_equal(sk_load(&sale->free), 0);
    sk_test_conserved(zone);

    /* one is given back, and another one gets it */

    tickets[0] = post(SK_ORDER_CANCEL, "2", "", "", 0);
    tickets[1] = post(SK_ORDER_CONFIRM, "6", "{\"late\":true}", "", 0);
    tickets[2] = post(SK_ORDER_CONFIRM, "5", "{\"late\":true}", "", 0);
    settle_at(&d, EXPIRED_MS);
    collect(tickets[1]);
    assert_int_equal(reply.status, 200);
    collect(tickets[2]);
    assert_int_equal(reply.status, 409);
    assert_int_equal(sk_load(&sale->sold), 2);
    sk_test_conserved(zone);
}


/* two orders of one user, in one transaction */

static void
test_late_of_one_user(void **state)
{
    uint64_t    one, two;
    sk_sale_t  *sale;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":5,"
                   "\"hold\":10,\"limit\":2}");
    sale = sk_zone_sale(zone, "phone", 5);
    assert_true(sk_test_claim(zone, sale, "u").admitted);
    assert_true(sk_test_claim(zone, sale, "u").admitted);
    settle(&d);
    settle_at(&d, EXPIRED_MS);
    (void) command_at(EXPIRED_MS, SK_SALE_EDIT, "phone", "{\"limit\":1}");

    one = post(SK_ORDER_CONFIRM, "2", "{\"late\":true}", "", 0);
    two = post(SK_ORDER_CONFIRM, "3", "{\"late\":true}", "", 0);
    settle_at(&d, EXPIRED_MS);
    collect(one);
    assert_int_equal(reply.status, 200);
    collect(two);
    assert_int_equal(reply.status, 409);
    says("all that the limit allows");

    /* paid for another one, when that is given back */

    one = post(SK_ORDER_CANCEL, "2", "", "", 0);
    two = post(SK_ORDER_CONFIRM, "3", "{\"late\":true}", "", 0);
    settle_at(&d, EXPIRED_MS);
    collect(one);
    collect(two);
    assert_int_equal(reply.status, 200);
    assert_int_equal(sk_test_ask(zone, sale, "u").order, 3);
    assert_int_equal(sk_test_ask(zone, sale, "u").n_orders, 1);
    sk_test_conserved(zone);
}


/* another server on the store has claims for the unit that was paid late */

static void
test_late_and_another_server(void **state)
{
    uint64_t      claim;
    sk_zone_t    *other;
    sk_sale_t    *sale;
    sk_drain_t    e;

    (void) state;

    one_phone("\"stock\":1");
    settle_at(&d, EXPIRED_MS);

    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle_at(&e, EXPIRED_MS);
    sale = sk_zone_sale(other, "phone", 5);
    assert_int_equal(sk_load(&sale->free), 1);

    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true}"), 200);
    claim = sk_test_claim(other, sale, "v").ticket;
    assert_int_not_equal(claim, 0);
    settle_at(&e, EXPIRED_MS);
    assert_int_equal(outcome_of(other, claim), SK_OUTCOME_REFUSED);
    assert_int_equal(sk_load(&sale->free), 0);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_test_ask(other, sale, "u0").order, 2);
    assert_int_equal(sk_test_claim(other, sale, "v").result, SK_SOLD_OUT);
    sk_test_conserved(other);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_late),
        T(test_late_and_overdue),
        T(test_late_without_a_unit),
        T(test_late_and_limit),
        T(test_late_at_once),
        T(test_late_of_one_user),
        T(test_late_and_another_server),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("order_late", tests, NULL, NULL);
}
