#include "sk_operator_do.h"


/*
 * A payment that comes when the order has expired: what it was for may be had
 * again, if a unit is free now and the user may have it.  Whether the sale is
 * open does not matter, since the claim was made in time.
 */


const char *
sk_operator_late_why_not(sk_operator_t *o, const sk_event_t *e)
{
    sk_sale_t             *sale;
    sk_zone_t             *zone;
    sk_holding_t           h;
    sk_operator_staged_t   staged;

    zone = o->writer->zone;
    sale = sk_zone_sale_by_id(zone, e->sale_id);

    if (sale == NULL || sk_sale_removed(sale)) {
        return "the order's sale was removed";
    }

    sk_operator_staged(o, e, &staged);

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
