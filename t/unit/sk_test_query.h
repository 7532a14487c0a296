/*
 * For tests of the query tables: a zone, its drainer, the tables, and who reads
 * them.
 */


#ifndef _SK_TEST_QUERY_H_INCLUDED_
#define _SK_TEST_QUERY_H_INCLUDED_


#include "sk_test_store.h"
#include "sk_page.h"
#include "sk_query.h"


static sk_zone_t    *zone;
static sk_drain_t    d;
static sk_query_t   *q;
static sk_reader_t  *reader;
static sk_page_t     page;


static inline int
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
    reader = sk_page_reader_create(zone, path);

    return (q && reader) ? 0 : -1;
}


static inline int
end(void **state)
{
    sqlite3_free(page.json);
    page.json = NULL;

    sk_page_reader_destroy(reader);
    sk_query_destroy(q);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    return teardown(state);
}


static inline unsigned
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


static inline sk_status_e
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

    sk_page_reader_page(reader, &page);

    return page.status;
}


static inline unsigned
orders(const char *sale, const char *user, const char *state)
{
    assert_int_equal(get(SK_PAGE_ORDERS, sale, user, state, 0, 1000),
                     SK_STATUS_OK);

    return page.n;
}


#endif /* _SK_TEST_QUERY_H_INCLUDED_ */
