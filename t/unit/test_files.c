/* the store's files: wrong, damaged, locked, moved, exchanged, read for long */

#include <errno.h>
#include <sys/stat.h>

#include "sk_test_store.h"


/* a store that cannot be opened: what is said of it, and nothing is changed */

static void
refused(const char *why)
{
    sk_zone_t   *zone;
    sk_drain_t   d;

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, NULL, 0);

    assert_int_equal(settle(&d), SK_ERROR);
    assert_int_equal(sk_load(&zone->state), SK_ZONE_LOADING);
    assert_int_equal(sk_load(&zone->failing), 1);

    if (strstr(logged, why) == NULL) {
        fail_msg("no \"%s\" in: %s", why, logged);
    }

    /* said once, not every time */

    logged[0] = '\0';
    settle(&d);
    assert_string_equal(logged, "");

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_not_a_database(void **state)
{
    FILE  *f;

    (void) state;

    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "%0200d", 7) > 0);
    assert_int_equal(fclose(f), 0);

    refused("file is not a database");
}


static void
test_another_programs_database(void **state)
{
    (void) state;

    exec_sql("CREATE TABLE people (name TEXT)");
    refused("a database of another program");
}


static void
test_newer_version(void **state)
{
    char         sql[64];
    sk_zone_t   *zone;
    sk_drain_t   d;

    (void) state;

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, NULL, 0);
    settle(&d);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    (void) snprintf(sql, sizeof(sql), "PRAGMA user_version = %d",
                    SK_LEDGER_VERSION + 1);
    exec_sql(sql);

    refused("written by a newer version of the module");
    assert_int_equal(count_sql("PRAGMA user_version"), SK_LEDGER_VERSION + 1);
}


static void
test_older_version_is_migrated(void **state)
{
    sk_zone_t   *zone;
    sk_drain_t   d;

    (void) state;

    /* version 0 of a store: marked as ours, nothing in it yet */

    exec_sql("PRAGMA application_id = 0x53434b4c; CREATE TABLE notes (n);");

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, NULL, 0);
    settle(&d);

    assert_int_equal(sk_load(&zone->state), SK_ZONE_READY);
    assert_int_equal(count_sql("PRAGMA user_version"), SK_LEDGER_VERSION);
    assert_int_equal(count_sql("SELECT count(*) FROM notes"), 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
fill(const char *name, unsigned n)
{
    char           user[16];
    unsigned       i;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    def = sk_test_def(name, n, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    for (i = 0; i < n; i++) {
        (void) snprintf(user, sizeof(user), "u%u", i);
        assert_true(sk_test_claim(zone, sk_zone_sale(zone, name, strlen(name)),
                                  user).admitted);

        if (i % 64 == 63) {
            settle(&d);
        }
    }

    settle(&d);
    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_damaged_file(void **state)
{
    FILE         *f;
    struct stat   st;

    (void) state;

    fill("phone", 1000);
    exec_sql("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");

    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 17 * 4096);

    f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, 16 * 4096, SEEK_SET), 0);
    assert_true(fprintf(f, "%04000d", 7) > 0);
    assert_int_equal(fclose(f), 0);

    refused("malformed");
}


static void
test_gap_in_the_ledger(void **state)
{
    (void) state;

    fill("phone", 20);
    exec_sql("DROP TRIGGER ledger_delete; DELETE FROM ledger WHERE seq = 9");

    refused("damaged: event 10 follows event 8");
}


static void
test_ledger_is_append_only(void **state)
{
    int       rc;
    sqlite3  *db;

    (void) state;

    fill("phone", 2);

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    rc = sqlite3_exec(db, "UPDATE ledger SET user = 'x'", NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_CONSTRAINT);
    rc = sqlite3_exec(db, "DELETE FROM ledger", NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_CONSTRAINT);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}


