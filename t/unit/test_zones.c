/* two zones on one store, as in a binary upgrade */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sk_seq.h"
#include "sk_test_store.h"


#define WAL_CKPT_LOCK  121      /* the byte of a -shm file, SQLite's format */


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


/* a claim that says how many it wants is sent again, to whomever */

static void
test_want_holds_over_two_zones(void **state)
{
    sk_zone_t     *one, *two;
    sk_sale_t     *here, *there;
    sk_drain_t     d1, d2;
    sk_answer_t    a, b, c;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("tickets", 100, 3);
    one = sk_test_zone(ZONE_SIZE, 0);
    two = sk_test_zone(ZONE_SIZE, 0);
    d1 = drainer(one, &def, 1);
    d2 = drainer(two, &def, 1);
    settle(&d1);
    settle(&d2);

    here = sk_zone_sale(one, "tickets", 7);
    there = sk_zone_sale(two, "tickets", 7);

    /* undecided, it waits for itself where it is known, and is admitted where
       it is not */

    a = sk_test_want(one, here, "alice", 1);
    assert_true(a.admitted);

    c = sk_test_want(one, here, "alice", 1);
    assert_int_equal(c.result, SK_WAIT);
    assert_int_equal(c.ticket, a.ticket);
    assert_false(c.admitted);

    b = sk_test_want(two, there, "alice", 1);
    assert_true(b.admitted);

    settle(&d1);
    settle(&d2);

    assert_int_equal(outcome_of(one, a.ticket), SK_OUTCOME_WON);
    assert_int_equal(outcome_of(two, b.ticket), SK_OUTCOME_REFUSED);

    b = sk_test_want(two, there, "alice", 1);
    assert_int_equal(b.result, SK_ALREADY);
    assert_int_equal(b.n_orders, 1);

    /* two in all is one more, four are as many as the limit allows */

    assert_true(sk_test_want(two, there, "alice", 2).admitted);
    settle(&d2);
    assert_int_equal(sk_test_want(two, there, "alice", 2).result, SK_ALREADY);

    assert_true(sk_test_want(two, there, "alice", 4).admitted);
    settle(&d2);

    a = sk_test_want(two, there, "alice", 4);
    assert_int_equal(a.result, SK_ALREADY);
    assert_int_equal(a.n_orders, 3);
    assert_int_equal(count_sql("SELECT count(*) FROM orders"), 3);

    sk_test_conserved(two);

    sk_drain_close(&d1);
    sk_drain_close(&d2);
    sk_test_zone_free(one);
    sk_test_zone_free(two);
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

    if (strstr(message, "events read") == NULL || other.writer.zone == NULL) {
        return;
    }

    settle(&other);
    sale = sk_zone_sale(other.writer.zone, "phone", 5);

    for (i = 0; sale && i < 8; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        (void) sk_test_claim(other.writer.zone, sale, user);
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
    d.writer.log.write = log_interferes;

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
    other.writer.zone = NULL;
    sk_test_zone_free(one);
    sk_test_zone_free(two);
}


/* it is that of the store, not of a link that leads there */

static void
test_end_of_the_ledger_has_one_file(void **state)
{
    char               link[256], elsewhere[256], name[280], gone[280];
    _Atomic uint64_t  *seq, *other;

    (void) state;

    (void) snprintf(link, sizeof(link), "%s/link.db", dir);
    (void) snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", dir);
    (void) snprintf(name, sizeof(name), "%s/drop.db", elsewhere);
    (void) snprintf(gone, sizeof(gone), "%s/gone/drop.db", dir);

    assert_int_equal(symlink(".", elsewhere), 0);

    /* the store is not there yet */

    seq = sk_seq_map(path);
    other = sk_seq_map(name);
    assert_true(seq && other);
    sk_seq_advance(seq, 7);
    assert_int_equal(sk_load(other), 7);

    assert_int_equal(symlink("drop.db", link), 0);
    assert_null(sk_seq_map(link));
    assert_int_equal(errno, ENOENT);
    assert_null(sk_seq_map(gone));
    assert_int_equal(errno, ENOENT);

    assert_int_equal(close(open(path, O_CREAT|O_WRONLY, 0644)), 0);

    other = sk_seq_map(link);
    assert_non_null(other);
    assert_int_equal(sk_load(other), 7);

    /* it cannot be opened, whoever tries */

    (void) snprintf(name, sizeof(name), "%s-seq", path);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(mkdir(name, 0755), 0);
    assert_null(sk_seq_map(link));
    assert_int_equal(errno, EISDIR);
    assert_int_equal(rmdir(name), 0);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(elsewhere), 0);
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
    d1.writer.seq = sk_seq_map(path);
    d2.writer.seq = sk_seq_map(path);
    assert_true(seq && d1.writer.seq && d2.writer.seq);
    assert_ptr_not_equal(d1.writer.seq, d2.writer.seq);

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


/* another process is at a checkpoint: that is no reason to stop */

static void
test_another_checkpoint(void **state)
{
    int            to[2], from[2], fd, status;
    char           name[256], c;
    pid_t          pid;
    sk_zone_t     *zone;
    sk_drain_t     d;
    struct flock   lock;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 5, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        (void) close(to[1]);
        (void) snprintf(name, sizeof(name), "%s-shm", path);
        fd = open(name, O_RDWR);

        memset(&lock, 0, sizeof(struct flock));
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = WAL_CKPT_LOCK;
        lock.l_len = 1;

        if (fcntl(fd, F_SETLK, &lock) == 0 && write(from[1], "", 1) == 1) {
            _exit((int) read(to[0], &c, 1));
        }

        _exit(1);
    }

    (void) close(from[1]);
    assert_int_equal(read(from[0], &c, 1), 1);

    assert_int_equal(sk_ledger_checkpoint(d.writer.ledger), SK_OK);
    assert_int_not_equal(sk_ledger_log_pages(d.writer.ledger), 0);

    (void) close(to[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void) close(to[0]);
    (void) close(from[0]);

    assert_int_equal(sk_ledger_checkpoint(d.writer.ledger), SK_OK);
    assert_int_equal(sk_ledger_log_pages(d.writer.ledger), 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_two_zones_on_one_store),
        T(test_limit_holds_over_two_zones),
        T(test_want_holds_over_two_zones),
        T(test_declare_against_another_zone),
        T(test_end_of_the_ledger_has_one_file),
        T(test_end_of_the_ledger_is_shared),
        T(test_another_checkpoint),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("zones", tests, NULL, NULL);
}
