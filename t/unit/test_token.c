/* Tokens: good ones, and what is tried with others */

#include "sk_test_token.h"


#define SECONDS(s)  "{\"sub\":\"ann\",\"exp\":" s "}"


static sk_token_keys_t   *keys;
static sk_token_rules_t   rules;
static sk_token_t         said;


/* "list": members of JWKs, "{...},{...}" */

static void
use(const char *list)
{
    char                  text[SK_TOKEN_KEYS_SIZE_MAX];
    sk_token_reason_t     reason;
    sk_token_keys_info_t  info;

    sk_token_keys_free(keys);

    (void) snprintf(text, sizeof(text), "{\"keys\":[%s]}", list);

    if (sk_token_keys_read(&keys, text, strlen(text), &info, reason) != SK_OK) {
        fail_msg("%s: %s", text, reason);
    }

    memset(&rules, 0, sizeof(rules));
    rules.keys = keys;
    rules.claim = "sub";
    rules.leeway_s = 30;
}


static void
use_all(void)
{
    char  list[4096];

    (void) snprintf(list, sizeof(list),
                    "{\"kid\":\"h\",%s},{\"kid\":\"d\",%s},{\"kid\":\"r\",%s},"
                    "{\"kid\":\"e\",%s}", jwk_secret, jwk_ed25519, jwk_rsa,
                    jwk_ec);
    use(list);
}


/* of a copy without an end */

static sk_token_error_e
verify_bytes(const char *text, size_t len, int64_t now)
{
    char              *copy;
    sk_token_error_e   error;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    error = sk_token_verify(&rules, copy, len, now, &said);
    free(copy);

    return error;
}


static void
is_token(const char *token, int64_t now, sk_token_error_e error)
{
    sk_token_error_e  got;

    got = verify_bytes(token, strlen(token), now);

    if (got != error) {
        fail_msg("%s: \"%s\", not \"%s\"", token, sk_token_errors[got].word,
                 sk_token_errors[error].word);
    }
}


/* frees the token */

static void
is(char *token, sk_token_error_e error)
{
    is_token(token, NOW, error);
    free(token);
}


static void
is_user(char *token, const char *user)
{
    is(token, SK_TOKEN_OK);
    assert_int_equal(said.user_len, strlen(user));
    assert_memory_equal(said.user, user, strlen(user));
}


/* the examples of RFC 7515, A.1 to A.3, RFC 7519, 3.1 and 6.1, RFC 8037, A.4 */

#define JOE  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leG"  \
             "FtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static void
test_rfc(void **state)
{
    (void) state;

    use("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"
        "-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"},"
        "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbj"
        "i9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCg"
        "NMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5"
        "rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Z"
        "wKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
        "PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");

    rules.claim = "iss";
    rules.leeway_s = 0;

    is_token("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB"
             "92K27uhbUJU1p1r_wW1gFWFOEjXk", 1300819379, SK_TOKEN_OK);
    assert_int_equal(said.user_len, 3);
    assert_memory_equal(said.user, "joe", 3);
    assert_int_equal(said.from, 0);
    assert_int_equal(said.until, 1300819380);

    is_token("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB"
             "92K27uhbUJU1p1r_wW1gFWFOEjXk", 1300819380, SK_TOKEN_EXPIRED);

    is_token("eyJhbGciOiJSUzI1NiJ9." JOE ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat"
             "0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9u"
             "JdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBA"
             "rLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
             "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs"
             "98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", 1300819379,
             SK_TOKEN_OK);

    is_token("eyJhbGciOiJFUzI1NiJ9." JOE ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4Ga"
             "wxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", 1300819379,
             SK_TOKEN_OK);

    is_token("eyJhbGciOiJub25lIn0." JOE ".", 1300819379, SK_TOKEN_BAD_ALG);

    /* it signs what is no JSON; were it wrong, that would not be looked at */

    is_token("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il"
             "_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
             "sVvpAr_MuM0KAg", 1300819379, SK_TOKEN_MALFORMED);
    is_token("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd.hgyY0il"
             "_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
             "sVvpAr_MuM0KAg", 1300819379, SK_TOKEN_BAD_SIGNATURE);
}


