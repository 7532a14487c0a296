/*
 * The table of units: one entry for each unit that a user has or is about to
 * get.  A user with three units of a sale has three entries, so the table
 * never holds more entries than the sales of the zone have units, whatever
 * their limits; buyers who got nothing take no room.  A place in a sale's
 * waiting list is an entry, too.
 *
 * Open addressing with linear probing; an entry is removed by moving back
 * those behind it (Knuth, The Art of Computer Programming, vol. 3, 6.4,
 * algorithm R), so the table does not fill with gravestones.
 *
 * Readers take no lock and write nothing.  An insertion becomes visible with
 * the store of its value.  A removal moves entries, so it makes "moves" odd
 * while it lasts, and a reader that saw it change looks again (a seqlock).
 * All changes are made under the zone's mutex.
 *
 * Most searches are for users who have nothing, and each would wait for memory
 * that no cache holds.  So a filter stands before the table: each entry has a
 * bit of it, and a search that finds it clear is over (Bloom, Space/Time
 * Trade-offs in Hash Coding, 1970, with one hash).  A bit is set before its
 * entry is visible, so nothing that is in the table is missed.
 *
 * Each home has SK_UNITS_FILTER_BITS of its own: entries of one bit have one
 * home, so they lie between that and the next empty entry.  A removal looks
 * there, and clears the bit if it was the last one's; the filter stays as good
 * as on the first day, however often the units change hands.  Only a process
 * killed in the middle of an insertion may leave a bit that nobody needs, until
 * another entry with it goes.
 */


#ifndef _SK_UNITS_H_INCLUDED_
#define _SK_UNITS_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


/* an entry's state, in the three highest bits of its value; of the last two no
   unit is anybody's yet: their users are in the sale's waiting list */

#define SK_UNIT_EMPTY      0
#define SK_UNIT_UNDECIDED  1    /* the number is the claim's ticket */
#define SK_UNIT_HELD       2    /* the number is the order's */
#define SK_UNIT_SOLD       3    /* the number is the order's */
#define SK_UNIT_JOINING    4    /* the number is the claim's ticket */
#define SK_UNIT_QUEUED     5    /* the number is a place, and what is wanted */

#define SK_UNIT_NUMBER_BITS  61
#define sk_unit_value(state, number)                                         \
    (((uint64_t) (state) << SK_UNIT_NUMBER_BITS) | (number))
#define sk_unit_state(value)   ((unsigned) ((value) >> SK_UNIT_NUMBER_BITS))
#define sk_unit_number(value)                                                \
    ((value) & (((uint64_t) 1 << SK_UNIT_NUMBER_BITS) - 1))

/* a place in a waiting list, and the units in all that its user wants at most,
   0: as many as the sale allows */

#define sk_unit_queued(place, want)                                          \
    sk_unit_value(SK_UNIT_QUEUED, (uint64_t) (want) << 32 | (place))
#define sk_unit_place(value)  ((uint32_t) (value))
#define sk_unit_want(value)   ((uint32_t) (sk_unit_number(value) >> 32))


/* what an order in force is; a unit that was held keeps the end of that, so
   that one which is paid is told from one that was sold at once */

#define SK_STATE_TABLE(X)                                                    \
    X(SK_STATE_HELD,  "held")                                                \
    X(SK_STATE_SOLD,  "sold")                                                \
    X(SK_STATE_PAID,  "paid")


typedef enum {
#define X(constant, name)  constant,
    SK_STATE_TABLE(X)
#undef X
    SK_STATE_N
} sk_state_e;


extern const char *const  sk_states[SK_STATE_N];

#define sk_state_bit(state)  (1U << (state))
#define SK_STATES_ALL        (sk_state_bit(SK_STATE_N) - 1)


/* at most 70 % of the entries are used: a search reads about six of them */

#define SK_UNITS_LOAD_NUM  7
#define SK_UNITS_LOAD_DEN  10

/* bits of the filter for each entry: of a full table, one search in six is not
   over with the filter */

#define SK_UNITS_FILTER_BITS  4


typedef struct {
    uint64_t  hi;
    uint64_t  lo;
} sk_key_t;             /* keyed hash of a sale, or a group, and a user */


typedef struct {
    _Atomic uint64_t  hi;
    _Atomic uint64_t  lo;
    _Atomic uint64_t  value;
    _Atomic uint32_t  sale;     /* its place in the zone's sales */
    _Atomic uint32_t  expires_s;        /* held: since the epoch; queued: when
                                           its user has asked last */
} sk_unit_t;


