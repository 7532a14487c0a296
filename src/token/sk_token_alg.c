#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "sk_token_alg.h"
#include "sk_token_base64.h"


#define SK_TOKEN_COORDINATE     32      /* bytes, of a point of P-256 */
#define SK_TOKEN_EXPONENT_MAX    8      /* bytes, of an RSA key's "e" */


static int sk_token_alg_hs256_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason);
static int sk_token_alg_hs256_verify(sk_token_key_t *key, const char *text,
    size_t len, const uint8_t *signature, size_t size);
static int sk_token_alg_eddsa_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason);
static int sk_token_alg_eddsa_verify(sk_token_key_t *key, const char *text,
    size_t len, const uint8_t *signature, size_t size);
static int sk_token_alg_rs256_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason);
static int sk_token_alg_rs256_numbers(json_t *jwk, BIGNUM **n, BIGNUM **e,
    sk_token_reason_t reason);
static int sk_token_alg_es256_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason);
static int sk_token_alg_es256_verify(sk_token_key_t *key, const char *text,
    size_t len, const uint8_t *signature, size_t size);
static int sk_token_alg_pkey(sk_token_key_t *key, const char *type,
    OSSL_PARAM_BLD *build);
static int sk_token_alg_pkey_verify(sk_token_key_t *key, const char *text,
    size_t len, const uint8_t *signature, size_t size);
static int sk_token_alg_member(json_t *jwk, const char *name, uint8_t *bin,
    size_t min, size_t max, size_t *size, sk_token_reason_t reason);
static int sk_token_alg_wrong(sk_token_reason_t reason, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


static const sk_token_alg_t  sk_token_algs[] = {

    { "HS256", NULL, "oct", NULL,
      sk_token_alg_hs256_import, sk_token_alg_hs256_verify },

    { "EdDSA", "Ed25519", "OKP", "Ed25519",
      sk_token_alg_eddsa_import, sk_token_alg_eddsa_verify },

    { "RS256", NULL, "RSA", NULL,
      sk_token_alg_rs256_import, sk_token_alg_pkey_verify },

    { "ES256", NULL, "EC", "P-256",
      sk_token_alg_es256_import, sk_token_alg_es256_verify }
};

#define SK_TOKEN_ALG_N  (sizeof(sk_token_algs) / sizeof(sk_token_algs[0]))


const sk_token_alg_t *
sk_token_alg_find(const char *kty, const char *crv)
{
    size_t                 i;
    const sk_token_alg_t  *alg;

    for (i = 0; i < SK_TOKEN_ALG_N; i++) {
        alg = &sk_token_algs[i];

        if (strcmp(alg->kty, kty) == 0
            && (alg->crv == NULL || (crv && strcmp(alg->crv, crv) == 0)))
        {
            return alg;
        }
    }

    return NULL;
}


unsigned
sk_token_alg_is(const sk_token_alg_t *alg, const char *name)
{
    return strcmp(alg->name, name) == 0
           || (alg->alias && strcmp(alg->alias, name) == 0);
}


unsigned
sk_token_alg_known(const char *name)
{
    size_t  i;

    for (i = 0; i < SK_TOKEN_ALG_N; i++) {
        if (sk_token_alg_is(&sk_token_algs[i], name)) {
            return 1;
        }
    }

    return 0;
}


unsigned
sk_token_alg_kty(const char *kty)
{
    size_t  i;

    for (i = 0; i < SK_TOKEN_ALG_N; i++) {
        if (strcmp(sk_token_algs[i].kty, kty) == 0) {
            return 1;
        }
    }

    return 0;
}


void
sk_token_alg_free(sk_token_key_t *key)
{
    EVP_MAC_CTX_free(key->hmac);
    EVP_PKEY_CTX_free(key->verify);
    free(key->kid);

    sodium_memzero(key, sizeof(sk_token_key_t));
}


static int
sk_token_alg_hs256_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason)
{
    int         rc;
    size_t      size;
    uint8_t     secret[SK_TOKEN_SECRET_MAX];
    EVP_MAC    *mac;
    OSSL_PARAM  params[2];

    if (sk_token_alg_member(jwk, "k", secret, SK_TOKEN_SECRET_MIN,
                            sizeof(secret), &size, reason)
        != SK_OK)
    {
        return SK_ERROR;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key->hmac = EVP_MAC_CTX_new(mac);

    rc = (key->hmac && EVP_MAC_init(key->hmac, secret, size, params))
         ? SK_OK
         : sk_token_alg_wrong(reason, "cannot be used: OpenSSL has no HMAC");

    EVP_MAC_free(mac);
    ERR_clear_error();
    sodium_memzero(secret, sizeof(secret));

    return rc;
}


static int
sk_token_alg_hs256_verify(sk_token_key_t *key, const char *text, size_t len,
    const uint8_t *signature, size_t size)
{
    int           rc;
    size_t        n;
    uint8_t       mac[EVP_MAX_MD_SIZE];
    EVP_MAC_CTX  *ctx;

    ctx = EVP_MAC_CTX_dup(key->hmac);

    rc = (ctx && EVP_MAC_update(ctx, (const uint8_t *) text, len)
          && EVP_MAC_final(ctx, mac, &n, sizeof(mac))
          && size == n && sodium_memcmp(mac, signature, n) == 0)
         ? SK_OK : SK_ERROR;

    EVP_MAC_CTX_free(ctx);

    return rc;
}


static int
sk_token_alg_eddsa_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason)
{
    size_t  size;

    if (sk_token_alg_member(jwk, "x", key->ed25519, sizeof(key->ed25519),
                            sizeof(key->ed25519), &size, reason)
        != SK_OK)
    {
        return SK_ERROR;
    }

    /* of few points, all signatures are easily made */

    return crypto_core_ed25519_is_valid_point(key->ed25519)
           ? SK_OK : sk_token_alg_wrong(reason, "is not a point of Ed25519");
}


