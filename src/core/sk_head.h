/*
 * The head of a ledger: the number of its last commit's last event, and the
 * chain there, a hash over all that was committed.  Two ledgers with the same
 * head have the same history.
 *
 * chain' = BLAKE2b-256(chain || commit), where "commit" is what sk_pack.h makes
 * of its events, and the first chain is zeros.
 */


#ifndef _SK_HEAD_H_INCLUDED_
#define _SK_HEAD_H_INCLUDED_


#include "sk_core.h"


#define SK_CHAIN_SIZE      32
#define SK_CHAIN_HEX_SIZE  (2 * SK_CHAIN_SIZE + 1)      /* with a zero */


typedef struct {
    uint64_t    number;                 /* 0: nothing was committed yet */
    uint8_t     chain[SK_CHAIN_SIZE];
} sk_head_t;


#define sk_head_equal(one, two)                                              \
    ((one)->number == (two)->number                                          \
     && memcmp((one)->chain, (two)->chain, SK_CHAIN_SIZE) == 0)


#endif /* _SK_HEAD_H_INCLUDED_ */
