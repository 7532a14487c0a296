#include <stdio.h>
#include <stdlib.h>

#include "sk_command.h"
#include "sk_json.h"
#include "sk_ledger_db.h"


static int sk_ledger_read_request_row(sk_ledger_t *l, const uint8_t *hash,
    sk_event_t *e);
static int sk_ledger_read_row(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_read_order(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_read_cancelled(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_read_queued(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_read_sale(sk_ledger_t *l, sk_event_t *e);
static int sk_ledger_read_detail(sk_ledger_t *l, uint64_t seq, json_t **json);
static int sk_ledger_read_def(json_t *json, sk_event_t *e);
static int sk_ledger_read_opening(json_t *json, sk_event_t *e);


int
sk_ledger_read_request(sk_ledger_t *l, const sk_event_t *asked,
    int64_t after_ms, sk_event_t *e)
{
    int            rc;
    sqlite3_stmt  *s;

    s = l->request;

    (void) sqlite3_bind_text(s, 1, asked->request, (int) asked->request_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 2, asked->by, (int) asked->by_len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 3, after_ms);

    rc = sqlite3_step(s);

    rc = (rc == SQLITE_DONE) ? SK_NOT_FOUND
         : (rc != SQLITE_ROW) ? sk_ledger_fail(l, rc)
         : sk_ledger_read_request_row(l, asked->request_hash, e);

    (void) sqlite3_reset(s);
    (void) sqlite3_clear_bindings(s);

    return rc;
}


static int
sk_ledger_read_request_row(sk_ledger_t *l, const uint8_t *hash, sk_event_t *e)
{
    sqlite3_stmt  *s;

    s = l->request;

    if (sqlite3_column_bytes(s, 5) != SK_COMMAND_HASH_SIZE
        || memcmp(sqlite3_column_blob(s, 5), hash, SK_COMMAND_HASH_SIZE) != 0)
    {
        return SK_REFUSED;
    }

    memset(e, 0, sizeof(sk_event_t));

    e->seq = (uint64_t) sqlite3_column_int64(s, 0);
    e->type = sk_ledger_read_type(s, 1);
    e->sale_id = (uint64_t) sqlite3_column_int64(s, 2);
    e->object = (uint64_t) sqlite3_column_int64(s, 3);
    e->at_ms = sqlite3_column_int64(s, 4);

    return sk_event_is_whole(e->type) ? sk_ledger_read_sale(l, e) : SK_OK;
}


int
sk_ledger_read(sk_ledger_t *l, uint64_t after, unsigned max,
    sk_ledger_event_pt handler, void *ctx)
{
    int         rc;
    unsigned    n;
    sk_event_t  e;

    (void) sqlite3_bind_int64(l->read, 1, (int64_t) after);
    (void) sqlite3_bind_int64(l->read, 2, (int64_t) max);

    for (n = 0; /* void */; n++) {
        rc = sqlite3_step(l->read);

        if (rc == SQLITE_DONE) {
            rc = (n < max) ? SK_OK : SK_MORE;
            break;
        }

        if (rc != SQLITE_ROW) {
            rc = sk_ledger_fail(l, rc);
            break;
        }

        rc = sk_ledger_read_row(l, &e);

        if (rc == SK_OK && e.seq != after + 1) {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: event %llu follows event %llu",
                            (unsigned long long) e.seq,
                            (unsigned long long) after);
            rc = SK_DAMAGED;
        }

        if (rc == SK_OK) {
            rc = handler(ctx, &e);
        }

        if (rc != SK_OK) {
            break;
        }

        after = e.seq;
    }

    (void) sqlite3_reset(l->read);

    return rc;
}


static int
sk_ledger_read_row(sk_ledger_t *l, sk_event_t *e)
{
    e->seq = (uint64_t) sqlite3_column_int64(l->read, 0);
    e->type = sk_ledger_read_type(l->read, 1);
    e->sale_id = (uint64_t) sqlite3_column_int64(l->read, 2);
    e->at_ms = sqlite3_column_int64(l->read, 7);
    e->skip = 0;
    e->withdrawn = 0;
    e->want = 0;

    if (e->type == SK_EVENT_N || e->at_ms < 0 || e->at_ms > SK_LEDGER_AT_MAX) {
        return sk_ledger_read_damaged(l, e->seq);
    }

    if (sk_event_has_def(e->type) || sk_event_of_opening(e->type)) {
        return sk_ledger_read_sale(l, e);
    }

    return sk_event_of_user(e->type) ? sk_ledger_read_order(l, e) : SK_OK;
}


static int
sk_ledger_read_order(sk_ledger_t *l, sk_event_t *e)
{
    e->user = (const char *) sqlite3_column_text(l->read, 3);
    e->user_len = (size_t) sqlite3_column_bytes(l->read, 3);
    e->ticket = (uint64_t) sqlite3_column_int64(l->read, 4);
    e->object = (uint64_t) sqlite3_column_int64(l->read, 6);

    if (e->user == NULL || e->user_len == 0 || e->user_len > SK_USER_SIZE_MAX
        || sk_ledger_read_expires(sqlite3_column_int64(l->read, 5),
                                  &e->expires_s)
           != SK_OK
        || (e->type == SK_EVENT_EXTENDED && e->expires_s == 0))
    {
        return sk_ledger_read_damaged(l, e->seq);
    }

    return (e->type == SK_EVENT_CANCELLED) ? sk_ledger_read_cancelled(l, e)
           : (e->type == SK_EVENT_QUEUED) ? sk_ledger_read_queued(l, e)
                                          : SK_OK;
}


/* as many units as the sale allows, where nothing is said */

static int
sk_ledger_read_queued(sk_ledger_t *l, sk_event_t *e)
{
    int         rc;
    json_t     *json;
    json_int_t  want;

    rc = sk_ledger_read_detail(l, e->seq, &json);

    want = json_integer_value(json_object_get(json, "want"));

    json_decref(json);

    if (rc != SK_OK) {
        return rc;
    }

    e->want = (uint32_t) want;

    return (want >= 0 && want <= SK_LIMIT_MAX)
           ? SK_OK : sk_ledger_read_damaged(l, e->seq);
}


/* whether its unit is on sale again: where nothing is said, it is */

static int
sk_ledger_read_cancelled(sk_ledger_t *l, sk_event_t *e)
{
    int      rc;
    json_t  *json, *stock;

    rc = sk_ledger_read_detail(l, e->seq, &json);

    if (rc != SK_OK || !json_is_false(json_object_get(json, "restock"))) {
        json_decref(json);
        return rc;
    }

    stock = json_object_get(json, "stock");

    e->withdrawn = 1;
    e->stock = json_is_integer(stock) ? json_integer_value(stock) : -1;

    json_decref(json);

    return (e->stock >= 0 && e->stock <= SK_STOCK_MAX)
           ? SK_OK : sk_ledger_read_damaged(l, e->seq);
}


/* the last second is for "none is held", see sk_zone_t */

int
sk_ledger_read_expires(int64_t ms, uint32_t *expires_s)
{
    if (ms < 0 || ms / 1000 >= UINT32_MAX) {
        return SK_DAMAGED;
    }

    *expires_s = (uint32_t) (ms / 1000);

    return SK_OK;
}


sk_event_e
sk_ledger_read_type(sqlite3_stmt *stmt, int column)
{
    sk_bytes_t  name;

    name.data = (const char *) sqlite3_column_text(stmt, column);
    name.len = (size_t) sqlite3_column_bytes(stmt, column);

    return sk_ledger_type(&name);
}


int
sk_ledger_read_damaged(sk_ledger_t *l, uint64_t seq)
{
    (void) snprintf(l->error, sizeof(l->error),
                    "damaged: event %llu cannot be understood",
                    (unsigned long long) seq);

    return SK_DAMAGED;
}


static int
sk_ledger_read_sale(sk_ledger_t *l, sk_event_t *e)
{
    int      rc;
    json_t  *json;

    rc = sk_ledger_read_detail(l, e->seq, &json);

    if (rc != SK_OK) {
        return rc;
    }

    rc = sk_event_of_opening(e->type) ? sk_ledger_read_opening(json, e)
                                      : sk_ledger_read_def(json, e);

    json_decref(json);

    return (rc == SK_OK) ? SK_OK : sk_ledger_read_damaged(l, e->seq);
}


/* NULL: it is no JSON */

static int
sk_ledger_read_detail(sk_ledger_t *l, uint64_t seq, json_t **json)
{
    int            rc;
    const char    *detail;
    json_error_t   error;
    sqlite3_stmt  *s;

    *json = NULL;

    s = l->read_detail;

    (void) sqlite3_bind_int64(s, 1, (int64_t) seq);

    rc = sqlite3_step(s);

    if (rc != SQLITE_ROW) {
        (void) sqlite3_reset(s);
        return sk_ledger_fail(l, rc);
    }

    detail = (const char *) sqlite3_column_text(s, 0);

    *json = json_loadb(detail ? detail : "",
                       (size_t) sqlite3_column_bytes(s, 0), 0, &error);

    (void) sqlite3_reset(s);

    return (*json == NULL && json_error_code(&error) == json_error_unknown)
           ? sk_ledger_fail(l, SQLITE_NOMEM) : SK_OK;
}


static int
sk_ledger_read_def(json_t *json, sk_event_t *e)
{
    int          rc;
    json_t      *declared;
    const char  *machine;

    rc = sk_json_sale_read(json, &e->def);

    declared = json_object_get(json, "declared");

    e->declared = sk_sale_initial;

    if (declared == NULL) {

        /* the first version's sales were all declared, and do not say so */

        sk_sale_declare(&e->declared, &e->def, NULL);

    } else if (rc == SK_OK && !json_is_null(declared)) {
        rc = sk_json_sale_read(declared, &e->declared);
    }

    if (rc != SK_OK || e->def.name_len == 0
        || sk_json_opening_read(json, &e->opening) != SK_OK
        || (e->def.shuffle_s && !e->opening.given))
    {
        return SK_ERROR;
    }

    e->machine[0] = '\0';
    machine = json_string_value(json_object_get(json, "machine"));

    if (machine) {
        (void) snprintf(e->machine, sizeof(e->machine), "%s", machine);
    }

    if (!json_is_null(declared)) {
        e->declared.name_len = e->def.name_len;
        memcpy(e->declared.name, e->def.name, e->def.name_len);
    }

    return SK_OK;
}


static int
sk_ledger_read_opening(json_t *json, sk_event_t *e)
{
    size_t  len;

    if (e->type == SK_EVENT_BEACON_SET) {
        return sk_json_beacon_read(json, &e->beacon);
    }

    return (sk_json_hex_read(json, "seed", e->seed, SK_SEED_SIZE, &len) == SK_OK
            && len == SK_SEED_SIZE)
           ? SK_OK : SK_ERROR;
}


int
sk_ledger_read_removed(sk_ledger_t *l, uint64_t **ids, unsigned *n)
{
    int        rc;
    uint64_t  *p;

    *ids = NULL;
    *n = 0;

    while ((rc = sqlite3_step(l->removed)) == SQLITE_ROW) {

        p = realloc(*ids, (*n + 1) * sizeof(uint64_t));

        if (p == NULL) {
            rc = SQLITE_NOMEM;
            break;
        }

        p[(*n)++] = (uint64_t) sqlite3_column_int64(l->removed, 0);
        *ids = p;
    }

    (void) sqlite3_reset(l->removed);

    return (rc == SQLITE_DONE) ? SK_OK : sk_ledger_fail(l, rc);
}
