/*
 * Tokens that were verified already, so that who asks again costs no signature
 * a second time.  A fixed number of places; where none is empty, a token takes
 * that of one which expires soon.  Only good tokens are kept, as digests.
 *
 * A digest is of the whole token, its signature too: SipHash of 128 bits, as of
 * users in the zone, with a key that is drawn at random in each process.  So
 * nobody can look for a token that is taken for another one.
 */


#ifndef _SK_TOKEN_CACHE_H_INCLUDED_
#define _SK_TOKEN_CACHE_H_INCLUDED_


#include "sk_token.h"


#pragma GCC visibility push(hidden)


typedef struct sk_token_cache_s  sk_token_cache_t;


/* "n" places, about 200 bytes each: a power of two, 4 or more; NULL: there is
   no memory */
sk_token_cache_t *sk_token_cache_create(unsigned n);

void sk_token_cache_free(sk_token_cache_t *cache);

/* as sk_token_verify(); the answer is the same.  Without a cache, too: NULL */
sk_token_error_e sk_token_cache_verify(sk_token_cache_t *cache,
    const sk_token_rules_t *rules, const char *text, size_t len, int64_t now,
    sk_token_t *token);


#pragma GCC visibility pop


#endif /* _SK_TOKEN_CACHE_H_INCLUDED_ */
