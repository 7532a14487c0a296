#include <stdio.h>

#include "sk_operator_do.h"
#include "sk_view.h"


enum {
    SK_SALE_STOCK = 0,
    SK_SALE_LIMIT,
    SK_SALE_HOLD,
    SK_SALE_START,
    SK_SALE_END_AT,
    SK_SALE_PRODUCT,
    SK_SALE_EDIT_FIELDS,

    SK_SALE_ADD_STOCK = SK_SALE_EDIT_FIELDS,
    SK_SALE_EDIT_N,

    SK_SALE_NAME = SK_SALE_EDIT_FIELDS,
    SK_SALE_PAUSED_AT_FIRST,
    SK_SALE_ADD_N
};


#define SK_SALE_TERMS                                                        \
    { "stock", SK_FIELD_INTEGER, 0, 0, SK_STOCK_MAX,                         \
      "an integer from 0 to 1000000000 is allowed" },                        \
    { "limit", SK_FIELD_INTEGER, 0, 1, SK_LIMIT_MAX,                         \
      "an integer from 1 to 10000 is allowed" },                             \
    { "hold", SK_FIELD_INTEGER, 0, 0, SK_HOLD_MAX_S,                         \
      "an integer from 0 to 2592000 is allowed, in seconds" },               \
    { "start", SK_FIELD_TIME, 1, 0, 0,                                       \
      "a time like 2026-11-27T09:00:00Z or null is allowed" },               \
    { "end", SK_FIELD_TIME, 1, 0, 0,                                         \
      "a time like 2026-11-27T09:00:00Z or null is allowed" },               \
    { "product", SK_FIELD_INTEGER, 1, 1, SK_BODY_NUMBER_MAX,                 \
      "a product's id or null is allowed" }


static const sk_field_t  sk_sale_add_fields[SK_SALE_ADD_N] = {
    SK_SALE_TERMS,
    { "name", SK_FIELD_TEXT, 0, 1, SK_NAME_SIZE_MAX,
      "1 to 64 of A-Z a-z 0-9 . _ - are allowed, but not . or .." },
    { "paused", SK_FIELD_BOOLEAN, 0, 0, 0, "true or false is allowed" }
};


static const sk_field_t  sk_sale_edit_fields[SK_SALE_EDIT_N] = {
    SK_SALE_TERMS,
    { "add_stock", SK_FIELD_INTEGER, 0, -SK_STOCK_MAX, SK_STOCK_MAX,
      "an integer from -1000000000 to 1000000000 is allowed" }
};


static int sk_sale_terms(sk_operator_t *o, const sk_value_t *values,
    sk_sale_def_t *def);
static int sk_sale_stock(sk_operator_t *o, sk_sale_t *sale,
    const sk_value_t *values, sk_sale_def_t *def);
static int sk_sale_room(sk_operator_t *o, const sk_sale_def_t *def,
    int64_t stock, unsigned sales);


