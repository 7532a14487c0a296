/* JWK sets: which keys they have, and what is said of wrong ones */

#include "sk_test_token.h"
#include "sk_token_alg.h"


#define X25519_X  "\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\""


static sk_token_keys_t       *keys;
static sk_token_keys_info_t   info;
static sk_token_reason_t      reason;


/* the text has no end */

static int
read_text(const char *text)
{
    int      rc;
    char    *copy;
    size_t   len;

    sk_token_keys_free(keys);

    len = strlen(text);
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    strcpy(reason, "untouched");
    rc = sk_token_keys_read(&keys, copy, len, &info, reason);

    free(copy);

    return rc;
}


static int
read_list(const char *fmt, va_list args)
{
    int     rc;
    char   *list, *text;

    list = malloc(SK_TOKEN_KEYS_SIZE_MAX);
    text = malloc(SK_TOKEN_KEYS_SIZE_MAX + 32);
    assert_true(list && text);

    (void) vsnprintf(list, SK_TOKEN_KEYS_SIZE_MAX, fmt, args);
    (void) sprintf(text, "{\"keys\":[%s]}", list);
    rc = read_text(text);

    free(list);
    free(text);

    return rc;
}


/* the keys' members, of which "n" can be used */

static void
good(unsigned n, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);

    if (read_list(fmt, args) != SK_OK) {
        fail_msg("%s: %s", fmt, reason);
    }

    va_end(args);

    assert_int_equal(info.n, n);
    assert_int_equal(keys->n, n);
    assert_string_equal(reason, "untouched");
}


static void
wrong(const char *words, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);

    if (read_list(fmt, args) == SK_OK) {
        fail_msg("%s was accepted, not: %s", fmt, words);
    }

    va_end(args);

    assert_null(keys);
    assert_string_equal(reason, words);
}


static void
wrong_text(const char *words, const char *text)
{
    assert_int_equal(read_text(text), SK_ERROR);
    assert_null(keys);
    assert_string_equal(reason, words);
}


static void
is_key(unsigned i, const char *alg, const char *kid)
{
    assert_true(i < keys->n);
    assert_string_equal(keys->key[i].alg->name, alg);

    if (kid) {
        assert_non_null(keys->key[i].kid);
        assert_string_equal(keys->key[i].kid, kid);

    } else {
        assert_null(keys->key[i].kid);
    }
}


static void
test_kinds(void **state)
{
    (void) state;

    good(4, "{%s,\"kid\":\"1\"},{%s,\"alg\":\"EdDSA\",\"use\":\"sig\"},"
         "{%s,\"kid\":\"\",\"key_ops\":[1,\"sign\",\"verify\"]},{%s,\"x5c\":1}",
         jwk_secret, jwk_ed25519, jwk_rsa, jwk_ec);
    is_key(0, "HS256", "1");
    is_key(1, "EdDSA", NULL);
    is_key(2, "RS256", "");
    is_key(3, "ES256", NULL);
    assert_int_equal(info.n_skipped, 0);

    good(1, "{%s,\"alg\":\"Ed25519\"}", jwk_ed25519);
    good(1, "{%s,\"alg\":\"RS256\"}", jwk_rsa);
    good(1, "{%s,\"alg\":\"ES256\"}", jwk_ec);
    good(1, "{%s,\"alg\":\"HS256\"}", jwk_secret);
}


static void
test_secret(void **state)
{
    (void) state;

    good(3, "{%s},{%s},{%s}", jwk_ed25519, jwk_rsa, jwk_ec);
    assert_false(info.secret);

    good(2, "{%s},{%s}", jwk_ed25519, jwk_secret);
    assert_true(info.secret);

    good(1, "{%s,\"d\":\"\"}", jwk_ed25519);
    assert_true(info.secret);

    /* also of keys that are skipped, in lists that are refused */

    good(1, "{%s},{\"kty\":\"EC\",\"crv\":\"P-384\",\"d\":\"AA\"}",
         jwk_ed25519);
    assert_true(info.secret);
    good(1, "{%s},{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"AA\"}", jwk_ed25519);
    assert_true(info.secret);
    wrong("key 1 has a wrong \"k\", allowed: 32 to 512 bytes in base64url"
          " without padding", "{\"kty\":\"oct\",\"k\":\"AA\"}");
    assert_true(info.secret);
    wrong_text("is not a JWK set: an object with an array \"keys\"",
               "[{\"kty\":\"oct\",\"k\":\"AA\"}]");
    assert_true(info.secret);
    wrong_text("is not a JWK set: an object with an array \"keys\"",
               "{\"kty\":\"oct\"}");
    assert_true(info.secret);
    wrong_text("is not a JWK set: an object with an array \"keys\"",
               "{\"keys\":{\"kty\":\"oct\"}}");
    assert_true(info.secret);
}


