#include "sk_zone.h"


/* of a group's sales: whose an order is, and what is of one sale alone */


sk_key_t
sk_zone_order_key(sk_zone_t *zone, uint64_t sale_id, const char *user,
    size_t len)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale_by_id(zone, sale_id);

    return sk_zone_user_key(zone, sale ? sk_load(&sale->key_id) : sale_id,
                            user, len);
}


void
sk_zone_holding_sale(sk_zone_t *zone, sk_key_t key, uint32_t sale,
    unsigned states, sk_holding_t *h)
{
    if (sk_units_find_sale(&zone->units, key, sale, states, h) == SK_OK) {
        return;
    }

    sk_zone_lock(zone);
    (void) sk_units_find_sale(&zone->units, key, sale, states, h);
    sk_zone_unlock(zone);
}
