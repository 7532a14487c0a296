/* What became of an order, looked up in the ledger. */


#ifndef _RECEIPTS_ORDER_H_INCLUDED_
#define _RECEIPTS_ORDER_H_INCLUDED_


#include "receipts_ledger.h"


#define RECEIPTS_SPANS_MAX  8


/* what an order was from one event to another */

typedef struct {
    const char         *state;          /* "held", "sold", "paid" */
    uint64_t            from;
    int64_t             from_ms;
    uint64_t            to;             /* the event that ended it; 0: none */
    int64_t             to_ms;
} receipts_span_t;


typedef struct {
    uint64_t            number;
    receipts_sale_t    *sale;
    size_t              user_len;       /* in UTF-8, as receipts have it */
    char                user[RECEIPTS_TEXT_MAX];
    receipts_span_t     spans[RECEIPTS_SPANS_MAX];
    unsigned            n_spans;
} receipts_order_t;


/*
 * What is looked up is on a connection of its own.  SK_OK, SK_ERROR: l->error
 * says why.  To be closed in any case.
 */
int receipts_order_open(receipts_ledger_t *l, const char *path);
void receipts_order_close(receipts_ledger_t *l);

/* the time of an event: SK_OK, SK_NOT_FOUND, SK_ERROR */
int receipts_order_at(receipts_ledger_t *l, uint64_t seq, int64_t *at_ms);

/* SK_OK; SK_NOT_FOUND: there is no such order; SK_ERROR */
int receipts_order_find(receipts_ledger_t *l, uint64_t number,
    receipts_order_t *order);


#endif /* _RECEIPTS_ORDER_H_INCLUDED_ */
