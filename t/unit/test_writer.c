/*
 * The writer, when others are faster: each commit is refused once, and a rival
 * sells meanwhile.  And what a damaged store does to those who ask it.
 */

#include "sk_ledger_db.h"
#include "sk_test_operator.h"


#define STOCK   90
#define CLAIMS  60


static sk_drain_t      rival;
static sk_sale_def_t   defs[2];
static unsigned        refused, rivals, n_behind, n_rival;


/* what a commit has */

typedef struct {
    uint64_t  seq;
    int64_t   at_ms;
} seen_t;


static int
look(void *ctx, const sk_row_t *row)
{
    seen_t      *seen = ctx;
    sk_event_e   type;

    assert_int_equal(row->seq, ++seen->seq);

    seen->at_ms = seen->at_ms ? seen->at_ms : row->at;
    assert_int_equal(row->at, seen->at_ms);

    type = sk_ledger_type(&row->type);
    assert_in_range(type, 0, SK_EVENT_N - 1);

    if (sk_event_of_order(type)) {
        assert_in_range(row->user.len, 1, SK_USER_SIZE_MAX);
        assert_non_null(row->user.data);
    }

    return SK_OK;
}


/* every commit is refused the first time that it is tried */

static int
refuse(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    seen_t     seen;
    sk_head_t  head;

    (void) ctx;
    (void) ledger;

    if (commit->data.data) {
        seen.seq = commit->before.number;
        seen.at_ms = 0;

        assert_int_equal(sk_pack_read(&commit->data, look, &seen), SK_OK);
        assert_int_equal(seen.seq, commit->head.number);
        assert_int_equal(seen.at_ms, commit->at_ms);

        head = commit->before;
        sk_pack_chain(head.chain, &commit->data);
        assert_memory_equal(head.chain, commit->head.chain, SK_CHAIN_SIZE);
    }

    refused = !refused;
    rivals = refused;
    n_behind += refused;

    return refused ? SK_BEHIND : SK_OK;
}


/* meanwhile the rival has sold a unit, if there is one */

static int
follow(void *ctx, sk_ledger_t *ledger)
{
    char         user[16];
    sk_sale_t   *sale;
    sk_answer_t  answer;

    (void) ctx;
    (void) ledger;

    if (!rivals) {
        return SK_OK;
    }

    rivals = 0;

    assert_int_equal(settle(&rival), SK_OK);

    sale = sk_zone_sale(rival.writer.zone, "phone", 5);

    if (sale) {
        (void) snprintf(user, sizeof(user), "r%u", n_rival);
        answer = sk_test_claim(rival.writer.zone, sale, user);
        n_rival += answer.admitted;
    }

    assert_int_equal(settle(&rival), SK_OK);

    return SK_OK;
}


static const char *
trouble(void *ctx)
{
    (void) ctx;

    return "the others are away";
}


static const sk_authority_t  others = { refuse, follow, trouble, NULL };


static int
away(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    (void) ctx;
    (void) ledger;
    (void) commit;

    return SK_ERROR;
}


static int
nothing(void *ctx, sk_ledger_t *ledger)
{
    (void) ctx;
    (void) ledger;

    return SK_OK;
}


static const sk_authority_t  absent = { away, nothing, trouble, NULL };


static int
begin_with_rival(void **state)
{
    if (begin(state) != 0) {
        return -1;
    }

    defs[0] = sk_test_def("declared", 5, 1);

    refused = 0;
    rivals = 0;
    n_behind = 0;
    n_rival = 0;

    rival = drainer(sk_test_zone(ZONE_SIZE, 0), NULL, 0);
    settle(&rival);

    restart(defs, 1);
    d.writer.authority = &others;

    return 0;
}


static int
end_with_rival(void **state)
{
    sk_drain_close(&rival);
    sk_test_zone_free(rival.writer.zone);

    return end(state);
}


