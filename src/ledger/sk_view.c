#include <stdlib.h>

#include "sk_json.h"
#include "sk_utf8.h"
#include "sk_view.h"


static void sk_view_text(sqlite3_context *ctx, int n, sqlite3_value **values);
static void sk_view_detail(sqlite3_context *ctx, int n,
    sqlite3_value **values);
static int sk_view_opening(json_t *json, sk_opening_t *opening);


int
sk_view_functions(sqlite3 *db)
{
    int  rc, flags;

    flags = SQLITE_UTF8|SQLITE_DETERMINISTIC;

    rc = sqlite3_create_function_v2(db, "sk_text", 1, flags, NULL,
                                    sk_view_text, NULL, NULL, NULL);

    return (rc == SQLITE_OK)
           ? sqlite3_create_function_v2(db, "sk_detail", 1, flags, NULL,
                                        sk_view_detail, NULL, NULL, NULL)
           : rc;
}


static void
sk_view_text(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    char        *mended;
    const char  *text;

    text = (const char *) sqlite3_value_text(values[0]);

    if (text == NULL) {
        return;
    }

    n = sqlite3_value_bytes(values[0]);
    mended = malloc(SK_UTF8_MENDED_MAX((size_t) n) + 1);

    if (mended == NULL) {
        sqlite3_result_error_nomem(ctx);
        return;
    }

    n = (int) sk_utf8_mend(mended, text, (size_t) n);

    sqlite3_result_text(ctx, mended, n, free);
}


static void
sk_view_detail(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    char              *text;
    json_t            *json;
    const char        *stored;
    sk_sale_def_t      def;
    sk_opening_def_t   opening;

    stored = (const char *) sqlite3_value_text(values[0]);
    n = sqlite3_value_bytes(values[0]);

    json = json_loadb(stored ? stored : "", (size_t) n, 0, NULL);

    /* somebody else has written another one */

    if (sk_json_sale_read(json, &def) != SK_OK || def.name_len == 0
        || sk_json_opening_read(json, &opening) != SK_OK)
    {
        json_decref(json);
        return;
    }

    json_decref(json);

    json = sk_json_sale(&def, SK_FIELD_ADD, 0);

    if (json && opening.given
        && sk_json_hex(json, "commitment", opening.commitment, SK_SEED_SIZE)
           != 0)
    {
        json_decref(json);
        json = NULL;
    }

    text = sk_json_end(json);

    if (text) {
        sqlite3_result_text(ctx, text, -1, free);

    } else {
        sqlite3_result_error_nomem(ctx);
    }
}


char *
sk_view_sale(sk_sale_t *sale, int64_t now_ms)
{
    int             rc;
    json_t         *json;
    sk_sale_def_t   def;

    sk_sale_def(sale, &def);

    json = sk_json_sale(&def, SK_FIELD_ADD, 0);

    rc = json_object_set_new(json, "state",
             json_string(sk_sale_states[sk_sale_state(sale, now_ms)]));

    rc |= json_object_set_new(json, "free",
                              json_integer(sk_load(&sale->free)));
    rc |= json_object_set_new(json, "undecided",
                              json_integer(sk_load(&sale->undecided)));
    rc |= json_object_set_new(json, "held",
                              json_integer(sk_load(&sale->held)));
    rc |= json_object_set_new(json, "sold",
                              json_integer(sk_load(&sale->sold)));
    rc |= json_object_set_new(json, "waiting",
                              json_integer(sk_load(&sale->list.waiting)));

    if (sale->opening.def.given) {
        rc |= sk_view_opening(json, &sale->opening);
    }

    if (rc != 0) {
        json_decref(json);
        return NULL;
    }

    return sk_json_end(json);
}


/* the seed itself only once an event has it */

static int
sk_view_opening(json_t *json, sk_opening_t *o)
{
    int      rc;
    json_t  *beacon;

    beacon = json_null();
    rc = 0;

    if (sk_load(&o->beacon_set)) {
        beacon = json_object();
        rc = sk_json_beacon(beacon, &o->beacon);
    }

    rc |= sk_json_hex(json, "commitment", o->def.commitment, SK_SEED_SIZE);
    rc |= json_object_set_new(json, "beacon", beacon);

    return rc | (sk_load(&o->revealed)
                 ? sk_json_hex(json, "seed", o->seed, SK_SEED_SIZE)
                 : json_object_set_new(json, "seed", json_null()));
}
