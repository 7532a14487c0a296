#include <stdio.h>
#include <strings.h>

#include "sk_token_alg.h"
#include "sk_token_base64.h"


/* the three parts of a token, still in base64url */

typedef struct {
    const char  *header;
    size_t       header_len;
    const char  *payload;
    size_t       payload_len;
    const char  *signature;
    size_t       signature_len;
} sk_token_parts_t;


static sk_token_error_e sk_token_open(sk_token_keys_t *keys, const char *text,
    size_t len, unsigned receipt, json_t **claims);
static int sk_token_split(sk_token_parts_t *parts, const char *text,
    size_t len);
static sk_token_error_e sk_token_header(sk_token_keys_t *keys,
    const sk_token_parts_t *parts, unsigned receipt, sk_token_key_t **key);
static sk_token_error_e sk_token_key(sk_token_keys_t *keys, json_t *header,
    sk_token_key_t **key);
static sk_token_error_e sk_token_key_alone(sk_token_keys_t *keys,
    const char *alg, sk_token_key_t **key);
static sk_token_error_e sk_token_signature(sk_token_key_t *key,
    const sk_token_parts_t *parts);
static void sk_token_keep(sk_token_keys_t *keys, sk_token_key_t *key,
    const sk_token_parts_t *parts);
static sk_token_error_e sk_token_claims(const sk_token_rules_t *rules,
    json_t *claims, int64_t now, sk_token_t *token);
static sk_token_error_e sk_token_times(json_t *claims, int64_t leeway_s,
    sk_token_t *token);
static int sk_token_time(json_t *value, int64_t *s);
static unsigned sk_token_issued(json_t *claim, const char *iss);
static unsigned sk_token_meant(json_t *claim, const char *aud);
static int sk_token_user(json_t *claim, sk_token_t *token);
static json_t *sk_token_json(const char *text, size_t len);


const sk_token_error_t  sk_token_errors[SK_TOKEN_ERROR_N] = {
#define X(constant, word, text)  { word, text },
    SK_TOKEN_TABLE(X)
#undef X
};


sk_token_error_e
sk_token_verify(const sk_token_rules_t *rules, const char *text, size_t len,
    int64_t now, sk_token_t *token)
{
    json_t            *claims;
    sk_token_error_e   error;

    error = sk_token_open(rules->keys, text, len, 0, &claims);

    if (error == SK_TOKEN_OK) {
        error = sk_token_claims(rules, claims, now, token);
        json_decref(claims);
    }

    return error;
}


sk_token_error_e
sk_token_receipt(sk_token_keys_t *keys, const char *text, size_t len,
    json_t **claims)
{
    return sk_token_open(keys, text, len, 1, claims);
}


static sk_token_error_e
sk_token_open(sk_token_keys_t *keys, const char *text, size_t len,
    unsigned receipt, json_t **claims)
{
    sk_token_key_t    *key;
    sk_token_error_e   error;
    sk_token_parts_t   parts;

    if (len == 0) {
        return SK_TOKEN_MISSING;
    }

    if (len > SK_TOKEN_SIZE_MAX) {
        return SK_TOKEN_TOO_LARGE;
    }

    if (sk_token_split(&parts, text, len) != SK_OK) {
        return SK_TOKEN_MALFORMED;
    }

    error = sk_token_header(keys, &parts, receipt, &key);

    if (error == SK_TOKEN_OK) {
        error = sk_token_signature(key, &parts);
    }

    if (error != SK_TOKEN_OK) {
        return error;
    }

    if (!receipt) {
        sk_token_keep(keys, key, &parts);
    }

    *claims = sk_token_json(parts.payload, parts.payload_len);

    return *claims ? SK_TOKEN_OK : SK_TOKEN_MALFORMED;
}


static int
sk_token_split(sk_token_parts_t *parts, const char *text, size_t len)
{
    const char  *dot, *last;

    last = text + len;

    dot = memchr(text, '.', len);
    if (dot == NULL) {
        return SK_ERROR;
    }

    parts->header = text;
    parts->header_len = dot - text;
    parts->payload = dot + 1;

    dot = memchr(parts->payload, '.', last - parts->payload);
    if (dot == NULL) {
        return SK_ERROR;
    }

    parts->payload_len = dot - parts->payload;
    parts->signature = dot + 1;
    parts->signature_len = last - parts->signature;

    return memchr(parts->signature, '.', parts->signature_len) ? SK_ERROR
                                                               : SK_OK;
}


