#include <string.h>

#include "verify_state.h"


static int verify_order_won(verify_state_t *v, verify_event_t *e,
    uint32_t user);
static void verify_order_later(verify_state_t *v, verify_event_t *e,
    uint32_t user);
static verify_order_t *verify_order_find(verify_state_t *v, verify_event_t *e,
    uint32_t user);
static void verify_order_step(verify_state_t *v, verify_event_t *e,
    verify_order_t *order, verify_state_e to);
static int verify_order_may(verify_state_e from, verify_state_e to);
static void verify_order_units(verify_state_t *v, verify_event_t *e,
    uint32_t user, int n);
static void verify_order_withdrawn(verify_state_t *v, verify_event_t *e);


int
verify_order(verify_state_t *v, verify_event_t *e)
{
    uint32_t  user;

    user = verify_users_get(&v->users, e->hash, v->sales.elts[e->sale].scope);

    if (user == UINT32_MAX) {
        return SK_ERROR;
    }

    if (e->type == SK_EVENT_WON) {
        return verify_order_won(v, e, user);
    }

    verify_order_later(v, e, user);

    return SK_OK;
}


static int
verify_order_won(verify_state_t *v, verify_event_t *e, uint32_t user)
{
    e->record->user = user;
    e->record->sale = e->sale & (VERIFY_SALES_MAX - 1);
    e->record->state = e->row->expires ? VERIFY_HELD : VERIFY_SOLD;

    v->won++;
    v->sales.elts[e->sale].states[e->record->state]++;

    verify_order_units(v, e, user, 1);

    if (e->row->object) {
        return verify_waitlist(v, e);
    }

    verify_waitlist_passed(v, e);

    return SK_OK;
}


static void
verify_order_later(verify_state_t *v, verify_event_t *e, uint32_t user)
{
    verify_order_t  *order;
    verify_state_e   to;

    v->later++;

    to = (e->type == SK_EVENT_EXPIRED) ? VERIFY_EXPIRED
         : (e->type == SK_EVENT_CANCELLED) ? VERIFY_CANCELLED
         : (e->type == SK_EVENT_EXTENDED) ? VERIFY_EXTENDED
         : e->detail->late ? VERIFY_PAID_LATE : VERIFY_PAID;

    order = verify_order_find(v, e, user);

    if (order) {
        verify_order_step(v, e, order, to);
    }

    switch (to) {

    case VERIFY_PAID_LATE:
        verify_order_units(v, e, user, 1);
        break;

    case VERIFY_EXPIRED:
        verify_order_units(v, e, user, -1);
        break;

    case VERIFY_CANCELLED:
        verify_order_units(v, e, user, -1);

        if (e->detail->withdrawn) {
            verify_order_withdrawn(v, e);
        }

        break;

    default:
        break;
    }
}


/* NULL: there is no such order; one of another sale or user is one */

static verify_order_t *
verify_order_find(verify_state_t *v, verify_event_t *e, uint32_t user)
{
    char              type[64], number[VERIFY_NUMBER_SIZE];
    const sk_row_t   *row;
    verify_order_t   *order;

    row = e->row;
    order = verify_orders_find(&v->orders, row->object);

    if (order == NULL || !verify_state_of_order(order->state)) {
        (void) snprintf(number, sizeof(number), "%" PRId64, row->object);
        (void) verify_bad(v, VERIFY_ORDERS, e, "event %" PRId64 " (%s) of order"
                          " %s, which was not won", row->seq,
                          verify_bad_type(row, type),
                          row->object ? number : "NULL");
        return NULL;
    }

    if (order->sale != e->sale) {
        (void) verify_bad(v, VERIFY_ORDERS, e, "event %" PRId64 " (%s) of sale "
                          "%" PRId64 ", but order %" PRId64 " is of sale %"
                          PRId64, row->seq, verify_bad_type(row, type),
                          row->sale, row->object,
                          v->sales.elts[order->sale].id);

    } else if (order->user != user) {
        (void) verify_bad(v, VERIFY_ORDERS, e, "event %" PRId64 " (%s) has not "
                          "the user of order %" PRId64, row->seq,
                          verify_bad_type(row, type), row->object);
    }

    return order;
}