/* whatever character is another one, the token is not good any more */

static void
each_character(char *token, size_t step)
{
    char    c;
    size_t  i, len;

    len = strlen(token);

    for (i = 0; i < len; i += step) {
        c = token[i];
        token[i] = (c == 'A') ? 'B' : 'A';

        if (verify_bytes(token, len, NOW) == SK_TOKEN_OK) {
            fail_msg("%s", token);
        }

        token[i] = c;
    }

    is(token, SK_TOKEN_OK);
}


static void
test_algorithms(void **state)
{
    (void) state;

    use_all();

    is_user(make(BY_SECRET, HS256, GOOD), "ann");
    is_user(make(BY_ED25519, EDDSA, GOOD), "ann");
    is_user(make(BY_ED25519, "{\"alg\":\"Ed25519\"}", GOOD), "ann");
    is_user(make(BY_RSA, RS256, GOOD), "ann");
    is_user(make(BY_EC, ES256, GOOD), "ann");
    is_user(make(BY_EC, "{\"typ\":\"JWT\",\"kid\":\"e\",\"alg\":\"ES256\","
                 "\"x5t\":\"?\"}", GOOD), "ann");

    /* the numbers of ECDSA may begin with zeros */

    for (int i = 0; i < 300; i++) {
        is(make(BY_EC, ES256, GOOD), SK_TOKEN_OK);
    }

    each_character(make(BY_SECRET, HS256, GOOD), 1);
    each_character(make(BY_ED25519, EDDSA, GOOD), 1);
    each_character(make(BY_RSA, RS256, GOOD), 7);
    each_character(make(BY_EC, ES256, GOOD), 3);
}


/* RFC 8725, section 2.1 */

static void
test_confusion(void **state)
{
    BIO       *bio;
    char      *pem, *text, header[2048];
    long       size;
    size_t     i;
    uint8_t    mac[crypto_auth_hmacsha256_BYTES];

    crypto_auth_hmacsha256_state  hmac;

    static const char *const  nobody[] = {
        "none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS384", "HS512",
        "RS384", "PS256", "ES256K", "ES384", "Ed448", "RS256\\u0000", "RS256,"
    };

    (void) state;

    use_all();

    for (i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
        (void) sprintf(header, "{\"alg\":\"%s\"}", nobody[i]);
        is(make(BY_SECRET, header, GOOD),
           strstr(header, "u0000") ? SK_TOKEN_MALFORMED : SK_TOKEN_BAD_ALG);
        is(signed_of(unsigned_of(header, GOOD), (uint8_t *) "", 0),
           strstr(header, "u0000") ? SK_TOKEN_MALFORMED : SK_TOKEN_BAD_ALG);
    }

    /* the public key, which everyone has, as a secret */

    (void) snprintf(header, sizeof(header), "{%s},{%s}", jwk_rsa, jwk_ed25519);
    use(header);

    bio = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio_PUBKEY(bio, rsa));
    size = BIO_get_mem_data(bio, &pem);

    text = unsigned_of(HS256, GOOD);
    (void) crypto_auth_hmacsha256_init(&hmac, (uint8_t *) pem, size);
    (void) crypto_auth_hmacsha256_update(&hmac, (uint8_t *) text, strlen(text));
    (void) crypto_auth_hmacsha256_final(&hmac, mac);
    is(signed_of(text, mac, sizeof(mac)), SK_TOKEN_BAD_ALG);

    text = unsigned_of(HS256, GOOD);
    (void) crypto_auth_hmacsha256(mac, (uint8_t *) text, strlen(text),
                                  ed25519_public);
    is(signed_of(text, mac, sizeof(mac)), SK_TOKEN_BAD_ALG);

    text = unsigned_of(EDDSA, GOOD);
    (void) crypto_auth_hmacsha256(mac, (uint8_t *) text, strlen(text),
                                  ed25519_public);
    is(signed_of(text, mac, sizeof(mac)), SK_TOKEN_BAD_SIGNATURE);
    BIO_free(bio);

    /* the key that a kid names is of another algorithm, or is nobody's */

    use_all();

    is(make(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"r\"}", GOOD),
       SK_TOKEN_BAD_ALG);
    is(make(BY_EC, "{\"alg\":\"ES256\",\"kid\":\"d\"}", GOOD),
       SK_TOKEN_BAD_ALG);
    is(make(BY_EC, "{\"alg\":\"ES256\",\"kid\":\"\"}", GOOD),
       SK_TOKEN_UNKNOWN_KEY);
    is(make(BY_EC, "{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}", GOOD),
       SK_TOKEN_UNKNOWN_KEY);
    is(make(BY_RSA, "{\"alg\":\"ES256\",\"kid\":\"e\"}", GOOD),
       SK_TOKEN_BAD_SIGNATURE);
}


