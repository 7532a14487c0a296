/* orders that are cancelled, and their units do not go on sale again */

#include "sk_test_order.h"


#define GONE  "{\"restock\":false}"


static void
check_phones(int64_t stock, int64_t free, int64_t held, int64_t sold)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(zone, "phone", 5);

    assert_int_equal(sk_load(&sale->stock), stock);
    assert_int_equal(sk_load(&sale->free), free);
    assert_int_equal(sk_load(&sale->held), held);
    assert_int_equal(sk_load(&sale->sold), sold);
    assert_int_equal(zone->reserved, stock);
    sk_test_conserved(zone);
}


/* three phones, two are held by 2 and 3; the configuration has said so */

static void
phones(sk_sale_def_t *def)
{
    *def = sk_test_def("phone", 3, 1);
    def->hold_s = 10;

    restart(def, 1);
    sell(&d, "phone", "u", 2);
    check_phones(3, 1, 2, 0);
}


static void
test_restock(void **state)
{
    sk_sale_def_t  def;

    (void) state;

    phones(&def);

    assert_int_equal(command(SK_ORDER_CANCEL, "2", "{\"restock\":0}"), 400);
    assert_int_equal(command(SK_ORDER_CONFIRM, "2", GONE), 400);

    assert_int_equal(command(SK_ORDER_CANCEL, "2", GONE), 200);
    says("\"state\":\"cancelled\"");
    check_phones(2, 1, 1, 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 4"
                               " AND type = 'cancelled' AND detail ="
                               " '{\"by\":\"ops\",\"restock\":false,"
                               "\"stock\":2}'"), 1);

    /* it stays as it is, and so does the stock */

    assert_int_equal(command(SK_ORDER_CANCEL, "2", GONE), 200);
    assert_int_equal(command(SK_ORDER_CANCEL, "2", "{\"restock\":true}"), 200);
    assert_int_equal(events(), 4);

    /* so it is after a start, whatever the configuration says still */

    restart(&def, 1);
    check_phones(2, 1, 1, 0);
    assert_int_equal(events(), 4);

    /* one that is paid; and an edit of the stock goes on from there */

    assert_int_equal(command(SK_ORDER_CONFIRM, "3", ""), 200);
    assert_int_equal(command(SK_ORDER_CANCEL, "3", GONE), 200);
    check_phones(1, 1, 0, 0);
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"add_stock\":2}"), 200);
    check_phones(3, 3, 0, 0);
    sell(&d, "phone", "v", 1);          /* 8 */
    assert_int_equal(command(SK_ORDER_CANCEL, "8", "{\"restock\":true}"), 200);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 9"
                               " AND detail = '{\"by\":\"ops\"}'"), 1);
    check_phones(3, 3, 0, 0);

    restart(&def, 1);
    check_phones(3, 3, 0, 0);
    assert_int_equal(events(), 9);
}


/* the last unit: nothing is left, and nobody wins */

