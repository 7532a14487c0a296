/* keys of each kind, and tokens that are signed with them */

#ifndef _SK_TEST_TOKEN_H_INCLUDED_
#define _SK_TEST_TOKEN_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "sk_token_keys.h"


#define NOW         1800000000      /* all tests' time */
#define TOKEN_SIZE  (2 * SK_TOKEN_SIZE_MAX)
#define SECRET      "0123456789abcdef0123456789abcdef"

#define HS256  "{\"alg\":\"HS256\"}"
#define EDDSA  "{\"alg\":\"EdDSA\"}"
#define RS256  "{\"alg\":\"RS256\"}"
#define ES256  "{\"alg\":\"ES256\"}"

#define GOOD   "{\"sub\":\"ann\",\"exp\":1800000600}"


typedef enum { BY_SECRET, BY_ED25519, BY_RSA, BY_EC } by_e;


static uint8_t   ed25519_public[crypto_sign_PUBLICKEYBYTES];
static uint8_t   ed25519_private[crypto_sign_SECRETKEYBYTES];
static EVP_PKEY  *rsa, *ec;

/* members of their JWK */

static char  jwk_secret[256], jwk_ed25519[256], jwk_rsa[1024], jwk_ec[256];


/* a string of its own length, to be freed: sanitizers see who reads on */

static inline char *
b64(const void *bin, size_t len)
{
    char    *text;
    size_t   size;

    size = sodium_base64_encoded_len(len,
                                     sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    text = malloc(size);
    assert_non_null(text);

    return sodium_bin2base64(text, size, bin, len,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}


static inline char *
b64_bn(EVP_PKEY *pkey, const char *name, int size)
{
    char     *text;
    BIGNUM   *bn = NULL;
    uint8_t   bin[512];

    assert_true(EVP_PKEY_get_bn_param(pkey, name, &bn));
    size = size ? size : BN_num_bytes(bn);
    assert_int_equal(BN_bn2binpad(bn, bin, size), size);
    text = b64(bin, size);
    BN_free(bn);

    return text;
}


static inline int
keys_make(void **state)
{
    char     *a, *b;
    uint8_t   seed[crypto_sign_SEEDBYTES];

    (void) state;

    assert_int_not_equal(sodium_init(), -1);

    a = b64(SECRET, strlen(SECRET));
    (void) sprintf(jwk_secret, "\"kty\":\"oct\",\"k\":\"%s\"", a);
    free(a);

    memset(seed, 1, sizeof(seed));
    (void) crypto_sign_seed_keypair(ed25519_public, ed25519_private, seed);
    a = b64(ed25519_public, sizeof(ed25519_public));
    (void) sprintf(jwk_ed25519,
                   "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"", a);
    free(a);

    rsa = EVP_RSA_gen(2048);
    assert_non_null(rsa);
    a = b64_bn(rsa, OSSL_PKEY_PARAM_RSA_N, 0);
    b = b64_bn(rsa, OSSL_PKEY_PARAM_RSA_E, 0);
    (void) sprintf(jwk_rsa, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", a, b);
    free(a);
    free(b);

    ec = EVP_EC_gen("P-256");
    assert_non_null(ec);
    a = b64_bn(ec, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    b = b64_bn(ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    (void) sprintf(jwk_ec,
                   "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"",
                   a, b);
    free(a);
    free(b);

    return 0;
}


static inline int
keys_free(void **state)
{
    (void) state;

    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);

    return 0;
}


/* as OpenSSL makes it: of ECDSA, ASN.1 */

static inline size_t
sign_pkey(EVP_PKEY *pkey, const char *text, uint8_t *signature, size_t size)
{
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();
    assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey));
    assert_true(EVP_DigestSign(ctx, signature, &size, (const uint8_t *) text,
                               strlen(text)));
    EVP_MD_CTX_free(ctx);

    return size;
}


static inline size_t
sign_ec(const char *text, uint8_t *signature)
{
    size_t          size;
    uint8_t         der[128];
    ECDSA_SIG      *sig;
    const uint8_t  *p;

    size = sign_pkey(ec, text, der, sizeof(der));
    p = der;
    sig = d2i_ECDSA_SIG(NULL, &p, (long) size);
    assert_non_null(sig);
    (void) BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32);
    (void) BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32);
    ECDSA_SIG_free(sig);

    return 64;
}


static inline size_t
sign(by_e by, const char *text, uint8_t *signature)
{
    switch (by) {

    case BY_SECRET:
        (void) crypto_auth_hmacsha256(signature, (const uint8_t *) text,
                                      strlen(text), (const uint8_t *) SECRET);
        return crypto_auth_hmacsha256_BYTES;

    case BY_ED25519:
        (void) crypto_sign_detached(signature, NULL, (const uint8_t *) text,
                                    strlen(text), ed25519_private);
        return crypto_sign_BYTES;

    case BY_RSA:
        return sign_pkey(rsa, text, signature, 512);

    default:
        return sign_ec(text, signature);
    }
}


/* "header.payload", of JSON; and with it, a signature: all are to be freed */

static inline char *
unsigned_of(const char *header, const char *payload)
{
    char  *a, *b, *text;

    a = b64(header, strlen(header));
    b = b64(payload, strlen(payload));
    text = malloc(strlen(a) + strlen(b) + 2);
    assert_non_null(text);
    (void) sprintf(text, "%s.%s", a, b);
    free(a);
    free(b);

    return text;
}


static inline char *
signed_of(char *text, const uint8_t *signature, size_t size)
{
    char  *a, *token;

    a = b64(signature, size);
    token = malloc(strlen(text) + strlen(a) + 2);
    assert_non_null(token);
    (void) sprintf(token, "%s.%s", text, a);
    free(a);
    free(text);

    return token;
}


static inline char *
make(by_e by, const char *header, const char *payload)
{
    char     *text;
    size_t    size;
    uint8_t   signature[512];

    text = unsigned_of(header, payload);
    size = sign(by, text, signature);

    return signed_of(text, signature, size);
}


#endif /* _SK_TEST_TOKEN_H_INCLUDED_ */
