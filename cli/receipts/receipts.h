/*
 * Whether receipts that were collected, and signed heads, agree with the ledger
 * of a store, or of a backup.  A store in use is read as it is at one moment;
 * nothing is ever written to it.
 */


#ifndef _RECEIPTS_H_INCLUDED_
#define _RECEIPTS_H_INCLUDED_


#include <jansson.h>
#include <stdint.h>


#define RECEIPTS_GOOD     0
#define RECEIPTS_BAD      1         /* not all are, or the chain is broken */
#define RECEIPTS_TROUBLE  2         /* something cannot be read */

#define RECEIPTS_ERROR_SIZE  512


typedef struct {
    uint64_t       n;               /* lines, but for empty ones */
    uint64_t       n_good;
    uint64_t       n_heads;         /* of the good ones */
    uint64_t       n_expired;       /* which are good all the same */
    uint64_t       n_headless;      /* of which only the order is checked */

    json_t        *bad;             /* what is wrong, in words that name no
                                       user: an array; the caller's */
    char           error[RECEIPTS_ERROR_SIZE];  /* of RECEIPTS_TROUBLE */
} receipts_t;


typedef struct {
    const char    *store;
    const char    *list;            /* a file, one in a line; "-" is the
                                       standard input */
    const char    *keys;            /* a JWK set */
    size_t         keys_len;
    const char    *keys_name;       /* what it is called */
} receipts_conf_t;


/* for a program that has called sodium_init() */
int receipts_run(receipts_t *r, const receipts_conf_t *conf);


#endif /* _RECEIPTS_H_INCLUDED_ */
