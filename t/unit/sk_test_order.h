/* what the tests of what operators do with orders share: one that is held */


#ifndef _SK_TEST_ORDER_H_INCLUDED_
#define _SK_TEST_ORDER_H_INCLUDED_


#include "sk_test_operator.h"


/* one phone, which is held by order 2 of "u0" until EXPIRED_MS */

#define EXPIRED_MS  (SK_TEST_NOW + 10000)


static inline void
one_phone(const char *terms)
{
    char  body[128];

    (void) snprintf(body, sizeof(body), "{\"name\":\"phone\",\"hold\":10,"
                    "%s}", terms);
    assert_int_equal(command(SK_SALE_ADD, "", body), 201);
    sell(&d, "phone", "u", 1);
}


/* the same at a later time */

static inline unsigned
command_at(int64_t now_ms, sk_command_e type, const char *what,
    const char *body)
{
    uint64_t  ticket;

    ticket = post(type, what, body, "", 0);
    assert_int_equal(settle_at(&d, now_ms), SK_OK);
    collect(ticket);
    sk_test_conserved(zone);

    return reply.status;
}


#endif /* _SK_TEST_ORDER_H_INCLUDED_ */