static void
verify_order_step(verify_state_t *v, verify_event_t *e, verify_order_t *order,
    verify_state_e to)
{
    unsigned        i;
    verify_bad_t   *bad;
    verify_sale_t  *s;
    verify_state_e  from;

    from = order->state;
    s = &v->sales.elts[e->sale];

    s->states[from]--;
    s->states[to]++;

    order->state = to;

    if (verify_order_may(from, to)) {
        return;
    }

    for (i = 0; i < v->n_bad[VERIFY_STATES]; i++) {
        bad = &v->bad[VERIFY_STATES][i];

        if (bad->sale == e->sale && bad->from == from && bad->to == to) {
            bad->more++;
            return;
        }
    }

    bad = verify_bad(v, VERIFY_STATES, e, "event %" PRId64 ": order %" PRId64,
                     e->row->seq, e->row->object);
    if (bad) {
        bad->sale = e->sale;
        bad->from = from;
        bad->to = to;
    }
}


static int
verify_order_may(verify_state_e from, verify_state_e to)
{
    switch (from) {

    case VERIFY_HELD:
        return to != VERIFY_PAID_LATE;

    case VERIFY_EXTENDED:
        return to == VERIFY_PAID || to == VERIFY_EXPIRED
               || to == VERIFY_CANCELLED;

    case VERIFY_EXPIRED:
        return to == VERIFY_PAID_LATE;

    case VERIFY_SOLD:
    case VERIFY_PAID:
    case VERIFY_PAID_LATE:
        return to == VERIFY_CANCELLED;

    default:
        return 0;
    }
}


/* a first unit is always within the limit */

static void
verify_order_units(verify_state_t *v, verify_event_t *e, uint32_t user, int n)
{
    char            units[VERIFY_NUMBER_SIZE], limit[VERIFY_NUMBER_SIZE];
    verify_user_t  *u;
    verify_sale_t  *s;

    s = &v->sales.elts[e->sale];
    u = verify_users_at(&v->users, user);

    s->units += n;
    u->units += n;

    if (n < 0) {
        return;
    }

    verify_order_stock(v, e);

    if (u->units > 1 && s->limit != VERIFY_UNKNOWN && u->units > s->limit) {
        (void) verify_bad(v, VERIFY_LIMITS, e, "event %" PRId64 ": %s units of "
                          "one user, the limit of sale %" PRId64 " is %s",
                          e->row->seq, verify_number(units, u->units), s->id,
                          verify_number(limit, s->limit));
    }
}


void
verify_order_stock(verify_state_t *v, const verify_event_t *e)
{
    char            type[64];
    char            units[VERIFY_NUMBER_SIZE], stock[VERIFY_NUMBER_SIZE];
    verify_sale_t  *s;

    s = &v->sales.elts[e->sale];

    if (s->stock == VERIFY_UNKNOWN || s->units <= s->stock) {
        return;
    }

    (void) verify_bad(v, VERIFY_STOCK, e, "event %" PRId64 " (%s): %s units in "
                      "force, the stock of sale %" PRId64 " is %s", e->row->seq,
                      verify_bad_type(e->row, type),
                      verify_number(units, s->units), s->id,
                      verify_number(stock, s->stock));
}


/* the order's unit is none of the sale's any more */

static void
verify_order_withdrawn(verify_state_t *v, verify_event_t *e)
{
    char            was[VERIFY_NUMBER_SIZE], is[VERIFY_NUMBER_SIZE];
    int64_t         before;
    verify_sale_t  *s;

    s = &v->sales.elts[e->sale];
    before = s->stock;

    s->stock = e->detail->stock;

    verify_order_stock(v, e);

    if (before != VERIFY_UNKNOWN && s->stock == before - 1) {
        return;
    }

    (void) verify_bad(v, VERIFY_STOCK, e, "event %" PRId64 " (cancelled): a "
                      "unit of sale %" PRId64 " is withdrawn, and the stock was"
                      " %s, and is %s", e->row->seq, s->id,
                      (before == VERIFY_UNKNOWN) ? "unknown"
                                                 : verify_number(was, before),
                      (s->stock == VERIFY_UNKNOWN)
                      ? "unknown" : verify_number(is, s->stock));
}
