/*
 * What later events refer to: an order, or a place in a waiting list, by the
 * event that has made it.  One record an event, of any kind, in their order.
 */


#ifndef _VERIFY_ORDERS_H_INCLUDED_
#define _VERIFY_ORDERS_H_INCLUDED_


#include "sk_ledger.h"


#define VERIFY_ORDERS_CHUNK  65536

#define VERIFY_STATE_TABLE(X)                                                \
    X(VERIFY_NOTHING,    "nothing")                                          \
    X(VERIFY_SOLD,       "sold")                                             \
    X(VERIFY_HELD,       "held")                                             \
    X(VERIFY_EXTENDED,   "extended")                                         \
    X(VERIFY_PAID,       "paid")                                             \
    X(VERIFY_PAID_LATE,  "paid late")                                        \
    X(VERIFY_EXPIRED,    "expired")                                          \
    X(VERIFY_CANCELLED,  "cancelled")                                        \
    X(VERIFY_QUEUED,     "queued")


typedef enum {
#define X(constant, name)  constant,
    VERIFY_STATE_TABLE(X)
#undef X
    VERIFY_STATE_N
} verify_state_e;


#define verify_state_of_order(s)                                             \
    ((s) != VERIFY_NOTHING && (s) != VERIFY_QUEUED)
#define verify_state_in_force(s)                                             \
    (verify_state_of_order(s) && (s) != VERIFY_EXPIRED                       \
     && (s) != VERIFY_CANCELLED)


typedef struct {
    uint32_t            user;           /* its number */
    unsigned            sale:28;        /* the same */
    unsigned            state:4;        /* verify_state_e */
} verify_order_t;


#define VERIFY_SALES_MAX  (1 << 28)


/* events whose numbers follow each other: all of them, but for damage */

typedef struct {
    int64_t             first;          /* event */
    uint64_t            at;             /* its record */
} verify_run_t;


typedef struct {
    verify_order_t    **chunks;
    uint64_t            n;
    verify_run_t       *runs;
    size_t              n_runs;
    int64_t             last;           /* event */
} verify_orders_t;


void verify_orders_free(verify_orders_t *t);

/* the record of the next event, all zero; NULL: there is no memory */
verify_order_t *verify_orders_add(verify_orders_t *t, int64_t seq);

/* that of an event that was added; NULL: none was */
verify_order_t *verify_orders_find(verify_orders_t *t, int64_t seq);

/* its place among the records, from 0 on; UINT64_MAX */
uint64_t verify_orders_index(verify_orders_t *t, int64_t seq);

#define verify_orders_at(t, i)                                               \
    (&(t)->chunks[(i) / VERIFY_ORDERS_CHUNK][(i) % VERIFY_ORDERS_CHUNK])


#endif /* _VERIFY_ORDERS_H_INCLUDED_ */