static sk_token_error_e
sk_token_header(sk_token_keys_t *keys, const sk_token_parts_t *parts,
    unsigned receipt, sk_token_key_t **key)
{
    json_t            *header;
    const char        *type;
    sk_token_error_e   error;

    /* one that was kept is of no receipt */

    if (!receipt && keys->last && parts->header_len == keys->header_len
        && memcmp(parts->header, keys->header, keys->header_len) == 0)
    {
        *key = keys->last;
        return SK_TOKEN_OK;
    }

    header = sk_token_json(parts->header, parts->header_len);
    if (header == NULL) {
        return SK_TOKEN_MALFORMED;
    }

    type = json_string_value(json_object_get(header, "typ"));

    if ((type && strcasecmp(type, SK_TOKEN_RECEIPT_TYPE) == 0) != receipt) {
        error = receipt ? SK_TOKEN_MALFORMED : SK_TOKEN_IS_RECEIPT;

    } else if (json_object_get(header, "crit")) {

        /* whatever it lists: none is understood here, RFC 7515, 4.1.11 */

        error = SK_TOKEN_CRITICAL;

    } else {
        error = sk_token_key(keys, header, key);
    }

    json_decref(header);

    return error;
}


/* keys that come with the token, in "jwk", "jku", "x5c", are nobody's */

static sk_token_error_e
sk_token_key(sk_token_keys_t *keys, json_t *header, sk_token_key_t **key)
{
    json_t      *kid;
    unsigned     i;
    const char  *alg;

    alg = json_string_value(json_object_get(header, "alg"));
    kid = json_object_get(header, "kid");

    if (alg == NULL || (kid && !json_is_string(kid))) {
        return SK_TOKEN_MALFORMED;
    }

    if (kid == NULL) {
        return sk_token_key_alone(keys, alg, key);
    }

    for (i = 0; i < keys->n; i++) {
        *key = &keys->key[i];

        if ((*key)->kid && strcmp((*key)->kid, json_string_value(kid)) == 0) {
            return sk_token_alg_is((*key)->alg, alg) ? SK_TOKEN_OK
                                                     : SK_TOKEN_BAD_ALG;
        }
    }

    return SK_TOKEN_UNKNOWN_KEY;
}


/* of several keys, a token has to say which one it means */

static sk_token_error_e
sk_token_key_alone(sk_token_keys_t *keys, const char *alg,
    sk_token_key_t **key)
{
    unsigned  i, n;

    n = 0;

    for (i = 0; i < keys->n; i++) {
        if (sk_token_alg_is(keys->key[i].alg, alg)) {
            *key = &keys->key[i];
            n++;
        }
    }

    return (n == 0) ? SK_TOKEN_BAD_ALG
                    : (n == 1) ? SK_TOKEN_OK : SK_TOKEN_UNKNOWN_KEY;
}


static sk_token_error_e
sk_token_signature(sk_token_key_t *key, const sk_token_parts_t *parts)
{
    size_t    size;
    uint8_t   signature[SK_TOKEN_SIGNATURE_MAX];

    if (sk_token_base64_decode(signature, sizeof(signature), parts->signature,
                               parts->signature_len, &size)
        != SK_OK)
    {
        return SK_TOKEN_BAD_SIGNATURE;
    }

    return (key->alg->verify(key, parts->header,
                             parts->header_len + 1 + parts->payload_len,
                             signature, size)
            == SK_OK)
           ? SK_TOKEN_OK : SK_TOKEN_BAD_SIGNATURE;
}


static void
sk_token_keep(sk_token_keys_t *keys, sk_token_key_t *key,
    const sk_token_parts_t *parts)
{
    if (parts->header_len > SK_TOKEN_HEADER_KEPT) {
        return;
    }

    memcpy(keys->header, parts->header, parts->header_len);
    keys->header_len = parts->header_len;
    keys->last = key;
}


