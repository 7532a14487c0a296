#include "sk_sale.h"


const char *const  sk_sale_states[SK_SALE_STATE_N] = {
#define X(constant, name)  name,
    SK_SALE_STATE_TABLE(X)
#undef X
};


const char *const  sk_orders[SK_ORDER_N] = {
#define X(constant, name)  name,
    SK_ORDER_TABLE(X)
#undef X
};


const sk_field_t  sk_sale_fields[SK_SALE_FIELDS] = {
    SK_SALE_TABLE(SK_SALE_FIELD)
};


/* a field is a number, and a directive's parameter is never below 0 */

#define X(member, name, type, when, nullable, min, max, initial, allowed)    \
    _Static_assert((type) != SK_FIELD_TEXT && (type) != SK_FIELD_OBJECT,     \
                   "a sale's " name " has to be a number");                  \
    _Static_assert(!((when) & SK_FIELD_DECLARE) || (min) >= 0,               \
                   "a sale's " name " cannot be declared below 0");
SK_SALE_TABLE(X)
#undef X


const char *const  sk_sale_members[SK_SALE_FIELDS] = {
#define X(member, ...)  #member,
    SK_SALE_TABLE(X)
#undef X
};


const sk_sale_def_t  sk_sale_initial = {
#define X(member, name, type, when, nullable, min, max, initial, allowed)    \
    .member = initial,
    SK_SALE_TABLE(X)
#undef X
};


static uint64_t sk_sales_key_id(sk_sales_t *s, uint64_t id,
    const sk_sale_def_t *def);


/* at least twice as many places as sales, a power of two */

static uint32_t
sk_sales_index_n(uint32_t sales)
{
    uint32_t  n;

    for (n = 2; n < 2 * sales; n *= 2) { /* void */ }

    return n;
}


size_t
sk_sales_size(uint32_t sales)
{
    size_t  size;

    size = sales * sizeof(sk_sale_t)
           + sk_sales_index_n(sales) * sizeof(uint32_t);

    return (size + SK_CACHE_LINE - 1) & ~((size_t) SK_CACHE_LINE - 1);
}


void
sk_sales_init(sk_sales_t *s, void *memory, uint32_t sales)
{
    s->elts = memory;
    s->n_max = sales;
    s->index = (_Atomic uint32_t *) (s->elts + sales);
    s->index_mask = sk_sales_index_n(sales) - 1;

    sk_store(&s->n, 0);
}


sk_sale_t *
sk_sales_find(sk_sales_t *s, uint64_t hash, const char *name, size_t len)
{
    uint32_t    i, n, slot;
    sk_sale_t  *sale;

    if (len == 0) {
        /* those that were removed have no name */
        return NULL;
    }

    i = (uint32_t) hash & s->index_mask;

    for (n = 0; n <= s->index_mask; n++) {
        slot = sk_load_acquire(&s->index[i]);

        if (slot == 0) {
            return NULL;
        }

        sale = &s->elts[slot - 1];

        if (sk_load(&sale->name_len) == len
            && memcmp(sale->name, name, len) == 0)
        {
            return sale;
        }

        i = (i + 1) & s->index_mask;
    }

    return NULL;
}


sk_sale_t *
sk_sales_add(sk_sales_t *s, uint64_t hash, uint64_t id,
    const sk_sale_def_t *def)
{
    uint32_t    slot;
    sk_sale_t  *sale;

    slot = sk_load(&s->n);

    if (slot == s->n_max) {
        return NULL;
    }

    sale = &s->elts[slot];

    memset(sale, 0, sizeof(sk_sale_t));

    sk_sale_name(sale, def);
    sk_sale_edit(sale, def);
    sk_store(&sale->id, id);
    sk_store(&sale->key_id, sk_sales_key_id(s, id, def));

    sk_store_release(&s->n, slot + 1);

    sk_sales_index(s, hash, sale);

    return sale;
}


/* that of the group, as long as there is a sale of it */

static uint64_t
sk_sales_key_id(sk_sales_t *s, uint64_t id, const sk_sale_def_t *def)
{
    uint32_t    slot;
    sk_sale_t  *sale;

    for (slot = def->group_len ? sk_load(&s->n) : 0; slot > 0; slot--) {
        sale = &s->elts[slot - 1];

        if (!sk_sale_removed(sale) && sk_sale_of_group(sale, def)) {
            return sk_load(&sale->key_id);
        }
    }

    return id;
}


int
sk_sale_of_group(sk_sale_t *sale, const sk_sale_def_t *def)
{
    return sk_load(&sale->group_len) == def->group_len
           && memcmp(sale->group, def->group, def->group_len) == 0;
}


void
sk_sales_index(sk_sales_t *s, uint64_t hash, sk_sale_t *sale)
{
    uint32_t  i;

    if (sk_sales_find(s, hash, sale->name,
                      sk_load(&sale->name_len))) {
        return;
    }

    i = (uint32_t) hash & s->index_mask;

    while (sk_load(&s->index[i])) {
        i = (i + 1) & s->index_mask;
    }

    sk_store_release(&s->index[i], sk_sale_slot(s, sale) + 1);
}


