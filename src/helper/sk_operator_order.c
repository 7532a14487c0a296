#include <stdio.h>

#include "sk_operator_do.h"


/*
 * What bodies may have: whose order it is, since numbers are used again after a
 * restore, and what is special of the command.
 */

enum {
    SK_ORDER_USER = 0,
    SK_ORDER_SPECIAL,
    SK_ORDER_FIELDS
};


#define SK_ORDER_FIELD_USER                                                  \
    { "user", SK_FIELD_TEXT, SK_FIELD_EDIT, 0, 1, SK_USER_SIZE_MAX,          \
      "the user of the order, 1 to 128 bytes, is allowed" }

#define SK_ORDER_FIELD_IS(name)                                              \
    { name, SK_FIELD_BOOLEAN, SK_FIELD_EDIT, 0, 0, 1,                        \
      "true or false is allowed" }


static const sk_field_t  sk_order_confirm[SK_ORDER_FIELDS] = {
    SK_ORDER_FIELD_USER, SK_ORDER_FIELD_IS("late")
};


static const sk_field_t  sk_order_cancel[SK_ORDER_FIELDS] = {
    SK_ORDER_FIELD_USER, SK_ORDER_FIELD_IS("restock")
};


static const sk_field_t  sk_order_extend[] = { SK_ORDER_FIELD_USER };


#define SK_ORDER_EXPIRED_SAYS  "the order has expired"


static int sk_operator_order_late(sk_operator_t *o, const sk_order_t *order,
    const sk_value_t *late);
static int sk_operator_order_held(sk_operator_t *o, const sk_order_t *order,
    const char *what, uint32_t *expires_s);
static int sk_operator_order_expire(sk_operator_t *o, const sk_order_t *order);
static void sk_operator_order_withdraw(sk_operator_t *o, sk_event_t *e);
static int sk_operator_order_find(sk_operator_t *o, const sk_field_t *fields,
    unsigned n, sk_value_t *values, sk_order_t *order, sk_event_e *last);
static unsigned sk_operator_order_unit(sk_operator_t *o,
    const sk_order_t *order, uint32_t *expires_s);
static void sk_operator_order_event(sk_operator_t *o, const sk_order_t *order,
    sk_event_e type, sk_event_t *e);
static int sk_operator_order_append(sk_operator_t *o, sk_event_t *e);
static int sk_operator_order_reply(sk_operator_t *o);
static int sk_operator_order_conflict(sk_operator_t *o, const char *message);


int
sk_operator_order_confirm(sk_operator_t *o)
{
    int         rc;
    uint32_t    expires_s;
    sk_event_e  last;
    sk_event_t  e;
    sk_order_t  order;
    sk_value_t  v[SK_ORDER_FIELDS];

    rc = sk_operator_order_find(o, sk_order_confirm, SK_ORDER_FIELDS, v,
                                &order, &last);

    if (rc != SK_OK) {
        return rc;
    }

    switch (last) {

    case SK_EVENT_WON:
    case SK_EVENT_EXTENDED:
        break;

    case SK_EVENT_PAID:
        return sk_operator_order_reply(o);

    case SK_EVENT_EXPIRED:
        return sk_operator_order_late(o, &order, &v[SK_ORDER_SPECIAL]);

    default: /* SK_EVENT_CANCELLED */
        return sk_operator_order_conflict(o, "the order was cancelled");
    }

    rc = sk_operator_order_held(o, &order, "confirm", &expires_s);

    if (rc != SK_OK) {
        return (rc == SK_NOT_FOUND)
               ? sk_operator_order_late(o, &order, &v[SK_ORDER_SPECIAL]) : rc;
    }

    sk_operator_order_event(o, &order, SK_EVENT_PAID, &e);

    return sk_operator_order_append(o, &e);
}


/* a payment for an order that has expired, which may be known to be late */

