/*
 * A shuffled opening in the zone: what Python's hmac and hashlib say it is, at
 * its edges, beside the other answers; and that it is a lottery: what comes
 * first has no better chance.  All seeds and users are the same each time.
 */

#include <sodium.h>

#include "sk_test.h"


#define START      SK_TEST_NOW
#define SHUFFLE_S  30
#define END        (START + SHUFFLE_S * 1000)

#define USERS      4096
#define BINS       16
#define CHI2_999   37.697               /* 0.999 quantile, 15 degrees */
#define Z_999      3.291                /* of a normal one, both sides */

#define EACH       1000                 /* early birds, and late comers */
#define STEP_MS    10


typedef struct {
    char      name[16];
    int64_t   next_ms;
    int       done;
    int       won;
} buyer_t;


static uint8_t  seed[SK_SEED_SIZE];


static int
begin(void **state)
{
    (void) state;

    memset(seed, 0x5a, sizeof(seed));

    return (sodium_init() == -1) ? -1 : 0;
}


static void
apply(sk_zone_t *zone, sk_event_t *e)
{
    char  reason[SK_REASON_SIZE_MAX];

    e->seq = sk_load(&zone->applied_seq) + 1;
    e->sale_id = e->sale_id ? e->sale_id : e->seq;

    assert_int_equal(sk_apply(zone, e, 1, 0, reason, sizeof(reason)), SK_OK);
}


/* a sale with a window, whose seed the zone does not know yet */

static sk_sale_t *
shuffled(sk_zone_t *zone, const char *name, int64_t stock)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_ADDED;
    e.def = sk_test_def(name, stock, 1);
    e.def.start_ms = START;
    e.def.shuffle_s = SHUFFLE_S;
    e.opening.given = 1;
    sk_opening_commit(seed, e.opening.commitment);

    apply(zone, &e);

    return sk_zone_sale(zone, name, strlen(name));
}


static sk_answer_t
claim_at(sk_zone_t *zone, sk_sale_t *sale, const char *user, int64_t now_ms)
{
    sk_claim_t   claim = { sale, user, strlen(user) };
    sk_answer_t  answer;

    sk_gate_claim(zone, &claim, now_ms, &answer);

    return answer;
}


static sk_answer_t
ask_at(sk_zone_t *zone, sk_sale_t *sale, const char *user, int64_t now_ms)
{
    sk_claim_t   claim = { sale, user, strlen(user) };
    sk_answer_t  answer;

    sk_gate_ask(zone, &claim, now_ms, &answer);

    return answer;
}


static void
hex_is(const uint8_t *data, const char *hex)
{
    char  text[2 * SK_SEED_SIZE + 1];

    assert_string_equal(sodium_bin2hex(text, sizeof(text), data, SK_SEED_SIZE),
                        hex);
}


/*
 * import hmac, hashlib
 * seed = hmac.new(bytes(range(40)), b"seckill shuffle\0phone\0"
 *                 + bytes(range(100, 116)), hashlib.sha256).digest()
 * mixed = hmac.new(seed, b"seckill beacon\0" + bytes.fromhex("8b1a..."),
 *                  hashlib.sha256).digest()
 * hmac.new(seed, b"phone\0" + user, hashlib.sha256).digest()[:8]
 */

