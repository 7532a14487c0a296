#include <stdio.h>
#include <stdlib.h>

#include "receipts_order.h"
#include "sk_json.h"
#include "sk_utf8.h"


static int receipts_ledger_read(receipts_ledger_t *l);
static int receipts_ledger_row(void *ctx, const sk_row_t *row);
static int receipts_ledger_won(receipts_ledger_t *l, const sk_row_t *row);
static int receipts_ledger_added(receipts_ledger_t *l, const sk_row_t *row);
static int receipts_ledger_edited(receipts_ledger_t *l, const sk_row_t *row,
    const sk_sale_def_t *def);
static void receipts_ledger_def(const sk_row_t *row, sk_sale_def_t *def);
static void *receipts_ledger_grow(void *list, size_t n, size_t size);
static uint64_t receipts_ledger_hash(receipts_ledger_t *l, const char *user,
    size_t len);
static int receipts_ledger_compare(const void *one, const void *two);


int
receipts_ledger_open(receipts_ledger_t *l, const char *path)
{
    int  rc;

    crypto_shorthash_keygen(l->key);

    rc = store_open(&l->ledger, path, &l->last, l->error);

    if (rc == SK_NOT_FOUND) {
        (void) snprintf(l->error, sizeof(l->error),
                        "its schema is one that had no chain");
    }

    if (rc != SK_OK) {
        return SK_ERROR;
    }

    if (receipts_order_open(l, path) != SK_OK) {
        return SK_ERROR;
    }

    rc = receipts_ledger_read(l);

    if (l->n_index) {
        qsort(l->index, l->n_index, sizeof(receipts_index_t),
              receipts_ledger_compare);
    }

    return rc;
}


void
receipts_ledger_close(receipts_ledger_t *l)
{
    size_t  i;

    for (i = 0; i < l->n_sales; i++) {
        free(l->sales[i].limits);
    }

    free(l->sales);
    free(l->index);

    receipts_order_close(l);

    if (l->ledger) {
        sk_ledger_close(l->ledger);
    }
}


static int
receipts_ledger_read(receipts_ledger_t *l)
{
    int          rc;
    sk_commit_t  commit;

    while ((rc = sk_ledger_read_commit(l->ledger, &l->head, &commit))
           == SK_OK)
    {
        rc = sk_pack_read(&commit.data, receipts_ledger_row, l);

        if (rc != SK_OK) {
            (void) snprintf(l->error, sizeof(l->error), "there is no memory");
            return SK_ERROR;
        }

        l->head = commit.head;
    }

    if (rc == SK_NOT_FOUND) {
        return SK_OK;
    }

    (void) snprintf(l->error, sizeof(l->error), "%s",
                    sk_ledger_error(l->ledger));

    l->broken = (rc == SK_DAMAGED);

    return l->broken ? SK_DAMAGED : SK_ERROR;
}


static int
receipts_ledger_row(void *ctx, const sk_row_t *row)
{
    sk_sale_def_t       def;
    receipts_sale_t    *sale;
    receipts_ledger_t  *l = ctx;

    switch (sk_ledger_type(&row->type)) {

    case SK_EVENT_WON:
        return receipts_ledger_won(l, row);

    case SK_EVENT_SALE_ADDED:
        return receipts_ledger_added(l, row);

    case SK_EVENT_SALE_EDITED:
        receipts_ledger_def(row, &def);
        return receipts_ledger_edited(l, row, &def);

    case SK_EVENT_SALE_REMOVED:
        sale = receipts_ledger_sale(l, (uint64_t) row->sale);

        if (sale && sale->removed == 0) {
            sale->removed = (uint64_t) row->seq;
            sale->removed_ms = row->at;
        }

        return SK_OK;

    default:
        return SK_OK;
    }
}


static int
receipts_ledger_won(receipts_ledger_t *l, const sk_row_t *row)
{
    char               user[RECEIPTS_TEXT_MAX];
    size_t             len;
    receipts_index_t  *index;

    /* another program's: no receipt is of such a user */

    if (row->user.len > SK_USER_SIZE_MAX) {
        return SK_OK;
    }

    index = receipts_ledger_grow(l->index, l->n_index,
                                 sizeof(receipts_index_t));
    if (index == NULL) {
        return SK_ERROR;
    }

    l->index = index;
    index += l->n_index++;

    len = sk_utf8_mend(user, row->user.data ? row->user.data : "",
                       row->user.len);

    index->hash = receipts_ledger_hash(l, user, len);
    index->order = (uint64_t) row->seq;

    return SK_OK;
}


