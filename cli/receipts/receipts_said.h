/* What a receipt, or a signed head, says: its claims, read. */


#ifndef _RECEIPTS_SAID_H_INCLUDED_
#define _RECEIPTS_SAID_H_INCLUDED_


#include <jansson.h>

#include "sk_head.h"
#include "sk_result.h"
#include "sk_units.h"


/* the strings are the claims' */

typedef struct {
    unsigned            is_head:1;      /* it has "head" and "iat" alone */
    const char         *user;
    size_t              user_len;
    const char         *sale;
    size_t              sale_len;
    const char         *order_sale;     /* NULL: of this one */
    size_t              order_sale_len;
    sk_result_e         result;
    uint64_t            order;          /* 0: it has none, and no state */
    const char         *state;          /* one of sk_states */
    int64_t             iat;            /* seconds */
    int64_t             exp;
    sk_head_t           head;
    unsigned            has_head:1;
    int64_t             seen_ms;        /* when it was decided, by the ledger:
                                           for who compares it with that */
} receipts_said_t;


/* NULL, or what is wrong with it */
const char *receipts_said_read(json_t *claims, receipts_said_t *said);


#endif /* _RECEIPTS_SAID_H_INCLUDED_ */