static sk_token_error_e
sk_token_claims(const sk_token_rules_t *rules, json_t *claims, int64_t now,
    sk_token_t *token)
{
    if (sk_token_times(claims, rules->leeway_s, token) != SK_TOKEN_OK) {
        return SK_TOKEN_BAD_TIME;
    }

    if (now >= token->until) {
        return SK_TOKEN_EXPIRED;
    }

    if (now < token->from) {
        return SK_TOKEN_NOT_YET;
    }

    if (rules->iss
        && !sk_token_issued(json_object_get(claims, "iss"), rules->iss))
    {
        return SK_TOKEN_BAD_ISSUER;
    }

    if (rules->aud
        && !sk_token_meant(json_object_get(claims, "aud"), rules->aud))
    {
        return SK_TOKEN_BAD_AUDIENCE;
    }

    return (sk_token_user(json_object_get(claims, rules->claim), token)
            == SK_OK)
           ? SK_TOKEN_OK : SK_TOKEN_BAD_USER;
}


static sk_token_error_e
sk_token_times(json_t *claims, int64_t leeway_s, sk_token_t *token)
{
    size_t    i;
    json_t   *value;
    int64_t   s;

    static const char *const  begins[] = { "nbf", "iat" };

    if (sk_token_time(json_object_get(claims, "exp"), &s) != SK_OK) {
        return SK_TOKEN_BAD_TIME;
    }

    token->until = s + leeway_s;
    token->from = 0;

    for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        value = json_object_get(claims, begins[i]);

        if (value == NULL) {
            continue;
        }

        if (sk_token_time(value, &s) != SK_OK) {
            return SK_TOKEN_BAD_TIME;
        }

        if (token->from < s - leeway_s) {
            token->from = s - leeway_s;
        }
    }

    return SK_TOKEN_OK;
}


/* a fraction is allowed: what happens within a second happens at its end */

static int
sk_token_time(json_t *value, int64_t *s)
{
    double  d;

    if (!json_is_number(value)) {
        return SK_ERROR;
    }

    d = json_number_value(value);

    if (!(d >= 0 && d <= SK_TOKEN_TIME_MAX)) {
        return SK_ERROR;
    }

    *s = (int64_t) d;
    *s += ((double) *s < d);

    return SK_OK;
}


static unsigned
sk_token_issued(json_t *claim, const char *iss)
{
    const char  *value;

    value = json_string_value(claim);

    return value && strcmp(value, iss) == 0;
}


/* one, or a list of them: RFC 7519, section 4.1.3 */

static unsigned
sk_token_meant(json_t *claim, const char *aud)
{
    size_t   i;
    json_t  *one;

    json_array_foreach(claim, i, one) {
        if (sk_token_issued(one, aud)) {
            return 1;
        }
    }

    return sk_token_issued(claim, aud);
}


/* no control characters: it may become a part of a header */

static int
sk_token_user(json_t *claim, sk_token_t *token)
{
    char         number[sizeof("-9223372036854775808")];
    size_t       i, len;
    const char  *user;

    if (json_is_integer(claim)) {
        (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
                        json_integer_value(claim));
        user = number;
        len = strlen(number);

    } else {
        user = json_string_value(claim);
        len = json_string_length(claim);
    }

    if (len == 0 || len > SK_USER_SIZE_MAX) {
        return SK_ERROR;
    }

    for (i = 0; i < len; i++) {
        if ((uint8_t) user[i] < 0x20 || user[i] == 0x7f) {
            return SK_ERROR;
        }
    }

    memcpy(token->user, user, len);
    token->user_len = (uint8_t) len;

    return SK_OK;
}


/* an object, or NULL: of what is there twice, nobody knows which one counts */

static json_t *
sk_token_json(const char *text, size_t len)
{
    size_t    size;
    json_t   *json;
    uint8_t   bin[SK_TOKEN_SIZE_MAX / 4 * 3];

    if (sk_token_base64_decode(bin, sizeof(bin), text, len, &size) != SK_OK) {
        return NULL;
    }

    json = json_loadb((char *) bin, size, JSON_REJECT_DUPLICATES, NULL);

    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }

    return json;
}
