/*
 * A process killed at any instruction: a child runs one operation on a shared
 * zone, the parent steps it instruction by instruction with ptrace and kills
 * it at the Nth.  Then the next taker of the mutex must find a zone that holds,
 * and the operation must be doable again.
 *
 * Only where it holds the mutex can a process leave something half done.  Of
 * these instructions every third is tried, SK_KILL_STRIDE=1 tries them all.
 */


#ifndef _SK_TEST_KILL_H_INCLUDED_
#define _SK_TEST_KILL_H_INCLUDED_


#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "sk_test.h"


#define STEPS_MAX  100000
#define STRIDE     3
#define STEPS_END   60      /* a long operation's end, tried as densely */


typedef struct {
    void    (*prepare)(sk_zone_t *zone);
    void    (*operate)(sk_zone_t *zone);
    void    (*check)(sk_zone_t *zone);
    size_t    size;                     /* of the zone, 0: 512k */
    long      stride;                   /* but for the end, 0: STRIDE */
} kill_case_t;


/*
 * Steps a child through an operation and kills it after "steps", or lets it
 * end.  "locked" gets the numbers of the steps at which it held the mutex;
 * returns how many they were.
 */

static inline long
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


static inline sk_zone_t *
prepare(const kill_case_t *c)
{
    sk_zone_t  *zone;

    zone = sk_test_zone(c->size ? c->size : 512 * 1024, SK_QUEUE_MIN);

    /* the same instructions each time */
    memset(zone->hash_key, 1, SK_HASH_KEY_SIZE);

    c->prepare(zone);

    return zone;
}


static inline void
kill_everywhere(const kill_case_t *c)
{
    long        i, n, stride, coarse;
    sk_zone_t  *zone;
    static long locked[STEPS_MAX];

    stride = getenv("SK_KILL_STRIDE") ? atol(getenv("SK_KILL_STRIDE")) : STRIDE;
    coarse = (c->stride && stride == STRIDE) ? c->stride : stride;
    assert_true(stride > 0);

    zone = prepare(c);
    n = run_and_kill(zone, c->operate, STEPS_MAX, locked);
    c->check(zone);
    sk_test_zone_free(zone);

    assert_true(n > 100);

    for (i = 0; i < n; i += (n - i > STEPS_END) ? coarse : stride) {

        zone = prepare(c);

        (void) run_and_kill(zone, c->operate, locked[i], NULL);

        /* readers don't wait for the repair: nothing is without its bit */
        (void) sk_test_filter(&zone->units);

        sk_zone_lock(zone);
        sk_zone_unlock(zone);

        assert_int_equal(sk_load(&zone->repairs), 1);

        sk_test_conserved(zone);
        c->check(zone);
        sk_test_conserved(zone);

        sk_test_zone_free(zone);
    }
}


static inline sk_sale_t *
phone(sk_zone_t *zone)
{
    return sk_zone_sale(zone, "phone", 5);
}


#endif /* _SK_TEST_KILL_H_INCLUDED_ */
