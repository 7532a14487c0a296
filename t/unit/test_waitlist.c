/* waiting lists: who claims a sale that is sold out, and what may return */

#include "sk_test_order.h"


#define STEP_MS   4000                  /* a pause of the drainer is longer */


static int64_t     now_ms;              /* of users and the drainer */
static sk_sale_t  *phone;


/* a phone that is sold out: orders 2 and on, of "u0" and on, are held */

static void
sold_out(unsigned stock, unsigned hold_s, const char *terms)
{
    char  body[256];

    (void) snprintf(body, sizeof(body), "{\"name\":\"phone\",\"stock\":%u,"
                    "\"hold\":%u,%s}", stock, hold_s, terms);
    assert_int_equal(command(SK_SALE_ADD, "", body), 201);
    sell(&d, "phone", "u", stock);

    phone = sk_zone_sale(zone, "phone", 5);
    now_ms = SK_TEST_NOW;
}


/* time passes, and the drainer works meanwhile */

static void
pass(int64_t ms)
{
    int64_t  end_ms;

    for (end_ms = now_ms + ms; now_ms < end_ms; /* void */ ) {
        now_ms += (end_ms - now_ms > STEP_MS) ? STEP_MS : end_ms - now_ms;
        assert_int_equal(settle_at(&d, now_ms), SK_OK);
        sk_test_conserved(zone);
    }
}


static sk_answer_t
claims_of(sk_zone_t *z, const char *user, uint32_t want)
{
    sk_claim_t   c = { 0 };
    sk_answer_t  answer;

    c.sale = sk_zone_sale(z, "phone", 5);
    c.user = user;
    c.user_len = strlen(user);
    c.want = want;

    sk_gate_claim(z, &c, now_ms, &answer);

    return answer;
}


static sk_answer_t
claims(const char *user)
{
    return claims_of(zone, user, 0);
}


static sk_answer_t
asks(const char *user)
{
    sk_claim_t   c = { 0 };
    sk_answer_t  answer;

    c.sale = sk_zone_sale(zone, "phone", 5);
    c.user = user;
    c.user_len = strlen(user);

    sk_gate_ask(zone, &c, now_ms, &answer);

    return answer;
}


static void
joins(const char *user)
{
    sk_answer_t  answer;

    answer = claims(user);

    assert_int_equal(answer.result, SK_WAIT);
    assert_true(answer.admitted);
    sk_test_conserved(zone);

    /* sent again, it waits for the same decision */

    assert_int_equal(claims(user).ticket, answer.ticket);
    assert_int_equal(asks(user).ticket, answer.ticket);
    assert_false(claims(user).admitted);

    assert_int_equal(settle_at(&d, now_ms), SK_OK);
    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_QUEUED);
    sk_test_conserved(zone);
}


static void
queued(const char *user, unsigned position, int64_t may_return)
{
    unsigned     i;
    sk_answer_t  answer;

    for (i = 0; i < 2; i++) {
        answer = i ? asks(user) : claims(user);

        assert_int_equal(answer.result, SK_QUEUED);
        assert_int_equal(answer.position, position);
        assert_int_equal(answer.may_return, may_return);
        assert_false(answer.admitted);
    }
}


/* and is not in the list, or in vain */

static void
refused(const char *user)
{
    sk_answer_t  answer;

    answer = claims(user);

    assert_int_equal(answer.result, SK_SOLD_OUT);
    assert_false(answer.admitted);
    assert_int_equal(asks(user).result, SK_NONE);
    assert_int_equal(asks(user).sale_state, SK_SALE_SOLD_OUT);
}


static void
holds(const char *user, uint64_t order, int64_t expires_ms)
{
    sk_answer_t  answer;

    answer = claims(user);

    assert_int_equal(answer.result, SK_ALREADY);
    assert_int_equal(answer.order, order);
    assert_int_equal(answer.state, SK_STATE_HELD);
    assert_int_equal(answer.expires_s, expires_ms / 1000);
    assert_int_equal(asks(user).result, SK_WON);
    assert_int_equal(asks(user).order, order);
}


static int
of_type(const char *type)
{
    char  sql[128];

    (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM ledger"
                    " WHERE type = '%s'", type);

    return count_sql(sql);
}


