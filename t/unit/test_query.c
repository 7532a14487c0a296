/* query tables and pages, on real files */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sk_test_store.h"
#include "sk_page.h"
#include "sk_query.h"


static sk_zone_t    *zone;
static sk_drain_t    d;
static sk_query_t   *q;
static sk_reader_t  *reader;
static sk_page_t     page;


static int
begin(void **state)
{
    static sk_sale_def_t  defs[2];

    if (setup(state) != 0) {
        return -1;
    }

    defs[0] = sk_test_def("phone", 5000, 2);
    defs[1] = sk_test_def("pen", 5000, 1);
    defs[1].hold_s = 10;

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, defs, 2);
    settle(&d);

    q = sk_query_create(zone, path);
    reader = sk_reader_create(zone, path);

    return (q && reader) ? 0 : -1;
}


static int
end(void **state)
{
    sqlite3_free(page.json);
    page.json = NULL;

    sk_reader_destroy(reader);
    sk_query_destroy(q);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    return teardown(state);
}


static unsigned
fill(void)
{
    int       rc;
    unsigned  slices;

    for (slices = 1; (rc = sk_query_fill(q)) == SK_MORE; slices++) {
        /* void */
    }

    if (rc != SK_OK) {
        fail_msg("%s", sk_query_error(q));
    }

    assert_int_equal(sk_load(&zone->query_seq), sk_load(&zone->applied_seq));

    return slices;
}


static sk_result_e
get(sk_page_e type, const char *sale, const char *user, const char *state,
    uint64_t after, unsigned limit)
{
    sqlite3_free(page.json);
    memset(&page, 0, sizeof(page));

    page.type = type;
    page.after = after;
    page.limit = limit;
    page.now_ms = SK_TEST_NOW;
    page.seq = sk_load(&zone->applied_seq);

    page.name_len = strlen(sale);
    memcpy(page.name, sale, page.name_len);
    page.user_len = strlen(user);
    memcpy(page.user, user, page.user_len);
    page.state_len = strlen(state);
    memcpy(page.state, state, page.state_len);

    sk_reader_page(reader, &page);

    return page.result;
}


static unsigned
orders(const char *sale, const char *user, const char *state)
{
    assert_int_equal(get(SK_PAGE_ORDERS, sale, user, state, 0, 1000), SK_WON);

    return page.n;
}


static void
says(const char *text)
{
    if (strstr(page.json, text) == NULL) {
        fail_msg("%s is not in %s", text, page.json);
    }
}


static void
append(const char *type, int order)
{
    char  sql[512];

    (void) snprintf(sql, sizeof(sql),
                    "INSERT INTO ledger (seq, at, type, sale, user, object)"
                    " SELECT (SELECT max(seq) + 1 FROM ledger), 7, '%s', sale,"
                    " user, seq FROM ledger WHERE seq = %d", type, order);
    exec_sql(sql);
}


static void
test_orders_are_listed(void **state)
{
    (void) state;

    /* 3 to 5, 6 to 9, and alice twice: 10, 11 */

    sell(&d, "phone", "u", 3);
    sell(&d, "pen", "u", 4);
    sell(&d, "phone", "alice\xff", 1);
    sell(&d, "phone", "alice\xff", 1);
    append("paid", 6);
    append("cancelled", 6);
    append("paid", 7);
    append("expired", 8);
    append("cancelled", 3);
    settle(&d);

    /* not yet: who reads is told so, and does not get less */

    assert_int_equal(get(SK_PAGE_ORDERS, "", "", "", 0, 10), SK_UNAVAILABLE);
    assert_int_equal(fill(), 1);

    assert_int_equal(orders("", "", ""), 9);
    assert_int_equal(orders("phone", "", ""), 5);
    assert_int_equal(orders("pen", "", ""), 4);
    assert_int_equal(orders("", "u1", ""), 2);
    assert_int_equal(orders("pen", "u1", ""), 1);
    says("{\"order\":7,\"sale\":\"pen\",\"user\":\"u1\",\"state\":\"paid\","
         "\"created_at\":\"1970-01-01T00:16:40.000Z\","
         "\"expires_at\":\"1970-01-01T00:16:50.000Z\"}");
    assert_int_equal(orders("", "", "cancelled"), 2);
    assert_int_equal(orders("pen", "", "cancelled"), 1);
    assert_int_equal(orders("pen", "u0", "cancelled"), 1);
    assert_int_equal(orders("", "u0", "held"), 0);
    assert_int_equal(orders("phone", "", "sold"), 4);
    assert_int_equal(orders("", "", "held"), 1);
    assert_int_equal(orders("", "", "expired"), 1);
    assert_int_equal(orders("", "alice\xff" "0", ""), 2);
    says("\"user\":\"alice\xef\xbf\xbd" "0\"");
    assert_int_equal(orders("", "nobody", ""), 0);
    assert_int_equal(get(SK_PAGE_ORDERS, "none", "", "", 0, 10),
                     SK_UNKNOWN_SALE);

    /* pages */

    assert_int_equal(get(SK_PAGE_ORDERS, "phone", "", "", 0, 2), SK_WON);
    assert_int_equal(page.n, 2);
    says("\"pagination\":{\"next\":4}");
    assert_int_equal(get(SK_PAGE_ORDERS, "phone", "", "", 4, 2), SK_WON);
    says("[{\"order\":5,");
    says("\"pagination\":{\"next\":10}");
    assert_int_equal(get(SK_PAGE_ORDERS, "phone", "", "", 11, 2), SK_WON);
    assert_int_equal(page.n, 0);
    says("\"pagination\":{\"next\":11}");

    /* one order needs no tables: it is read from the ledger */

    page.id = 6;
    page.type = SK_PAGE_ORDER;
    sqlite3_free(page.json);
    sk_reader_page(reader, &page);
    says("{\"order\":6,\"sale\":\"pen\",\"user\":\"u0\","
         "\"state\":\"cancelled\",");
}