/* a token brings its own key along */

static void
test_own_key(void **state)
{
    char  header[2048];

    (void) state;

    use("{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");

    (void) sprintf(header, "{\"alg\":\"EdDSA\",\"jwk\":{%s}}", jwk_ed25519);
    is(make(BY_ED25519, header, GOOD), SK_TOKEN_BAD_SIGNATURE);
    is(make(BY_ED25519, "{\"alg\":\"EdDSA\",\"jku\":\"http://127.0.0.1/\","
            "\"x5u\":\"file:///etc/passwd\",\"x5c\":[\"MII\"]}", GOOD),
       SK_TOKEN_BAD_SIGNATURE);

    use_all();
    is(make(BY_ED25519, header, GOOD), SK_TOKEN_OK);
}


/* of several keys of an algorithm a token has to name one */

static void
test_kid(void **state)
{
    char  list[1024];

    (void) state;

    (void) sprintf(list, "{%s,\"kid\":\"a\"},{\"kty\":\"oct\",\"k\":\"AyM1SysPp"
                   "byDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T\"},{%s}", jwk_secret,
                   jwk_ed25519);
    use(list);

    is(make(BY_SECRET, HS256, GOOD), SK_TOKEN_UNKNOWN_KEY);
    is(make(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"b\"}", GOOD),
       SK_TOKEN_UNKNOWN_KEY);
    is(make(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"a\"}", GOOD), SK_TOKEN_OK);
    is(make(BY_SECRET, HS256, GOOD), SK_TOKEN_UNKNOWN_KEY);
    is(make(BY_ED25519, EDDSA, GOOD), SK_TOKEN_OK);
    is(make(BY_ED25519, "{\"alg\":\"EdDSA\",\"kid\":\"d\"}", GOOD),
       SK_TOKEN_UNKNOWN_KEY);
}


/* the header of the last good token is known: that is all it says */

static void
test_known_header(void **state)
{
    char     *token, *text, header[1024];
    int       i;
    uint8_t   nothing[64];

    (void) state;

    use_all();
    memset(nothing, 0, sizeof(nothing));

    for (i = 0; i < 3; i++) {
        is(make(BY_SECRET, HS256, GOOD), SK_TOKEN_OK);
        is(make(BY_ED25519, HS256, GOOD), SK_TOKEN_BAD_SIGNATURE);
        is(signed_of(unsigned_of(HS256, GOOD), nothing, 32),
           SK_TOKEN_BAD_SIGNATURE);
        is(make(BY_SECRET, "{\"alg\":\"HS256\" }", GOOD), SK_TOKEN_OK);
        is(make(BY_ED25519, EDDSA, GOOD), SK_TOKEN_OK);
        is(make(BY_SECRET, EDDSA, GOOD), SK_TOKEN_BAD_SIGNATURE);
    }

    /* it is not known by its beginning */

    is(make(BY_SECRET, HS256, GOOD), SK_TOKEN_OK);
    is(make(BY_SECRET, HS256 "{}", GOOD), SK_TOKEN_MALFORMED);

    /* nor is its own beginning */

    is(make(BY_SECRET, HS256, GOOD), SK_TOKEN_OK);
    token = make(BY_SECRET, HS256, GOOD);
    text = strchr(token, '.');
    memmove(text - 1, text, strlen(text) + 1);
    is(token, SK_TOKEN_MALFORMED);

    /* too long to be kept */

    for (i = 180; i < 200; i++) {
        (void) sprintf(header, "{\"alg\":\"HS256\",\"x\":\"%0*d\"}", i, 0);
        is(make(BY_SECRET, header, GOOD), SK_TOKEN_OK);
        is(make(BY_SECRET, header, GOOD), SK_TOKEN_OK);
    }
}


