#include "sk_zone.h"


/*
 * What a killed process can leave, and why this suffices:
 *
 * - a removal of an entry half done: its place is known, it is ended here;
 * - an entry of a claim that did not get into the queue: its ticket is not
 *   below the tail, the entry goes;
 * - a sale's counters that do not fit its entries: counted anew;
 * - a sale that is not in the index of names: it is put there;
 * - a cell of the queue without an entry, or without an outcome: the drainer
 *   looks for the entry of each claim it decides, and for the order of each
 *   event it applies, so it can do either again.
 */


static void sk_zone_repair_index(sk_zone_t *zone);
static void sk_zone_repair_drop(sk_zone_t *zone, uint64_t tail);
static void sk_zone_repair_count(sk_zone_t *zone);


void
sk_zone_repair(sk_zone_t *zone)
{
    uint64_t  tail;

    sk_units_repair(&zone->units);

    tail = sk_load(&zone->queue.tail);

    sk_zone_repair_index(zone);
    sk_zone_repair_drop(zone, tail);
    sk_zone_repair_count(zone);
}


static void
sk_zone_repair_index(sk_zone_t *zone)
{
    uint32_t    slot, n;
    sk_sale_t  *sale;

    n = sk_load(&zone->sales.n);

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        if (!sk_sale_removed(sale)) {
            sk_sales_index(&zone->sales,
                           sk_zone_name_hash(zone, sale->name,
                                             sk_load(&sale->name_len)),
                           sale);
        }
    }
}


static void
sk_zone_repair_drop(sk_zone_t *zone, uint64_t tail)
{
    uint64_t     i, value;
    sk_units_t  *t;

    t = &zone->units;

    for (i = 0; i < t->n; /* void */ ) {
        value = sk_load(&t->elts[i].value);

        if (sk_unit_state(value) == SK_UNIT_UNDECIDED
            && sk_unit_number(value) >= tail)
        {
            /* another entry may be moved here: look at it again */
            sk_units_remove(t, &t->elts[i]);
            continue;
        }

        i++;
    }
}


static void
sk_zone_repair_count(sk_zone_t *zone)
{
    int64_t      units;
    uint32_t     slot, n;
    uint64_t     i, value;
    sk_sale_t   *sale;
    sk_units_t  *t;

    t = &zone->units;
    n = sk_load(&zone->sales.n);

    zone->reserved = 0;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        sk_store(&sale->undecided, 0);
        sk_store(&sale->held, 0);
        sk_store(&sale->sold, 0);

        zone->reserved += (uint64_t) sk_load(&sale->stock);
    }

    for (i = 0; i < t->n; i++) {
        value = sk_load(&t->elts[i].value);

        if (value == 0) {
            continue;
        }

        sale = &zone->sales.elts[sk_load(&t->elts[i].sale)];

        switch (sk_unit_state(value)) {

        case SK_UNIT_UNDECIDED:
            sk_add(&sale->undecided, 1);
            break;

        case SK_UNIT_HELD:
            sk_add(&sale->held, 1);
            break;

        default: /* SK_UNIT_SOLD */
            sk_add(&sale->sold, 1);
        }
    }

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        units = sk_load(&sale->undecided) + sk_load(&sale->held)
                + sk_load(&sale->sold);

        sk_store(&sale->free, sk_load(&sale->stock) - units);
    }
}