static int
receipts_ledger_added(receipts_ledger_t *l, const sk_row_t *row)
{
    sk_sale_def_t     def;
    receipts_sale_t  *sale;

    sale = receipts_ledger_grow(l->sales, l->n_sales, sizeof(receipts_sale_t));
    if (sale == NULL) {
        return SK_ERROR;
    }

    l->sales = sale;
    sale += l->n_sales++;

    receipts_ledger_def(row, &def);

    memset(sale, 0, sizeof(receipts_sale_t));

    sale->id = (uint64_t) row->seq;
    sale->name_len = def.name_len;
    memcpy(sale->name, def.name, def.name_len);
    sale->group_len = def.group_len;
    memcpy(sale->group, def.group, def.group_len);

    return receipts_ledger_edited(l, row, &def);
}


static int
receipts_ledger_edited(receipts_ledger_t *l, const sk_row_t *row,
    const sk_sale_def_t *def)
{
    receipts_sale_t   *sale;
    receipts_limit_t  *limit;

    sale = receipts_ledger_sale(l, (uint64_t) row->sale);

    if (sale == NULL
        || (sale->n_limits
            && sale->limits[sale->n_limits - 1].limit == def->limit))
    {
        return SK_OK;
    }

    limit = receipts_ledger_grow(sale->limits, sale->n_limits,
                                 sizeof(receipts_limit_t));
    if (limit == NULL) {
        return SK_ERROR;
    }

    sale->limits = limit;
    limit += sale->n_limits++;

    limit->seq = (uint64_t) row->seq;
    limit->at_ms = row->at;
    limit->limit = def->limit;

    return SK_OK;
}


/* what cannot be read has no name, and verify says so */

static void
receipts_ledger_def(const sk_row_t *row, sk_sale_def_t *def)
{
    json_t  *json;

    *def = sk_sale_initial;

    json = json_loadb(row->detail.data ? row->detail.data : "",
                      row->detail.len, 0, NULL);

    if (json_is_object(json) && sk_json_sale_read(json, def) != SK_OK) {
        *def = sk_sale_initial;
    }

    json_decref(json);
}


receipts_sale_t *
receipts_ledger_sale(receipts_ledger_t *l, uint64_t id)
{
    size_t  low, high, middle;

    for (low = 0, high = l->n_sales; low < high; /* void */ ) {
        middle = low + (high - low) / 2;

        if (l->sales[middle].id == id) {
            return &l->sales[middle];
        }

        if (l->sales[middle].id < id) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return NULL;
}


/* a list with room for one more: its size is a power of two */

static void *
receipts_ledger_grow(void *list, size_t n, size_t size)
{
    if (n & (n - 1)) {
        return list;
    }

    return realloc(list, (n ? 2 * n : 1) * size);
}


static uint64_t
receipts_ledger_hash(receipts_ledger_t *l, const char *user, size_t len)
{
    uint8_t   out[crypto_shorthash_BYTES];
    uint64_t  hash;

    (void) crypto_shorthash(out, (const uint8_t *) user, len, l->key);
    memcpy(&hash, out, sizeof(hash));

    return hash;
}


static int
receipts_ledger_compare(const void *one, const void *two)
{
    const receipts_index_t  *a = one, *b = two;

    if (a->hash != b->hash) {
        return (a->hash > b->hash) ? 1 : -1;
    }

    return (a->order > b->order) - (a->order < b->order);
}


size_t
receipts_ledger_user(receipts_ledger_t *l, const char *user, size_t len,
    const receipts_index_t **first)
{
    size_t    low, high, middle;
    uint64_t  hash;

    hash = receipts_ledger_hash(l, user, len);

    for (low = 0, high = l->n_index; low < high; /* void */ ) {
        middle = low + (high - low) / 2;

        if (l->index[middle].hash < hash) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    *first = l->n_index ? &l->index[low] : NULL;

    for (high = low; high < l->n_index && l->index[high].hash == hash; high++) {
        /* void */
    }

    return high - low;
}
