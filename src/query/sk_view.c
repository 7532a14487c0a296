#include "sk_utf8.h"
#include "sk_view.h"


static void sk_view_text(sqlite3_context *ctx, int n, sqlite3_value **values);
static void sk_view_expires(sqlite3_context *ctx, int n,
    sqlite3_value **values);
static void sk_view_bind_time(sqlite3_stmt *stmt, int column, int64_t ms,
    int64_t none);


int
sk_view_functions(sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "sk_text", 1,
                                      SQLITE_UTF8|SQLITE_DETERMINISTIC, NULL,
                                      sk_view_text, NULL, NULL, NULL);
}


static void
sk_view_text(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    sqlite3_str    *text;
    const uint8_t  *p, *end, *last;

    (void) n;

    p = sqlite3_value_text(values[0]);

    if (p == NULL) {
        return;
    }

    last = p + sqlite3_value_bytes(values[0]);

    for (end = p; end < last && sk_utf8_end(end, last) != end; /* void */ ) {
        end = sk_utf8_end(end, last);
    }

    if (end == last) {
        sqlite3_result_value(ctx, values[0]);
        return;
    }

    text = sqlite3_str_new(sqlite3_context_db_handle(ctx));

    while (p < last) {
        end = sk_utf8_end(p, last);

        if (end == p) {
            sqlite3_str_appendall(text, SK_UTF8_REPLACEMENT);
            p++;

        } else {
            sqlite3_str_append(text, (const char *) p, (int) (end - p));
            p = end;
        }
    }

    n = sqlite3_str_length(text);
    sqlite3_result_text(ctx, sqlite3_str_finish(text), n, sqlite3_free);
}


int
sk_view_zone(sqlite3 *db, sk_zone_t *zone)
{
    return sqlite3_create_function_v2(db, "sk_expires", 4, SQLITE_UTF8, zone,
                                      sk_view_expires, NULL, NULL, NULL);
}


static void
sk_view_expires(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    int         len;
    int64_t     ms;
    uint32_t    expires_s;
    uint64_t    order;
    sk_key_t    key;
    sk_zone_t  *zone;

    (void) n;

    zone = sqlite3_user_data(ctx);
    order = (uint64_t) sqlite3_value_int64(values[2]);
    ms = sqlite3_value_int64(values[3]);

    if (sqlite3_value_type(values[3]) == SQLITE_NULL) {
        return;
    }

    len = sqlite3_value_bytes(values[1]);

    if (len <= SK_USER_SIZE_MAX) {
        key = sk_zone_user_key(zone, (uint64_t) sqlite3_value_int64(values[0]),
                               (const char *) sqlite3_value_text(values[1]),
                               (size_t) len);

        if (sk_zone_order(zone, key, order, &expires_s) == SK_UNIT_HELD) {
            ms = (int64_t) expires_s * 1000;
        }
    }

    sqlite3_result_int64(ctx, ms);
}


void
sk_view_bind_sale(sqlite3_stmt *s, sk_sale_t *sale, int64_t now_ms)
{
    int64_t  product;

    product = sk_load(&sale->product);

    (void) sqlite3_bind_text(s, 1, sale->name, (int) sk_load(&sale->name_len),
                             SQLITE_TRANSIENT);

    if (product) {
        (void) sqlite3_bind_int64(s, 2, product);

    } else {
        (void) sqlite3_bind_null(s, 2);
    }

    (void) sqlite3_bind_int64(s, 3, sk_load(&sale->stock));
    (void) sqlite3_bind_int64(s, 4, sk_load(&sale->limit));
    (void) sqlite3_bind_int64(s, 5, sk_load(&sale->hold_s));
    sk_view_bind_time(s, 6, sk_load(&sale->start_ms), SK_TIME_MIN);
    sk_view_bind_time(s, 7, sk_load(&sale->end_ms), SK_TIME_MAX);
    (void) sqlite3_bind_int(s, 8, (int) sk_load(&sale->paused));
    (void) sqlite3_bind_text(s, 9, sk_sale_states[sk_sale_state(sale, now_ms)],
                             -1, SQLITE_STATIC);
    (void) sqlite3_bind_int64(s, 10, sk_load(&sale->free));
    (void) sqlite3_bind_int64(s, 11, sk_load(&sale->undecided));
    (void) sqlite3_bind_int64(s, 12, sk_load(&sale->held));
    (void) sqlite3_bind_int64(s, 13, sk_load(&sale->sold));
}


static void
sk_view_bind_time(sqlite3_stmt *stmt, int column, int64_t ms, int64_t none)
{
    if (ms == none) {
        (void) sqlite3_bind_null(stmt, column);

    } else {
        (void) sqlite3_bind_int64(stmt, column, ms);
    }
}
