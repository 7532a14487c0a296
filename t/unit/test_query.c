/* query tables and pages, on real files */

#include <sodium.h>

#include "sk_test_query.h"
#include "sk_page_read.h"


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
    exec_sql("INSERT INTO ledger (seq, at, type, sale, user, object, expires)"
             " SELECT (SELECT max(seq) + 1 FROM ledger), 7, 'extended', sale,"
             " user, seq, expires + 5000 FROM ledger WHERE seq = 9");
    settle(&d);

    /* not yet: who reads is told so, and does not get less */

    assert_int_equal(get(SK_PAGE_ORDERS, "", "", "", 0, 10),
                     SK_STATUS_UNAVAILABLE);
    assert_true(page.behind);
    assert_int_equal(fill(), 1);

    assert_int_equal(orders("", "", ""), 9);
    assert_false(page.behind);
    assert_int_equal(orders("phone", "", ""), 5);
    assert_int_equal(orders("pen", "", ""), 4);
    assert_int_equal(orders("", "u1", ""), 2);
    assert_int_equal(orders("", "u3", "held"), 1);
    says("\"expires_at\":\"1970-01-01T00:16:55.000Z\"");
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
                     SK_STATUS_UNKNOWN_SALE);

    /* pages */

    assert_int_equal(get(SK_PAGE_ORDERS, "phone", "", "", 0, 2), SK_STATUS_OK);
    assert_int_equal(page.n, 2);
    says("\"pagination\":{\"next\":4}");
    assert_int_equal(get(SK_PAGE_ORDERS, "phone", "", "", 4, 2), SK_STATUS_OK);
    says("[{\"order\":5,");
    says("\"pagination\":{\"next\":10}");
    assert_int_equal(get(SK_PAGE_ORDERS, "phone", "", "", 11, 2), SK_STATUS_OK);
    assert_int_equal(page.n, 0);
    says("\"pagination\":{\"next\":11}");

    /* one order needs no tables: it is read from the ledger */

    page.id = 6;
    page.type = SK_PAGE_ORDER;
    sqlite3_free(page.json);
    sk_page_reader_page(reader, &page);
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
    assert_int_equal(get(SK_PAGE_ORDERS, "", "", "", 0, 1000), SK_STATUS_OK);
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
test_sales_are_live(void **state)
{
    (void) state;

    sell(&d, "phone", "u", 3);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), "late");

    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 0, 10), SK_STATUS_OK);
    assert_int_equal(page.n, 2);
    says("\"free\":4996,\"undecided\":1,\"held\":0,\"sold\":3");
    says("\"pagination\":{\"next\":2}");

    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 1, 10), SK_STATUS_OK);
    assert_int_equal(page.n, 1);
    says("\"name\":\"pen\",\"product\":null,\"stock\":5000,\"limit\":1,"
         "\"hold\":10,\"start\":null,\"end\":null,\"paused\":false,"
         "\"extend\":0,\"shuffle\":0,\"waitlist\":0,\"group\":null,"
         "\"state\":\"open\"");

    assert_int_equal(get(SK_PAGE_SALE, "pen", "", "", 0, 1), SK_STATUS_OK);
    says("{\"code\":0,\"data\":{\"name\":\"pen\"");
    assert_int_equal(get(SK_PAGE_SALE, "pencil", "", "", 0, 1),
                     SK_STATUS_UNKNOWN_SALE);
}


/* sales are shown while the store cannot be read; many, and some removed */

static void
test_sales_without_a_store(void **state)
{
    unsigned     i;
    char         name[16];
    sk_event_t   e;

    (void) state;

    for (i = 0; i < 70; i++) {
        (void) snprintf(name, sizeof(name), "s%u", i);

        if (zone->sales.n_max > sk_load(&zone->sales.n)) {
            (void) sk_test_sale(zone, name, 1, 1);
        }
    }

    memset(&e, 0, sizeof(e));
    e.type = SK_EVENT_SALE_REMOVED;
    e.seq = sk_load(&zone->applied_seq) + 1;
    e.sale_id = sk_load(&zone->sales.elts[40].id);
    assert_int_equal(sk_apply(zone, &e, 1, 0, name, sizeof(name)), SK_OK);

    sk_page_reader_destroy(reader);
    reader = sk_page_reader_create(zone, "/nowhere/drop.db");

    assert_int_equal(get(SK_PAGE_SALE, "pen", "", "", 0, 1), SK_STATUS_OK);
    says("{\"code\":0,\"data\":{\"name\":\"pen\"");
    says("\"sold\":0,\"waiting\":0}}\n");

    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 0, 1000), SK_STATUS_OK);
    assert_int_equal(page.n, sk_load(&zone->sales.n) - 1);
    assert_null(strstr(page.json, "\"name\":\"s38\""));
    says("\"name\":\"s37\"");
    says("\"name\":\"s39\"");

    /* a page that ends within a slice, and the one behind it */

    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 0, 35), SK_STATUS_OK);
    assert_int_equal(page.n, 35);
    says("{\"code\":0,\"data\":[{\"name\":\"phone\"");
    says("\"pagination\":{\"next\":35}}\n");
    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 35, 1), SK_STATUS_OK);
    says("\"data\":[{\"name\":\"s33\"");
    assert_int_equal(get(SK_PAGE_SALES, "", "", "", 1000, 1), SK_STATUS_OK);
    says("{\"code\":0,\"data\":[],\"pagination\":{\"next\":1000}}\n");

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 0, 1),
                     SK_STATUS_UNAVAILABLE);
}


