/*
 * Processes killed while they apply what becomes of orders and sales:
 * sk_test_kill.h
 */

#include "sk_test_kill.h"


#define OTHERS      20
#define ZONE_SMALL  (92 * 1024)


static char        reason[SK_REASON_SIZE_MAX];
static sk_event_e  type;


static void
apply_order(sk_zone_t *zone, sk_event_e what, uint64_t seq, uint64_t order,
    uint32_t expires_s, const char *user)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = what;
    e.seq = seq;
    e.sale_id = 1;
    e.object = order;
    e.expires_s = expires_s;
    e.user = user;
    e.user_len = strlen(user);
    e.ticket = seq;
    e.key = sk_zone_user_key(zone, e.sale_id, user, e.user_len);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


/* alice's order 2 is held, in a table where others are behind her */

static void
held_prepare(sk_zone_t *zone)
{
    unsigned  i;
    char      user[16];

    (void) sk_test_sale(zone, "phone", OTHERS + 1, 1);

    apply_order(zone, SK_EVENT_WON, 2, 0, 1000, "alice");

    for (i = 0; i < OTHERS; i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        apply_order(zone, SK_EVENT_WON, 3 + i, 0, (i % 2) ? 2000 : 0, user);
    }
}


static void
order_operate(sk_zone_t *zone)
{
    apply_order(zone, type, OTHERS + 3, 2, 0, "alice");
}


static void
others_check(sk_zone_t *zone)
{
    unsigned     i;
    char         user[16];
    sk_answer_t  a;

    assert_int_equal(sk_test_filter(&zone->units), 0);

    for (i = 0; i < OTHERS; i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        a = sk_test_ask(zone, phone(zone), user);
        assert_int_equal(a.result, SK_WON);
        assert_int_equal(a.order, 3 + i);
        assert_int_equal(a.n_orders, 1);
        assert_int_equal(a.state, (i % 2) ? SK_STATE_HELD : SK_STATE_SOLD);
        assert_int_equal(a.expires_s, (i % 2) ? 2000 : 0);
    }
}


static void
order_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    if (sk_load(&zone->applied_seq) < OTHERS + 3) {
        order_operate(zone);
    }

    /* once more changes nothing */

    order_operate(zone);

    a = sk_test_ask(zone, phone(zone), "alice");

    if (type == SK_EVENT_PAID) {
        assert_int_equal(a.result, SK_WON);
        assert_int_equal(a.state, SK_STATE_PAID);
        assert_int_equal(sk_load(&phone(zone)->sold), OTHERS / 2 + 1);
        assert_int_equal(sk_load(&phone(zone)->free), 0);

    } else {
        assert_int_equal(a.result, SK_NONE);
        assert_int_equal(sk_load(&phone(zone)->free), 1);
        assert_true(sk_test_claim(zone, phone(zone), "alice").admitted);
    }

    assert_int_equal(sk_load(&phone(zone)->held), OTHERS / 2);

    others_check(zone);
}


/* order 2 has expired, and is paid all the same */

static void
late_prepare(sk_zone_t *zone)
{
    held_prepare(zone);

    apply_order(zone, SK_EVENT_EXPIRED, OTHERS + 3, 2, 0, "alice");
    assert_int_equal(sk_load(&phone(zone)->free), 1);
}


static void
late_operate(sk_zone_t *zone)
{
    apply_order(zone, SK_EVENT_PAID, OTHERS + 4, 2, 0, "alice");
}


static void
late_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    if (sk_load(&zone->applied_seq) < OTHERS + 4) {
        late_operate(zone);
    }

    late_operate(zone);

    a = sk_test_ask(zone, phone(zone), "alice");

    assert_int_equal(a.result, SK_WON);
    assert_int_equal(a.order, 2);
    assert_int_equal(a.n_orders, 1);
    assert_int_equal(a.state, SK_STATE_PAID);
    assert_int_equal(sk_load(&phone(zone)->sold), OTHERS / 2 + 1);
    assert_int_equal(sk_load(&phone(zone)->held), OTHERS / 2);
    assert_int_equal(sk_load(&phone(zone)->free), 0);

    others_check(zone);
}


/* a hold is made longer */

static void
extended_operate(sk_zone_t *zone)
{
    apply_order(zone, SK_EVENT_EXTENDED, OTHERS + 3, 2, 1500, "alice");
}


