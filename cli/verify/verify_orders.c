#include <stdlib.h>

#include "verify_orders.h"


static int verify_orders_run(verify_orders_t *t, int64_t seq);
static int verify_orders_chunk(verify_orders_t *t);


void
verify_orders_free(verify_orders_t *t)
{
    uint64_t  i;

    for (i = 0; i < t->n; i += VERIFY_ORDERS_CHUNK) {
        free(t->chunks[i / VERIFY_ORDERS_CHUNK]);
    }

    free(t->chunks);
    free(t->runs);
}


verify_order_t *
verify_orders_add(verify_orders_t *t, int64_t seq)
{
    if ((t->n_runs == 0 || seq != t->last + 1)
        && verify_orders_run(t, seq) != SK_OK)
    {
        return NULL;
    }

    if (t->n % VERIFY_ORDERS_CHUNK == 0 && verify_orders_chunk(t) != SK_OK) {
        return NULL;
    }

    t->last = seq;
    t->n++;

    return verify_orders_at(t, t->n - 1);
}


/* their number is a power of two when there is no more room */

static int
verify_orders_run(verify_orders_t *t, int64_t seq)
{
    size_t         n;
    verify_run_t  *runs;

    n = t->n_runs;

    if ((n & (n - 1)) == 0) {
        runs = realloc(t->runs, (n ? 2 * n : 1) * sizeof(verify_run_t));

        if (runs == NULL) {
            return SK_ERROR;
        }

        t->runs = runs;
    }

    t->runs[n].first = seq;
    t->runs[n].at = t->n;
    t->n_runs++;

    return SK_OK;
}


static int
verify_orders_chunk(verify_orders_t *t)
{
    size_t            chunk;
    verify_order_t  **chunks;

    chunk = t->n / VERIFY_ORDERS_CHUNK;
    chunks = realloc(t->chunks, (chunk + 1) * sizeof(verify_order_t *));

    if (chunks == NULL) {
        return SK_ERROR;
    }

    t->chunks = chunks;
    chunks[chunk] = calloc(VERIFY_ORDERS_CHUNK, sizeof(verify_order_t));

    return chunks[chunk] ? SK_OK : SK_ERROR;
}


uint64_t
verify_orders_index(verify_orders_t *t, int64_t seq)
{
    size_t    low, high, middle;
    uint64_t  at, end;

    if (t->n_runs == 0 || seq < t->runs[0].first || seq > t->last) {
        return UINT64_MAX;
    }

    for (low = 0, high = t->n_runs; high - low > 1; /* void */ ) {
        middle = low + (high - low) / 2;

        if (t->runs[middle].first <= seq) {
            low = middle;

        } else {
            high = middle;
        }
    }

    end = (high < t->n_runs) ? t->runs[high].at : t->n;
    at = t->runs[low].at + ((uint64_t) seq - (uint64_t) t->runs[low].first);

    return (at < end) ? at : UINT64_MAX;
}


verify_order_t *
verify_orders_find(verify_orders_t *t, int64_t seq)
{
    uint64_t  i;

    i = verify_orders_index(t, seq);

    return (i == UINT64_MAX) ? NULL : verify_orders_at(t, i);
}