void
sk_sale_name(sk_sale_t *sale, const sk_sale_def_t *def)
{
    memcpy(sale->name, def->name, def->name_len);
    sk_store(&sale->name_len, (uint32_t) def->name_len);

    memcpy(sale->group, def->group, def->group_len);
    sk_store(&sale->group_len, (uint32_t) def->group_len);
}


void
sk_sale_edit(sk_sale_t *sale, const sk_sale_def_t *def)
{
    unsigned  i;

    sk_add(&sale->free, def->stock - sk_load(&sale->stock));

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        sk_store(&sale->values[i], def->values[i]);
    }
}


void
sk_sale_def(sk_sale_t *sale, sk_sale_def_t *def)
{
    unsigned  i;

    memset(def, 0, sizeof(sk_sale_def_t));

    def->name_len = sk_load(&sale->name_len);
    memcpy(def->name, sale->name, def->name_len);

    def->group_len = sk_load(&sale->group_len);
    memcpy(def->group, sale->group, def->group_len);

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        def->values[i] = sk_load(&sale->values[i]);
    }
}


int
sk_sale_def_equal(const sk_sale_def_t *a, const sk_sale_def_t *b)
{
    return a->name_len == b->name_len
           && memcmp(a->name, b->name, a->name_len) == 0
           && memcmp(a->values, b->values, sizeof(a->values)) == 0;
}


void
sk_sale_declare(sk_sale_def_t *def, const sk_sale_def_t *declared,
    const sk_sale_def_t *last)
{
    unsigned  i;

    for (i = 0; i < SK_SALE_FIELDS; i++) {
        if ((sk_sale_fields[i].when & SK_FIELD_DECLARE)
            && (last == NULL || last->values[i] != declared->values[i]))
        {
            def->values[i] = declared->values[i];
        }
    }

    /* one of them without the others may be no window */

    if (last && (last->start_ms != declared->start_ms
                 || last->end_ms != declared->end_ms
                 || last->shuffle_s != declared->shuffle_s))
    {
        def->start_ms = declared->start_ms;
        def->end_ms = declared->end_ms;
        def->shuffle_s = declared->shuffle_s;
    }
}


void
sk_sale_remove(sk_sale_t *sale)
{
    sk_store(&sale->name_len, 0);

    sk_add(&sale->free, -sk_load(&sale->stock));
    sk_store(&sale->stock, 0);
    sk_store(&sale->waitlist, 0);
    sk_store(&sale->list.left, sk_load(&sale->list.joined));
}


sk_sale_state_e
sk_sale_state(sk_sale_t *sale, int64_t now_ms)
{
    if (now_ms >= sk_load(&sale->end_ms)) {
        return SK_SALE_ENDED;
    }

    if (now_ms < sk_load(&sale->start_ms)) {
        return SK_SALE_SCHEDULED;
    }

    if (sk_load(&sale->paused)) {
        return SK_SALE_PAUSED;
    }

    return (sk_load(&sale->free) > 0) ? SK_SALE_OPEN : SK_SALE_SOLD_OUT;
}


int
sk_sale_name_valid(const char *name, size_t len)
{
    size_t  i;
    char    ch;

    if (len == 0 || len > SK_NAME_SIZE_MAX) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        ch = name[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || ch == '.' || ch == '_' || ch == '-')
        {
            continue;
        }

        return 0;
    }

    return 1;
}


int
sk_sale_opens_in(sk_sale_t *sale, const char *user, size_t len, int64_t now_ms,
    int64_t *ms)
{
    uint64_t        hash;
    const uint8_t  *seed;

    seed = sk_opening_seed(&sale->opening);

    if (seed == NULL) {
        return SK_NOT_FOUND;
    }

    hash = sk_opening_hash(seed, sale->name, sk_load(&sale->name_len), user,
                           len);

    *ms = sk_opening_offset(hash, sk_load(&sale->shuffle_s))
          - (now_ms - sk_load(&sale->start_ms));

    return SK_OK;
}


const char *
sk_sale_fixed(sk_sale_t *sale, const sk_sale_def_t *def, int64_t now_ms,
    const char **field)
{
    int64_t  start_ms, shuffle_s;

    start_ms = sk_load(&sale->start_ms);
    shuffle_s = sk_load(&sale->shuffle_s);

    if (def->shuffle_s != shuffle_s && now_ms >= start_ms
        && now_ms >= def->start_ms)
    {
        *field = "shuffle";
        return "the sale has started";
    }

    /* who knows the seed knows everybody's opening */

    if ((def->shuffle_s != shuffle_s || def->start_ms != start_ms)
        && def->shuffle_s && sk_load(&sale->opening.revealed)
        && now_ms - def->start_ms < def->shuffle_s * 1000)
    {
        *field = (def->start_ms != start_ms) ? "start" : "shuffle";
        return "the seed has been revealed, the window cannot come again";
    }

    return NULL;
}
