/* the files of the query tables: gone, damaged, on a full disk; their thread */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sk_test_query.h"


static void
query_sql(const char *sql)
{
    char      name[256];
    sqlite3  *db;

    (void) snprintf(name, sizeof(name), "%s-query", path);
    assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}


/* removed while all run, damaged, of another version, of another ledger */

static void
test_tables_are_made_anew(void **state)
{
    char   name[256];
    FILE  *f;

    (void) state;

    sell(&d, "phone", "u", 5);
    (void) fill();
    assert_int_equal(orders("", "", ""), 5);

    (void) snprintf(name, sizeof(name), "%s-query", path);
    assert_int_equal(unlink(name), 0);
    (void) snprintf(name, sizeof(name), "%s-query-wal", path);
    assert_int_equal(unlink(name), 0);
    (void) snprintf(name, sizeof(name), "%s-query-shm", path);
    assert_int_equal(unlink(name), 0);

    sell(&d, "pen", "u", 1);
    (void) fill();
    assert_int_equal(orders("", "", ""), 6);

    sk_query_destroy(q);
    query_sql("PRAGMA user_version = 77");
    q = sk_query_create(zone, path);
    (void) fill();
    assert_int_equal(orders("", "", ""), 6);

    sk_query_destroy(q);
    query_sql("UPDATE orders SET state = 'paid'; UPDATE progress SET at = 1");
    q = sk_query_create(zone, path);
    sk_page_reader_destroy(reader);
    reader = sk_page_reader_create(zone, path);
    (void) fill();
    assert_int_equal(orders("", "", "paid"), 0);
    assert_int_equal(orders("", "", ""), 6);

    sk_query_destroy(q);
    query_sql("UPDATE progress SET seq = 1000");
    q = sk_query_create(zone, path);
    (void) fill();
    assert_int_equal(orders("", "", ""), 6);

    sk_query_destroy(q);
    (void) snprintf(name, sizeof(name), "%s-query", path);
    f = fopen(name, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "%09000d", 7) > 0);
    assert_int_equal(fclose(f), 0);
    q = sk_query_create(zone, path);
    (void) fill();
    assert_int_equal(orders("", "", ""), 6);
}


/* which file the tables are in; its number is not given to another as long as
   this is not called again */

static uint64_t
query_inode(void)
{
    int          fd;
    char         name[256];
    struct stat  st;
    static int   before = -1;

    (void) snprintf(name, sizeof(name), "%s-query", path);
    fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);

    (void) close(before);
    before = fd;

    return st.st_ino;
}


/* overwrites some pages of a file */

static void
damage(const char *suffix, long first, long n)
{
    long   i;
    char   name[256];
    FILE  *f;

    (void) snprintf(name, sizeof(name), "%s%s", path, suffix);
    f = fopen(name, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    assert_in_range(ftell(f), (first + n) * 4096, LONG_MAX);
    assert_int_equal(fseek(f, first * 4096, SEEK_SET), 0);

    for (i = 0; i < n * 4096; i++) {
        (void) fputc(0xff, f);
    }

    assert_int_equal(fclose(f), 0);
}


/* a disk that is full for a while is no reason to throw them away */

static void
test_tables_outlive_a_full_disk(void **state)
{
    uint64_t       inode;
    struct rlimit  limit, none;

    (void) state;

    sell(&d, "phone", "u", 5);
    (void) fill();
    inode = query_inode();
    sk_query_destroy(q);
    q = sk_query_create(zone, path);

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;

    (void) signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);

    assert_int_equal(sk_query_fill(q), SK_ERROR);

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void) signal(SIGXFSZ, SIG_DFL);

    (void) fill();
    assert_int_equal(query_inode(), inode);
    assert_int_equal(orders("", "", ""), 5);
}


/* found to be damaged when they are filled: they are, or the ledger is */

