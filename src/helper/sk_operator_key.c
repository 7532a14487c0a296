#include <stdio.h>

#include "sk_operator_do.h"


/*
 * Idempotency keys: a command's event has its key, so who asks again is
 * answered from the ledger.
 */


static int sk_operator_key_sale(sk_operator_t *o, const sk_event_t *e);
static int sk_operator_key_product(sk_operator_t *o, const sk_event_t *e);
static int sk_operator_key_order(sk_operator_t *o, const sk_event_t *e);


void
sk_operator_key(sk_operator_t *o, sk_event_t *e)
{
    e->request = o->command->key;
    e->request_len = o->command->key_len;
    e->request_hash = o->command->hash;
}


int
sk_operator_key_asked(sk_operator_t *o)
{
    int         rc;
    sk_event_t  asked, e;

    memset(&asked, 0, sizeof(sk_event_t));

    asked.by = o->command->by;
    asked.by_len = o->command->by_len;

    sk_operator_key(o, &asked);

    rc = sk_ledger_read_request(o->writer->ledger, &asked,
                                o->writer->now_ms - SK_OPERATOR_KEEP_MS, &e);

    if (rc == SK_REFUSED) {
        return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL,
                   "another request had this Idempotency-Key");
    }

    if (rc != SK_OK) {
        return rc;
    }

    if (sk_event_of_sale(e.type)) {
        return sk_operator_key_sale(o, &e);
    }

    if (e.type == SK_EVENT_BEACON_SET) {
        return sk_operator_beacon_reply(o, &e);
    }

    if (sk_event_of_product(e.type)) {
        return sk_operator_key_product(o, &e);
    }

    if (e.type == SK_EVENT_PAID || e.type == SK_EVENT_CANCELLED
        || e.type == SK_EVENT_EXTENDED)
    {
        return sk_operator_key_order(o, &e);
    }

    /* no command makes another: somebody else has written it */

    return SK_NOT_FOUND;
}


/* as the event has made it, with what its units are now */

static int
sk_operator_key_sale(sk_operator_t *o, const sk_event_t *e)
{
    sk_sale_t    *sale, then;
    sk_status_e   status;

    status = SK_STATUS_OK;

    if (e->type == SK_EVENT_SALE_ADDED) {
        status = SK_STATUS_CREATED;
        (void) snprintf(o->reply->path, sizeof(o->reply->path), "sales/%.*s",
                        (int) e->def.name_len, e->def.name);
    }

    sale = sk_zone_sale_by_id(o->writer->zone, e->sale_id);

    if (sale && !sk_sale_removed(sale)) {
        sk_zone_sale_copy(o->writer->zone, sale, &then);

    } else {
        memset(&then, 0, sizeof(sk_sale_t));
        sk_sale_name(&then, &e->def);
    }

    /* no edit, which would move the units that are free */

    sk_store(&then.stock, e->def.stock);

    return sk_operator_sale_reply(o, &then, e, status);
}


static int
sk_operator_key_product(sk_operator_t *o, const sk_event_t *e)
{
    sk_status_e    status;
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_PRODUCT_THEN);

    if (s == NULL) {
        return SK_ERROR;
    }

    status = SK_STATUS_OK;

    if (e->type == SK_EVENT_PRODUCT_ADDED) {
        status = SK_STATUS_CREATED;
        (void) snprintf(o->reply->path, sizeof(o->reply->path),
                        "products/%llu", (unsigned long long) e->object);
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->seq);

    return sk_operator_reply(o, s, status);
}


static int
sk_operator_key_order(sk_operator_t *o, const sk_event_t *e)
{
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_ORDER_THEN);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->object);
    (void) sqlite3_bind_int64(s, 2, (int64_t) e->seq);

    return sk_operator_reply(o, s, SK_STATUS_OK);
}
