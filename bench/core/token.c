#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "sk_token_cache.h"
#include "sk_token_keys.h"
#include "token.h"


#define BENCH_TOKEN_NOW    1800000000
#define BENCH_TOKEN_USERS  2000         /* tokens of each algorithm */
#define BENCH_TOKEN_SIZE   1024
#define BENCH_TOKEN_KEPT   16384
#define BENCH_TOKEN_TIMES  20           /* each of those that are cheap */

#define BENCH_TOKEN_HEADER  "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}"
#define BENCH_TOKEN_CLAIMS                                                    \
    "{\"iss\":\"https://login.example.com\",\"aud\":\"shop\","                \
    "\"sub\":\"user-%07d\",\"iat\":1800000000,\"exp\":1800000600}"


typedef size_t (*bench_token_sign_pt)(const char *text, uint8_t *signature);


typedef struct {
    const char           *alg;
    bench_token_sign_pt   sign;
    char                (*tokens)[BENCH_TOKEN_SIZE];
} bench_token_t;


static size_t bench_token_hs256(const char *text, uint8_t *signature);
static size_t bench_token_eddsa(const char *text, uint8_t *signature);
static size_t bench_token_rs256(const char *text, uint8_t *signature);
static size_t bench_token_es256(const char *text, uint8_t *signature);
static size_t bench_token_pkey(EVP_PKEY *pkey, const char *text,
    uint8_t *signature);


static bench_token_t  kinds[] = {
    { .alg = "HS256", .sign = bench_token_hs256 },
    { .alg = "EdDSA", .sign = bench_token_eddsa },
    { .alg = "RS256", .sign = bench_token_rs256 },
    { .alg = "ES256", .sign = bench_token_es256 }
};

#define BENCH_TOKEN_KINDS  (sizeof(kinds) / sizeof(kinds[0]))

static uint8_t            secret[crypto_auth_hmacsha256_KEYBYTES];
static uint8_t            ed25519_public[crypto_sign_PUBLICKEYBYTES];
static uint8_t            ed25519_private[crypto_sign_SECRETKEYBYTES];
static EVP_PKEY          *rsa, *ec;
static sk_token_rules_t   rules;
static sk_token_cache_t  *cache;


static char *
bench_token_b64(char *text, const void *bin, size_t len)
{
    (void) sodium_bin2base64(text, BENCH_TOKEN_SIZE, bin, len,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return text;
}


static char *
bench_token_number(char *text, EVP_PKEY *pkey, const char *name, int size)
{
    BIGNUM   *bn = NULL;
    uint8_t   bin[512];

    text[0] = '\0';

    if (EVP_PKEY_get_bn_param(pkey, name, &bn)) {
        size = size ? size : BN_num_bytes(bn);
        (void) BN_bn2binpad(bn, bin, size);
        (void) bench_token_b64(text, bin, size);
        BN_free(bn);
    }

    return text;
}


static size_t
bench_token_hs256(const char *text, uint8_t *signature)
{
    (void) crypto_auth_hmacsha256(signature, (const uint8_t *) text,
                                  strlen(text), secret);
    return crypto_auth_hmacsha256_BYTES;
}


static size_t
bench_token_eddsa(const char *text, uint8_t *signature)
{
    (void) crypto_sign_detached(signature, NULL, (const uint8_t *) text,
                                strlen(text), ed25519_private);
    return crypto_sign_BYTES;
}


static size_t
bench_token_rs256(const char *text, uint8_t *signature)
{
    return bench_token_pkey(rsa, text, signature);
}


static size_t
bench_token_es256(const char *text, uint8_t *signature)
{
    long            size;
    uint8_t         der[512];
    ECDSA_SIG      *sig;
    const uint8_t  *p;

    size = (long) bench_token_pkey(ec, text, der);
    p = der;
    sig = d2i_ECDSA_SIG(NULL, &p, size);

    if (sig == NULL) {
        return 0;
    }

    (void) BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32);
    (void) BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32);
    ECDSA_SIG_free(sig);

    return 64;
}


static size_t
bench_token_pkey(EVP_PKEY *pkey, const char *text, uint8_t *signature)
{
    size_t       size;
    EVP_MD_CTX  *ctx;

    size = 512;
    ctx = EVP_MD_CTX_new();

    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) <= 0
        || EVP_DigestSign(ctx, signature, &size, (const uint8_t *) text,
                          strlen(text))
           <= 0)
    {
        size = 0;
    }

    EVP_MD_CTX_free(ctx);

    return size;
}


