/*
 * Processes killed while they join a waiting list, or apply what becomes of who
 * is in it: sk_test_kill.h
 */

#include "sk_test_kill.h"


#define USERS       12                  /* who have orders, and who wait */
#define ZONE_SMALL  (92 * 1024)


static char  reason[SK_REASON_SIZE_MAX];


static void
apply(sk_zone_t *zone, sk_event_e type, uint64_t seq, uint64_t object,
    const char *user)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = type;
    e.seq = seq;
    e.at_ms = 5000;
    e.sale_id = 1;
    e.object = object;
    e.expires_s = (type == SK_EVENT_WON) ? 2000 : 0;
    e.user = user;
    e.user_len = strlen(user);
    e.key = sk_zone_user_key(zone, e.sale_id, user, e.user_len);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


/* "u0" and on have orders, 2 and on; "w0" and on wait, since 20 and on */

static void
prepare_list(sk_zone_t *zone)
{
    unsigned  i;
    char      user[16];

    (void) sk_test_sale(zone, "phone", USERS, 1);
    sk_store(&phone(zone)->waitlist, USERS + 1);
    sk_store(&phone(zone)->hold_s, 60);
    zone->reserved += USERS + 1;

    for (i = 0; i < USERS; i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        apply(zone, SK_EVENT_WON, 2 + i, 0, user);
    }

    for (i = 0; i < USERS - 2; i++) {
        (void) snprintf(user, sizeof(user), "w%u", i);
        apply(zone, SK_EVENT_QUEUED, 20 + i, 0, user);
    }

    sk_test_conserved(zone);
}


static void
places(sk_zone_t *zone, unsigned left)
{
    unsigned     i;
    char         user[16];
    sk_answer_t  a;

    assert_int_equal(sk_test_filter(&zone->units), 0);

    for (i = 0; i < USERS - 2; i++) {
        (void) snprintf(user, sizeof(user), "w%u", i);
        a = sk_test_ask(zone, phone(zone), user);

        if (i < left) {
            assert_int_not_equal(a.result, SK_QUEUED);
            continue;
        }

        assert_int_equal(a.result, SK_QUEUED);
        assert_int_equal(a.position, i + 1 - left);
    }
}


/* one more joins */

static void
queued_operate(sk_zone_t *zone)
{
    apply(zone, SK_EVENT_QUEUED, 40, 0, "alice");
}


static void
queued_check(sk_zone_t *zone)
{
    if (sk_load(&zone->applied_seq) < 40) {
        queued_operate(zone);
    }

    /* once more changes nothing */

    queued_operate(zone);

    assert_int_equal(sk_test_ask(zone, phone(zone), "alice").position,
                     USERS - 1);
    places(zone, 0);
}


/* the first is skipped, as nobody else is */

static void
skipped_operate(sk_zone_t *zone)
{
    apply(zone, SK_EVENT_SKIPPED, 40, 20, "w0");
}


static void
skipped_check(sk_zone_t *zone)
{
    if (sk_load(&zone->applied_seq) < 40) {
        skipped_operate(zone);
    }

    skipped_operate(zone);

    assert_int_equal(sk_load(&phone(zone)->list.left_id), 20);
    assert_int_equal(sk_test_ask(zone, phone(zone), "w0").result, SK_NONE);
    places(zone, 1);
}


/* a unit has returned, and the first gets it */

static void
won_prepare(sk_zone_t *zone)
{
    prepare_list(zone);
    apply(zone, SK_EVENT_EXPIRED, 40, 2, "u0");
    assert_int_equal(sk_load(&phone(zone)->free), 1);
}


static void
won_operate(sk_zone_t *zone)
{
    apply(zone, SK_EVENT_WON, 41, 20, "w0");
}


static void
won_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    if (sk_load(&zone->applied_seq) < 41) {
        won_operate(zone);
    }

    won_operate(zone);

    a = sk_test_ask(zone, phone(zone), "w0");
    assert_int_equal(a.result, SK_WON);
    assert_int_equal(a.order, 41);
    assert_int_equal(sk_load(&phone(zone)->free), 0);
    assert_int_equal(sk_load(&phone(zone)->list.left_id), 20);
    places(zone, 1);
}


/* a worker, as somebody claims to join */

static void
join_operate(sk_zone_t *zone)
{
    (void) sk_test_claim(zone, phone(zone), "alice");
}


static void
join_check(sk_zone_t *zone)
{
    sk_answer_t  a;

    a = sk_test_claim(zone, phone(zone), "alice");
    assert_int_equal(a.result, SK_WAIT);

    sk_apply_claim_refuse(zone, sk_queue_cell(&zone->queue, a.ticket),
                          SK_OUTCOME_REFUSED);
    assert_int_equal(sk_load(&phone(zone)->list.joining), 0);
    assert_int_equal(sk_queue_depth(&zone->queue), 1);
    places(zone, 0);

    assert_int_equal(sk_test_claim(zone, phone(zone), "alice").admitted, 1);
}


#define KILL(what, prepare)                                                  \
    static void                                                              \
    test_kill_##what(void **state)                                           \
    {                                                                        \
        const kill_case_t  c = { prepare, what##_operate, what##_check,      \
                                 ZONE_SMALL };                               \
                                                                             \
        (void) state;                                                        \
                                                                             \
        kill_everywhere(&c);                                                 \
    }

KILL(queued, prepare_list)
KILL(skipped, prepare_list)
KILL(won, won_prepare)
KILL(join, prepare_list)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kill_queued),
        cmocka_unit_test(test_kill_skipped),
        cmocka_unit_test(test_kill_won),
        cmocka_unit_test(test_kill_join),
    };

    return cmocka_run_group_tests_name("kill_waitlist", tests, NULL, NULL);
}
