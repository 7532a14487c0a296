#include "sk_json.h"
#include "verify_detail.h"
#include "verify_sales.h"


static int verify_detail_parse(sk_event_e type, const sk_row_t *row,
    verify_detail_t *d);
static void verify_detail_sale(json_t *json, verify_detail_t *d);
static void verify_detail_cancelled(json_t *json, verify_detail_t *d);
static int verify_detail_opening(sk_event_e type, json_t *json);
static int verify_detail_late(json_t *json);
static const char *verify_detail_wrong_user(sk_event_e type,
    const sk_row_t *row);


static const verify_detail_t  verify_detail_none = {
    .stock = VERIFY_UNKNOWN, .limit = VERIFY_UNKNOWN
};


int
verify_detail_read(verify_details_t *t, sk_event_e type, const sk_row_t *row,
    const verify_detail_t **d)
{
    size_t                   len;
    verify_detail_cached_t  *cached;

    len = row->detail.len;

    switch (type) {

    case SK_EVENT_PAID:
    case SK_EVENT_CANCELLED:
    case SK_EVENT_QUEUED:

        if (row->detail.data == NULL) {
            *d = &verify_detail_none;
            return SK_OK;
        }

        break;

    case SK_EVENT_SALE_ADDED:
    case SK_EVENT_SALE_EDITED:
    case SK_EVENT_MACHINE_JOINED:
    case SK_EVENT_MACHINE_LEFT:
    case SK_EVENT_BEACON_SET:
    case SK_EVENT_SEED_REVEALED:
        break;

    default:
        *d = &verify_detail_none;
        return SK_OK;
    }

    /* lengths differ where details do, more often than not */

    cached = &t->cached[len % VERIFY_DETAIL_CACHE];

    *d = &cached->detail;

    if (cached->len && cached->len == len && cached->type == type
        && memcmp(cached->text, row->detail.data, len) == 0)
    {
        return SK_OK;
    }

    cached->type = type;
    cached->len = 0;

    if (len <= VERIFY_DETAIL_CACHE_SIZE && row->detail.data) {
        memcpy(cached->text, row->detail.data, len);
        cached->len = len;
    }

    return verify_detail_parse(type, row, &cached->detail);
}


static int
verify_detail_parse(sk_event_e type, const sk_row_t *row, verify_detail_t *d)
{
    json_t        *json;
    json_int_t     want;
    json_error_t   error;

    *d = verify_detail_none;

    json = json_loadb(row->detail.data ? row->detail.data : "",
                      row->detail.len, 0, &error);

    if (json == NULL && json_error_code(&error) == json_error_unknown) {
        return SK_ERROR;
    }

    switch (type) {

    case SK_EVENT_SALE_ADDED:
    case SK_EVENT_SALE_EDITED:
        verify_detail_sale(json, d);
        break;

    case SK_EVENT_CANCELLED:
        verify_detail_cancelled(json, d);
        break;

    case SK_EVENT_PAID:
        d->late = verify_detail_late(json_object_get(json, "late"));
        break;

    case SK_EVENT_QUEUED:
        want = json_integer_value(json_object_get(json, "want"));
        d->unreadable = (want < 0 || want > SK_LIMIT_MAX);
        break;

    case SK_EVENT_MACHINE_JOINED:
    case SK_EVENT_MACHINE_LEFT:
        d->unreadable = !json_is_string(json_object_get(json, "machine"));
        break;

    default:
        d->unreadable = (verify_detail_opening(type, json) != SK_OK);
        break;
    }

    json_decref(json);

    return SK_OK;
}


/* the name, the stock and the limit have to be there; the rest as the engine
   reads it */

static void
verify_detail_sale(json_t *json, verify_detail_t *d)
{
    json_t            *stock, *limit, *declared;
    sk_sale_def_t      def, other;
    sk_opening_def_t   opening;

    d->unreadable = 1;

    if (json == NULL) {
        return;
    }

    d->given = 1;

    stock = json_object_get(json, "stock");
    limit = json_object_get(json, "limit");
    declared = json_object_get(json, "declared");

    d->stock = json_is_integer(stock) ? json_integer_value(stock) : d->stock;
    d->limit = json_is_integer(limit) ? json_integer_value(limit) : d->limit;

    if (!json_is_object(json)) {
        return;
    }

    d->unreadable = (sk_json_sale_read(json, &def) != SK_OK
                     || def.name_len == 0
                     || !json_is_integer(stock) || !json_is_integer(limit)
                     || sk_json_opening_read(json, &opening) != SK_OK
                     || (def.shuffle_s && !opening.given)
                     || (declared && !json_is_null(declared)
                         && sk_json_sale_read(declared, &other) != SK_OK));

    d->name_len = def.name_len;
    memcpy(d->name, def.name, def.name_len);
    d->group_len = def.group_len;
    memcpy(d->group, def.group, def.group_len);
}


static void
verify_detail_cancelled(json_t *json, verify_detail_t *d)
{
    json_t  *stock;

    if (!json_is_false(json_object_get(json, "restock"))) {
        return;
    }

    stock = json_object_get(json, "stock");

    d->withdrawn = 1;
    d->stock = json_is_integer(stock) ? json_integer_value(stock) : d->stock;
    d->unreadable = (d->stock < 0 || d->stock > SK_STOCK_MAX);
}


static int
verify_detail_late(json_t *json)
{
    return json_is_true(json) || json_integer_value(json) == 1;
}


static int
verify_detail_opening(sk_event_e type, json_t *json)
{
    size_t       len;
    uint8_t      seed[SK_SEED_SIZE];
    sk_beacon_t  beacon;

    if (type == SK_EVENT_BEACON_SET) {
        return sk_json_beacon_read(json, &beacon);
    }

    return (sk_json_hex_read(json, "seed", seed, SK_SEED_SIZE, &len) == SK_OK
            && len == SK_SEED_SIZE)
           ? SK_OK : SK_ERROR;
}


const char *
verify_detail_wrong(sk_event_e type, const sk_row_t *row,
    const verify_detail_t *d)
{
    const char  *user;

    if (type == SK_EVENT_N) {
        return "an unknown type";
    }

    if (row->at < 0 || row->at > SK_LEDGER_AT_MAX) {
        return "its time cannot be";
    }

    user = sk_event_of_user(type) ? verify_detail_wrong_user(type, row) : NULL;

    if (user) {
        return user;
    }

    if (!d->unreadable) {
        return NULL;
    }

    return (type == SK_EVENT_MACHINE_JOINED || type == SK_EVENT_MACHINE_LEFT)
           ? "it has no machine" : "its detail cannot be read";
}


static const char *
verify_detail_wrong_user(sk_event_e type, const sk_row_t *row)
{
    if (row->user.len == 0) {
        return "it has no user";
    }

    if (row->user.len > SK_USER_SIZE_MAX) {
        return "its user is too long";
    }

    if (type == SK_EVENT_EXTENDED && row->expires == 0) {
        return "it has no end";
    }

    /* the last second says "none" in a zone */

    return (row->expires < 0 || row->expires / 1000 >= UINT32_MAX
            || (type == SK_EVENT_EXTENDED && row->expires < 1000))
           ? "its end cannot be" : NULL;
}