static int
sk_token_alg_eddsa_verify(sk_token_key_t *key, const char *text, size_t len,
    const uint8_t *signature, size_t size)
{
    return (size == crypto_sign_BYTES
            && crypto_sign_verify_detached(signature, (const uint8_t *) text,
                                           len, key->ed25519)
               == 0)
           ? SK_OK : SK_ERROR;
}


static int
sk_token_alg_rs256_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason)
{
    int              rc;
    BIGNUM          *n, *e;
    OSSL_PARAM_BLD  *build;

    rc = sk_token_alg_rs256_numbers(jwk, &n, &e, reason);

    if (rc == SK_OK) {
        build = OSSL_PARAM_BLD_new();

        rc = (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n)
              && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e)
              && sk_token_alg_pkey(key, "RSA", build) == SK_OK
              && EVP_PKEY_CTX_set_rsa_padding(key->verify, RSA_PKCS1_PADDING)
                 > 0)
             ? SK_OK
             : sk_token_alg_wrong(reason, "is not an RSA key that can be used");

        OSSL_PARAM_BLD_free(build);
    }

    BN_free(n);
    BN_free(e);

    return rc;
}


static int
sk_token_alg_rs256_numbers(json_t *jwk, BIGNUM **n, BIGNUM **e,
    sk_token_reason_t reason)
{
    int       bits;
    size_t    size;
    uint8_t   bin[SK_TOKEN_SIGNATURE_MAX + 1];      /* some begin with a 0 */

    *n = NULL;
    *e = NULL;

    if (sk_token_alg_member(jwk, "n", bin, 1, sizeof(bin), &size, reason)
        != SK_OK)
    {
        return SK_ERROR;
    }

    *n = BN_bin2bn(bin, (int) size, NULL);

    if (sk_token_alg_member(jwk, "e", bin, 1, SK_TOKEN_EXPONENT_MAX, &size,
                            reason)
        != SK_OK)
    {
        return SK_ERROR;
    }

    *e = BN_bin2bn(bin, (int) size, NULL);

    if (*n == NULL || *e == NULL) {
        return sk_token_alg_wrong(reason, "cannot be read: no memory");
    }

    bits = BN_num_bits(*n);

    if (bits < SK_TOKEN_RSA_BITS_MIN || bits > SK_TOKEN_RSA_BITS_MAX) {
        return sk_token_alg_wrong(reason, "has %d bits, allowed for RSA: %d"
                                  " to %d", bits, SK_TOKEN_RSA_BITS_MIN,
                                  SK_TOKEN_RSA_BITS_MAX);
    }

    return (BN_is_odd(*n) && BN_is_odd(*e) && !BN_is_one(*e))
           ? SK_OK
           : sk_token_alg_wrong(reason, "is not an RSA key: \"n\" and \"e\""
                                " are odd, and \"e\" is not 1");
}


