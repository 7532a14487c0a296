#include "sk_units.h"


/* what a user has, for readers: without a lock */


#define SK_UNITS_FIND_TRIES  1000
#define SK_UNITS_ANY         UINT32_MAX     /* of whichever sale */


static int sk_units_find_search(sk_units_t *t, sk_key_t key, uint64_t home,
    uint32_t sale, unsigned states, sk_holding_t *h);
static int sk_units_find_look(sk_units_t *t, sk_key_t key, uint64_t home,
    uint32_t sale, unsigned states, sk_holding_t *h);
static void sk_units_find_count(sk_holding_t *h, uint64_t value, uint32_t sale,
    uint32_t expires_s, unsigned states);
static inline sk_state_e sk_units_find_state(uint64_t value,
    uint32_t expires_s);


int
sk_units_find(sk_units_t *t, sk_key_t key, sk_holding_t *h)
{
    uint64_t  bit;

    bit = sk_units_filter_bit(t, key.hi);

    if (sk_load_acquire(&t->filter[bit / 64]) >> bit % 64 & 1) {
        return sk_units_find_search(t, key, bit / SK_UNITS_FILTER_BITS,
                                    SK_UNITS_ANY, SK_STATES_ALL, h);
    }

    memset(h, 0, sizeof(sk_holding_t));

    return SK_OK;
}


int
sk_units_find_sale(sk_units_t *t, sk_key_t key, uint32_t sale,
    unsigned states, sk_holding_t *h)
{
    uint64_t  bit;

    bit = sk_units_filter_bit(t, key.hi);

    if (sk_load_acquire(&t->filter[bit / 64]) >> bit % 64 & 1) {
        return sk_units_find_search(t, key, bit / SK_UNITS_FILTER_BITS, sale,
                                    states, h);
    }

    memset(h, 0, sizeof(sk_holding_t));

    return SK_OK;
}


/* on its own, so that those whom the filter answers save no registers for it */

static __attribute__((noinline)) int
sk_units_find_search(sk_units_t *t, sk_key_t key, uint64_t home, uint32_t sale,
    unsigned states, sk_holding_t *h)
{
    unsigned  tries;
    uint64_t  moves;

    for (tries = 0; tries < SK_UNITS_FIND_TRIES; tries++) {

        moves = sk_load_acquire(&t->moves);

        if (moves & 1) {
            continue;
        }

        if (sk_units_find_look(t, key, home, sale, states, h) != SK_OK) {
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
sk_units_find_look(sk_units_t *t, sk_key_t key, uint64_t home, uint32_t sale,
    unsigned states, sk_holding_t *h)
{
    uint32_t    slot;
    uint64_t    value;
    sk_unit_t  *u, *first, *end;

    memset(h, 0, sizeof(sk_holding_t));

    first = &t->elts[home];
    end = &t->elts[t->n];
    u = first;

    do {
        value = sk_load_acquire(&u->value);

        if (value == 0) {
            return SK_OK;
        }

        if (sk_load(&u->hi) == key.hi && sk_load(&u->lo) == key.lo) {

            slot = sk_load(&u->sale);

            /* or another one's of its group */

            if (sale == SK_UNITS_ANY || slot == sale) {
                sk_units_find_count(h, value, slot, sk_load(&u->expires_s),
                                    states);
            }
        }

        u = (u + 1 == end) ? t->elts : u + 1;

    } while (u != first);

    /* no empty entry: a removal was seen half done */

    return SK_AGAIN;
}


static void
sk_units_find_count(sk_holding_t *h, uint64_t value, uint32_t sale,
    uint32_t expires_s, unsigned states)
{
    uint64_t    number;
    unsigned    meant;
    sk_state_e  state;

    number = sk_unit_number(value);

    switch (sk_unit_state(value)) {

    case SK_UNIT_UNDECIDED:
        h->n_undecided++;
        h->ticket = (h->ticket < number) ? number : h->ticket;
        return;

    case SK_UNIT_JOINING:
        h->joining = 1;
        h->ticket = (h->ticket < number) ? number : h->ticket;
        return;

    case SK_UNIT_QUEUED:
        h->place = sk_unit_place(value);
        h->asked_s = expires_s;
        return;

    default: /* SK_UNIT_HELD, SK_UNIT_SOLD */
        break;
    }

    state = sk_units_find_state(value, expires_s);

    meant = (states & sk_state_bit(state)) != 0;

    if (h->n_won == 0 || meant > h->meant
        || (meant == h->meant && number < h->order))
    {
        h->meant = (uint8_t) meant;
        h->order = number;
        h->state = (uint8_t) state;
        h->expires_s = expires_s;
        h->sale = sale;
    }

    h->states |= (uint8_t) sk_state_bit(state);
    h->n_won++;
}


static inline sk_state_e
sk_units_find_state(uint64_t value, uint32_t expires_s)
{
    if (sk_unit_state(value) == SK_UNIT_HELD) {
        return SK_STATE_HELD;
    }

    return expires_s ? SK_STATE_PAID : SK_STATE_SOLD;
}
