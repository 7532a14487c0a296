/* what the tests of waiting lists share: a sale that is sold out, who waits */


#ifndef _SK_TEST_WAITLIST_H_INCLUDED_
#define _SK_TEST_WAITLIST_H_INCLUDED_


#include "sk_test_order.h"


#define STEP_MS   4000                  /* a pause of the drainer is longer */


static int64_t     now_ms;              /* of users and the drainer */
static sk_sale_t  *phone;


/* a phone that is sold out: orders 2 and on, of "u0" and on, are held */

static inline void
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

static inline void
pass(int64_t ms)
{
    int64_t  end_ms;

    for (end_ms = now_ms + ms; now_ms < end_ms; /* void */ ) {
        now_ms += (end_ms - now_ms > STEP_MS) ? STEP_MS : end_ms - now_ms;
        assert_int_equal(settle_at(&d, now_ms), SK_OK);
        sk_test_conserved(zone);
    }
}


static inline sk_answer_t
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


static inline sk_answer_t
claims(const char *user)
{
    return claims_of(zone, user, 0);
}


static inline sk_answer_t
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


static inline void
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


static inline void
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

static inline void
refused(const char *user)
{
    sk_answer_t  answer;

    answer = claims(user);

    assert_int_equal(answer.result, SK_SOLD_OUT);
    assert_false(answer.admitted);
    assert_int_equal(asks(user).result, SK_NONE);
    assert_int_equal(asks(user).sale_state, SK_SALE_SOLD_OUT);
}


static inline void
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


static inline int
of_type(const char *type)
{
    char  sql[128];

    (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM ledger"
                    " WHERE type = '%s'", type);

    return count_sql(sql);
}


#endif /* _SK_TEST_WAITLIST_H_INCLUDED_ */
