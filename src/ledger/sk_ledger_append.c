#include <stdlib.h>

#include "sk_command.h"
#include "sk_json.h"
#include "sk_ledger_db.h"


static int sk_ledger_append_product(sk_ledger_t *l, const sk_event_t *e);
static int sk_ledger_append_number(sqlite3_stmt *stmt, int column, uint64_t n,
    int64_t unit);
static char *sk_ledger_append_detail(const sk_event_t *e);


const sk_ledger_type_t  sk_ledger_types[SK_EVENT_N] = {
#define X(constant, name)  { sizeof(name) - 1, name },
    SK_EVENT_TABLE(X)
#undef X
};


int
sk_ledger_append(sk_ledger_t *l, const sk_event_t *e)
{
    int            rc;
    char          *made;
    const char    *detail;
    sqlite3_stmt  *s;

    s = l->append;
    made = NULL;
    detail = e->detail;

    /* one from elsewhere is kept as it is */

    if (detail == NULL && (sk_event_of_sale(e->type) || e->by)) {
        made = sk_ledger_append_detail(e);

        if (made == NULL) {
            return sk_ledger_fail(l, SQLITE_NOMEM);
        }

        detail = made;
    }

    rc = sqlite3_bind_int64(s, 1, (int64_t) e->seq);
    rc |= sqlite3_bind_int64(s, 2, e->at_ms);
    rc |= sqlite3_bind_text(s, 3, sk_ledger_types[e->type].name,
                            (int) sk_ledger_types[e->type].len, SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, 4, (int64_t) e->sale_id);
    rc |= sqlite3_bind_text(s, 5, e->user, (int) e->user_len, SQLITE_STATIC);
    rc |= sk_ledger_append_number(s, 6, e->ticket, 1);
    rc |= sk_ledger_append_number(s, 7, e->object, 1);
    rc |= sk_ledger_append_number(s, 8, e->expires_s, 1000);
    rc |= sqlite3_bind_text(s, 9, detail,
                            made ? -1 : (int) e->detail_len,
                            SQLITE_STATIC);
    rc |= sqlite3_bind_text(s, 10, e->request, (int) e->request_len,
                            SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, 11, e->request_hash, SK_COMMAND_HASH_SIZE,
                            SQLITE_STATIC);

    rc = (rc == SQLITE_OK) ? sk_ledger_step(l, s)
                           : sk_ledger_fail(l, SQLITE_NOMEM);

    free(made);

    return (rc == SK_OK && sk_event_of_product(e->type))
           ? sk_ledger_append_product(l, e) : rc;
}


static int
sk_ledger_append_product(sk_ledger_t *l, const sk_event_t *e)
{
    int            rc;
    sqlite3_stmt  *s;

    s = (e->type == SK_EVENT_PRODUCT_REMOVED) ? l->product_drop
                                              : l->product_put;

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->object);

    if (s == l->product_put) {
        (void) sqlite3_bind_text(s, 2, e->detail, (int) e->detail_len,
                                 SQLITE_STATIC);
        (void) sqlite3_bind_int64(s, 3, e->at_ms);
    }

    rc = sk_ledger_step(l, s);

    (void) sqlite3_clear_bindings(s);

    return rc;
}


static int
sk_ledger_append_number(sqlite3_stmt *stmt, int column, uint64_t n,
    int64_t unit)
{
    return n ? sqlite3_bind_int64(stmt, column, (int64_t) n * unit)
             : sqlite3_bind_null(stmt, column);
}


/* who it was; of a sale, what it is now, and what the configuration says */

static char *
sk_ledger_append_detail(const sk_event_t *e)
{
    int      rc;
    json_t  *json;

    json = sk_event_of_sale(e->type)
           ? sk_json_sale(&e->def, SK_FIELD_ADD, 1) : json_object();

    rc = json_object_set_new(json, "by",
                             e->by ? sk_json_text(e->by, e->by_len)
                                   : json_null());

    if (sk_event_has_def(e->type)) {
        rc |= json_object_set_new(json, "declared",
                  e->declared.name_len
                  ? sk_json_sale(&e->declared, SK_FIELD_DECLARE, 1)
                  : json_null());
    }

    if (rc != 0) {
        json_decref(json);
        return NULL;
    }

    return sk_json_end(json);
}
