/* Events: what the ledger says, row by row, and the zone is made from. */


#ifndef _SK_EVENT_H_INCLUDED_
#define _SK_EVENT_H_INCLUDED_


#include "sk_core.h"
#include "sk_sale.h"
#include "sk_shared.h"
#include "sk_units.h"


#define SK_EVENT_TABLE(X)                                                    \
    X(SK_EVENT_WON,          "won")                                          \
    X(SK_EVENT_SALE_ADDED,   "sale_added")                                   \
    X(SK_EVENT_SALE_EDITED,  "sale_edited")                                  \
    X(SK_EVENT_SALE_REMOVED, "sale_removed")                                 \
    X(SK_EVENT_PAID,         "paid")                                         \
    X(SK_EVENT_EXPIRED,      "expired")                                      \
    X(SK_EVENT_CANCELLED,    "cancelled")                                    \
    X(SK_EVENT_CLOCK_SET,    "clock_set")                                    \
    X(SK_EVENT_PRODUCT_ADDED,    "product_added")                            \
    X(SK_EVENT_PRODUCT_EDITED,   "product_edited")                           \
    X(SK_EVENT_PRODUCT_REMOVED,  "product_removed")                          \
    X(SK_EVENT_MACHINE_JOINED,   "machine_joined")                           \
    X(SK_EVENT_MACHINE_LEFT,     "machine_left")                             \
    X(SK_EVENT_EXTENDED,         "extended")                                 \
    X(SK_EVENT_BEACON_SET,       "beacon_set")                               \
    X(SK_EVENT_SEED_REVEALED,    "seed_revealed")                            \
    X(SK_EVENT_QUEUED,           "queued")                                   \
    X(SK_EVENT_ASKED,            "asked")                                    \
    X(SK_EVENT_SKIPPED,          "skipped")


typedef enum {
#define X(constant, name)  constant,
    SK_EVENT_TABLE(X)
#undef X
    SK_EVENT_N
} sk_event_e;


typedef struct {
    uint64_t        seq;        /* of a won claim: the order's number too */
    int64_t         at_ms;      /* never before the last event's */
    sk_event_e      type;
    uint64_t        sale_id;    /* seq of the event that added the sale */
    uint64_t        object;     /* the order, the product: the seq of the event
                                   that made it; 0: none.  won, skipped: the
                                   place in the waiting list */
    uint32_t        expires_s;  /* won: until when it is held; 0: it is sold;
                                   extended: until when now */
    unsigned        skip:1;     /* for sk_apply(): of a sale that is gone */
    unsigned        late:1;     /* paid: when it had expired; not read */
    unsigned        withdrawn:1;        /* cancelled: the unit is not on sale
                                           again, and the sale's stock is */
    int64_t         stock;              /* this from now on */
    const char     *user;       /* valid until the next call */
    size_t          user_len;
    uint64_t        ticket;     /* won: the claim's */
    uint32_t        want;       /* queued: units in all at most, 0: as many as
                                   the sale allows */
    sk_key_t        key;        /* of the user, for the zone: not stored; who
                                   appends sets it */

    /* who has made it, if anybody; a product's JSON */

    const char     *by;
    size_t          by_len;
    const char     *detail;
    size_t          detail_len;

    /* the idempotency key of the request that made it, NULL: it had none; and
       a hash of all that it asked for, SK_COMMAND_HASH_SIZE bytes */

    const char     *request;
    size_t          request_len;
    const uint8_t  *request_hash;

    /* sale_added, sale_edited: what it is now, and what the configuration says
       ("name_len" 0: nothing); sale_removed: what it was, which is written, but
       not read with the others */

    sk_sale_def_t   def;
    sk_sale_def_t   declared;
    char            machine[SK_MACHINE_NAME_SIZE_MAX + 1];  /* whose configu-
                                   ration; "": that of the only one */

    /* of a sale that has a shuffled opening, or had one; beacon_set,
       seed_revealed: what they say */

    sk_opening_def_t  opening;
    sk_beacon_t       beacon;
    uint8_t           seed[SK_SEED_SIZE];
} sk_event_t;


#define sk_event_of_order(type)                                              \
    ((type) == SK_EVENT_WON || (type) == SK_EVENT_PAID                       \
     || (type) == SK_EVENT_EXPIRED || (type) == SK_EVENT_CANCELLED           \
     || (type) == SK_EVENT_EXTENDED)
#define sk_event_of_waitlist(type)                                           \
    ((type) == SK_EVENT_QUEUED || (type) == SK_EVENT_ASKED                   \
     || (type) == SK_EVENT_SKIPPED)
#define sk_event_of_user(type)                                               \
    (sk_event_of_order(type) || sk_event_of_waitlist(type))
#define sk_event_of_product(type)                                            \
    ((type) == SK_EVENT_PRODUCT_ADDED || (type) == SK_EVENT_PRODUCT_EDITED   \
     || (type) == SK_EVENT_PRODUCT_REMOVED)
#define sk_event_has_def(type)                                               \
    ((type) == SK_EVENT_SALE_ADDED || (type) == SK_EVENT_SALE_EDITED)
#define sk_event_of_sale(type)                                               \
    (sk_event_has_def(type) || (type) == SK_EVENT_SALE_REMOVED)
#define sk_event_of_opening(type)                                            \
    ((type) == SK_EVENT_BEACON_SET || (type) == SK_EVENT_SEED_REVEALED)

/* of the others, nothing from "def" on is looked at */

#define sk_event_is_whole(type)                                              \
    (sk_event_of_sale(type) || sk_event_of_opening(type))


#endif /* _SK_EVENT_H_INCLUDED_ */