static void
test_restock_of_the_last(void **state)
{
    uint64_t      claim, ticket;
    sk_zone_t    *other;
    sk_sale_t    *sale;
    sk_drain_t    e;

    (void) state;

    one_phone("\"stock\":1");
    sale = sk_zone_sale(zone, "phone", 5);

    /* another server on the store; one that has a claim meanwhile */

    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle(&e);

    ticket = post(SK_ORDER_CANCEL, "2", GONE, "k", 1);
    settle(&d);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    check_phones(0, 0, 0, 0);
    assert_int_equal(sk_test_claim(zone, sale, "v").result, SK_SOLD_OUT);

    settle(&e);
    sale = sk_zone_sale(other, "phone", 5);
    assert_int_equal(sk_load(&sale->stock), 0);
    assert_int_equal(sk_test_claim(other, sale, "v").result, SK_SOLD_OUT);
    sk_test_conserved(other);

    (void) command(SK_SALE_EDIT, "phone", "{\"stock\":2}");
    sell(&d, "phone", "w", 1);          /* 5 */
    settle(&e);
    claim = sk_test_claim(other, sale, "v").ticket;
    assert_int_not_equal(claim, 0);
    assert_int_equal(command(SK_ORDER_CANCEL, "5", GONE), 200);
    settle(&e);
    assert_int_equal(outcome_of(other, claim), SK_OUTCOME_WON);
    assert_int_equal(sk_load(&sale->stock), 1);
    assert_int_equal(sk_load(&sale->free), 0);
    sk_test_conserved(other);

    /* asked again with its key, after all that */

    restart(NULL, 0);
    ticket = post(SK_ORDER_CANCEL, "2", GONE, "k", 1);
    settle(&d);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    says("\"state\":\"cancelled\"");
    check_phones(1, 0, 1, 0);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


/* several in one transaction: each says what the stock is then */

static void
test_restock_at_once(void **state)
{
    unsigned  i;
    uint64_t  tickets[5];

    static const char *const  orders[] = { "2", "3", "4", "5", "6" };

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":7,"
                   "\"hold\":10}");
    sell(&d, "phone", "u", 5);
    check_phones(7, 2, 5, 0);

    for (i = 0; i < 5; i++) {
        tickets[i] = post(SK_ORDER_CANCEL, orders[i], (i == 1) ? "" : GONE, "",
                          0);
    }

    settle(&d);

    for (i = 0; i < 5; i++) {
        collect(tickets[i]);
        assert_int_equal(reply.status, 200);
    }

    check_phones(3, 3, 0, 0);
    assert_int_equal(count_sql("SELECT group_concat(detail ->> 'stock', '') ="
                               " '6543' FROM (SELECT detail FROM ledger WHERE"
                               " detail ->> 'restock' = 0 ORDER BY seq)"), 1);
    assert_int_equal(count_sql("SELECT max(n) FROM (SELECT count(*) AS n FROM"
                               " commits c JOIN ledger l ON l.seq <= c.last AND"
                               " l.seq > (SELECT ifnull(max(last), 0) FROM"
                               " commits p WHERE p.last < c.last)"
                               " GROUP BY c.last)"), 5);
    restart(NULL, 0);
    check_phones(3, 3, 0, 0);
}


/* a unit that is withdrawn in the same transaction is none to be had */

static void
test_restock_and_late(void **state)
{
    uint64_t  one, two, three;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":2,"
                   "\"hold\":10}");
    sell(&d, "phone", "u", 2);
    assert_int_equal(command(SK_ORDER_CONFIRM, "2", ""), 200);
    settle_at(&d, EXPIRED_MS);
    sell(&d, "phone", "v", 1);          /* 6 */
    check_phones(2, 0, 1, 1);

    one = post(SK_ORDER_CANCEL, "2", GONE, "", 0);
    two = post(SK_ORDER_CONFIRM, "3", "{\"late\":true}", "", 0);
    three = post(SK_ORDER_CANCEL, "6", GONE, "", 0);
    settle_at(&d, EXPIRED_MS);
    collect(one);
    assert_int_equal(reply.status, 200);
    collect(two);
    assert_int_equal(reply.status, 409);
    says("no unit is free");
    collect(three);
    assert_int_equal(reply.status, 200);
    check_phones(0, 0, 0, 0);
}


/* a detail that says what cannot be */

static void
test_restock_damaged(void **state)
{
    unsigned  i;

    static const char *const  details[] = {
        "{\"restock\":false}", "{\"restock\":false,\"stock\":-1}",
        "{\"restock\":false,\"stock\":1000000001}",
        "{\"restock\":false,\"stock\":\"1\"}"
    };

    static const char *const  good[] = { "{\"restock\":true}", "{", "", "[]" };

    char        sql[256];
    sk_drain_t  e;
    sk_zone_t  *fresh;

    (void) state;

    one_phone("\"stock\":3");
    assert_int_equal(command(SK_ORDER_CANCEL, "2", GONE), 200);
    exec_sql("DROP TRIGGER ledger_update");

    for (i = 0; i < 8; i++) {
        (void) snprintf(sql, sizeof(sql), "UPDATE ledger SET detail = '%s'"
                        " WHERE seq = 3", (i < 4) ? details[i] : good[i - 4]);
        exec_sql(sql);

        fresh = sk_test_zone(ZONE_SIZE, 0);
        e = drainer(fresh, NULL, 0);
        assert_int_equal(settle(&e), (i < 4) ? SK_ERROR : SK_OK);

        if (i < 4) {
            assert_non_null(strstr(fresh->reason,
                                   "event 3 cannot be understood"));

        } else {
            assert_int_equal(sk_load(&sk_zone_sale(fresh, "phone", 5)->free),
                             3);
        }

        sk_drain_close(&e);
        sk_test_zone_free(fresh);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_restock),
        T(test_restock_of_the_last),
        T(test_restock_at_once),
        T(test_restock_and_late),
        T(test_restock_damaged),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("restock", tests, NULL, NULL);
}
