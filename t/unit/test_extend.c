/* holds that are made longer */

#include "sk_test_order.h"


#define EXTEND_MS   5000
#define EXTENDED_MS (EXPIRED_MS + EXTEND_MS)

#define EXTENDABLE  "\"stock\":1,\"extend\":5"


static void
check_phone(int held, uint32_t expires_s)
{
    sk_sale_t    *sale;
    sk_answer_t   answer;

    sale = sk_zone_sale(zone, "phone", 5);
    answer = sk_test_ask(zone, sale, "u0");

    assert_int_equal(sk_load(&sale->held), held);
    assert_int_equal(sk_load(&sale->free), !held);
    assert_int_equal(answer.result, held ? SK_WON : SK_NONE);
    assert_int_equal(answer.expires_s, expires_s);
    assert_int_equal(count_sql("SELECT count(*) FROM orders WHERE"
                               " \"order\" = 2 AND state = 'held' AND"
                               " expires_at = '1970-01-01T00:16:55.000Z'"),
                     held);
    sk_test_conserved(zone);
}


static void
test_extend(void **state)
{
    (void) state;

    one_phone(EXTENDABLE);

    assert_int_equal(command(SK_ORDER_EXTEND, "2", "{\"user\":\"u1\"}"), 409);
    says("another user's");
    assert_int_equal(command(SK_ORDER_EXTEND, "2", "{\"late\":true}"), 400);
    assert_int_equal(command(SK_ORDER_EXTEND, "99", ""), 404);
    assert_int_equal(command(SK_ORDER_EXTEND, "2", "{\"user\":\"u0\"}"), 200);
    says("\"state\":\"held\"");
    says("\"expires_at\":\"1970-01-01T00:16:55.000Z\"");
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 3"
                               " AND type = 'extended' AND object = 2"
                               " AND user = 'u0' AND expires = 1015000"
                               " AND detail = '{\"by\":\"ops\"}'"), 1);
    check_phone(1, EXTENDED_MS / 1000);

    assert_int_equal(command(SK_ORDER_EXTEND, "2", ""), 409);
    says("\"message\":\"the order's hold was made longer before\"");
    assert_int_equal(events(), 3);

    settle_at(&d, EXPIRED_MS - 1);
    settle_at(&d, EXPIRED_MS);
    check_phone(1, EXTENDED_MS / 1000);
    settle_at(&d, EXTENDED_MS - 1);
    check_phone(1, EXTENDED_MS / 1000);
    assert_int_equal(events(), 3);

    settle_at(&d, EXTENDED_MS);
    check_phone(0, 0);
    assert_int_equal(events(), 4);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 4"
                               " AND type = 'expired' AND object = 2"
                               " AND at = 1015000"), 1);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)
                             ->orders[SK_ORDER_EXTENDED]), 1);

    assert_int_equal(command_at(EXTENDED_MS, SK_ORDER_EXTEND, "2", ""), 409);
    says("the order has expired");
    assert_int_equal(command_at(EXTENDED_MS, SK_ORDER_CONFIRM, "2",
                                "{\"late\":true}"), 200);
    says("\"expires_at\":\"1970-01-01T00:16:55.000Z\"");
}


/* who reads the ledger anew, at any time, knows when it ends */

static void
test_extend_and_restarts(void **state)
{
    int64_t  at_ms;

    (void) state;

    one_phone(EXTENDABLE);
    assert_int_equal(command(SK_ORDER_EXTEND, "2", ""), 200);

    for (at_ms = EXPIRED_MS - 1000; at_ms < EXTENDED_MS; at_ms += 1000) {
        restart(NULL, 0);
        check_phone(1, EXTENDED_MS / 1000);
        settle_at(&d, at_ms);
        check_phone(1, EXTENDED_MS / 1000);
    }

    assert_int_equal(command_at(EXTENDED_MS - 1, SK_ORDER_EXTEND, "2", ""),
                     409);
    assert_int_equal(events(), 3);

    /* another drainer of the same zone, which does not know what this did */

    sk_drain_close(&d);
    sk_store(&zone->expires_s, UINT32_MAX);
    settle_at(&d, EXTENDED_MS - 1);
    check_phone(1, EXTENDED_MS / 1000);

    /* all at once: it ends once */

    restart(NULL, 0);
    settle_at(&d, EXTENDED_MS + 100000);
    check_phone(0, 0);
    restart(NULL, 0);
    settle_at(&d, EXTENDED_MS + 100000);
    assert_int_equal(events(), 4);
}


/* paid between the old end and the new one; and answered again by its key */

