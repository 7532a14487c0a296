/*
 * A process killed at any instruction: a child runs one operation on a shared
 * zone, the parent steps it instruction by instruction with ptrace and kills
 * it at the Nth.  Then the next taker of the mutex must find a zone that holds,
 * and the operation must be doable again.
 *
 * Only where it holds the mutex can a process leave something half done.  Of
 * these instructions every third is tried, SK_KILL_STRIDE=1 tries them all.
 */

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "sk_test.h"


#define STEPS_MAX  100000
#define STRIDE     3


typedef struct {
    void    (*prepare)(sk_zone_t *zone);
    void    (*operate)(sk_zone_t *zone);
    void    (*check)(sk_zone_t *zone);
} kill_case_t;


static uint64_t    ticket;
static char        reason[SK_REASON_SIZE_MAX];


/*
 * Steps a child through an operation and kills it after "steps", or lets it
 * end.  "locked" gets the numbers of the steps at which it held the mutex;
 * returns how many they were.
 */

static long
run_and_kill(sk_zone_t *zone, void (*operate)(sk_zone_t *), long steps,
    long *locked)
{
    int    status;
    long   n, n_locked;
    pid_t  pid;

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void) raise(SIGSTOP);
        operate(zone);
        (void) kill(getpid(), SIGKILL);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));

    n_locked = 0;

    for (n = 0; n < steps; n++) {

        if (locked && zone->mutex.__data.__owner == pid) {
            locked[n_locked++] = n;
        }

        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);

        if (!WIFSTOPPED(status)) {
            return n_locked;
        }
    }

    (void) kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);

    return n_locked;
}


static sk_zone_t *
prepare(const kill_case_t *c)
{
    sk_zone_t  *zone;

    zone = sk_test_zone(512 * 1024, SK_QUEUE_MIN);

    /* the same instructions each time */
    memset(zone->hash_key, 1, SK_HASH_KEY_SIZE);

    c->prepare(zone);

    return zone;
}


static void
kill_everywhere(const kill_case_t *c)
{
    long        i, n, stride;
    sk_zone_t  *zone;
    static long locked[STEPS_MAX];

    stride = getenv("SK_KILL_STRIDE") ? atol(getenv("SK_KILL_STRIDE")) : STRIDE;
    assert_true(stride > 0);

    zone = prepare(c);
    n = run_and_kill(zone, c->operate, STEPS_MAX, locked);
    c->check(zone);
    sk_test_zone_free(zone);

    assert_true(n > 100);

    for (i = 0; i < n; i += stride) {

        zone = prepare(c);

        (void) run_and_kill(zone, c->operate, locked[i], NULL);

        sk_zone_lock(zone);
        sk_zone_unlock(zone);

        assert_int_equal(sk_load(&zone->repairs), 1);

        sk_test_conserved(zone);
        c->check(zone);
        sk_test_conserved(zone);

        sk_test_zone_free(zone);
    }
}


static sk_sale_t *
phone(sk_zone_t *zone)
{
    return sk_zone_sale(zone, "phone", 5);
}


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

    (void) sk_apply(zone, &e, 1, reason, sizeof(reason));
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
    sk_apply_refuse(zone, sk_queue_cell(&zone->queue, ticket),
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

    (void) sk_apply(zone, &e, 1, reason, sizeof(reason));
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
