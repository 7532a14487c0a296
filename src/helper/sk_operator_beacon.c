#include <sodium.h>

#include "sk_operator_do.h"


/* a beacon: a value that nobody could know when a sale's seed was committed to,
   and that everybody can look up, is mixed into the seed */


enum {
    SK_BEACON_ROUND = 0,
    SK_BEACON_VALUE
};


static const sk_field_t  sk_beacon_body[] = {
    { "round", SK_FIELD_INTEGER, SK_FIELD_ADD|SK_FIELD_NEEDED, 0,
      0, SK_NUMBER_MAX,
      "an integer from 0 to 9007199254740991 is allowed" },
    { "value", SK_FIELD_TEXT, SK_FIELD_ADD|SK_FIELD_NEEDED, 0,
      2, 2 * SK_BEACON_SIZE_MAX,
      "1 to 64 bytes as 2 to 128 hexadecimal digits are allowed" }
};

#define SK_BEACON_BODY_N  (sizeof(sk_beacon_body) / sizeof(sk_beacon_body[0]))


static int sk_operator_beacon_allowed(sk_operator_t *o, sk_sale_t *sale);
static int sk_operator_beacon_value(sk_operator_t *o, const sk_value_t *v,
    sk_beacon_t *beacon);


int
sk_operator_sale_beacon(sk_operator_t *o)
{
    int          rc;
    sk_sale_t   *sale;
    sk_value_t   v[SK_BEACON_BODY_N];
    sk_event_t   e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    rc = sk_operator_body(o, sk_beacon_body, SK_BEACON_BODY_N, SK_FIELD_ADD, v);

    if (rc != SK_OK) {
        return rc;
    }

    memset(&e, 0, sizeof(sk_event_t));

    rc = sk_operator_beacon_value(o, v, &e.beacon);

    if (rc == SK_OK) {
        rc = sk_operator_beacon_allowed(o, sale);
    }

    if (rc != SK_OK) {
        return rc;
    }

    e.type = SK_EVENT_BEACON_SET;
    e.sale_id = sk_load(&sale->id);

    rc = sk_operator_append(o, &e);

    return (rc == SK_OK) ? sk_operator_beacon_reply(o, &e) : rc;
}


static int
sk_operator_beacon_value(sk_operator_t *o, const sk_value_t *v,
    sk_beacon_t *beacon)
{
    size_t             len;
    const char        *end;
    const sk_value_t  *value;

    value = &v[SK_BEACON_VALUE];

    if (sodium_hex2bin(beacon->value, sizeof(beacon->value), value->text,
                       value->len, NULL, &len, &end)
        != 0
        || end != value->text + value->len)
    {
        return sk_operator_reply_refuse(o, SK_STATUS_INVALID, "value",
                   "value: %s", sk_beacon_body[SK_BEACON_VALUE].allowed);
    }

    beacon->round = v[SK_BEACON_ROUND].number;
    beacon->len = (uint32_t) len;

    return SK_OK;
}


/*
 * Lots are drawn once: who has won, or was told his opening, was so by the seed
 * as it is.  That the sale has started is what the ledger says of it, by its
 * own time, whatever its start is now.
 */

static int
sk_operator_beacon_allowed(sk_operator_t *o, sk_sale_t *sale)
{
    const char  *why;

    why = (sk_load(&sale->shuffle_s) == 0) ? "the sale has no \"shuffle\""
          : sk_load(&sale->opening.beacon_set) ? "the sale has its beacon"
          : (o->writer->now_ms >= sk_load(&sale->start_ms)
             || sk_load(&sale->opening.revealed))
          ? "the sale has started"
          : sk_load(&sale->opening.started)
          ? "the sale has started before, or has had an order"
          : (sk_sale_state(sale, o->writer->clock_ms) == SK_SALE_ENDED)
          ? "the sale has ended" : NULL;

    return why ? sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, NULL, "%s",
                                          why)
               : SK_OK;
}


/* the event is in the ledger, if in a transaction that is open still */

int
sk_operator_beacon_reply(sk_operator_t *o, const sk_event_t *e)
{
    sqlite3_stmt  *s;

    s = sk_operator_sql(o, SK_SQL_BEACON);

    if (s == NULL) {
        return SK_ERROR;
    }

    (void) sqlite3_bind_int64(s, 1, (int64_t) e->seq);

    return sk_operator_reply(o, s, SK_STATUS_OK);
}
