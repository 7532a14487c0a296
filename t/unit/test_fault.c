/* every write and sync of the store fails, or ends the process, in turn */

#include <sys/wait.h>

#include "sk_test_store.h"


/*
 * Every write and every sync fails once, in turn, from the first: in opening,
 * migrating, declaring, committing, checkpointing.  Whatever fails, nobody has
 * been told of a win that is not in the file, and then all goes on.
 */

#define BUYERS  8

static void
user_name(char *user, int i)
{
    (void) snprintf(user, 16, "u%d", i);
}


/* claims while a write or a sync fails; returns how many were told "won" */

static int
claim_with_fault(sk_zone_t *zone, sk_drain_t *d)
{
    int           i, won;
    char          user[16];
    sk_sale_t    *sale;
    sk_answer_t   a[BUYERS];

    settle(d);
    sale = sk_zone_sale(zone, "phone", 5);

    for (i = 0; i < BUYERS; i++) {
        a[i].result = SK_UNAVAILABLE;

        if (sale && sk_load(&zone->state) == SK_ZONE_READY) {
            user_name(user, i);
            a[i] = sk_test_claim(zone, sale, user);
        }

        if (i % 2) {
            settle(d);
        }

        if (i == 4 && d->writer.ledger) {
            (void) sk_ledger_checkpoint(d->writer.ledger);
        }
    }

    won = 0;

    for (i = 0; i < BUYERS; i++) {
        if (a[i].result == SK_WAIT
            && outcome_of(zone, a[i].ticket) == SK_OUTCOME_WON)
        {
            won++;
        }
    }

    return won;
}


/* the fault is over: everybody gets the unit that is there for him */

static void
claim_without_fault(sk_zone_t *zone, sk_drain_t *d)
{
    int         i;
    char        user[16];
    sk_sale_t  *sale;

    settle(d);
    settle(d);
    sale = sk_zone_sale(zone, "phone", 5);
    assert_non_null(sale);

    for (i = 0; i < BUYERS; i++) {
        user_name(user, i);
        (void) sk_test_claim(zone, sale, user);
    }

    settle(d);
    assert_int_equal(count_sql("SELECT count(*) FROM orders"), BUYERS);
    assert_int_equal(count_sql("SELECT count(DISTINCT user) FROM orders"),
                     BUYERS);
    assert_int_equal(sk_load(&sale->sold), BUYERS);
    assert_string_equal(zone->reason, "");
    sk_test_conserved(zone);
}


static void
try_faults(fault_e fault)
{
    int            n, won, faults;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;
    void          *none = NULL;

    def = sk_test_def("phone", BUYERS, 1);

    for (n = 1; /* void */; n++) {
        assert_int_equal(setup(&none), 0);

        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, &def, 1);

        fault_vfs_on(fault, n);
        won = claim_with_fault(zone, &d);
        faults = fault_vfs_faults();
        fault_vfs_off();

        /* what was said to be won is there for whoever opens the file */

        if (won) {
            assert_true(count_sql("SELECT count(*) FROM orders") >= won);
        }

        sk_test_conserved(zone);
        claim_without_fault(zone, &d);

        sk_drain_close(&d);
        sk_test_zone_free(zone);
        assert_int_equal(teardown(&none), 0);

        if (faults == 0) {
            break;
        }
    }

    /* it did fail, in more than one place */

    assert_true(n > 10);
}


static void
test_write_fails(void **state)
{
    (void) state;
    (void) rmdir(dir);

    try_faults(FAULT_WRITE);
    (void) setup(state);
}


static void
test_disk_is_full(void **state)
{
    (void) state;
    (void) rmdir(dir);

    try_faults(FAULT_FULL);
    (void) setup(state);
}


static void
test_sync_fails(void **state)
{
    (void) state;
    (void) rmdir(dir);

    try_faults(FAULT_SYNC);
    (void) setup(state);
}


/*
 * A process that ends at its Nth write or sync, for every N; what it has told
 * (through a pipe, before it ended) is there when the file is opened again.
 */

static void
crash_child(int out, int n)
{
    int            i;
    char           user[16];
    uint64_t       order;
    unsigned char  told;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_answer_t    a;
    sk_sale_def_t  def;

    def = sk_test_def("phone", 8, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);

    fault_vfs_on(FAULT_CRASH, n);

    settle(&d);

    for (i = 0; i < 8; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        a = sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), user);
        settle(&d);

        order = sk_load(&sk_queue_cell(&zone->queue, a.ticket)->order);
        told = (unsigned char) order;

        if (write(out, &told, 1) != 1) {
            _exit(2);
        }

        if (i == 4) {
            (void) sk_ledger_checkpoint(d.writer.ledger);
        }
    }

    _exit(0);
}


static void
test_crash_at_every_write(void **state)
{
    int            n, i, status, fds[2];
    char           user[16];
    pid_t          pid;
    ssize_t        told;
    unsigned char  orders[8];
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_answer_t    a;
    sk_sale_def_t  def;

    (void) state;
    (void) rmdir(dir);

    def = sk_test_def("phone", 8, 1);

    for (n = 1; /* void */; n++) {
        assert_int_equal(setup(state), 0);
        assert_int_equal(pipe(fds), 0);

        pid = fork();
        assert_int_not_equal(pid, -1);

        if (pid == 0) {
            crash_child(fds[1], n);
        }

        (void) close(fds[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        told = read(fds[0], orders, sizeof(orders));
        (void) close(fds[0]);

        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, &def, 1);
        settle(&d);

        for (i = 0; i < told; i++) {
            (void) snprintf(user, sizeof(user), "u%d", i);
            a = sk_test_ask(zone, sk_zone_sale(zone, "phone", 5), user);
            assert_int_equal(a.result, SK_WON);
            assert_int_equal(a.order, orders[i]);
        }

        /* at most the one whose commit it died in is there untold */

        assert_in_range(sk_load(&sk_zone_sale(zone, "phone", 5)->sold), told,
                        told + 1);

        sk_drain_close(&d);
        sk_test_zone_free(zone);
        assert_int_equal(teardown(state), 0);

        if (WEXITSTATUS(status) == 0) {
            break;
        }

        assert_int_equal(WEXITSTATUS(status), FAULT_EXIT);
    }

    assert_true(n > 20);
    (void) setup(state);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_write_fails),
        T(test_disk_is_full),
        T(test_sync_fails),
        T(test_crash_at_every_write),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
