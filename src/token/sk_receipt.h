/*
 * Receipts: what a buyer was told, and heads of ledgers, signed, for anybody to
 * check who has the public key.  Each is a JWT (RFC 7519), by Ed25519 (RFC
 * 8037).  Nothing is read or asked here: the key's text and the time are
 * arguments.
 */


#ifndef _SK_RECEIPT_H_INCLUDED_
#define _SK_RECEIPT_H_INCLUDED_


#include "sk_head.h"
#include "sk_token_keys.h"


#pragma GCC visibility push(hidden)


typedef struct sk_receipt_key_s  sk_receipt_key_t;


/* the members of a receipt; texts need no end */

typedef struct {
    const char   *iss;
    size_t        iss_len;
    const char   *user;         /* bytes that are no UTF-8 become U+FFFD */
    size_t        user_len;
    const char   *sale;
    size_t        sale_len;
    const char   *result;
    const char   *state;        /* NULL: there is no order */
    uint64_t      order;
    const char   *order_sale;   /* of another sale; NULL: of this one */
    size_t        order_sale_len;
    int64_t       iat;          /* seconds since the epoch */
    int64_t       exp;
    sk_head_t     head;         /* number 0: it is not known */
} sk_receipt_t;


/* the same of a head, which is nobody's receipt: it has no user */

typedef struct {
    const char   *iss;
    size_t        iss_len;
    const char   *zone;         /* whose ledger it is */
    size_t        zone_len;
    int64_t       iat;
    sk_head_t     head;
} sk_receipt_head_t;


/*
 * A private JWK.  SK_OK; SK_ERROR: "reason" says in lower case what is wrong,
 * but nothing of what is secret; or there is no memory.
 */
int sk_receipt_key_read(sk_receipt_key_t **key, const char *text, size_t len,
    sk_token_reason_t reason);

void sk_receipt_key_free(sk_receipt_key_t *key);

/* the public key as a JWK set, which lives as long as the key */
const char *sk_receipt_key_set(const sk_receipt_key_t *key);

/* to be freed; NULL: there is no memory */
char *sk_receipt_sign(const sk_receipt_key_t *key, const sk_receipt_t *receipt);
char *sk_receipt_sign_head(const sk_receipt_key_t *key,
    const sk_receipt_head_t *head);


#pragma GCC visibility pop


#endif /* _SK_RECEIPT_H_INCLUDED_ */