static void
test_events_are_read(void **state)
{
    char       hex[SK_CHAIN_HEX_SIZE];
    sk_head_t  head;

    (void) state;

    sell(&d, "pen", "a\"\xff", 1);
    append("paid", 3);
    settle(&d);

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 0, 10), SK_STATUS_OK);
    assert_int_equal(page.n, 4);
    says("{\"seq\":2,\"at\":\"1970-01-01T00:16:40.000Z\","
         "\"type\":\"sale_added\",\"sale\":\"pen\",\"by\":\"configuration\","
         "\"detail\":{\"name\":\"pen\",\"product\":null,\"stock\":5000,"
         "\"limit\":1,\"hold\":10,\"start\":null,\"end\":null,"
         "\"paused\":false,\"extend\":0,\"shuffle\":0,\"waitlist\":0,"
         "\"group\":null}}");
    says("\"type\":\"won\",\"sale\":\"pen\",\"order\":3,"
         "\"user\":\"a\\\"\xef\xbf\xbd" "0\","
         "\"expires_at\":\"1970-01-01T00:16:50.000Z\"}");
    says("\"type\":\"paid\",\"sale\":\"pen\",\"order\":3,");
    says("\"pagination\":{\"next\":4},\"head\":{\"number\":3,\"chain\":\"");

    /* the last one is another program's: it is in no commit yet */

    sk_zone_head(zone, &head);
    assert_int_equal(head.number, 3);
    says(sodium_bin2hex(hex, sizeof(hex), head.chain, SK_CHAIN_SIZE));

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 4, 10), SK_STATUS_OK);
    assert_int_equal(page.n, 0);

    /* of an event that is not the one that the reader has seen */

    sqlite3_free(page.json);
    page.json = NULL;
    page.at_ms = SK_TEST_NOW;
    page.after = 3;
    sk_page_reader_page(reader, &page);
    assert_int_equal(page.status, SK_STATUS_OK);
    assert_int_equal(page.n, 1);
    sqlite3_free(page.json);
    page.json = NULL;
    page.n = 0;
    page.at_ms = SK_TEST_NOW + 1;
    sk_page_reader_page(reader, &page);
    assert_int_equal(page.status, SK_STATUS_CONFLICT);
    assert_non_null(strstr(page.message, "event 3 is not the one"));
    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 5, 10),
                     SK_STATUS_CONFLICT);
    assert_non_null(strstr(page.message, "the ledger ends at 4"));
}


/* before the head of a page is read, somebody buys */

static int
sell_before_head(unsigned what, void *ctx, void *stmt, void *sql)
{
    unsigned  *left = ctx;

    (void) what;
    (void) sql;

    if (*left && strstr(sqlite3_sql(stmt), "FROM commits")) {
        (*left)--;
        sell(&d, "phone", "late", 1);
    }

    return 0;
}


/* so a reader that is at the head has all of it */

static void
test_head_is_of_the_same_moment(void **state)
{
    unsigned  left;

    (void) state;

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 0, 10), SK_STATUS_OK);
    says("\"head\":{\"number\":2,");

    left = 1;
    assert_int_equal(sqlite3_trace_v2(reader->store, SQLITE_TRACE_STMT,
                                      sell_before_head, &left), SQLITE_OK);

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 0, 10), SK_STATUS_OK);
    assert_int_equal(left, 0);
    assert_int_equal(page.n, 2);
    says("\"head\":{\"number\":2,");

    /* nor is that moment kept: a refusal ends it, too */

    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 9, 10),
                     SK_STATUS_CONFLICT);
    assert_true(sqlite3_get_autocommit(reader->store));
    assert_int_equal(get(SK_PAGE_EVENTS, "", "", "", 0, 10), SK_STATUS_OK);
    assert_int_equal(page.n, 3);
    says("\"head\":{\"number\":3,");
    assert_true(sqlite3_get_autocommit(reader->store));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_orders_are_listed),
        T(test_tables_are_filled_in_slices),
        T(test_sales_are_live),
        T(test_sales_without_a_store),
        T(test_events_are_read),
        T(test_head_is_of_the_same_moment),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