static void
test_vectors(void **state)
{
    char         longest[SK_USER_SIZE_MAX];
    uint8_t      nonce[SK_NONCE_SIZE], made[SK_SEED_SIZE], hash[SK_SEED_SIZE];
    unsigned     i;
    sk_beacon_t  beacon;
    sk_secret_t  secret;

    (void) state;

    secret.len = 40;
    memset(longest, 'a', sizeof(longest));

    for (i = 0; i < secret.len; i++) {
        secret.data[i] = (uint8_t) i;
    }

    for (i = 0; i < SK_NONCE_SIZE; i++) {
        nonce[i] = (uint8_t) (100 + i);
    }

    sk_opening_derive(&secret, "phone", 5, nonce, made);
    hex_is(made, "bd1d66da79f301e199e1cf1e6193eb17"
                 "ddd4435b35fef1ced7358f8a69416a2f");

    sk_opening_commit(made, hash);
    hex_is(hash, "7bc8a00db237b6cfaa0761637c057236"
                 "a7a4e4b6e10415b3732b5a67a9f484b3");

    assert_true(sk_opening_hash(made, "phone", 5, "42", 2)
                == 0xe4df19632f47cf09);
    assert_true(sk_opening_hash(made, "phone", 5, longest, sizeof(longest))
                == 0xbf99e24befe47602);
    assert_true(sk_opening_hash(made, "phone", 5, "\xff\x01", 2)
                == 0x983332d267347859);

    assert_int_equal(sk_opening_offset(0xe4df19632f47cf09, 30), 26820);
    assert_int_equal(sk_opening_offset(0xe4df19632f47cf09, SK_SHUFFLE_MAX_S),
                     77244124);

    beacon.round = 1;
    beacon.len = 12;
    memcpy(beacon.value, "\x8b\x1a\x4e\x0c\x93\xd7\xf2\xa6\x55\x10\xcd\x7b",
           12);

    sk_opening_mix(made, &beacon, hash);
    hex_is(hash, "bbba7f73ba770e134f5cc271f3332408"
                 "294194a622a14727786fbc67db0ed176");
    assert_true(sk_opening_hash(hash, "phone", 5, "42", 2)
                == 0x3d935d305c269540);
}


/*
 * The commitment is public, and so are the key's length and the value's.  With
 * SHA-256(seed || value) that were enough for the mixed key of a value that
 * begins with the padding of a message of 32 bytes: SHA-256 goes on from the
 * commitment, as if it were its own state.
 */

static void
test_commitment_tells_no_mixed_key(void **state)
{
    uint8_t                   commitment[SK_SEED_SIZE], guess[SK_SEED_SIZE];
    uint8_t                   mixed[SK_SEED_SIZE];
    unsigned                  i;
    sk_beacon_t               beacon;
    crypto_hash_sha256_state  sha;

    (void) state;

    /* padding: a bit, zeros, and 256 as eight bytes; then the suffix */

    memset(&beacon, 0, sizeof(beacon));

    beacon.len = 32 + 4;
    beacon.value[0] = 0x80;
    beacon.value[30] = 0x01;
    memcpy(beacon.value + 32, "mine", 4);

    sk_opening_commit(seed, commitment);
    sk_opening_mix(seed, &beacon, mixed);

    (void) crypto_hash_sha256_init(&sha);

    for (i = 0; i < 8; i++) {
        sha.state[i] = (uint32_t) commitment[4 * i] << 24
                       | (uint32_t) commitment[4 * i + 1] << 16
                       | (uint32_t) commitment[4 * i + 2] << 8
                       | commitment[4 * i + 3];
    }

    sha.count = 64 * 8;

    (void) crypto_hash_sha256_update(&sha, (const uint8_t *) "mine", 4);
    (void) crypto_hash_sha256_final(&sha, guess);

    assert_memory_not_equal(mixed, guess, SK_SEED_SIZE);
}


/* a value that is a sale and a user gives no key that an opening has told of */

static void
test_mixed_key_is_no_hash(void **state)
{
    unsigned     i;
    uint8_t      mixed[SK_SEED_SIZE];
    uint64_t     hash;
    sk_beacon_t  beacon;

    (void) state;

    memset(&beacon, 0, sizeof(beacon));

    beacon.len = 8;
    memcpy(beacon.value, "phone\0" "42", 8);

    sk_opening_mix(seed, &beacon, mixed);

    for (hash = 0, i = 0; i < sizeof(hash); i++) {
        hash = hash << 8 | mixed[i];
    }

    assert_true(hash != sk_opening_hash(seed, "phone", 5, "42", 2));
}


static void
test_offset_edges(void **state)
{
    (void) state;

    assert_int_equal(sk_opening_offset(0, 30), 0);
    assert_int_equal(sk_opening_offset(UINT64_MAX, 30), 29999);
    assert_int_equal(sk_opening_offset((uint64_t) 1 << 63, 30), 15000);
    assert_int_equal(sk_opening_offset(UINT64_MAX, 0), 0);
    assert_int_equal(sk_opening_offset(UINT64_MAX, SK_SHUFFLE_MAX_S),
                     SK_SHUFFLE_MAX_S * 1000 - 1);
}


