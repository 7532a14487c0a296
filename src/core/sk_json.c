#include <stdlib.h>

#include <sodium.h>

#include "sk_json.h"
#include "sk_time.h"
#include "sk_utf8.h"


static json_t *sk_json_value(unsigned i, int64_t value, unsigned stored);
static size_t sk_json_name(json_t *json, const char *field, char *name);


json_t *
sk_json_text(const char *text, size_t len)
{
    char    *mended;
    json_t  *json;

    mended = malloc(SK_UTF8_MENDED_MAX(len) + 1);

    if (mended == NULL) {
        return NULL;
    }

    json = json_stringn_nocheck(mended, sk_utf8_mend(mended, text, len));

    free(mended);

    return json;
}


json_t *
sk_json_sale(const sk_sale_def_t *def, unsigned when, unsigned stored)
{
    int          rc;
    json_t      *json;
    unsigned     i;
    const char  *name;

    json = json_object();
    rc = (when & SK_FIELD_ADD)
         ? json_object_set_new(json, "name",
                               sk_json_text(def->name, def->name_len))
         : 0;

    for (i = 0; i < SK_SALE_FIELDS; i++) {

        if (!(sk_sale_fields[i].when & when)) {
            continue;
        }

        name = stored ? sk_sale_members[i] : sk_sale_fields[i].name;

        rc |= json_object_set_new(json, name,
                                  sk_json_value(i, def->values[i], stored));
    }

    if ((when & SK_FIELD_ADD) && (def->group_len || !stored)) {
        rc |= json_object_set_new(json, "group",
                  def->group_len ? sk_json_text(def->group, def->group_len)
                                 : json_null());
    }

    if (rc != 0) {
        json_decref(json);
        return NULL;
    }

    return json;
}


static json_t *
sk_json_value(unsigned i, int64_t value, unsigned stored)
{
    char  time[SK_TIME_SIZE + 1];

    if (sk_sale_is_null(i, value)) {
        return json_null();
    }

    if (!stored && sk_sale_fields[i].type == SK_FIELD_BOOLEAN) {
        return json_boolean(value);
    }

    if (!stored && sk_sale_fields[i].type == SK_FIELD_TIME) {
        sk_time_format(time, value);
        return json_string(time);
    }

    return json_integer(value);
}


int
sk_json_sale_read(json_t *json, sk_sale_def_t *def)
{
    int64_t     *value;
    json_t      *field;
    unsigned     i;

    *def = sk_sale_initial;

    def->name_len = sk_json_name(json, "name", def->name);
    def->group_len = sk_json_name(json, "group", def->group);

    field = json_object_get(json, "group");

    if (field && !json_is_null(field) && def->group_len == 0) {
        return SK_ERROR;
    }

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        value = &def->values[i];
        field = json_object_get(json, sk_sale_members[i]);

        if (json_is_integer(field)) {
            *value = json_integer_value(field);

        } else if (json_is_boolean(field)) {
            *value = json_is_true(field);

        } else if (field && !json_is_null(field)) {
            return SK_ERROR;
        }

        if (!sk_sale_is_null(i, *value)
            && (*value < sk_sale_fields[i].min
                || *value > sk_sale_fields[i].max))
        {
            return SK_ERROR;
        }
    }

    return SK_OK;
}


int
sk_json_opening(json_t *json, const sk_opening_def_t *opening)
{
    json_t  *o;

    o = json_object();

    if (sk_json_hex(o, "nonce", opening->nonce, SK_NONCE_SIZE) != 0
        || sk_json_hex(o, "commitment", opening->commitment, SK_SEED_SIZE) != 0)
    {
        json_decref(o);
        return -1;
    }

    return json_object_set_new(json, "opening", o);
}


int
sk_json_opening_read(json_t *json, sk_opening_def_t *opening)
{
    size_t   len, size;
    json_t  *o;

    memset(opening, 0, sizeof(sk_opening_def_t));

    o = json_object_get(json, "opening");

    if (o == NULL) {
        return SK_OK;
    }

    if (sk_json_hex_read(o, "nonce", opening->nonce, SK_NONCE_SIZE, &len)
        != SK_OK
        || sk_json_hex_read(o, "commitment", opening->commitment, SK_SEED_SIZE,
                            &size)
           != SK_OK
        || len != SK_NONCE_SIZE || size != SK_SEED_SIZE)
    {
        return SK_ERROR;
    }

    opening->given = 1;

    return SK_OK;
}


int
sk_json_beacon(json_t *json, const sk_beacon_t *beacon)
{
    return json_object_set_new(json, "round", json_integer(beacon->round))
           | sk_json_hex(json, "value", beacon->value, beacon->len);
}


int
sk_json_beacon_read(json_t *json, sk_beacon_t *beacon)
{
    int      rc;
    size_t   len;
    json_t  *round;

    memset(beacon, 0, sizeof(sk_beacon_t));

    round = json_object_get(json, "round");

    rc = sk_json_hex_read(json, "value", beacon->value, SK_BEACON_SIZE_MAX,
                          &len);

    if (rc != SK_OK || len == 0 || !json_is_integer(round)) {
        return SK_ERROR;
    }

    beacon->round = json_integer_value(round);
    beacon->len = (uint32_t) len;

    return SK_OK;
}


int
sk_json_hex(json_t *json, const char *name, const uint8_t *data, size_t len)
{
    char  text[2 * SK_BEACON_SIZE_MAX + 1];

    sk_assert(2 * len < sizeof(text));

    return json_object_set_new(json, name,
               json_string(sodium_bin2hex(text, sizeof(text), data, len)));
}


int
sk_json_hex_read(json_t *json, const char *name, uint8_t *data, size_t max,
    size_t *len)
{
    json_t      *value;
    const char  *end;

    value = json_object_get(json, name);

    if (!json_is_string(value)
        || sodium_hex2bin(data, max, json_string_value(value),
                          json_string_length(value), NULL, len, &end)
           != 0
        || *end)
    {
        return SK_ERROR;
    }

    return SK_OK;
}


/* a name that is a good one, and its length; 0: it is not */

static size_t
sk_json_name(json_t *json, const char *field, char *name)
{
    size_t       len;
    const char  *text;

    text = json_string_value(json_object_get(json, field));
    len = text ? strlen(text) : 0;

    if (len == 0 || !sk_sale_name_valid(text, len)) {
        return 0;
    }

    memcpy(name, text, len);

    return len;
}


char *
sk_json_end(json_t *json)
{
    char  *text;

    text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);

    return text;
}
