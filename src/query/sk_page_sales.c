#include "sk_page_read.h"
#include "sk_view.h"


int
sk_page_sales(sk_reader_t *r, sk_page_t *page)
{
    int            rc;
    uint32_t       i, n;
    uint64_t       next;
    sk_sale_t      copy, *sale;
    sqlite3_str   *text;
    sqlite3_stmt  *s;

    s = sk_reader_stmt(r, SK_READ_SALE);

    if (s == NULL) {
        return SK_ERROR;
    }

    text = sqlite3_str_new(NULL);
    next = page->after;
    page->n = 0;

    n = sk_load_acquire(&r->zone->sales.n);

    sqlite3_str_appendall(text, "{\"code\":0,\"data\":[");

    for (i = 0; i < n && page->n < page->limit; i++) {
        sale = &r->zone->sales.elts[i];

        if (sk_load(&sale->id) <= page->after) {
            continue;
        }

        sk_zone_sale_copy(r->zone, sale, &copy);

        if (sk_sale_removed(&copy)) {
            continue;
        }

        sk_view_bind_sale(s, &copy, page->now_ms);

        rc = sqlite3_step(s);

        if (rc == SQLITE_ROW) {
            sqlite3_str_appendf(text, "%s%s", page->n++ ? "," : "",
                                (const char *) sqlite3_column_text(s, 0));
        }

        (void) sqlite3_reset(s);

        if (rc != SQLITE_ROW) {
            sqlite3_free(sqlite3_str_finish(text));
            return SK_ERROR;
        }

        next = sk_load(&copy.id);
    }

    sqlite3_str_appendf(text, "],\"pagination\":{\"next\":%llu}}\n", next);

    return sk_page_end(page, text);
}


int
sk_page_sale(sk_reader_t *r, sk_page_t *page)
{
    sk_sale_t      copy, *sale;
    sqlite3_stmt  *s;

    sale = sk_zone_sale(r->zone, page->name, page->name_len);

    if (sale) {
        sk_zone_sale_copy(r->zone, sale, &copy);
    }

    if (sale == NULL || sk_sale_removed(&copy)) {
        return sk_page_refuse(page, SK_UNKNOWN_SALE,
                              "there is no sale \"%.*s\"",
                              (int) page->name_len, page->name);
    }

    s = sk_reader_stmt(r, SK_READ_SALE);

    if (s) {
        sk_view_bind_sale(s, &copy, page->now_ms);
    }

    return sk_page_object(page, s);
}
