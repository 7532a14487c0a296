#include <sodium.h>
#include <stdlib.h>

#include "sk_token_cache.h"


#define SK_TOKEN_CACHE_DIGEST  crypto_shorthash_siphashx24_BYTES
#define SK_TOKEN_CACHE_SET     4        /* places that a token may have */


typedef struct {
    uint8_t      digest[SK_TOKEN_CACHE_DIGEST];
    uint32_t     id;                    /* of the rules */
    sk_token_t   token;                 /* until 0: nothing is here */
} sk_token_place_t;


struct sk_token_cache_s {
    uint8_t            key[crypto_shorthash_siphashx24_KEYBYTES];
    uint32_t           mask;            /* of the number of a set */
    sk_token_place_t   places[];
};


static sk_token_place_t *sk_token_cache_place(sk_token_cache_t *cache,
    uint32_t id, const uint8_t digest[SK_TOKEN_CACHE_DIGEST],
    unsigned *found);


sk_token_cache_t *
sk_token_cache_create(unsigned n)
{
    sk_token_cache_t  *cache;

    sk_assert(n >= SK_TOKEN_CACHE_SET && (n & (n - 1)) == 0);

    if (sodium_init() == -1) {
        return NULL;
    }

    /* memory that nobody has touched yet is not taken */

    cache = calloc(1, sizeof(sk_token_cache_t) + n * sizeof(sk_token_place_t));
    if (cache == NULL) {
        return NULL;
    }

    randombytes_buf(cache->key, sizeof(cache->key));
    cache->mask = n / SK_TOKEN_CACHE_SET - 1;

    return cache;
}


void
sk_token_cache_free(sk_token_cache_t *cache)
{
    free(cache);
}


sk_token_error_e
sk_token_cache_verify(sk_token_cache_t *cache, const sk_token_rules_t *rules,
    const char *text, size_t len, int64_t now, sk_token_t *token)
{
    uint8_t            digest[SK_TOKEN_CACHE_DIGEST];
    unsigned           found;
    sk_token_error_e   error;
    sk_token_place_t  *place;

    if (cache == NULL || len > SK_TOKEN_SIZE_MAX) {
        return sk_token_verify(rules, text, len, now, token);
    }

    (void) crypto_shorthash_siphashx24(digest, (const uint8_t *) text, len,
                                       cache->key);

    place = sk_token_cache_place(cache, rules->id, digest, &found);

    if (found && place->token.from <= now && now < place->token.until) {
        *token = place->token;
        return SK_TOKEN_OK;
    }

    error = sk_token_verify(rules, text, len, now, token);

    if (error == SK_TOKEN_OK) {
        memcpy(place->digest, digest, sizeof(digest));
        place->id = rules->id;
        place->token = *token;
    }

    return error;
}


/*
 * Where it is, or else where it may be: an empty place, or that of the first to
 * expire.  If they are equal, it is the one that the digest says.
 */

static sk_token_place_t *
sk_token_cache_place(sk_token_cache_t *cache, uint32_t id,
    const uint8_t digest[SK_TOKEN_CACHE_DIGEST], unsigned *found)
{
    uint32_t           n, i;
    sk_token_place_t  *set, *place, *first;

    memcpy(&n, digest, sizeof(n));

    set = &cache->places[(n & cache->mask) * SK_TOKEN_CACHE_SET];
    first = NULL;

    for (i = 0; i < SK_TOKEN_CACHE_SET; i++) {
        place = &set[(digest[sizeof(n)] + i) % SK_TOKEN_CACHE_SET];

        if (place->token.until && place->id == id
            && memcmp(place->digest, digest, SK_TOKEN_CACHE_DIGEST) == 0)
        {
            *found = 1;
            return place;
        }

        if (first == NULL || place->token.until < first->token.until) {
            first = place;
        }
    }

    *found = 0;

    return first;
}