static void
test_skipped(void **state)
{
    (void) state;

    good(1, "{\"kty\":\"OKP\",\"crv\":\"X25519\"," X25519_X "},{%s},"
         "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}", jwk_ec);
    is_key(0, "ES256", NULL);
    assert_int_equal(info.n_skipped, 2);
    assert_string_equal(info.skipped, "key 1 has the unknown crv \"X25519\"");

#define NONE  "has no key that can be used: key 1 "

    wrong(NONE "has the unknown kty \"AKP\"", "{\"kty\":\"AKP\"}");
    wrong(NONE "has the unknown crv \"Ed448\"",
          "{\"kty\":\"OKP\",\"crv\":\"Ed448\"}");
    wrong(NONE "has the unknown crv \"secp256k1\"",
          "{\"kty\":\"EC\",\"crv\":\"secp256k1\"}");
    wrong(NONE "has the unknown alg \"PS256\"", "{%s,\"alg\":\"PS256\"}",
          jwk_rsa);
    wrong(NONE "has the unknown alg \"HS512\"", "{%s,\"alg\":\"HS512\"}",
          jwk_secret);
    wrong(NONE "has the unknown alg \"none\"", "{%s,\"alg\":\"none\"}",
          jwk_secret);
    wrong(NONE "has the use \"enc\"", "{%s,\"use\":\"enc\"}", jwk_rsa);
    wrong(NONE "has no \"verify\" in its key_ops",
          "{%s,\"key_ops\":[\"sign\"]}", jwk_rsa);
    wrong(NONE "has no \"verify\" in its key_ops", "{%s,\"key_ops\":[]}",
          jwk_rsa);
    wrong("has no key that can be used", "%s", "");

    /* the kid of a key that is skipped is free */

    good(1, "{\"kty\":\"AKP\",\"kid\":\"a\"},{%s,\"kid\":\"a\"}", jwk_ec);
    is_key(0, "ES256", "a");
}


static void
test_members(void **state)
{
    (void) state;

    wrong("key 1 is not an object", "1");
    wrong("key 2 has no string \"kty\"", "{%s},{}", jwk_ec);
    wrong("key 1 has no string \"kty\"", "{\"kty\":1}");
    wrong("key 1 has no string \"crv\"", "{\"kty\":\"OKP\"," X25519_X "}");
    wrong("key 1 has no string \"crv\"", "{\"kty\":\"EC\",\"crv\":1}");
    wrong("key 1 has an \"alg\" that is no string", "{%s,\"alg\":null}",
          jwk_ec);
    wrong("key 1 has a \"use\" that is no string", "{%s,\"use\":[\"sig\"]}",
          jwk_ec);
    wrong("key 1 has \"key_ops\" that are no array",
          "{%s,\"key_ops\":\"verify\"}", jwk_ec);
    wrong("key 1 has a \"kid\" that is no string", "{%s,\"kid\":7}", jwk_ec);
    wrong("key 3 has the kid \"a\" of another one",
          "{%s,\"kid\":\"a\"},{%s,\"kid\":\"b\"},{%s,\"kid\":\"a\"}", jwk_ec,
          jwk_ed25519, jwk_rsa);

    /* a public key as a secret, and the other way round */

    wrong("key 1 has the alg \"HS256\", but its kty is \"RSA\"",
          "{%s,\"alg\":\"HS256\"}", jwk_rsa);
    wrong("key 1 has the alg \"RS256\", but its kty is \"oct\"",
          "{%s,\"alg\":\"RS256\"}", jwk_secret);
    wrong("key 1 has the alg \"ES256\", but its kty is \"OKP\"",
          "{%s,\"alg\":\"ES256\"}", jwk_ed25519);
}