static void
test_order(void **state)
{
    (void) state;

    sold_out(3, 10, "\"waitlist\":3");

    joins("a");                         /* 5 */
    joins("b");
    joins("c");                         /* 7 */
    queued("a", 1, 3);
    queued("c", 3, 3);
    refused("d");                       /* there are three places */
    assert_int_equal(events(), 7);

    /* what is paid does not return: who cannot hope is told so, and keeps his
       place */

    assert_int_equal(command(SK_ORDER_CONFIRM, "2", ""), 200);
    queued("b", 2, 2);
    refused("c");
    refused("d");

    /* one is cancelled, and one is not paid */

    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    holds("a", 10, SK_TEST_NOW + 10000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 10"
                               " AND type = 'won' AND object = 5"
                               " AND user = 'a' AND expires IS NOT NULL"), 1);
    queued("b", 1, 2);
    queued("c", 2, 2);
    refused("u1");                      /* those who are there come first */

    now_ms = EXPIRED_MS;                /* both holds end, of "a" too */
    settle_at(&d, now_ms);
    holds("b", 13, EXPIRED_MS + 10000);
    holds("c", 14, EXPIRED_MS + 10000);
    assert_int_equal(sk_load(&phone->held), 2);
    assert_int_equal(sk_load(&phone->free), 0);

    /* all have left it: the next is the first again */

    joins("d");
    queued("d", 1, 2);
    assert_int_equal(of_type("skipped"), 0);
}


/* who has not asked for long is skipped, and may come again */

static void
test_skipped(void **state)
{
    (void) state;

    sold_out(2, 100, "\"waitlist\":5");
    joins("a");                         /* 4 */
    joins("b");

    pass(19000);
    assert_false(claims("b").asked);
    pass(1000);
    assert_true(asks("b").asked);
    assert_false(claims("b").asked);
    settle_at(&d, now_ms);
    assert_int_equal(events(), 6);
    assert_int_equal(of_type("asked"), 1);
    assert_false(claims("b").asked);

    /* "a" has last asked 80 seconds before both units return, "b" 60 */

    pass(80000);
    assert_int_equal(of_type("expired"), 2);
    holds("b", 10, now_ms + 100000);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger WHERE seq = 9"
                               " AND type = 'skipped' AND object = 4"
                               " AND user = 'a'"), 1);
    assert_int_equal(sk_load(&phone->free), 1);

    /* nobody waits: what is free is for whoever comes */

    assert_int_equal(asks("a").result, SK_NONE);
    assert_true(claims("c").admitted);
    settle_at(&d, now_ms);
    holds("c", 11, now_ms + 100000);
    joins("a");
    queued("a", 1, 2);
}


/* for 60 seconds after he has asked nobody is skipped, whatever is written */

static void
test_asked_lately(void **state)
{
    (void) state;

    sold_out(1, 79, "\"waitlist\":5");
    joins("a");
    pass(19000);
    queued("a", 1, 1);
    assert_int_equal(of_type("asked"), 0);
    pass(60000);
    assert_int_equal(of_type("asked"), 0);
    assert_int_equal(claims("a").result, SK_ALREADY);
}


/* while nothing works nobody can ask; after a restart the same come first */

static void
test_pause(void **state)
{
    unsigned  i;

    (void) state;

    for (i = 0; i < 2; i++) {
        sold_out(2, 600, "\"waitlist\":5");
        joins("a");
        joins("b");
        now_ms += 600000;

        if (i == 0) {
            settle_at(&d, now_ms);

        } else {
            sk_drain_close(&d);
            d = drainer(zone, NULL, 0);
            settle_at(&d, now_ms);
        }

        phone = sk_zone_sale(zone, "phone", 5);
        sk_test_conserved(zone);
        assert_int_equal(claims("a").result, SK_ALREADY);
        assert_int_equal(claims("b").result, SK_ALREADY);
        assert_int_equal(of_type("skipped"), 0);

        if (i == 0) {
            assert_int_equal(end(NULL), 0);
            assert_int_equal(begin(NULL), 0);
        }
    }
}


static void
test_restart(void **state)
{
    (void) state;

    sold_out(3, 10, "\"waitlist\":5");
    joins("a");
    joins("b");
    joins("c");                         /* 7 */
    assert_int_equal(command(SK_ORDER_CANCEL, "2", ""), 200);
    queued("b", 1, 3);

    restart(NULL, 0);
    phone = sk_zone_sale(zone, "phone", 5);
    sk_test_conserved(zone);
    queued("b", 1, 3);
    queued("c", 2, 3);
    joins("d");
    queued("d", 3, 3);

    assert_int_equal(command(SK_ORDER_CANCEL, "3", ""), 200);
    assert_int_equal(asks("b").result, SK_WON);
    queued("c", 1, 3);
    queued("d", 2, 3);
}


