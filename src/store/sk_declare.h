/*
 * Makes the ledger follow the configuration: each sale whose declaration there
 * is not the one that the ledger knows becomes an event.  A sale keeps its
 * buyers whatever is edited; its stock does not fall below what is sold.
 */


#ifndef _SK_DECLARE_H_INCLUDED_
#define _SK_DECLARE_H_INCLUDED_


#include "sk_drain.h"


#pragma GCC visibility push(hidden)


/* who has made an event, if the configuration has */

#define SK_DECLARE_BY  "configuration"


/*
 * All in one transaction.  A sale that does not fit in the zone is left out,
 * and an error is logged.  Returns SK_OK, SK_AGAIN, SK_ERROR.
 */
int sk_declare(sk_drain_t *d, int64_t now_ms);


#pragma GCC visibility pop


#endif /* _SK_DECLARE_H_INCLUDED_ */
