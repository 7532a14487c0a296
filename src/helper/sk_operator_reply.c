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

    /* an answer that is kept is a conflict, or it is done */

    "SELECT hash, code, path, reply FROM requests"
    " WHERE by = ?1 AND key = ?2 AND at > ?3",

    /* "status" is for older versions, which read it: HTTP's */

    "INSERT OR REPLACE INTO requests"
    " (at, by, key, hash, code, status, path, reply)"
    " VALUES (?1, ?2, ?3, ?4, ?5, iif(?5, 409, iif(?6 = '', 200, 201)), ?6,"
    " ?7)",

    /* the oldest are the first: no more than these few are looked at */

    "DELETE FROM requests WHERE at <= ?1 AND id IN"
    " (SELECT id FROM requests ORDER BY id LIMIT ?2)",

    "SELECT " SK_VIEW_PRODUCT " FROM products WHERE id = ?1",

    "SELECT id FROM products WHERE name = ?1 AND id <> ?2",

    "SELECT count(*) FROM products",

    "SELECT json_object('name', ?1, 'description', ifnull(?2, ''), 'price', ?3,"
    " 'currency', ?4, 'attributes', json(ifnull(?5, '{}')),"
    " 'by', sk_text(?6))",

    /* what is not given stays; no row: all stays */

    "SELECT json_set(n, '$.by', sk_text(?6)) FROM"
    " (SELECT json_remove(detail, '$.by') AS d,"
    " json_object('name', ifnull(?1, detail ->> 'name'),"
    " 'description', ifnull(?2, detail ->> 'description'),"
    " 'price', ifnull(?3, detail ->> 'price'),"
    " 'currency', ifnull(?4, detail ->> 'currency'),"
    " 'attributes', json(ifnull(?5, detail -> 'attributes'))) AS n"
    " FROM products WHERE id = ?7) WHERE d <> n",

    "INSERT INTO products (id, name, detail, created_ms, edited_ms)"
    " VALUES (?1, ?2 ->> 'name', ?2, ?3, ?3)"
    " ON CONFLICT (id) DO UPDATE SET name = ?2 ->> 'name', detail = ?2,"
    " edited_ms = ?3",

    "DELETE FROM products WHERE id = ?1",

    SK_VIEW_ORDER_SQL
};


sqlite3_stmt *
sk_operator_sql(sk_operator_t *o, sk_sql_e which)
{
    int       rc;
    sqlite3  *db;

    if (o->stmts[which]) {
        return o->stmts[which];
    }

    db = o->writer->ledger->db;

    rc = sqlite3_prepare_v3(db, sk_operator_sqls[which], -1,
                            SQLITE_PREPARE_PERSISTENT, &o->stmts[which],
                            NULL);
    if (rc != SQLITE_OK) {
        (void) sk_ledger_fail(o->writer->ledger, rc);
        return NULL;
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
sk_operator_kept(sk_operator_t *o)
{
    int            rc;
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_KEPT);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_text(s, 1, o->command->by, (int) o->command->by_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 2, o->command->key, (int) o->command->key_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 3, o->writer->now_ms - SK_OPERATOR_KEEP_MS);

    rc = sk_operator_row(o, s);

    if (rc != SK_OK) {
        return rc;
    }

    if (sqlite3_column_bytes(s, 0) != SK_COMMAND_HASH_SIZE
        || memcmp(sqlite3_column_blob(s, 0), o->command->hash,
                  SK_COMMAND_HASH_SIZE) != 0)
    {
        (void) sqlite3_reset(s);
        return sk_operator_refuse(o, SK_STATUS_CONFLICT, NULL,
                                  "another request had this Idempotency-Key");
    }

    (void) snprintf(o->reply->path, sizeof(o->reply->path), "%s",
                    (const char *) sqlite3_column_text(s, 2));

    o->reply->status = sqlite3_column_int(s, 1) ? SK_STATUS_CONFLICT
                       : o->reply->path[0] ? SK_STATUS_CREATED : SK_STATUS_OK;

    o->reply->len = (uint32_t) sqlite3_column_bytes(s, 3);

    /* somebody else has written a longer one */

    if (o->reply->len > SK_COMMAND_REPLY_SIZE_MAX) {
        o->reply->len = 0;
    }

    if (o->reply->len) {
        memcpy(o->reply->body, sqlite3_column_text(s, 3), o->reply->len);
    }

    (void) sqlite3_reset(s);

    return SK_OK;
}


int
sk_operator_keep(sk_operator_t *o)
{
    int            rc;
    sqlite3_stmt  *s, *forget;

    s = sk_operator_sql(o, SK_SQL_KEEP);
    forget = sk_operator_sql(o, SK_SQL_FORGET);

    if (s == NULL || forget == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, o->writer->now_ms);
    (void) sqlite3_bind_text(s, 2, o->command->by, (int) o->command->by_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 3, o->command->key, (int) o->command->key_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_blob(s, 4, o->command->hash, SK_COMMAND_HASH_SIZE,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int(s, 5, (int) sk_statuses[o->reply->status].code);
    (void) sqlite3_bind_text(s, 6, o->reply->path, -1, SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 7, o->reply->body, (int) o->reply->len,
                             SQLITE_STATIC);

    rc = sk_ledger_step(o->writer->ledger, s);

    if (rc != SK_OK) {
        return rc;
    }

    (void) sqlite3_bind_int64(forget, 1,
                              o->writer->now_ms - SK_OPERATOR_KEEP_MS);
    (void) sqlite3_bind_int(forget, 2, SK_OPERATOR_FORGET_MAX);

    return sk_ledger_step(o->writer->ledger, forget);
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
