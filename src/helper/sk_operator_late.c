#include "sk_operator_do.h"


/*
 * A payment that comes when the order has expired: what it was for may be had
 * again, if a unit is free now and the user may have it.  Whether the sale is
 * open does not matter, since the claim was made in time.
 */


/* what the commit's events so far change, which the zone does not know yet */

typedef struct {
    int64_t   free;             /* units of the sale */
    int64_t   won;              /* units that the user has */
} sk_operator_late_t;


static void sk_operator_late_staged(sk_operator_t *o, const sk_event_t *e,
    sk_operator_late_t *staged);


const char *
sk_operator_late_why_not(sk_operator_t *o, const sk_event_t *e)
{
    sk_sale_t           *sale;
    sk_zone_t           *zone;
    sk_holding_t         h;
    sk_operator_late_t   staged;

    zone = o->writer->zone;
    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL || sk_sale_removed(sale)) {
        return "the order's sale was removed";
    }

    sk_operator_late_staged(o, e, &staged);

    /* a claim that is undecided has a unit, but it is none of the user's yet:
       what is decided first is this */

    sk_zone_holding(zone, e->key, &h);

    if (h.n_won + staged.won >= sk_load(&sale->limit)) {
        return "the order has expired, and the user has all that the limit "
               "allows";
    }

    if (sk_load(&sale->free) + staged.free < 1) {
        return "the order has expired, and no unit is free";
    }

    return NULL;
}


static void
sk_operator_late_staged(sk_operator_t *o, const sk_event_t *e,
    sk_operator_late_t *staged)
{
    int                units;
    unsigned           i;
    const sk_event_t  *other;

    memset(staged, 0, sizeof(sk_operator_late_t));

    for (i = 0; i < o->writer->n_events; i++) {
        other = &o->writer->events[i];

        units = (other->type == SK_EVENT_PAID && other->late) ? 1
                : (other->type == SK_EVENT_EXPIRED
                   || other->type == SK_EVENT_CANCELLED) ? -1 : 0;

        if (other->sale_id == e->sale_id) {
            staged->free -= units;
        }

        if (other->key.hi == e->key.hi && other->key.lo == e->key.lo) {
            staged->won += units;
        }
    }
}