static void
claim_all(const char *prefix, unsigned n)
{
    char      user[16];
    unsigned  i;

    for (i = 0; i < n; i++) {
        (void) snprintf(user, sizeof(user), "%s%u", prefix, i);
        (void) sk_test_claim(zone, sk_zone_sale(zone, "phone", 5), user);
    }

    assert_int_equal(settle(&d), SK_OK);
    sk_test_conserved(zone);
}


static void
check_exact(void)
{
    assert_int_equal(count_sql("SELECT max(n) FROM (SELECT count(*) AS n"
                               " FROM orders WHERE state NOT IN ('expired',"
                               " 'cancelled') GROUP BY sale, user)"), 1);
    assert_in_range(count_sql("SELECT count(*) FROM orders WHERE sale = 'phone'"
                              " AND state NOT IN ('expired', 'cancelled')"),
                    1, STOCK);
    assert_int_equal(count_sql("SELECT count(*) - max(seq) FROM ledger"), 0);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger a JOIN ledger b"
                               " ON b.seq = a.seq + 1 WHERE b.at < a.at"), 0);
    sk_test_conserved(zone);
    sk_test_conserved(rival.writer.zone);
}


/* what a rival has appended may be told once it is applied: so the head that is
   told with it has it already, also while there is more to follow */

static void
test_head_while_following(void **state)
{
    unsigned    i;
    sk_head_t   before, head;

    (void) state;

    d.writer.authority = NULL;
    assert_int_equal(settle(&d), SK_OK);
    sk_zone_head(zone, &before);
    assert_int_equal(before.number, sk_load(&zone->applied_seq));

    assert_int_equal(settle(&rival), SK_OK);

    for (i = 0; i < 3; i++) {
        (void) sk_test_claim(rival.writer.zone,
                             sk_zone_sale(rival.writer.zone, "declared", 8),
                             i == 0 ? "a" : i == 1 ? "b" : "c");
        assert_int_equal(settle(&rival), SK_OK);
    }

    assert_int_equal(sk_writer_follow_read(&d.writer), SK_OK);

    sk_zone_head(zone, &head);
    assert_int_equal(sk_load(&zone->applied_seq), before.number + 3);
    assert_int_equal(head.number, before.number + 3);
}


/* a life of a shop: each thing that is done is done once */

static void
test_behind_at_every_commit(void **state)
{
    int         n;
    char        order[16];
    uint64_t    one, two;
    sk_sale_t  *sale;

    (void) state;

    restart(defs, 1);
    d.writer.authority = &others;
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'sale_added'"), 1);

    assert_int_equal(command(SK_PRODUCT_ADD, "", PHONE), 201);
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"phone\","
                             "\"stock\":80,\"hold\":10}"), 201);
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"add_stock\":10}"), 200);
    says("\"stock\":90");

    claim_all("u", CLAIMS);
    check_exact();
    claim_all("u", CLAIMS);
    check_exact();

    /* two commands in one commit, which is refused as one */

    n = count_sql("SELECT \"order\" FROM orders WHERE user = 'u1'");
    (void) snprintf(order, sizeof(order), "%d", n);
    one = post(SK_ORDER_CONFIRM, order, "", "", 0);
    n = count_sql("SELECT \"order\" FROM orders WHERE user = 'u2'");
    (void) snprintf(order, sizeof(order), "%d", n);
    two = post(SK_ORDER_CANCEL, order, "", "", 0);
    assert_int_equal(settle(&d), SK_OK);
    collect(one);
    assert_int_equal(reply.status, 200);
    collect(two);
    assert_int_equal(reply.status, 200);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type IN ('paid', 'cancelled')"), 2);
    check_exact();

    assert_int_equal(command(SK_SALE_PAUSE, "phone", ""), 200);
    assert_int_equal(command(SK_SALE_RESUME, "phone", ""), 200);

    /* what is refused is decided, too: nothing has come that would change it */

    refused = 0;
    n = (int) n_behind;
    assert_int_equal(command(SK_ORDER_CONFIRM, "100000", ""), 404);
    assert_int_equal(n_behind, n + 1);

    /* more than there is left: sold to the last unit, and to the rival too */

    claim_all("v", 2 * STOCK);
    check_exact();
    settle(&rival);
    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&sale->free), 0);
    assert_int_equal(sk_load(&sale->held) + sk_load(&sale->sold), STOCK);
    assert_in_range(n_rival, 4, STOCK);

    /* those that are held end, those that are paid do not */

    settle_at(&d, SK_TEST_NOW + 20000);
    settle_at(&rival, SK_TEST_NOW + 20000);
    settle_at(&d, SK_TEST_NOW + 20000);
    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&sale->sold), 1);
    assert_int_equal(count_sql("SELECT count(*) - count(DISTINCT object)"
                               " FROM ledger WHERE type = 'expired'"), 0);
    check_exact();

    /* the configuration changes, and more than one sale of it */

    defs[0].limit = 2;
    defs[1] = sk_test_def("second", 5, 1);
    n = count_sql("SELECT count(*) FROM ledger");
    sk_drain_close(&d);
    d = drainer(zone, defs, 2);
    d.commands = sk_commands_map();
    d.writer.authority = &others;
    settle_at(&d, SK_TEST_NOW + 40000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE detail ->> 'by' = 'configuration'"), 3);
    check_exact();
    assert_true(n_behind > 10);
}


