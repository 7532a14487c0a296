/* the zone and its parts, in one process */

#include <sys/resource.h>
#include <sys/wait.h>

#include "sk_test.h"


#define ZONE_SIZE  (1024 * 1024)


static void
test_size_for_is_the_least(void **state)
{
    size_t          size;
    uint64_t        units;
    sk_zone_plan_t  plan;

    (void) state;

    for (units = 1; units <= 100000000; units *= 10) {
        size = sk_zone_size_for(units, 4, 0, 3);

        sk_zone_plan(&plan, sk_zone_net(size), 4, 0, 3);
        assert_true(plan.units >= units);

        size -= 1 << 20;
        sk_zone_plan(&plan, size ? sk_zone_net(size) : 0, 4, 0, 3);
        assert_true(plan.units < units);
    }
}


static void
test_claim_wins_once(void **state)
{
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_answer_t   a, b;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    sale = sk_test_sale(zone, "phone", 1, 1);

    a = sk_test_claim(zone, sale, "alice");
    assert_int_equal(a.result, SK_WAIT);
    assert_true(a.admitted);

    /* the same user waits for the same decision and takes no unit */

    b = sk_test_claim(zone, sale, "alice");
    assert_int_equal(b.result, SK_WAIT);
    assert_false(b.admitted);
    assert_int_equal(b.ticket, a.ticket);

    b = sk_test_ask(zone, sale, "alice");
    assert_int_equal(b.result, SK_WAIT);

    b = sk_test_claim(zone, sale, "bob");
    assert_int_equal(b.result, SK_SOLD_OUT);

    sk_test_conserved(zone);
    sk_test_win(zone, sale, "alice", a.ticket);
    sk_test_conserved(zone);

    b = sk_test_claim(zone, sale, "alice");
    assert_int_equal(b.result, SK_ALREADY);
    assert_int_equal(b.order, 2);

    b = sk_test_ask(zone, sale, "alice");
    assert_int_equal(b.result, SK_WON);
    assert_int_equal(b.order, 2);

    b = sk_test_ask(zone, sale, "bob");
    assert_int_equal(b.result, SK_NONE);
    assert_int_equal(b.sale_state, SK_SALE_SOLD_OUT);

    sk_test_zone_free(zone);
}


static void
test_limit_above_one(void **state)
{
    int           i;
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_answer_t   a;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    sale = sk_test_sale(zone, "tickets", 10, 3);

    for (i = 0; i < 3; i++) {
        a = sk_test_claim(zone, sale, "alice");
        assert_int_equal(a.result, SK_WAIT);
        assert_true(a.admitted);

        if (i < 2) {
            sk_test_win(zone, sale, "alice", a.ticket);
        }
    }

    /* two are hers, one is undecided: a fourth waits and takes nothing */

    assert_false(sk_test_claim(zone, sale, "alice").admitted);

    sk_test_win(zone, sale, "alice", a.ticket);

    a = sk_test_claim(zone, sale, "alice");
    assert_int_equal(a.result, SK_ALREADY);
    assert_int_equal(a.n_orders, 3);
    assert_int_equal(a.order, 2);
    assert_int_equal(sk_load(&sale->free), 7);

    sk_test_conserved(zone);
    sk_test_zone_free(zone);
}


static void
test_same_user_in_two_sales(void **state)
{
    sk_zone_t    *zone;
    sk_sale_t    *one, *two;
    sk_answer_t   a;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    one = sk_test_sale(zone, "one", 1, 1);
    two = sk_test_sale(zone, "two", 1, 1);

    a = sk_test_claim(zone, one, "alice");
    sk_test_win(zone, one, "alice", a.ticket);

    assert_true(sk_test_claim(zone, two, "alice").admitted);

    sk_test_conserved(zone);
    sk_test_zone_free(zone);
}


static void
test_window_and_pause(void **state)
{
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_claim_t    claim = { 0 };
    sk_answer_t   a;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    sale = sk_test_sale(zone, "phone", 5, 1);

    sk_store(&sale->start_ms, 5000);
    sk_store(&sale->end_ms, 9000);

    claim.sale = sale;
    claim.user = "alice";
    claim.user_len = 5;

    sk_gate_claim(zone, &claim, 4999, &a);
    assert_int_equal(a.result, SK_NOT_STARTED);
    assert_int_equal(a.starts_in_ms, 1);

    sk_gate_claim(zone, &claim, 9000, &a);
    assert_int_equal(a.result, SK_ENDED);

    sk_store(&sale->paused, 1);
    sk_gate_claim(zone, &claim, 5000, &a);
    assert_int_equal(a.result, SK_PAUSED);
    assert_int_equal(sk_load(&sale->free), 5);

    sk_store(&sale->paused, 0);
    sk_store(&zone->failing, 1);
    sk_gate_claim(zone, &claim, 5000, &a);
    assert_int_equal(a.result, SK_UNAVAILABLE);

    sk_store(&zone->failing, 0);
    sk_gate_claim(zone, &claim, 5000, &a);
    assert_true(a.admitted);

    /* a winner is told so whatever became of the sale */

    sk_test_win(zone, sale, "alice", a.ticket);
    sk_gate_claim(zone, &claim, 9000, &a);
    assert_int_equal(a.result, SK_ALREADY);

    sk_test_zone_free(zone);
}