static void
test_damage_is_found_later(void **state)
{
    uint64_t  inode;

    (void) state;

    sell(&d, "phone", "u", 900);
    (void) fill();
    sk_query_destroy(q);
    damage("-query", 5, 8);

    sell(&d, "phone", "v", 1);
    q = sk_query_create(zone, path);
    assert_int_equal(sk_query_fill(q), SK_ERROR);
    assert_non_null(strstr(sk_query_error(q), "malformed"));
    (void) fill();
    assert_int_equal(orders("", "v0", ""), 1);

    sell(&d, "phone", "w", 900);
    inode = query_inode();
    sk_query_destroy(q);
    sk_drain_close(&d);
    damage("", 32, 8);

    q = sk_query_create(zone, path);
    assert_int_equal(sk_query_fill(q), SK_ERROR);
    assert_int_equal(sk_query_fill(q), SK_ERROR);
    assert_int_equal(query_inode(), inode);
}


/* a WAL without its tables, or they without it, is not gone on with */

static void
test_half_of_the_files_is_removed(void **state)
{
    char  name[256];

    (void) state;

    sell(&d, "phone", "u", 5);
    (void) fill();

    (void) snprintf(name, sizeof(name), "%s-query-wal", path);
    assert_int_equal(unlink(name), 0);
    (void) snprintf(name, sizeof(name), "%s-query-shm", path);
    assert_int_equal(unlink(name), 0);

    sk_page_reader_destroy(reader);
    reader = sk_page_reader_create(zone, path);

    sell(&d, "phone", "v", 1);
    (void) fill();
    assert_int_equal(orders("", "v0", ""), 1);
    assert_int_equal(orders("", "", ""), 6);
}


static _Atomic unsigned  n_progress;

static void
progress(void *ctx)
{
    (void) ctx;

    sk_add(&n_progress, 1);
}


static void
test_thread(void **state)
{
    unsigned      i, n;
    sk_filler_t  *f;

    (void) state;

    sell(&d, "phone", "u", 2500);

    f = sk_query_thread_start(zone, path, &d.writer.log, progress);
    assert_non_null(f);

    for (i = 0; i < 1000 && sk_load(&zone->query_seq)
                            < sk_load(&zone->applied_seq); i++)
    {
        (void) usleep(10000);
    }

    assert_int_equal(sk_load(&zone->query_seq), sk_load(&zone->applied_seq));

    /* nobody is woken for nothing */

    (void) usleep(100000);
    n = sk_load(&n_progress);
    assert_int_not_equal(n, 0);
    (void) usleep(SK_QUERY_LOOK * SK_QUERY_POLL_MS * 2000);
    assert_int_equal(sk_load(&n_progress), n);

    sk_query_thread_stop(f);
    assert_int_equal(orders("", "u2499", ""), 1);
}


/* the zone knows what is wrong with them, and when it is over */

static void
lists_are(int rc)
{
    char      reason[SK_REASON_SIZE_MAX];
    unsigned  i;

    for (i = 0; i < 1000 && sk_zone_lists(zone, reason) != rc; i++) {
        (void) usleep(10000);
    }

    assert_int_equal(sk_zone_lists(zone, reason), rc);

    if (rc != SK_OK) {
        assert_memory_equal(reason, "query tables: ", 14);
    }
}


static void
test_thread_says_what_is_wrong(void **state)
{
    char          name[256];
    sk_filler_t  *f;

    (void) state;

    /* of a thread that there was before */

    sk_zone_set_lists(zone, "query tables: old");

    (void) snprintf(name, sizeof(name), "%s-query", path);
    assert_int_equal(mkdir(name, 0755), 0);

    f = sk_query_thread_start(zone, path, &d.writer.log, progress);
    assert_non_null(f);
    lists_are(SK_ERROR);

    assert_int_equal(rmdir(name), 0);
    lists_are(SK_OK);

    sk_query_thread_stop(f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_tables_are_made_anew),
        T(test_tables_outlive_a_full_disk),
        T(test_damage_is_found_later),
        T(test_half_of_the_files_is_removed),
        T(test_thread),
        T(test_thread_says_what_is_wrong),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("query_files", tests, NULL, NULL);
}
