/* operators' commands, done by the drainer on real files */

#include "sk_test_operator.h"


static void
test_products(void **state)
{
    (void) state;

    assert_int_equal(command(SK_PRODUCT_ADD, "", PHONE), 201);
    assert_string_equal(reply.path, "products/1");
    says("\"data\":{\"id\":1,\"name\":\"Phone\",\"description\":\"\","
         "\"price\":49900,\"currency\":\"EUR\",\"attributes\":{}");

    assert_int_equal(command(SK_PRODUCT_ADD, "", PHONE), 409);
    says("\"field\":\"name\"");

    assert_int_equal(command(SK_PRODUCT_EDIT, "1",
                             "{\"price\":1,\"attributes\":{\"a\":[1.50]}}"),
                     200);
    says("\"name\":\"Phone\"");
    says("\"price\":1,");
    says("\"attributes\":{\"a\":[1.50]}");
    assert_int_equal(events(), 2);

    /* what changes nothing is no event */

    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{\"price\":1}"), 200);
    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{}"), 200);
    assert_int_equal(events(), 2);

    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{\"attributes\":null}"),
                     200);
    says("\"attributes\":{}");

    assert_int_equal(command(SK_PRODUCT_EDIT, "7", "{}"), 404);
    assert_int_equal(command(SK_SALE_ADD, "",
                             "{\"name\":\"s\",\"stock\":1,\"product\":1}"),
                     201);
    assert_int_equal(command(SK_PRODUCT_REMOVE, "1", ""), 409);
    says("the sale \\\"s\\\" has this product");

    assert_int_equal(command(SK_SALE_EDIT, "s", "{\"product\":null}"), 200);
    assert_int_equal(command(SK_PRODUCT_REMOVE, "1", ""), 200);
    assert_int_equal(command(SK_PRODUCT_REMOVE, "1", ""), 404);
    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{}"), 404);

    /* its name is free, its number is not */

    assert_int_equal(command(SK_PRODUCT_ADD, "", PHONE), 201);
    assert_string_not_equal(reply.path, "products/1");
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE detail ->> 'by' = 'ops'"), events());
}


static void
test_sale_is_controlled(void **state)
{
    sk_sale_t  *sale;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "",
                             "{\"name\":\"phone\",\"stock\":3}"), 201);
    assert_string_equal(reply.path, "sales/phone");
    says("\"free\":3,\"undecided\":0,\"held\":0,\"sold\":0");
    assert_int_equal(command(SK_SALE_ADD, "",
                             "{\"name\":\"phone\",\"stock\":3}"), 409);

    sale = sk_zone_sale(zone, "phone", 5);
    sell(&d, "phone", "u", 2);

    /* stock: added, withdrawn, never below what is sold */

    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"add_stock\":10}"),
                     200);
    says("\"stock\":13,");
    says("\"free\":11,");
    assert_int_equal(sk_load(&sale->free), 11);
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"add_stock\":-12}"),
                     409);
    says("2 units are held or sold, the stock cannot be 1");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"stock\":2}"), 200);
    assert_int_equal(sk_test_claim(zone, sale, "x").result, SK_SOLD_OUT);
    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"stock\":5,\"add_stock\":1}"), 400);
    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"add_stock\":-1000000000}"), 400);
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"stock\":1000000000}"),
                     507);
    says("does not fit in the zone");

    /* limit, pause, window: each from the next claim on */

    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"stock\":9,\"limit\":2}"), 200);
    assert_true(sk_test_claim(zone, sale, "u0").admitted);
    settle(&d);

    assert_int_equal(command(SK_SALE_PAUSE, "phone", ""), 200);
    says("\"paused\":true,");
    says("\"state\":\"paused\"");
    assert_int_equal(sk_test_claim(zone, sale, "x").result, SK_PAUSED);
    assert_int_equal(command(SK_SALE_RESUME, "phone", ""), 200);

    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"start\":\"2099-01-01T00:00:00+01:00\"}"),
                     200);
    says("\"start\":\"2098-12-31T23:00:00.000Z\"");
    assert_int_equal(sk_test_claim(zone, sale, "x").result, SK_NOT_STARTED);
    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"end\":\"2098-01-01T00:00:00Z\"}"), 400);
    says("\"field\":\"end\"");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"start\":null}"), 200);

}


