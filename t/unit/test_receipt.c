/* Receipts: the key, what is signed, and that a token's verifier agrees */

#include "sk_test_token.h"
#include "sk_receipt.h"
#include "sk_token_base64.h"


/* RFC 8037, A.1 to A.3 */

#define D      "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\""
#define X      "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define OKP    "\"kty\":\"OKP\",\"crv\":\"Ed25519\""
#define THUMB  "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


static sk_receipt_key_t   *key;
static sk_token_reason_t   reason;


static int
read_key(const char *text)
{
    int      rc;
    char    *copy;
    size_t   len;

    sk_receipt_key_free(key);

    len = strlen(text);
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    strcpy(reason, "untouched");
    rc = sk_receipt_key_read(&key, copy, len, reason);

    free(copy);

    return rc;
}


static void
good(const char *text, const char *kid)
{
    char  set[512];

    if (read_key(text) != SK_OK) {
        fail_msg("%s: %s", text, reason);
    }

    (void) sprintf(set, "{\"keys\":[{" OKP ",\"alg\":\"EdDSA\",\"use\":\"sig\","
                   "\"kid\":\"%s\"," X "}]}", kid);
    assert_string_equal(sk_receipt_key_set(key), set);
    assert_string_equal(reason, "untouched");
}


static void
wrong(const char *words, const char *text)
{
    if (read_key(text) == SK_OK) {
        fail_msg("%s was accepted", text);
    }

    assert_null(key);
    assert_string_equal(reason, words);
}


static void
test_keys(void **state)
{
    (void) state;

    good("{" OKP "," D "," X "}", THUMB);
    good("{" OKP "," D "," X ",\"kid\":\"a b\",\"alg\":\"EdDSA\","
         "\"use\":\"sig\",\"key_ops\":[\"sign\"]}", "a b");
    good("{" OKP "," D "," X ",\"alg\":\"Ed25519\"}", THUMB);

#define KIND    "is not a key of Ed25519: \"kty\":\"OKP\", \"crv\":\"Ed25519\""
#define MEMBER  "has a wrong member, allowed: \"alg\":\"EdDSA\","            \
                " \"use\":\"sig\", a string \"kid\""
#define BYTES   ", allowed: 32 bytes in base64url without padding"
#define JSON    "is not a JWK: a JSON object with nothing twice"

    wrong(JSON, "");
    wrong(JSON, "[]");
    wrong(JSON, "{" OKP "," D "," D "," X "}");
    wrong(JSON, "{" OKP "," D "," X "} x");
    wrong(KIND, "{}");
    wrong(KIND, "{\"keys\":[{" OKP "," D "," X "}]}");
    wrong(KIND, "{\"kty\":\"OKP\",\"crv\":\"X25519\"," D "," X "}");
    wrong(KIND, "{\"kty\":\"oct\",\"crv\":\"Ed25519\"," D "," X "}");
    wrong(MEMBER, "{" OKP "," D "," X ",\"alg\":\"ES256\"}");
    wrong(MEMBER, "{" OKP "," D "," X ",\"alg\":1}");
    wrong(MEMBER, "{" OKP "," D "," X ",\"use\":\"enc\"}");
    wrong(MEMBER, "{" OKP "," D "," X ",\"kid\":1}");
    wrong("has no good \"d\"" BYTES, "{" OKP "," X "}");
    wrong("has no good \"d\"" BYTES, "{" OKP "," X ",\"d\":\"AAAA\"}");
    wrong("has no good \"x\"" BYTES, "{" OKP "," D "}");
    wrong("has no good \"x\"" BYTES, "{" OKP "," D ",\"x\":1}");
    wrong("has an \"x\" that is not the public key of its \"d\"",
          "{" OKP "," D ",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURA"
          "\"}");
}


/* the payload, decoded */

static void
payload_is(const char *token, const char *json)
{
    char         text[2048];
    size_t       len;
    const char  *dot, *last;

    dot = strchr(token, '.') + 1;
    last = strchr(dot, '.');
    assert_int_equal(sk_token_base64_decode((uint8_t *) text, sizeof(text) - 1,
                                            dot, last - dot, &len),
                     SK_OK);
    text[len] = '\0';
    assert_string_equal(text, json);
}


static void
of_any_length(sk_receipt_t *receipt, sk_token_keys_t *keys)
{
    int      i;
    char    *token;
    json_t  *claims;

    for (i = 0; i < 200; i++) {
        receipt->user = receipt->iss = SECRET SECRET SECRET SECRET SECRET
                                       SECRET SECRET;
        receipt->user_len = 1 + i % SK_USER_SIZE_MAX;
        receipt->iss_len = i;
        token = sk_receipt_sign(key, receipt);
        assert_non_null(token);
        assert_int_equal(sk_token_receipt(keys, token, strlen(token), &claims),
                         SK_TOKEN_OK);
        assert_int_equal(json_string_length(json_object_get(claims, "sub")),
                         receipt->user_len);
        json_decref(claims);
        free(token);
    }
}


