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
test_two_zones_on_one_store(void **state)
{
    sk_zone_t     *one, *two;
    sk_drain_t     d1, d2;
    sk_answer_t    a, b, c;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 2, 1);
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d1 = drainer(one, &def, 1);
    d2 = drainer(two, &def, 1);
    settle(&d1);
    settle(&d2);

    /* both zones admit all their units, to two users each, one in common */

    a = sk_test_claim(one, sk_zone_sale(one, "phone", 5), "alice");
    (void) sk_test_claim(one, sk_zone_sale(one, "phone", 5), "bob");

    b = sk_test_claim(two, sk_zone_sale(two, "phone", 5), "alice");
    c = sk_test_claim(two, sk_zone_sale(two, "phone", 5), "carol");

    settle(&d1);
    assert_int_equal(outcome_of(one, a.ticket), SK_OUTCOME_WON);

    settle(&d2);
    assert_int_equal(outcome_of(two, b.ticket), SK_OUTCOME_REFUSED);
    assert_int_equal(outcome_of(two, c.ticket), SK_OUTCOME_REFUSED);

    /* asked again, the second zone knows who won */

    b = sk_test_claim(two, sk_zone_sale(two, "phone", 5), "alice");
    assert_int_equal(b.result, SK_ALREADY);
    assert_int_equal(b.order, 2);

    c = sk_test_claim(two, sk_zone_sale(two, "phone", 5), "carol");
    assert_int_equal(c.result, SK_SOLD_OUT);

    assert_int_equal(count_sql("SELECT count(*) FROM orders"), 2);

    sk_test_conserved(one);
    sk_test_conserved(two);

    /* idle, the first follows what the second does */

    exec_sql("INSERT INTO ledger (seq, at, type, sale, detail)"
             " SELECT 4, 0, 'sale_edited', 1, json_set(detail, '$.stock', 3)"
             " FROM ledger WHERE seq = 1");
    settle(&d1);
    assert_int_equal(sk_load(&sk_zone_sale(one, "phone", 5)->free), 1);

    sk_drain_close(&d1);
    sk_drain_close(&d2);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


