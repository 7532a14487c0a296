#include <stdio.h>
#include <stdlib.h>
#include <jansson.h>
#include <sodium.h>

#include "sk_json.h"
#include "sk_receipt.h"
#include "sk_token.h"
#include "sk_token_base64.h"


#define SK_RECEIPT_BASE64(len)                                               \
    sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING)


struct sk_receipt_key_s {
    uint8_t   secret[crypto_sign_SECRETKEYBYTES];
    char     *header;           /* in base64url, with the dot behind it */
    char     *set;
};


static int sk_receipt_key_members(sk_receipt_key_t *key, json_t *jwk,
    sk_token_reason_t reason);
static int sk_receipt_key_bytes(json_t *jwk, const char *name,
    uint8_t bin[crypto_sign_SEEDBYTES], sk_token_reason_t reason);
static unsigned sk_receipt_key_is(json_t *jwk, const char *name,
    const char *value, unsigned required);
static int sk_receipt_key_texts(sk_receipt_key_t *key, json_t *jwk);
static char *sk_receipt_seal(const sk_receipt_key_t *key, json_t *json);
static json_t *sk_receipt_claims(const sk_receipt_t *receipt);
static json_t *sk_receipt_head(const sk_head_t *head);
static void sk_receipt_base64(char *text, size_t size, const void *bin,
    size_t len);


int
sk_receipt_key_read(sk_receipt_key_t **key, const char *text, size_t len,
    sk_token_reason_t reason)
{
    int      rc;
    json_t  *jwk;

    rc = SK_ERROR;

    *key = calloc(1, sizeof(sk_receipt_key_t));
    jwk = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    if (*key == NULL || sodium_init() == -1) {
        strcpy(reason, "there is no memory");

    } else if (!json_is_object(jwk)) {
        strcpy(reason, "is not a JWK: a JSON object with nothing twice");

    } else {
        rc = sk_receipt_key_members(*key, jwk, reason);

        if (rc == SK_OK && sk_receipt_key_texts(*key, jwk) != SK_OK) {
            strcpy(reason, "there is no memory");
            rc = SK_ERROR;
        }
    }

    json_decref(jwk);

    if (rc != SK_OK) {
        sk_receipt_key_free(*key);
        *key = NULL;
    }

    return rc;
}


void
sk_receipt_key_free(sk_receipt_key_t *key)
{
    if (key == NULL) {
        return;
    }

    free(key->header);
    free(key->set);
    sodium_memzero(key, sizeof(sk_receipt_key_t));
    free(key);
}


const char *
sk_receipt_key_set(const sk_receipt_key_t *key)
{
    return key->set;
}


static int
sk_receipt_key_members(sk_receipt_key_t *key, json_t *jwk,
    sk_token_reason_t reason)
{
    uint8_t  seed[crypto_sign_SEEDBYTES], x[crypto_sign_PUBLICKEYBYTES],
             public[crypto_sign_PUBLICKEYBYTES];

    if (!sk_receipt_key_is(jwk, "kty", "OKP", 1)
        || !sk_receipt_key_is(jwk, "crv", "Ed25519", 1))
    {
        strcpy(reason, "is not a key of Ed25519: \"kty\":\"OKP\","
               " \"crv\":\"Ed25519\"");
        return SK_ERROR;
    }

    if ((!sk_receipt_key_is(jwk, "alg", "EdDSA", 0)
         && !sk_receipt_key_is(jwk, "alg", "Ed25519", 0))
        || !sk_receipt_key_is(jwk, "use", "sig", 0)
        || (json_object_get(jwk, "kid")
            && !json_is_string(json_object_get(jwk, "kid"))))
    {
        strcpy(reason, "has a wrong member, allowed: \"alg\":\"EdDSA\","
               " \"use\":\"sig\", a string \"kid\"");
        return SK_ERROR;
    }

    if (sk_receipt_key_bytes(jwk, "x", x, reason) != SK_OK
        || sk_receipt_key_bytes(jwk, "d", seed, reason) != SK_OK)
    {
        return SK_ERROR;
    }

    (void) crypto_sign_seed_keypair(public, key->secret, seed);
    sodium_memzero(seed, sizeof(seed));

    if (memcmp(public, x, sizeof(x)) != 0) {
        strcpy(reason, "has an \"x\" that is not the public key of its \"d\"");
        return SK_ERROR;
    }

    return SK_OK;
}


static int
sk_receipt_key_bytes(json_t *jwk, const char *name,
    uint8_t bin[crypto_sign_SEEDBYTES], sk_token_reason_t reason)
{
    size_t   size;
    json_t  *member;

    member = json_object_get(jwk, name);

    if (json_is_string(member)
        && sk_token_base64_decode(bin, crypto_sign_SEEDBYTES,
                                  json_string_value(member),
                                  json_string_length(member), &size)
           == SK_OK
        && size == crypto_sign_SEEDBYTES)
    {
        return SK_OK;
    }

    (void) snprintf(reason, SK_TOKEN_REASON_SIZE, "has no good \"%s\", allowed:"
                    " 32 bytes in base64url without padding", name);

    return SK_ERROR;
}