/* a sale's name and a user are not taken for another pair */

static void
test_name_and_user(void **state)
{
    (void) state;

    assert_true(sk_opening_hash(seed, "ab", 2, "c", 1)
                != sk_opening_hash(seed, "a", 1, "bc", 2));
}


static void
test_openings(void **state)
{
    int64_t      opening_ms;
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_answer_t  a;

    (void) state;

    zone = sk_test_zone(1024 * 1024, 0);
    sale = shuffled(zone, "phone", 10);
    assert_int_equal(sk_opening_set_seed(&sale->opening, seed), SK_OK);

    opening_ms = START + sk_opening_offset(sk_opening_hash(seed, "phone", 5,
                                                           "ann", 3),
                                           SHUFFLE_S);
    assert_in_range(opening_ms, START + 1, END - 2);

    /* before the start nobody hears more than when that is */

    a = claim_at(zone, sale, "ann", START - 1);
    assert_int_equal(a.result, SK_NOT_STARTED);
    assert_int_equal(a.starts_in_ms, 1);
    a = ask_at(zone, sale, "ann", START - 1);
    assert_int_equal(a.result, SK_NONE);
    assert_int_equal(a.sale_state, SK_SALE_SCHEDULED);
    assert_int_equal(a.starts_in_ms, 1);

    a = claim_at(zone, sale, "ann", START);
    assert_int_equal(a.result, SK_WAITING);
    assert_int_equal(a.starts_in_ms, opening_ms - START);
    a = ask_at(zone, sale, "ann", START);
    assert_int_equal(a.result, SK_NONE);
    assert_int_equal(a.sale_state, SK_SALE_OPEN);
    assert_int_equal(a.starts_in_ms, opening_ms - START);

    a = claim_at(zone, sale, "ann", opening_ms - 1);
    assert_int_equal(a.result, SK_WAITING);
    assert_int_equal(a.starts_in_ms, 1);
    assert_false(a.admitted);

    a = ask_at(zone, sale, "ann", opening_ms);
    assert_int_equal(a.result, SK_NONE);
    assert_int_equal(a.starts_in_ms, 0);
    a = claim_at(zone, sale, "ann", opening_ms);
    assert_int_equal(a.result, SK_WAIT);
    assert_true(a.admitted);

    /* behind the window it is a sale like any other */

    assert_int_equal(sk_load(&sale->undecided), 1);
    assert_true(claim_at(zone, sale, "ben", END).admitted);

    sk_store(&sale->shuffle_s, 0);
    assert_true(claim_at(zone, sale, "cem", START).admitted);

    sk_test_conserved(zone);
    sk_test_zone_free(zone);
}


/* whatever else there is to say is said first */

static void
test_precedence(void **state)
{
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_answer_t  a;

    (void) state;

    zone = sk_test_zone(1024 * 1024, 0);
    sale = shuffled(zone, "phone", 2);
    (void) sk_opening_set_seed(&sale->opening, seed);

    a = claim_at(zone, sale, "winner", END);
    sk_test_win(zone, sale, "winner", a.ticket);
    assert_int_equal(claim_at(zone, sale, "winner", START).result, SK_ALREADY);
    assert_int_equal(claim_at(zone, sale, "ann", START).result, SK_WAITING);

    /* that the store fails does not matter to who has to wait anyway */

    sk_store(&zone->failing, 1);
    assert_int_equal(claim_at(zone, sale, "ann", START).result, SK_WAITING);
    assert_int_equal(claim_at(zone, sale, "ann", END).result, SK_UNAVAILABLE);
    sk_store(&zone->failing, 0);

    a = claim_at(zone, sale, "other", END);
    assert_int_equal(claim_at(zone, sale, "ann", START).result, SK_SOLD_OUT);
    a = ask_at(zone, sale, "ann", START);
    assert_int_equal(a.sale_state, SK_SALE_SOLD_OUT);
    assert_int_equal(a.starts_in_ms, 0);

    sk_store(&sale->paused, 1);
    assert_int_equal(claim_at(zone, sale, "ann", START).result, SK_PAUSED);
    assert_int_equal(claim_at(zone, sale, "ann", START - 1).result,
                     SK_NOT_STARTED);
    sk_store(&sale->end_ms, START);
    assert_int_equal(claim_at(zone, sale, "ann", START).result, SK_ENDED);

    sk_test_zone_free(zone);
}


