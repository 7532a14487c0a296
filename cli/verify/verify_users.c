#include <stdlib.h>
#include <sys/mman.h>

#include "verify_users.h"


#define VERIFY_USERS_SLOTS_MIN  65536
#define VERIFY_USERS_PAGE       (2 * 1024 * 1024)


static uint64_t verify_users_mix(const uint64_t hash[2], uint32_t scope);
static void *verify_users_alloc(size_t size);
static int verify_users_grow(verify_users_t *t);
static uint32_t verify_users_add(verify_users_t *t, const uint64_t hash[2],
    uint32_t scope);


int
verify_users_init(verify_users_t *t)
{
    memset(t, 0, sizeof(verify_users_t));

    randombytes_buf(t->key, sizeof(t->key));

    t->slots = calloc(VERIFY_USERS_SLOTS_MIN, sizeof(uint64_t));
    t->mask = VERIFY_USERS_SLOTS_MIN - 1;

    return t->slots ? SK_OK : SK_ERROR;
}


void
verify_users_free(verify_users_t *t)
{
    uint32_t  i;

    for (i = 0; i < t->n; i += VERIFY_USERS_CHUNK) {
        free(t->chunks[i / VERIFY_USERS_CHUNK]);
    }

    free(t->chunks);
    free(t->slots);
}


void
verify_users_hash(verify_users_t *t, const sk_bytes_t *user, uint64_t hash[2])
{
    if (user->data == NULL) {
        hash[0] = 0;
        hash[1] = 0;
        return;
    }

    (void) crypto_shorthash_siphashx24((unsigned char *) hash,
                                       (const unsigned char *) user->data,
                                       user->len, t->key);
}


static uint64_t
verify_users_mix(const uint64_t hash[2], uint32_t scope)
{
    return hash[0] + scope * 0x9e3779b97f4a7c15;
}


uint32_t
verify_users_get(verify_users_t *t, const uint64_t hash[2], uint32_t scope)
{
    uint32_t        found;
    uint64_t        mix, slot, i;
    verify_user_t  *u;

    mix = verify_users_mix(hash, scope);

    for (i = mix & t->mask; (slot = t->slots[i]) != 0; i = (i + 1) & t->mask) {

        if ((slot ^ mix) >> 32) {
            continue;
        }

        found = (uint32_t) slot - 1;
        u = verify_users_at(t, found);

        if (u->hash[0] == hash[0] && u->hash[1] == hash[1]
            && u->scope == scope)
        {
            return found;
        }
    }

    if (t->n >= (t->mask + 1) / 3 * 2) {

        if (verify_users_grow(t) != SK_OK) {
            return UINT32_MAX;
        }

        for (i = mix & t->mask; t->slots[i]; i = (i + 1) & t->mask) {
            /* void */
        }
    }

    found = verify_users_add(t, hash, scope);

    if (found != UINT32_MAX) {
        t->slots[i] = (mix >> 32 << 32) | (found + 1);
    }

    return found;
}


void
verify_users_near(verify_users_t *t, const uint64_t hash[2], uint32_t scope)
{
    __builtin_prefetch(&t->slots[verify_users_mix(hash, scope) & t->mask]);
}


void
verify_users_nearer(verify_users_t *t, const uint64_t hash[2], uint32_t scope)
{
    uint64_t  slot;

    slot = t->slots[verify_users_mix(hash, scope) & t->mask];

    if (slot) {
        __builtin_prefetch(verify_users_at(t, (uint32_t) slot - 1));
    }
}


/*
 * All zero, in large pages if the system has them: to find the pages of a table
 * that is looked at everywhere takes longer than to look.
 */

static void *
verify_users_alloc(size_t size)
{
    void  *p;

    if (posix_memalign(&p, VERIFY_USERS_PAGE, size) != 0) {
        return NULL;
    }

    (void) madvise(p, size, MADV_HUGEPAGE);

    return memset(p, 0, size);
}


static int
verify_users_grow(verify_users_t *t)
{
    uint32_t        n;
    uint64_t       *slots, mask, mix, i;
    verify_user_t  *u;

    mask = 2 * t->mask + 1;
    slots = verify_users_alloc((mask + 1) * sizeof(uint64_t));

    if (slots == NULL) {
        return SK_ERROR;
    }

    for (n = 0; n < t->n; n++) {
        u = verify_users_at(t, n);
        mix = verify_users_mix(u->hash, u->scope);

        for (i = mix & mask; slots[i]; i = (i + 1) & mask) {
            /* void */
        }

        slots[i] = (mix >> 32 << 32) | (n + 1);
    }

    free(t->slots);

    t->slots = slots;
    t->mask = mask;

    return SK_OK;
}


static uint32_t
verify_users_add(verify_users_t *t, const uint64_t hash[2], uint32_t scope)
{
    size_t          chunk;
    verify_user_t  *u, **chunks;

    if (t->n == UINT32_MAX - 1) {
        return UINT32_MAX;
    }

    if (t->n % VERIFY_USERS_CHUNK == 0) {
        chunk = t->n / VERIFY_USERS_CHUNK;
        chunks = realloc(t->chunks, (chunk + 1) * sizeof(verify_user_t *));

        if (chunks == NULL) {
            return UINT32_MAX;
        }

        t->chunks = chunks;
        chunks[chunk] = verify_users_alloc(VERIFY_USERS_CHUNK
                                           * sizeof(verify_user_t));

        if (chunks[chunk] == NULL) {
            return UINT32_MAX;
        }
    }

    u = verify_users_at(t, t->n);

    u->hash[0] = hash[0];
    u->hash[1] = hash[1];
    u->scope = scope;
    u->units = 0;
    u->place = 0;

    return t->n++;
}
