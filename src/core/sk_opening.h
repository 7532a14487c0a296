/*
 * A shuffled opening.  A sale with "shuffle" lets each user in at a time of his
 * own, within so many seconds after its start:
 *
 *   start + shuffle * H / 2^64
 *   H = the first 8 bytes of HMAC-SHA256(seed, sale || 0 || user), big endian
 *
 * Nobody is to know the seed before the window is over, and nobody is to be
 * able to choose it afterwards.  So its SHA-256, the commitment, is in the
 * event that makes the sale, and the seed itself in a later one.  It is made of
 * a secret, which is in no event, and of a nonce, which is in that one:
 *
 *   seed = HMAC-SHA256(secret, "seckill shuffle" || 0 || sale || 0 || nonce)
 *
 * and of the beacon, if one is set, a value that nobody could know when the
 * commitment was made: then the mixed key takes the seed's place in H:
 *
 *   mixed = HMAC-SHA256(seed, "seckill beacon" || 0 || value)
 *
 * It is no plain hash of the seed and the value, as SHA-256 can be continued by
 * who knows its result, and that of the seed is public.  No two of these are
 * ever made of the same text: a sale's name has no space, and the commitment is
 * of 32 bytes, where what HMAC gives to SHA-256 has 64 at least.
 *
 * For anybody, unless something else is said.
 */


#ifndef _SK_OPENING_H_INCLUDED_
#define _SK_OPENING_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_SHUFFLE_MAX_S       86400    /* seconds: a day */
#define SK_SEED_SIZE              32
#define SK_NONCE_SIZE             16
#define SK_BEACON_SIZE_MAX        64    /* bytes of a value */
#define SK_SECRET_SIZE_MIN        32    /* bytes */
#define SK_SECRET_SIZE_MAX      1024


typedef struct {
    size_t            len;
    uint8_t           data[SK_SECRET_SIZE_MAX];
} sk_secret_t;


/* what the event that makes a sale says of its seed, and each edit again */

typedef struct {
    unsigned          given;
    uint8_t           nonce[SK_NONCE_SIZE];
    uint8_t           commitment[SK_SEED_SIZE];
} sk_opening_def_t;


typedef struct {
    int64_t           round;            /* of those who have made it public */
    uint32_t          len;              /* 0: there is none */
    uint8_t           value[SK_BEACON_SIZE_MAX];
} sk_beacon_t;


typedef enum {
    SK_OPENING_NONE = 0,
    SK_OPENING_UNKNOWN,         /* no secret gives the commitment, so far */
    SK_OPENING_KNOWN
} sk_opening_e;


/*
 * In the zone, of a sale.  All of it is set once, under the mutex, each part
 * before what says that it is there: readers take no lock.
 */

typedef struct {
    _Atomic uint32_t  state;            /* sk_opening_e */
    _Atomic uint32_t  beacon_set;
    _Atomic uint32_t  revealed;
    _Atomic uint32_t  started;          /* the sale has, by an edit's time, or
                                           has had an order: no beacon */
    uint32_t          told;             /* that it is not known; the
                                           drainer's */
    sk_opening_def_t  def;
    sk_beacon_t       beacon;
    uint8_t           seed[SK_SEED_SIZE];
    uint8_t           mixed[SK_SEED_SIZE];      /* with the beacon */
} sk_opening_t;


/* the seed of a sale, in SK_SEED_SIZE bytes, and its commitment */
void sk_opening_derive(const sk_secret_t *secret, const char *name, size_t len,
    const uint8_t *nonce, uint8_t *seed);
void sk_opening_commit(const uint8_t *seed, uint8_t *commitment);

/* what takes the seed's place */
void sk_opening_mix(const uint8_t *seed, const sk_beacon_t *beacon,
    uint8_t *mixed);

/* H of a user */
uint64_t sk_opening_hash(const uint8_t *seed, const char *name, size_t name_len,
    const char *user, size_t user_len);

/* shuffle * H / 2^64, in whole ms: from 0 to less than the window's length */
int64_t sk_opening_offset(uint64_t hash, int64_t shuffle_s);

/* the seed that is in force, for H; NULL: it is not known */
const uint8_t *sk_opening_seed(sk_opening_t *opening);

/*
 * For the holder of the mutex: what an event says.  What is there already stays
 * as it is.
 */
void sk_opening_set(sk_opening_t *opening, const sk_opening_def_t *def);
void sk_opening_set_beacon(sk_opening_t *opening, const sk_beacon_t *beacon);

/* likewise; SK_REFUSED: it is not the one of the commitment */
int sk_opening_set_seed(sk_opening_t *opening, const uint8_t *seed);


#pragma GCC visibility pop


#endif /* _SK_OPENING_H_INCLUDED_ */
