/* processes killed while they admit and decide claims: sk_test_kill.h */

#include "sk_test_kill.h"


static uint64_t    ticket;
static char        reason[SK_REASON_SIZE_MAX];


/* a claim is admitted */

static void
claim_prepare(sk_zone_t *zone)
{
    (void) sk_test_sale(zone, "phone", 2, 1);
    (void) sk_test_claim(zone, phone(zone), "bob");
}


static void
claim_operate(sk_zone_t *zone)
{
    (void) sk_test_claim(zone, phone(zone), "alice");
}


static void
claim_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    /* admitted before it was killed, or now: a unit is there for her */

    a = sk_test_claim(zone, phone(zone), "alice");
    assert_int_equal(a.result, SK_WAIT);

    assert_int_equal(sk_load(&phone(zone)->free), 0);
    assert_int_equal(sk_queue_depth(&zone->queue), 2);
    assert_int_equal(sk_load(&sk_queue_cell(&zone->queue, a.ticket)->ticket),
                     a.ticket);
}


/* a win is applied */

static void
win_prepare(sk_zone_t *zone)
{
    (void) sk_test_sale(zone, "phone", 2, 1);
    ticket = sk_test_claim(zone, phone(zone), "alice").ticket;
}


static void
win_operate(sk_zone_t *zone)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_WON;
    e.seq = 2;
    e.sale_id = 1;
    e.user = "alice";
    e.user_len = 5;
    e.ticket = ticket;
    e.key = sk_zone_user_key(zone, e.sale_id, e.user, e.user_len);

    (void) sk_apply(zone, &e, 1, 0, reason, sizeof(reason));
}


/* once, whether the killed process or the next one has done it */

static void
order_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    /* the next drainer catches up from the last event that was applied */

    if (sk_load(&zone->applied_seq) < 2) {
        win_operate(zone);
    }

    a = sk_test_claim(zone, phone(zone), "alice");
    assert_int_equal(a.result, SK_ALREADY);
    assert_int_equal(a.order, 2);
    assert_int_equal(a.n_orders, 1);
    assert_int_equal(sk_load(&phone(zone)->sold), 1);
    assert_int_equal(sk_load(&phone(zone)->free), 1);
}


static void
win_check(sk_zone_t *zone)
{
    order_check(zone);

    assert_int_equal(sk_load(&sk_queue_cell(&zone->queue, ticket)->outcome),
                     SK_OUTCOME_WON);
}


/* a win of another process, or of the time before this zone, is applied */

static void
order_prepare(sk_zone_t *zone)
{
    (void) sk_test_sale(zone, "phone", 2, 1);
    ticket = 7;
}


/* a claim is refused: its entry goes, those behind it move */

#define CROWD  5000

static void
refuse_prepare(sk_zone_t *zone)
{
    int   i;
    char  user[16];

    (void) sk_test_sale(zone, "phone", CROWD + 1, 1);

    for (i = 0; i < CROWD; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        sk_test_win(zone, phone(zone), user, 1);
    }

    ticket = sk_test_claim(zone, phone(zone), "alice").ticket;
}


static void
refuse_operate(sk_zone_t *zone)
{
    sk_apply_claim_refuse(zone, sk_queue_cell(&zone->queue, ticket),
                          SK_OUTCOME_UNAVAILABLE);
}


static void
refuse_check(sk_zone_t *zone)
{
    int          i;
    char         user[16];
    sk_answer_t  a;

    refuse_operate(zone);

    assert_int_equal(sk_load(&phone(zone)->free), 1);
    assert_int_equal(sk_load(&phone(zone)->undecided), 0);
    assert_int_equal(sk_load(&sk_queue_cell(&zone->queue, ticket)->outcome),
                     SK_OUTCOME_UNAVAILABLE);

    /* the bit of the filter is gone with the entry */
    assert_int_equal(sk_test_filter(&zone->units), 0);

    /* nobody else was lost, or is there twice */

    for (i = 0; i < CROWD; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        a = sk_test_ask(zone, phone(zone), user);
        assert_int_equal(a.result, SK_WON);
        assert_int_equal(a.n_orders, 1);
        assert_int_equal(a.order, i + 2);
    }

    assert_true(sk_test_claim(zone, phone(zone), "carol").admitted);
}


/* a sale is added */

static void
sale_prepare(sk_zone_t *zone)
{
    (void) sk_test_sale(zone, "other", 1, 1);
}


static void
sale_operate(sk_zone_t *zone)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_ADDED;
    e.seq = 2;
    e.sale_id = 2;
    e.def = sk_test_def("phone", 3, 1);

    (void) sk_apply(zone, &e, 1, 0, reason, sizeof(reason));
}


static void
sale_check(sk_zone_t *zone)
{
    if (sk_load(&zone->applied_seq) < 2) {
        sale_operate(zone);
    }

    assert_non_null(phone(zone));
    assert_int_equal(sk_load(&zone->sales.n), 2);
    assert_int_equal(sk_load(&phone(zone)->free), 3);
    assert_int_equal(zone->reserved, 4);
    assert_true(sk_test_claim(zone, phone(zone), "alice").admitted);
}


static void
test_kill_claim(void **state)
{
    const kill_case_t  c = { claim_prepare, claim_operate, claim_check };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_win(void **state)
{
    const kill_case_t  c = { win_prepare, win_operate, win_check };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_order(void **state)
{
    const kill_case_t  c = { order_prepare, win_operate, order_check };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_refuse(void **state)
{
    const kill_case_t  c = { refuse_prepare, refuse_operate, refuse_check };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_sale(void **state)
{
    const kill_case_t  c = { sale_prepare, sale_operate, sale_check };

    (void) state;

    kill_everywhere(&c);
}


static void
test_kill_drainer(void **state)
{
    int         status;
    pid_t       pid;
    sk_zone_t  *zone;

    (void) state;

    zone = sk_test_zone(512 * 1024, 0);

    pid = fork();

    if (pid == 0) {
        _exit(sk_zone_role_take(zone) == SK_OK ? 0 : 1);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);

    /* it is gone, with the role: the next gets it at once, and keeps it */

    assert_int_equal(sk_zone_role_take(zone), SK_OK);
    assert_int_equal(sk_zone_role_take(zone), SK_AGAIN);

    sk_zone_role_leave(zone);
    assert_int_equal(sk_zone_role_take(zone), SK_OK);

    sk_test_zone_free(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kill_claim),
        cmocka_unit_test(test_kill_win),
        cmocka_unit_test(test_kill_order),
        cmocka_unit_test(test_kill_refuse),
        cmocka_unit_test(test_kill_sale),
        cmocka_unit_test(test_kill_drainer),
    };

    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
