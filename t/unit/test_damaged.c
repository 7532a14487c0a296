/* rows of a ledger that cannot be: said, refused, and nothing sold from them */

#include "sk_test_store.h"


/*
 * Event 1 adds the sale, 2 and 3 are won, 4 is paid, 5 edits the sale, 6 sets
 * the clock.
 */

#define LEDGER                                                               \
    "INSERT INTO ledger (seq, at, type, sale, user, ticket, object, expires)"\
    " VALUES (2, 2, 'won', 1, 'u0', 7, NULL, 9000000),"                      \
    " (3, 3, 'won', 1, 'u1', 8, NULL, NULL),"                                \
    " (4, 4, 'paid', 1, 'u0', NULL, 2, NULL);"                               \
    "INSERT INTO ledger (seq, at, type, sale, detail)"                       \
    " SELECT 5, 5, 'sale_edited', 1, detail FROM ledger WHERE seq = 1;"      \
    "INSERT INTO ledger (seq, at, type, sale, detail)"                       \
    " VALUES (6, 6, 'clock_set', 0, '{\"by_ms\":1000}');"


/* what is changed, and what is said of it */

static const char *const  damages[][2] = {
    { "type = 'lost' WHERE seq = 3", "event 3 cannot be understood" },
    { "type = '' WHERE seq = 3", "event 3 cannot be understood" },
    { "user = NULL WHERE seq = 3", "event 3 cannot be understood" },
    { "user = printf('%.129c', 'x') WHERE seq = 3",
      "event 3 cannot be understood" },
    { "user = NULL WHERE seq = 4", "event 4 cannot be understood" },

    { "sale = 2 WHERE seq = 3", "event 3 is of sale 2, which was never added" },
    { "sale = 9 WHERE seq = 4", "event 4 is of sale 9, which was never added" },
    { "sale = 9 WHERE seq = 5", "event 5 is of sale 9, which was never added" },

    { "detail = json_set(detail, '$.name', 'a b') WHERE seq = 1",
      "event 1 cannot be understood" },
    { "detail = json_set(detail, '$.name', NULL) WHERE seq = 1",
      "event 1 cannot be understood" },
    { "detail = json_set(detail, '$.name', printf('%.65c', 'x')) WHERE seq = 1",
      "event 1 cannot be understood" },
    { "detail = json_set(detail, '$.group', 'a b') WHERE seq = 1",
      "event 1 cannot be understood" },
    { "detail = json_set(detail, '$.group', 1) WHERE seq = 1",
      "event 1 cannot be understood" },
    { "detail = json_set(detail, '$.stock', -1) WHERE seq = 5",
      "event 5 cannot be understood" },
    { "detail = json_set(detail, '$.stock', 1000000001) WHERE seq = 5",
      "event 5 cannot be understood" },
    { "detail = json_set(detail, '$.limit', 0) WHERE seq = 5",
      "event 5 cannot be understood" },
    { "detail = json_set(detail, '$.limit', 10001) WHERE seq = 5",
      "event 5 cannot be understood" },
    { "detail = '{' WHERE seq = 5", "event 5 cannot be understood" },
};


static void
test_rows(void **state)
{
    char           sql[256];
    size_t         i;
    void          *none = NULL;
    sk_zone_t     *zone;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 3, 1);

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        assert_int_equal(setup(&none), 0);

        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, &def, 1);
        assert_int_equal(settle(&d), SK_OK);
        sk_drain_close(&d);
        sk_test_zone_free(zone);

        exec_sql(LEDGER "DROP TRIGGER ledger_update;");
        (void) snprintf(sql, sizeof(sql), "UPDATE ledger SET %s",
                        damages[i][0]);
        exec_sql(sql);

        zone = sk_test_zone(ZONE_SIZE, 0);
        d = drainer(zone, NULL, 0);

        assert_int_equal(settle(&d), SK_ERROR);
        assert_int_equal(sk_load(&zone->state), SK_ZONE_LOADING);
        assert_int_equal(sk_load(&zone->failing), 1);

        if (strstr(logged, damages[i][1]) == NULL) {
            fail_msg("%s: no \"%s\" in: %s", damages[i][0], damages[i][1],
                     logged);
        }

        sk_test_conserved(zone);
        sk_drain_close(&d);
        sk_test_zone_free(zone);
        assert_int_equal(teardown(&none), 0);
    }
}


/* the same rows, as they should be */

static void
test_rows_are_good(void **state)
{
    sk_zone_t     *zone;
    sk_sale_t     *sale;
    sk_drain_t     d;
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 3, 1);
    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, &def, 1);
    assert_int_equal(settle(&d), SK_OK);
    sk_drain_close(&d);
    sk_test_zone_free(zone);

    exec_sql(LEDGER);

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, NULL, 0);
    assert_int_equal(settle(&d), SK_OK);

    sale = sk_zone_sale(zone, "phone", 5);
    assert_non_null(sale);
    assert_int_equal(sk_load(&sale->sold), 2);
    assert_int_equal(sk_load(&sale->free), 1);
    sk_test_conserved(zone);

    sk_drain_close(&d);
    sk_test_zone_free(zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_rows_are_good, setup, teardown),
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("damaged", tests, NULL, NULL);
}