static void
test_sign(void **state)
{
    char                  *token;
    json_t                *claims;
    sk_token_t             said;
    sk_receipt_t           receipt;
    sk_token_rules_t       rules;
    sk_token_keys_info_t   info;

    (void) state;

    good("{" OKP "," D "," X "}", THUMB);

    memset(&receipt, 0, sizeof(receipt));
    receipt.iss = "https://shopX";
    receipt.iss_len = 12;
    receipt.user = "a\"\xff\xe5\xbc\xa0Y";
    receipt.user_len = 6;
    receipt.sale = "phoneX";
    receipt.sale_len = 5;
    receipt.result = "won";
    receipt.state = "held";
    receipt.order = 17;
    receipt.iat = NOW;
    receipt.exp = NOW + 60;
    receipt.head.number = 18;
    memset(receipt.head.chain, 0xab, SK_CHAIN_SIZE);

    token = sk_receipt_sign(key, &receipt);
    assert_non_null(token);
    payload_is(token, "{\"iss\":\"https://shop\",\"sub\":\"a\\\"\xef\xbf\xbd"
               "\xe5\xbc\xa0\",\"sale\":\"phone\",\"result\":\"won\","
               "\"iat\":1800000000,\"exp\":1800000060,\"order\":17,"
               "\"state\":\"held\",\"head\":{\"number\":18,\"chain\":\""
               "abababababababababababababababab"
               "abababababababababababababababab\"}}");

    memset(&rules, 0, sizeof(rules));
    rules.claim = "sub";
    rules.iss = "https://shop";
    assert_int_equal(sk_token_keys_read(&rules.keys, sk_receipt_key_set(key),
                                        strlen(sk_receipt_key_set(key)), &info,
                                        reason),
                     SK_OK);
    assert_false(info.secret);

    /* who is shown one is not to be taken for its user */

    assert_int_equal(sk_token_verify(&rules, token, strlen(token), NOW, &said),
                     SK_TOKEN_IS_RECEIPT);
    assert_int_equal(sk_token_receipt(rules.keys, token, strlen(token),
                                      &claims), SK_TOKEN_OK);
    assert_int_equal(sk_token_verify(&rules, token, strlen(token), NOW, &said),
                     SK_TOKEN_IS_RECEIPT);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")),
                     NOW + 60);
    json_decref(claims);
    free(token);

    receipt.order_sale = "deskX";
    receipt.order_sale_len = 4;
    receipt.user_len = 1;
    receipt.head.number = 0;
    token = sk_receipt_sign(key, &receipt);
    assert_non_null(token);
    payload_is(token, "{\"iss\":\"https://shop\",\"sub\":\"a\","
               "\"sale\":\"phone\",\"result\":\"won\","
               "\"iat\":1800000000,\"exp\":1800000060,\"order\":17,"
               "\"state\":\"held\",\"order_sale\":\"desk\"}");
    free(token);
    receipt.order_sale = NULL;

    /* who has lost has no order; of an empty ledger nothing is known */

    receipt.state = NULL;
    receipt.result = "sold_out";
    receipt.head.number = 0;
    receipt.user_len = 1;
    token = sk_receipt_sign(key, &receipt);
    assert_non_null(token);
    payload_is(token, "{\"iss\":\"https://shop\",\"sub\":\"a\","
               "\"sale\":\"phone\",\"result\":\"sold_out\","
               "\"iat\":1800000000,\"exp\":1800000060}");
    free(token);

    of_any_length(&receipt, rules.keys);

    sk_token_keys_free(rules.keys);
}


/* a head is signed for ever, and is no buyer's receipt */

static void
test_head(void **state)
{
    char                  *token;
    sk_token_t             said;
    sk_receipt_head_t      head;
    sk_token_rules_t       rules;
    sk_token_keys_info_t   info;

    (void) state;

    good("{" OKP "," D "," X "}", THUMB);

    memset(&head, 0, sizeof(head));
    head.iss = "https://shopX";
    head.iss_len = 12;
    head.zone = "dropX";
    head.zone_len = 4;
    head.iat = NOW;

#define ZEROS  "00000000000000000000000000000000"                            \
               "00000000000000000000000000000000"

    token = sk_receipt_sign_head(key, &head);
    assert_non_null(token);
    payload_is(token, "{\"iss\":\"https://shop\",\"zone\":\"drop\","
               "\"iat\":1800000000,\"head\":{\"number\":0,\"chain\":\"" ZEROS
               "\"}}");

    memset(&rules, 0, sizeof(rules));
    rules.claim = "sub";
    assert_int_equal(sk_token_keys_read(&rules.keys, sk_receipt_key_set(key),
                                        strlen(sk_receipt_key_set(key)), &info,
                                        reason),
                     SK_OK);
    assert_int_equal(sk_token_verify(&rules, token, strlen(token), NOW, &said),
                     SK_TOKEN_IS_RECEIPT);
    free(token);

    head.head.number = 18;
    memset(head.head.chain, 0xab, SK_CHAIN_SIZE);
    token = sk_receipt_sign_head(key, &head);
    assert_non_null(token);
    payload_is(token, "{\"iss\":\"https://shop\",\"zone\":\"drop\","
               "\"iat\":1800000000,\"head\":{\"number\":18,\"chain\":\""
               "abababababababababababababababab"
               "abababababababababababababababab\"}}");
    free(token);

    sk_token_keys_free(rules.keys);
}


static int
end(void **state)
{
    sk_receipt_key_free(key);

    return keys_free(state);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_head)
    };

    return cmocka_run_group_tests(tests, keys_make, end);
}
