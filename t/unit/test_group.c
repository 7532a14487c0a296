/* sales of a group: one limit over all of them */

#include "sk_test_order.h"


static sk_sale_t *
sale_of(sk_zone_t *z, const char *name)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(z, name, strlen(name));
    assert_non_null(sale);

    return sale;
}


static void
add(const char *name, const char *terms)
{
    char  body[256];

    (void) snprintf(body, sizeof(body), "{\"name\":\"%s\",\"stock\":5%s}",
                    name, terms);
    assert_int_equal(command(SK_SALE_ADD, "", body), 201);
}


static void
buy_at(int64_t now_ms, const char *name, const char *user)
{
    assert_true(sk_test_claim(zone, sale_of(zone, name), user).admitted);
    settle_at(&d, now_ms);
    sk_test_conserved(zone);
}


static void
buy(const char *name, const char *user)
{
    buy_at(SK_TEST_NOW, name, user);
}


/* what is said to who claims a sale, and has all; the sale of the order */

static void
has(const char *name, const char *user, uint64_t order, unsigned n,
    const char *of)
{
    sk_answer_t  answer;

    answer = sk_test_claim(zone, sale_of(zone, name), user);

    assert_int_equal(answer.result, SK_ALREADY);
    assert_int_equal(answer.order, order);
    assert_int_equal(answer.n_orders, n);
    assert_ptr_equal(&zone->sales.elts[answer.slot], sale_of(zone, of));
}


static void
asked(const char *name, const char *user, sk_result_e result, uint64_t order)
{
    sk_answer_t  answer;

    answer = sk_test_ask(zone, sale_of(zone, name), user);

    assert_int_equal(answer.result, result);
    assert_int_equal(answer.order, order);
}


#define GROUP  ",\"group\":\"g\""


static void
test_group(void **state)
{
    unsigned  i;

    (void) state;

    add("a", GROUP);
    says("\"group\":\"g\"");
    add("b", GROUP);
    add("c", "");
    says("\"group\":null");
    add("d", ",\"group\":\"G\"");

    buy("a", "u");                      /* 5 */
    buy("c", "u");                      /* 6 */
    buy("d", "u");                      /* 7 */

    for (i = 0; i < 2; i++) {
        has("b", "u", 5, 1, "a");
        has("a", "u", 5, 1, "a");
        has("c", "u", 6, 1, "c");
        has("d", "u", 7, 1, "d");
        asked("a", "u", SK_WON, 5);
        asked("b", "u", SK_NONE, 0);
        asked("c", "u", SK_WON, 6);
        assert_int_equal(sk_load(&sale_of(zone, "b")->free), 5);

        /* read anew: all is in one batch of events */

        restart(NULL, 0);
    }

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"e\",\"stock\":1,"
                             "\"group\":\"a b\"}"), 400);
    says("\"field\":\"group\"");
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"e\",\"stock\":1,"
                             "\"group\":\"\"}"), 400);
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"e\",\"stock\":1,"
                             "\"group\":null}"), 201);
    says("\"group\":null");
    assert_int_equal(command(SK_SALE_EDIT, "a", "{\"group\":\"x\"}"), 400);
    assert_int_equal(command(SK_SALE_EDIT, "a", "{\"limit\":2}"), 200);
    says("\"group\":\"g\"");
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE"
                               " detail ->> 'group' = 'g'"), 3);
}


/* each claim looks at the limit of its sale, over all of the group */

static void
test_group_limits(void **state)
{
    sk_answer_t  answer;

    (void) state;

    add("a", GROUP ",\"limit\":3");
    add("b", GROUP ",\"limit\":2");

    buy("a", "u");                      /* 3 */
    buy("b", "u");                      /* 4 */
    has("b", "u", 3, 2, "a");
    buy("a", "u");                      /* 5 */
    has("a", "u", 3, 3, "a");
    has("b", "u", 3, 3, "a");

    answer = sk_test_ask(zone, sale_of(zone, "a"), "u");
    assert_int_equal(answer.n_orders, 2);
    answer = sk_test_ask(zone, sale_of(zone, "b"), "u");
    assert_int_equal(answer.n_orders, 1);
    assert_int_equal(answer.order, 4);

    /* one goes back: of the sale that it was of */

    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    assert_int_equal(sk_load(&sale_of(zone, "a")->free), 4);
    has("b", "u", 4, 2, "b");
    buy("a", "u");
    has("a", "u", 4, 3, "b");
}


/* both at once, of several servers too: one of them wins */

