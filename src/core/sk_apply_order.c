#include "sk_apply.h"


/* what becomes of an order: for the holder of the mutex */


static int sk_apply_order_paid(sk_zone_t *zone, sk_sale_t *sale, sk_unit_t *u,
    const sk_event_t *e);
static int sk_apply_order_late(sk_zone_t *zone, sk_sale_t *sale,
    const sk_event_t *e);
static void sk_apply_order_extended(sk_zone_t *zone, sk_sale_t *sale,
    sk_unit_t *u, const sk_event_t *e);
static void sk_apply_order_over(sk_zone_t *zone, sk_sale_t *sale, sk_unit_t *u,
    sk_order_e what);
static int sk_apply_order_withdrawn(sk_zone_t *zone, sk_sale_t *sale,
    const sk_event_t *e);


int
sk_apply_order(sk_zone_t *zone, const sk_event_t *e)
{
    sk_sale_t  *sale;
    sk_unit_t  *u;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL) {
        return SK_DAMAGED;
    }

    u = sk_units_get(&zone->units, e->key,
                     sk_unit_value(SK_UNIT_HELD, e->object));

    switch (e->type) {

    case SK_EVENT_PAID:
        return sk_apply_order_paid(zone, sale, u, e);

    case SK_EVENT_EXTENDED:
        sk_apply_order_extended(zone, sale, u, e);
        return SK_OK;

    case SK_EVENT_EXPIRED:
        sk_apply_order_over(zone, sale, u, SK_ORDER_EXPIRED);
        return SK_OK;

    default: /* SK_EVENT_CANCELLED */

        if (u == NULL) {
            u = sk_units_get(&zone->units, e->key,
                             sk_unit_value(SK_UNIT_SOLD, e->object));
        }

        sk_apply_order_over(zone, sale, u, SK_ORDER_CANCELLED);

        return e->withdrawn ? sk_apply_order_withdrawn(zone, sale, e) : SK_OK;
    }
}


static int
sk_apply_order_paid(sk_zone_t *zone, sk_sale_t *sale, sk_unit_t *u,
    const sk_event_t *e)
{
    if (u == NULL) {
        return sk_apply_order_late(zone, sale, e);
    }

    sk_store_release(&u->value, sk_unit_value(SK_UNIT_SOLD, e->object));

    sk_add(&sale->held, -1);
    sk_add(&sale->sold, 1);
    sk_add(&sale->orders[SK_ORDER_PAID], 1);

    return SK_OK;
}


/* paid when it had expired: it is in force again, with another unit */

static int
sk_apply_order_late(sk_zone_t *zone, sk_sale_t *sale, const sk_event_t *e)
{
    int       rc;
    uint64_t  sold;

    sold = sk_unit_value(SK_UNIT_SOLD, e->object);

    if (sk_units_get(&zone->units, e->key, sold)) {
        return SK_OK;
    }

    /* it was held: that it has an end, whenever that was, says so, see
       sk_state_e */

    rc = sk_units_insert(&zone->units, e->key,
                         sk_sale_slot(&zone->sales, sale), sold, 1);
    if (rc != SK_OK) {
        return rc;
    }

    sk_add(&sale->free, -1);
    sk_add(&sale->sold, 1);
    sk_add(&sale->orders[SK_ORDER_PAID], 1);

    return SK_OK;
}


static void
sk_apply_order_extended(sk_zone_t *zone, sk_sale_t *sale, sk_unit_t *u,
    const sk_event_t *e)
{
    if (u == NULL || sk_load(&u->expires_s) == e->expires_s) {
        return;
    }

    sk_store(&u->expires_s, e->expires_s);
    sk_add(&sale->orders[SK_ORDER_EXTENDED], 1);

    sk_zone_expect(zone, e->expires_s);
}


/* its unit is free again */

static void
sk_apply_order_over(sk_zone_t *zone, sk_sale_t *sale, sk_unit_t *u,
    sk_order_e what)
{
    unsigned  state;

    if (u == NULL) {
        return;
    }

    state = sk_unit_state(sk_load(&u->value));

    sk_units_remove(&zone->units, u);

    sk_add((state == SK_UNIT_HELD) ? &sale->held : &sale->sold, -1);
    sk_add(&sale->free, 1);
    sk_add(&sale->orders[what], 1);
}


/*
 * The unit that is free again is none of the sale's any more.  That the event
 * says what the stock is makes it the same when it is applied once more, after
 * a kill.
 */

static int
sk_apply_order_withdrawn(sk_zone_t *zone, sk_sale_t *sale, const sk_event_t *e)
{
    int      rc;
    int64_t  units;

    units = e->stock - sk_load(&sale->stock);

    rc = sk_zone_reserve(zone, units);

    if (rc == SK_OK) {
        sk_add(&sale->free, units);
        sk_store(&sale->stock, e->stock);
    }

    return rc;
}
