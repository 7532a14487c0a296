#include <sodium.h>

#include "sk_opening.h"


/* with the zero behind them */

#define SK_OPENING_PURPOSE  "seckill shuffle"
#define SK_OPENING_BEACON   "seckill beacon"


_Static_assert(crypto_auth_hmacsha256_BYTES == SK_SEED_SIZE
               && crypto_hash_sha256_BYTES == SK_SEED_SIZE,
               "a seed is a hash, and has one");


void
sk_opening_derive(const sk_secret_t *secret, const char *name, size_t len,
    const uint8_t *nonce, uint8_t *seed)
{
    crypto_auth_hmacsha256_state  state;

    sk_assert(secret->len >= SK_SECRET_SIZE_MIN);

    (void) crypto_auth_hmacsha256_init(&state, secret->data, secret->len);
    (void) crypto_auth_hmacsha256_update(&state,
                                         (const uint8_t *) SK_OPENING_PURPOSE,
                                         sizeof(SK_OPENING_PURPOSE));
    (void) crypto_auth_hmacsha256_update(&state, (const uint8_t *) name, len);
    (void) crypto_auth_hmacsha256_update(&state, (const uint8_t *) "", 1);
    (void) crypto_auth_hmacsha256_update(&state, nonce, SK_NONCE_SIZE);
    (void) crypto_auth_hmacsha256_final(&state, seed);
}


void
sk_opening_commit(const uint8_t *seed, uint8_t *commitment)
{
    (void) crypto_hash_sha256(commitment, seed, SK_SEED_SIZE);
}


void
sk_opening_mix(const uint8_t *seed, const sk_beacon_t *beacon, uint8_t *mixed)
{
    crypto_auth_hmacsha256_state  state;

    sk_assert(beacon->len >= 1 && beacon->len <= SK_BEACON_SIZE_MAX);

    (void) crypto_auth_hmacsha256_init(&state, seed, SK_SEED_SIZE);
    (void) crypto_auth_hmacsha256_update(&state,
                                         (const uint8_t *) SK_OPENING_BEACON,
                                         sizeof(SK_OPENING_BEACON));
    (void) crypto_auth_hmacsha256_update(&state, beacon->value, beacon->len);
    (void) crypto_auth_hmacsha256_final(&state, mixed);
}


uint64_t
sk_opening_hash(const uint8_t *seed, const char *name, size_t name_len,
    const char *user, size_t user_len)
{
    uint8_t                       mac[SK_SEED_SIZE];
    uint64_t                      hash;
    unsigned                      i;
    crypto_auth_hmacsha256_state  state;

    (void) crypto_auth_hmacsha256_init(&state, seed, SK_SEED_SIZE);
    (void) crypto_auth_hmacsha256_update(&state, (const uint8_t *) name,
                                         name_len);
    (void) crypto_auth_hmacsha256_update(&state, (const uint8_t *) "", 1);
    (void) crypto_auth_hmacsha256_update(&state, (const uint8_t *) user,
                                         user_len);
    (void) crypto_auth_hmacsha256_final(&state, mac);

    hash = 0;

    for (i = 0; i < sizeof(hash); i++) {
        hash = hash << 8 | mac[i];
    }

    return hash;
}


int64_t
sk_opening_offset(uint64_t hash, int64_t shuffle_s)
{
    sk_assert(shuffle_s >= 0 && shuffle_s <= SK_SHUFFLE_MAX_S);

    return (int64_t) (((unsigned __int128) hash * (uint64_t) shuffle_s * 1000)
                      >> 64);
}


const uint8_t *
sk_opening_seed(sk_opening_t *opening)
{
    if (sk_load_acquire(&opening->state) != SK_OPENING_KNOWN) {
        return NULL;
    }

    return sk_load_acquire(&opening->beacon_set) ? opening->mixed
                                                 : opening->seed;
}


void
sk_opening_set(sk_opening_t *opening, const sk_opening_def_t *def)
{
    if (!def->given || sk_load(&opening->state) != SK_OPENING_NONE) {
        return;
    }

    opening->def = *def;

    sk_store_release(&opening->state, SK_OPENING_UNKNOWN);
}


void
sk_opening_set_beacon(sk_opening_t *opening, const sk_beacon_t *beacon)
{
    if (sk_load(&opening->beacon_set)) {
        return;
    }

    opening->beacon = *beacon;

    if (sk_load(&opening->state) == SK_OPENING_KNOWN) {
        sk_opening_mix(opening->seed, beacon, opening->mixed);
    }

    sk_store_release(&opening->beacon_set, 1);
}


int
sk_opening_set_seed(sk_opening_t *opening, const uint8_t *seed)
{
    uint8_t  commitment[SK_SEED_SIZE];

    sk_opening_commit(seed, commitment);

    if (!opening->def.given
        || memcmp(commitment, opening->def.commitment, SK_SEED_SIZE) != 0)
    {
        return SK_REFUSED;
    }

    if (sk_load(&opening->state) == SK_OPENING_KNOWN) {
        return SK_OK;
    }

    memcpy(opening->seed, seed, SK_SEED_SIZE);

    if (sk_load(&opening->beacon_set)) {
        sk_opening_mix(seed, &opening->beacon, opening->mixed);
    }

    sk_store_release(&opening->state, SK_OPENING_KNOWN);

    return SK_OK;
}
