/*
 * Pages: what the API shows of products, sales, orders and events, as JSON.  A
 * reader has read-only connections to the store and to its query tables; it is
 * for one thread at a time, in any process, as long as no fork is between.
 */


#ifndef _SK_PAGE_H_INCLUDED_
#define _SK_PAGE_H_INCLUDED_


#include "sk_ledger.h"
#include "sk_zone.h"


#pragma GCC visibility push(hidden)


#define SK_PAGE_LIMIT_MAX      1000
#define SK_PAGE_STATE_MAX        16     /* bytes of an order's state */
#define SK_PAGE_BUSY_WAIT_MS    100


/*    constant, sk_page_...() that reads it, whether it is a list */
#define SK_PAGE_TABLE(X)                                                     \
    X(SK_PAGE_PRODUCTS,  products,  1)                                       \
    X(SK_PAGE_PRODUCT,   product,   0)                                       \
    X(SK_PAGE_SALES,     sales,     1)                                       \
    X(SK_PAGE_SALE,      sale,      0)                                       \
    X(SK_PAGE_ORDERS,    orders,    1)                                       \
    X(SK_PAGE_ORDER,     order,     0)                                       \
    X(SK_PAGE_EVENTS,    events,    1)


typedef enum {
#define X(constant, reader, list)  constant,
    SK_PAGE_TABLE(X)
#undef X
    SK_PAGE_N
} sk_page_e;


/* those that are lists, a bit each */

#define SK_PAGE_LIST(constant, reader, list)  | list << constant
#define SK_PAGE_LISTS  (0 SK_PAGE_TABLE(SK_PAGE_LIST))


typedef struct {
    sk_page_e    type;
    uint64_t     id;            /* of a product, an order */
    uint64_t     after;
    int64_t      at_ms;         /* of the event "after", 0: not known */
    unsigned     limit;         /* 1 to SK_PAGE_LIMIT_MAX */
    int64_t      now_ms;
    uint64_t     seq;           /* the query tables have seen that much */

    /* what selects, where "len" is not 0 */

    size_t       name_len;
    char         name[SK_NAME_SIZE_MAX];
    size_t       user_len;
    char         user[SK_USER_SIZE_MAX];
    size_t       state_len;
    char         state[SK_PAGE_STATE_MAX];

    /* the result, until sk_page_free() */

    sk_status_e  status;
    char        *json;
    size_t       len;
    unsigned     n;
    unsigned     behind:1;      /* the query tables: ask again */
    char         message[SK_LEDGER_ERROR_SIZE_MAX];
} sk_page_t;


typedef struct sk_reader_s  sk_reader_t;


/* NULL: no memory.  "zone" may serve others meanwhile */
sk_reader_t *sk_page_reader_create(sk_zone_t *zone, const char *store);
void sk_page_reader_destroy(sk_reader_t *reader);

/* reads a page: see its "status" */
void sk_page_reader_page(sk_reader_t *reader, sk_page_t *page);

void sk_page_free(sk_page_t *page);


#pragma GCC visibility pop


#endif /* _SK_PAGE_H_INCLUDED_ */
