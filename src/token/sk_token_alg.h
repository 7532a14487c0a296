/*
 * Algorithms: what a key of each is made of, and whether a signature is good.
 * For sk_token.c and sk_token_keys.c alone.
 */


#ifndef _SK_TOKEN_ALG_H_INCLUDED_
#define _SK_TOKEN_ALG_H_INCLUDED_


#include <jansson.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "sk_token_keys.h"


#pragma GCC visibility push(hidden)


#define SK_TOKEN_SIGNATURE_MAX  (SK_TOKEN_RSA_BITS_MAX / 8)     /* bytes */
#define SK_TOKEN_HEADER_KEPT    256         /* bytes of one, see below */


typedef struct sk_token_alg_s  sk_token_alg_t;


typedef struct {
    const sk_token_alg_t   *alg;
    char                   *kid;        /* NULL: it has none */

    /* one of them, by "alg" */

    EVP_MAC_CTX            *hmac;       /* set up, and copied for each token */
    uint8_t                 ed25519[crypto_sign_PUBLICKEYBYTES];
    EVP_PKEY_CTX           *verify;     /* set up for any number of tokens */
} sk_token_key_t;


struct sk_token_alg_s {
    const char       *name;
    const char       *alias;        /* NULL: none */
    const char       *kty;
    const char       *crv;          /* NULL: keys of this kty have none */

    /* SK_OK, SK_ERROR: "reason" says why */
    int             (*import)(sk_token_key_t *key, json_t *jwk,
                              sk_token_reason_t reason);
    /* SK_OK, SK_ERROR: it is not good */
    int             (*verify)(sk_token_key_t *key, const char *text,
                              size_t len, const uint8_t *signature,
                              size_t size);
};


struct sk_token_keys_s {
    unsigned          n;
    sk_token_key_t    key[SK_TOKEN_KEYS_MAX];

    /*
     * The header of the last good token, as it was sent, and its key.  All
     * tokens that are signed with a key have the same one, so JSON has to be
     * read for the first of them only.
     */

    sk_token_key_t   *last;         /* NULL: none yet */
    size_t            header_len;
    char              header[SK_TOKEN_HEADER_KEPT];
};


/* the algorithm of a key, or NULL; "crv" may be NULL */
const sk_token_alg_t *sk_token_alg_find(const char *kty, const char *crv);

/* whether it is an algorithm's name */
unsigned sk_token_alg_is(const sk_token_alg_t *alg, const char *name);

/* whether there is one of that name, or of that kty */
unsigned sk_token_alg_known(const char *name);
unsigned sk_token_alg_kty(const char *kty);

/* frees what import() has made, and forgets the secret */
void sk_token_alg_free(sk_token_key_t *key);


#pragma GCC visibility pop


#endif /* _SK_TOKEN_ALG_H_INCLUDED_ */
