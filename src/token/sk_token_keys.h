/*
 * A set of keys, read once from its text and used for as many tokens as come.
 * What sk_token.h says of tokens is said of these, too.
 *
 * A key that is meant for something else is skipped: another kty, crv or alg
 * than those that are known, a "use" that is not "sig", "key_ops" without
 * "verify".  A key that is broken is refused, and the set with it.
 */


#ifndef _SK_TOKEN_KEYS_H_INCLUDED_
#define _SK_TOKEN_KEYS_H_INCLUDED_


#include "sk_token.h"


#pragma GCC visibility push(hidden)


#define SK_TOKEN_REASON_SIZE  256

typedef char  sk_token_reason_t[SK_TOKEN_REASON_SIZE];


typedef struct {
    unsigned            n;          /* keys that can be used */
    unsigned            n_skipped;
    unsigned            secret:1;   /* the text has something that nobody else
                                       may know, in whichever key */
    sk_token_reason_t   skipped;    /* why, the first of them */
} sk_token_keys_info_t;


/*
 * SK_OK; SK_ERROR: "reason" says in lower case what is wrong, but nothing of
 * what may be secret; or there is no memory.  "info" is filled as far as the
 * text was read, with "secret" in any case in which it is JSON.
 */
int sk_token_keys_read(sk_token_keys_t **keys, const char *text, size_t len,
    sk_token_keys_info_t *info, sk_token_reason_t reason);

void sk_token_keys_free(sk_token_keys_t *keys);


#pragma GCC visibility pop


#endif /* _SK_TOKEN_KEYS_H_INCLUDED_ */
