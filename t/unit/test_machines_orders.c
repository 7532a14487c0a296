/*
 * What operators do with orders where several machines have one stock: it is
 * done at one of them, and the others know it as if they had done it.
 */

#include "sk_test_machines.h"


#define TV     "tv"
#define RADIO  "radio"
#define SALES  2


static sk_sale_def_t  sales[SALES];     /* of one group */
static sk_reply_t     reply;
static int64_t        until_s;          /* a second to wait for */


static sk_sale_t *
sale_of(machine_t *x)
{
    return sk_zone_sale(x->zone, TV, strlen(TV));
}


static uint64_t
post(machine_t *x, sk_command_e type, uint64_t order, const char *body)
{
    sk_command_t  c;

    memset(&c, 0, sizeof(c));

    c.type = type;
    c.id = order;
    c.by_len = 3;
    memcpy(c.by, "ops", 3);
    c.body = body;
    c.body_len = (uint32_t) strlen(body);

    return sk_command_post(x->d.commands, &c, sk_monotonic_us());
}


static int
all_done(void)
{
    unsigned  k;

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k]) && sk_command_pending(machine[k].d.commands)) {
            return 0;
        }
    }

    return all_decided();
}


static sk_status_e
collect(machine_t *x, uint64_t ticket)
{
    assert_int_equal(sk_command_collect(x->d.commands, ticket, &reply), SK_OK);
    reply.body[reply.len] = '\0';

    return reply.status;
}


static sk_status_e
command(machine_t *x, sk_command_e type, uint64_t order, const char *body)
{
    uint64_t  ticket;

    ticket = post(x, type, order, body);
    until(all_done);

    return collect(x, ticket);
}


static int
time_has_come(void)
{
    return time(NULL) >= until_s && all_done();
}


static void
wait_for_s(uint32_t s)
{
    until_s = s;
    until(time_has_come);
}


/* all say the same of a user and of the units */

static void
assert_all(const char *user, sk_result_e result, uint64_t order,
    int64_t free, int64_t held, int64_t sold)
{
    unsigned     k;
    sk_answer_t  answer;

    assert_same();

    for (k = 0; k < MACHINES; k++) {

        if (!runs(&machine[k])) {
            continue;
        }

        answer = sk_test_ask(machine[k].zone, sale_of(&machine[k]), user);

        assert_int_equal(answer.result, result);
        assert_int_equal(answer.order, order);
        assert_int_equal(sk_load(&sale_of(&machine[k])->free), free);
        assert_int_equal(sk_load(&sale_of(&machine[k])->held), held);
        assert_int_equal(sk_load(&sale_of(&machine[k])->sold), sold);
        sk_test_conserved(machine[k].zone);
    }
}


/* wins at one of them; the order, and when its hold ends */

static uint64_t
win(machine_t *x, const char *user, uint32_t *expires_s)
{
    sk_answer_t  answer;

    assert_true(claim(x, TV, user).admitted);
    until(all_decided);

    answer = sk_test_ask(x->zone, sale_of(x), user);
    assert_int_equal(answer.result, SK_WON);

    *expires_s = answer.expires_s;

    return answer.order;
}


static void
start_again(machine_t *x, const char *name)
{
    sk_commands_t  *commands;

    commands = x->d.commands;

    machine_stop(x);
    machine_start(x, name, sales, SALES);
    x->d.commands = commands;

    until(settled);
}


/* one buys the unit at one, the other's payment comes at the other one */

static void
test_late(void **state)
{
    unsigned     k, round, paid;
    uint32_t     expires_s;
    uint64_t     order, ticket;
    sk_answer_t  answer;

    (void) state;

    for (round = 0, paid = 0; round < 3; round++) {
        order = win(&machine[round % 2], "u", &expires_s);
        assert_all("u", SK_WON, order, 0, 1, 0);
        wait_for_s(expires_s + 1);
        assert_all("u", SK_NONE, 0, 1, 0, 0);

        ticket = post(&machine[1], SK_ORDER_CONFIRM, order,
                      "{\"late\":true}");

        if (round) {
            assert_true(claim(&machine[0], TV, "v").admitted);
        }

        until(all_done);

        if (collect(&machine[1], ticket) == SK_STATUS_OK) {
            assert_all("u", SK_WON, order, 0, 0, 1);
            paid++;

        } else {
            assert_non_null(strstr(reply.body, "no unit is free"));
            order = sk_test_ask(machine[0].zone, sale_of(&machine[0]), "v")
                    .order;
            assert_all("v", SK_WON, order, 0, 1, 0);
        }

        for (k = 0; k < 2; k++) {
            start_again(&machine[k], k ? "b" : "a");
        }

        answer = sk_test_ask(machine[0].zone, sale_of(&machine[0]), "u");

        if (answer.result == SK_WON) {
            assert_all("u", SK_WON, order, 0, 0, 1);
        }

        assert_int_equal(command(&machine[0], SK_ORDER_CANCEL, order, ""),
                         SK_STATUS_OK);
    }

    assert_true(paid >= 1);
}


