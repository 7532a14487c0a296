/*
 * The sales of a zone.  A sale is found by its name and known by its place
 * ("slot"), which it keeps while the zone lives, so that a worker may keep a
 * pointer to it.  Readers take no lock; every change is made under the zone's
 * mutex.
 */


#ifndef _SK_SALE_H_INCLUDED_
#define _SK_SALE_H_INCLUDED_


#include "sk_field.h"
#include "sk_opening.h"


#pragma GCC visibility push(hidden)


/*
 * The one table of a sale's fields, but for its name and its group, which are
 * texts and never change.  From it follow what is
 * told of a sale and what the zone has of it, its JSON in requests, answers and
 * the ledger, the parameters of the configuration, and what of these is applied
 * when it changes.
 *
 * The member's name is the field's name in the ledger too.  "initial" is what a
 * field is that is not given, and for one that may be null, null; of one that
 * is needed, it is out of its bounds.
 */

#define SK_SALE_TIME_ALLOWED                                                 \
    "a time like 2026-11-27T09:00:00Z or null is allowed"

#define SK_SALE_ALWAYS  (SK_FIELD_ADD|SK_FIELD_EDIT|SK_FIELD_DECLARE)

/*    member, name, type, when, nullable, min, max, initial, allowed */
#define SK_SALE_TABLE(X)                                                     \
    X(product, "product", SK_FIELD_INTEGER, SK_FIELD_ADD|SK_FIELD_EDIT,      \
      1, 1, SK_NUMBER_MAX, 0, "a product's id or null is allowed")           \
    X(stock, "stock", SK_FIELD_INTEGER, SK_SALE_ALWAYS|SK_FIELD_NEEDED,      \
      0, 0, SK_STOCK_MAX, -1, "an integer from 0 to 1000000000 is allowed")  \
    X(limit, "limit", SK_FIELD_INTEGER, SK_SALE_ALWAYS,                      \
      0, 1, SK_LIMIT_MAX, 1, "an integer from 1 to 10000 is allowed")        \
    X(hold_s, "hold", SK_FIELD_SECONDS, SK_SALE_ALWAYS,                      \
      0, 0, SK_HOLD_MAX_S, 0,                                                \
      "an integer from 0 to 2592000 is allowed, in seconds")                 \
    X(start_ms, "start", SK_FIELD_TIME, SK_SALE_ALWAYS,                      \
      1, 0, INT64_MAX, SK_TIME_MIN, SK_SALE_TIME_ALLOWED)                    \
    X(end_ms, "end", SK_FIELD_TIME, SK_SALE_ALWAYS,                          \
      1, 0, INT64_MAX, SK_TIME_MAX, SK_SALE_TIME_ALLOWED)                    \
    X(paused, "paused", SK_FIELD_BOOLEAN, SK_FIELD_ADD|SK_FIELD_DECLARE,     \
      0, 0, 1, 0, "true or false is allowed")                                \
    X(extend_s, "extend", SK_FIELD_SECONDS, SK_SALE_ALWAYS,                  \
      0, 0, SK_HOLD_MAX_S, 0,                                                \
      "an integer from 0 to 2592000 is allowed, in seconds")                 \
    X(shuffle_s, "shuffle", SK_FIELD_SECONDS, SK_SALE_ALWAYS,                \
      0, 0, SK_SHUFFLE_MAX_S, 0,                                             \
      "an integer from 0 to 86400 is allowed, in seconds")                   \
    X(waitlist, "waitlist", SK_FIELD_INTEGER, SK_SALE_ALWAYS,                \
      0, 0, SK_WAITLIST_MAX, 0, "an integer from 0 to 1000000 is allowed")


/* a row as an sk_field_t, for tables that have more of them */

#define SK_SALE_FIELD(member, name, type, when, nullable, min, max, initial, \
    allowed)                                                                 \
    { name, type, when, nullable, min, max, allowed },


/* a field's place among the values, sk_sale_at(stock) */

#define sk_sale_at(member)  SK_SALE_AT_##member


typedef enum {
#define X(member, ...)  sk_sale_at(member),
    SK_SALE_TABLE(X)
#undef X
    SK_SALE_FIELDS
} sk_sale_field_e;


extern const sk_field_t    sk_sale_fields[SK_SALE_FIELDS];
extern const char *const   sk_sale_members[SK_SALE_FIELDS];