static void
test_shape(void **state)
{
    char        *token, *other;
    size_t       i, len, size;
    uint8_t      mac[crypto_auth_hmacsha256_BYTES];
    const char  *at;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                                  "stuvwxyz0123456789-_";

    (void) state;

    use_all();

    is_token("", NOW, SK_TOKEN_MISSING);
    is_token(".", NOW, SK_TOKEN_MALFORMED);
    is_token("..", NOW, SK_TOKEN_MALFORMED);
    is_token("...", NOW, SK_TOKEN_MALFORMED);
    is_token("a", NOW, SK_TOKEN_MALFORMED);
    is_token("Basic YW5uOnNlY3JldA==", NOW, SK_TOKEN_MALFORMED);

    token = make(BY_SECRET, HS256, GOOD);
    len = strlen(token);

    for (i = 1; i < len; i++) {
        if (verify_bytes(token, i, NOW) == SK_TOKEN_OK
            || verify_bytes(token + i, len - i, NOW) == SK_TOKEN_OK)
        {
            fail_msg("%zu of %zu bytes", i, len);
        }
    }

    /* something before, between, behind */

    other = malloc(len + 2);
    assert_non_null(other);

    for (i = 0; i <= len; i++) {
        for (const char *p = "=. \n\r\t%+/A\"\x80"; *p; p++) {
            memcpy(other, token, i);
            other[i] = *p;
            memcpy(other + i + 1, token + i, len - i);

            if (verify_bytes(other, len + 1, NOW) == SK_TOKEN_OK) {
                fail_msg("%.*s", (int) len + 1, other);
            }
        }

        memcpy(other, token, i);
        other[i] = '\0';
        memcpy(other + i + 1, token + i, len - i);
        assert_int_not_equal(verify_bytes(other, len + 1, NOW), SK_TOKEN_OK);
    }

    free(other);

    /* a character that is no byte's */

    other = unsigned_of(HS256, GOOD);
    other = realloc(other, strlen(other) + 2);
    assert_non_null(other);
    memmove(strchr(other, '.') + 1, strchr(other, '.'),
            strlen(strchr(other, '.')) + 1);
    *strchr(other, '.') = 'A';
    size = sign(BY_SECRET, other, mac);
    is(signed_of(other, mac, size), SK_TOKEN_MALFORMED);

    /* more parts than three: an encrypted one has five, RFC 7516 */

    other = malloc(len + 5);
    assert_non_null(other);
    (void) sprintf(other, "%s.a.b", token);
    is(other, SK_TOKEN_MALFORMED);

    /* bits behind the last byte: of 43 characters, the last one has two */

    assert_int_equal(strlen(strrchr(token, '.') + 1), 43);

    at = strchr(digits, token[len - 1]);
    assert_non_null(at);
    assert_int_equal((at - digits) % 4, 0);

    for (i = 1; i < 4; i++) {
        token[len - 1] = at[i];
        is_token(token, NOW, SK_TOKEN_BAD_SIGNATURE);
    }

    free(token);
}


