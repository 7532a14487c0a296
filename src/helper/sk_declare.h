/*
 * Makes the ledger follow the configuration: each sale whose declaration there
 * is not the one that the ledger knows becomes an event.  A sale keeps its
 * buyers whatever is edited; its stock does not fall below what is sold.
 */


#ifndef _SK_DECLARE_H_INCLUDED_
#define _SK_DECLARE_H_INCLUDED_


#include "sk_writer.h"


#pragma GCC visibility push(hidden)


/* who has made an event, if the configuration has */

#define SK_DECLARE_BY  "configuration"


typedef struct {
    /* set by the caller */

    const sk_sale_def_t  *sales;        /* declared in the configuration */
    unsigned              n_sales;
    unsigned              leaving:1;    /* what is declared now, it does not
                                           know: the process is exiting */
    unsigned              done:1;
} sk_declare_t;


/*
 * All in one transaction.  A sale that does not fit in the zone is left out,
 * and an error is logged.  SK_OK, or what the writer returns.
 */
int sk_declare_work(sk_declare_t *d, sk_writer_t *w);

/* whether the configuration has a sale of this name */
int sk_declare_has(const sk_declare_t *d, const char *name, size_t len);


#pragma GCC visibility pop


#endif /* _SK_DECLARE_H_INCLUDED_ */
