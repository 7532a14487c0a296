#include <stdio.h>

#include "sk_apply.h"


static void sk_apply_reason(sk_zone_t *zone, const sk_event_t *e, int rc,
    char *reason, size_t size);
static int sk_apply_locked(sk_zone_t *zone, const sk_event_t *e);
static int sk_apply_sale(sk_zone_t *zone, const sk_event_t *e);
static int sk_apply_opening(sk_zone_t *zone, const sk_event_t *e);
static int sk_apply_won(sk_zone_t *zone, const sk_event_t *e);
static void sk_apply_purge(sk_zone_t *zone, const sk_event_t *e);
static int sk_apply_removed(sk_zone_t *zone, const sk_event_t *e);


int
sk_apply(sk_zone_t *zone, const sk_event_t *e, unsigned n, int64_t boot_ms,
    char *reason, size_t size)
{
    int                rc;
    const sk_event_t  *end;

    sk_assert(n >= 1 && n <= SK_APPLY_MAX);

    rc = SK_OK;

    sk_zone_lock(zone);

    for (end = e + n; e != end; e++) {

        if (e->type == SK_EVENT_SALE_REMOVED && !e->skip) {
            sk_apply_purge(zone, e);
        }

        rc = sk_apply_locked(zone, e);

        if (rc != SK_OK) {
            break;
        }

        /* seen, once all that it changes is changed: a kill between the two
           makes the next drainer apply it again */

        sk_zone_time_set(zone, e->at_ms, boot_ms);
        sk_store_release(&zone->applied_seq, e->seq);

        if (sk_load(&zone->seen_seq) < e->seq) {
            sk_store_release(&zone->seen_seq, e->seq);
        }
    }

    sk_zone_unlock(zone);

    if (rc == SK_OK) {
        return SK_OK;
    }

    sk_apply_reason(zone, e, rc, reason, size);

    return (rc == SK_DAMAGED) ? SK_DAMAGED : SK_ERROR;
}


static void
sk_apply_reason(sk_zone_t *zone, const sk_event_t *e, int rc, char *reason,
    size_t size)
{
    uint32_t    n;
    int64_t     units;
    sk_sale_t  *sale;

    if (rc == SK_DAMAGED) {
        (void) snprintf(reason, size, "damaged: event %llu is of sale %llu, "
                        "which was never added", (unsigned long long) e->seq,
                        (unsigned long long) e->sale_id);
        return;
    }

    if (sk_event_of_user(e->type)) {
        (void) snprintf(reason, size, "the zone has no room for %s %llu: "
                        "give it a larger size",
                        sk_event_of_order(e->type) ? "order" : "event",
                        (unsigned long long) (e->object ? e->object : e->seq));
        return;
    }

    sale = sk_zone_sale_by_id(zone, e->sale_id);
    n = sk_load(&zone->sales.n) + (sale == NULL);
    units = (int64_t) zone->reserved + sk_sale_def_room(&e->def)
            - (sale ? sk_sale_room(sale) : 0);

    (void) sk_apply_fits(zone, &e->def, (uint64_t) units, n, reason, size);
}


static int
sk_apply_locked(sk_zone_t *zone, const sk_event_t *e)
{
    if (e->skip) {
        return SK_OK;
    }

    switch (e->type) {

    case SK_EVENT_WON:
        return sk_apply_won(zone, e);

    case SK_EVENT_PAID:
    case SK_EVENT_EXPIRED:
    case SK_EVENT_CANCELLED:
    case SK_EVENT_EXTENDED:
        return sk_apply_order(zone, e);

    case SK_EVENT_QUEUED:
    case SK_EVENT_ASKED:
    case SK_EVENT_SKIPPED:
        return sk_apply_waitlist(zone, e);

    case SK_EVENT_SALE_ADDED:
    case SK_EVENT_SALE_EDITED:
        return sk_apply_sale(zone, e);

    case SK_EVENT_SALE_REMOVED:
        return sk_apply_removed(zone, e);

    case SK_EVENT_BEACON_SET:
    case SK_EVENT_SEED_REVEALED:
        return sk_apply_opening(zone, e);

    default: /* products are none of the zone's business; what older versions
                have written of the clock is said by each event's time */
        return SK_OK;
    }
}


