#include <string.h>

#include "verify_state.h"


#define VERIFY_STATE_NEAR   16          /* rows between a look and the next */


static void verify_state_near(verify_state_t *v);
static void verify_state_contents(verify_state_t *v, const verify_event_t *e);


int
verify_state_init(verify_state_t *v)
{
    memset(v, 0, sizeof(verify_state_t));

    return verify_users_init(&v->users);
}


void
verify_state_free(verify_state_t *v)
{
    verify_users_free(&v->users);
    verify_orders_free(&v->orders);
    verify_sales_free(&v->sales);
}


void
verify_state_commit(verify_state_t *v, int64_t last)
{
    v->committed = last;
}


void
verify_state_ahead(verify_state_t *v, const sk_row_t *rows, unsigned n)
{
    v->rows = rows;
    v->n_rows = n;
    v->row = 0;
    v->near = 0;

    while (v->near < 2 * VERIFY_STATE_NEAR) {
        verify_state_near(v);
    }
}


/*
 * A table of millions of users is in no cache: to wait for each would take
 * longer than all else.
 */

static void
verify_state_near(verify_state_t *v)
{
    unsigned         i;
    uint32_t         sale;
    const sk_row_t  *row;

    i = v->near++;

    if (i < v->n_rows) {
        row = &v->rows[i];
        sale = verify_sales_find(&v->sales, row->sale);

        verify_users_hash(&v->users, &row->user, v->hashes[i]);

        v->scopes[i] = (sale == UINT32_MAX) ? 0
                       : sk_ledger_type(&row->type) == SK_EVENT_QUEUED
                         ? sale : v->sales.elts[sale].scope;

        verify_users_near(&v->users, v->hashes[i], v->scopes[i]);
    }

    if (i >= VERIFY_STATE_NEAR && i - VERIFY_STATE_NEAR < v->n_rows) {
        i -= VERIFY_STATE_NEAR;

        verify_users_nearer(&v->users, v->hashes[i], v->scopes[i]);
    }
}


int
verify_state_row(verify_state_t *v)
{
    verify_event_t   e;
    const sk_row_t  *row;

    row = &v->rows[v->row];

    e.row = row;
    e.hash = v->hashes[v->row++];

    verify_state_near(v);

    e.type = sk_ledger_type(&row->type);
    e.record = verify_orders_add(&v->orders, row->seq);

    if (e.record == NULL
        || verify_detail_read(&v->details, e.type, row, &e.detail) != SK_OK)
    {
        return SK_ERROR;
    }

    if (row->seq != v->before + 1) {
        (void) verify_bad(v, VERIFY_NUMBERS, &e, "event %" PRId64
                          " follows event %" PRId64, row->seq, v->before);
    }

    v->before = row->seq;
    v->at = row->at;

    verify_state_contents(v, &e);

    if (verify_life(v, &e) != SK_OK) {
        return SK_ERROR;
    }

    return sk_event_of_order(e.type) ? verify_order(v, &e)
           : sk_event_of_waitlist(e.type) ? verify_waitlist(v, &e) : SK_OK;
}


static void
verify_state_contents(verify_state_t *v, const verify_event_t *e)
{
    char         type[64];
    const char  *why;

    why = verify_detail_wrong(e->type, e->row, e->detail);

    if (why) {
        (void) verify_bad(v, VERIFY_CONTENTS, e, "event %" PRId64 ", '%s': %s",
                          e->row->seq, verify_bad_type(e->row, type), why);
    }
}
