#include <stdlib.h>

#include "sk_operator_do.h"
#include "sk_view.h"


static int sk_operator_open(sk_drain_t *d);
static int sk_operator_run(sk_operator_t *o, uint64_t first, unsigned *n);
static unsigned sk_operator_apart(sk_command_cell_t **cells, unsigned n);
static int sk_operator_do(sk_operator_t *o, sk_command_cell_t *cell,
    unsigned again);
static int sk_operator_answer(sk_operator_t *o, unsigned again);
static int sk_operator_bare(sk_operator_t *o);


static const sk_operator_pt  sk_operator_table[SK_COMMAND_N] = {
    sk_operator_product_add,
    sk_operator_product_edit,
    sk_operator_product_remove,
    sk_operator_sale_add,
    sk_operator_sale_edit,
    sk_operator_sale_remove,
    sk_operator_sale_pause,
    sk_operator_sale_resume,
    sk_operator_sale_end,
    sk_operator_order_confirm,
    sk_operator_order_cancel
};


int
sk_operator_work(sk_drain_t *d, int64_t now_ms, unsigned *decided)
{
    int                 rc;
    unsigned            i, n;
    uint64_t            first, last;
    sk_operator_t      *o;

    rc = sk_operator_open(d);

    if (rc == SK_OK) {
        rc = sk_drain_begin(d);
    }

    if (rc != SK_OK) {
        return rc;
    }

    o = d->operator;
    o->now_ms = now_ms;
    o->seq = d->last_seq + 1;

    n = 0;
    first = sk_load(&d->commands->head);

    rc = sk_operator_run(o, first, &n);

    last = o->seq - 1;

    if (rc == SK_OK && sqlite3_total_changes(d->ledger->db) == o->changes) {
        sk_ledger_rollback(d->ledger);

    } else if (rc == SK_OK) {
        rc = sk_ledger_commit(d->ledger);
    }

    if (rc != SK_OK) {
        for (i = 0; i < n; i++) {
            sk_command_postpone(d->commands, first + i);
        }

        return rc;
    }

    if (last != d->last_seq) {
        sk_drain_committed(d, last);
        rc = sk_drain_catch_up(d);
    }

    for (i = 0; i < n; i++) {
        sk_command_done(d->commands, first + i, sk_drain_now_us());
    }

    *decided = 1;

    return rc;
}


static int
sk_operator_open(sk_drain_t *d)
{
    sk_operator_t  *o;

    if (d->operator) {
        return SK_OK;
    }

    o = calloc(1, sizeof(sk_operator_t));

    if (o) {
        o->drain = d;
        o->body = sk_body_create(d->ledger->db);

        if (o->body && sk_view_zone(d->ledger->db, d->zone) == SQLITE_OK) {
            d->operator = o;
            return SK_OK;
        }

        sk_body_destroy(o->body);
        free(o);
    }

    return sk_ledger_fail(d->ledger, SQLITE_NOMEM);
}


void
sk_operator_close(sk_drain_t *d)
{
    unsigned  i;

    if (d->operator == NULL) {
        return;
    }

    for (i = 0; i < SK_SQL_N; i++) {
        (void) sqlite3_finalize(d->operator->stmts[i]);
    }

    sk_body_destroy(d->operator->body);

    free(d->operator);
    d->operator = NULL;
}


/* all that waits, as long as none needs to have seen what another one does */

static int
sk_operator_run(sk_operator_t *o, uint64_t first, unsigned *n)
{
    int                 rc, what;
    sk_commands_t      *c;
    sk_command_cell_t  *cell, *cells[SK_COMMANDS_MAX];

    c = o->drain->commands;

    o->changes = sqlite3_total_changes(o->drain->ledger->db);

    while (*n < SK_COMMANDS_MAX) {

        what = sk_command_begin(c, first + *n, &cell);

        if (what == SK_ERROR) {
            break;
        }

        cells[*n] = (what == SK_MORE) ? NULL : cell;

        if (what == SK_MORE) {
            (*n)++;
            continue;
        }

        if (!sk_operator_apart(cells, *n)) {
            sk_command_postpone(c, first + *n);
            break;
        }

        (*n)++;

        rc = sk_operator_do(o, cell, what == SK_AGAIN);

        if (rc != SK_OK) {
            return rc;
        }
    }

    return SK_OK;
}