static void
test_limit_holds_over_two_zones(void **state)
{
    sk_zone_t     *one, *two;
    sk_drain_t     d1, d2;
    sk_answer_t    a, b, c;
    sk_sale_def_t  def;

    (void) state;

    /* units enough for everybody: it is the limit that refuses */

    def = sk_test_def("tickets", 100, 2);
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d1 = drainer(one, &def, 1);
    d2 = drainer(two, &def, 1);
    settle(&d1);
    settle(&d2);

    (void) sk_test_claim(one, sk_zone_sale(one, "tickets", 7), "alice");

    b = sk_test_claim(two, sk_zone_sale(two, "tickets", 7), "alice");
    c = sk_test_claim(two, sk_zone_sale(two, "tickets", 7), "alice");
    assert_true(b.admitted && c.admitted);

    settle(&d1);
    settle(&d2);

    assert_int_equal(count_sql("SELECT count(*) FROM orders"), 2);
    assert_int_equal((outcome_of(two, b.ticket) == SK_OUTCOME_WON)
                     + (outcome_of(two, c.ticket) == SK_OUTCOME_WON), 1);

    a = sk_test_claim(two, sk_zone_sale(two, "tickets", 7), "alice");
    assert_int_equal(a.result, SK_ALREADY);
    assert_int_equal(a.n_orders, 2);

    sk_test_conserved(two);

    sk_drain_close(&d1);
    sk_drain_close(&d2);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
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
    assert_non_null(strstr(logged, "2 units are sold, the stock cannot be 1"));

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


/* another zone sells, and declares, between this one's load and its lock */

static sk_drain_t  other;


static void
log_interferes(void *ctx, sk_log_e level, const char *message)
{
    int         i;
    char        user[16];
    sk_sale_t  *sale;

    log_message(ctx, level, message);

    if (strstr(message, "events read") == NULL || other.zone == NULL) {
        return;
    }

    settle(&other);
    sale = sk_zone_sale(other.zone, "phone", 5);

    for (i = 0; sale && i < 8; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        (void) sk_test_claim(other.zone, sale, user);
    }

    settle(&other);
}


static void
test_declare_against_another_zone(void **state)
{
    sk_zone_t     *one, *two;
    sk_drain_t     d;
    sk_sale_def_t  many, few;

    (void) state;

    many = sk_test_def("phone", 10, 1);
    few = sk_test_def("phone", 5, 1);

    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    other = drainer(one, &many, 1);
    d = drainer(two, &few, 1);
    d.log = log_interferes;

    assert_int_equal(settle(&d), SK_OK);

    /* it was there, and eight were sold: an edit, down to eight */

    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'sale_added'"), 1);
    assert_int_equal(count_sql("SELECT json_extract(detail, '$.stock')"
                               " FROM ledger WHERE type = 'sale_edited'"), 8);
    assert_int_equal(sk_load(&sk_zone_sale(two, "phone", 5)->free), 0);
    sk_test_conserved(two);

    sk_drain_close(&d);
    sk_drain_close(&other);
    other.zone = NULL;
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


static void
test_end_of_the_ledger_is_shared(void **state)
{
    char               name[256];
    sk_zone_t         *one, *two;
    sk_drain_t         d1, d2;
    sk_sale_def_t      def;
    _Atomic uint64_t  *seq;

    (void) state;

    def = sk_test_def("phone", 5, 1);
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d1 = drainer(one, &def, 1);
    d2 = drainer(two, &def, 1);

    seq = sk_seq_map(path);
    d1.seq = sk_seq_map(path);
    d2.seq = sk_seq_map(path);
    assert_true(seq && d1.seq && d2.seq);
    assert_ptr_not_equal(d1.seq, d2.seq);

    /* a number from a ledger that is no more: it is set right at the start */

    sk_store(seq, 1000);
    settle(&d1);
    assert_int_equal(sk_load(seq), 1);
    settle(&d2);

    (void) sk_test_claim(one, sk_zone_sale(one, "phone", 5), "alice");
    settle(&d1);

    assert_int_equal(sk_load(seq), 2);
    assert_int_equal(sk_load(&one->seen_seq), 2);
    assert_int_equal(sk_load(&two->seen_seq), 1);
    settle(&d2);
    assert_int_equal(sk_load(&two->seen_seq), 2);

    /* never back */

    sk_seq_advance(seq, 1);
    assert_int_equal(sk_load(seq), 2);

    (void) snprintf(name, sizeof(name), "%s-seq", path);
    assert_int_equal(unlink(name), 0);

    sk_drain_close(&d1);
    sk_drain_close(&d2);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


static void
test_health(void **state)
{
    char        why[SK_REASON_SIZE_MAX];
    sk_zone_t  *zone;
    sk_drain_t  d;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);

    assert_int_equal(sk_zone_health(zone, 0, why), SK_ERROR);
    assert_string_equal(why, "the ledger is being read");

    d = drainer(zone, NULL, 0);
    settle(&d);

    assert_int_equal(sk_zone_health(zone, sk_drain_now_us(), why), SK_ERROR);
    assert_string_equal(why, "no process drains the queue");

    assert_int_equal(sk_zone_role_take(zone), SK_OK);
    assert_int_equal(sk_zone_health(zone, sk_drain_now_us(), why), SK_OK);

    assert_int_equal(sk_zone_health(zone, sk_drain_now_us()
                                    + 2 * SK_BEAT_MAX_US, why), SK_ERROR);
    assert_string_equal(why, "the process that drains the queue hangs");

    sk_zone_set_reason(zone, "database is locked");
    assert_int_equal(sk_zone_health(zone, sk_drain_now_us(), why), SK_ERROR);
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
    e.user = user;

    /* more than the table has entries, as another zone may sell */

    for (i = 2; i < 100000; i++) {
        e.seq = i;
        e.ticket = i;
        e.user_len = (size_t) snprintf(user, sizeof(user), "u%u", i);
        e.key = sk_zone_user_key(zone, e.sale_id, user, e.user_len);

        if (sk_apply(zone, &e, 1, reason, sizeof(reason)) != SK_OK) {
            break;
        }
    }

    assert_in_range(i, zone->units.n_max, zone->units.n + 2);
    assert_non_null(strstr(reason, "the zone has no room for order"));

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
        T(test_two_zones_on_one_store),
        T(test_limit_holds_over_two_zones),
        T(test_declared_sales_are_edited),
        T(test_sale_does_not_fit),
        T(test_next_drainer_recovers),
        T(test_declare_against_another_zone),
        T(test_end_of_the_ledger_is_shared),
        T(test_health),
        T(test_order_does_not_fit),
        T(test_batch_of_many),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
