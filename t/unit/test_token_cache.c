/* Tokens that were verified already: kept, told apart, and forgotten in time */

#include "sk_test_token.h"
#include "sk_token_cache.h"


static sk_token_cache_t  *cache;
static sk_token_keys_t   *right, *other;
static sk_token_rules_t   rules;
static sk_token_t         said;


static sk_token_keys_t *
keys_of(const char *members)
{
    char                   text[1024];
    sk_token_keys_t       *keys;
    sk_token_reason_t      reason;
    sk_token_keys_info_t   info;

    (void) snprintf(text, sizeof(text), "{\"keys\":[{%s}]}", members);
    assert_int_equal(sk_token_keys_read(&keys, text, strlen(text), &info,
                                        reason),
                     SK_OK);

    return keys;
}


static int
begin(void **state)
{
    (void) keys_make(state);

    right = keys_of(jwk_ed25519);
    other = keys_of("\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"");

    return 0;
}


static int
end(void **state)
{
    sk_token_cache_free(cache);
    sk_token_keys_free(right);
    sk_token_keys_free(other);

    return keys_free(state);
}


static void
places(unsigned n)
{
    sk_token_cache_free(cache);
    cache = sk_token_cache_create(n);
    assert_non_null(cache);

    memset(&rules, 0, sizeof(rules));
    rules.claim = "sub";
    rules.id = 1;
}


/* who is not kept is verified, and with the other keys that fails */

static void
is(sk_token_keys_t *keys, const char *token, int64_t now,
    sk_token_error_e error)
{
    memset(&said, 0, sizeof(said));
    rules.keys = keys;

    assert_int_equal(sk_token_cache_verify(cache, &rules, token, strlen(token),
                                           now, &said),
                     error);
}


static char *
token_of(const char *user)
{
    char  payload[256];

    (void) sprintf(payload, "{\"sub\":\"%s\",\"nbf\":1800000000,"
                   "\"exp\":1800000010}", user);

    return make(BY_ED25519, EDDSA, payload);
}


static void
test_kept(void **state)
{
    char  *ann, *ben;

    (void) state;

    places(1024);
    ann = token_of("ann");
    ben = token_of("benjamin");

    is(other, ann, NOW, SK_TOKEN_BAD_SIGNATURE);
    is(right, ann, NOW, SK_TOKEN_OK);
    is(other, ann, NOW, SK_TOKEN_OK);
    assert_int_equal(said.user_len, 3);
    assert_memory_equal(said.user, "ann", 3);
    assert_int_equal(said.from, NOW);
    assert_int_equal(said.until, NOW + 10);

    is(other, ben, NOW, SK_TOKEN_BAD_SIGNATURE);
    is(right, ben, NOW, SK_TOKEN_OK);
    is(other, ben, NOW, SK_TOKEN_OK);
    assert_int_equal(said.user_len, 8);
    is(other, ann, NOW, SK_TOKEN_OK);
    assert_int_equal(said.user_len, 3);

    /* it has its time there, too */

    is(other, ann, NOW + 9, SK_TOKEN_OK);
    is(right, ann, NOW + 10, SK_TOKEN_EXPIRED);
    is(right, ann, NOW - 1, SK_TOKEN_NOT_YET);
    is(other, ann, NOW, SK_TOKEN_OK);

    free(ann);
    free(ben);
}


static void
test_rules(void **state)
{
    char  *ann;

    (void) state;

    places(1024);
    ann = token_of("ann");

    is(right, ann, NOW, SK_TOKEN_OK);
    rules.id = 2;
    is(other, ann, NOW, SK_TOKEN_BAD_SIGNATURE);
    rules.id = 257;
    is(other, ann, NOW, SK_TOKEN_BAD_SIGNATURE);
    rules.id = 1;
    is(other, ann, NOW, SK_TOKEN_OK);

    free(ann);
}


/* a token's every byte counts, its signature's, too */

static void
test_whole(void **state)
{
    char    *ann, c;
    size_t   i, len;

    (void) state;

    places(1024);
    ann = token_of("ann");
    len = strlen(ann);

    is(right, ann, NOW, SK_TOKEN_OK);

    for (i = 0; i < len; i++) {
        c = ann[i];
        ann[i] = (c == 'A') ? 'B' : 'A';

        rules.keys = right;
        assert_int_not_equal(sk_token_cache_verify(cache, &rules, ann, len,
                                                   NOW, &said),
                             SK_TOKEN_OK);
        assert_int_not_equal(sk_token_cache_verify(cache, &rules, ann, i, NOW,
                                                   &said),
                             SK_TOKEN_OK);
        ann[i] = c;
    }

    is(other, ann, NOW, SK_TOKEN_OK);

    free(ann);
}


/* a bad token takes the place of nobody, a good one that of the first to
   expire */

static void
test_places(void **state)
{
    int    i;
    char  *tokens[5], payload[256];

    (void) state;

    places(4);

    for (i = 0; i < 5; i++) {
        (void) sprintf(payload, "{\"sub\":\"ann\",\"exp\":%d}",
                       NOW + 1000 - (i == 2 ? 500 : i));
        tokens[i] = make(BY_ED25519, EDDSA, payload);
    }

    for (i = 0; i < 4; i++) {
        is(right, tokens[i], NOW, SK_TOKEN_OK);
    }

    is(other, tokens[4], NOW, SK_TOKEN_BAD_SIGNATURE);
    is(other, "", NOW, SK_TOKEN_MISSING);

    for (i = 0; i < 4; i++) {
        is(other, tokens[i], NOW, SK_TOKEN_OK);
    }

    is(right, tokens[4], NOW, SK_TOKEN_OK);

    for (i = 0; i < 5; i++) {
        is(other, tokens[i], NOW,
           (i == 2) ? SK_TOKEN_BAD_SIGNATURE : SK_TOKEN_OK);
        free(tokens[i]);
    }
}


/* many, in few more places: all that is said is true */

static void
test_many(void **state)
{
    int    i, round, kept;
    char  *tokens[200], user[16];

    (void) state;

    places(256);

    for (i = 0; i < 200; i++) {
        (void) sprintf(user, "user%d", i);
        tokens[i] = token_of(user);
    }

    for (round = 0; round < 2; round++) {
        for (i = 0; i < 200; i++) {
            is(right, tokens[i], NOW, SK_TOKEN_OK);
            (void) sprintf(user, "user%d", i);
            assert_int_equal(said.user_len, strlen(user));
            assert_memory_equal(said.user, user, strlen(user));
        }
    }

    kept = 0;
    rules.keys = other;

    for (i = 0; i < 200; i++) {
        kept += (sk_token_cache_verify(cache, &rules, tokens[i],
                                       strlen(tokens[i]), NOW, &said)
                 == SK_TOKEN_OK);
        free(tokens[i]);
    }

    /* few sets of four are asked for by more than four */

    assert_in_range(kept, 160, 200);
}


static void
test_without(void **state)
{
    char  *ann, *large;

    (void) state;

    places(4);
    ann = token_of("ann");

    rules.keys = right;
    assert_int_equal(sk_token_cache_verify(NULL, &rules, ann, strlen(ann), NOW,
                                           &said),
                     SK_TOKEN_OK);
    assert_int_equal(said.user_len, 3);
    free(ann);

    large = malloc(SK_TOKEN_SIZE_MAX + 1);
    assert_non_null(large);
    memset(large, 'a', SK_TOKEN_SIZE_MAX + 1);
    assert_int_equal(sk_token_cache_verify(cache, &rules, large,
                                           SK_TOKEN_SIZE_MAX + 1, NOW, &said),
                     SK_TOKEN_TOO_LARGE);
    free(large);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_without)
    };

    return cmocka_run_group_tests(tests, begin, end);
}
