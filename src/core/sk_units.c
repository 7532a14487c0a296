#include "sk_units.h"


#define SK_UNITS_FIND_TRIES  1000


static uint64_t sk_units_entries(size_t size);
static int sk_units_look(sk_units_t *t, sk_key_t key, sk_holding_t *h);
static void sk_units_close_hole(sk_units_t *t);


static inline uint64_t
sk_units_home(sk_units_t *t, uint64_t hi)
{
    /* a hash of 64 bits, scaled to the table: no power of two needed */

    return (uint64_t) (((unsigned __int128) hi * t->n) >> 64);
}


static inline uint64_t
sk_units_filter_bit(sk_units_t *t, uint64_t lo)
{
    return (uint64_t) (((unsigned __int128) lo * t->n * SK_UNITS_FILTER_BITS)
                       >> 64);
}


static inline uint64_t
sk_units_next(sk_units_t *t, uint64_t i)
{
    return (i + 1 == t->n) ? 0 : i + 1;
}


size_t
sk_units_size(uint64_t units)
{
    uint64_t  n;

    /* one entry at least stays empty, so that every search ends */

    n = (units * SK_UNITS_LOAD_DEN + SK_UNITS_LOAD_NUM - 1) / SK_UNITS_LOAD_NUM
        + 1;

    /* and what the filter's last word and rounding take */

    return n * sizeof(sk_unit_t) + n * SK_UNITS_FILTER_BITS / 8
           + 2 * sizeof(uint64_t);
}


/* so many that their filter fits too, in whole words */

static uint64_t
sk_units_entries(size_t size)
{
    if (size < sizeof(uint64_t)) {
        return 0;
    }

    return (size - sizeof(uint64_t)) * 8
           / (sizeof(sk_unit_t) * 8 + SK_UNITS_FILTER_BITS);
}


uint64_t
sk_units_room(size_t size)
{
    uint64_t  n;

    n = sk_units_entries(size);

    return n ? (n - 1) * SK_UNITS_LOAD_NUM / SK_UNITS_LOAD_DEN : 0;
}


void
sk_units_init(sk_units_t *t, void *memory, size_t size)
{
    t->elts = memory;
    t->n = sk_units_entries(size);
    t->n_max = sk_units_room(size);
    t->filter = (_Atomic uint64_t *) &t->elts[t->n];

    sk_store(&t->moves, 0);
    sk_store(&t->hole, 0);
}


int
sk_units_find(sk_units_t *t, sk_key_t key, sk_holding_t *h)
{
    unsigned  tries;
    uint64_t  moves, bit;

    bit = sk_units_filter_bit(t, key.lo);

    if (!(sk_load_acquire(&t->filter[bit / 64]) >> bit % 64 & 1)) {
        memset(h, 0, sizeof(sk_holding_t));
        return SK_OK;
    }

    for (tries = 0; tries < SK_UNITS_FIND_TRIES; tries++) {

        moves = sk_load_acquire(&t->moves);

        if (moves & 1) {
            continue;
        }

        if (sk_units_look(t, key, h) != SK_OK) {
            continue;
        }

        atomic_thread_fence(memory_order_acquire);

        if (sk_load(&t->moves) == moves) {
            return SK_OK;
        }
    }

    return SK_AGAIN;
}


static int
sk_units_look(sk_units_t *t, sk_key_t key, sk_holding_t *h)
{
    uint64_t    i, n, value, number;
    sk_unit_t  *u;

    memset(h, 0, sizeof(sk_holding_t));

    i = sk_units_home(t, key.hi);

    for (n = 0; n < t->n; n++) {
        u = &t->elts[i];

        value = sk_load_acquire(&u->value);

        if (value == 0) {
            return SK_OK;
        }

        if (sk_load(&u->hi) == key.hi && sk_load(&u->lo) == key.lo) {

            number = sk_unit_number(value);

            if (sk_unit_state(value) == SK_UNIT_UNDECIDED) {
                h->n_undecided++;

                if (h->ticket < number) {
                    h->ticket = number;
                }

            } else {

                if (h->n_won == 0 || number < h->order) {
                    h->order = number;
                    h->state = sk_unit_state(value);
                    h->expires_s = sk_load(&u->expires_s);
                }

                if (h->order_last < number) {
                    h->order_last = number;
                }

                h->n_won++;
            }
        }

        i = sk_units_next(t, i);
    }

    /* no empty entry: a removal was seen half done */

    return SK_AGAIN;
}


