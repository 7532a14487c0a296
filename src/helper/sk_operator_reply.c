#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_json.h"
#include "sk_operator_do.h"
#include "sk_view.h"


static int sk_operator_reply_envelope(sk_operator_t *o, sk_status_e status,
    json_t *head, const char *data);


int
sk_operator_reply(sk_operator_t *o, sqlite3_stmt *stmt, sk_status_e status)
{
    int  rc;

    rc = sk_operator_sql_row(o, stmt);

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
    return sk_operator_reply_envelope(o, status, json_pack("{si}", "code", 0),
                                      data);
}


int
sk_operator_reply_refuse(sk_operator_t *o, sk_status_e status,
    const char *field, const char *fmt, ...)
{
    char     message[SK_BODY_MESSAGE_MAX + SK_REASON_SIZE_MAX];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    return sk_operator_reply_error(o, status, field, message, NULL);
}


int
sk_operator_reply_error(sk_operator_t *o, sk_status_e status, const char *field,
    const char *message, sqlite3_stmt *data)
{
    int          rc;
    json_t      *head;
    const char  *text;

    text = NULL;

    if (data && sk_operator_sql_row(o, data) == SK_OK) {
        text = (const char *) sqlite3_column_text(data, 0);
    }

    /* "o*": without a field there is none */

    head = json_pack("{si ss so so*}", "code", (int) sk_statuses[status].code,
                     "result", sk_statuses[status].name,
                     "message", sk_json_text(message, strlen(message)),
                     "field",
                     field ? sk_json_text(field, strlen(field)) : NULL);

    rc = sk_operator_reply_envelope(o, status, head, text);

    if (data) {
        (void) sqlite3_reset(data);
    }

    return (rc == SK_OK) ? SK_REFUSED : rc;
}


/* {...,"data":DATA}; "data" is JSON, or NULL */

static int
sk_operator_reply_envelope(sk_operator_t *o, sk_status_e status, json_t *head,
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
