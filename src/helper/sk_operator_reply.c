#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_json.h"
#include "sk_operator_do.h"
#include "sk_view.h"


static int sk_operator_row(sk_operator_t *o, sqlite3_stmt *stmt);
static int sk_operator_envelope(sk_operator_t *o, sk_status_e status,
    json_t *head, const char *data);


static const char *const  sk_operator_sqls[SK_SQL_N] = {

    "SELECT " SK_VIEW_PRODUCT " FROM products WHERE id = ?1",

    "SELECT id FROM products WHERE name = ?1 AND id <> ?2",

    "SELECT count(*) FROM products",

    "SELECT json_object('name', ?1, 'description', ifnull(?2, ''), 'price', ?3,"
    " 'currency', ?4, 'attributes', json(ifnull(?5, '{}')),"
    " 'by', sk_text(?6))",

    /* what is not given stays; no row: all stays, and need not be said */

    "SELECT json_set(n, '$.by', sk_text(?6)) FROM"
    " (SELECT json_remove(detail, '$.by') AS d,"
    " json_object('name', ifnull(?1, detail ->> 'name'),"
    " 'description', ifnull(?2, detail ->> 'description'),"
    " 'price', ifnull(?3, detail ->> 'price'),"
    " 'currency', ifnull(?4, detail ->> 'currency'),"
    " 'attributes', json(ifnull(?5, detail -> 'attributes'))) AS n"
    " FROM products WHERE id = ?7) WHERE ?8 OR d <> n",

    /* as an event has made it; one that was removed, as it was before */

    "SELECT " SK_VIEW_PRODUCT " FROM (SELECT e.object AS id, e.detail,"
    " (SELECT at FROM ledger WHERE seq = e.object) AS created_ms,"
    " e.at AS edited_ms FROM ledger x JOIN ledger e ON e.object = x.object"
    " WHERE x.seq = ?1 AND e.seq <= x.seq AND e.type <> 'product_removed'"
    " ORDER BY e.seq DESC LIMIT 1)",

    SK_VIEW_ORDER_SQL,

    /* as the event ?2 has made it */

    SK_VIEW_ORDER("(SELECT type FROM ledger WHERE seq = ?2)")
};


sqlite3_stmt *
sk_operator_sql(sk_operator_t *o, sk_sql_e which)
{
    if (o->stmts[which] == NULL) {
        o->stmts[which] = sk_ledger_prepare_sql(o->writer->ledger,
                                                sk_operator_sqls[which]);
    }

    return o->stmts[which];
}


/* SK_OK: there is a row; SK_NOT_FOUND: none, and the statement is reset */

static int
sk_operator_row(sk_operator_t *o, sqlite3_stmt *stmt)
{
    int  rc;

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        return SK_OK;
    }

    rc = (rc == SQLITE_DONE) ? SK_NOT_FOUND
                             : sk_ledger_fail(o->writer->ledger, rc);

    (void) sqlite3_reset(stmt);

    return rc;
}


int
sk_operator_reply(sk_operator_t *o, sqlite3_stmt *stmt, sk_status_e status)
{
    int  rc;

    rc = sk_operator_row(o, stmt);

    if (rc != SK_OK) {
        return (rc == SK_NOT_FOUND) ? SK_ERROR : rc;
    }

    rc = sk_operator_reply_text(o, status,
                                (const char *) sqlite3_column_text(stmt, 0));

    (void) sqlite3_reset(stmt);

    return rc;
}


int
sk_operator_reply_text(sk_operator_t *o, sk_status_e status, const char *data)
{
    return sk_operator_envelope(o, status, json_pack("{si}", "code", 0), data);
}


int
sk_operator_refuse(sk_operator_t *o, sk_status_e status, const char *field,
    const char *fmt, ...)
{
    char      message[SK_BODY_MESSAGE_MAX + SK_REASON_SIZE_MAX];
    va_list   args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    return sk_operator_error(o, status, field, message, NULL);
}


int
sk_operator_error(sk_operator_t *o, sk_status_e status, const char *field,
    const char *message, sqlite3_stmt *data)
{
    int          rc;
    json_t      *head;
    const char  *text;

    text = NULL;

    if (data && sk_operator_row(o, data) == SK_OK) {
        text = (const char *) sqlite3_column_text(data, 0);
    }

    /* "o*": without a field there is none */

    head = json_pack("{si ss so so*}", "code", (int) sk_statuses[status].code,
                     "result", sk_statuses[status].name,
                     "message", sk_json_text(message, strlen(message)),
                     "field",
                     field ? sk_json_text(field, strlen(field)) : NULL);

    rc = sk_operator_envelope(o, status, head, text);

    if (data) {
        (void) sqlite3_reset(data);
    }

    return (rc == SK_OK) ? SK_REFUSED : rc;
}


/* {...,"data":DATA}; "data" is JSON, or NULL */

static int
sk_operator_envelope(sk_operator_t *o, sk_status_e status, json_t *head,
    const char *data)
{
    int          n;
    char        *text;
    sk_reply_t  *reply;

    text = sk_json_end(head);

    if (text == NULL) {
        return sk_ledger_fail(o->writer->ledger, SQLITE_NOMEM);
    }

    reply = o->reply;

    n = data ? snprintf(reply->body, sizeof(reply->body), "%.*s,\"data\":%s}",
                        (int) strlen(text) - 1, text, data)
             : snprintf(reply->body, sizeof(reply->body), "%s", text);

    free(text);

    /* bodies are shorter than what is allowed: products have limits */

    reply->status = status;
    reply->len = ((size_t) n < sizeof(reply->body)) ? (uint32_t) n : 0;

    return SK_OK;
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
        return sk_operator_error(o, SK_STATUS_INVALID, wrong.field,
                                 wrong.message, NULL);
    }

    return (rc == SK_OK) ? SK_OK
                         : sk_ledger_fail(o->writer->ledger, SQLITE_NOMEM);
}