/* it is made longer at one of them, and all hold it until then */

static void
test_extend(void **state)
{
    uint32_t  expires_s, longer_s;
    uint64_t  order;

    (void) state;

    order = win(&machine[0], "u", &expires_s);
    longer_s = expires_s + (uint32_t) sales[0].extend_s;

    assert_int_equal(command(&machine[1], SK_ORDER_EXTEND, order, ""),
                     SK_STATUS_OK);
    assert_int_equal(command(&machine[0], SK_ORDER_EXTEND, order, ""),
                     SK_STATUS_CONFLICT);
    assert_int_equal(sk_test_ask(machine[0].zone, sale_of(&machine[0]), "u")
                     .expires_s, longer_s);

    start_again(&machine[0], "a");
    wait_for_s(expires_s + 1);

    if (time(NULL) < longer_s) {
        assert_all("u", SK_WON, order, 0, 1, 0);
    }

    start_again(&machine[1], "b");
    wait_for_s(longer_s + 1);
    assert_all("u", SK_NONE, 0, 1, 0, 0);
    assert_int_equal(command(&machine[0], SK_ORDER_CONFIRM, order, ""),
                     SK_STATUS_CONFLICT);
    assert_all("u", SK_NONE, 0, 1, 0, 0);
}


/* the unit does not go on sale again, at none of them */

static void
test_restock(void **state)
{
    unsigned  k;
    uint32_t  expires_s;
    uint64_t  order, one, two;

    (void) state;

    order = win(&machine[0], "u", &expires_s);

    /* said to both of them at once: it is done once */

    one = post(&machine[0], SK_ORDER_CANCEL, order, "{\"restock\":false}");
    two = post(&machine[1], SK_ORDER_CANCEL, order, "{\"restock\":false}");
    until(all_done);
    (void) collect(&machine[0], one);
    (void) collect(&machine[1], two);
    assert_all("u", SK_NONE, 0, 0, 0, 0);

    for (k = 0; k < 2; k++) {
        assert_int_equal(sk_load(&sale_of(&machine[k])->stock), 0);
        assert_int_equal(claim(&machine[k], TV, "v").result, SK_SOLD_OUT);
        start_again(&machine[k], k ? "b" : "a");
        assert_int_equal(sk_load(&sale_of(&machine[k])->stock), 0);
    }

    assert_all("u", SK_NONE, 0, 0, 0, 0);
}


/* one limit over two sales, which are claimed at two machines at once */

static void
test_group(void **state)
{
    char      user[16];
    unsigned  i, k, tvs, radios;

    (void) state;

    for (i = 0, tvs = 0, radios = 0; i < 10; i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        assert_true(claim(&machine[i % 2], RADIO, user).admitted);

        if (sk_load(&sale_of(&machine[1 - i % 2])->free)) {
            assert_true(claim(&machine[1 - i % 2], TV, user).admitted);
        }

        until(all_done);

        tvs = (asked(&machine[0], TV, user) == SK_WON);
        radios += (asked(&machine[0], RADIO, user) == SK_WON);

        for (k = 0; k < 2; k++) {
            assert_int_equal((asked(&machine[k], TV, user) == SK_WON)
                             + (asked(&machine[k], RADIO, user) == SK_WON), 1);
            assert_int_equal(claim(&machine[k], RADIO, user).result,
                             SK_ALREADY);
            assert_int_equal(claim(&machine[k], TV, user).result, SK_ALREADY);
        }

        /* it comes back by itself, with time */

        if (tvs) {
            wait_for_s((uint32_t) time(NULL) + 3);
        }
    }

    assert_true(radios > 0);
    assert_same();
}


static int
begin_orders(void **state)
{
    unsigned  k;

    if (begin_machines(state) != 0) {
        return -1;
    }

    sales[0] = sk_test_def(TV, 1, 1);
    sales[0].hold_s = 1;
    sales[0].extend_s = 3;
    sales[1] = sk_test_def(RADIO, 20, 1);

    for (k = 0; k < SALES; k++) {
        sales[k].group_len = 1;
        sales[k].group[0] = 'g';
    }

    for (k = 0; k < 2; k++) {
        machine_start(&machine[k], k ? "b" : "a", sales, SALES);
        machine[k].d.commands = sk_commands_map();
        assert_non_null(machine[k].d.commands);
        until(settled);
    }

    return 0;
}


static int
end_orders(void **state)
{
    unsigned  k;

    for (k = 0; k < 2; k++) {
        sk_commands_unmap(machine[k].d.commands);
    }

    return end_machines(state);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin_orders, end_orders)
        T(test_late),
        T(test_extend),
        T(test_restock),
        T(test_group),
#undef T
    };

    return cmocka_run_group_tests_name("machines_orders", tests, NULL, NULL);
}