static void
test_hs256(void **state)
{
    int    n;
    char  *k, bin[600];

    (void) state;

#define OCT  "has a wrong \"k\", allowed: 32 to 512 bytes in base64url"       \
             " without padding"

    memset(bin, 'x', sizeof(bin));

    for (n = 0; n < 600; n++) {
        k = b64(bin, n);

        if (n >= 32 && n <= 512) {
            good(1, "{\"kty\":\"oct\",\"k\":\"%s\"}", k);

        } else {
            wrong("key 1 " OCT, "{\"kty\":\"oct\",\"k\":\"%s\"}", k);
        }

        free(k);
    }

    wrong("key 1 has no string \"k\"", "{\"kty\":\"oct\"}");
    wrong("key 1 " OCT, "{\"kty\":\"oct\",\"k\":\"" SECRET SECRET "=\"}");
    wrong("key 1 " OCT, "{\"kty\":\"oct\",\"k\":\"" SECRET SECRET "+/==\"}");
}


static void
test_eddsa(void **state)
{
    (void) state;

#define OKP  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\""
#define BYTES32  "allowed: 32 bytes in base64url without padding"
#define A10   "AAAAAAAAAA"

    wrong("key 1 has no string \"x\"", OKP "}");
    wrong("key 1 has a wrong \"x\", " BYTES32, OKP ",\"x\":\"\"}");
    wrong("key 1 has a wrong \"x\", " BYTES32, OKP ",\"x\":\"AQ" A10 "\"}");
    wrong("key 1 has a wrong \"x\", " BYTES32,
          OKP ",\"x\":\"" A10 A10 A10 A10 "AAAA\"}");

    /* points of small order: 0, 1, and one of order 8; and no point at all */

    wrong("key 1 is not a point of Ed25519",
          OKP ",\"x\":\"" A10 A10 A10 A10 "AAA\"}");
    wrong("key 1 is not a point of Ed25519",
          OKP ",\"x\":\"AQ" A10 A10 A10 A10 "A\"}");
    wrong("key 1 is not a point of Ed25519",
          OKP ",\"x\":\"JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU\"}");
    wrong("key 1 is not a point of Ed25519",
          OKP ",\"x\":\"Ag" A10 A10 A10 A10 "A\"}");
}


