#include <stdio.h>
#include <stdlib.h>

#include "sk_operator_do.h"
#include "sk_reveal.h"
#include "sk_view.h"


static void sk_operator_sale_edited(sk_sale_t *sale, sk_event_t *e);
static int sk_operator_sale_paused(sk_operator_t *o, int paused);


/* what bodies may have: what is no field of a sale, and then those that are */

enum {
    SK_SALE_NAME = 0,
    SK_SALE_GROUP,
    SK_SALE_ADD_STOCK,
    SK_SALE_OTHERS
};


static const sk_field_t  sk_sale_body[] = {
    { "name", SK_FIELD_TEXT, SK_FIELD_ADD|SK_FIELD_NEEDED, 0,
      1, SK_NAME_SIZE_MAX,
      "1 to 64 of A-Z a-z 0-9 . _ - are allowed, but not dots alone" },
    { "group", SK_FIELD_TEXT, SK_FIELD_ADD, 1, 1, SK_NAME_SIZE_MAX,
      "1 to 64 of A-Z a-z 0-9 . _ - or null is allowed" },
    { "add_stock", SK_FIELD_INTEGER, SK_FIELD_EDIT, 0,
      -SK_STOCK_MAX, SK_STOCK_MAX,
      "an integer from -1000000000 to 1000000000 is allowed" },
    SK_SALE_TABLE(SK_SALE_FIELD)
};

#define SK_SALE_BODY_N  (sizeof(sk_sale_body) / sizeof(sk_sale_body[0]))

#define sk_sale_in_body(member)  (SK_SALE_OTHERS + sk_sale_at(member))


static int sk_operator_sale_terms(sk_operator_t *o, const sk_value_t *values,
    sk_sale_def_t *def);
static int sk_operator_sale_stock(sk_operator_t *o, sk_sale_t *sale,
    const sk_value_t *values, sk_sale_def_t *def);
static int sk_operator_sale_room(sk_operator_t *o, const sk_sale_def_t *def,
    int64_t stock, unsigned sales);


int
sk_operator_sale_add(sk_operator_t *o)
{
    int                rc;
    sk_value_t         v[SK_SALE_BODY_N];
    sk_event_t         e;
    const sk_value_t  *name, *group;

    rc = sk_operator_body(o, sk_sale_body, SK_SALE_BODY_N, SK_FIELD_ADD, v);

    if (rc != SK_OK) {
        return rc;
    }

    name = &v[SK_SALE_NAME];
    group = &v[SK_SALE_GROUP];

    /* of a URL's path "." and ".." are taken away */

    if (!sk_sale_name_valid(name->text, name->len)
        || strspn(name->text, ".") >= name->len)
    {
        return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "name",
                   "name: %s", sk_sale_body[SK_SALE_NAME].allowed);
    }

    if (group->text && !sk_sale_name_valid(group->text, group->len)) {
        return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "group",
                   "group: %s", sk_sale_body[SK_SALE_GROUP].allowed);
    }

    if (sk_zone_sale(o->writer->zone, name->text, name->len)) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, "name",
                                        "name: there is a sale \"%.*s\"",
                                        (int) name->len, name->text);
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SALE_ADDED;
    e.def = sk_sale_initial;
    e.def.name_len = name->len;
    memcpy(e.def.name, name->text, name->len);

    if (group->text) {
        e.def.group_len = group->len;
        memcpy(e.def.group, group->text, group->len);
    }

    rc = sk_operator_sale_terms(o, v, &e.def);

    if (rc == SK_OK) {
        rc = sk_operator_sale_room(o, &e.def, sk_sale_def_room(&e.def), 1);
    }

    return (rc == SK_OK) ? sk_operator_sale_put(o, NULL, &e) : rc;
}


