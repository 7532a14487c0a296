/*
 * Does what operators have commanded: products, sales, orders.  Each command
 * is checked against the zone, which has seen the whole ledger, becomes events,
 * and is on disk before its reply is left.
 *
 * The event of a command with an idempotency key has that key: who asks again
 * within SK_OPERATOR_KEEP_MS gets the answer that is made from that event.  A
 * refusal makes none, and is decided again.
 *
 * For the drainer.
 */


#ifndef _SK_OPERATOR_H_INCLUDED_
#define _SK_OPERATOR_H_INCLUDED_


#include "sk_command.h"
#include "sk_declare.h"
#include "sk_writer.h"


#pragma GCC visibility push(hidden)


#define SK_OPERATOR_KEEP_MS         86400000    /* a key holds: 24 hours */
#define SK_OPERATOR_PRODUCTS_MAX       10000
#define SK_OPERATOR_PRODUCT_NAME_MAX     200    /* bytes */
#define SK_OPERATOR_DESCRIPTION_MAX     4096
#define SK_OPERATOR_ATTRIBUTES_MAX      8192


typedef struct sk_operator_s  sk_operator_t;


/*
 * Does the commands that wait, in one transaction where they do not touch each
 * other.  What the writer returns, if not SK_OK: then none is done.  "decided"
 * is set if there are replies.  "operator" is made when it is needed first.
 */
int sk_operator_work(sk_operator_t **operator, sk_commands_t *commands,
    const sk_declare_t *declare, sk_writer_t *w, unsigned *decided);

/* the store failed: nobody is to wait for it */
void sk_operator_give_back(sk_commands_t *commands);

/* before the ledger is closed; it is NULL then */
void sk_operator_close(sk_operator_t **operator);


#pragma GCC visibility pop


#endif /* _SK_OPERATOR_H_INCLUDED_ */