static void
rsa_of(unsigned bits, char *members)
{
    char      *n, *e;
    EVP_PKEY  *pkey;

    pkey = EVP_RSA_gen(bits);
    assert_non_null(pkey);
    n = b64_bn(pkey, OSSL_PKEY_PARAM_RSA_N, 0);
    e = b64_bn(pkey, OSSL_PKEY_PARAM_RSA_E, 0);
    (void) sprintf(members, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", n, e);
    free(n);
    free(e);
    EVP_PKEY_free(pkey);
}


static void
test_rs256(void **state)
{
    char     *n, members[4096];
    uint8_t   bin[1026];

    (void) state;

    rsa_of(2047, members);
    wrong("key 1 has 2047 bits, allowed for RSA: 2048 to 8192", "{%s}",
          members);
    rsa_of(3072, members);
    good(1, "{%s}", members);

    wrong("key 1 has no string \"n\"", "{\"kty\":\"RSA\",\"e\":\"AQAB\"}");
    wrong("key 1 has a wrong \"n\", allowed: 1 to 1025 bytes in base64url"
          " without padding", "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}");

    /* one that has 0 first, and one that is too large */

    memset(bin, 0xff, sizeof(bin));
    bin[0] = 0;
    n = b64(bin, 1025);
    good(1, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
    wrong("key 1 has no string \"e\"", "{\"kty\":\"RSA\",\"n\":\"%s\"}", n);

#define E  "key 1 is not an RSA key: \"n\" and \"e\" are odd, and \"e\" is"  \
           " not 1"

    wrong(E, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQ\"}", n);
    wrong(E, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AA\"}", n);
    wrong(E, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAA\"}", n);
    wrong("key 1 has a wrong \"e\", allowed: 1 to 8 bytes in base64url without"
          " padding", "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAAAAAAAAAB\"}",
          n);
    free(n);

    bin[1024] = 0xfe;
    n = b64(bin, 1025);
    wrong(E, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
    free(n);

    bin[0] = 1;
    bin[1024] = 0xff;
    n = b64(bin, 1025);
    wrong("key 1 has 8193 bits, allowed for RSA: 2048 to 8192",
          "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
    free(n);

    n = b64(bin, 1026);
    wrong("key 1 has a wrong \"n\", allowed: 1 to 1025 bytes in base64url"
          " without padding",
          "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
    free(n);
}


static void
test_es256(void **state)
{
    char  *x;

    (void) state;

#define EC   "{\"kty\":\"EC\",\"crv\":\"P-256\""
#define EC_X  "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""

    wrong("key 1 has no string \"x\"", EC "}");
    wrong("key 1 has no string \"y\"", EC "," EC_X "}");
    wrong("key 1 has a wrong \"y\", " BYTES32, EC "," EC_X ",\"y\":\"AA\"}");

    good(1, EC "," EC_X ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
         "\"}");
    wrong("key 1 is not a point of P-256", EC "," EC_X ",\"y\":\"x_FEzRu9m36HLN"
          "_tue659LNpXW6pCyStikYjKIWI5a4\"}");
    wrong("key 1 is not a point of P-256", EC ",\"x\":\"" A10 A10 A10 A10
          "AAA\",\"y\":\"" A10 A10 A10 A10 "AAA\"}");

    x = b64("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            32);
    wrong("key 1 is not a point of P-256", EC ",\"x\":\"%s\",\"y\":\"%s\"}", x,
          x);
    free(x);

    assert_int_equal(ERR_peek_error(), 0);
}


static void
test_json(void **state)
{
    char  *text;

    (void) state;

    wrong_text("is not valid JSON in line 1", "");
    wrong_text("is not valid JSON in line 2", "{\n\"keys\":[}");
    wrong_text("is not valid JSON in line 1", "{\"keys\":[]} x");
    wrong_text("is not a JWK set: an object with an array \"keys\"", "{}");
    wrong_text("is not a JWK set: an object with an array \"keys\"", "[]");

    /* a secret is not told */

    wrong_text("is not valid JSON in line 1",
               "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" SECRET "\" 1]}");
    wrong_text("has a member twice in line 3",
               "{\"keys\":[\n{\"kty\":\"oct\",\n\"k\":\"a\",\"k\":\"b\"}]}");

    text = malloc(SK_TOKEN_KEYS_SIZE_MAX + 2);
    assert_non_null(text);
    (void) sprintf(text, "{\"keys\":[{%s}]}", jwk_ec);
    memset(text + strlen(text), ' ', SK_TOKEN_KEYS_SIZE_MAX - strlen(text));
    text[SK_TOKEN_KEYS_SIZE_MAX] = '\0';
    assert_int_equal(read_text(text), SK_OK);
    text[SK_TOKEN_KEYS_SIZE_MAX] = ' ';
    text[SK_TOKEN_KEYS_SIZE_MAX + 1] = '\0';
    wrong_text("is larger than 65536 bytes", text);
    free(text);
}


static void
test_many(void **state)
{
    int    i;
    char  *list;

    (void) state;

    list = calloc(1, SK_TOKEN_KEYS_SIZE_MAX);
    assert_non_null(list);

    for (i = 0; i < SK_TOKEN_KEYS_MAX; i++) {
        (void) sprintf(list + strlen(list), "%s{%s,\"kid\":\"%d\"}",
                       i ? "," : "", jwk_ec, i);
    }

    good(64, "%s", list);
    is_key(63, "ES256", "63");

    strcat(list, ",{}");
    wrong("has more than 64 keys", "%s", list);
    free(list);
}


/* what is long is cut, and the reason has its end */

static void
test_long_names(void **state)
{
    char  name[1001];

    (void) state;

    memset(name, 'n', 1000);
    name[1000] = '\0';

    wrong(NONE "has the unknown kty \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\"",
          "{\"kty\":\"%s\"}", name);
    (void) read_text("{\"keys\":1}");
    wrong("key 2 has the kid \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
          "nnnnnnnnnnnnnnnn\" of another one",
          "{%s,\"kid\":\"%s\"},{%s,\"kid\":\"%s\"}", jwk_ec, name, jwk_ec,
          name);
}


static int
end(void **state)
{
    sk_token_keys_free(keys);

    return keys_free(state);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_hs256),
        cmocka_unit_test(test_eddsa),
        cmocka_unit_test(test_rs256),
        cmocka_unit_test(test_es256),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_long_names)
    };

    return cmocka_run_group_tests(tests, keys_make, end);
}