typedef struct {
    sk_unit_t        *elts;
    uint64_t          n;
    uint64_t          n_max;    /* units that may be reserved */
    _Atomic uint64_t *filter;   /* n * SK_UNITS_FILTER_BITS bits */

    alignas(SK_CACHE_LINE)
    _Atomic uint64_t  moves;    /* odd while a removal moves entries */

    /* the writers', in a line that no reader waits for */

    alignas(SK_CACHE_LINE)
    _Atomic uint64_t  hole;     /* the removal's place plus one, or 0 */
    _Atomic uint64_t  removed;  /* the bit of what it removes */
    uint64_t          used;     /* entries that are not empty */
} sk_units_t;


/* what the table says of one user in one sale, or in all of a group; small, as
   each claim clears it */

typedef struct {
    unsigned  n_won;            /* units held or sold */
    unsigned  n_undecided;
    uint64_t  order;            /* the first (lowest) order, if n_won: */
    uint32_t  sale;             /* its sale's place, */
    uint32_t  expires_s;        /* its end, if it was held, */
    uint8_t   state;            /* its sk_state_e, */
    uint8_t   meant;            /* whether that was asked for; */
    uint8_t   states;           /* sk_state_bit() of all orders */

    /* of one sale alone: the user is in its waiting list, or joins it */

    uint8_t   joining;
    uint32_t  place;            /* 0: not in it */
    uint32_t  asked_s;          /* when the user has asked last */

    uint64_t  ticket;           /* the last one, if n_undecided or joining */
} sk_holding_t;


/* bytes that a table with room for so many units takes */
size_t sk_units_size(uint64_t units);

/* units that a table of so many bytes may hold */
uint64_t sk_units_room(size_t size);

/*
 * Lays the table out in "size" bytes of zeroed memory, aligned to 64, with
 * room for a unit at least.
 */
void sk_units_init(sk_units_t *t, void *memory, size_t size);

/*
 * Reads what a user has.  May be called by any process at any time without a
 * lock; returns SK_AGAIN if removals kept moving entries (one that was killed
 * in the middle, for instance): take the zone's mutex, which repairs that, and
 * call again.
 */
int sk_units_find(sk_units_t *t, sk_key_t key, sk_holding_t *h);

/*
 * The same, of what is of one sale alone.  The order is the first of those in
 * one of these states, sk_state_bit(), or, if there is none, the first.
 */
int sk_units_find_sale(sk_units_t *t, sk_key_t key, uint32_t sale,
    unsigned states, sk_holding_t *h);

/*
 * The entry of a user with exactly this value, or NULL.  For the holder of the
 * mutex; the drainer, which alone removes entries, needs it only to write.
 */
sk_unit_t *sk_units_get(sk_units_t *t, sk_key_t key, uint64_t value);

/* likewise, the entry of a user who is in a sale's waiting list or joins it */
sk_unit_t *sk_units_get_queued(sk_units_t *t, sk_key_t key, uint32_t sale);

/* brings near what an insertion of the key will change, without waiting */
void sk_units_prefetch(sk_units_t *t, sk_key_t key);

/* The functions below are for the holder of the zone's mutex only. */

/*
 * "expires_s" is the end of a unit that is held, else 0.  Returns SK_OK, or
 * SK_FULL if all entries but one are used: searches end at an empty one.
 */
int sk_units_insert(sk_units_t *t, sk_key_t key, uint32_t sale, uint64_t value,
    uint32_t expires_s);

void sk_units_remove(sk_units_t *t, sk_unit_t *u);

/* ends a removal whose process was killed, if there is one */
void sk_units_repair(sk_units_t *t);


/* for the table's own files: where a key's bit and home are */

static inline uint64_t
sk_units_filter_bit(sk_units_t *t, uint64_t hi)
{
    /* a hash of 64 bits, scaled to the filter: no power of two needed */

    return (uint64_t) (((unsigned __int128) hi * t->n * SK_UNITS_FILTER_BITS)
                       >> 64);
}


static inline uint64_t
sk_units_home(sk_units_t *t, uint64_t hi)
{
    return sk_units_filter_bit(t, hi) / SK_UNITS_FILTER_BITS;
}


static inline uint64_t
sk_units_next(sk_units_t *t, uint64_t i)
{
    return (i + 1 == t->n) ? 0 : i + 1;
}


#pragma GCC visibility pop


#endif /* _SK_UNITS_H_INCLUDED_ */
