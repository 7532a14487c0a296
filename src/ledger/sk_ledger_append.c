#include <stdlib.h>

#include "sk_command.h"
#include "sk_json.h"
#include "sk_ledger_db.h"


static void sk_ledger_append_text(sk_bytes_t *b, const void *data, size_t len);
static int sk_ledger_append_product(sk_ledger_t *l, const sk_row_t *row);
static int sk_ledger_append_number(sqlite3_stmt *stmt, int column, int64_t n);
static int sk_ledger_append_bytes(sqlite3_stmt *stmt, int column,
    const sk_bytes_t *b);
static char *sk_ledger_append_detail(const sk_event_t *e);


int
sk_ledger_append(sk_ledger_t *l, const sk_event_t *e)
{
    int        rc;
    char      *made;
    sk_row_t   row;

    made = NULL;

    row.seq = (int64_t) e->seq;
    row.at = e->at_ms;
    row.type.data = sk_ledger_types[e->type].name;
    row.type.len = sk_ledger_types[e->type].len;
    row.sale = (int64_t) e->sale_id;
    row.ticket = (int64_t) e->ticket;
    row.object = (int64_t) e->object;
    row.expires = (int64_t) e->expires_s * 1000;

    sk_ledger_append_text(&row.user, e->user, e->user_len);
    sk_ledger_append_text(&row.detail, e->detail, e->detail_len);
    sk_ledger_append_text(&row.key, e->request, e->request_len);
    sk_ledger_append_text(&row.hash, e->request_hash, SK_COMMAND_HASH_SIZE);

    /* one from elsewhere is kept as it is */

    if (e->detail == NULL
        && (sk_event_is_whole(e->type) || e->by || e->want))
    {
        made = sk_ledger_append_detail(e);

        if (made == NULL) {
            return sk_ledger_fail(l, SQLITE_NOMEM);
        }

        sk_ledger_append_text(&row.detail, made, strlen(made));
    }

    rc = sk_ledger_append_row(l, &row);

    free(made);

    return rc;
}


static void
sk_ledger_append_text(sk_bytes_t *b, const void *data, size_t len)
{
    b->data = data;
    b->len = data ? len : 0;
}


int
sk_ledger_append_row(sk_ledger_t *l, const sk_row_t *row)
{
    int            rc;
    sk_head_t      before;
    sqlite3_stmt  *s;

    before = l->sealed.head;

    if (l->packed.n == 0) {

        /* what others have written beside this program is a commit, too */

        rc = sk_ledger_chain(l);

        if (rc != SK_OK) {
            return rc;
        }

    } else if (l->sealed.data.data) {
        sk_ledger_chain_clear(l);
        l->sealed.before = before;
    }

    s = l->append;

    rc = sqlite3_bind_int64(s, 1, row->seq);
    rc |= sqlite3_bind_int64(s, 2, row->at);
    rc |= sk_ledger_append_bytes(s, 3, &row->type);
    rc |= sqlite3_bind_int64(s, 4, row->sale);
    rc |= sk_ledger_append_bytes(s, 5, &row->user);
    rc |= sk_ledger_append_number(s, 6, row->ticket);
    rc |= sk_ledger_append_number(s, 7, row->object);
    rc |= sk_ledger_append_number(s, 8, row->expires);
    rc |= sk_ledger_append_bytes(s, 9, &row->detail);
    rc |= sk_ledger_append_bytes(s, 10, &row->key);
    rc |= sqlite3_bind_blob(s, 11, row->hash.data, (int) row->hash.len,
                            SQLITE_STATIC);

    rc = (rc == SQLITE_OK) ? sk_ledger_step(l, s)
                           : sk_ledger_fail(l, SQLITE_NOMEM);

    if (rc != SK_OK) {
        return rc;
    }

    sk_pack_add(&l->packed, row);

    l->sealed.head.number = (uint64_t) row->seq;
    l->sealed.at_ms = row->at;

    sk_ledger_machine_event(&l->sealed, row);

    return sk_event_of_product(sk_ledger_type(&row->type))
           ? sk_ledger_append_product(l, row) : SK_OK;
}


static int
sk_ledger_append_product(sk_ledger_t *l, const sk_row_t *row)
{
    int            rc;
    sqlite3_stmt  *s;

    s = (sk_ledger_type(&row->type) == SK_EVENT_PRODUCT_REMOVED)
        ? l->product_drop : l->product_put;

    (void) sqlite3_bind_int64(s, 1, row->object);

    if (s == l->product_put) {
        (void) sk_ledger_append_bytes(s, 2, &row->detail);
        (void) sqlite3_bind_int64(s, 3, row->at);
    }

    rc = sk_ledger_step(l, s);

    (void) sqlite3_clear_bindings(s);

    return rc;
}


static int
sk_ledger_append_number(sqlite3_stmt *stmt, int column, int64_t n)
{
    return n ? sqlite3_bind_int64(stmt, column, n)
             : sqlite3_bind_null(stmt, column);
}


static int
sk_ledger_append_bytes(sqlite3_stmt *stmt, int column, const sk_bytes_t *b)
{
    return sqlite3_bind_text(stmt, column, b->data, (int) b->len,
                             SQLITE_STATIC);
}


/*
 * Who it was; of an order, what is special; of a sale, what it is now, and what
 * the configuration says.
 */

static char *
sk_ledger_append_detail(const sk_event_t *e)
{
    int      rc;
    json_t  *json;

    json = sk_event_of_sale(e->type)
           ? sk_json_sale(&e->def, SK_FIELD_ADD, 1) : json_object();

    /* nobody in particular reveals a seed, or queues for somebody */

    rc = (e->type == SK_EVENT_SEED_REVEALED || e->type == SK_EVENT_QUEUED) ? 0
         : json_object_set_new(json, "by", e->by
                                           ? sk_json_text(e->by, e->by_len)
                                           : json_null());

    if (e->type == SK_EVENT_BEACON_SET) {
        rc |= sk_json_beacon(json, &e->beacon);

    } else if (e->type == SK_EVENT_SEED_REVEALED) {
        rc |= sk_json_hex(json, "seed", e->seed, SK_SEED_SIZE);

    } else if (sk_event_of_sale(e->type) && e->opening.given) {
        rc |= sk_json_opening(json, &e->opening);
    }

    if (e->want) {
        rc |= json_object_set_new(json, "want", json_integer(e->want));
    }

    if (e->late) {
        rc |= json_object_set_new(json, "late", json_true());
    }

    if (e->withdrawn) {
        rc |= json_object_set_new(json, "restock", json_false());
        rc |= json_object_set_new(json, "stock", json_integer(e->stock));
    }

    if (sk_event_has_def(e->type)) {
        rc |= json_object_set_new(json, "declared",
                  e->declared.name_len
                  ? sk_json_sale(&e->declared, SK_FIELD_DECLARE, 1)
                  : json_null());

        if (e->declared.name_len && e->machine[0]) {
            rc |= json_object_set_new(json, "machine",
                                      json_string(e->machine));
        }
    }

    if (rc != 0) {
        json_decref(json);
        return NULL;
    }

    return sk_json_end(json);
}