static void
test_group_at_once(void **state)
{
    sk_zone_t    *other;
    sk_drain_t    e;
    sk_answer_t   one, two;

    (void) state;

    add("a", GROUP);
    add("b", GROUP);

    one = sk_test_claim(zone, sale_of(zone, "a"), "u");
    two = sk_test_claim(zone, sale_of(zone, "b"), "u");
    assert_true(one.admitted);
    assert_int_equal(two.result, SK_WAIT);
    assert_false(two.admitted);
    assert_int_equal(two.ticket, one.ticket);
    asked("b", "u", SK_NONE, 0);
    settle(&d);
    has("b", "u", 3, 1, "a");

    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle(&e);
    one = sk_test_claim(zone, sale_of(zone, "a"), "v");
    two = sk_test_claim(other, sale_of(other, "b"), "v");
    assert_true(one.admitted && two.admitted);
    settle(&e);
    settle(&d);
    assert_int_equal(outcome_of(other, two.ticket), SK_OUTCOME_WON);
    assert_int_equal(outcome_of(zone, one.ticket), SK_OUTCOME_REFUSED);
    has("a", "v", 4, 1, "b");
    sk_test_conserved(zone);
    sk_test_conserved(other);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


/* holds end, are longer, are paid late: each of its own sale */

static void
test_group_holds(void **state)
{
    uint64_t  one, two;

    (void) state;

    add("a", GROUP ",\"hold\":10,\"extend\":5");
    add("b", GROUP ",\"hold\":10,\"extend\":5");
    buy("a", "u");                      /* 3 */
    buy("b", "v");                      /* 4 */
    assert_int_equal(command(SK_ORDER_EXTEND, "4", ""), 200);
    restart(NULL, 0);

    settle_at(&d, EXPIRED_MS);
    asked("a", "u", SK_NONE, 0);
    asked("b", "v", SK_WON, 4);
    assert_int_equal(sk_load(&sale_of(zone, "a")->held), 0);
    assert_int_equal(sk_load(&sale_of(zone, "b")->held), 1);
    sk_test_conserved(zone);

    /* u has another one now: the payment for the first is too late */

    buy_at(EXPIRED_MS, "b", "u");       /* 7 */
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "3",
                                "{\"late\":true}"), 409);
    says("all that the limit allows");
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CONFIRM, "7", ""), 200);
    assert_int_equal(command_at(EXPIRED_MS, SK_ORDER_CANCEL, "7",
                                "{\"restock\":false}"), 200);
    assert_int_equal(sk_load(&sale_of(zone, "b")->stock), 4);

    /* of two orders of the group, in one transaction, one */

    settle_at(&d, EXPIRED_MS + 5000);
    buy_at(EXPIRED_MS + 5000, "b", "u");        /* 11 */
    settle_at(&d, EXPIRED_MS + 30000);
    one = post(SK_ORDER_CONFIRM, "3", "{\"late\":true}", "", 0);
    two = post(SK_ORDER_CONFIRM, "11", "{\"late\":true}", "", 0);
    settle_at(&d, EXPIRED_MS + 30000);
    collect(one);
    assert_int_equal(reply.status, 200);
    collect(two);
    assert_int_equal(reply.status, 409);
    says("all that the limit allows");
    has("b", "u", 3, 1, "a");
    restart(NULL, 0);
    has("b", "u", 3, 1, "a");
    sk_test_conserved(zone);
}


static void
remove_sale(const char *name)
{
    assert_int_equal(command(SK_SALE_END, name, ""), 200);
    assert_int_equal(command(SK_SALE_REMOVE, name, ""), 200);
}


/* the group lives as long as one of its sales does, also the first's key */

static void
test_group_outlives_its_first(void **state)
{
    unsigned  i;

    (void) state;

    add("a", GROUP);
    add("b", GROUP);
    buy("a", "u");                      /* 3 */
    buy("b", "v");                      /* 4 */
    remove_sale("a");                   /* 5, 6 */

    asked("b", "v", SK_WON, 4);
    asked("b", "u", SK_NONE, 0);
    add("c", GROUP);                    /* 7 */
    has("c", "v", 4, 1, "b");
    buy("c", "u");                      /* 8 */
    has("b", "u", 8, 1, "c");

    for (i = 0; i < 2; i++) {
        restart(NULL, 0);
        has("c", "v", 4, 1, "b");
        has("b", "u", 8, 1, "c");
        sk_test_conserved(zone);
    }

    /* nothing of the group is left: another of its name is another */

    remove_sale("b");
    remove_sale("c");
    assert_int_equal(zone->units.used, 0);
    add("e", GROUP);
    buy("e", "u");
    buy("e", "v");
    restart(NULL, 0);
    assert_int_equal(sk_load(&sale_of(zone, "e")->sold), 2);
}


/* a group is declared once; another one is said to be none of the sale's */

static void
test_group_is_declared(void **state)
{
    sk_sale_def_t  defs[2];

    (void) state;

    defs[0] = sk_test_def("a", 5, 1);
    defs[1] = sk_test_def("b", 5, 1);
    defs[0].group_len = defs[1].group_len = 1;
    defs[0].group[0] = defs[1].group[0] = 'g';

    restart(defs, 2);
    buy("a", "u");                      /* 3 */
    has("b", "u", 3, 1, "a");

    restart(defs, 2);
    assert_null(strstr(logged, "group"));
    has("b", "u", 3, 1, "a");

    defs[1].group[0] = 'h';
    defs[0].group_len = 0;
    restart(defs, 2);
    assert_non_null(strstr(logged, "sale \"a\": its group is \"g\" and cannot "
                           "be \"\""));
    assert_non_null(strstr(logged, "sale \"b\": its group is \"g\" and cannot "
                           "be \"h\""));
    has("b", "u", 3, 1, "a");
    assert_int_equal(events(), 3);
}


/* a group's sale whose hold should have ended: nobody is told of it */

static void
test_group_is_late(void **state)
{
    sk_claim_t   claim;
    sk_answer_t  answer;

    (void) state;

    add("a", GROUP ",\"limit\":2");
    add("b", GROUP ",\"limit\":2,\"hold\":10");
    buy("a", "u");
    buy("b", "u");

    claim.sale = sale_of(zone, "a");
    claim.user = "u";
    claim.user_len = 1;

    sk_gate_claim(zone, &claim, EXPIRED_MS - 1, &answer);
    assert_int_equal(answer.result, SK_ALREADY);
    sk_gate_claim(zone, &claim, EXPIRED_MS + SK_OVERDUE_MS + 1, &answer);
    assert_int_equal(answer.result, SK_UNAVAILABLE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_group),
        T(test_group_limits),
        T(test_group_at_once),
        T(test_group_holds),
        T(test_group_outlives_its_first),
        T(test_group_is_declared),
        T(test_group_is_late),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