static void
test_store_was_replaced(void **state)
{
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_answer_t    a;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 5, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "alice");
    settle(&d);
    sk_drain_close(&d);

    /* an older copy in its place: nothing is decided on top of it */

    exec_sql("DROP TRIGGER ledger_delete; DELETE FROM ledger WHERE seq = 2");

    d = drainer(zone, NULL, 0);
    a = sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "bob");
    settle(&d);

    assert_int_equal(outcome_of(zone, a.ticket), SK_OUTCOME_UNAVAILABLE);
    assert_non_null(strstr(logged, "it was replaced, restart nginx"));
    sk_test_conserved(zone);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_locked_by_another(void **state)
{
    sqlite3       *db;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_answer_t    a;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 5, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);

    /* the claim stays in the queue, undecided, and is decided afterwards */

    a = sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "alice");
    assert_int_equal(settle(&d), SK_AGAIN);
    assert_int_equal(settle(&d), SK_AGAIN);
    assert_int_equal(sk_queue_depth(&zone->queue), 1);
    assert_non_null(strstr(logged, "database is locked"));
    assert_non_null(strstr(zone->reason, "database is locked"));
    assert_non_null(strstr(zone->reason, "another program has a write "
                           "transaction open, see \"fuser -v\""));

    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    settle(&d);
    assert_int_equal(outcome_of(zone, a.ticket), SK_OUTCOME_WON);
    assert_string_equal(zone->reason, "");
    assert_non_null(strstr(logged, "works again"));

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


static void
test_store_was_removed(void **state)
{
    char           moved[256], name[256], command[1024];
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 5, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "alice");
    settle(&d);
    assert_int_equal(sk_ledger_checkpoint(d.writer.ledger), SK_OK);

    (void) snprintf(moved, sizeof(moved), "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);

    /* noticed, and no empty store is made in its place */

    assert_int_equal(settle(&d), SK_ERROR);
    assert_int_equal(sk_load(&zone->failing), 1);
    assert_non_null(strstr(logged, "was moved, removed or exchanged"));
    assert_int_equal(settle(&d), SK_ERROR);
    assert_int_not_equal(access(path, F_OK), 0);

    (void) snprintf(name, sizeof(name), "%s-wal", path);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s-shm", path);
    (void) unlink(name);
    assert_int_equal(rename(moved, path), 0);

    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(sk_load(&zone->failing), 0);
    assert_true(sk_test_claim(zone, sk_zone_sale(zone, "phone", 5),
                              "bob").admitted);
    assert_int_equal(settle(&d), SK_OK);

    /* a copy in its place is another file: it is not opened */

    logged[0] = '\0';
    (void) snprintf(command, sizeof(command), "cp %s %s.copy && mv %s %s && "
                    "mv %s.copy %s", path, path, path, moved, path, path);
    assert_int_equal(system(command), 0);
    assert_int_equal(settle(&d), SK_ERROR);
    assert_non_null(strstr(logged, "was moved, removed or exchanged"));
    assert_int_equal(settle(&d), SK_ERROR);
    assert_non_null(strstr(logged, "is not the file that it was"));

    assert_int_equal(rename(moved, path), 0);
    assert_int_equal(settle(&d), SK_OK);

    /* a path that cannot be followed names no other file */

    logged[0] = '\0';
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(path, path), 0);
    assert_int_equal(settle(&d), SK_ERROR);
    assert_non_null(strstr(logged, "cannot be reached"));
    assert_int_equal(settle(&d), SK_ERROR);
    assert_null(strstr(logged, "is not the file that it was"));
    assert_null(strstr(logged, "was moved, removed or exchanged"));

    assert_int_equal(rename(moved, path), 0);
    assert_int_equal(settle(&d), SK_OK);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* the log is deleted under it: noticed, and what it had is saved */

static void
test_log_was_removed(void **state)
{
    int            i;
    char           name[256], user[16];
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 50, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    for (i = 0; i < 20; i++) {
        (void) snprintf(user, sizeof(user), "u%d", i);
        (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), user);
        settle(&d);

        if (i == 9) {
            (void) snprintf(name, sizeof(name), "%s-wal", path);
            assert_int_equal(unlink(name), 0);
        }
    }

    assert_non_null(strstr(logged, "was moved, removed or exchanged"));
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(sk_load(&zone->failing), 0);

    /*
     * The claim that noticed it was given back, the next was not admitted; all
     * others are there, those of the removed log too.
     */

    assert_int_equal(count_sql("SELECT count(*) FROM orders"), 18);
    assert_int_equal(count_sql("SELECT count(*) FROM orders"
                               " WHERE length(user) = 2"), 10);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->sold), 18);
    sk_test_conserved(zone);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* a reader holds the log; when it leaves, the log is copied */