static void
test_queue_is_bounded(void **state)
{
    int           i;
    char          user[16];
    uint64_t      order;
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_answer_t   a, first;
    uint32_t      expires_s;
    sk_outcome_e  outcome;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, SK_QUEUE_MIN);
    sale = sk_test_sale(zone, "phone", 100, 1);

    first = sk_test_claim(zone, sale, "u0");

    for (i = 1; i < SK_QUEUE_MIN; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        a = sk_test_claim(zone, sale, user);
        assert_true(a.admitted);
    }

    a = sk_test_claim(zone, sale, "late");
    assert_int_equal(a.result, SK_UNAVAILABLE);
    sk_test_conserved(zone);

    sk_test_win(zone, sale, "u0", first.ticket);
    sk_store(&zone->queue.head, first.ticket + 1);

    assert_int_equal(sk_queue_outcome(&zone->queue, first.ticket, &outcome,
                                      &order, &expires_s), SK_OK);
    assert_int_equal(outcome, SK_OUTCOME_WON);
    assert_int_equal(order, 2);

    /* the ring goes round: the outcome is not mistaken for another's */

    a = sk_test_claim(zone, sale, "late");
    assert_true(a.admitted);
    assert_int_equal(sk_queue_outcome(&zone->queue, first.ticket, &outcome,
                                      &order, &expires_s), SK_ERROR);

    sk_test_zone_free(zone);
}


/* processes that claim for the same users at the same time */

#define RACERS      4
#define RACE_USERS  20000

static void
race(sk_zone_t *zone, _Atomic uint32_t *started)
{
    int         i;
    char        user[16];
    sk_sale_t  *sale;

    sale = sk_zone_sale(zone, "phone", 5);

    (void) atomic_fetch_add(started, 1);

    while (sk_load(started) < RACERS) { /* void */ }

    for (i = 0; i < RACE_USERS; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        (void) sk_test_claim(zone, sale, user);
    }

    _exit(0);
}


static void
test_processes_claim_at_once(void **state)
{
    int                i, status;
    char               user[16];
    _Atomic uint32_t  *started;
    sk_key_t           key;
    sk_zone_t         *zone;
    sk_sale_t         *sale;
    sk_holding_t       h;

    (void) state;

    zone = sk_test_zone(16 * ZONE_SIZE, 2 * RACE_USERS);
    sale = sk_test_sale(zone, "phone", RACE_USERS - 100, 1);

    /* any word of the shared memory that nobody uses here */
    started = &zone->idle;

    for (i = 0; i < RACERS; i++) {
        if (fork() == 0) {
            race(zone, started);
        }
    }

    for (i = 0; i < RACERS; i++) {
        assert_int_not_equal(wait(&status), -1);
        assert_int_equal(status, 0);
    }

    assert_int_equal(sk_load(&sale->undecided), RACE_USERS - 100);
    assert_int_equal(sk_load(&sale->free), 0);
    assert_int_equal(sk_queue_depth(&zone->queue), RACE_USERS - 100);
    sk_test_conserved(zone);

    for (i = 0; i < RACE_USERS; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        key = sk_zone_user_key(zone, sk_load(&sale->id), user, strlen(user));
        sk_zone_holding(zone, key, &h);
        assert_in_range(h.n_undecided, 0, 1);
    }

    sk_test_zone_free(zone);
}


static void
test_events_apply_once(void **state)
{
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_answer_t   a;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    sale = sk_test_sale(zone, "phone", 5, 2);

    a = sk_test_claim(zone, sale, "alice");
    sk_test_win(zone, sale, "alice", a.ticket);

    sk_store(&zone->applied_seq, sk_load(&zone->applied_seq) - 1);
    sk_test_win(zone, sale, "alice", a.ticket);

    assert_int_equal(sk_load(&sale->sold), 1);

    /* a ticket of another zone: a unit of its own, ours stays undecided */

    a = sk_test_claim(zone, sale, "bob");
    sk_test_win(zone, sale, "bob", a.ticket ^ ((uint64_t) 1 << 40));

    assert_int_equal(sk_load(&sale->sold), 2);
    assert_int_equal(sk_load(&sale->undecided), 1);

    sk_test_conserved(zone);
    sk_test_zone_free(zone);
}


