#include "verify_state.h"


static int verify_waitlist_queued(verify_state_t *v, verify_event_t *e,
    uint32_t user);
static void verify_waitlist_left(verify_state_t *v, verify_event_t *e,
    uint32_t user);
static void verify_waitlist_bad(verify_state_t *v, verify_event_t *e,
    const char *fmt, int64_t place, int64_t other)
    __attribute__((format(printf, 3, 0)));


/*
 * Users have a place in the list of a sale, also where their units are counted
 * over a group.  That somebody in it asks changes nothing.
 */

int
verify_waitlist(verify_state_t *v, verify_event_t *e)
{
    uint32_t  user;

    if (e->type == SK_EVENT_ASKED) {
        return SK_OK;
    }

    user = verify_users_get(&v->users, e->hash, e->sale);

    if (user == UINT32_MAX) {
        return SK_ERROR;
    }

    if (e->type == SK_EVENT_QUEUED) {
        return verify_waitlist_queued(v, e, user);
    }

    verify_waitlist_left(v, e, user);

    return SK_OK;
}


static int
verify_waitlist_queued(verify_state_t *v, verify_event_t *e, uint32_t user)
{
    verify_user_t  *u;

    u = verify_users_at(&v->users, user);

    if (u->place) {
        (void) verify_bad(v, VERIFY_ORDERS, e, "event %" PRId64 " (queued) of a"
                          " user who has place %" PRId64 " in this waiting list"
                          " already", e->row->seq, u->place);
    }

    u->place = e->row->seq;

    e->record->user = user;
    e->record->sale = e->sale & (VERIFY_SALES_MAX - 1);
    e->record->state = VERIFY_QUEUED;

    return verify_sales_queue(&v->sales.elts[e->sale], e->row->seq);
}


/* who leaves a waiting list had joined it, and was the first in it */

static void
verify_waitlist_left(verify_state_t *v, verify_event_t *e, uint32_t user)
{
    int64_t          place, first;
    verify_user_t   *u;
    verify_sale_t   *s;
    verify_order_t  *queued;

    place = e->row->object;
    s = &v->sales.elts[e->sale];

    queued = verify_orders_find(&v->orders, place);

    if (queued == NULL || queued->state != VERIFY_QUEUED) {
        verify_waitlist_bad(v, e, "of place %" PRId64 " in a waiting list, "
                            "which nobody has", place, 0);
        return;
    }

    if (queued->sale != e->sale || queued->user != user) {
        verify_waitlist_bad(v, e, "has not the sale and the user of place %"
                            PRId64, place, 0);
    }

    /* whoever it was for, it is left now */

    if (queued->sale != e->sale) {
        return;
    }

    if (place <= s->left) {
        verify_waitlist_bad(v, e, "of place %" PRId64 " in a waiting list, "
                            "after place %" PRId64, place, s->left);
        return;
    }

    /* it is there: all between the last one that was left and this one is */

    first = s->places[s->first];

    if (first < place) {
        verify_waitlist_bad(v, e, "of place %" PRId64 " in a waiting list, "
                            "before place %" PRId64, place, first);
    }

    while (s->first < s->n_places && s->places[s->first] <= place) {
        s->first++;
    }

    s->left = place;

    u = verify_users_at(&v->users, queued->user);
    u->place = (u->place == place) ? 0 : u->place;
}


static void
verify_waitlist_bad(verify_state_t *v, verify_event_t *e, const char *fmt,
    int64_t place, int64_t other)
{
    char  type[64], what[128];

    (void) snprintf(what, sizeof(what), fmt, place, other);

    (void) verify_bad(v, VERIFY_ORDERS, e, "event %" PRId64 " (%s) %s",
                      e->row->seq, verify_bad_type(e->row, type), what);
}


/*
 * Who joins a list while a claim is decided that was admitted before may be in
 * the same commit as that, and before it: this is no harm, all others are.
 */

void
verify_waitlist_passed(verify_state_t *v, const verify_event_t *e)
{
    verify_sale_t  *s;

    s = &v->sales.elts[e->sale];

    if (s->first == s->n_places || s->places[s->first] > v->committed) {
        return;
    }

    (void) verify_bad(v, VERIFY_ORDERS, e, "event %" PRId64 " (won) without a "
                      "place in the waiting list, before place %" PRId64,
                      e->row->seq, s->places[s->first]);
}
