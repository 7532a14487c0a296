#include "sk_apply.h"


/* who is in a sale's waiting list: for the holder of the mutex */


static int sk_apply_waitlist_queued(sk_zone_t *zone, sk_sale_t *sale,
    sk_unit_t *u, const sk_event_t *e);
static void sk_apply_waitlist_asked(sk_unit_t *u, const sk_event_t *e);


#define sk_apply_waitlist_has(u)                                             \
    ((u) && sk_unit_state(sk_load(&(u)->value)) == SK_UNIT_QUEUED)


int
sk_apply_waitlist(sk_zone_t *zone, const sk_event_t *e)
{
    int         rc;
    sk_sale_t  *sale;
    sk_unit_t  *u;

    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL) {
        return SK_DAMAGED;
    }

    if (e->type == SK_EVENT_SKIPPED) {
        sk_apply_waitlist_left(zone, sale, e);
        return SK_OK;
    }

    rc = SK_OK;

    u = sk_units_get_queued(&zone->units, e->key,
                            sk_sale_slot(&zone->sales, sale));

    if (e->type == SK_EVENT_QUEUED && !sk_apply_waitlist_has(u)) {
        rc = sk_apply_waitlist_queued(zone, sale, u, e);

    } else if (sk_apply_waitlist_has(u)) {
        sk_apply_waitlist_asked(u, e);
    }

    if (rc == SK_OK) {
        sk_apply_outcome(zone, e, SK_OUTCOME_QUEUED, 0);
    }

    return rc;
}


/*
 * Gives the next place.  "u" is there if a claim of this zone joins: by this
 * event or, another machine having been faster, by none.
 */

static int
sk_apply_waitlist_queued(sk_zone_t *zone, sk_sale_t *sale, sk_unit_t *u,
    const sk_event_t *e)
{
    int       rc;
    uint32_t  place, asked_s;
    uint64_t  value;

    place = sk_load(&sale->list.joined) + 1;
    value = sk_unit_queued(place, e->want);
    asked_s = (uint32_t) (e->at_ms / 1000);

    if (u) {
        sk_store(&u->expires_s, asked_s);
        sk_store_release(&u->value, value);
        sk_add(&sale->list.joining, -1);

    } else {
        rc = sk_units_insert(&zone->units, e->key,
                             sk_sale_slot(&zone->sales, sale), value, asked_s);
        if (rc != SK_OK) {
            return rc;
        }
    }

    sk_store(&sale->list.joined, place);
    sk_add(&sale->list.waiting, 1);
    sk_add(&zone->waiting, 1);

    return SK_OK;
}


static void
sk_apply_waitlist_asked(sk_unit_t *u, const sk_event_t *e)
{
    uint32_t  asked_s;

    asked_s = (uint32_t) (e->at_ms / 1000);

    if (sk_load(&u->expires_s) < asked_s) {
        sk_store(&u->expires_s, asked_s);
    }
}


/* seen for the second time, after a kill, it finds nobody there */

void
sk_apply_waitlist_left(sk_zone_t *zone, sk_sale_t *sale, const sk_event_t *e)
{
    uint32_t    place;
    sk_unit_t  *u;

    u = sk_units_get_queued(&zone->units, e->key,
                            sk_sale_slot(&zone->sales, sale));

    if (sk_apply_waitlist_has(u)) {
        place = sk_unit_place(sk_load(&u->value));

        sk_units_remove(&zone->units, u);

        sk_add(&zone->waiting, -1);
        sk_add(&sale->list.waiting, -1);
        sk_store(&sale->list.left, place);
    }

    sk_store(&sale->list.left_id, e->object);
}