/* who does not know says so, and only where it matters */

static void
test_unknown(void **state)
{
    uint8_t      other[SK_SEED_SIZE];
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_answer_t  a;

    (void) state;

    zone = sk_test_zone(1024 * 1024, 0);
    sale = shuffled(zone, "phone", 2);

    assert_int_equal(claim_at(zone, sale, "ann", START - 1).result,
                     SK_NOT_STARTED);
    a = claim_at(zone, sale, "ann", START);
    assert_int_equal(a.result, SK_UNAVAILABLE);
    assert_int_equal(a.starts_in_ms, 0);
    assert_int_equal(ask_at(zone, sale, "ann", START).result, SK_NONE);
    assert_int_equal(ask_at(zone, sale, "ann", START).starts_in_ms, 0);
    assert_true(claim_at(zone, sale, "ann", END).admitted);

    memset(other, 1, sizeof(other));
    assert_int_equal(sk_opening_set_seed(&sale->opening, other), SK_REFUSED);
    assert_int_equal(claim_at(zone, sale, "ben", START).result,
                     SK_UNAVAILABLE);

    assert_int_equal(sk_opening_set_seed(&sale->opening, seed), SK_OK);
    assert_int_equal(claim_at(zone, sale, "ben", START).result, SK_WAITING);

    sk_test_zone_free(zone);
}


/* whichever of the two comes first; and once */

static void
test_beacon(void **state)
{
    uint8_t      mixed[SK_SEED_SIZE];
    unsigned     known_first;
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_event_t   e;

    (void) state;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_BEACON_SET;
    e.beacon.round = 7;
    e.beacon.len = 3;
    memcpy(e.beacon.value, "abc", 3);

    sk_opening_mix(seed, &e.beacon, mixed);

    for (known_first = 0; known_first < 2; known_first++) {
        zone = sk_test_zone(1024 * 1024, 0);
        sale = shuffled(zone, "phone", 2);
        e.sale_id = sk_load(&sale->id);

        if (known_first) {
            (void) sk_opening_set_seed(&sale->opening, seed);
            assert_memory_equal(sk_opening_seed(&sale->opening), seed,
                                SK_SEED_SIZE);
        }

        e.beacon.value[0] = 'a';
        apply(zone, &e);

        if (!known_first) {
            assert_null(sk_opening_seed(&sale->opening));
            (void) sk_opening_set_seed(&sale->opening, seed);
        }

        assert_memory_equal(sk_opening_seed(&sale->opening), mixed,
                            SK_SEED_SIZE);

        e.beacon.value[0] = 'x';
        apply(zone, &e);
        assert_memory_equal(sk_opening_seed(&sale->opening), mixed,
                            SK_SEED_SIZE);

        sk_test_zone_free(zone);
    }
}


static int
compare(const void *one, const void *two)
{
    int64_t  a, b;

    a = *(const int64_t *) one;
    b = *(const int64_t *) two;

    return (a > b) - (a < b);
}


/*
 * Users in the order in which they come, or in which they have signed up: their
 * openings have nothing to do with it, and are spread evenly.
 */