static void
bench_token_make(bench_token_t *kind, int user, char *token)
{
    int       n;
    char      header[256], claims[256], a[BENCH_TOKEN_SIZE],
              b[BENCH_TOKEN_SIZE];
    size_t    size;
    uint8_t   signature[512];

    n = snprintf(header, sizeof(header), BENCH_TOKEN_HEADER, kind->alg,
                 kind->alg);
    (void) bench_token_b64(a, header, (size_t) n);

    n = snprintf(claims, sizeof(claims), BENCH_TOKEN_CLAIMS, user);
    (void) bench_token_b64(b, claims, (size_t) n);

    n = sprintf(token, "%.300s.%.400s", a, b);
    size = kind->sign(token, signature);
    token[n] = '.';
    (void) sodium_bin2base64(token + n + 1, BENCH_TOKEN_SIZE - n - 1,
                             signature, size,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}


static int
bench_token_keys(void)
{
    char                   text[4096], a[BENCH_TOKEN_SIZE], b[BENCH_TOKEN_SIZE],
                           n[BENCH_TOKEN_SIZE], e[BENCH_TOKEN_SIZE],
                           x[BENCH_TOKEN_SIZE], y[BENCH_TOKEN_SIZE];
    sk_token_reason_t      reason;
    sk_token_keys_info_t   info;

    (void) snprintf(text, sizeof(text), "{\"keys\":["
                    "{\"kid\":\"HS256\",\"kty\":\"oct\",\"k\":\"%.100s\"},"
                    "{\"kid\":\"EdDSA\",\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                    "\"x\":\"%.100s\"},"
                    "{\"kid\":\"RS256\",\"kty\":\"RSA\",\"n\":\"%.400s\","
                    "\"e\":\"%.100s\"},"
                    "{\"kid\":\"ES256\",\"kty\":\"EC\",\"crv\":\"P-256\","
                    "\"x\":\"%.100s\",\"y\":\"%.100s\"}]}",
                    bench_token_b64(a, secret, sizeof(secret)),
                    bench_token_b64(b, ed25519_public, sizeof(ed25519_public)),
                    bench_token_number(n, rsa, OSSL_PKEY_PARAM_RSA_N, 0),
                    bench_token_number(e, rsa, OSSL_PKEY_PARAM_RSA_E, 0),
                    bench_token_number(x, ec, OSSL_PKEY_PARAM_EC_PUB_X, 32),
                    bench_token_number(y, ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32));

    if (sk_token_keys_read(&rules.keys, text, strlen(text), &info, reason)
        != SK_OK)
    {
        (void) fprintf(stderr, "core: %s\n", reason);
        return -1;
    }

    return 0;
}


int
bench_token_init(void)
{
    int     i;
    size_t  j;

    if (sodium_init() == -1) {
        return -1;
    }

    randombytes_buf(secret, sizeof(secret));
    (void) crypto_sign_keypair(ed25519_public, ed25519_private);
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    cache = sk_token_cache_create(BENCH_TOKEN_KEPT);

    if (rsa == NULL || ec == NULL || cache == NULL || bench_token_keys() != 0) {
        return -1;
    }

    rules.claim = "sub";
    rules.iss = "https://login.example.com";
    rules.aud = "shop";
    rules.leeway_s = 30;

    for (j = 0; j < BENCH_TOKEN_KINDS; j++) {
        kinds[j].tokens = calloc(BENCH_TOKEN_USERS, BENCH_TOKEN_SIZE);

        if (kinds[j].tokens == NULL) {
            return -1;
        }

        for (i = 0; i < BENCH_TOKEN_USERS; i++) {
            bench_token_make(&kinds[j], i, kinds[j].tokens[i]);
        }
    }

    return 0;
}


double
bench_token(const char *alg, int known)
{
    int               i, times, rounds;
    char             *text;
    size_t            j;
    sk_token_t        said;
    struct timespec   begin, end;

    for (j = 0; strcmp(kinds[j].alg, alg) != 0; j++) { /* void */ }

    times = (known || strcmp(alg, "HS256") == 0) ? BENCH_TOKEN_TIMES : 1;

    /* the first time is for the cache to learn them */

    (void) clock_gettime(CLOCK_MONOTONIC, &begin);

    for (rounds = known ? -1 : 0; rounds < times; rounds++) {

        if (rounds == 0) {
            (void) clock_gettime(CLOCK_MONOTONIC, &begin);
        }

        for (i = 0; i < BENCH_TOKEN_USERS; i++) {
            text = kinds[j].tokens[i];

            if (sk_token_cache_verify(known ? cache : NULL, &rules, text,
                                      strlen(text), BENCH_TOKEN_NOW, &said)
                != SK_TOKEN_OK)
            {
                return -1;
            }
        }
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &end);

    return ((double) (end.tv_sec - begin.tv_sec) * 1e9
            + (double) (end.tv_nsec - begin.tv_nsec))
           / BENCH_TOKEN_USERS / times;
}