static void
test_large(void **state)
{
    int    n;
    char  *payload, *token;

    (void) state;

    use_all();

    payload = malloc(TOKEN_SIZE);
    assert_non_null(payload);

    for (n = 6000; n < 6200; n++) {
        (void) sprintf(payload, "{\"exp\":1800000600,\"sub\":\"ann\",\"x\":\""
                       "%0*d\"}", n, 0);
        token = make(BY_SECRET, HS256, payload);
        is(token, strlen(token) <= SK_TOKEN_SIZE_MAX ? SK_TOKEN_OK
                                                     : SK_TOKEN_TOO_LARGE);
    }

    (void) sprintf(payload, "{\"alg\":\"HS256\",\"x\":\"%0*d\"}", 5900, 0);
    is(make(BY_SECRET, payload, GOOD), SK_TOKEN_OK);

    memset(payload, 'a', TOKEN_SIZE - 1);
    payload[TOKEN_SIZE - 1] = '\0';
    is(payload, SK_TOKEN_TOO_LARGE);
}


static void
test_json(void **state)
{
    int    i;
    char   deep[6001];

    static const char *const  headers[] = {
        "", " ", "null", "[]", "\"HS256\"", "1", "{", "{}", "{\"alg\":1}",
        "{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "{\"alg\":{}}",
        "{\"alg\":\"HS256\",\"kid\":1}", "{\"alg\":\"HS256\",\"kid\":null}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"none\",\"\\u0061lg\":\"HS256\"}",
        "{\"alg\":\"HS256\"} x", "{\"alg\":\"HS256\"}{}",
        "{\"alg\":\"HS256\",}",
        "{'alg':'HS256'}", "{\"alg\":\"HS256\",\"x\":\"\xff\"}",
        "\xef\xbb\xbf{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"x\":1e999}"
    };

    static const char *const  payloads[] = {
        "", "null", "[]", "\"\"", "{", "x" GOOD, GOOD "x", GOOD GOOD,
        "{\"sub\":\"ann\",\"sub\":\"ben\",\"exp\":1800000600}",
        "{\"sub\":\"ann\",\"exp\":1800000600,\"exp\":1900000000}",
        "{\"sub\":\"ann\",\"exp\":1800000600,\"x\":{\"a\":1,\"a\":1}}",
        "{\"sub\":\"ann\\u0000\",\"exp\":1800000600}",
        "{\"sub\":\"ann\xff\",\"exp\":1800000600}",
        "{\"sub\":99999999999999999999,\"exp\":1800000600}"
    };

    (void) state;

    use_all();

    for (i = 0; i < (int) (sizeof(headers) / sizeof(headers[0])); i++) {
        is(make(BY_SECRET, headers[i], GOOD), SK_TOKEN_MALFORMED);
    }

    for (i = 0; i < (int) (sizeof(payloads) / sizeof(payloads[0])); i++) {
        is(make(BY_SECRET, HS256, payloads[i]), SK_TOKEN_MALFORMED);
        is(make(BY_ED25519, HS256, payloads[i]), SK_TOKEN_BAD_SIGNATURE);
    }

    is(make(BY_SECRET, " {\r\n\"alg\" :\t\"\\u0048S256\" } ", GOOD),
       SK_TOKEN_OK);

    is(make(BY_SECRET, "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}",
            GOOD), SK_TOKEN_CRITICAL);
    is(make(BY_SECRET, "{\"alg\":\"HS256\",\"crit\":[]}", GOOD),
       SK_TOKEN_CRITICAL);
    is(make(BY_SECRET, "{\"alg\":\"none\",\"b64\":false,\"crit\":[\"b64\"]}",
            GOOD), SK_TOKEN_CRITICAL);

    memset(deep, '[', 6000);
    deep[6000] = '\0';
    is(make(BY_SECRET, deep, GOOD), SK_TOKEN_MALFORMED);
    is(make(BY_SECRET, HS256, deep), SK_TOKEN_MALFORMED);

    for (i = 0; i < 5000; i += 5) {
        memcpy(deep + i, "{\"a\":", 5);
    }

    deep[i] = '\0';
    is(make(BY_SECRET, deep, GOOD), SK_TOKEN_MALFORMED);
    is(make(BY_SECRET, HS256, deep), SK_TOKEN_MALFORMED);
}


/* at "s" it is so, at the second before otherwise */

static void
edge(const char *payload, int64_t s, sk_token_error_e before,
    sk_token_error_e at)
{
    char  *token;

    token = make(BY_SECRET, HS256, payload);
    is_token(token, s - 1, before);
    is_token(token, s, at);
    free(token);
}


static void
test_times(void **state)
{
    size_t  i;
    char    payload[256];

    static const char *const  wrong[] = {
        "-1", "-0.5", "1e300", "253402300800", "1800000000000",
        "\"1800000600\"", "null", "true", "[1800000600]", "{}",
        "9223372036854775807", "-1e300"
    };

    (void) state;

    use_all();

    edge(SECONDS("1800000000"), NOW + 30, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    edge(SECONDS("1800000000.0"), NOW + 30, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    edge(SECONDS("1799999999.5"), NOW + 30, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    edge(SECONDS("1.8e9"), NOW + 30, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    edge(SECONDS("0"), 30, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    edge(SECONDS("253402300799"), 253402300829, SK_TOKEN_OK, SK_TOKEN_EXPIRED);

    edge("{\"sub\":\"ann\",\"exp\":1900000000,\"nbf\":1800000000}", NOW - 30,
         SK_TOKEN_NOT_YET, SK_TOKEN_OK);
    edge("{\"sub\":\"ann\",\"exp\":1900000000,\"iat\":1800000000}", NOW - 30,
         SK_TOKEN_NOT_YET, SK_TOKEN_OK);
    edge("{\"sub\":\"ann\",\"exp\":1900000000,\"iat\":1799999999.25}", NOW - 30,
         SK_TOKEN_NOT_YET, SK_TOKEN_OK);
    edge("{\"sub\":\"ann\",\"exp\":1900000000,\"nbf\":1,\"iat\":1800000000}",
         NOW - 30, SK_TOKEN_NOT_YET, SK_TOKEN_OK);
    edge("{\"sub\":\"ann\",\"exp\":1900000000,\"nbf\":1800000000,\"iat\":1}",
         NOW - 30, SK_TOKEN_NOT_YET, SK_TOKEN_OK);

    /* no second is left in which it is good: it has expired */

    is(make(BY_SECRET, HS256, "{\"sub\":\"ann\",\"exp\":1,\"nbf\":1900000000}"),
       SK_TOKEN_EXPIRED);

    rules.leeway_s = 0;
    edge(SECONDS("1800000000"), NOW, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    edge("{\"sub\":\"ann\",\"exp\":1900000000,\"nbf\":1800000000}", NOW,
         SK_TOKEN_NOT_YET, SK_TOKEN_OK);
    rules.leeway_s = 600;
    edge(SECONDS("1800000000"), NOW + 600, SK_TOKEN_OK, SK_TOKEN_EXPIRED);
    assert_int_equal(said.until, NOW + 600);

    is(make(BY_SECRET, HS256, "{\"sub\":\"ann\"}"), SK_TOKEN_BAD_TIME);
    is(make(BY_SECRET, HS256, "{\"sub\":\"ann\",\"nbf\":1,\"iat\":1}"),
       SK_TOKEN_BAD_TIME);
    is(make(BY_SECRET, HS256, SECONDS("1e309")), SK_TOKEN_MALFORMED);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void) sprintf(payload, SECONDS("%s"), wrong[i]);
        is(make(BY_SECRET, HS256, payload), SK_TOKEN_BAD_TIME);

        (void) sprintf(payload, "{\"sub\":\"ann\",\"exp\":1800000600,"
                       "\"nbf\":%s}", wrong[i]);
        is(make(BY_SECRET, HS256, payload), SK_TOKEN_BAD_TIME);

        (void) sprintf(payload, "{\"sub\":\"ann\",\"exp\":1800000600,"
                       "\"nbf\":1,\"iat\":%s}", wrong[i]);
        is(make(BY_SECRET, HS256, payload), SK_TOKEN_BAD_TIME);
    }
}


static void
claim(const char *member, sk_token_error_e error)
{
    char  payload[512];

    (void) sprintf(payload, "{\"sub\":\"ann\",\"exp\":1800000600%s%s}",
                   *member ? "," : "", member);
    is(make(BY_SECRET, HS256, payload), error);
}


static void
test_issuer_audience(void **state)
{
    (void) state;

    use_all();

    claim("\"iss\":1,\"aud\":1", SK_TOKEN_OK);

    rules.iss = "https://login";
    claim("", SK_TOKEN_BAD_ISSUER);
    claim("\"iss\":\"https://logi\"", SK_TOKEN_BAD_ISSUER);
    claim("\"iss\":\"https://login/\"", SK_TOKEN_BAD_ISSUER);
    claim("\"iss\":\"HTTPS://login\"", SK_TOKEN_BAD_ISSUER);
    claim("\"iss\":\"\"", SK_TOKEN_BAD_ISSUER);
    claim("\"iss\":[\"https://login\"]", SK_TOKEN_BAD_ISSUER);
    claim("\"iss\":\"https:\\/\\/login\"", SK_TOKEN_OK);

    rules.iss = NULL;
    rules.aud = "shop";
    claim("", SK_TOKEN_BAD_AUDIENCE);
    claim("\"aud\":\"shops\"", SK_TOKEN_BAD_AUDIENCE);
    claim("\"aud\":[]", SK_TOKEN_BAD_AUDIENCE);
    claim("\"aud\":[[\"shop\"],1,\"a\"]", SK_TOKEN_BAD_AUDIENCE);
    claim("\"aud\":{\"shop\":\"shop\"}", SK_TOKEN_BAD_AUDIENCE);
    claim("\"aud\":\"shop\"", SK_TOKEN_OK);
    claim("\"aud\":[1,\"a\",\"shop\"]", SK_TOKEN_OK);

    rules.iss = "me";
    claim("\"aud\":\"shop\"", SK_TOKEN_BAD_ISSUER);
    claim("\"aud\":\"shop\",\"iss\":\"me\"", SK_TOKEN_OK);
}


static void
user(const char *value, const char *is)
{
    char  payload[1024];

    (void) sprintf(payload, "{\"sub\":%s,\"exp\":1800000600}", value);
    is_user(make(BY_SECRET, HS256, payload), is);
}


static void
no_user(const char *value)
{
    char  payload[1024];

    (void) sprintf(payload, "{\"sub\":%s,\"exp\":1800000600}", value);
    is(make(BY_SECRET, HS256, payload), SK_TOKEN_BAD_USER);
}


static void
test_user(void **state)
{
    char  name[130], quoted[140];

    (void) state;

    use_all();

    user("\"a\"", "a");
    user("\"\xe5\xbc\xa0 \\\"\\u00e9\\\\\"", "\xe5\xbc\xa0 \"\xc3\xa9\\");
    user("42", "42");
    user("0", "0");
    user("-7", "-7");
    user("9223372036854775807", "9223372036854775807");
    user("-9223372036854775808", "-9223372036854775808");

    memset(name, 'n', 129);
    name[128] = '\0';
    (void) sprintf(quoted, "\"%s\"", name);
    user(quoted, name);
    name[128] = 'n';
    name[129] = '\0';
    (void) sprintf(quoted, "\"%s\"", name);
    no_user(quoted);

    no_user("\"\"");
    no_user("1.0");
    no_user("null");
    no_user("true");
    no_user("[\"ann\"]");
    no_user("{\"sub\":\"ann\"}");
    no_user("\"a\\r\\nX-Admin: 1\"");
    no_user("\"\\u007f\"");
    no_user("\"\\u001f\"");

    rules.claim = "https://shop/uid";
    is(make(BY_SECRET, HS256, GOOD), SK_TOKEN_BAD_USER);
    is_user(make(BY_SECRET, HS256, "{\"sub\":\"ann\",\"https://shop/uid\":12,"
                 "\"exp\":1800000600}"), "12");
}


/* the same signature, written in another way */

static void
test_signatures(void **state)
{
    int       i, carry;
    char     *text;
    size_t    size;
    uint8_t   sig[512], other[512];

    static const uint8_t  order[32] = {     /* of P-256 */
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
        0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
    };
    static const uint8_t  l[32] = {         /* of Ed25519, little-endian */
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
        0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10
    };

    (void) state;

    use_all();

#define refused(header, bin, size)                                            \
    is(signed_of(unsigned_of(header, GOOD), bin, size), SK_TOKEN_BAD_SIGNATURE)

    text = unsigned_of(ES256, GOOD);
    size = sign_pkey(ec, text, sig, sizeof(sig));
    refused(ES256, sig, size);
    size = sign_ec(text, sig);
    is(signed_of(text, sig, size), SK_TOKEN_OK);

    refused(ES256, sig, 63);
    refused(ES256, sig, 65);
    refused(ES256, sig, 0);

    memcpy(other, sig, 64);
    memset(other, 0, 32);
    refused(ES256, other, 64);
    memset(other + 32, 0, 32);
    refused(ES256, other, 64);
    memcpy(other, sig, 32);
    refused(ES256, other, 64);
    memcpy(other, order, 32);
    memcpy(other + 32, sig + 32, 32);
    refused(ES256, other, 64);
    memset(other, 0xff, 64);
    refused(ES256, other, 64);

    text = unsigned_of(EDDSA, GOOD);
    size = sign(BY_ED25519, text, sig);
    free(text);
    refused(EDDSA, sig, 63);
    refused(EDDSA, sig, 65);
    refused(EDDSA, sig, 0);

    for (i = 0, carry = 0; i < 32; i++) {
        carry += sig[32 + i] + l[i];
        sig[32 + i] = (uint8_t) carry;
        carry >>= 8;
    }

    refused(EDDSA, sig, 64);
    memset(sig, 0, 64);
    refused(EDDSA, sig, 64);

    text = unsigned_of(RS256, GOOD);
    size = sign(BY_RSA, text, sig);
    free(text);
    assert_int_equal(size, 256);
    refused(RS256, sig, 255);
    refused(RS256, sig, 0);
    memcpy(other + 1, sig, 256);
    other[0] = 0;
    refused(RS256, other, 257);
    memset(other, 0, 256);
    refused(RS256, other, 256);
    other[255] = 1;
    refused(RS256, other, 256);

    text = unsigned_of(HS256, GOOD);
    size = sign(BY_SECRET, text, sig);
    free(text);
    refused(HS256, sig, 31);
    refused(HS256, sig, 33);
    refused(HS256, sig, 0);
    memset(other, 'a', sizeof(other));
    refused(HS256, other, 512);
}


/* OpenSSL's queue is nginx's, too: nothing is left in it */

static void
test_openssl_queue(void **state)
{
    uint8_t  sig[256];

    (void) state;

    memset(sig, 0xff, sizeof(sig));
    use_all();
    ERR_clear_error();

    is(signed_of(unsigned_of(RS256, GOOD), sig, 256), SK_TOKEN_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
    is(signed_of(unsigned_of(ES256, GOOD), sig, 64), SK_TOKEN_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
}


/* any bytes, and good tokens with some of them changed */

static void
test_random(void **state)
{
    int      i, j;
    char    *token, copy[TOKEN_SIZE];
    size_t   len, at;

    (void) state;

    use_all();
    srandom(1);

    token = make(BY_SECRET, HS256, GOOD);
    len = strlen(token);

    for (i = 0; i < 20000; i++) {
        memcpy(copy, token, len);

        for (j = 0; j < 1 + i % 4; j++) {
            at = (size_t) random() % len;
            copy[at] = (char) random();
        }

        if (memcmp(copy, token, len) != 0
            && verify_bytes(copy, len, NOW) == SK_TOKEN_OK)
        {
            fail_msg("%.*s", (int) len, copy);
        }
    }

    free(token);
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
        cmocka_unit_test(test_rfc),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_confusion),
        cmocka_unit_test(test_own_key),
        cmocka_unit_test(test_kid),
        cmocka_unit_test(test_known_header),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_issuer_audience),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_openssl_queue),
        cmocka_unit_test(test_random)
    };

    return cmocka_run_group_tests(tests, keys_make, end);
}
