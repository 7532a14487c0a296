#include <stdio.h>

#include "sk_operator_do.h"


enum {
    SK_PRODUCT_NAME = 0,
    SK_PRODUCT_DESCRIPTION,
    SK_PRODUCT_PRICE,
    SK_PRODUCT_CURRENCY,
    SK_PRODUCT_ATTRIBUTES,
    SK_PRODUCT_FIELDS
};


#define SK_PRODUCT_ALWAYS  (SK_FIELD_ADD|SK_FIELD_EDIT)


static const sk_field_t  sk_product_fields[SK_PRODUCT_FIELDS] = {

    { "name", SK_FIELD_TEXT, SK_PRODUCT_ALWAYS|SK_FIELD_NEEDED, 0,
      1, SK_OPERATOR_PRODUCT_NAME_MAX,
      "1 to 200 bytes without control characters are allowed" },

    { "description", SK_FIELD_TEXT, SK_PRODUCT_ALWAYS, 1,
      0, SK_OPERATOR_DESCRIPTION_MAX,
      "a string of at most 4096 bytes is allowed" },

    { "price", SK_FIELD_INTEGER, SK_PRODUCT_ALWAYS|SK_FIELD_NEEDED, 0,
      0, SK_NUMBER_MAX,
      "an integer from 0 to 9007199254740991 is allowed, in the currency's "
      "minor unit" },

    { "currency", SK_FIELD_TEXT, SK_PRODUCT_ALWAYS|SK_FIELD_NEEDED, 0,
      3, 3,
      "an ISO 4217 code like EUR is allowed" },

    { "attributes", SK_FIELD_OBJECT, SK_PRODUCT_ALWAYS, 1,
      2, SK_OPERATOR_ATTRIBUTES_MAX,
      "a JSON object of at most 8192 bytes is allowed" }
};


/* ISO 4217, the codes of currencies in use in 2025, without those that no price
   is in */

static const char  sk_product_currencies[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND "
    "BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU "
    "CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES "
    "KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR "
    "PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD "
    "SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF "
    "XSU XUA YER ZAR ZMW ZWG";


static int sk_operator_product_read(sk_operator_t *o, unsigned when,
    sk_value_t *values);
static void sk_operator_product_bind(sqlite3_stmt *stmt,
    const sk_value_t *values);
static int sk_operator_product_unique(sk_operator_t *o, const sk_value_t *name,
    uint64_t id);
static int sk_operator_product_put(sk_operator_t *o, sk_event_e type,
    uint64_t id, sqlite3_stmt *make, sk_status_e status);
static int sk_operator_product_none(sk_operator_t *o);


int
sk_operator_product_add(sk_operator_t *o)
{
    int            rc, n;
    sk_value_t     v[SK_PRODUCT_FIELDS];
    sqlite3_stmt  *s;

    rc = sk_operator_product_read(o, SK_FIELD_ADD, v);

    if (rc != SK_OK) {
        return rc;
    }

    s = sk_operator_sql(o, SK_SQL_PRODUCT_COUNT);

    if (s == NULL) {
        return SK_ERROR;
    }

    rc = sqlite3_step(s);
    n = (rc == SQLITE_ROW) ? sqlite3_column_int(s, 0) : 0;
    (void) sqlite3_reset(s);

    if (rc != SQLITE_ROW) {
        return sk_ledger_fail(o->writer->ledger, rc);
    }

    if (n >= SK_OPERATOR_PRODUCTS_MAX) {
        return sk_operator_reply_refuse(o, SK_STATUS_NO_ROOM, NULL,
                   "there are %d products, as many as may be", n);
    }

    rc = sk_operator_product_unique(o, &v[SK_PRODUCT_NAME], 0);

    if (rc != SK_OK) {
        return rc;
    }

    s = sk_operator_sql(o, SK_SQL_PRODUCT_MAKE);

    if (s == NULL) {
        return SK_ERROR;
    }

    sk_operator_product_bind(s, v);

    return sk_operator_product_put(o, SK_EVENT_PRODUCT_ADDED, 0, s,
                                   SK_STATUS_CREATED);
}


int
sk_operator_product_edit(sk_operator_t *o)
{
    int            rc;
    sk_value_t     v[SK_PRODUCT_FIELDS];
    sqlite3_stmt  *s;

    rc = sk_operator_product_find(o, o->command->id);

    if (rc != SK_OK) {
        return (rc == SK_NOT_FOUND) ? sk_operator_product_none(o) : rc;
    }

    rc = sk_operator_product_read(o, SK_FIELD_EDIT, v);

    if (rc == SK_OK && v[SK_PRODUCT_NAME].given) {
        rc = sk_operator_product_unique(o, &v[SK_PRODUCT_NAME], o->command->id);
    }

    if (rc != SK_OK) {
        return rc;
    }

    s = sk_operator_sql(o, SK_SQL_PRODUCT_CHANGE);

    if (s == NULL) {
        return SK_ERROR;
    }

    sk_operator_product_bind(s, v);

    (void) sqlite3_bind_int64(s, 7, (int64_t) o->command->id);
    (void) sqlite3_bind_int(s, 8, o->command->key_len != 0);

    return sk_operator_product_put(o, SK_EVENT_PRODUCT_EDITED,
                                   o->command->id, s, SK_STATUS_OK);
}


int
sk_operator_product_remove(sk_operator_t *o)
{
    int            rc;
    uint32_t       i, n;
    sk_sale_t     *sale;
    sk_event_t     e;
    sqlite3_stmt  *s;

    rc = sk_operator_product_find(o, o->command->id);

    if (rc != SK_OK) {
        return (rc == SK_NOT_FOUND) ? sk_operator_product_none(o) : rc;
    }

    n = sk_load(&o->writer->zone->sales.n);

    for (i = 0; i < n; i++) {
        sale = &o->writer->zone->sales.elts[i];

        if (!sk_sale_removed(sale)
            && (uint64_t) sk_load(&sale->product) == o->command->id)
        {
            return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL,
                       "the sale \"%.*s\" has this product",
                       (int) sk_load(&sale->name_len), sale->name);
        }
    }

    s = sk_operator_sql(o, SK_SQL_PRODUCT);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) o->command->id);

    rc = sk_operator_reply(o, s, SK_STATUS_OK);

    if (rc != SK_OK) {
        return rc;
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_PRODUCT_REMOVED;
    e.object = o->command->id;

    return sk_operator_append(o, &e);
}


