/*
 * The queue of admitted claims: a ring in shared memory, filled under the
 * zone's mutex and emptied by the drainer alone.  A ticket is a claim's place
 * in the queue, counted from a random start, so that the tickets of two zones
 * on one store do not meet.
 *
 * Claims are decided in the order of their tickets, so one number, "head",
 * says what is decided; the outcome stays in the claim's cell until the ring
 * has gone round.
 */


#ifndef _SK_QUEUE_H_INCLUDED_
#define _SK_QUEUE_H_INCLUDED_


#include "sk_units.h"


#pragma GCC visibility push(hidden)


typedef enum {
    SK_OUTCOME_NONE = 0,
    SK_OUTCOME_WON,
    SK_OUTCOME_REFUSED,         /* the ledger knew better: ask the zone again */
    SK_OUTCOME_QUEUED,          /* likewise: in the waiting list now */
    SK_OUTCOME_UNAVAILABLE      /* the store failed; the unit is free again */
} sk_outcome_e;


/* what is to be decided */

typedef enum {
    SK_CELL_CLAIM = 0,          /* a unit */
    SK_CELL_JOIN,               /* a place in the sale's waiting list */
    SK_CELL_ASK                 /* who has one has asked; nobody waits for it */
} sk_cell_e;


typedef struct {
    _Atomic uint64_t  ticket;
    _Atomic uint64_t  order;            /* if the outcome is SK_OUTCOME_WON */
    _Atomic uint32_t  outcome;
    uint32_t          sale;             /* its slot */
    sk_cell_e         what;
    sk_key_t          key;
    uint16_t          user_len;
    uint16_t          want;             /* units of the user's at most, 0: as
                                           many as the sale allows */
    char              user[SK_USER_SIZE_MAX];
    _Atomic uint32_t  expires_s;        /* of the order, 0: it is sold */
} sk_cell_t;


typedef struct {
    sk_cell_t        *cells;
    uint32_t          n;                /* undecided claims at most */

    alignas(SK_CACHE_LINE)
    _Atomic uint64_t  tail;             /* the next ticket */

    alignas(SK_CACHE_LINE)
    _Atomic uint64_t  head;             /* all tickets below are decided */
} sk_queue_t;


#define sk_queue_cell(q, ticket)  (&(q)->cells[(ticket) % (q)->n])


/* undecided claims; the head is read first, the tail is never behind it */

static inline uint64_t
sk_queue_depth(sk_queue_t *q)
{
    uint64_t  head;

    head = sk_load_acquire(&q->head);

    return sk_load_acquire(&q->tail) - head;
}


/*
 * The outcome of a decided ticket, and its order and until when that is held
 * (0: it is sold) if it won.  Returns SK_ERROR
 * if the ring has gone round since and the outcome is lost.
 */
int sk_queue_outcome(sk_queue_t *q, uint64_t ticket, sk_outcome_e *outcome,
    uint64_t *order, uint32_t *expires_s);


#pragma GCC visibility pop


#endif /* _SK_QUEUE_H_INCLUDED_ */