static void
test_openings_are_random(void **state)
{
    double    chi2, rho, d, expected;
    char      user[24];
    int64_t   sorted[USERS], openings[USERS];
    unsigned  i, s, rank, bins[BINS];

    (void) state;

    expected = (double) USERS / BINS;

    for (s = 0; s < 8; s++) {
        memset(seed, (int) s, sizeof(seed));
        memset(bins, 0, sizeof(bins));

        for (i = 0; i < USERS; i++) {
            (void) snprintf(user, sizeof(user), "user%u", i);

            /* as precise as they can be, so that no two are the same */

            openings[i] = (int64_t) (sk_opening_hash(seed, "phone", 5, user,
                                                     strlen(user)) >> 1);
            bins[openings[i] >> 59]++;
        }

        for (chi2 = 0, i = 0; i < BINS; i++) {
            d = bins[i] - expected;
            chi2 += d * d / expected;
        }

        memcpy(sorted, openings, sizeof(sorted));
        qsort(sorted, USERS, sizeof(int64_t), compare);

        for (rho = 0, i = 0; i < USERS; i++) {
            rank = (unsigned) ((int64_t *) bsearch(&openings[i], sorted, USERS,
                                                   sizeof(int64_t), compare)
                               - sorted);
            d = (double) rank - i;
            rho += d * d;
        }

        /* Spearman's */

        rho = 1 - 6 * rho / ((double) USERS * ((double) USERS * USERS - 1));

        if (chi2 >= CHI2_999 || rho * rho * (USERS - 1) >= Z_999 * Z_999) {
            fail_msg("seed %u: chi-square %f, rank correlation %f", s, chi2,
                     rho);
        }
    }
}


/*
 * Half of the buyers are there at the start and ask all the time; the others
 * come within the next two seconds and ask when they were told to.  There is a
 * unit for half of them all.  Returns how many the first half has won.
 */

static unsigned
rush(unsigned with_window)
{
    int64_t      now_ms;
    unsigned     i, won, left;
    buyer_t     *b, *buyers;
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_answer_t  a;

    zone = sk_test_zone(1024 * 1024, 0);
    sale = shuffled(zone, "phone", EACH);
    (void) sk_opening_set_seed(&sale->opening, seed);

    if (!with_window) {
        sk_store(&sale->shuffle_s, 0);
    }

    buyers = calloc(2 * EACH, sizeof(buyer_t));
    assert_non_null(buyers);

    for (i = 0; i < 2 * EACH; i++) {
        b = &buyers[i];
        (void) snprintf(b->name, sizeof(b->name), "buyer%u", i);
        b->next_ms = START + ((i < EACH) ? 0 : 100 + 1900 * (i - EACH) / EACH);
    }

    left = 2 * EACH;

    for (now_ms = START; left; now_ms += STEP_MS) {
        assert_true(now_ms < END + 3000);

        for (i = 0; i < 2 * EACH; i++) {
            b = &buyers[i];

            if (b->done || b->next_ms > now_ms) {
                continue;
            }

            a = claim_at(zone, sale, b->name, now_ms);

            if (a.result == SK_WAITING) {
                b->next_ms = now_ms + ((i < EACH) ? STEP_MS : a.starts_in_ms);
                continue;
            }

            b->done = 1;
            left--;

            if (a.admitted) {
                sk_test_win(zone, sale, b->name, a.ticket);
                sk_store(&zone->queue.head, a.ticket + 1);
                b->won = 1;

            } else {
                assert_int_equal(a.result, SK_SOLD_OUT);
            }
        }
    }

    for (won = 0, i = 0; i < EACH; i++) {
        won += (unsigned) buyers[i].won;
    }

    assert_int_equal(sk_load(&sale->sold), EACH);
    sk_test_conserved(zone);

    free(buyers);
    sk_test_zone_free(zone);

    return won;
}


static void
test_speed_buys_nothing(void **state)
{
    double    d, variance;
    unsigned  won, s;

    (void) state;

    /* without a window, it buys everything */

    assert_int_equal(rush(0), EACH);

    /* with one, each half wins as if units were drawn: hypergeometric */

    variance = EACH / 2.0 * 0.5 * EACH / (2 * EACH - 1);

    for (s = 0; s < 4; s++) {
        memset(seed, (int) s, sizeof(seed));
        won = rush(1);
        d = won - EACH / 2.0;

        if (d * d > Z_999 * Z_999 * variance) {
            fail_msg("seed %u: the early birds have won %u of %u, variance %f",
                     s, won, EACH, variance);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup(f, begin)
        T(test_vectors),
        T(test_commitment_tells_no_mixed_key),
        T(test_mixed_key_is_no_hash),
        T(test_offset_edges),
        T(test_name_and_user),
        T(test_openings),
        T(test_precedence),
        T(test_unknown),
        T(test_beacon),
        T(test_openings_are_random),
        T(test_speed_buys_nothing),
#undef T
    };

    return cmocka_run_group_tests_name("opening", tests, NULL, NULL);
}