/* they cannot be asked: said, and over when they can, not before */

static void
test_authority_away(void **state)
{
    int          n;
    char         reason[SK_REASON_SIZE_MAX];
    unsigned     decided;
    sk_sale_t   *sale;

    (void) state;

    restart(defs, 1);

    n = count_sql("SELECT count(*) FROM ledger");
    sale = sk_zone_sale(zone, "declared", 8);
    d.writer.authority = &absent;

    assert_true(sk_test_claim(zone, sale, "u").admitted);
    assert_int_equal(settle(&d), SK_ERROR);
    assert_int_equal(sk_drain_work(&d, SK_TEST_NOW, SK_TEST_NOW, &decided),
                     SK_ERROR);
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    reason),
                     SK_ERROR);
    assert_non_null(strstr(reason, "the others are away"));
    assert_non_null(strstr(logged, "the others are away"));
    assert_int_equal(sk_test_claim(zone, sale, "u").result, SK_UNAVAILABLE);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), n);

    d.writer.authority = NULL;

    assert_int_equal(settle(&d), SK_OK);
    assert_string_equal(zone->reason, "");
    assert_true(sk_test_claim(zone, sale, "u").admitted);
    assert_int_equal(settle(&d), SK_OK);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"), n + 1);
    sk_test_conserved(zone);
}


static void
damage(const char *sql)
{
    char  text[512];

    (void) snprintf(text, sizeof(text), "DROP TRIGGER ledger_update; %s", sql);
    exec_sql(text);
}


static void
stopped(const char *why)
{
    char        reason[SK_REASON_SIZE_MAX];
    unsigned    decided;
    sk_sale_t  *sale;

    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    reason),
                     SK_ERROR);

    if (strstr(reason, why) == NULL || strstr(logged, why) == NULL) {
        fail_msg("\"%s\" is not in \"%s\" and \"%s\"", why, reason, logged);
    }

    /* nobody wins, and it does not come back by itself */

    assert_int_equal(sk_drain_work(&d, SK_TEST_NOW, SK_TEST_NOW, &decided),
                     SK_ERROR);
    assert_int_equal(sk_drain_work(&d, SK_TEST_NOW, SK_TEST_NOW, &decided),
                     SK_ERROR);
    assert_int_equal(sk_zone_health(zone, sk_monotonic_us(), SK_TEST_NOW,
                                    reason),
                     SK_ERROR);

    sale = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_test_claim(zone, sale, "late").result,
                     SK_UNAVAILABLE);
    sk_test_conserved(zone);
}


