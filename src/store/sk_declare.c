#include "sk_apply.h"
#include "sk_declare.h"


typedef struct {
    uint64_t  units;            /* of all sales, with those to be added */
    uint32_t  sales;
    uint64_t  seq;              /* of the last event */
} sk_declare_t;


static int sk_declare_anything(sk_drain_t *d);
static int sk_declare_event(sk_drain_t *d, const sk_sale_def_t *def,
    sk_event_t *e);
static int sk_declare_changed(sk_drain_t *d, const sk_sale_def_t *def);
static int sk_declare_append(sk_drain_t *d, sk_declare_t *sum,
    sk_event_t *e);


int
sk_declare(sk_drain_t *d, int64_t now_ms)
{
    int           rc;
    unsigned      i;
    sk_event_t    e;
    sk_declare_t  sum;

    if (!sk_declare_anything(d)) {
        return SK_OK;
    }

    rc = sk_drain_begin(d);

    if (rc != SK_OK) {
        return rc;
    }

    sum.units = d->zone->reserved;
    sum.sales = sk_load(&d->zone->sales.n);
    sum.seq = d->last_seq;

    for (i = 0; i < d->n_sales; i++) {

        if (sk_declare_event(d, &d->sales[i], &e)) {
            e.at_ms = now_ms;
            rc = sk_declare_append(d, &sum, &e);

            if (rc != SK_OK) {
                return rc;
            }
        }
    }

    return sk_drain_commit(d, sum.seq);
}


/* a look before the lock: mostly there is nothing to declare */

static int
sk_declare_anything(sk_drain_t *d)
{
    int                   differs;
    unsigned              i;
    sk_event_t            e;
    const sk_sale_def_t  *def;

    differs = 0;

    for (i = 0; i < d->n_sales; i++) {
        def = &d->sales[i];

        differs |= sk_declare_event(d, def, &e);

        if (e.def.stock > e.declared.stock && sk_declare_changed(d, def)) {
            sk_drain_log(d, SK_LOG_ERR,
                         "sale \"%.*s\": %lld units are held or sold, the "
                         "stock cannot be %lld", (int) def->name_len, def->name,
                         (long long) e.def.stock, (long long) def->stock);
        }
    }

    return differs;
}


/*
 * The event that a declaration makes; 0 if it makes none.  Of a sale that is
 * there it applies what has changed since it was applied before, parameter by
 * parameter: the rest may have been edited since.
 */

static int
sk_declare_event(sk_drain_t *d, const sk_sale_def_t *def, sk_event_t *e)
{
    int64_t         taken;
    sk_sale_t      *sale;
    sk_sale_def_t  *last;

    memset(e, 0, sizeof(sk_event_t));

    e->type = SK_EVENT_SALE_ADDED;
    e->by = SK_DECLARE_BY;
    e->by_len = sizeof(SK_DECLARE_BY) - 1;
    e->def = *def;
    e->declared = *def;

    sale = sk_zone_sale(d->zone, def->name, def->name_len);

    if (sale == NULL) {
        return 1;
    }

    e->type = SK_EVENT_SALE_EDITED;
    e->sale_id = sk_load(&sale->id);

    sk_sale_def(sale, &e->def);

    last = sale->declared.name_len ? &sale->declared : NULL;

    if (last && sk_sale_def_equal(last, def)) {
        return 0;
    }

    if (last == NULL || last->stock != def->stock) {
        taken = sk_load(&sale->held) + sk_load(&sale->sold);
        e->def.stock = (def->stock < taken) ? taken : def->stock;
    }

    if (last == NULL || last->limit != def->limit) {
        e->def.limit = def->limit;
    }

    if (last == NULL || last->hold_s != def->hold_s) {
        e->def.hold_s = def->hold_s;
    }

    if (last == NULL || last->paused != def->paused) {
        e->def.paused = def->paused;
    }

    /* one end without the other's may be no window */

    if (last == NULL || last->start_ms != def->start_ms
        || last->end_ms != def->end_ms)
    {
        e->def.start_ms = def->start_ms;
        e->def.end_ms = def->end_ms;
    }

    return 1;
}


/* whether the stock that is declared is not the one that was applied */

static int
sk_declare_changed(sk_drain_t *d, const sk_sale_def_t *def)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(d->zone, def->name, def->name_len);

    return sale && (sale->declared.name_len == 0
                    || sale->declared.stock != def->stock);
}


static int
sk_declare_append(sk_drain_t *d, sk_declare_t *sum, sk_event_t *e)
{
    char                  reason[SK_REASON_SIZE_MAX];
    uint32_t              sales;
    uint64_t              units;
    sk_sale_t            *sale;
    const sk_sale_def_t  *def;

    def = &e->def;
    sale = sk_zone_sale(d->zone, def->name, def->name_len);

    sales = sum->sales + (sale == NULL);
    units = sum->units + (uint64_t) def->stock
            - (uint64_t) (sale ? sk_load(&sale->stock) : 0);

    if (sk_apply_fits(d->zone, def, units, sales, reason, sizeof(reason))
        != SK_OK)
    {
        /* the other sales go on */
        sk_drain_log(d, SK_LOG_ERR, "%s", reason);
        return SK_OK;
    }

    sum->sales = sales;
    sum->units = units;

    e->seq = ++sum->seq;

    if (sale == NULL) {
        e->sale_id = e->seq;
    }

    return sk_ledger_append(d->ledger, e);
}
