#include "sk_units.h"


const char *const  sk_states[SK_STATE_N] = {
#define X(constant, name)  name,
    SK_STATE_TABLE(X)
#undef X
};


static uint64_t sk_units_entries(size_t size);
static void sk_units_end_removal(sk_units_t *t);
static void sk_units_close_hole(sk_units_t *t);
static void sk_units_clear_bit(sk_units_t *t, uint64_t bit);


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

    t->used = 0;

    sk_store(&t->moves, 0);
    sk_store(&t->hole, 0);
}


void
sk_units_prefetch(sk_units_t *t, sk_key_t key)
{
    uint64_t  bit;

    bit = sk_units_filter_bit(t, key.hi);

    __builtin_prefetch(&t->filter[bit / 64], 1);
    __builtin_prefetch(&t->elts[bit / SK_UNITS_FILTER_BITS], 1);
}


int
sk_units_insert(sk_units_t *t, sk_key_t key, uint32_t sale, uint64_t value,
    uint32_t expires_s)
{
    uint64_t           i, bit;
    sk_unit_t         *u;
    _Atomic uint64_t  *word;

    if (t->used + 1 >= t->n) {
        return SK_FULL;
    }

    bit = sk_units_filter_bit(t, key.hi);
    word = &t->filter[bit / 64];

    i = bit / SK_UNITS_FILTER_BITS;

    while (sk_load(&t->elts[i].value)) {
        i = sk_units_next(t, i);
    }

    sk_store(word, sk_load(word) | (uint64_t) 1 << bit % 64);

    u = &t->elts[i];

    sk_store(&u->hi, key.hi);
    sk_store(&u->lo, key.lo);
    sk_store(&u->sale, sale);
    sk_store(&u->expires_s, expires_s);
    sk_store_release(&u->value, value);

    t->used++;

    return SK_OK;
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


sk_unit_t *
sk_units_get_queued(sk_units_t *t, sk_key_t key, uint32_t sale)
{
    uint64_t    i, n, value;
    sk_unit_t  *u;

    i = sk_units_home(t, key.hi);

    for (n = 0; n < t->n; n++) {
        u = &t->elts[i];

        value = sk_load_acquire(&u->value);

        if (value == 0) {
            return NULL;
        }

        if (sk_unit_state(value) >= SK_UNIT_JOINING
            && sk_load(&u->sale) == sale && sk_load(&u->hi) == key.hi
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

    sk_store(&t->removed, sk_units_filter_bit(t, sk_load(&u->hi)));

    atomic_signal_fence(memory_order_seq_cst);

    sk_store(&t->hole, (uint64_t) (u - t->elts) + 1);

    sk_units_end_removal(t);

    t->used--;
}


/*
 * The steps of a removal behind the store of its place.  Each may be done
 * again after it was done, so whoever finds the place begins here.
 */

static void
sk_units_end_removal(sk_units_t *t)
{
    sk_units_close_hole(t);

    if (sk_load(&t->moves) & 1) {
        sk_store_release(&t->moves, sk_load(&t->moves) + 1);
    }

    sk_units_clear_bit(t, sk_load(&t->removed));

    atomic_signal_fence(memory_order_seq_cst);

    sk_store(&t->hole, 0);
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
}


/*
 * Clears the bit of an entry that was removed, unless another one has it too.
 * Such an entry has the same home, so it lies before the first empty one.
 *
 * No entry is ever without its bit.  The mutex is held, so none comes while
 * this looks, and an insertion sets the bit before its entry can be seen.  Who
 * still reads the bit as set searches the table and finds nothing.  Who reads
 * it as clear would have found nothing either: with an insertion that he knows
 * of, he sees its bit, or what was stored there later, when it was removed.
 */

static void
sk_units_clear_bit(sk_units_t *t, uint64_t bit)
{
    uint64_t           i, n;
    sk_unit_t         *u;
    _Atomic uint64_t  *word;

    i = bit / SK_UNITS_FILTER_BITS;

    for (n = 0; n < t->n; n++) {
        u = &t->elts[i];

        if (sk_load(&u->value) == 0) {
            break;
        }

        if (sk_units_filter_bit(t, sk_load(&u->hi)) == bit) {
            return;
        }

        i = sk_units_next(t, i);
    }

    word = &t->filter[bit / 64];

    sk_store(word, sk_load(word) & ~((uint64_t) 1 << bit % 64));
}


void
sk_units_repair(sk_units_t *t)
{
    uint64_t  i;

    if (sk_load(&t->hole)) {
        sk_units_end_removal(t);

    } else if (sk_load(&t->moves) & 1) {
        sk_store_release(&t->moves, sk_load(&t->moves) + 1);
    }

    t->used = 0;

    for (i = 0; i < t->n; i++) {
        t->used += (sk_load(&t->elts[i].value) != 0);
    }
}