static int
sk_apply_sale(sk_zone_t *zone, const sk_event_t *e)
{
    int         rc;
    uint64_t    hash;
    sk_sale_t  *sale;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL && e->type == SK_EVENT_SALE_EDITED) {
        return SK_DAMAGED;
    }

    if (sale == NULL && sk_load(&zone->sales.n) == zone->sales.n_max) {
        return SK_FULL;
    }

    rc = sk_zone_reserve(zone, sk_sale_def_room(&e->def)
                               - (sale ? sk_sale_room(sale) : 0));
    if (rc != SK_OK) {
        return rc;
    }

    if (sale == NULL) {
        hash = sk_zone_name_hash(zone, e->def.name, e->def.name_len);
        sale = sk_sales_add(&zone->sales, hash, e->seq, &e->def);

    } else if (e->type == SK_EVENT_SALE_EDITED) {

        /* before the edit: a start that has come is not to be forgotten */

        if (e->at_ms >= sk_load(&sale->start_ms)) {
            sk_store(&sale->opening.started, 1);
        }

        sk_sale_edit(sale, &e->def);
    }

    sk_opening_set(&sale->opening, &e->opening);

    if (sk_load(&sale->opening.state) != SK_OPENING_NONE) {
        sk_store(&zone->reveal_ms, 0);
    }

    if (e->declared.name_len == 0) {
        return SK_OK;
    }

    /* each machine has its own configuration */

    if (!sk_load(&zone->shared.used) || e->machine[0] == '\0'
        || strcmp(e->machine, zone->shared.name) == 0)
    {
        sale->declared = e->declared;

    } else {
        sale->elsewhere = 1;
    }

    return SK_OK;
}


/* what is said of a sale's seed later; one that was not known here is now */

static int
sk_apply_opening(sk_zone_t *zone, const sk_event_t *e)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL) {
        return SK_DAMAGED;
    }

    if (e->type == SK_EVENT_BEACON_SET) {
        sk_opening_set_beacon(&sale->opening, &e->beacon);

    } else if (sk_opening_set_seed(&sale->opening, e->seed) == SK_OK) {
        sk_store_release(&sale->opening.revealed, 1);
    }

    sk_store(&zone->reveal_ms, 0);

    return SK_OK;
}


static int
sk_apply_won(sk_zone_t *zone, const sk_event_t *e)
{
    int         rc;
    uint64_t    undecided, won;
    sk_sale_t  *sale;
    sk_unit_t  *u;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL) {
        return SK_DAMAGED;
    }

    /* once: workers read this line all the time */

    if (!sk_load(&sale->opening.started)) {
        sk_store(&sale->opening.started, 1);
    }

    undecided = sk_unit_value(SK_UNIT_UNDECIDED, e->ticket);
    won = sk_unit_value(e->expires_s ? SK_UNIT_HELD : SK_UNIT_SOLD, e->seq);

    u = sk_units_get(&zone->units, e->key, undecided);

    if (u) {
        sk_store(&u->expires_s, e->expires_s);
        sk_store_release(&u->value, won);
        sk_add(&sale->undecided, -1);
        sk_add(e->expires_s ? &sale->held : &sale->sold, 1);
        sk_add(&sale->orders[SK_ORDER_WON], 1);

    } else if (sk_units_get(&zone->units, e->key, won) == NULL) {

        /* another process's claim, or one from before this zone */

        rc = sk_units_insert(&zone->units, e->key,
                             sk_sale_slot(&zone->sales, sale), won,
                             e->expires_s);
        if (rc != SK_OK) {
            return rc;
        }

        sk_add(&sale->free, -1);
        sk_add(e->expires_s ? &sale->held : &sale->sold, 1);
        sk_add(&sale->orders[SK_ORDER_WON], 1);
    }

    if (e->expires_s) {
        sk_zone_expect(zone, e->expires_s);
    }

    if (e->object) {
        sk_apply_waitlist_left(zone, sale, e);
    }

    sk_apply_outcome(zone, e, SK_OUTCOME_WON, e->seq);

    return SK_OK;
}


