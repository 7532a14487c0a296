#include "sk_apply.h"


/* what becomes of a claim in the queue, now that the zone has seen the whole
   ledger */


static uint32_t sk_apply_claim_limit(sk_sale_t *sale, const sk_cell_t *cell);
static void sk_apply_claim_take_back(sk_zone_t *zone, sk_cell_t *cell);


int
sk_apply_claim_may_win(sk_zone_t *zone, sk_cell_t *cell)
{
    uint64_t       ticket;
    sk_sale_t     *sale;
    sk_holding_t   h;

    ticket = sk_load(&cell->ticket);
    sale = &zone->sales.elts[cell->sale];

    /* below 0: another process has sold units that are promised here, or they
       were withdrawn from the sale; and who waits goes first */

    if (sk_load(&sale->free) < 0 || sk_load(&sale->list.waiting)
        || sk_sale_removed(sale))
    {
        return 0;
    }

    /* no lock: nobody else makes units won, or removes any that are in the
       queue; who is not found for once is refused, and asks again */

    if (sk_units_get(&zone->units, cell->key,
                     sk_unit_value(SK_UNIT_UNDECIDED, ticket))
        == NULL)
    {
        return 0;
    }

    sk_zone_holding(zone, cell->key, &h);

    return h.n_won + h.n_undecided <= sk_apply_claim_limit(sale, cell);
}


int
sk_apply_claim_may_join(sk_zone_t *zone, sk_cell_t *cell, unsigned staged)
{
    sk_sale_t     *sale;
    sk_holding_t   h;

    sale = &zone->sales.elts[cell->sale];

    if (sk_sale_removed(sale)
        || (int64_t) sk_load(&sale->list.waiting) + staged
           >= sk_load(&sale->waitlist)
        || sk_units_get(&zone->units, cell->key,
                        sk_unit_value(SK_UNIT_JOINING, sk_load(&cell->ticket)))
           == NULL)
    {
        return 0;
    }

    sk_zone_holding(zone, cell->key, &h);

    return h.n_won + h.n_undecided < sk_apply_claim_limit(sale, cell);
}


/* units in all that its user may have */

static uint32_t
sk_apply_claim_limit(sk_sale_t *sale, const sk_cell_t *cell)
{
    uint32_t  limit;

    limit = (uint32_t) sk_load(&sale->limit);

    return (cell->want && cell->want < limit) ? cell->want : limit;
}


int
sk_apply_claim_is_queued(sk_zone_t *zone, sk_cell_t *cell)
{
    sk_unit_t  *u;

    u = sk_units_get_queued(&zone->units, cell->key, cell->sale);

    return u && sk_unit_state(sk_load(&u->value)) == SK_UNIT_QUEUED;
}


void
sk_apply_claim_refuse(sk_zone_t *zone, sk_cell_t *cell, sk_outcome_e outcome)
{
    sk_assert(outcome == SK_OUTCOME_REFUSED
              || outcome == SK_OUTCOME_UNAVAILABLE);

    sk_zone_lock(zone);

    if (cell->what != SK_CELL_ASK) {
        sk_apply_claim_take_back(zone, cell);
    }

    sk_store_release(&cell->outcome, outcome);

    sk_zone_unlock(zone);
}


static void
sk_apply_claim_take_back(sk_zone_t *zone, sk_cell_t *cell)
{
    unsigned    state;
    sk_sale_t  *sale;
    sk_unit_t  *u;

    sale = &zone->sales.elts[cell->sale];
    state = (cell->what == SK_CELL_JOIN) ? SK_UNIT_JOINING : SK_UNIT_UNDECIDED;

    u = sk_units_get(&zone->units, cell->key,
                     sk_unit_value(state, sk_load(&cell->ticket)));

    if (u == NULL) {
        return;
    }

    sk_units_remove(&zone->units, u);

    if (cell->what == SK_CELL_JOIN) {
        sk_add(&sale->list.joining, -1);
        return;
    }

    sk_add(&sale->undecided, -1);
    sk_add(&sale->free, 1);
}