static void
held_orders(void)
{
    (void) command(SK_SALE_ADD, "",
                   "{\"name\":\"phone\",\"stock\":20,\"hold\":10}");
    sell(&d, "phone", "u", 3);          /* 2 to 4 */
}


/* an order that cannot be read is none that is not there */

static void
test_damaged_when_looked_up(void **state)
{
    uint64_t  ticket;

    (void) state;

    held_orders();
    damage("UPDATE ledger SET user = NULL WHERE seq = 3");

    assert_int_equal(command(SK_ORDER_CONFIRM, "2", ""), 200);
    assert_int_equal(command(SK_ORDER_CONFIRM, "9", ""), 404);

    ticket = post(SK_ORDER_CONFIRM, "3", "", "", 0);
    assert_int_equal(settle(&d), SK_ERROR);
    collect(ticket);
    assert_int_equal(reply.status, 503);

    stopped("damaged: event 3");
}


static void
test_damaged_when_it_ends(void **state)
{
    (void) state;

    held_orders();
    damage("UPDATE ledger SET user = zeroblob(200) WHERE seq = 3");

    assert_int_equal(settle_at(&d, SK_TEST_NOW + 10000), SK_ERROR);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'expired'"), 0);

    stopped("damaged: event 3");
}


/* what happened to an order last is nothing that can happen to one */

static void
test_damaged_state(void **state)
{
    (void) state;

    held_orders();
    (void) command(SK_ORDER_CONFIRM, "2", "");
    damage("UPDATE ledger SET type = 'melted' WHERE seq = 5");

    (void) post(SK_ORDER_CANCEL, "2", "", "", 0);
    assert_int_equal(settle(&d), SK_ERROR);

    stopped("damaged: event 5");
}


/* rows that no version has written, read at a start */

static void
test_damaged_rows(void **state)
{
    char        sql[256];
    unsigned    i;
    sk_zone_t  *fresh;
    sk_drain_t  e;

    static const char *const  rows[] = {
        "5, -1, 'won', 1, 'x', NULL",
        "5, 253402300800000, 'won', 1, 'x', NULL",
        "5, 9223372036854775807, 'won', 1, 'x', NULL",
        "5, 1000000, 'won', 1, NULL, NULL",
        "5, 1000000, 'won', 1, '', NULL",
        "5, 1000000, 'won', 1, 'x', -1",
        "5, 1000000, 'won', 1, 'x', 4294967295000",
        "5, 1000000, 'won', 1, 'x', 9223372036854775807",
        "5, 1000000, 'won', 77, 'x', NULL",
        "5, 1000000, 'paid', 1, NULL, NULL",
        "5, 1000000, 'nothing', 1, 'x', NULL",
        "6, 1000000, 'won', 1, 'x', NULL",
    };

    (void) state;

    held_orders();
    exec_sql("DROP TRIGGER ledger_delete");

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) snprintf(sql, sizeof(sql), "INSERT INTO ledger"
                        " (seq, at, type, sale, user, expires) VALUES (%s)",
                        rows[i]);
        exec_sql(sql);

        fresh = sk_test_zone(ZONE_SIZE, 0);
        e = drainer(fresh, NULL, 0);

        if (settle(&e) != SK_ERROR) {
            fail_msg("taken for a ledger: %s", rows[i]);
        }

        assert_non_null(strstr(fresh->reason, "damaged: event"));

        sk_drain_close(&e);
        sk_test_zone_free(fresh);

        exec_sql("DELETE FROM ledger WHERE seq > 4");
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_behind_at_every_commit,
                                        begin_with_rival, end_with_rival),
        cmocka_unit_test_setup_teardown(test_head_while_following,
                                        begin_with_rival, end_with_rival),
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_authority_away),
        T(test_damaged_when_looked_up),
        T(test_damaged_when_it_ends),
        T(test_damaged_state),
        T(test_damaged_rows),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
