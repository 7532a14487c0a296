/*
 * A waiting list where several machines have one stock: users join it, ask and
 * are served wherever they are, in one order.
 */

#include "sk_test_machines.h"


static sk_sale_def_t  tv;
static sk_reply_t     reply;


static sk_sale_t *
sale_of(machine_t *x)
{
    return sk_zone_sale(x->zone, "tv", 2);
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


static void
cancel(machine_t *x, const char *user)
{
    uint64_t      ticket;
    sk_command_t  c;

    memset(&c, 0, sizeof(c));

    c.type = SK_ORDER_CANCEL;
    c.id = sk_test_ask(x->zone, sale_of(x), user).order;
    c.by_len = 3;
    memcpy(c.by, "ops", 3);

    ticket = sk_command_post(x->d.commands, &c, sk_monotonic_us());
    until(all_done);
    assert_int_equal(sk_command_collect(x->d.commands, ticket, &reply), SK_OK);
    assert_int_equal(reply.status, SK_STATUS_OK);
}


static void
queued(const char *user, unsigned position)
{
    unsigned     k;
    sk_answer_t  answer;

    assert_same();

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k])) {
            answer = sk_test_ask(machine[k].zone, sale_of(&machine[k]), user);
            assert_int_equal(answer.result, SK_QUEUED);
            assert_int_equal(answer.position, position);
            sk_test_conserved(machine[k].zone);
        }
    }
}


static void
won(const char *user)
{
    unsigned  k;

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k])) {
            assert_int_equal(asked(&machine[k], "tv", user), SK_WON);
            sk_test_conserved(machine[k].zone);
        }
    }
}


static void
joins(machine_t *x, const char *user)
{
    assert_true(claim(x, "tv", user).admitted);
}


static sk_unit_t *
place_of(machine_t *x, const char *user)
{
    sk_unit_t  *u;

    u = sk_units_get_queued(&x->zone->units,
                            sk_zone_order_key(x->zone,
                                              sk_load(&sale_of(x)->id), user,
                                              strlen(user)),
                            sk_sale_slot(&x->zone->sales, sale_of(x)));
    assert_non_null(u);

    return u;
}


static void
test_one_order(void **state)
{
    unsigned        k, first;
    sk_answer_t     answer;
    sk_commands_t  *commands;

    (void) state;

    joins(&machine[0], "a");
    until(all_done);
    joins(&machine[1], "b");
    until(all_done);
    queued("a", 1);
    queued("b", 2);

    /* both at once, and one at both: whichever is first, all say the same */

    joins(&machine[0], "c");
    joins(&machine[1], "c");
    joins(&machine[1], "d");
    until(all_done);
    answer = sk_test_ask(machine[0].zone, sale_of(&machine[0]), "c");
    first = answer.position;
    assert_in_range(first, 3, 4);
    queued("c", first);
    queued("d", 7 - first);
    assert_int_equal(sk_load(&machine[0].zone->waiting), 4);

    /* there are five places in all */

    joins(&machine[0], "e");
    joins(&machine[1], "f");
    until(all_done);
    assert_int_equal((asked(&machine[0], "tv", "e") == SK_QUEUED)
                     + (asked(&machine[0], "tv", "f") == SK_QUEUED), 1);
    assert_int_equal(sk_load(&machine[1].zone->waiting), 5);

    /* a unit returns at the machine that the first did not ask */

    cancel(&machine[1], "u0");
    won("a");
    queued("b", 1);

    commands = machine[1].d.commands;
    machine_stop(&machine[1]);
    cancel(&machine[0], "u1");
    won("b");
    machine_start(&machine[1], "b", &tv, 1);
    machine[1].d.commands = commands;
    until(settled);
    won("b");
    queued("c", first - 2);

    for (k = 0; k < 2; k++) {
        assert_int_equal(sk_load(&sale_of(&machine[k])->held), 6);
        assert_int_equal(sk_load(&sale_of(&machine[k])->free), 0);
    }
}


/* whoever decides knows of all who ask, wherever they do */

static void
test_asked(void **state)
{
    unsigned         k;
    uint32_t         then_s;
    sk_unit_t       *u;
    sk_claim_t       c = { 0 };
    sk_answer_t      answer;
    struct timespec  now;

    (void) state;

    joins(&machine[0], "a");
    joins(&machine[0], "b");
    until(all_done);

    for (k = 0; k < 2; k++) {

        /* as if they had last asked long ago, and time had passed since the
           machines have begun */

        u = place_of(&machine[k], "a");
        then_s = sk_load(&u->expires_s) - 1000;
        sk_store(&u->expires_s, then_s);
        sk_store(&place_of(&machine[k], "b")->expires_s, then_s);
        machine[k].d.waitlist.since_ms = 1;
    }

    (void) clock_gettime(CLOCK_REALTIME, &now);

    c.sale = sale_of(&machine[1]);
    c.user = "b";
    c.user_len = 1;

    sk_gate_ask(machine[1].zone, &c, (int64_t) now.tv_sec * 1000, &answer);
    assert_int_equal(answer.result, SK_QUEUED);
    assert_true(answer.asked);
    until(all_done);

    for (k = 0; k < 2; k++) {
        assert_int_equal(sk_load(&place_of(&machine[k], "a")->expires_s),
                         then_s);
        assert_true(sk_load(&place_of(&machine[k], "b")->expires_s) > then_s);
    }

    cancel(&machine[0], "u0");
    won("b");
    assert_int_equal(asked(&machine[0], "tv", "a"), SK_NONE);
    assert_int_equal(asked(&machine[1], "tv", "a"), SK_NONE);
    assert_int_equal(sk_load(&machine[1].zone->waiting), 0);
}


/* who comes later has the list from the log */

static void
test_new_machine(void **state)
{
    (void) state;

    joins(&machine[0], "a");
    until(all_done);
    joins(&machine[1], "b");
    until(all_done);
    cancel(&machine[0], "u0");

    machine_start(&machine[2], "c", &tv, 1);
    until(settled);

    won("a");
    queued("b", 1);
}


static int
begin_waitlist(void **state)
{
    char      user[8];
    unsigned  k;

    if (begin_machines(state) != 0) {
        return -1;
    }

    tv = sk_test_def("tv", 6, 1);
    tv.hold_s = 1000;
    tv.waitlist = 5;

    for (k = 0; k < 2; k++) {
        machine_start(&machine[k], k ? "b" : "a", &tv, 1);
        machine[k].d.commands = sk_commands_map();
        assert_non_null(machine[k].d.commands);
        until(settled);
    }

    for (k = 0; k < 6; k++) {
        (void) snprintf(user, sizeof(user), "u%u", k);
        assert_true(claim(&machine[k % 2], "tv", user).admitted);
    }

    until(all_done);

    return 0;
}


static int
end_waitlist(void **state)
{
    unsigned  k;

    for (k = 0; k < 2; k++) {
        sk_commands_unmap(machine[k].d.commands);
        machine[k].d.commands = NULL;
    }

    return end_machines(state);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin_waitlist, end_waitlist)
        T(test_one_order),
        T(test_asked),
        T(test_new_machine),
#undef T
    };

    return cmocka_run_group_tests_name("machines_waitlist", tests, NULL, NULL);
}