/* a group's limit, and what a claim has wanted in all */

static void
test_limit(void **state)
{
    sk_answer_t  answer;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"case\","
                             "\"stock\":9,\"limit\":2,\"group\":\"g\"}"), 201);
    sold_out(4, 10, "\"waitlist\":4,\"limit\":2,\"group\":\"g\"");

    answer = claims_of(zone, "a", 1);
    assert_true(answer.admitted);
    settle_at(&d, now_ms);
    assert_int_equal(claims_of(zone, "a", 1).result, SK_QUEUED);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'queued' AND user = 'a'"
                               " AND detail = '{\"want\":1}'"), 1);
    joins("b");
    joins("c");
    joins("d");

    /* all but "c" get one of another sale, "b" two */

    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "a");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "b");
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "d");
    settle_at(&d, now_ms);
    (void) sk_test_claim(zone, sk_zone_sale(zone, "case", 4), "b");
    settle_at(&d, now_ms);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "case", 4)->sold), 4);
    assert_int_equal(claims("b").result, SK_ALREADY);
    assert_int_equal(asks("b").result, SK_QUEUED);

    /* read anew, what is wanted is known */

    restart(NULL, 0);
    phone = sk_zone_sale(zone, "phone", 5);
    now_ms = EXPIRED_MS;
    settle_at(&d, now_ms);
    sk_test_conserved(zone);

    assert_int_equal(of_type("skipped"), 2);
    assert_int_equal(asks("a").result, SK_NONE);
    assert_int_equal(asks("b").result, SK_NONE);
    assert_int_equal(asks("c").result, SK_WON);
    assert_int_equal(asks("d").result, SK_WON);
    assert_int_equal(sk_load(&phone->free), 2);
}


/* a unit that is free is for the first in the list, whoever is quicker */

static void
test_first(void **state)
{
    sk_answer_t  answer;

    (void) state;

    sold_out(2, 10, "\"waitlist\":5");
    joins("a");

    /* by the ledger's time the sale is over: nobody is served */

    assert_int_equal(command(SK_SALE_EDIT, "phone",
                             "{\"end\":\"1970-01-01T00:16:45Z\"}"), 200);
    now_ms += 9000;
    settle_at(&d, now_ms);
    assert_int_equal(command_at(now_ms, SK_ORDER_CANCEL, "2", ""), 200);
    assert_int_equal(sk_load(&phone->free), 1);
    assert_int_equal(claims("b").result, SK_ENDED);
    assert_int_equal(claims("a").result, SK_ENDED);
    assert_int_equal(asks("a").result, SK_NONE);

    now_ms = SK_TEST_NOW;
    answer = claims("b");
    assert_true(answer.admitted);
    queued("a", 1, 2);
    now_ms += 9000;
    settle_at(&d, now_ms);
    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_QUEUED);
    assert_int_equal(sk_load(&phone->free), 1);

    assert_int_equal(command_at(now_ms, SK_SALE_EDIT, "phone",
                                "{\"end\":null}"), 200);
    holds("a", 9, now_ms + 10000);
    queued("b", 1, 2);

    /* and all that is added */

    assert_int_equal(command_at(now_ms, SK_SALE_EDIT, "phone",
                                "{\"add_stock\":5}"), 200);
    assert_int_equal(asks("b").result, SK_WON);
    assert_int_equal(sk_load(&phone->free), 4);
    assert_true(claims("c").admitted);
}


/* two servers on one store have one list */

