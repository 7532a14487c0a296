/*
 * The gate: one claim, or one question, against the zone.  For workers.
 *
 * Most claims end here, with no lock and no write to memory that another
 * process reads.  A claim that can win takes the zone's mutex for the time of
 * an insertion: it becomes an undecided unit and a cell in the queue.
 */


#ifndef _SK_GATE_H_INCLUDED_
#define _SK_GATE_H_INCLUDED_


#include "sk_zone.h"


#pragma GCC visibility push(hidden)


#define SK_GATE_ASK_S  20       /* seconds after which that he who is queued
                                   has asked is told again */


typedef struct {
    sk_sale_t        *sale;
    const char       *user;             /* 1 to SK_USER_SIZE_MAX bytes */
    size_t            user_len;
    uint32_t          want;             /* units in all that the user wants at
                                           most, to SK_LIMIT_MAX; 0: as many
                                           as the sale allows */
    unsigned          states;           /* sk_state_bit(): an order in one of
                                           these is meant, of this sale; 0:
                                           the first, of the whole group */
} sk_claim_t;


typedef struct {
    sk_result_e       result;           /* SK_WAIT: wait for the ticket */
    unsigned          admitted;         /* the ticket is this claim's own */
    uint64_t          ticket;
    uint64_t          order;            /* won, already: the first order */
    uint32_t          slot;             /* already: the place of the sale that
                                           the first order is of */
    unsigned          n_orders;         /* already: of the sale's group */
    sk_state_e        state;            /* won, already: of that order, */
    unsigned          states;           /* and of all that are of this sale:
                                           sk_state_bit() */
    uint32_t          expires_s;        /* held: since the epoch */
    sk_sale_state_e   sale_state;       /* none */
    int64_t           starts_in_ms;     /* not_started, waiting; none: until
                                           the start of a sale, or, if it is
                                           open, until the user's own opening,
                                           where that is still to come */
    int64_t           may_return;       /* queued: so many units may return, or
                                           are free; */
    uint32_t          position;         /* 1: he is the next */
    unsigned          asked;            /* the drainer is to know that he who
                                           is queued has asked */
} sk_answer_t;


/*
 * "now_ms" is the time of day, for the sale's window.
 *
 * Answers a claim: already, ended, not_started, paused, sold_out, queued,
 * waiting, unavailable, or SK_WAIT with the ticket to wait for, 0 where
 * something else has to happen first: the end of a hold.  A claim that was
 * admitted gets its outcome from sk_queue_outcome(); any other that waited is
 * to be asked again.
 */
void sk_gate_claim(sk_zone_t *zone, const sk_claim_t *claim, int64_t now_ms,
    sk_answer_t *answer);

/* answers a question: won, queued, none, unavailable, or SK_WAIT in the same
   way */
void sk_gate_ask(sk_zone_t *zone, const sk_claim_t *claim, int64_t now_ms,
    sk_answer_t *answer);


/* for the gate's own files */

/* the units of the sale that the user may have in all */
uint32_t sk_gate_limit(const sk_claim_t *claim);

/* the sale has started, but not for this user; who cannot know says so */
int sk_gate_early(const sk_claim_t *claim, int64_t now_ms,
    sk_answer_t *answer);

int sk_gate_failing(sk_zone_t *zone, sk_answer_t *answer);

/* whether the queue takes one more; for the mutex's holder.  What nobody waits
   for leaves half of it to claims */
#define sk_gate_queue_full(q)                                                \
    (sk_load(&(q)->tail) - sk_load_acquire(&(q)->head) >= (q)->n)
#define sk_gate_queue_half_full(q)                                           \
    (sk_load(&(q)->tail) - sk_load_acquire(&(q)->head) >= (q)->n / 2)

/* puts what is to be decided into the queue, which has room: for the holder of
   the mutex */
void sk_gate_push(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    sk_cell_e what);

/*
 * The claim finds no unit, or those that are free are for who waits: sold_out,
 * queued, or SK_WAIT until the claim has joined the waiting list; or what else
 * keeps the user out of it.
 */
void sk_gate_waitlist(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    int64_t now_ms, sk_answer_t *answer);

/*
 * The same of a user who is in it, or joins it, by what "h" says of the sale.
 * Where no unit is left that may return to him, the answer stays as it is.
 */
void sk_gate_waitlist_place(sk_zone_t *zone, const sk_claim_t *claim,
    sk_key_t key, const sk_holding_t *h, int64_t now_ms, sk_answer_t *answer);

/* who has a place has asked: the drainer is told, if that is due */
void sk_gate_waitlist_asked(sk_zone_t *zone, const sk_claim_t *claim,
    sk_key_t key, const sk_holding_t *h, int64_t now_ms, sk_answer_t *answer);


#pragma GCC visibility pop


#endif /* _SK_GATE_H_INCLUDED_ */
