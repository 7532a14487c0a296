/*
 * The chain, made again from the rows: in a thread of its own.  Each commit is
 * checked by the chain that the store has of the one before, so that each that
 * was changed is found, and no other.
 */


#ifndef _VERIFY_CHAIN_H_INCLUDED_
#define _VERIFY_CHAIN_H_INCLUDED_


#include "verify.h"
#include "verify_ring.h"


/* more than any commit of an engine has: what is longer was never one */

#define VERIFY_CHAIN_COMMIT_MAX  (256 * 1024 * 1024)    /* bytes */


typedef struct {
    verify_ring_t      *ring;
    sk_pack_t           packed;         /* rows after the head */
    uint64_t            n;              /* of them */
    int64_t             before;         /* the last row's event */
    int64_t             gap;            /* the first after one, 0: none */
    int64_t             gap_after;
    unsigned            lost:1;         /* too many: they are not packed */
    unsigned            broken:1;
    sk_head_t           head;
    verify_check_t      check;
    int                 rc;             /* SK_ERROR: there was no memory */
} verify_chain_t;


/* of a thread, with a verify_chain_t that is all zero but for its ring */
void *verify_chain_run(void *data);
void verify_chain_free(verify_chain_t *c);


#endif /* _VERIFY_CHAIN_H_INCLUDED_ */
