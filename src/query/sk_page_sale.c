#include <stdlib.h>

#include "sk_page_read.h"
#include "sk_view.h"


#define SK_PAGE_SALES_SLICE  32         /* copied under one lock */


static int sk_page_sales_add(sk_page_t *page, sqlite3_str *text,
    sk_sale_t *sale);


int
sk_page_sales(sk_reader_t *r, sk_page_t *page)
{
    int           rc;
    uint32_t      slot;
    uint64_t      next;
    unsigned      i, n;
    sk_sale_t     slice[SK_PAGE_SALES_SLICE];
    sk_zone_t    *zone;
    sqlite3_str  *text;

    zone = r->zone;
    text = sqlite3_str_new(NULL);
    next = page->after;

    page->n = 0;
    rc = SK_OK;

    sqlite3_str_appendall(text, "{\"code\":0,\"data\":[");

    for (slot = sk_zone_sale_from(zone, page->after + 1);
         slot < sk_load_acquire(&zone->sales.n) && page->n < page->limit
         && rc == SK_OK; /* void */ )
    {
        n = page->limit - page->n;
        n = (n < SK_PAGE_SALES_SLICE) ? n : SK_PAGE_SALES_SLICE;

        n = sk_zone_sales_copy(zone, &slot, slice, n);

        for (i = 0; i < n && rc == SK_OK; i++) {
            sqlite3_str_appendall(text, page->n ? "," : "");

            rc = sk_page_sales_add(page, text, &slice[i]);
            next = sk_load(&slice[i].id);
        }
    }

    sqlite3_str_appendf(text, "],\"pagination\":{\"next\":%llu}}\n", next);

    if (rc != SK_OK) {
        sqlite3_free(sqlite3_str_finish(text));
        return SK_ERROR;
    }

    return sk_page_end(page, text);
}


int
sk_page_sale(sk_reader_t *r, sk_page_t *page)
{
    int           rc;
    sk_sale_t     copy, *sale;
    sqlite3_str  *text;

    sale = sk_zone_sale(r->zone, page->name, page->name_len);

    if (sale) {
        sk_zone_sale_copy(r->zone, sale, &copy);
    }

    if (sale == NULL || sk_sale_removed(&copy)) {
        return sk_page_refuse(page, SK_STATUS_UNKNOWN_SALE,
                              "there is no sale \"%.*s\"",
                              (int) page->name_len, page->name);
    }

    text = sqlite3_str_new(NULL);

    sqlite3_str_appendall(text, "{\"code\":0,\"data\":");

    rc = sk_page_sales_add(page, text, &copy);

    sqlite3_str_appendall(text, "}\n");

    if (rc != SK_OK) {
        sqlite3_free(sqlite3_str_finish(text));
        return SK_ERROR;
    }

    return sk_page_end(page, text);
}


static int
sk_page_sales_add(sk_page_t *page, sqlite3_str *text, sk_sale_t *sale)
{
    char  *json;

    json = sk_view_sale(sale, page->now_ms);

    if (json == NULL) {
        return SK_ERROR;
    }

    sqlite3_str_appendall(text, json);
    page->n++;

    free(json);

    return SK_OK;
}
