#include <string.h>

#include "verify_state.h"


static verify_life_e verify_life_of(const verify_event_t *e);
static void verify_life_check(verify_state_t *v, verify_event_t *e,
    verify_sale_t *s, verify_life_e life);
static int verify_life_def(verify_state_t *v, verify_event_t *e, int added);
static int verify_life_group(verify_state_t *v, const verify_detail_t *d,
    uint32_t sale);
static void verify_life_release(verify_state_t *v, const verify_event_t *e);


int
verify_life(verify_state_t *v, verify_event_t *e)
{
    int             added;
    int64_t         id;
    verify_life_e   life;
    verify_sale_t  *s;

    life = verify_life_of(e);

    if (life == VERIFY_LIFE_NONE) {
        return SK_OK;
    }

    id = (life == VERIFY_LIFE_PRODUCT) ? e->row->object : e->row->sale;

    e->sale = verify_sales_get(&v->sales, id);

    if (e->sale == UINT32_MAX) {
        return SK_ERROR;
    }

    s = &v->sales.elts[e->sale];

    added = (s->life == VERIFY_LIFE_NONE && id == e->row->seq
             && (e->type == SK_EVENT_SALE_ADDED
                 || (e->type == SK_EVENT_PRODUCT_ADDED && e->row->sale == 0)));

    if (added) {
        s->life = life;

    } else {
        verify_life_check(v, e, s, life);
    }

    if (sk_event_has_def(e->type) && e->detail->given) {
        return verify_life_def(v, e, added);
    }

    return SK_OK;
}


/* what an event is of; one of an unknown type, too, that has a sale */

static verify_life_e
verify_life_of(const verify_event_t *e)
{
    switch (e->type) {

    case SK_EVENT_CLOCK_SET:
    case SK_EVENT_MACHINE_JOINED:
    case SK_EVENT_MACHINE_LEFT:
        return VERIFY_LIFE_NONE;

    case SK_EVENT_N:
        return (e->row->type.len >= 7
                && memcmp(e->row->type.data, "product", 7) == 0)
               ? VERIFY_LIFE_PRODUCT : VERIFY_LIFE_SALE;

    default:
        return sk_event_of_product(e->type) ? VERIFY_LIFE_PRODUCT
                                            : VERIFY_LIFE_SALE;
    }
}


static void
verify_life_check(verify_state_t *v, verify_event_t *e, verify_sale_t *s,
    verify_life_e life)
{
    char           type[64];
    const char    *what;
    verify_bad_t  *bad;

    what = (life == VERIFY_LIFE_PRODUCT) ? "product" : "sale";

    if (s->life != life) {
        bad = verify_bad(v, VERIFY_LIVES, e, "event %" PRId64 " (%s)",
                         e->row->seq, verify_bad_type(e->row, type));
        if (bad) {
            bad->unborn = 1;
            bad->life = life;
            bad->id = s->id;
        }

        return;
    }

    if (s->removed) {
        (void) verify_bad(v, VERIFY_LIVES, e, "event %" PRId64 " (%s) after %s "
                          "%" PRId64 " was removed by event %" PRId64,
                          e->row->seq, verify_bad_type(e->row, type), what,
                          s->id, s->removed);

    } else if (e->type == SK_EVENT_SALE_ADDED
               || e->type == SK_EVENT_PRODUCT_ADDED)
    {
        (void) verify_bad(v, VERIFY_LIVES, e, "event %" PRId64 " (%s) of %s %"
                          PRId64 ", which was added before", e->row->seq,
                          verify_bad_type(e->row, type), what, s->id);

    } else if (e->type == SK_EVENT_SALE_REMOVED) {
        verify_life_release(v, e);
        s->removed = e->row->seq;

    } else if (e->type == SK_EVENT_PRODUCT_REMOVED) {
        s->removed = e->row->seq;
    }
}


static int
verify_life_def(verify_state_t *v, verify_event_t *e, int added)
{
    verify_sale_t          *s;
    const verify_detail_t  *d;

    d = e->detail;
    s = &v->sales.elts[e->sale];

    s->stock = d->stock;
    s->limit = d->limit;
    s->name_len = d->name_len;
    memcpy(s->name, d->name, d->name_len);

    if (e->type == SK_EVENT_SALE_EDITED) {
        verify_order_stock(v, e);
    }

    return (added && d->group_len) ? verify_life_group(v, d, e->sale) : SK_OK;
}


/* the limit counts over the sales of a group: their users are the same */

static int
verify_life_group(verify_state_t *v, const verify_detail_t *d, uint32_t sale)
{
    uint32_t        i;
    uint64_t        hash[2];
    sk_bytes_t      name;
    verify_user_t  *group;

    name.data = d->group;
    name.len = d->group_len;

    verify_users_hash(&v->users, &name, hash);

    i = verify_users_get(&v->users, hash, VERIFY_SCOPE_NAME);

    if (i == UINT32_MAX) {
        return SK_ERROR;
    }

    group = verify_users_at(&v->users, i);

    if (group->place == 0) {
        group->place = v->sales.elts[sale].id;
        group->units = (int32_t) sale;
    }

    v->sales.elts[sale].scope = VERIFY_SCOPE_GROUP | (uint32_t) group->units;

    return SK_OK;
}


/* of a sale that is removed, nothing counts any more in its group */

static void
verify_life_release(verify_state_t *v, const verify_event_t *e)
{
    int64_t          n;
    uint64_t         i;
    unsigned         state;
    verify_sale_t   *s;
    verify_order_t  *order;

    s = &v->sales.elts[e->sale];

    if (!(s->scope & VERIFY_SCOPE_GROUP)) {
        return;
    }

    for (n = 0, state = 0; state < VERIFY_STATE_N; state++) {
        n += verify_state_in_force(state) ? s->states[state] : 0;
    }

    for (i = verify_orders_index(&v->orders, s->id);
         i < v->orders.n && n > 0;
         i++)
    {
        order = verify_orders_at(&v->orders, i);

        if (order->sale == e->sale && verify_state_in_force(order->state)) {
            verify_users_at(&v->users, order->user)->units--;
            n--;
        }
    }
}
