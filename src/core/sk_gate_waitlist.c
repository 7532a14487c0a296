#include "sk_gate.h"


/*
 * Sold out, but units are held that may return: who claims one joins the sale's
 * waiting list, as far as there are units that he may hope for.  That he has
 * joined is an event, so a claim waits for it as for any other.
 */


static int sk_gate_waitlist_open(sk_sale_t *sale);
static void sk_gate_waitlist_join(sk_zone_t *zone, const sk_claim_t *claim,
    sk_key_t key, sk_answer_t *answer);


void
sk_gate_waitlist(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    int64_t now_ms, sk_answer_t *answer)
{
    sk_holding_t  h;

    sk_zone_holding_sale(zone, key, sk_sale_slot(&zone->sales, claim->sale),
                         SK_STATES_ALL, &h);

    if (h.place || h.joining) {
        sk_gate_waitlist_place(zone, claim, key, &h, now_ms, answer);
        return;
    }

    if (!sk_gate_waitlist_open(claim->sale)
        || sk_gate_early(claim, now_ms, answer)
        || sk_gate_failing(zone, answer))
    {
        return;
    }

    sk_units_prefetch(&zone->units, key);

    sk_zone_lock(zone);
    sk_gate_waitlist_join(zone, claim, key, answer);
    sk_zone_unlock(zone);
}


/* there is a place, and a unit that may return for it */

static int
sk_gate_waitlist_open(sk_sale_t *sale)
{
    int64_t  n;

    n = (int64_t) sk_load(&sale->list.waiting) + sk_load(&sale->list.joining);

    return n < sk_load(&sale->waitlist) && n < sk_sale_may_return(sale);
}


/*
 * The same questions again, now that nobody else can change the answer.  Of
 * what has changed meanwhile the zone is asked anew: SK_WAIT without a ticket.
 */

static void
sk_gate_waitlist_join(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    sk_answer_t *answer)
{
    uint32_t      slot;
    uint64_t      ticket;
    sk_holding_t  h, all;

    slot = sk_sale_slot(&zone->sales, claim->sale);
    ticket = sk_load(&zone->queue.tail);

    (void) sk_units_find_sale(&zone->units, key, slot, SK_STATES_ALL, &h);
    (void) sk_units_find(&zone->units, key, &all);

    if (h.place || h.joining
        || all.n_won + all.n_undecided >= sk_gate_limit(claim))
    {
        answer->result = SK_WAIT;
        answer->ticket = h.joining ? h.ticket : 0;
        return;
    }

    if (!sk_gate_waitlist_open(claim->sale)) {
        return;
    }

    if (sk_gate_queue_full(&zone->queue)
        || sk_units_insert(&zone->units, key, slot,
                           sk_unit_value(SK_UNIT_JOINING, ticket), 0)
           != SK_OK)
    {
        answer->result = SK_UNAVAILABLE;
        return;
    }

    sk_add(&claim->sale->list.joining, 1);

    sk_gate_push(zone, claim, key, SK_CELL_JOIN);

    answer->result = SK_WAIT;
    answer->ticket = ticket;
    answer->admitted = 1;
}


void
sk_gate_waitlist_place(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    const sk_holding_t *h, int64_t now_ms, sk_answer_t *answer)
{
    int64_t   may_return;
    uint32_t  position;

    position = h->place - sk_load(&claim->sale->list.left);

    /* he has left it since "h" was read */

    if (h->joining || (int32_t) position < 1) {
        answer->result = SK_WAIT;
        answer->ticket = h->joining ? h->ticket : 0;
        return;
    }

    sk_gate_waitlist_asked(zone, claim, key, h, now_ms, answer);

    may_return = sk_sale_may_return(claim->sale);

    if (position > may_return) {
        return;
    }

    /* another server or machine may skip whom this one cannot tell of */

    if (sk_gate_failing(zone, answer)) {
        return;
    }

    answer->result = SK_QUEUED;
    answer->position = position;
    answer->may_return = may_return;
}


/* those who do not ask any more are skipped, see sk_waitlist.h: that somebody
   does is told now and then, to all machines, and after a restart */

void
sk_gate_waitlist_asked(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    const sk_holding_t *h, int64_t now_ms, sk_answer_t *answer)
{
    int64_t     now_s;
    sk_unit_t  *u;

    now_s = (now_ms + sk_load(&zone->ahead_ms)) / 1000;

    if (now_s < (int64_t) h->asked_s + SK_GATE_ASK_S
        || sk_load(&zone->failing))
    {
        return;
    }

    sk_zone_lock(zone);

    u = sk_units_get_queued(&zone->units, key,
                            sk_sale_slot(&zone->sales, claim->sale));

    if (u && sk_unit_state(sk_load(&u->value)) == SK_UNIT_QUEUED
        && now_s >= (int64_t) sk_load(&u->expires_s) + SK_GATE_ASK_S
        && !sk_gate_queue_half_full(&zone->queue))
    {
        sk_store(&u->expires_s, (uint32_t) now_s);

        sk_gate_push(zone, claim, key, SK_CELL_ASK);

        answer->asked = 1;
    }

    sk_zone_unlock(zone);
}
