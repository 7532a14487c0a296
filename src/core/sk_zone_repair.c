#include "sk_zone.h"


/*
 * What a killed process can leave, and why this suffices:
 *
 * - a removal of an entry half done: its place is known, it is ended here;
 * - an entry of a claim that did not get into the queue: its ticket is not
 *   below the tail, the entry goes;
 * - a sale's counters that do not fit its entries: counted anew; so are the
 *   places of its waiting list;
 * - a sale that is not in the index of names: it is put there;
 * - a cell of the queue without an entry, or without an outcome: the drainer
 *   looks for the entry of each claim it decides, and for the order of each
 *   event it applies, so it can do either again.
 */


static void sk_zone_repair_index(sk_zone_t *zone);
static void sk_zone_repair_drop(sk_zone_t *zone, uint64_t tail);
static void sk_zone_repair_count(sk_zone_t *zone);
static void sk_zone_repair_place(sk_zone_t *zone, sk_sale_t *sale,
    uint32_t place);
static void sk_zone_repair_places(sk_waitlist_t *list);


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
    unsigned     state;
    sk_units_t  *t;

    t = &zone->units;

    for (i = 0; i < t->n; /* void */ ) {
        value = sk_load(&t->elts[i].value);
        state = sk_unit_state(value);

        if ((state == SK_UNIT_UNDECIDED || state == SK_UNIT_JOINING)
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
        sk_store(&sale->list.waiting, 0);
        sk_store(&sale->list.joining, 0);

        zone->reserved += (uint64_t) sk_sale_room(sale);
    }

    sk_store(&zone->waiting, 0);

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

        case SK_UNIT_SOLD:
            sk_add(&sale->sold, 1);
            break;

        case SK_UNIT_JOINING:
            sk_add(&sale->list.joining, 1);
            break;

        default: /* SK_UNIT_QUEUED */
            sk_zone_repair_place(zone, sale, sk_unit_place(value));
        }
    }

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        units = sk_load(&sale->undecided) + sk_load(&sale->held)
                + sk_load(&sale->sold);

        sk_store(&sale->free, sk_load(&sale->stock) - units);

        sk_zone_repair_places(&sale->list);
    }
}


/* a place that an event has just given may not have been counted */

static void
sk_zone_repair_place(sk_zone_t *zone, sk_sale_t *sale, uint32_t place)
{
    sk_add(&zone->waiting, 1);
    sk_add(&sale->list.waiting, 1);

    if (sk_load(&sale->list.joined) < place) {
        sk_store(&sale->list.joined, place);
    }
}


/* users leave at the head, so those who are left have the last places */

static void
sk_zone_repair_places(sk_waitlist_t *list)
{
    sk_store(&list->left, sk_load(&list->joined) - sk_load(&list->waiting));
}
