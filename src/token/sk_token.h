/*
 * Tokens: who a request is, said by somebody who has signed it.  A token is a
 * JWT (RFC 7519) in the compact form (RFC 7515); keys are a JWK set (RFC 7517).
 * Nothing is read or asked here: the text of the keys, that of the token and
 * the time are arguments.
 *
 * The key fixes the algorithm, a token only has to name the same one (RFC 8725,
 * section 3.1):
 *
 *   HS256   kty "oct", 32 bytes or more
 *   EdDSA   kty "OKP", crv "Ed25519"; RFC 9864 calls it Ed25519
 *   RS256   kty "RSA", 2048 bits or more
 *   ES256   kty "EC", crv "P-256"
 *
 * For one thread at a time.  Times are seconds since the epoch.
 */


#ifndef _SK_TOKEN_H_INCLUDED_
#define _SK_TOKEN_H_INCLUDED_


#include <jansson.h>

#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_TOKEN_SIZE_MAX        8192       /* bytes of a token */
#define SK_TOKEN_TIME_MAX  253402300799     /* the last second of 9999: who
                                               says more counts milliseconds */
#define SK_TOKEN_LEEWAY_MAX_S     600

#define SK_TOKEN_KEYS_MAX          64       /* of a set */
#define SK_TOKEN_KEYS_SIZE_MAX  65536       /* bytes of its text */
#define SK_TOKEN_SECRET_MIN        32       /* bytes, RFC 7518, section 3.2 */
#define SK_TOKEN_SECRET_MAX       512
#define SK_TOKEN_RSA_BITS_MIN    2048       /* RFC 7518, section 3.3 */
#define SK_TOKEN_RSA_BITS_MAX    8192


/*    constant                  word             for people, and RFC 6750 */
#define SK_TOKEN_TABLE(X)                                                    \
    X(SK_TOKEN_OK,              "",              "")                         \
    X(SK_TOKEN_MISSING,         "missing",       "no token was sent")        \
    X(SK_TOKEN_TOO_LARGE,       "too_large",                                 \
      "the token is larger than 8192 bytes")                                 \
    X(SK_TOKEN_MALFORMED,       "malformed",                                 \
      "the token is not a signed JWT")                                       \
    X(SK_TOKEN_IS_RECEIPT,      "receipt",                                   \
      "the token is a receipt, which says what a buyer was told")            \
    X(SK_TOKEN_CRITICAL,        "critical",                                  \
      "the token has critical parameters, of which none is known")           \
    X(SK_TOKEN_BAD_ALG,         "bad_alg",                                   \
      "the algorithm of the token is not that of its key")                   \
    X(SK_TOKEN_UNKNOWN_KEY,     "unknown_key",                               \
      "the key of the token is not known")                                   \
    X(SK_TOKEN_BAD_SIGNATURE,   "bad_signature",                             \
      "the signature of the token is wrong")                                 \
    X(SK_TOKEN_BAD_TIME,        "bad_time",                                  \
      "the token has no exp, or a time that is not possible")                \
    X(SK_TOKEN_EXPIRED,         "expired",       "the token has expired")    \
    X(SK_TOKEN_NOT_YET,         "not_yet",                                   \
      "the token is not valid yet")                                          \
    X(SK_TOKEN_BAD_ISSUER,      "bad_issuer",                                \
      "the token is from another issuer")                                    \
    X(SK_TOKEN_BAD_AUDIENCE,    "bad_audience",                              \
      "the token is for another audience")                                   \
    X(SK_TOKEN_BAD_USER,        "bad_user",                                  \
      "the token has no user, or one that is not possible")


typedef enum {
#define X(constant, word, text)  constant,
    SK_TOKEN_TABLE(X)
#undef X
    SK_TOKEN_ERROR_N
} sk_token_error_e;


typedef struct {
    const char       *word;
    const char       *text;
} sk_token_error_t;


extern const sk_token_error_t  sk_token_errors[SK_TOKEN_ERROR_N];


/*
 * The "typ" of receipts and heads, RFC 8725, section 3.11: they are shown to
 * others, and whoever sees one is not to be taken for its user.
 */

#define SK_TOKEN_RECEIPT_TYPE  "seckill-receipt+jwt"


typedef struct sk_token_keys_s  sk_token_keys_t;


/* what a token has to be; the strings are the caller's, and stay */

typedef struct {
    sk_token_keys_t  *keys;
    const char       *claim;        /* the member that names the user */
    const char       *iss;          /* NULL: any, or none */
    const char       *aud;          /* NULL: any, or none */
    int64_t           leeway_s;     /* 0 to SK_TOKEN_LEEWAY_MAX_S */
    uint32_t          id;           /* of one process' rules, see the cache */
} sk_token_rules_t;


/* what a good one says */

typedef struct {
    int64_t           from;         /* the first second that it is good in, */
    int64_t           until;        /* and the first that it is not; the
                                       leeway is in both */
    uint8_t           user_len;
    char              user[SK_USER_SIZE_MAX];
} sk_token_t;


/*
 * Verifies a token.  "token" is filled for SK_TOKEN_OK alone.  Claims are
 * looked at only if the signature is good.
 */
sk_token_error_e sk_token_verify(const sk_token_rules_t *rules,
    const char *text, size_t len, int64_t now, sk_token_t *token);

/*
 * What a receipt says, or the head of a ledger, whose signature is good: an
 * object, to be released.  None of its claims is looked at, so it may have
 * expired long ago.
 */
sk_token_error_e sk_token_receipt(sk_token_keys_t *keys, const char *text,
    size_t len, json_t **claims);


#pragma GCC visibility pop


#endif /* _SK_TOKEN_H_INCLUDED_ */