/* the first parameters of a statement: a field that is not given is NULL */

static void
sk_operator_product_bind(sqlite3_stmt *stmt, const sk_value_t *values)
{
    int                n;
    unsigned           i;
    const sk_value_t  *v;

    (void) sqlite3_clear_bindings(stmt);

    for (i = 0; i < SK_PRODUCT_FIELDS; i++) {
        n = (int) i + 1;
        v = &values[i];

        if (v->null) {
            (void) sqlite3_bind_text(stmt, n, (i == SK_PRODUCT_ATTRIBUTES)
                                              ? "{}" : "", -1, SQLITE_STATIC);

        } else if (v->given && v->text) {
            (void) sqlite3_bind_text(stmt, n, v->text, (int) v->len,
                                     SQLITE_STATIC);

        } else if (v->given) {
            (void) sqlite3_bind_int64(stmt, n, v->number);
        }
    }
}


static int
sk_operator_product_read(sk_operator_t *o, unsigned when, sk_value_t *values)
{
    int          rc;
    size_t       i;
    sk_value_t  *v;
    const char  *p;

    rc = sk_operator_body(o, sk_product_fields, SK_PRODUCT_FIELDS, when,
                          values);

    if (rc != SK_OK) {
        return rc;
    }

    v = &values[SK_PRODUCT_NAME];

    for (i = 0; i < v->len; i++) {
        if ((unsigned char) v->text[i] < 0x20 || v->text[i] == 0x7f) {
            return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "name",
                       "name: %s", sk_product_fields[SK_PRODUCT_NAME].allowed);
        }
    }

    v = &values[SK_PRODUCT_CURRENCY];

    if (!v->given) {
        return SK_OK;
    }

    for (p = sk_product_currencies; *p; p += (p[3] ? 4 : 3)) {
        if (memcmp(p, v->text, 3) == 0) {
            return SK_OK;
        }
    }

    return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "currency",
               "currency: %s", sk_product_fields[SK_PRODUCT_CURRENCY].allowed);
}


/* SK_REFUSED: another product has the name */

static int
sk_operator_product_unique(sk_operator_t *o, const sk_value_t *name,
    uint64_t id)
{
    int                  rc;
    unsigned long long   other;
    sqlite3_stmt        *s;

    s = sk_operator_sql(o, SK_SQL_PRODUCT_NAME);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_text(s, 1, name->text, (int) name->len,
                             SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 2, (int64_t) id);

    rc = sqlite3_step(s);
    other = (rc == SQLITE_ROW) ? (unsigned long long) sqlite3_column_int64(s, 0)
                               : 0;
    (void) sqlite3_reset(s);

    if (rc == SQLITE_DONE) {
        return SK_OK;
    }

    if (rc != SQLITE_ROW) {
        return sk_ledger_fail(o->writer->ledger, rc);
    }

    return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, "name",
                                    "name: product %llu has it", other);
}


/* appends what "make" has made of it, if anything, and replies with it */

static int
sk_operator_product_put(sk_operator_t *o, sk_event_e type, uint64_t id,
    sqlite3_stmt *make, sk_status_e status)
{
    int            rc;
    sk_event_t     e;
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_PRODUCT);

    if (s == NULL) {
        return SK_ERROR;
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = type;
    e.object = id;

    (void) sqlite3_bind_text(make, 6, o->command->by,
                             (int) o->command->by_len, SQLITE_STATIC);

    rc = sqlite3_step(make);

    if (rc == SQLITE_ROW) {
        e.detail = (const char *) sqlite3_column_text(make, 0);
        e.detail_len = (size_t) sqlite3_column_bytes(make, 0);

        rc = sk_operator_append(o, &e);

    } else {

        /* nothing is changed by it */

        rc = (rc == SQLITE_DONE) ? SK_OK
                                 : sk_ledger_fail(o->writer->ledger, rc);
    }

    (void) sqlite3_reset(make);

    if (rc != SK_OK) {
        return rc;
    }

    if (status == SK_STATUS_CREATED) {
        (void) snprintf(o->reply->path, sizeof(o->reply->path),
                        "products/%llu", (unsigned long long) e.object);
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) e.object);

    return sk_operator_reply(o, s, status);
}


int
sk_operator_product_find(sk_operator_t *o, uint64_t id)
{
    int            rc;
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_PRODUCT);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) id);

    rc = sqlite3_step(s);

    (void) sqlite3_reset(s);

    return (rc == SQLITE_ROW) ? SK_OK
           : (rc == SQLITE_DONE) ? SK_NOT_FOUND
                                 : sk_ledger_fail(o->writer->ledger, rc);
}


static int
sk_operator_product_none(sk_operator_t *o)
{
    return sk_operator_reply_refuse(o, SK_STATUS_NOT_FOUND, NULL,
                                    "there is no product %llu",
                                    (unsigned long long) o->command->id);
}