static void
extended_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    a = sk_test_ask(zone, phone(zone), "alice");

    assert_int_equal(a.state, SK_STATE_HELD);
    assert_true(a.expires_s == 1000 || a.expires_s == 1500);

    if (sk_load(&zone->applied_seq) < OTHERS + 3) {
        extended_operate(zone);
    }

    extended_operate(zone);

    a = sk_test_ask(zone, phone(zone), "alice");

    assert_int_equal(a.order, 2);
    assert_int_equal(a.state, SK_STATE_HELD);
    assert_int_equal(a.expires_s, 1500);
    assert_int_equal(sk_load(&zone->expires_s), 1000);
    assert_in_range(sk_load(&phone(zone)->orders[SK_ORDER_EXTENDED]), 0, 1);
    assert_int_equal(sk_load(&phone(zone)->held), OTHERS / 2 + 1);

    others_check(zone);
}


/* an order is cancelled, and its unit is not on sale again */

static void
withdrawn_operate(sk_zone_t *zone)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_CANCELLED;
    e.seq = OTHERS + 3;
    e.sale_id = 1;
    e.object = 2;
    e.withdrawn = 1;
    e.stock = OTHERS;
    e.key = sk_zone_user_key(zone, 1, "alice", 5);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


static void
withdrawn_check(sk_zone_t *zone)
{
    if (sk_load(&zone->applied_seq) < OTHERS + 3) {
        withdrawn_operate(zone);
    }

    withdrawn_operate(zone);

    assert_int_equal(sk_load(&phone(zone)->stock), OTHERS);
    assert_int_equal(sk_load(&phone(zone)->free), 0);
    assert_int_equal(sk_load(&phone(zone)->held), OTHERS / 2);
    assert_int_equal(zone->reserved, OTHERS);
    assert_int_equal(sk_test_ask(zone, phone(zone), "alice").result, SK_NONE);
    assert_int_equal(sk_test_claim(zone, phone(zone), "alice").result,
                     SK_SOLD_OUT);

    others_check(zone);
}


/* an edit: the stock, what is reserved for it and what is free go together */

static void
edit_operate(sk_zone_t *zone)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_EDITED;
    e.seq = OTHERS + 3;
    e.sale_id = 1;
    e.def = sk_test_def("phone", OTHERS + 11, 3);
    e.def.hold_s = 60;
    e.declared = sk_test_def("phone", OTHERS + 11, 3);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


static void
edit_check(sk_zone_t *zone)
{
    if (sk_load(&zone->applied_seq) < OTHERS + 3) {
        edit_operate(zone);
    }

    assert_int_equal(sk_load(&phone(zone)->stock), OTHERS + 11);
    assert_int_equal(sk_load(&phone(zone)->free), 10);
    assert_int_equal(sk_load(&phone(zone)->limit), 3);
    assert_int_equal(sk_load(&phone(zone)->hold_s), 60);
    assert_int_equal(phone(zone)->declared.limit, 3);
    assert_int_equal(zone->reserved, OTHERS + 11);
}


/* a sale is removed, and its units with it; another one's stay */

static void
remove_prepare(sk_zone_t *zone)
{
    held_prepare(zone);

    sk_store(&zone->applied_seq, OTHERS + 2);
    (void) sk_test_sale(zone, "other", 5, 1);
    sk_test_win(zone, sk_zone_sale(zone, "other", 5), "bob", 9999);
}


static void
remove_operate(sk_zone_t *zone)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_REMOVED;
    e.seq = OTHERS + 5;
    e.sale_id = 1;

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


static void
remove_check(sk_zone_t *zone)
{
    uint64_t    i, n;
    sk_sale_t  *gone, *other;

    if (sk_load(&zone->applied_seq) < OTHERS + 5) {
        remove_operate(zone);
    }

    gone = &zone->sales.elts[0];
    other = sk_zone_sale(zone, "other", 5);

    assert_null(phone(zone));
    assert_true(sk_sale_removed(gone));
    assert_int_equal(sk_load(&gone->stock), 0);
    assert_int_equal(sk_load(&gone->free), 0);
    assert_int_equal(zone->reserved, 5);

    for (n = 0, i = 0; i < zone->units.n; i++) {
        n += (sk_load(&zone->units.elts[i].value) != 0);
    }

    assert_int_equal(n, 1);
    assert_int_equal(sk_test_filter(&zone->units), 0);
    assert_int_equal(sk_test_ask(zone, other, "bob").result, SK_WON);
}