/* whether the last command may share a transaction with those before it */

static unsigned
sk_operator_apart(sk_command_cell_t **cells, unsigned n)
{
    unsigned      i;
    sk_command_t  *one, *two;

    two = &cells[n]->command;

    for (i = 0; i < n; i++) {

        if (cells[i] == NULL) {
            continue;
        }

        one = &cells[i]->command;

        if ((one->type != SK_ORDER_CONFIRM && one->type != SK_ORDER_CANCEL)
            || (two->type != SK_ORDER_CONFIRM && two->type != SK_ORDER_CANCEL)
            || one->id == two->id
            || (one->key_len && one->key_len == two->key_len
                && memcmp(one->key, two->key, one->key_len) == 0))
        {
            return 0;
        }
    }

    return 1;
}


static int
sk_operator_do(sk_operator_t *o, sk_command_cell_t *cell, unsigned again)
{
    int  rc;

    o->command = &cell->command;
    o->reply = &cell->reply;

    o->reply->path[0] = '\0';

    rc = sk_operator_answer(o, again);

    return (rc == SK_REFUSED) ? SK_OK : rc;
}


static int
sk_operator_answer(sk_operator_t *o, unsigned again)
{
    int  rc;

    if (o->command->key_len) {
        rc = sk_operator_kept(o);

        if (rc != SK_NOT_FOUND) {
            return rc;
        }

    } else if (again) {
        return sk_operator_refuse(o, SK_UNAVAILABLE, 0, NULL,
                                  "the process that did this was killed: "
                                  "look whether it is done");
    }

    rc = sk_operator_bare(o);

    if (rc == SK_OK) {
        rc = sk_operator_table[o->command->type](o);
    }

    if ((rc == SK_OK || rc == SK_REFUSED) && o->command->key_len
        && (o->reply->status < 300
            || o->reply->code == sk_results[SK_CONFLICT].code))
    {
        rc = sk_operator_keep(o);
    }

    return rc;
}


/* a command that takes no fields may have an empty object, and nothing else */

static int
sk_operator_bare(sk_operator_t *o)
{
    sk_value_t  none;

    switch (o->command->type) {

    case SK_PRODUCT_ADD:
    case SK_PRODUCT_EDIT:
    case SK_SALE_ADD:
    case SK_SALE_EDIT:
    case SK_ORDER_CONFIRM:
    case SK_ORDER_CANCEL:
        return SK_OK;

    default:
        return o->command->body_len ? sk_operator_body(o, NULL, 0, &none)
                                    : SK_OK;
    }
}


void
sk_operator_give_back(sk_drain_t *d)
{
    int                 what;
    uint64_t            ticket;
    sk_command_cell_t  *cell;

    if (d->commands == NULL) {
        return;
    }

    for ( ;; ) {
        ticket = sk_load(&d->commands->head);
        what = sk_command_begin(d->commands, ticket, &cell);

        if (what == SK_ERROR) {
            return;
        }

        if (what != SK_MORE) {
            cell->reply.code = sk_results[SK_UNAVAILABLE].code;
            cell->reply.status = sk_results[SK_UNAVAILABLE].status;
            cell->reply.len = 0;
        }

        sk_command_done(d->commands, ticket, sk_drain_now_us());
    }
}


int
sk_operator_append(sk_operator_t *o, sk_event_t *e)
{
    int  rc;

    e->seq = o->seq;
    e->at_ms = o->now_ms;

    e->by = o->command->by;
    e->by_len = o->command->by_len;

    if (e->type == SK_EVENT_SALE_ADDED) {
        e->sale_id = e->seq;
    }

    if (e->type == SK_EVENT_PRODUCT_ADDED) {
        e->object = e->seq;
    }

    rc = sk_ledger_append(o->drain->ledger, e);

    if (rc == SK_OK) {
        o->seq++;
    }

    return rc;
}