int
sk_operator_sale_add(sk_operator_t *o)
{
    int                rc;
    sk_value_t         v[SK_SALE_ADD_N];
    sk_event_t         e;
    const sk_value_t  *name;

    rc = sk_operator_body(o, sk_sale_add_fields, SK_SALE_ADD_N, v);

    if (rc != SK_OK) {
        return rc;
    }

    name = &v[SK_SALE_NAME];

    /* of a URL's path "." and ".." are taken away */

    if (!name->given || !sk_sale_name_valid(name->text, name->len)
        || strspn(name->text, ".") >= name->len)
    {
        return sk_operator_refuse(o, SK_INVALID, 0, "name", "name: %s%s",
                                  name->given ? "" : "is needed, ",
                                  sk_sale_add_fields[SK_SALE_NAME].allowed);
    }

    if (!v[SK_SALE_STOCK].given) {
        return sk_operator_refuse(o, SK_INVALID, 0, "stock",
                                  "stock: is needed, %s",
                                  sk_sale_add_fields[SK_SALE_STOCK].allowed);
    }

    if (sk_zone_sale(o->writer->zone, name->text, name->len)) {
        return sk_operator_refuse(o, SK_CONFLICT, 0, "name",
                                  "name: there is a sale \"%.*s\"",
                                  (int) name->len, name->text);
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SALE_ADDED;
    e.def.name_len = name->len;
    memcpy(e.def.name, name->text, name->len);
    e.def.stock = v[SK_SALE_STOCK].number;
    e.def.limit = 1;
    e.def.start_ms = SK_TIME_MIN;
    e.def.end_ms = SK_TIME_MAX;
    e.def.paused = (int) v[SK_SALE_PAUSED_AT_FIRST].number;

    rc = sk_sale_terms(o, v, &e.def);

    if (rc == SK_OK) {
        rc = sk_sale_room(o, &e.def, e.def.stock, 1);
    }

    return (rc == SK_OK) ? sk_operator_sale_put(o, NULL, &e) : rc;
}


int
sk_operator_sale_edit(sk_operator_t *o)
{
    int          rc;
    sk_sale_t   *sale;
    sk_value_t   v[SK_SALE_EDIT_N];
    sk_event_t   e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    rc = sk_operator_body(o, sk_sale_edit_fields, SK_SALE_EDIT_N, v);

    if (rc != SK_OK) {
        return rc;
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SALE_EDITED;

    sk_sale_def(sale, &e.def);

    rc = sk_sale_terms(o, v, &e.def);

    if (rc == SK_OK) {
        rc = sk_sale_stock(o, sale, v, &e.def);
    }

    return (rc == SK_OK) ? sk_operator_sale_put(o, sale, &e) : rc;
}


sk_sale_t *
sk_operator_sale_command(sk_operator_t *o, int *rc)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(o->writer->zone, o->command->name,
                        o->command->name_len);

    if (sale == NULL) {
        *rc = sk_operator_refuse(o, SK_UNKNOWN_SALE, 0, NULL,
                                 "there is no sale \"%.*s\"",
                                 (int) o->command->name_len,
                                 o->command->name);
    }

    return sale;
}


/* SK_REFUSED: they do not go together */

static int
sk_sale_terms(sk_operator_t *o, const sk_value_t *v, sk_sale_def_t *def)
{
    int  rc;

    if (v[SK_SALE_LIMIT].given) {
        def->limit = v[SK_SALE_LIMIT].number;
    }

    if (v[SK_SALE_HOLD].given) {
        def->hold_s = v[SK_SALE_HOLD].number;
    }

    if (v[SK_SALE_START].given) {
        def->start_ms = v[SK_SALE_START].null ? SK_TIME_MIN
                                              : v[SK_SALE_START].number;
    }

    if (v[SK_SALE_END_AT].given) {
        def->end_ms = v[SK_SALE_END_AT].null ? SK_TIME_MAX
                                             : v[SK_SALE_END_AT].number;
    }

    if ((v[SK_SALE_START].given || v[SK_SALE_END_AT].given)
        && def->start_ms >= def->end_ms)
    {
        return sk_operator_refuse(o, SK_INVALID, 0,
                                  v[SK_SALE_END_AT].given ? "end" : "start",
                                  "%s: the end has to be after the start",
                                  v[SK_SALE_END_AT].given ? "end" : "start");
    }

    if (!v[SK_SALE_PRODUCT].given) {
        return SK_OK;
    }

    def->product = (uint64_t) v[SK_SALE_PRODUCT].number;

    if (v[SK_SALE_PRODUCT].null) {
        return SK_OK;
    }

    rc = sk_operator_product_find(o, def->product);

    if (rc == SK_NOT_FOUND) {
        return sk_operator_refuse(o, SK_INVALID, 0, "product",
                                  "product: there is none with the id %llu",
                                  (unsigned long long) def->product);
    }

    return rc;
}


static int
sk_sale_stock(sk_operator_t *o, sk_sale_t *sale, const sk_value_t *v,
    sk_sale_def_t *def)
{
    int          rc;
    int64_t      stock, taken;
    const char  *field;

    if (v[SK_SALE_STOCK].given && v[SK_SALE_ADD_STOCK].given) {
        return sk_operator_refuse(o, SK_INVALID, 0, "add_stock",
                                  "add_stock: not with \"stock\"");
    }

    stock = v[SK_SALE_STOCK].given ? v[SK_SALE_STOCK].number
                                   : def->stock + v[SK_SALE_ADD_STOCK].number;
    field = v[SK_SALE_STOCK].given ? "stock" : "add_stock";

    taken = sk_load(&sale->held) + sk_load(&sale->sold);

    if (stock < 0 || stock > SK_STOCK_MAX) {
        return sk_operator_refuse(o, SK_INVALID, 0, field,
                                  "%s: a stock of %lld, 0 to %d is allowed",
                                  field, (long long) stock, SK_STOCK_MAX);
    }

    if (stock < taken) {
        return sk_operator_refuse(o, SK_CONFLICT, 0, field,
                                  "%s: %lld units are held or sold, the stock "
                                  "cannot be %lld", field, (long long) taken,
                                  (long long) stock);
    }

    rc = sk_sale_room(o, def, stock - def->stock, 0);

    def->stock = stock;

    return rc;
}


/* whether the zone has room for more units and sales */

static int
sk_sale_room(sk_operator_t *o, const sk_sale_def_t *def, int64_t units,
    unsigned sales)
{
    char        reason[SK_REASON_SIZE_MAX];
    uint32_t    n;
    sk_zone_t  *zone;

    zone = o->writer->zone;
    n = sk_load(&zone->sales.n) + sales;

    if (units <= 0 && sales == 0) {
        return SK_OK;
    }

    if (sk_apply_fits(zone, def, zone->reserved + (uint64_t) units, n, reason,
                      sizeof(reason))
        == SK_OK)
    {
        return SK_OK;
    }

    return sk_operator_refuse(o, SK_TOO_LARGE, 507, NULL, "%s", reason);
}


/* appends a sale, or the edit of one if it changes anything, and replies */

int
sk_operator_sale_put(sk_operator_t *o, sk_sale_t *sale, sk_event_t *e)
{
    int            rc;
    sk_sale_t      made;
    sk_sale_def_t  old;

    if (sale == NULL) {
        memset(&made, 0, sizeof(sk_sale_t));
        memcpy(made.name, e->def.name, e->def.name_len);
        sk_store(&made.name_len, (uint32_t) e->def.name_len);

        (void) snprintf(o->reply->path, sizeof(o->reply->path), "sales/%.*s",
                        (int) e->def.name_len, e->def.name);

        rc = sk_operator_sale_reply(o, &made, &e->def, 201);

        return (rc == SK_OK) ? sk_operator_append(o, e) : rc;
    }

    e->sale_id = sk_load(&sale->id);

    rc = sk_operator_sale_reply(o, sale, &e->def, 200);

    sk_sale_def(sale, &old);

    return (rc == SK_OK && !sk_sale_def_equal(&old, &e->def))
           ? sk_operator_append(o, e) : rc;
}


/* with the sale as it will be */

int
sk_operator_sale_reply(sk_operator_t *o, sk_sale_t *sale,
    const sk_sale_def_t *def, unsigned status)
{
    sk_sale_t      copy;
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_SALE);

    if (s == NULL) {
        return SK_ERROR;
    }

    sk_zone_sale_copy(o->writer->zone, sale, &copy);

    sk_sale_edit(&copy, def);

    sk_view_bind_sale(s, &copy, o->writer->clock_ms);

    return sk_operator_reply(o, s, status);
}