static void
test_sale_ends(void **state)
{
    sk_sale_t  *sale;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":9}");
    sale = sk_zone_sale(zone, "phone", 5);
    sell(&d, "phone", "u", 2);

    /* ended before its start, it keeps that for another end */

    (void) command(SK_SALE_EDIT, "phone",
                   "{\"start\":\"2099-01-01T00:00:00Z\"}");
    assert_int_equal(command(SK_SALE_END, "phone", ""), 200);
    says("\"start\":\"2099-01-01T00:00:00.000Z\"");
    says("\"state\":\"ended\"");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"end\":null}"), 200);
    says("\"state\":\"scheduled\"");
    (void) command(SK_SALE_EDIT, "phone", "{\"start\":null}");

    /* it ends, and is removed */

    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 409);
    assert_int_equal(command(SK_SALE_END, "phone", ""), 200);
    says("\"state\":\"ended\"");
    assert_int_equal(sk_test_claim(zone, sale, "x").result, SK_ENDED);
    assert_int_equal(command(SK_SALE_PAUSE, "phone", ""), 409);
    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 200);
    says("\"name\":\"phone\"");
    assert_null(sk_zone_sale(zone, "phone", 5));
    assert_int_equal(zone->reserved, 0);
    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 404);
    says("unknown_sale");

    /* another of the name has other buyers; so it is after a restart */

    assert_int_equal(command(SK_SALE_ADD, "",
                             "{\"name\":\"phone\",\"stock\":1}"), 201);
    sell(&d, "phone", "u", 1);
    restart(NULL, 0);
    assert_int_equal(sk_load(&zone->sales.n), 1);
    assert_int_equal(zone->reserved, 1);
    assert_int_equal(sk_test_ask(zone, sk_zone_sale(zone, "phone", 5),
                                 "u0").n_orders, 1);
    assert_int_equal(sk_test_ask(zone, sk_zone_sale(zone, "phone", 5),
                                 "u1").result, SK_NONE);
    sk_test_conserved(zone);
}


/* undecided claims do not keep units that were withdrawn */

static void
test_withdrawn_below_undecided(void **state)
{
    uint64_t     ticket, a, b;
    sk_sale_t   *sale;

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":2}");
    sale = sk_zone_sale(zone, "phone", 5);

    a = sk_test_claim(zone, sale, "a").ticket;
    b = sk_test_claim(zone, sale, "b").ticket;
    ticket = post(SK_SALE_EDIT, "phone", "{\"stock\":1}", "", 0);
    settle(&d);
    collect(ticket);
    assert_int_equal(reply.status, 200);

    assert_int_equal((outcome_of(zone, a) == SK_OUTCOME_WON)
                     + (outcome_of(zone, b) == SK_OUTCOME_WON), 1);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_load(&sale->free), 0);
    sk_test_conserved(zone);
}


/* those that wait at the same time see each other's edits */

/* a sale that was removed keeps its place */

static void
test_no_place_is_left(void **state)
{
    char      body[64], name[16];
    unsigned  i, status;

    (void) state;

    for (i = 0, status = 201; status == 201; i++) {
        (void) snprintf(name, sizeof(name), "s%u", i);
        (void) snprintf(body, sizeof(body), "{\"name\":\"%s\",\"stock\":1}",
                        name);
        status = (unsigned) command(SK_SALE_ADD, "", body);

        if (status == 201) {
            assert_int_equal(command(SK_SALE_END, name, ""), 200);
            assert_int_equal(command(SK_SALE_REMOVE, name, ""), 200);
        }
    }

    assert_int_equal(i, SK_SALES_MIN + 1);
    assert_int_equal(status, 507);
    says("its 64 places for sales are taken, also those of sales that were "
         "removed");

    restart(NULL, 0);
    assert_int_equal(command(SK_SALE_ADD, "", body), 201);
}