static unsigned
sk_receipt_key_is(json_t *jwk, const char *name, const char *value,
    unsigned required)
{
    json_t  *member;

    member = json_object_get(jwk, name);

    return member ? json_is_string(member)
                    && strcmp(json_string_value(member), value) == 0
                  : !required;
}


/* what is the same in all receipts.  The default of "kid" is RFC 7638's. */

static int
sk_receipt_key_texts(sk_receipt_key_t *key, json_t *jwk)
{
    char         thumb[256], hash[SK_RECEIPT_BASE64(crypto_hash_sha256_BYTES)],
                *header;
    int          n;
    size_t       size;
    uint8_t      bin[crypto_hash_sha256_BYTES];
    const char  *kid, *x;

    x = json_string_value(json_object_get(jwk, "x"));
    kid = json_string_value(json_object_get(jwk, "kid"));

    if (kid == NULL) {
        n = snprintf(thumb, sizeof(thumb),
                     "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
        (void) crypto_hash_sha256(bin, (uint8_t *) thumb, (size_t) n);
        sk_receipt_base64(hash, sizeof(hash), bin, sizeof(bin));
        kid = hash;
    }

    key->set = sk_json_end(json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s}]}", "keys",
                                     "kty", "OKP", "crv", "Ed25519", "alg",
                                     "EdDSA", "use", "sig", "kid", kid, "x",
                                     x));
    header = sk_json_end(json_pack("{s:s,s:s,s:s}", "alg", "EdDSA", "typ",
                                   SK_TOKEN_RECEIPT_TYPE, "kid", kid));

    if (header) {
        size = SK_RECEIPT_BASE64(strlen(header)) + 1;
        key->header = malloc(size);

        if (key->header) {
            sk_receipt_base64(key->header, size, header, strlen(header));
            strcat(key->header, ".");
        }

        free(header);
    }

    return (key->set && key->header) ? SK_OK : SK_ERROR;
}


char *
sk_receipt_sign(const sk_receipt_key_t *key, const sk_receipt_t *receipt)
{
    return sk_receipt_seal(key, sk_receipt_claims(receipt));
}


char *
sk_receipt_sign_head(const sk_receipt_key_t *key, const sk_receipt_head_t *head)
{
    return sk_receipt_seal(key,
               json_pack("{s:o,s:o,s:I,s:o}",
                         "iss", sk_json_text(head->iss, head->iss_len),
                         "zone", sk_json_text(head->zone, head->zone_len),
                         "iat", (json_int_t) head->iat,
                         "head", sk_receipt_head(&head->head)));
}


/* "json" is no more; NULL: there was no memory */

static char *
sk_receipt_seal(const sk_receipt_key_t *key, json_t *json)
{
    char     *claims, *text;
    size_t    len, size;
    uint8_t   signature[crypto_sign_BYTES];

    claims = sk_json_end(json);

    if (claims == NULL) {
        return NULL;
    }

    len = strlen(key->header);
    size = len + SK_RECEIPT_BASE64(strlen(claims))
           + SK_RECEIPT_BASE64(sizeof(signature));

    text = malloc(size);

    if (text) {
        memcpy(text, key->header, len);
        sk_receipt_base64(text + len, size - len, claims, strlen(claims));

        len = strlen(text);
        (void) crypto_sign_detached(signature, NULL, (uint8_t *) text, len,
                                    key->secret);

        text[len++] = '.';
        sk_receipt_base64(text + len, size - len, signature,
                          sizeof(signature));
    }

    free(claims);

    return text;
}


static json_t *
sk_receipt_claims(const sk_receipt_t *receipt)
{
    int      rc;
    json_t  *claims;

    claims = json_pack("{s:o,s:o,s:o,s:s,s:I,s:I}",
                       "iss", sk_json_text(receipt->iss, receipt->iss_len),
                       "sub", sk_json_text(receipt->user, receipt->user_len),
                       "sale", sk_json_text(receipt->sale, receipt->sale_len),
                       "result", receipt->result,
                       "iat", (json_int_t) receipt->iat,
                       "exp", (json_int_t) receipt->exp);

    rc = claims ? 0 : -1;

    if (rc == 0 && receipt->state) {
        rc |= json_object_set_new(claims, "order",
                                  json_integer((json_int_t) receipt->order));
        rc |= json_object_set_new(claims, "state",
                                  json_string(receipt->state));
    }

    if (rc == 0 && receipt->order_sale) {
        rc |= json_object_set_new(claims, "order_sale",
                                  sk_json_text(receipt->order_sale,
                                               receipt->order_sale_len));
    }

    if (rc == 0 && receipt->head.number) {
        rc |= json_object_set_new(claims, "head",
                                  sk_receipt_head(&receipt->head));
    }

    if (rc != 0) {
        json_decref(claims);
        return NULL;
    }

    return claims;
}


static json_t *
sk_receipt_head(const sk_head_t *head)
{
    char  chain[SK_CHAIN_HEX_SIZE];

    (void) sodium_bin2hex(chain, sizeof(chain), head->chain, SK_CHAIN_SIZE);

    return json_pack("{s:I,s:s}", "number", (json_int_t) head->number,
                     "chain", chain);
}


static void
sk_receipt_base64(char *text, size_t size, const void *bin, size_t len)
{
    (void) sodium_bin2base64(text, size, bin, len,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