static void
test_tables_are_filled_in_slices(void **state)
{
    unsigned  i;

    (void) state;

    /* larger ones while the tables are made */

    assert_int_equal(fill(), 1);
    sell(&d, "phone", "u", 2 * SK_QUERY_SLICE + 50);
    assert_int_equal(fill(), 3);
    assert_int_equal(get(SK_PAGE_ORDERS, "", "", "", 0, 1000), SK_WON);
    assert_int_equal(page.n, 1000);

    for (i = 0; i < 3; i++) {
        sell(&d, "pen", "u", i + 1);
        assert_int_equal(fill(), 1);
    }

    assert_int_equal(orders("pen", "", ""), 3);

    /* another zone's thread finds them as they are */

    sk_query_destroy(q);
    q = sk_query_create(zone, path);
    assert_int_equal(sk_load(&zone->query_seq), 0);
    assert_int_equal(fill(), 1);
    assert_int_equal(orders("pen", "", ""), 3);
}


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
    sk_reader_destroy(reader);
    reader = sk_reader_create(zone, path);
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
    damage("", 18, 1);

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

    sk_reader_destroy(reader);
    reader = sk_reader_create(zone, path);

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

    f = sk_query_start(&d, progress);
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

    sk_query_stop(f);
    assert_int_equal(orders("", "u2499", ""), 1);
}


static void
test_sales_are_live(void **state)
{
    (void) state;

    sell(&d, "phone", "u", 3);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "late");

    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 0, 10), SK_WON);
    assert_int_equal(page.n, 2);
    says("\"free\":4996,\"undecided\":1,\"held\":0,\"sold\":3");
    says("\"pagination\":{\"next\":2}");

    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 1, 10), SK_WON);
    assert_int_equal(page.n, 1);
    says("\"name\":\"pen\",\"product\":null,\"stock\":5000,\"limit\":1,"
         "\"hold\":10,\"start\":null,\"end\":null,\"paused\":false,"
         "\"state\":\"open\"");

    assert_int_equal(get(SK_PAGE_SALE, "pen", "", "", 0, 1), SK_WON);
    says("{\"code\":0,\"data\":{\"name\":\"pen\"");
    assert_int_equal(get(SK_PAGE_SALE, "pencil", "", "", 0, 1),
                     SK_UNKNOWN_SALE);
}


static void
test_events_are_read(void **state)
{
    (void) state;

    sell(&d, "pen", "a\"\xff", 1);
    append("paid", 3);
    settle(&d);

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 0, 10), SK_WON);
    assert_int_equal(page.n, 4);
    says("{\"seq\":2,\"at\":\"1970-01-01T00:16:40.000Z\","
         "\"type\":\"sale_added\",\"sale\":\"pen\",\"by\":\"configuration\","
         "\"detail\":{\"name\":\"pen\",\"product\":null,\"stock\":5000,"
         "\"limit\":1,\"hold\":10,\"start\":null,\"end\":null,"
         "\"paused\":false}}");
    says("\"type\":\"won\",\"sale\":\"pen\",\"order\":3,"
         "\"user\":\"a\\\"\xef\xbf\xbd" "0\","
         "\"expires_at\":\"1970-01-01T00:16:50.000Z\"}");
    says("\"type\":\"paid\",\"sale\":\"pen\",\"order\":3,");
    says("\"pagination\":{\"next\":4}");

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 4, 10), SK_WON);
    assert_int_equal(page.n, 0);

    /* of an event that is not the one that the reader has seen */

    sqlite3_free(page.json);
    page.json = NULL;
    page.at_ms = SK_TEST_NOW;
    page.after = 3;
    sk_reader_page(reader, &page);
    assert_int_equal(page.result, SK_WON);
    assert_int_equal(page.n, 1);
    sqlite3_free(page.json);
    page.json = NULL;
    page.n = 0;
    page.at_ms = SK_TEST_NOW + 1;
    sk_reader_page(reader, &page);
    assert_int_equal(page.result, SK_CONFLICT);
    assert_non_null(strstr(page.message, "event 3 is not the one"));
    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 5, 10), SK_CONFLICT);
    assert_non_null(strstr(page.message, "the ledger ends at 4"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_orders_are_listed),
        T(test_tables_are_filled_in_slices),
        T(test_tables_are_made_anew),
        T(test_tables_outlive_a_full_disk),
        T(test_damage_is_found_later),
        T(test_half_of_the_files_is_removed),
        T(test_thread),
        T(test_sales_are_live),
        T(test_events_are_read),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