int
sk_operator_sale_edit(sk_operator_t *o)
{
    int          rc;
    sk_sale_t   *sale;
    sk_value_t   v[SK_SALE_BODY_N];
    sk_event_t   e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    rc = sk_operator_body(o, sk_sale_body, SK_SALE_BODY_N, SK_FIELD_EDIT, v);

    if (rc != SK_OK) {
        return rc;
    }

    sk_operator_sale_edited(sale, &e);

    rc = sk_operator_sale_terms(o, v, &e.def);

    if (rc == SK_OK) {
        rc = sk_operator_window_fixed(o, sale, &e.def);
    }

    if (rc == SK_OK) {
        rc = sk_operator_waitlist_fixed(o, sale, &e.def);
    }

    if (rc == SK_OK) {
        rc = sk_operator_sale_stock(o, sale, v, &e.def);
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
        *rc = sk_operator_reply_refuse(o, SK_STATUS_UNKNOWN_SALE, NULL,
                                       "there is no sale \"%.*s\"",
                                       (int) o->command->name_len,
                                       o->command->name);
    }

    return sale;
}


/*
 * Puts what is given into "def".  SK_REFUSED: the fields do not go together.
 */

static int
sk_operator_sale_terms(sk_operator_t *o, const sk_value_t *v,
    sk_sale_def_t *def)
{
    int       rc;
    unsigned  i;

    const sk_value_t *const  product = &v[sk_sale_in_body(product)];
    const sk_value_t *const  fields = &v[SK_SALE_OTHERS];

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        if (fields[i].given) {
            def->values[i] = fields[i].null ? sk_sale_initial.values[i]
                                            : fields[i].number;
        }
    }

    rc = sk_operator_window(o, fields, def);

    if (rc == SK_OK) {
        rc = sk_operator_waitlist(o, fields, def);
    }

    if (rc != SK_OK) {
        return rc;
    }

    if (!product->given || product->null) {
        return SK_OK;
    }

    rc = sk_operator_product_find(o, (uint64_t) product->number);

    if (rc == SK_NOT_FOUND) {
        return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "product",
                   "product: there is none with the id %lld",
                   (long long) product->number);
    }

    return rc;
}


static int
sk_operator_sale_stock(sk_operator_t *o, sk_sale_t *sale, const sk_value_t *v,
    sk_sale_def_t *def)
{
    int64_t      taken;
    const char  *field;

    if (v[sk_sale_in_body(stock)].given && v[SK_SALE_ADD_STOCK].given) {
        return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "add_stock",
                                        "add_stock: not with \"stock\"");
    }

    field = v[sk_sale_in_body(stock)].given ? "stock" : "add_stock";

    def->stock += v[SK_SALE_ADD_STOCK].number;

    taken = sk_load(&sale->held) + sk_load(&sale->sold);

    if (def->stock < 0 || def->stock > SK_STOCK_MAX) {
        return sk_operator_reply_refuse(o, SK_STATUS_INVALID, field,
                   "%s: a stock of %lld, 0 to %d is allowed",
                   field, (long long) def->stock, SK_STOCK_MAX);
    }

    if (def->stock < taken) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, field,
                   "%s: %lld units are held or sold, the stock cannot be %lld",
                   field, (long long) taken, (long long) def->stock);
    }

    return sk_operator_sale_room(o, def,
                                 sk_sale_def_room(def) - sk_sale_room(sale), 0);
}


/* whether the zone has room for more units and sales */

static int
sk_operator_sale_room(sk_operator_t *o, const sk_sale_def_t *def, int64_t units,
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

    return sk_operator_reply_refuse(o, SK_STATUS_NO_ROOM, NULL, "%s", reason);
}


int
sk_operator_sale_put(sk_operator_t *o, sk_sale_t *sale, sk_event_t *e)
{
    int            rc;
    sk_sale_t      made;
    sk_sale_def_t  old;

    e->sale_id = sale ? sk_load(&sale->id) : 0;

    rc = sk_operator_window_opening(o, e);

    if (rc != SK_OK) {
        return rc;
    }

    if (sale == NULL) {
        memset(&made, 0, sizeof(sk_sale_t));
        sk_sale_name(&made, &e->def);

        (void) snprintf(o->reply->path, sizeof(o->reply->path), "sales/%.*s",
                        (int) e->def.name_len, e->def.name);

        rc = sk_operator_sale_reply(o, &made, e, SK_STATUS_CREATED);

        return (rc == SK_OK) ? sk_operator_append(o, e) : rc;
    }

    rc = sk_operator_sale_reply(o, sale, e, SK_STATUS_OK);

    sk_sale_def(sale, &old);

    return (rc == SK_OK
            && (o->command->key_len || !sk_sale_def_equal(&old, &e->def)))
           ? sk_operator_append(o, e) : rc;
}


