/* the ledger and the drainer, on real files */

#include "sk_test_store.h"


static void
test_claims_become_orders(void **state)
{
    int            i;
    char           user[16];
    uint64_t       order;
    sk_zone_t     *zone, *again;
    sk_sale_t     *sale;
    sk_drain_t     d;
    sk_answer_t    a[5];
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 4, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);

    assert_int_equal(sk_load(&zone->state), SK_ZONE_LOADING);
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(sk_load(&zone->state), SK_ZONE_READY);

    sale = sk_zone_sale(zone, "phone", 5);

    for (i = 0; i < 5; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        a[i] = sk_test_claim(zone, sale, user);
    }

    assert_int_equal(a[4].result, SK_SOLD_OUT);
    settle(&d);

    for (i = 0; i < 4; i++) {
        assert_int_equal(outcome_of(zone, a[i].ticket), SK_OUTCOME_WON);
        order = sk_load(&sk_queue_cell(&zone->queue, a[i].ticket)->order);
        assert_int_equal(order, i + 2);
    }

    assert_int_equal(count_sql("SELECT count(*) FROM orders"), 4);
    assert_int_equal(count_sql("SELECT \"order\" FROM orders"
                               " WHERE user = 'u3'"), 5);
    sk_test_conserved(zone);

    /* a restart: another zone, the same answers */

    sk_drain_close(&d);
    again = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(again, &def, 1);
    settle(&d);

    sale = sk_zone_sale(again, "phone", 5);

    for (i = 0; i < 4; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        a[i] = sk_test_claim(again, sale, user);
        assert_int_equal(a[i].result, SK_ALREADY);
        assert_int_equal(a[i].order, i + 2);
    }

    assert_int_equal(sk_test_claim(again, sale, "u4").result, SK_SOLD_OUT);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), 5);
    sk_test_conserved(again);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
    sk_test_zone_free(again);
}


static void
test_declared_sales_are_edited(void **state)
{
    sk_zone_t     *zone;
    sk_sale_t     *sale;
    sk_drain_t     d;
    sk_answer_t    a;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 3, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    sale = sk_zone_sale(zone, "phone", 5);
    (void) sk_test_claim(zone, sale, "alice");
    (void) sk_test_claim(zone, sale, "bob");
    settle(&d);
    sk_drain_close(&d);

    /* the same once more: no event */

    d = drainer(zone, &def, 1);
    settle(&d);
    sk_drain_close(&d);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), 3);

    def.stock = 5;
    def.limit = 2;
    d = drainer(zone, &def, 1);
    settle(&d);
    sk_drain_close(&d);
    assert_int_equal(sk_load(&sale->free), 3);
    assert_int_equal(sk_load(&sale->limit), 2);

    /* below what is sold: as far as it goes, and said so */

    def.stock = 1;
    d = drainer(zone, &def, 1);
    settle(&d);
    assert_int_equal(sk_load(&sale->stock), 2);
    assert_int_equal(sk_load(&sale->free), 0);
    assert_non_null(strstr(logged, "2 units are held or sold, the stock"
                                   " cannot be 1"));

    a = sk_test_claim(zone, sale, "carol");
    assert_int_equal(a.result, SK_SOLD_OUT);
    sk_test_conserved(zone);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_sale_does_not_fit(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  defs[2];

    (void) state;

    defs[0] = sk_test_def("huge", 10000000, 1);
    defs[1] = sk_test_def("phone", 1, 1);

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, defs, 2);

    settle(&d);
    assert_non_null(strstr(logged, "sale \"huge\" does not fit in the zone"));
    assert_non_null(strstr(logged, "need a size of"));
    assert_null(sk_zone_sale(zone, "huge", 4));
    assert_non_null(sk_zone_sale(zone, "phone", 5));
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), 1);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* a failure that another drainer has left behind is over when this one works */

