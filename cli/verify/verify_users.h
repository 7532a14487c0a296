/*
 * Users, and what each has of a sale, or of all sales of a group: a table that
 * only grows.  A user is known by 128 bits of a hash with a key of this
 * process: that two are the same is less likely than that memory fails.
 */


#ifndef _VERIFY_USERS_H_INCLUDED_
#define _VERIFY_USERS_H_INCLUDED_


#include <sodium.h>

#include "sk_ledger.h"


#define VERIFY_USERS_CHUNK  65536


typedef struct {
    uint64_t            hash[2];
    uint32_t            scope;          /* the sale, or the group */
    int32_t             units;          /* in force */
    int64_t             place;          /* event, in a sale's waiting list; 0:
                                           in none */
} verify_user_t;


typedef struct {
    verify_user_t     **chunks;
    uint32_t            n;
    uint64_t           *slots;          /* a part of the hash, the number + 1 */
    uint64_t            mask;           /* their number is a power of two */
    uint8_t             key[crypto_shorthash_siphashx24_KEYBYTES];
} verify_users_t;


/* SK_OK; SK_ERROR: there is no memory */
int verify_users_init(verify_users_t *t);
void verify_users_free(verify_users_t *t);

/* what identifies a user; what has no data is unlike what is empty */
void verify_users_hash(verify_users_t *t, const sk_bytes_t *user,
    uint64_t hash[2]);

/* the number of a user, who is new to the scope if need be; UINT32_MAX: there
   is no memory */
uint32_t verify_users_get(verify_users_t *t, const uint64_t hash[2],
    uint32_t scope);

/* brings near what that will look at, without waiting: first the slot, and
   when it is there, the user */
void verify_users_near(verify_users_t *t, const uint64_t hash[2],
    uint32_t scope);
void verify_users_nearer(verify_users_t *t, const uint64_t hash[2],
    uint32_t scope);

#define verify_users_at(t, i)                                                \
    (&(t)->chunks[(i) / VERIFY_USERS_CHUNK][(i) % VERIFY_USERS_CHUNK])


#endif /* _VERIFY_USERS_H_INCLUDED_ */