static void
test_log_waits_for_a_reader(void **state)
{
    sqlite3       *db;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 3000, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM ledger", NULL,
                                  NULL, NULL), SQLITE_OK);

    sell(&d, "phone", "u", 1500);

    assert_true(sk_ledger_log_pages(d.writer.ledger)
                > SK_WRITER_LOG_IDLE_PAGES);

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(sk_ledger_log_pages(d.writer.ledger), 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/*
 * The log's file is longer than what is in it, and commits do not change its
 * size; what a kill leaves of it is read to its last frame and no further.
 */

static void
test_log_is_longer_than_its_frames(void **state)
{
    off_t          size;
    char           name[256], command[768];
    struct stat    st;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 3000, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    settle(&d);

    (void) snprintf(name, sizeof(name), "%s-wal", path);
    assert_int_equal(stat(name, &st), 0);
    size = st.st_size;

    sell(&d, "phone", "u", 60);

    assert_in_range(sk_ledger_log_pages(d.writer.ledger), 120, 250);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_size, size);

    sell(&d, "phone", "v", 900);

    /* another process empties it: the next commit does not fill it again */

    exec_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "late");
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(stat(name, &st), 0);
    assert_in_range(st.st_size, 1, 2 * 1024 * 1024);

    /* the files as they are now, in another place */

    (void) snprintf(command, sizeof(command),
                    "mkdir %s/x && cp %s %s-wal %s/x/ && "
                    "test \"$(sqlite3 %s/x/drop.db 'SELECT count(*) FROM"
                    " orders; PRAGMA integrity_check')\" = "
                    "'961\nok'; rc=$?; rm -r %s/x; exit $rc",
                    dir, path, path, dir, dir, dir);
    assert_int_equal(system(command), 0);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


/* what is in the way, for who is not root */

static void
barred_by(int expected, const char *what)
{
    int          err;
    const char  *which;

    which = "nothing";
    err = sk_ledger_files_barred(path, &which);

    assert_string_equal(which, what);
    assert_int_equal(err, expected);
}


static void
test_store_may_not_be_written(void **state)
{
    int    root;
    char   name[160];
    FILE  *f;

    (void) state;

    root = (geteuid() == 0);

    if (root) {
        assert_int_equal(chown(dir, 65534, -1), 0);
        assert_int_equal(seteuid(65534), 0);
    }

    barred_by(0, "nothing");

    assert_int_equal(chmod(dir, 0500), 0);
    barred_by(EACCES, "its directory");
    assert_int_equal(chmod(dir, 0700), 0);

    exec_sql("CREATE TABLE t (a)");
    barred_by(0, "nothing");

    (void) snprintf(name, sizeof(name), "%s-shm", path);
    f = fopen(name, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    barred_by(0, "nothing");
    assert_int_equal(chmod(name, 0400), 0);
    barred_by(EACCES, "its \"-shm\"");
    assert_int_equal(unlink(name), 0);

    assert_int_equal(chmod(path, 0400), 0);
    barred_by(EACCES, "it");
    refused("attempt to write a readonly database (it: Permission denied)");

    /* its log would be where a link leads */

    (void) snprintf(name, sizeof(name), "%s-shm", path);
    assert_int_equal(rename(path, name), 0);
    assert_int_equal(symlink(name, path), 0);
    barred_by(EACCES, "it");
    assert_int_equal(unlink(name), 0);
    barred_by(0, "nothing");

    if (root) {
        assert_int_equal(seteuid(0), 0);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_not_a_database),
        T(test_another_programs_database),
        T(test_newer_version),
        T(test_older_version_is_migrated),
        T(test_damaged_file),
        T(test_gap_in_the_ledger),
        T(test_ledger_is_append_only),
        T(test_store_was_replaced),
        T(test_locked_by_another),
        T(test_store_was_removed),
        T(test_log_was_removed),
        T(test_log_waits_for_a_reader),
        T(test_log_is_longer_than_its_frames),
        T(test_store_may_not_be_written),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