/* what a sale is told to be: by the configuration, by an event */

typedef struct {
    size_t    name_len;
    char      name[SK_NAME_SIZE_MAX];
    size_t    group_len;                /* 0: it is of none */
    char      group[SK_NAME_SIZE_MAX];

    union {
        struct {
#define X(member, ...)  int64_t  member;
            SK_SALE_TABLE(X)
#undef X
        };

        int64_t  values[SK_SALE_FIELDS];
    };
} sk_sale_def_t;


/* without a name, and each field as it is if it is not given */
extern const sk_sale_def_t  sk_sale_initial;

#define sk_sale_is_null(i, value)                                            \
    (sk_sale_fields[i].nullable && (value) == sk_sale_initial.values[i])


/* what happens to orders */

#define SK_ORDER_TABLE(X)                                                    \
    X(SK_ORDER_WON,        "won")                                            \
    X(SK_ORDER_PAID,       "paid")                                           \
    X(SK_ORDER_EXPIRED,    "expired")                                        \
    X(SK_ORDER_CANCELLED,  "cancelled")                                      \
    X(SK_ORDER_EXTENDED,   "extended")


typedef enum {
#define X(constant, name)  constant,
    SK_ORDER_TABLE(X)
#undef X
    SK_ORDER_N
} sk_order_e;


extern const char *const  sk_orders[SK_ORDER_N];


/*
 * A sale's waiting list: who waits for a unit that may return, in the order of
 * their places, 1, 2, 3...  Users leave it at its head alone: so a place minus
 * the last one that was left is the position in it.  For the mutex's holder.
 */

typedef struct {
    _Atomic uint32_t  waiting;          /* users in it */
    _Atomic uint32_t  joining;          /* claims to join it, undecided */
    _Atomic uint32_t  joined;           /* the last place that was given, */
    _Atomic uint32_t  left;             /* and the last one that was left */
    _Atomic uint64_t  left_id;          /* seq of the event that gave that */
    int64_t           shut_ms;          /* ledger time when the sale was last
                                           seen shut; the drainer's */
} sk_waitlist_t;


/*
 * A sale in the zone.  At every moment at which nobody holds the mutex
 * stock = free + undecided + held + sold.  A sale that was removed keeps its
 * place, without a name, until the zone is made anew.
 */

typedef struct {
    alignas(SK_CACHE_LINE)
    _Atomic int64_t   free;             /* below 0: too many are undecided */

    union {
        struct {
#define X(member, ...)  _Atomic int64_t  member;
            SK_SALE_TABLE(X)
#undef X
        };

        _Atomic int64_t  values[SK_SALE_FIELDS];
    };

    _Atomic uint64_t  id;               /* seq of the event that made it */
    _Atomic uint64_t  key_id;           /* what its users' keys are made with:
                                           all sales of a group have one, of
                                           the first that this zone has seen */
    _Atomic uint32_t  name_len;         /* 0: the sale was removed */
    _Atomic uint32_t  group_len;        /* 0: it is of none */
    char              name[SK_NAME_SIZE_MAX];
    char              group[SK_NAME_SIZE_MAX];

    alignas(SK_CACHE_LINE)
    _Atomic int64_t   undecided;
    _Atomic int64_t   held;
    _Atomic int64_t   sold;

    /* since the sale was made; a kill may lose one until the zone is made
       anew */
    _Atomic uint64_t  orders[SK_ORDER_N];

    /* as the configuration had it when that was last applied; for the mutex's
       holder, "name_len" 0: never */
    sk_sale_def_t     declared;
    unsigned          elsewhere;        /* another machine's has it, too */

    sk_waitlist_t     list;

    alignas(SK_CACHE_LINE)
    sk_opening_t      opening;
} sk_sale_t;


#define SK_SALE_STATE_TABLE(X)                                               \
    X(SK_SALE_OPEN,       "open")                                            \
    X(SK_SALE_SCHEDULED,  "scheduled")                                       \
    X(SK_SALE_PAUSED,     "paused")                                          \
    X(SK_SALE_SOLD_OUT,   "sold_out")                                        \
    X(SK_SALE_ENDED,      "ended")


typedef enum {
#define X(constant, name)  constant,
    SK_SALE_STATE_TABLE(X)
#undef X
    SK_SALE_STATE_N
} sk_sale_state_e;


extern const char *const  sk_sale_states[SK_SALE_STATE_N];