static void
test_stock_edits(void **state)
{
    char          reason[SK_REASON_SIZE_MAX];
    sk_zone_t    *zone;
    sk_sale_t    *sale;
    sk_event_t    e;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    sale = sk_test_sale(zone, "phone", 1, 1);

    (void) sk_test_claim(zone, sale, "alice");
    assert_int_equal(sk_test_claim(zone, sale, "bob").result, SK_SOLD_OUT);

    memset(&e, 0, sizeof(e));
    e.type = SK_EVENT_SALE_EDITED;
    e.sale_id = sk_load(&sale->id);
    e.seq = 2;
    e.def = sk_test_def("phone", 2, 1);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
    assert_true(sk_test_claim(zone, sale, "bob").admitted);
    sk_test_conserved(zone);

    /* more than the zone holds: refused, with a size that would do */

    e.seq = 3;
    e.def.stock = SK_STOCK_MAX;
    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)),
                     SK_ERROR);
    assert_non_null(strstr(reason, "does not fit in the zone"));
    sk_test_conserved(zone);

    sk_test_zone_free(zone);
}


static void
test_sale_names(void **state)
{
    char           name[SK_NAME_SIZE_MAX + 1];
    sk_zone_t     *zone;

    (void) state;

    memset(name, 'a', sizeof(name));

    assert_true(sk_sale_name_valid("a.B_9-", 6));
    assert_true(sk_sale_name_valid(name, SK_NAME_SIZE_MAX));
    assert_false(sk_sale_name_valid(name, SK_NAME_SIZE_MAX + 1));
    assert_false(sk_sale_name_valid("", 0));
    assert_false(sk_sale_name_valid("a b", 3));
    assert_false(sk_sale_name_valid("a\"", 2));

    zone = sk_test_zone(ZONE_SIZE, 0);
    (void) sk_test_sale(zone, "phone", 1, 1);

    assert_null(sk_zone_sale(zone, "phon", 4));
    assert_null(sk_zone_sale(zone, "phones", 6));
    assert_null(sk_zone_sale(zone, "", 0));
    assert_null(sk_zone_sale_by_id(zone, 2));

    sk_test_zone_free(zone);
}


static void
test_many_sales(void **state)
{
    char        name[16];
    unsigned    i;
    sk_zone_t  *zone;

    (void) state;

    zone = sk_test_zone(4 * ZONE_SIZE, 0);

    for (i = 0; i < zone->sales.n_max; i++) {
        (void) snprintf(name, sizeof(name), "s%u", i);
        (void) sk_test_sale(zone, name, 1, 1);
    }

    for (i = 0; i < zone->sales.n_max; i++) {
        (void) snprintf(name, sizeof(name), "s%u", i);
        assert_ptr_equal(sk_zone_sale(zone, name, strlen(name)),
                         &zone->sales.elts[i]);
        assert_ptr_equal(sk_zone_sale_by_id(zone, i + 1),
                         &zone->sales.elts[i]);
    }

    sk_test_zone_free(zone);
}


static long
minor_faults(void)
{
    struct rusage  usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);

    return usage.ru_minflt;
}


/* a process that has touched the zone meets no more page faults in it */

static void
test_touched_pages_are_there(void **state)
{
    int           status;
    pid_t         pid;
    long          faults;
    size_t        at, slices;
    sk_zone_t    *zone;

    (void) state;

    zone = sk_test_zone(64 * ZONE_SIZE, 0);

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        slices = 0;

        for (at = 0; at < zone->size; slices++) {
            at = sk_zone_touch(zone, at, ZONE_SIZE - 1);
        }

        if (at != zone->size || slices != zone->size / (ZONE_SIZE - 1) + 1) {
            _exit(1);
        }

        faults = minor_faults();

        (void) sk_zone_touch(zone, 0, zone->size);

        _exit((minor_faults() - faults < 16) ? 0 : 2);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);

    sk_test_zone_free(zone);
}


static void
test_histogram(void **state)
{
    sk_hist_t  h;

    (void) state;

    memset(&h, 0, sizeof(h));

    sk_zone_observe(&h, &sk_hist_claims, 1, 1);
    sk_zone_observe(&h, &sk_hist_claims, 3, 3);
    sk_zone_observe(&h, &sk_hist_claims, 4, 4);
    sk_zone_observe(&h, &sk_hist_claims, 5000, 5000);

    assert_int_equal(sk_load(&h.buckets[0]), 1);
    assert_int_equal(sk_load(&h.buckets[2]), 2);
    assert_int_equal(sk_load(&h.buckets[sk_hist_claims.n]), 1);
    assert_int_equal(sk_load(&h.sum), 5008);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_size_for_is_the_least),
        cmocka_unit_test(test_claim_wins_once),
        cmocka_unit_test(test_limit_above_one),
        cmocka_unit_test(test_same_user_in_two_sales),
        cmocka_unit_test(test_window_and_pause),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_processes_claim_at_once),
        cmocka_unit_test(test_events_apply_once),
        cmocka_unit_test(test_stock_edits),
        cmocka_unit_test(test_sale_names),
        cmocka_unit_test(test_many_sales),
        cmocka_unit_test(test_touched_pages_are_there),
        cmocka_unit_test(test_histogram),
    };

    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