static void
test_edits_at_once(void **state)
{
    unsigned  i;
    uint64_t  tickets[5];

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");

    for (i = 0; i < 5; i++) {
        tickets[i] = post(SK_SALE_EDIT, "phone", "{\"add_stock\":10}", "", 0);
    }

    settle(&d);

    for (i = 0; i < 5; i++) {
        collect(tickets[i]);
        assert_int_equal(reply.status, 200);
    }

    says("\"stock\":51,");
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 51);
}


static void
test_orders(void **state)
{
    uint64_t  tickets[SK_COMMANDS_MAX];
    unsigned  i;
    char      order[16];

    (void) state;

    (void) command(SK_SALE_ADD, "",
                   "{\"name\":\"phone\",\"stock\":200,\"hold\":10}");
    (void) command(SK_SALE_ADD, "", "{\"name\":\"pen\",\"stock\":2}");
    sell(&d, "phone", "u", 4);          /* 3 to 6 */
    sell(&d, "pen", "u", 1);            /* 7 */

    assert_int_equal(command(SK_ORDER_CONFIRM, "3", ""), 200);
    says("\"order\":3,\"sale\":\"phone\",\"user\":\"u0\",\"state\":\"paid\"");
    assert_int_equal(command(SK_ORDER_CONFIRM, "3", ""), 200);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'paid'"), 1);

    assert_int_equal(command(SK_ORDER_CANCEL, "4", ""), 200);
    says("\"state\":\"cancelled\"");
    assert_int_equal(command(SK_ORDER_CANCEL, "4", ""), 200);
    assert_int_equal(command(SK_ORDER_CONFIRM, "4", ""), 409);
    says("\"data\":{\"order\":4,");
    says("\"state\":\"cancelled\"");
    assert_true(sk_test_claim(zone, sk_zone_sale(zone, "phone", 5),
                              "u1").admitted);
    settle(&d);

    /* paid and sold ones can be cancelled too; there is nothing to confirm */

    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    assert_int_equal(command(SK_ORDER_CONFIRM, "7", ""), 409);
    says("\"expires_at\":null");
    assert_int_equal(command(SK_ORDER_CANCEL, "7", ""), 200);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "pen", 3)->free), 2);

    assert_int_equal(command(SK_ORDER_CONFIRM, "99", ""), 404);
    assert_int_equal(command(SK_ORDER_CANCEL, "1", ""), 404);
    assert_int_equal(command(SK_ORDER_CONFIRM, "0", ""), 404);

    /* too late, though nobody has made it expire yet */

    tickets[0] = post(SK_ORDER_CONFIRM, "5", "", "", 0);
    sk_store(&zone->expires_s, UINT32_MAX);
    settle_at(&d, SK_TEST_NOW + 10000);
    collect(tickets[0]);
    assert_int_equal(reply.status, 409);
    says("\"state\":\"expired\"");
    assert_int_equal(command(SK_ORDER_CANCEL, "5", ""), 409);

    /* those that are of other orders share a commit */

    restart(NULL, 0);
    sell(&d, "phone", "v", SK_COMMANDS_MAX);

    for (i = 0; i < SK_COMMANDS_MAX; i++) {
        (void) snprintf(order, sizeof(order), "%d",
                        count_sql("SELECT max(seq) FROM ledger") - (int) i);
        tickets[i] = post(SK_ORDER_CONFIRM, order, "", "", 0);
        assert_int_not_equal(tickets[i], 0);
    }

    assert_int_equal(post(SK_ORDER_CONFIRM, order, "", "", 0), 0);

    settle(&d);

    for (i = 0; i < SK_COMMANDS_MAX; i++) {
        collect(tickets[i]);
        assert_int_equal(reply.status, 200);
    }

    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->sold),
                     SK_COMMANDS_MAX);
    sk_test_conserved(zone);
}


/* what the configuration and the API change: the last change of each holds */