static void
test_next_drainer_recovers(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 5, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "alice");
    fault_vfs_on(FAULT_FULL, 1);
    assert_int_equal(settle(&d), SK_ERROR);
    fault_vfs_off();

    assert_int_equal(sk_load(&zone->failing), 1);
    assert_string_not_equal(zone->reason, "");
    sk_drain_close(&d);

    d = drainer(zone, &def, 1);
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(sk_load(&zone->failing), 0);
    assert_string_equal(zone->reason, "");
    assert_true(sk_test_claim(zone, sk_zone_sale(zone, "phone", 5),
                              "alice").admitted);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_health(void **state)
{
    char        why[SK_REASON_SIZE_MAX];
    sk_zone_t  *zone;
    sk_drain_t  d;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);

    assert_int_equal(sk_zone_health(zone, 0, SK_TEST_NOW, why), SK_ERROR);
    assert_string_equal(why, "the ledger is being read");

    d = drainer(zone, NULL, 0);
    settle(&d);

    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    why), SK_ERROR);
    assert_non_null(strstr(why, "no helper (nginx's cache manager process)"));

    assert_int_equal(sk_zone_role_take(zone), SK_OK);
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    why), SK_OK);

    assert_int_equal(sk_zone_health(zone, sk_monotonic_us()
                                    + 2 * SK_BEAT_MAX_US, SK_TEST_NOW, why),
                     SK_ERROR);
    assert_non_null(strstr(why, "hangs: "));
    assert_non_null(strstr(why, "a reload does not help"));

    sk_zone_expect(zone, SK_TEST_NOW / 1000);
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(),
                                    SK_TEST_NOW + SK_OVERDUE_MS, why), SK_OK);
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(),
                                    SK_TEST_NOW + SK_OVERDUE_MS + 1, why),
                     SK_ERROR);
    assert_non_null(strstr(why, "the end of a hold is overdue: the helper"));

    /* it is not known yet: nothing is overdue */

    sk_zone_expect(zone, 0);
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    why), SK_OK);

    sk_zone_set_reason(zone, "database is locked");
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    why), SK_ERROR);
    assert_string_equal(why, "database is locked");

    sk_zone_role_leave(zone);
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_order_does_not_fit(void **state)
{
    char         reason[SK_REASON_SIZE_MAX] = "";
    char         user[16];
    unsigned     i;
    sk_zone_t   *zone;
    sk_event_t   e;

    (void) state;

    zone = sk_test_zone(96 * 1024, SK_QUEUE_MIN);
    (void) sk_test_sale(zone, "phone", 1, 1);

    memset(&e, 0xa5, sizeof(e));
    e.type = SK_EVENT_WON;
    e.sale_id = 1;
    e.expires_s = 0;
    e.skip = 0;
    e.user = user;

    /* more than the table has entries, as another zone may sell */

    for (i = 2; i < 100000; i++) {
        e.seq = i;
        e.ticket = i;
        e.user_len = (size_t) snprintf(user, sizeof(user), "u%u", i);
        e.key = sk_zone_user_key(zone, e.sale_id, user, e.user_len);

        if (sk_apply(zone, &e, 1, 0, reason, sizeof(reason)) != SK_OK) {
            break;
        }
    }

    /* all entries but one, so that searches end */

    assert_int_equal(i, zone->units.n + 1);
    assert_non_null(strstr(reason, "the zone has no room for order"));

    sk_test_zone_free(zone);
}


/* a store of the first version: its sales were all declared */

static void
test_first_version_is_migrated(void **state)
{
    sk_zone_t     *zone;
    sk_sale_t     *sale;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    exec_sql("CREATE TABLE ledger (seq INTEGER PRIMARY KEY, at INTEGER NOT"
             " NULL, type TEXT NOT NULL, sale INTEGER NOT NULL, user TEXT,"
             " ticket INTEGER, detail TEXT);"
             "CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger BEGIN"
             " SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
             "CREATE VIEW orders AS SELECT seq AS \"order\" FROM ledger;"
             "PRAGMA application_id = 1396919116; PRAGMA user_version = 1;"
             "INSERT INTO ledger VALUES (1, 900, 'sale_added', 1, NULL, NULL,"
             " json_object('name', 'phone', 'stock', 3, 'limit', 1, 'start_ms',"
             " NULL, 'end_ms', NULL, 'paused', 0)),"
             " (2, 901, 'won', 1, 'alice', 77, NULL)");

    /* declared as it was, or with one parameter changed */

    def = sk_test_def("phone", 3, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    assert_int_equal(settle(&d), SK_OK);

    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(sk_load(&sale->hold_s), 0);
    assert_int_equal(sale->declared.stock, 3);
    assert_int_equal(sk_test_ask(zone, sale, "alice").order, 2);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), 2);
    sk_drain_close(&d);

    def.hold_s = 10;
    d = drainer(zone, &def, 1);
    assert_int_equal(settle(&d), SK_OK);
    sell(&d, "phone", "u", 1);
    assert_int_equal(sk_load(&sale->held), 1);
    assert_int_equal(count_sql("PRAGMA user_version"), SK_LEDGER_VERSION);
    assert_int_equal(count_sql("SELECT count(*) FROM orders"
                               " WHERE user = 'alice' AND state = 'sold'"), 1);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* a batch is published in groups, the last of them not full */

static void
test_batch_of_many(void **state)
{
    unsigned       i;
    char           user[16];
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_answer_t    a[3 * SK_APPLY_MAX + 1];
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 1000, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    for (i = 0; i < sizeof(a) / sizeof(a[0]); i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        a[i] = sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), user);
    }

    settle(&d);

    for (i = 0; i < sizeof(a) / sizeof(a[0]); i++) {
        assert_int_equal(outcome_of(zone, a[i].ticket), SK_OUTCOME_WON);
    }

    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->undecided), 0);
    sk_test_conserved(zone);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_claims_become_orders),
        T(test_declared_sales_are_edited),
        T(test_sale_does_not_fit),
        T(test_next_drainer_recovers),
        T(test_health),
        T(test_order_does_not_fit),
        T(test_batch_of_many),
        T(test_first_version_is_migrated),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