static void
test_another_server(void **state)
{
    sk_zone_t   *other;
    sk_drain_t   e;
    sk_answer_t  answer, late;

    (void) state;

    sold_out(3, 10, "\"waitlist\":2");
    other = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(other, NULL, 0);
    settle_at(&e, now_ms);

    /* of one user and of three, undecided at both */

    answer = claims("a");
    late = claims_of(other, "a", 0);
    assert_true(answer.admitted && late.admitted);
    (void) claims_of(other, "b", 0);
    assert_true(claims("c").admitted);

    settle_at(&d, now_ms);
    settle_at(&e, now_ms);
    settle_at(&d, now_ms);
    sk_test_conserved(zone);
    sk_test_conserved(other);

    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_QUEUED);
    assert_int_equal(outcome_of(other, late.ticket), SK_OUTCOME_REFUSED);
    assert_int_equal(of_type("queued"), 2);
    queued("a", 1, 3);
    queued("c", 2, 3);
    assert_int_equal(claims_of(other, "a", 0).position, 1);
    assert_int_equal(claims_of(other, "c", 0).position, 2);
    assert_int_equal(claims_of(other, "b", 0).result, SK_SOLD_OUT);

    /* who is served by one has it at the other */

    now_ms = EXPIRED_MS;
    settle_at(&e, now_ms);
    settle_at(&d, now_ms);
    holds("a", 10, EXPIRED_MS + 10000);
    assert_int_equal(claims_of(other, "c", 0).order, 11);
    assert_int_equal(sk_load(&phone->free), 1);
    sk_test_conserved(zone);
    sk_test_conserved(other);

    sk_drain_close(&e);
    sk_test_zone_free(other);
}


/* nobody could write it: whoever asks again joins */

static void
test_given_back(void **state)
{
    sk_answer_t  answer;

    (void) state;

    sold_out(1, 100, "\"waitlist\":1");
    answer = claims("a");
    assert_true(answer.admitted);
    assert_int_equal(sk_load(&phone->list.joining), 1);
    refused("b");

    sk_batch_give_back(zone);
    assert_int_equal(outcome_of(zone, answer.ticket), SK_OUTCOME_UNAVAILABLE);
    sk_test_conserved(zone);
    joins("b");
    refused("a");

    sk_store(&zone->failing, 1);
    now_ms += 20000;
    assert_int_equal(claims("b").result, SK_QUEUED);
    assert_false(claims("b").asked);
    sk_store(&zone->failing, 0);
    assert_true(claims("b").asked);
    sk_batch_give_back(zone);
    sk_test_conserved(zone);
    queued("b", 1, 1);
}


/* who joins waits for nobody's window but his own */

static void
test_window(void **state)
{
    (void) state;

    sold_out(1, 10, "\"waitlist\":5");
    joins("a");

    (void) command(SK_SALE_PAUSE, "phone", "");
    assert_int_equal(claims("a").result, SK_PAUSED);
    assert_int_equal(claims("b").result, SK_PAUSED);
    assert_int_equal(command(SK_ORDER_CANCEL, "2", ""), 200);
    assert_int_equal(sk_load(&phone->free), 1);
    assert_int_equal(sk_load(&phone->list.waiting), 1);

    (void) command(SK_SALE_RESUME, "phone", "");
    assert_int_equal(asks("a").result, SK_WON);
}


/* in a shuffled opening nobody joins before his own opening */

static void
test_shuffled(void **state)
{
    char          user[16];
    unsigned      i, early, late;
    sk_answer_t   answer;

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"phone\","
                             "\"stock\":50,\"hold\":1000,\"waitlist\":50,\"shuffle\":100,"
                             "\"start\":\"1970-01-01T00:16:41Z\"}"), 201);
    phone = sk_zone_sale(zone, "phone", 5);
    now_ms = SK_TEST_NOW + 1000 + 50000;
    settle_at(&d, now_ms);
    sk_store(&phone->free, 0);          /* others have them */
    sk_store(&phone->held, 50);

    for (i = 0, early = 0, late = 0; i < 40; i++) {
        (void) snprintf(user, sizeof(user), "v%u", i);
        answer = claims(user);

        if (answer.result == SK_WAITING) {
            assert_true(answer.starts_in_ms > 0);
            early++;

        } else {
            assert_true(answer.admitted);
            late++;
        }
    }

    assert_true(early > 0 && late);
}


/* nor is he served before, though the sale has got one only since he joined */

static void
test_shuffled_later(void **state)
{
    sk_answer_t  answer;

    (void) state;

    sold_out(1, 1000, "\"waitlist\":5");
    joins("a");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"shuffle\":100,"
                             "\"start\":\"1970-01-01T00:16:44Z\"}"), 200);

    now_ms += 4000;
    settle_at(&d, now_ms);
    assert_int_equal(command_at(now_ms, SK_ORDER_CANCEL, "2", ""), 200);

    if (sk_sale_opens_in(phone, "a", 1, now_ms, &answer.starts_in_ms) != SK_OK)
    {
        fail();
    }

    assert_true(answer.starts_in_ms > 0);
    assert_int_equal(sk_load(&phone->free), 1);
    while (answer.starts_in_ms > 1) {
        (void) claims("a");
        pass((answer.starts_in_ms > 20000) ? 20000 : answer.starts_in_ms - 1);
        assert_int_equal(sk_sale_opens_in(phone, "a", 1, now_ms,
                                          &answer.starts_in_ms), SK_OK);
        assert_int_equal(sk_load(&phone->free), 1);
    }

    pass(1);
    assert_int_equal(sk_load(&phone->free), 0);
    assert_int_equal(asks("a").result, SK_WON);
}