static int
sk_token_alg_es256_import(sk_token_key_t *key, json_t *jwk,
    sk_token_reason_t reason)
{
    int              rc;
    size_t           size;
    uint8_t          point[1 + 2 * SK_TOKEN_COORDINATE];
    OSSL_PARAM_BLD  *build;

    point[0] = POINT_CONVERSION_UNCOMPRESSED;

    if (sk_token_alg_member(jwk, "x", point + 1, SK_TOKEN_COORDINATE,
                            SK_TOKEN_COORDINATE, &size, reason)
        != SK_OK
        || sk_token_alg_member(jwk, "y", point + 1 + SK_TOKEN_COORDINATE,
                               SK_TOKEN_COORDINATE, SK_TOKEN_COORDINATE, &size,
                               reason)
           != SK_OK)
    {
        return SK_ERROR;
    }

    build = OSSL_PARAM_BLD_new();

    rc = (build
          && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                             "P-256", 0)
          && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
                                              point, sizeof(point))
          && sk_token_alg_pkey(key, "EC", build) == SK_OK)
         ? SK_OK : sk_token_alg_wrong(reason, "is not a point of P-256");

    OSSL_PARAM_BLD_free(build);

    return rc;
}


/* OpenSSL wants the two numbers in ASN.1, RFC 7518 has them as they are */

static int
sk_token_alg_es256_verify(sk_token_key_t *key, const char *text, size_t len,
    const uint8_t *signature, size_t size)
{
    int         rc, n;
    BIGNUM     *r, *s;
    uint8_t     der[8 + 2 * (1 + SK_TOKEN_COORDINATE)], *p;
    ECDSA_SIG  *sig;

    if (size != 2 * SK_TOKEN_COORDINATE) {
        return SK_ERROR;
    }

    r = BN_bin2bn(signature, SK_TOKEN_COORDINATE, NULL);
    s = BN_bin2bn(signature + SK_TOKEN_COORDINATE, SK_TOKEN_COORDINATE, NULL);
    sig = ECDSA_SIG_new();

    if (r == NULL || s == NULL || sig == NULL || !ECDSA_SIG_set0(sig, r, s)) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return SK_ERROR;
    }

    p = der;
    n = i2d_ECDSA_SIG(sig, &p);

    rc = (n > 0) ? sk_token_alg_pkey_verify(key, text, len, der, (size_t) n)
                 : SK_ERROR;

    ECDSA_SIG_free(sig);

    return rc;
}


/*
 * OpenSSL 3 looks for an algorithm in its providers whenever it is asked for
 * one, which costs as much as some signatures: here that is once a key.
 */

static int
sk_token_alg_pkey(sk_token_key_t *key, const char *type, OSSL_PARAM_BLD *build)
{
    int            rc;
    EVP_PKEY      *pkey;
    OSSL_PARAM    *params;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;
    params = OSSL_PARAM_BLD_to_param(build);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (params && ctx && EVP_PKEY_fromdata_init(ctx) > 0
        && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) > 0)
    {
        key->verify = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    }

    rc = (key->verify && EVP_PKEY_verify_init(key->verify) > 0
          && EVP_PKEY_CTX_set_signature_md(key->verify, EVP_sha256()) > 0)
         ? SK_OK : SK_ERROR;

    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    ERR_clear_error();

    return rc;
}


/* nginx takes what is left in OpenSSL's queue for a connection's error */

static int
sk_token_alg_pkey_verify(sk_token_key_t *key, const char *text, size_t len,
    const uint8_t *signature, size_t size)
{
    uint8_t  hash[crypto_hash_sha256_BYTES];

    (void) crypto_hash_sha256(hash, (const uint8_t *) text, len);

    if (EVP_PKEY_verify(key->verify, signature, size, hash, sizeof(hash))
        == 1)
    {
        return SK_OK;
    }

    ERR_clear_error();

    return SK_ERROR;
}


static int
sk_token_alg_member(json_t *jwk, const char *name, uint8_t *bin, size_t min,
    size_t max, size_t *size, sk_token_reason_t reason)
{
    json_t  *member;

    member = json_object_get(jwk, name);

    if (!json_is_string(member)) {
        return sk_token_alg_wrong(reason, "has no string \"%s\"", name);
    }

    if (sk_token_base64_decode(bin, max, json_string_value(member),
                               json_string_length(member), size)
        == SK_OK
        && *size >= min)
    {
        return SK_OK;
    }

    return (min == max)
           ? sk_token_alg_wrong(reason, "has a wrong \"%s\", allowed: %zu bytes"
                                " in base64url without padding", name, min)
           : sk_token_alg_wrong(reason, "has a wrong \"%s\", allowed: %zu to"
                                " %zu bytes in base64url without padding",
                                name, min, max);
}


static int
sk_token_alg_wrong(sk_token_reason_t reason, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(reason, SK_TOKEN_REASON_SIZE, fmt, args);
    va_end(args);

    return SK_ERROR;
}