/* the same of a group's first sale: who has units of another one keeps them */

static void
group_prepare(sk_zone_t *zone)
{
    unsigned    i;
    sk_event_t  e;

    for (i = 0; i < 2; i++) {
        memset(&e, 0, sizeof(e));

        e.type = SK_EVENT_SALE_ADDED;
        e.seq = i + 1;
        e.sale_id = e.seq;
        e.def = sk_test_def(i ? "other" : "phone", OTHERS + 1, 3);
        e.def.group_len = 1;
        e.def.group[0] = 'g';

        assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)),
                         SK_OK);
    }

    assert_int_equal(sk_load(&zone->sales.elts[1].key_id), 1);

    for (i = 0; i < 2 * OTHERS; i++) {
        memset(&e, 0, sizeof(e));

        e.type = SK_EVENT_WON;
        e.seq = 3 + i;
        e.sale_id = 1 + i % 2;
        e.user = (i % 4 < 2) ? "alice" : "bob";
        e.user_len = strlen(e.user);
        e.ticket = e.seq;
        e.key = sk_zone_order_key(zone, e.sale_id, e.user, e.user_len);

        assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)),
                         SK_OK);
    }
}


static void
group_operate(sk_zone_t *zone)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_REMOVED;
    e.seq = 2 * OTHERS + 3;
    e.sale_id = 1;

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


static void
group_check(sk_zone_t *zone)
{
    sk_sale_t   *other;
    sk_answer_t  a;

    if (sk_load(&zone->applied_seq) < 2 * OTHERS + 3) {
        group_operate(zone);
    }

    other = sk_zone_sale(zone, "other", 5);

    assert_null(phone(zone));
    assert_int_equal(sk_load(&other->sold), OTHERS);
    assert_int_equal(zone->units.used, OTHERS);

    a = sk_test_ask(zone, other, "alice");
    assert_int_equal(a.n_orders, OTHERS / 2);
    assert_int_equal(a.order, 4);
    assert_int_equal(sk_test_claim(zone, other, "bob").result, SK_ALREADY);
}


static void
test_kill_paid(void **state)
{
    const kill_case_t  c = { held_prepare, order_operate, order_check,
                             ZONE_SMALL };

    (void) state;

    type = SK_EVENT_PAID;
    kill_everywhere(&c);
}


static void
test_kill_expired(void **state)
{
    const kill_case_t  c = { held_prepare, order_operate, order_check,
                             ZONE_SMALL };

    (void) state;

    type = SK_EVENT_EXPIRED;
    kill_everywhere(&c);
}


static void
test_kill_cancelled(void **state)
{
    const kill_case_t  c = { held_prepare, order_operate, order_check,
                             ZONE_SMALL };

    (void) state;

    type = SK_EVENT_CANCELLED;
    kill_everywhere(&c);
}


static void
test_kill_late(void **state)
{
    const kill_case_t  c = { late_prepare, late_operate, late_check,
                             ZONE_SMALL };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_extended(void **state)
{
    const kill_case_t  c = { held_prepare, extended_operate, extended_check,
                             ZONE_SMALL };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_withdrawn(void **state)
{
    const kill_case_t  c = { held_prepare, withdrawn_operate, withdrawn_check,
                             ZONE_SMALL };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_edit(void **state)
{
    const kill_case_t  c = { held_prepare, edit_operate, edit_check,
                             ZONE_SMALL };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_remove(void **state)
{
    const kill_case_t  c = { remove_prepare, remove_operate, remove_check,
                             ZONE_SMALL, 997 };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_group(void **state)
{
    const kill_case_t  c = { group_prepare, group_operate, group_check,
                             ZONE_SMALL, 997 };

    (void) state;

    kill_everywhere(&c);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kill_paid),
        cmocka_unit_test(test_kill_expired),
        cmocka_unit_test(test_kill_cancelled),
        cmocka_unit_test(test_kill_late),
        cmocka_unit_test(test_kill_extended),
        cmocka_unit_test(test_kill_withdrawn),
        cmocka_unit_test(test_kill_edit),
        cmocka_unit_test(test_kill_remove),
        cmocka_unit_test(test_kill_group),
    };

    return cmocka_run_group_tests_name("kill_orders", tests, NULL, NULL);
}