static void
test_refused_terms(void **state)
{
    char  room[128];

    (void) state;

    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                             "\"waitlist\":1}"), 400);
    says("\"field\":\"waitlist\"");
    says("waitlist: a sale with \\\"waitlist\\\" needs a hold");
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                             "\"hold\":1,\"waitlist\":1000001}"), 400);
    says("an integer from 0 to 1000000 is allowed");
    assert_int_equal(command(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                             "\"hold\":1,\"waitlist\":-1}"), 400);

    /* a place takes as much room as a unit */

    (void) snprintf(room, sizeof(room), "{\"name\":\"x\",\"stock\":1,"
                    "\"hold\":1,\"waitlist\":%llu}",
                    (unsigned long long) zone->units.n_max);
    assert_int_equal(command(SK_SALE_ADD, "", room), 507);
    says("does not fit in the zone");

    sold_out(2, 10, "\"waitlist\":3");
    joins("a");
    joins("b");
    assert_int_equal(zone->reserved, 5);
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"hold\":0}"), 400);
    says("\"field\":\"hold\"");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"waitlist\":1}"), 409);
    says("waitlist: 2 users wait, it cannot be 1");
    assert_int_equal(command(SK_SALE_EDIT, "phone", "{\"waitlist\":2}"), 200);
    says("\"waitlist\":2");
    says("\"waiting\":2");
    assert_int_equal(zone->reserved, 4);
    refused("c");
}


/* a declaration closes the list, but puts nobody out of it */

static void
test_declared(void **state)
{
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("phone", 2, 1);
    def.hold_s = 10;
    def.waitlist = 5;
    restart(&def, 1);
    sell(&d, "phone", "u", 2);
    now_ms = SK_TEST_NOW;
    joins("a");

    def.waitlist = 0;
    restart(&def, 1);
    phone = sk_zone_sale(zone, "phone", 5);
    assert_int_equal(sk_load(&phone->waitlist), 1);
    queued("a", 1, 2);
    refused("b");
    now_ms = EXPIRED_MS;
    settle_at(&d, now_ms);
    assert_int_equal(asks("a").result, SK_WON);
}


static void
test_removed(void **state)
{
    (void) state;

    sold_out(1, 10, "\"waitlist\":5");
    joins("a");
    (void) command(SK_SALE_END, "phone", "");
    assert_int_equal(command(SK_ORDER_CONFIRM, "2", ""), 200);
    assert_int_equal(command(SK_SALE_REMOVE, "phone", ""), 200);

    assert_int_equal(sk_load(&zone->waiting), 0);
    assert_int_equal(zone->reserved, 0);
    assert_int_equal(zone->units.used, 0);
    sk_test_conserved(zone);

    restart(NULL, 0);
    assert_int_equal(zone->units.used, 0);
}


/* the clock was set back: the ledger's time is what counts */

static void
test_clock(void **state)
{
    (void) state;

    sold_out(1, 100, "\"waitlist\":5");
    joins("a");

    now_ms -= 500000;                   /* and boot_ms goes on */
    assert_int_equal(settle_clocks(&d, now_ms, SK_TEST_NOW + 4000), SK_OK);
    assert_int_equal(sk_load(&zone->ahead_ms), 504000);
    assert_false(asks("a").asked);
    assert_int_equal(settle_clocks(&d, now_ms + 20000, SK_TEST_NOW + 24000),
                     SK_OK);
    now_ms += 20000;
    assert_true(asks("a").asked);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_order),
        T(test_skipped),
        T(test_asked_lately),
        T(test_pause),
        T(test_restart),
        T(test_limit),
        T(test_first),
        T(test_another_server),
        T(test_given_back),
        T(test_window),
        T(test_shuffled),
        T(test_shuffled_later),
        T(test_refused_terms),
        T(test_declared),
        T(test_removed),
        T(test_clock),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("waitlist", tests, NULL, NULL);
}
