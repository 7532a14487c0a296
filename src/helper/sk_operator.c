#include <stdio.h>
#include <stdlib.h>

#include "sk_operator_do.h"


static sk_operator_t *sk_operator_create(sk_writer_t *w,
    sk_commands_t *commands, const sk_declare_t *declare);
static int sk_operator_run(sk_operator_t *o, uint64_t first, unsigned *n);
static unsigned sk_operator_apart(sk_command_cell_t **cells, unsigned n);
static int sk_operator_do(sk_operator_t *o, sk_command_cell_t *cell,
    unsigned again);
static int sk_operator_answer(sk_operator_t *o, unsigned again);


static const struct {
    int         (*function)(sk_operator_t *o);
    unsigned      fields;
} sk_operator_table[SK_COMMAND_N] = {
#define X(constant, function, fields)  { sk_operator_##function, fields },
    SK_COMMAND_TABLE(X)
#undef X
};


int
sk_operator_work(sk_operator_t **operator, sk_commands_t *commands,
    const sk_declare_t *declare, sk_writer_t *w, unsigned *decided)
{
    int             rc;
    uint64_t        first;
    unsigned        i, n;
    sk_operator_t  *o;

    if (*operator == NULL) {
        *operator = sk_operator_create(w, commands, declare);
    }

    o = *operator;

    if (o == NULL) {
        (void) snprintf(w->reason, sizeof(w->reason), "out of memory");
        return SK_ERROR;
    }

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    n = 0;
    first = sk_load(&commands->head);

    rc = sk_operator_run(o, first, &n);

    rc = (rc == SK_OK) ? sk_writer_commit(w) : sk_writer_failed(w, rc);

    if (rc != SK_OK) {
        for (i = 0; i < n; i++) {
            sk_command_postpone(commands, first + i);
        }

        return rc;
    }

    for (i = 0; i < n; i++) {
        sk_command_done(commands, first + i, sk_monotonic_us());
    }

    *decided = 1;

    return SK_OK;
}


static sk_operator_t *
sk_operator_create(sk_writer_t *w, sk_commands_t *commands,
    const sk_declare_t *declare)
{
    sk_operator_t  *o;

    o = calloc(1, sizeof(sk_operator_t));

    if (o) {
        o->writer = w;
        o->commands = commands;
        o->declare = declare;
    }

    return o;
}


void
sk_operator_close(sk_operator_t **operator)
{
    unsigned        i;
    sk_operator_t  *o;

    o = *operator;
    *operator = NULL;

    if (o == NULL) {
        return;
    }

    for (i = 0; i < SK_SQL_N; i++) {
        (void) sqlite3_finalize(o->stmts[i]);
    }

    free(o);
}


/* all that waits, as long as none needs to have seen what another one does */

static int
sk_operator_run(sk_operator_t *o, uint64_t first, unsigned *n)
{
    int                 rc, what;
    sk_commands_t      *c;
    sk_command_cell_t  *cell, *cells[SK_COMMANDS_MAX];

    c = o->commands;

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
    unsigned       i;
    sk_command_t  *one, *two;

    two = &cells[n]->command;

    for (i = 0; i < n; i++) {

        if (cells[i] == NULL) {
            continue;
        }

        one = &cells[i]->command;

        if (!sk_command_of_order(one->type) || !sk_command_of_order(two->type)
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
    int         rc;
    sk_value_t  none;

    if (o->command->key_len) {
        rc = sk_operator_key_asked(o);

        if (rc != SK_NOT_FOUND) {
            return rc;
        }

    } else if (again) {
        return sk_operator_reply_refuse(o, SK_STATUS_UNAVAILABLE, NULL,
                                        "the process that did this was killed: "
                                        "look whether it is done");
    }

    rc = SK_OK;

    if (!sk_operator_table[o->command->type].fields && o->command->body_len) {
        rc = sk_operator_body(o, NULL, 0, 0, &none);
    }

    return (rc == SK_OK) ? sk_operator_table[o->command->type].function(o)
                         : rc;
}


void
sk_operator_give_back(sk_commands_t *commands)
{
    int                 what;
    uint64_t            ticket;
    sk_command_cell_t  *cell;

    for ( ;; ) {
        ticket = sk_load(&commands->head);
        what = sk_command_begin(commands, ticket, &cell);

        if (what == SK_ERROR) {
            return;
        }

        if (what != SK_MORE) {
            cell->reply.status = SK_STATUS_UNAVAILABLE;
            cell->reply.len = 0;
        }

        sk_command_done(commands, ticket, sk_monotonic_us());
    }
}


int
sk_operator_append(sk_operator_t *o, sk_event_t *e)
{
    e->by = o->command->by;
    e->by_len = o->command->by_len;

    /* one that a refusal makes on its way is not what was asked for */

    if (o->command->key_len && e->type != SK_EVENT_EXPIRED) {
        sk_operator_key(o, e);
    }

    return sk_writer_append(o->writer, e);
}


int
sk_operator_body(sk_operator_t *o, const sk_field_t *fields, unsigned n,
    unsigned when, sk_value_t *values)
{
    int         rc;
    sk_wrong_t  wrong;

    rc = sk_body_read(o->command->body, o->command->body_len, fields, n,
                      when, values, o->text, &wrong);

    if (rc == SK_ERROR) {
        return sk_operator_reply_error(o, SK_STATUS_INVALID, wrong.field,
                                       wrong.message, NULL);
    }

    return (rc == SK_OK) ? SK_OK
                         : sk_ledger_fail(o->writer->ledger, SQLITE_NOMEM);
}
