/* What the files of the operator's commands share. */


#ifndef _SK_OPERATOR_DO_H_INCLUDED_
#define _SK_OPERATOR_DO_H_INCLUDED_


#include "sk_body.h"
#include "sk_ledger_sql.h"
#include "sk_operator.h"


#pragma GCC visibility push(hidden)


typedef enum {
    SK_SQL_PRODUCT = 0,
    SK_SQL_PRODUCT_NAME,
    SK_SQL_PRODUCT_COUNT,
    SK_SQL_PRODUCT_MAKE,
    SK_SQL_PRODUCT_CHANGE,
    SK_SQL_PRODUCT_THEN,
    SK_SQL_ORDER,
    SK_SQL_ORDER_THEN,
    SK_SQL_BEACON,
    SK_SQL_N
} sk_sql_e;


/* while the ledger is open */

struct sk_operator_s {
    sk_writer_t        *writer;
    sk_commands_t      *commands;
    const sk_declare_t *declare;
    sqlite3_stmt       *stmts[SK_SQL_N];

    /* the command that is being done */

    const sk_command_t *command;
    sk_reply_t         *reply;
    char                text[SK_COMMAND_BODY_SIZE_MAX];  /* of its fields */
};


/*
 * All below return, if they do not say otherwise: SK_OK: it is done, and the
 * reply is made; SK_REFUSED: it is not, and the reply says why; SK_AGAIN,
 * SK_ERROR: the store failed.
 */

/* a statement, prepared; NULL: SQLite says why */
sqlite3_stmt *sk_operator_sql(sk_operator_t *o, sk_sql_e which);

/* SK_OK: there is a row; SK_NOT_FOUND: none, and the statement is reset */
int sk_operator_sql_row(sk_operator_t *o, sqlite3_stmt *stmt);

/* the reply made from the event that has the command's key; SK_NOT_FOUND */
int sk_operator_key_asked(sk_operator_t *o);

/* gives an event the command's key, and what it asks for */
void sk_operator_key(sk_operator_t *o, sk_event_t *e);

/* appends the event of this command */
int sk_operator_append(sk_operator_t *o, sk_event_t *e);

/* replies with the object that a statement's row is; ends the statement */
int sk_operator_reply(sk_operator_t *o, sqlite3_stmt *stmt, sk_status_e status);

/* replies with an object, as JSON */
int sk_operator_reply_text(sk_operator_t *o, sk_status_e status,
    const char *data);

/* replies with an error: SK_REFUSED; "field" may be NULL */
int sk_operator_reply_refuse(sk_operator_t *o, sk_status_e status,
    const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* the same, with the object that a statement's row is; "data" may be NULL */
int sk_operator_reply_error(sk_operator_t *o, sk_status_e status,
    const char *field, const char *message, sqlite3_stmt *data);

/* reads the command's body; "when" is SK_FIELD_ADD, SK_FIELD_EDIT */
int sk_operator_body(sk_operator_t *o, const sk_field_t *fields, unsigned n,
    unsigned when, sk_value_t *values);

#define X(constant, function, fields)                                        \
    int sk_operator_##function(sk_operator_t *o);

SK_COMMAND_TABLE(X)

#undef X

/*
 * What the events that the commit has so far change for the sale and the user
 * of an event: of the same transaction's commands, which the zone does not know
 * yet.
 */

typedef struct {
    int64_t             free;           /* units of the sale */
    int64_t             stock;          /* and how many it has */
    int64_t             won;            /* units of the user */
} sk_operator_staged_t;

void sk_operator_staged(sk_operator_t *o, const sk_event_t *e,
    sk_operator_staged_t *staged);

/*
 * Why an order that has expired cannot be in force again; NULL: it can.  "e" is
 * the event that would make it paid.
 */
const char *sk_operator_late_why_not(sk_operator_t *o, const sk_event_t *e);

/* the sale of the command; NULL: there is none, and "rc" is to be returned */
sk_sale_t *sk_operator_sale_command(sk_operator_t *o, int *rc);

/*
 * Appends a sale, or the edit of one if it changes anything or has a key that
 * is to be known, and replies.
 */
int sk_operator_sale_put(sk_operator_t *o, sk_sale_t *sale, sk_event_t *e);

/* replies with a sale as an event makes it */
int sk_operator_sale_reply(sk_operator_t *o, sk_sale_t *sale,
    const sk_event_t *e, sk_status_e status);

/*
 * Whether a sale has what its waiting list needs, if a field of that is given;
 * whether those who wait have room in it.  SK_OK, SK_REFUSED.
 */
int sk_operator_waitlist(sk_operator_t *o, const sk_value_t *fields,
    const sk_sale_def_t *def);
int sk_operator_waitlist_fixed(sk_operator_t *o, sk_sale_t *sale,
    const sk_sale_def_t *def);

/*
 * Whether a sale's start, end and shuffle go together, if one of them is given;
 * whether one that is there may get those of "def" now; and the commitment to
 * its seed, for the event of a sale.
 */
int sk_operator_window(sk_operator_t *o, const sk_value_t *fields,
    const sk_sale_def_t *def);
int sk_operator_window_fixed(sk_operator_t *o, sk_sale_t *sale,
    const sk_sale_def_t *def);
int sk_operator_window_opening(sk_operator_t *o, sk_event_t *e);

/* replies with the beacon that an event has set */
int sk_operator_beacon_reply(sk_operator_t *o, const sk_event_t *e);

/* whether there is a product: SK_OK, SK_NOT_FOUND */
int sk_operator_product_find(sk_operator_t *o, uint64_t id);


#pragma GCC visibility pop


#endif /* _SK_OPERATOR_DO_H_INCLUDED_ */
