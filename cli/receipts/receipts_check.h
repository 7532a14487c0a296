/*
 * Whether a receipt, or a signed head, agrees with a ledger.
 *
 * Its signature and its head are exact.  Of what it says of the user, only what
 * cannot have been true is found: the zone tells what it has seen, and its head
 * may be ahead of that by what was being committed just then.  So an event less
 * than RECEIPTS_LAG_MS before a receipt may have been seen or not.
 */


#ifndef _RECEIPTS_CHECK_H_INCLUDED_
#define _RECEIPTS_CHECK_H_INCLUDED_


#include "receipts_order.h"
#include "sk_token_keys.h"


#define RECEIPTS_LAG_MS  10000


typedef struct {
    receipts_ledger_t   ledger;
    sk_token_keys_t    *keys;
    int64_t             now_s;

    uint64_t            n;
    uint64_t            n_good;
    uint64_t            n_heads;        /* of the good ones */
    uint64_t            n_expired;      /* which are good all the same */
    uint64_t            n_headless;     /* of which little can be said */

    char                why[256];       /* what is wrong, without its user */
} receipts_check_t;


/*
 * SK_OK; SK_REFUSED: "why" says what is wrong with it; SK_ERROR: the ledger
 * cannot be read, and its "error" says why.
 */
int receipts_check(receipts_check_t *c, const char *text, size_t len);


#endif /* _RECEIPTS_CHECK_H_INCLUDED_ */