typedef struct {
    sk_sale_t         *elts;
    uint32_t           n_max;
    _Atomic uint32_t   n;
    uint32_t           index_mask;       /* places minus one, 2^n - 1 */
    _Atomic uint32_t  *index;           /* by name: slot plus one, or 0 */
} sk_sales_t;


#define sk_sale_slot(s, sale)  ((uint32_t) ((sale) - (s)->elts))


/* bytes that room for so many sales takes */
size_t sk_sales_size(uint32_t sales);

/* lays them out in zeroed memory, aligned to 64 */
void sk_sales_init(sk_sales_t *s, void *memory, uint32_t sales);

/*
 * Finds a sale by name; "hash" is of the name, by the zone's key.  Returns
 * NULL if there is none.
 */
sk_sale_t *sk_sales_find(sk_sales_t *s, uint64_t hash, const char *name,
    size_t len);

/*
 * Adds a sale with all its units free.  For the holder of the mutex; the
 * caller has looked that there is none of the name.  NULL: no place is left.
 */
sk_sale_t *sk_sales_add(sk_sales_t *s, uint64_t hash, uint64_t id,
    const sk_sale_def_t *def);

/* makes a sale be found by its name, if it is not; for the mutex's holder */
void sk_sales_index(sk_sales_t *s, uint64_t hash, sk_sale_t *sale);

/* a sale has the name and the group that it is told to have */
void sk_sale_name(sk_sale_t *sale, const sk_sale_def_t *def);

/* edits a sale in place; for the holder of the mutex */
void sk_sale_edit(sk_sale_t *sale, const sk_sale_def_t *def);

/* what a sale was told to be */
void sk_sale_def(sk_sale_t *sale, sk_sale_def_t *def);

/* entries of the zone's table that are a sale's: its units, and the places of
   its waiting list */
#define sk_sale_def_room(def)  ((def)->stock + (def)->waitlist)
#define sk_sale_room(sale)                                                   \
    (sk_load(&(sale)->stock) + sk_load(&(sale)->waitlist))

/* units that are nobody's for good: so many may return, or are free */
#define sk_sale_may_return(sale)                                             \
    (sk_load(&(sale)->stock) - sk_load(&(sale)->sold))

int sk_sale_def_equal(const sk_sale_def_t *a, const sk_sale_def_t *b);

/*
 * Puts into "def" what is declared otherwise than it was declared "last", field
 * by field: the rest may have been edited since.  NULL: all of it.
 */
void sk_sale_declare(sk_sale_def_t *def, const sk_sale_def_t *declared,
    const sk_sale_def_t *last);

/* takes a sale's name away, and its stock; for the holder of the mutex */
void sk_sale_remove(sk_sale_t *sale);

#define sk_sale_removed(sale)  (sk_load(&(sale)->name_len) == 0)

/* the state at a time: ended, scheduled, paused, sold_out, open, in this order
   of precedence */
sk_sale_state_e sk_sale_state(sk_sale_t *sale, int64_t now_ms);

/* whether a sale is of the group that it is told to be of, or of none */
int sk_sale_of_group(sk_sale_t *sale, const sk_sale_def_t *def);

/* 1 to 64 of A-Z a-z 0-9 . _ -, of a sale or a group */
int sk_sale_name_valid(const char *name, size_t len);

/* whether a user's own opening may be still to come, "now_ms" being in the
   window behind the start, or before */
#define sk_sale_shuffles(sale, now_ms)                                       \
    (sk_load(&(sale)->shuffle_s)                                             \
     && (now_ms) - sk_load(&(sale)->start_ms)                                \
        < sk_load(&(sale)->shuffle_s) * 1000)

/*
 * How long it is until a user's own opening in a sale that shuffles, in ms, 0
 * or less: it has come.  SK_OK; SK_NOT_FOUND: the seed is not known here.
 */
int sk_sale_opens_in(sk_sale_t *sale, const char *user, size_t len,
    int64_t now_ms, int64_t *ms);

/*
 * Why a sale cannot become "def" now, as far as its opening is concerned, and
 * which field that is; NULL: it can.  "now_ms" is the time of day.
 */
const char *sk_sale_fixed(sk_sale_t *sale, const sk_sale_def_t *def,
    int64_t now_ms, const char **field);

#pragma GCC visibility pop


#endif /* _SK_SALE_H_INCLUDED_ */