static void
test_declared_and_edited(void **state)
{
    sk_sale_t      *sale;
    sk_sale_def_t   def;

    (void) state;

    def = sk_test_def("phone", 10, 1);
    restart(&def, 1);
    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 409);
    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"stock\":20,\"limit\":3,\"hold\":60}"), 200);

    /* the same configuration: the edits stay, and nothing is said */

    restart(&def, 1);
    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&sale->stock), 20);
    assert_int_equal(sk_load(&sale->limit), 3);
    assert_int_equal(events(), 2);
    assert_null(strstr(logged, "cannot be"));

    /* one parameter is changed there: that one, and no other */

    def.limit = 2;
    restart(&def, 1);
    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&sale->stock), 20);
    assert_int_equal(sk_load(&sale->limit), 2);
    assert_int_equal(sk_load(&sale->hold_s), 60);

    /* to what it is already: it is applied, and known from now on */

    (void) command(SK_SALE_EDIT, "phone", "{\"limit\":4}");
    def.stock = 20;
    restart(&def, 1);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->limit), 4);
    (void) command(SK_SALE_EDIT, "phone", "{\"stock\":30}");
    restart(&def, 1);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 30);

    def.paused = 1;
    def.end_ms = SK_TEST_NOW - 1;
    restart(&def, 1);
    assert_int_equal(sk_sale_state(sk_zone_sale(zone, "phone", 5),
                                   SK_TEST_NOW), SK_SALE_ENDED);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE detail ->> 'by' = 'configuration'"), 4);
}


/* who it is may be nobody, or no UTF-8: an edit is an edit all the same */

static void
test_by(void **state)
{
    unsigned        i;
    uint64_t        ticket;
    sk_command_t    c;
    sk_sale_def_t   def;

    static const char *const  by[] = { "", "\xff", "caf\xc3\xa9" };

    (void) state;

    def = sk_test_def("phone", 10, 1);
    restart(&def, 1);

    for (i = 0; i < 3; i++) {
        memset(&c, 0, sizeof(c));
        c.type = SK_SALE_EDIT;
        c.name_len = 5;
        memcpy(c.name, "phone", 5);
        c.by_len = (uint32_t) strlen(by[i]);
        memcpy(c.by, by[i], c.by_len);
        c.body = i ? "{\"add_stock\":1}" : "{\"stock\":50}";
        c.body_len = (uint32_t) strlen(c.body);

        ticket = sk_command_post(d.commands, &c, sk_monotonic_us());
        settle(&d);
        collect(ticket);
        assert_int_equal(reply.status, 200);

        restart(&def, 1);
        assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock),
                         50 + i);
    }

    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE hex(detail)"
                               " LIKE '%EFBFBD%'"), 1);
}


/* a process that does not know what is declared removes no sale */

static void
test_leaving(void **state)
{
    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");
    (void) command(SK_SALE_END, "phone", "");

    d.declare.leaving = 1;
    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 503);
    d.declare.leaving = 0;
    assert_int_equal(command(SK_SALE_REMOVE, "phone", "{}"), 200);
}


/* somebody drops what is made from the ledger: it is made anew */

static void
test_products_are_made_anew(void **state)
{
    (void) state;

    (void) command(SK_PRODUCT_ADD, "", PHONE);
    (void) command(SK_PRODUCT_ADD, "", "{\"name\":\"Pen\",\"price\":5,"
                   "\"currency\":\"EUR\"}");
    (void) command(SK_PRODUCT_EDIT, "1", "{\"price\":7}");
    (void) command(SK_PRODUCT_REMOVE, "2", "");

    exec_sql("DROP TABLE products");
    restart(NULL, 0);

    assert_int_equal(count_sql("SELECT count(*) FROM products"), 1);
    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{\"description\":\"x\"}"),
                     200);
    says("\"price\":7,");
    assert_int_equal(command(SK_PRODUCT_EDIT, "2", "{}"), 404);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_products),
        T(test_sale_is_controlled),
        T(test_sale_ends),
        T(test_withdrawn_below_undecided),
        T(test_no_place_is_left),
        T(test_edits_at_once),
        T(test_orders),
        T(test_declared_and_edited),
        T(test_by),
        T(test_leaving),
        T(test_products_are_made_anew),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("operator", tests, NULL, NULL);
}
