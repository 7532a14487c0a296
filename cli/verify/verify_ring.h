/*
 * Rows on their way from the thread that reads them to the two that look at
 * them, some at a time.  Each of the two gets all batches in order; a batch is
 * filled again when both are done with it.
 */


#ifndef _VERIFY_RING_H_INCLUDED_
#define _VERIFY_RING_H_INCLUDED_


#include <pthread.h>

#include "sk_ledger.h"


#define VERIFY_RING_BATCHES     8
#define VERIFY_BATCH_ROWS    1024
#define VERIFY_BATCH_TEXT  131072       /* bytes; more if one row has more */


/* the end of a commit, as the store has it */

typedef struct {
    int64_t             last;
    unsigned            row;            /* so many of the batch are before it */
    unsigned            chained:1;      /* it has a chain, of the right size */
    uint8_t             chain[SK_CHAIN_SIZE];
} verify_commit_t;


typedef struct {
    unsigned            n_rows;
    unsigned            n_commits;
    unsigned            commits_end:1;  /* after these, there are no more */
    sk_row_t            rows[VERIFY_BATCH_ROWS];
    verify_commit_t     commits[VERIFY_BATCH_ROWS];
    char               *text;           /* what the rows point to */
    size_t              text_len;
    size_t              text_size;
} verify_batch_t;


typedef enum {
    VERIFY_RING_CHECKS = 0,
    VERIFY_RING_CHAIN,
    VERIFY_RING_N
} verify_ring_e;


typedef struct {
    pthread_mutex_t     mutex;
    pthread_cond_t      changed;
    uint64_t            filled;                 /* batches, ever */
    uint64_t            done[VERIFY_RING_N];
    unsigned            end:1;                  /* no more will come */
    unsigned            stop:1;                 /* nobody wants more */
    verify_batch_t      batches[VERIFY_RING_BATCHES];
} verify_ring_t;


void verify_ring_init(verify_ring_t *r);
void verify_ring_free(verify_ring_t *r);

/* for the reader: an empty batch, NULL: stop; it is full; it was the last */
verify_batch_t *verify_ring_fill(verify_ring_t *r);
void verify_ring_filled(verify_ring_t *r);
void verify_ring_end(verify_ring_t *r);

/* for the two: the next batch, NULL: there are no more; they are done with it;
   they want no more, and whoever waits goes on */
verify_batch_t *verify_ring_take(verify_ring_t *r, verify_ring_e who);
void verify_ring_done(verify_ring_t *r, verify_ring_e who);
void verify_ring_stop(verify_ring_t *r);

/* room in a batch's text; NULL: it is full, but the next one is not */
char *verify_batch_room(verify_batch_t *b, size_t size);


#endif /* _VERIFY_RING_H_INCLUDED_ */