/* with the sale as it will be */

int
sk_operator_sale_reply(sk_operator_t *o, sk_sale_t *sale,
    const sk_event_t *e, sk_status_e status)
{
    int         rc;
    char       *text;
    sk_sale_t   copy;

    sk_zone_sale_copy(o->writer->zone, sale, &copy);

    sk_sale_edit(&copy, &e->def);
    sk_opening_set(&copy.opening, &e->opening);

    text = sk_view_sale(&copy, o->writer->clock_ms);

    if (text == NULL) {
        return sk_ledger_fail(o->writer->ledger, SQLITE_NOMEM);
    }

    rc = sk_operator_reply_text(o, status, text);

    free(text);

    return rc;
}


/* an edit that changes nothing yet */

static void
sk_operator_sale_edited(sk_sale_t *sale, sk_event_t *e)
{
    memset(e, 0, sizeof(sk_event_t));

    e->type = SK_EVENT_SALE_EDITED;

    sk_sale_def(sale, &e->def);
}


int
sk_operator_sale_remove(sk_operator_t *o)
{
    int         rc;
    sk_sale_t  *sale;
    sk_event_t  e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    if (o->declare->leaving) {
        return sk_operator_reply_refuse(o, SK_STATUS_UNAVAILABLE, NULL,
                   "nginx is being reloaded or stopped: ask again");
    }

    if (sk_declare_has(o->declare, o->command->name, o->command->name_len)) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL,
                                        "the configuration declares the sale: "
                                        "remove it there first");
    }

    if (sk_sale_state(sale, o->writer->clock_ms) != SK_SALE_ENDED) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL,
                                        "the sale has not ended");
    }

    if (sk_load(&sale->undecided) || sk_load(&sale->held)) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL,
                   "units of the sale are undecided or held");
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SALE_REMOVED;
    e.sale_id = sk_load(&sale->id);

    sk_sale_def(sale, &e.def);

    rc = sk_writer_opening(o->writer, &e);

    if (rc == SK_OK) {
        rc = sk_operator_sale_reply(o, sale, &e, SK_STATUS_OK);
    }

    /* its orders stay, and are to be checked: there is no other time for it */

    if (rc == SK_OK && sk_reveal_may(sale)) {
        rc = sk_reveal_append(o->writer, sale);
    }

    return (rc == SK_OK) ? sk_operator_append(o, &e) : rc;
}


int
sk_operator_sale_pause(sk_operator_t *o)
{
    return sk_operator_sale_paused(o, 1);
}


int
sk_operator_sale_resume(sk_operator_t *o)
{
    return sk_operator_sale_paused(o, 0);
}


static int
sk_operator_sale_paused(sk_operator_t *o, int paused)
{
    int         rc;
    sk_sale_t  *sale;
    sk_event_t  e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    if (sk_sale_state(sale, o->writer->clock_ms) == SK_SALE_ENDED) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL,
                                        "the sale has ended");
    }

    sk_operator_sale_edited(sale, &e);

    e.def.paused = paused;

    return sk_operator_sale_put(o, sale, &e);
}


int
sk_operator_sale_end(sk_operator_t *o)
{
    int         rc;
    sk_sale_t  *sale;
    sk_event_t  e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    sk_operator_sale_edited(sale, &e);

    if (sk_sale_state(sale, o->writer->clock_ms) != SK_SALE_ENDED) {

        /* also before its start, which it keeps for another end */

        e.def.end_ms = o->writer->clock_ms;
    }

    return sk_operator_sale_put(o, sale, &e);
}