/*
 * Removes the units of a sale that is over, some at a time: claims for other
 * sales go on between.  Called with the mutex held, and leaves it held.
 */

static void
sk_apply_purge(sk_zone_t *zone, const sk_event_t *e)
{
    uint32_t     slot;
    uint64_t     i, n, moves;
    unsigned     state;
    sk_sale_t   *sale;
    sk_unit_t   *u;
    sk_units_t  *t;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL) {
        return;
    }

    t = &zone->units;
    slot = sk_sale_slot(&zone->sales, sale);
    n = 0;

    for (i = 0; i < t->n; /* void */ ) {
        u = &t->elts[i];
        state = sk_unit_state(sk_load(&u->value));

        if (sk_load(&u->sale) == slot
            && (state == SK_UNIT_HELD || state == SK_UNIT_SOLD
                || state == SK_UNIT_QUEUED))
        {
            if (state == SK_UNIT_QUEUED) {
                sk_add(&sale->list.waiting, -1);
                sk_add(&zone->waiting, -1);

            } else {
                sk_add((state == SK_UNIT_HELD) ? &sale->held : &sale->sold,
                       -1);
                sk_add(&sale->free, 1);
            }

            /* another entry may be moved here: look at it again */

            sk_units_remove(t, u);

        } else {
            i++;
        }

        if (++n % SK_APPLY_PURGE == 0) {
            moves = sk_load(&t->moves);

            sk_zone_unlock(zone);
            sk_zone_lock(zone);

            /* a repair removes entries too, and may have moved one past here */

            i = (sk_load(&t->moves) == moves) ? i : 0;
        }
    }
}


static int
sk_apply_removed(sk_zone_t *zone, const sk_event_t *e)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale) {
        (void) sk_zone_reserve(zone, -sk_sale_room(sale));
        sk_sale_remove(sale);
    }

    return SK_OK;
}


void
sk_apply_outcome(sk_zone_t *zone, const sk_event_t *e, sk_outcome_e outcome,
    uint64_t order)
{
    sk_cell_t  *cell;

    cell = sk_queue_cell(&zone->queue, e->ticket);

    if (e->ticket && sk_load(&cell->ticket) == e->ticket) {
        sk_store(&cell->order, order);
        sk_store(&cell->expires_s, e->expires_s);
        sk_store_release(&cell->outcome, outcome);
    }
}


int
sk_apply_fits(sk_zone_t *zone, const sk_sale_def_t *def, uint64_t units,
    uint32_t sales, char *reason, size_t size)
{
    if (sales <= zone->sales.n_max && units <= zone->units.n_max) {
        return SK_OK;
    }

    if (sales > zone->sales.n_max) {
        (void) snprintf(reason, size,
                        "sale \"%.*s\" does not fit in the zone: its %u places "
                        "for sales are taken, also those of sales that were "
                        "removed since nginx was started; a place more in each "
                        "%uk of size",
                        (int) def->name_len, def->name, zone->sales.n_max,
                        SK_ZONE_BYTES_PER_SALE >> 10);
        return SK_FULL;
    }

    (void) snprintf(reason, size,
                    "sale \"%.*s\" does not fit in the zone: %llu units and "
                    "%u sales in all need a size of %zum at least",
                    (int) def->name_len, def->name,
                    (unsigned long long) units, sales,
                    sk_zone_size_for(units, zone->workers_n, zone->queue_told,
                                     zone->sales.n_max)
                    >> 20);

    return SK_FULL;
}