void
sk_units_prefetch(sk_units_t *t, sk_key_t key)
{
    __builtin_prefetch(&t->filter[sk_units_filter_bit(t, key.lo) / 64], 1);
    __builtin_prefetch(&t->elts[sk_units_home(t, key.hi)], 1);
}


int
sk_units_insert(sk_units_t *t, sk_key_t key, uint32_t sale, uint64_t value,
    uint32_t expires_s)
{
    uint64_t           i, n, bit;
    sk_unit_t         *u;
    _Atomic uint64_t  *word;

    bit = sk_units_filter_bit(t, key.lo);
    word = &t->filter[bit / 64];

    sk_store(word, sk_load(word) | (uint64_t) 1 << bit % 64);

    i = sk_units_home(t, key.hi);

    for (n = 0; n + 1 < t->n; n++) {
        u = &t->elts[i];

        if (sk_load(&u->value) == 0) {
            sk_store(&u->hi, key.hi);
            sk_store(&u->lo, key.lo);
            sk_store(&u->sale, sale);
            sk_store(&u->expires_s, expires_s);
            sk_store_release(&u->value, value);

            return SK_OK;
        }

        i = sk_units_next(t, i);
    }

    return SK_FULL;
}


sk_unit_t *
sk_units_get(sk_units_t *t, sk_key_t key, uint64_t value)
{
    uint64_t    i, n, v;
    sk_unit_t  *u;

    i = sk_units_home(t, key.hi);

    for (n = 0; n < t->n; n++) {
        u = &t->elts[i];

        v = sk_load_acquire(&u->value);

        if (v == 0) {
            return NULL;
        }

        if (v == value && sk_load(&u->hi) == key.hi
            && sk_load(&u->lo) == key.lo)
        {
            return u;
        }

        i = sk_units_next(t, i);
    }

    return NULL;
}


void
sk_units_remove(sk_units_t *t, sk_unit_t *u)
{
    sk_store(&t->moves, sk_load(&t->moves) + 1);
    atomic_thread_fence(memory_order_release);

    sk_store(&t->hole, (uint64_t) (u - t->elts) + 1);

    sk_units_close_hole(t);

    sk_store_release(&t->moves, sk_load(&t->moves) + 1);
}


/*
 * Moves back the entries behind the hole.  The hole's place is stored before
 * an entry is moved away from it, and the entry that is moved stays whole
 * until then, so this can be interrupted anywhere and called again.
 */

static void
sk_units_close_hole(sk_units_t *t)
{
    uint64_t    i, home, hole;
    sk_unit_t  *from, *to;

    hole = sk_load(&t->hole) - 1;

    for (i = sk_units_next(t, hole); i != hole; i = sk_units_next(t, i)) {

        from = &t->elts[i];

        if (sk_load(&from->value) == 0) {
            break;
        }

        home = sk_units_home(t, sk_load(&from->hi));

        if ((hole < i) ? (hole < home && home <= i)
                       : (hole < home || home <= i))
        {
            /* it would be ahead of its home */
            continue;
        }

        to = &t->elts[hole];

        sk_store(&to->hi, sk_load(&from->hi));
        sk_store(&to->lo, sk_load(&from->lo));
        sk_store(&to->sale, sk_load(&from->sale));
        sk_store(&to->expires_s, sk_load(&from->expires_s));
        sk_store(&to->value, sk_load(&from->value));

        atomic_signal_fence(memory_order_seq_cst);

        sk_store(&t->hole, i + 1);
        hole = i;

        atomic_signal_fence(memory_order_seq_cst);
    }

    sk_store(&t->elts[hole].value, 0);

    atomic_signal_fence(memory_order_seq_cst);

    sk_store(&t->hole, 0);
}


void
sk_units_repair(sk_units_t *t)
{
    if (sk_load(&t->hole)) {
        sk_units_close_hole(t);
    }

    if (sk_load(&t->moves) & 1) {
        sk_store_release(&t->moves, sk_load(&t->moves) + 1);
    }
}
