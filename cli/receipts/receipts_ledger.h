/*
 * A ledger, for those who compare receipts with it: read once from its first
 * event to its head, as it is at one moment, while its chain is made again.
 * What is kept in memory are its sales, and 16 bytes an order, to find those of
 * a user; the rest is looked up when it is asked for.
 */


#ifndef _RECEIPTS_LEDGER_H_INCLUDED_
#define _RECEIPTS_LEDGER_H_INCLUDED_


#include <sodium.h>
#include <sqlite3.h>

#include "store.h"


#define RECEIPTS_TEXT_MAX   (3 * SK_USER_SIZE_MAX)      /* of a user, mended */


/* from which event on a sale has had a limit */

typedef struct {
    uint64_t            seq;
    int64_t             at_ms;
    int64_t             limit;
} receipts_limit_t;


typedef struct {
    uint64_t            id;             /* the event that has added it */
    uint64_t            removed;        /* that has removed it; 0: none has */
    int64_t             removed_ms;
    size_t              name_len;
    char                name[SK_NAME_SIZE_MAX];
    size_t              group_len;      /* 0: it is of none */
    char                group[SK_NAME_SIZE_MAX];
    receipts_limit_t   *limits;
    unsigned            n_limits;
} receipts_sale_t;


typedef struct {
    uint64_t            hash;           /* of its user, in UTF-8 */
    uint64_t            order;
} receipts_index_t;


typedef struct {
    sk_ledger_t        *ledger;
    sqlite3            *db;             /* of the same store */
    sqlite3_stmt       *event;
    sqlite3_stmt       *events;         /* of an order, after it was won */

    sk_head_t           head;           /* as far as the chain is sound */
    uint64_t            last;
    int                 broken;         /* it is not, behind that */

    receipts_sale_t    *sales;          /* ascending */
    size_t              n_sales;
    receipts_index_t   *index;          /* by hash, then by order */
    size_t              n_index;
    uint8_t             key[crypto_shorthash_KEYBYTES];

    char                error[SK_LEDGER_ERROR_SIZE_MAX];
} receipts_ledger_t;


/*
 * "l" is all zero.  SK_OK; SK_DAMAGED: "error" says where the chain is broken,
 * and what is before that can be used; else it failed.  To be closed in any
 * case.
 */
int receipts_ledger_open(receipts_ledger_t *l, const char *path);
void receipts_ledger_close(receipts_ledger_t *l);

/* the sale that an event has added, or NULL */
receipts_sale_t *receipts_ledger_sale(receipts_ledger_t *l, uint64_t id);

/* the first of the orders that a user in UTF-8 may have, and how many: others
   with the same hash are among them */
size_t receipts_ledger_user(receipts_ledger_t *l, const char *user, size_t len,
    const receipts_index_t **first);


#endif /* _RECEIPTS_LEDGER_H_INCLUDED_ */