static int
sk_operator_order_late(sk_operator_t *o, const sk_order_t *order,
    const sk_value_t *late)
{
    sk_event_t  e;
    const char *why;

    sk_operator_order_event(o, order, SK_EVENT_PAID, &e);

    why = late->number ? sk_operator_late_why_not(o, &e)
                       : SK_ORDER_EXPIRED_SAYS;

    if (why) {
        return sk_operator_order_conflict(o, why);
    }

    e.late = 1;

    return sk_operator_order_append(o, &e);
}


/* the hold ends later than it would, once */

int
sk_operator_order_extend(sk_operator_t *o)
{
    int         rc;
    int64_t     extend_s;
    uint32_t    expires_s;
    sk_event_e  last;
    sk_event_t  e;
    sk_order_t  order;
    sk_value_t  user;

    rc = sk_operator_order_find(o, sk_order_extend, 1, &user, &order, &last);

    if (rc != SK_OK) {
        return rc;
    }

    if (last != SK_EVENT_WON) {
        return sk_operator_order_conflict(o,
                   (last == SK_EVENT_EXTENDED)
                   ? "the order's hold was made longer before"
                   : (last == SK_EVENT_PAID) ? "the order is paid"
                   : (last == SK_EVENT_EXPIRED) ? SK_ORDER_EXPIRED_SAYS
                   : "the order was cancelled");
    }

    rc = sk_operator_order_held(o, &order, "make longer", &expires_s);

    if (rc != SK_OK) {
        return (rc == SK_NOT_FOUND)
               ? sk_operator_order_conflict(o, SK_ORDER_EXPIRED_SAYS) : rc;
    }

    /* its unit is there, so its sale is */

    extend_s = sk_load(&sk_zone_sale_by_id(o->writer->zone,
                                           order.sale_id)->extend_s);
    if (extend_s == 0) {
        return sk_operator_order_conflict(o, "the sale's \"extend\" is 0: its "
                                          "holds cannot be made longer");
    }

    sk_operator_order_event(o, &order, SK_EVENT_EXTENDED, &e);

    e.expires_s = expires_s + (uint32_t) extend_s;

    return sk_operator_order_append(o, &e);
}


/*
 * Whether an order of which nothing has become yet is held and in time: SK_OK,
 * and when that ends.  SK_NOT_FOUND: nobody has got to it yet, but its time is
 * over, and it has expired now.
 */

static int
sk_operator_order_held(sk_operator_t *o, const sk_order_t *order,
    const char *what, uint32_t *expires_s)
{
    int   rc;
    char  why[SK_BODY_MESSAGE_MAX];

    if (order->expires_s == 0) {
        (void) snprintf(why, sizeof(why), "the order is sold: its sale has no "
                        "hold, there is nothing to %s", what);
        return sk_operator_order_conflict(o, why);
    }

    if (sk_operator_order_unit(o, order, expires_s) != SK_UNIT_HELD) {
        return sk_operator_order_conflict(o, "the order's sale was removed");
    }

    if (o->writer->now_ms / 1000 < *expires_s) {
        return SK_OK;
    }

    rc = sk_operator_order_expire(o, order);

    return (rc == SK_OK) ? SK_NOT_FOUND : rc;
}


int
sk_operator_order_cancel(sk_operator_t *o)
{
    int                rc;
    uint32_t           expires_s;
    sk_event_e         last;
    sk_event_t         e;
    sk_order_t         order;
    sk_value_t         v[SK_ORDER_FIELDS];
    const sk_value_t  *restock;

    rc = sk_operator_order_find(o, sk_order_cancel, SK_ORDER_FIELDS, v,
                                &order, &last);

    if (rc != SK_OK) {
        return rc;
    }

    if (last == SK_EVENT_CANCELLED) {
        return sk_operator_order_reply(o);
    }

    if (last == SK_EVENT_EXPIRED) {
        return sk_operator_order_conflict(o, SK_ORDER_EXPIRED_SAYS);
    }

    if (sk_operator_order_unit(o, &order, &expires_s) == SK_UNIT_EMPTY) {
        return sk_operator_order_conflict(o, "the order's sale was removed");
    }

    sk_operator_order_event(o, &order, SK_EVENT_CANCELLED, &e);

    restock = &v[SK_ORDER_SPECIAL];

    if (restock->given && !restock->number) {
        sk_operator_order_withdraw(o, &e);
    }

    return sk_operator_order_append(o, &e);
}


