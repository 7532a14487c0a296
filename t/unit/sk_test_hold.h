/* what the tests of holds share: a sale with one, its units */


#ifndef _SK_TEST_HOLD_H_INCLUDED_
#define _SK_TEST_HOLD_H_INCLUDED_


#include "sk_test_store.h"
#include "sk_hold.h"


#define HOLD_S      10
#define EXPIRES_MS  (SK_TEST_NOW + HOLD_S * 1000)


static inline sk_sale_def_t
held_def(int64_t stock)
{
    sk_sale_def_t  def;

    def = sk_test_def("phone", stock, 1);
    def.hold_s = HOLD_S;

    return def;
}


static inline void
check_units(sk_zone_t *zone, int64_t free, int64_t held, int64_t sold)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(zone, "phone", 5);

    assert_int_equal(sk_load(&sale->free), free);
    assert_int_equal(sk_load(&sale->held), held);
    assert_int_equal(sk_load(&sale->sold), sold);
    sk_test_conserved(zone);
}


#endif /* _SK_TEST_HOLD_H_INCLUDED_ */