static void
test_extend_and_pay(void **state)
{
    uint64_t  ticket;

    (void) state;

    one_phone(EXTENDABLE);

    ticket = post(SK_ORDER_EXTEND, "2", "", "k", 1);
    settle(&d);
    collect(ticket);
    assert_int_equal(reply.status, 200);

    assert_int_equal(command_at(EXTENDED_MS - 1, SK_ORDER_CONFIRM, "2", ""),
                     200);
    says("\"state\":\"paid\"");
    restart(NULL, 0);
    settle_at(&d, EXTENDED_MS);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->sold), 1);
    assert_int_equal(command_at(EXTENDED_MS, SK_ORDER_EXTEND, "2", ""), 409);
    says("the order is paid");

    ticket = post(SK_ORDER_EXTEND, "2", "", "k", 1);
    settle(&d);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    says("\"state\":\"held\"");
    says("\"expires_at\":\"1970-01-01T00:16:55.000Z\"");
    assert_int_equal(events(), 4);
}


/* what has no hold, or none that may be longer; and one that is over */

static void
test_extend_is_refused(void **state)
{
    uint64_t  ticket;

    (void) state;

    one_phone("\"stock\":2");
    assert_int_equal(command(SK_ORDER_EXTEND, "2", ""), 409);
    says("the sale's \\\"extend\\\" is 0: its holds cannot be made longer");

    /* what the sale says now */

    (void) command(SK_SALE_EDIT, "phone", "{\"extend\":20}");
    says("\"extend\":20");
    assert_int_equal(command(SK_ORDER_EXTEND, "2", ""), 200);
    says("\"expires_at\":\"1970-01-01T00:17:10.000Z\"");
    (void) command(SK_ORDER_CANCEL, "2", "");
    assert_int_equal(command(SK_ORDER_EXTEND, "2", ""), 409);
    says("the order was cancelled");

    (void) command(SK_SALE_ADD, "", "{\"name\":\"pen\",\"stock\":1,"
                   "\"extend\":5}");
    sell(&d, "pen", "u", 1);            /* 7 */
    assert_int_equal(command(SK_ORDER_EXTEND, "7", ""), 409);
    says("the order is sold: its sale has no hold, there is nothing to make "
         "longer");

    /* nobody has made it expire yet */

    sell(&d, "phone", "v", 1);          /* 8 */
    ticket = post(SK_ORDER_EXTEND, "8", "", "k", 1);
    sk_store(&zone->expires_s, UINT32_MAX);
    settle_at(&d, EXPIRED_MS);
    collect(ticket);
    assert_int_equal(reply.status, 409);
    says("\"message\":\"the order has expired\"");
    says("\"state\":\"expired\"");
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'extended'"), 1);
}


/* another server on the store, which has not looked since */

static void
test_extend_and_another_server(void **state)
{
    sk_zone_t    *other;
    sk_sale_t    *sale;
    sk_drain_t    e;

    (void) state;

    one_phone(EXTENDABLE);
    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle(&e);
    sale = sk_zone_sale(other, "phone", 5);
    assert_int_equal(sk_test_ask(other, sale, "u0").expires_s,
                     EXPIRED_MS / 1000);

    assert_int_equal(command(SK_ORDER_EXTEND, "2", ""), 200);

    settle_at(&e, EXPIRED_MS);
    assert_int_equal(sk_load(&sale->held), 1);
    assert_int_equal(sk_test_ask(other, sale, "u0").expires_s,
                     EXTENDED_MS / 1000);
    assert_int_equal(events(), 3);

    settle_at(&e, EXTENDED_MS);
    settle_at(&d, EXTENDED_MS);
    assert_int_equal(sk_load(&sale->held), 0);
    check_phone(0, 0);
    assert_int_equal(events(), 4);
    sk_test_conserved(other);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


/* more of them end in one second than a commit takes */

#define MANY  2100
#define FEW   50


static void
test_extend_many(void **state)
{
    char      user[16], order[16];
    unsigned  i, n;
    uint64_t  tickets[SK_COMMANDS_MAX];

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"hold\":10,"
                             "\"stock\":2100,\"extend\":5}"), 201);

    for (i = 0; i < MANY; /* void */ ) {
        (void) snprintf(user, sizeof(user), "u%u", i);

        if (sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), user)
            .admitted)
        {
            i++;

        } else {
            settle(&d);
        }
    }

    settle(&d);

    for (i = FEW; i < MANY; i += n) {

        for (n = 0; n < SK_COMMANDS_MAX && i + n < MANY; n++) {
            (void) snprintf(order, sizeof(order), "%u", 2 + i + n);
            tickets[n] = post(SK_ORDER_EXTEND, order, "", "", 0);
        }

        settle(&d);

        while (n) {
            collect(tickets[--n]);
            assert_int_equal(reply.status, 200);
        }

        n = (MANY - i < SK_COMMANDS_MAX) ? MANY - i : SK_COMMANDS_MAX;
    }

    settle_at(&d, EXPIRED_MS);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'expired'"), FEW);
    settle_at(&d, EXTENDED_MS);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'expired'"), MANY);
    assert_int_equal(count_sql("SELECT count(DISTINCT object) FROM ledger"
                               " WHERE type = 'expired'"), MANY);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->free), MANY);
    sk_test_conserved(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_extend),
        T(test_extend_and_restarts),
        T(test_extend_and_pay),
        T(test_extend_is_refused),
        T(test_extend_and_another_server),
        T(test_extend_many),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("extend", tests, NULL, NULL);
}