/* its unit, which is there, will be none of the sale's */

static void
sk_operator_order_withdraw(sk_operator_t *o, sk_event_t *e)
{
    sk_sale_t             *sale;
    sk_operator_staged_t   staged;

    sale = sk_zone_sale_by_id(o->writer->zone, e->sale_id);

    sk_operator_staged(o, e, &staged);

    e->withdrawn = 1;
    e->stock = sk_load(&sale->stock) + staged.stock - 1;

    sk_assert(e->stock >= 0);
}


/* SK_REFUSED: there is none, or it is not the one that is meant */

static int
sk_operator_order_find(sk_operator_t *o, const sk_field_t *fields, unsigned n,
    sk_value_t *values, sk_order_t *order, sk_event_e *last)
{
    int                rc;
    sk_ledger_t       *l;
    const sk_value_t  *user;

    l = o->writer->ledger;
    user = &values[SK_ORDER_USER];

    memset(values, 0, n * sizeof(sk_value_t));

    rc = sk_ledger_order(l, o->command->id, order);

    if (rc == SK_NOT_FOUND) {
        return sk_operator_reply_refuse(o, SK_STATUS_NOT_FOUND, NULL,
                                        "there is no order %llu",
                                        (unsigned long long) o->command->id);
    }

    if (rc == SK_OK && o->command->body_len) {
        rc = sk_operator_body(o, fields, n, SK_FIELD_EDIT, values);

        if (rc == SK_OK && user->given
            && (user->len != order->user_len
                || memcmp(user->text, order->user, user->len) != 0))
        {
            return sk_operator_order_conflict(o, "the order is another user's");
        }
    }

    return (rc == SK_OK) ? sk_ledger_order_last(l, o->command->id, last) : rc;
}


/* SK_UNIT_EMPTY: its sale is not in the zone any more */

static unsigned
sk_operator_order_unit(sk_operator_t *o, const sk_order_t *order,
    uint32_t *expires_s)
{
    sk_key_t    key;
    sk_zone_t  *zone;

    zone = o->writer->zone;

    key = sk_zone_order_key(zone, order->sale_id, order->user,
                            order->user_len);

    return sk_zone_order(zone, key, o->command->id, expires_s);
}


static void
sk_operator_order_event(sk_operator_t *o, const sk_order_t *order,
    sk_event_e type, sk_event_t *e)
{
    memset(e, 0, sizeof(sk_event_t));

    e->type = type;
    e->sale_id = order->sale_id;
    e->object = o->command->id;
    e->user = order->user;
    e->user_len = order->user_len;
    e->key = sk_zone_order_key(o->writer->zone, e->sale_id, e->user,
                               e->user_len);
}


static int
sk_operator_order_append(sk_operator_t *o, sk_event_t *e)
{
    int  rc;

    rc = sk_operator_append(o, e);

    return (rc == SK_OK) ? sk_operator_order_reply(o) : rc;
}


/* what is asked for is refused: there is no reply yet */

static int
sk_operator_order_expire(sk_operator_t *o, const sk_order_t *order)
{
    sk_event_t  e;

    sk_operator_order_event(o, order, SK_EVENT_EXPIRED, &e);

    return sk_operator_append(o, &e);
}


static int
sk_operator_order_reply(sk_operator_t *o)
{
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_ORDER);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) o->command->id);

    return sk_operator_reply(o, s, SK_STATUS_OK);
}


static int
sk_operator_order_conflict(sk_operator_t *o, const char *message)
{
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_ORDER);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) o->command->id);

    return sk_operator_reply_error(o, SK_STATUS_CONFLICT, NULL, message, s);
}
