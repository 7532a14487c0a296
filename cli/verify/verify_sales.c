#include <stdlib.h>

#include "verify_sales.h"


#define VERIFY_SALES_SLOTS_MIN   64
#define VERIFY_SALES_PLACES_MIN  64


static uint32_t verify_sales_slot(verify_sales_t *t, int64_t id);
static int verify_sales_grow(verify_sales_t *t);


void
verify_sales_free(verify_sales_t *t)
{
    uint32_t  i;

    for (i = 0; i < t->n; i++) {
        free(t->elts[i].places);
    }

    free(t->elts);
    free(t->slots);
}


uint32_t
verify_sales_get(verify_sales_t *t, int64_t id)
{
    uint32_t        i;
    verify_sale_t  *s;

    if (t->n && t->elts[t->last].id == id) {
        return t->last;
    }

    if ((t->n == 0 || 2 * t->n > t->mask) && verify_sales_grow(t) != SK_OK) {
        return UINT32_MAX;
    }

    i = verify_sales_slot(t, id);

    if (t->slots[i] == 0) {
        s = &t->elts[t->n];

        memset(s, 0, sizeof(verify_sale_t));

        s->id = id;
        s->scope = t->n;
        s->stock = VERIFY_UNKNOWN;
        s->limit = VERIFY_UNKNOWN;

        t->slots[i] = ++t->n;
    }

    t->last = t->slots[i] - 1;

    return t->last;
}


uint32_t
verify_sales_find(verify_sales_t *t, int64_t id)
{
    return t->n ? t->slots[verify_sales_slot(t, id)] - 1 : UINT32_MAX;
}


/* where it is, or belongs */

static uint32_t
verify_sales_slot(verify_sales_t *t, int64_t id)
{
    uint32_t  i;

    i = (uint32_t) (((uint64_t) id * 0x9e3779b97f4a7c15) >> 32) & t->mask;

    while (t->slots[i] && t->elts[t->slots[i] - 1].id != id) {
        i = (i + 1) & t->mask;
    }

    return i;
}


static int
verify_sales_grow(verify_sales_t *t)
{
    uint32_t        n, *slots;
    verify_sale_t  *elts;

    n = t->n ? 2 * (t->mask + 1) : VERIFY_SALES_SLOTS_MIN;

    if (n > VERIFY_SALES_MAX) {
        return SK_ERROR;
    }

    elts = realloc(t->elts, (n / 2 + 1) * sizeof(verify_sale_t));

    if (elts == NULL) {
        return SK_ERROR;
    }

    t->elts = elts;

    slots = calloc(n, sizeof(uint32_t));

    if (slots == NULL) {
        return SK_ERROR;
    }

    free(t->slots);

    t->slots = slots;
    t->mask = n - 1;

    for (n = 0; n < t->n; n++) {
        slots[verify_sales_slot(t, elts[n].id)] = n + 1;
    }

    return SK_OK;
}


/* what was left makes room, once it is half of the list */

int
verify_sales_queue(verify_sale_t *s, int64_t place)
{
    size_t    size;
    int64_t  *places;

    if (s->n_places == s->places_size && s->first > s->n_places / 2) {
        s->n_places -= s->first;
        memmove(s->places, s->places + s->first, s->n_places * sizeof(int64_t));
        s->first = 0;
    }

    if (s->n_places == s->places_size) {
        size = s->places_size ? 2 * s->places_size : VERIFY_SALES_PLACES_MIN;
        places = realloc(s->places, size * sizeof(int64_t));

        if (places == NULL) {
            return SK_ERROR;
        }

        s->places = places;
        s->places_size = size;
    }

    s->places[s->n_places++] = place;

    return SK_OK;
}
