#include "sk_declare.h"


typedef struct {
    uint64_t  units;            /* of all sales, with those to be added */
    uint32_t  sales;
} sk_declare_sum_t;


static int sk_declare_anything(sk_declare_t *d, sk_writer_t *w);
static void sk_declare_group(sk_writer_t *w, const sk_sale_def_t *def);
static int sk_declare_event(sk_writer_t *w, const sk_sale_def_t *def,
    sk_event_t *e, const char **kept);
static int sk_declare_changed(sk_zone_t *zone, const sk_sale_def_t *def);
static int sk_declare_append(sk_writer_t *w, sk_declare_sum_t *sum,
    sk_event_t *e);


int
sk_declare_work(sk_declare_t *d, sk_writer_t *w)
{
    int               rc;
    unsigned          i;
    const char       *kept;
    sk_event_t        e;
    sk_declare_sum_t  sum;

    if (!sk_declare_anything(d, w)) {
        d->done = 1;
        return SK_OK;
    }

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    sum.units = w->zone->reserved;
    sum.sales = sk_load(&w->zone->sales.n);

    for (i = 0; i < d->n_sales; i++) {

        if (!sk_declare_event(w, &d->sales[i], &e, &kept)) {
            continue;
        }

        rc = sk_declare_append(w, &sum, &e);

        if (rc == SK_FULL) {

            /* the rest in another commit */

            rc = sk_writer_commit(w);

            return (rc == SK_OK) ? SK_MORE : rc;
        }

        if (rc != SK_OK) {
            return rc;
        }
    }

    rc = sk_writer_commit(w);

    d->done = (rc == SK_OK);

    return rc;
}


int
sk_declare_has(const sk_declare_t *d, const char *name, size_t len)
{
    unsigned  i;

    for (i = 0; i < d->n_sales; i++) {
        if (d->sales[i].name_len == len
            && memcmp(d->sales[i].name, name, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* a look before the lock: mostly there is nothing to declare */

static int
sk_declare_anything(sk_declare_t *d, sk_writer_t *w)
{
    int                   differs;
    unsigned              i;
    const char           *kept;
    sk_event_t            e;
    const sk_sale_def_t  *def;

    differs = 0;

    for (i = 0; i < d->n_sales; i++) {
        def = &d->sales[i];

        differs |= sk_declare_event(w, def, &e, &kept);

        if (kept) {
            sk_log(&w->log, SK_LOG_ERR,
                   "sale \"%.*s\": its start, end and shuffle stay as they "
                   "are: %s", (int) def->name_len, def->name, kept);
        }

        sk_declare_group(w, def);

        if (e.def.stock > e.declared.stock
            && sk_declare_changed(w->zone, def))
        {
            sk_log(&w->log, SK_LOG_ERR,
                   "sale \"%.*s\": %lld units are held or sold, the stock "
                   "cannot be %lld", (int) def->name_len, def->name,
                   (long long) e.def.stock, (long long) def->stock);
        }
    }

    return differs;
}


/* a group is what a sale was made with: who has units of it is found by that */

static void
sk_declare_group(sk_writer_t *w, const sk_sale_def_t *def)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(w->zone, def->name, def->name_len);

    if (sale && !sk_sale_of_group(sale, def)) {
        sk_log(&w->log, SK_LOG_ERR,
               "sale \"%.*s\": its group is \"%.*s\" and cannot be \"%.*s\"",
               (int) def->name_len, def->name,
               (int) sk_load(&sale->group_len), sale->group,
               (int) def->group_len, def->group);
    }
}


/*
 * The event that a declaration makes; 0 if it makes none.  Of a sale that is
 * there it applies what has changed since it was applied before, parameter by
 * parameter: the rest may have been edited since.  "kept" says why the sale's
 * window stays as it is all the same; NULL: it does not.
 */

static int
sk_declare_event(sk_writer_t *w, const sk_sale_def_t *def, sk_event_t *e,
    const char **kept)
{
    int64_t         taken, waiting;
    sk_zone_t      *zone;
    sk_sale_t      *sale;
    const char     *field;
    sk_sale_def_t  *last;

    zone = w->zone;
    *kept = NULL;

    memset(e, 0, sizeof(sk_event_t));

    e->type = SK_EVENT_SALE_ADDED;
    e->by = SK_DECLARE_BY;
    e->by_len = sizeof(SK_DECLARE_BY) - 1;
    e->def = *def;
    e->declared = *def;
    memcpy(e->machine, zone->shared.name, sizeof(e->machine));

    sale = sk_zone_sale(zone, def->name, def->name_len);

    if (sale == NULL) {
        return 1;
    }

    e->type = SK_EVENT_SALE_EDITED;
    e->sale_id = sk_load(&sale->id);

    sk_sale_def(sale, &e->def);

    last = sale->declared.name_len ? &sale->declared : NULL;

    if (last == NULL && sale->elsewhere) {

        /* another machine has said what it is: from now on this one's changes
           are applied, too */

        return 1;
    }

    if (last && sk_sale_def_equal(last, def)) {
        return 0;
    }

    sk_sale_declare(&e->def, def, last);

    *kept = sk_sale_fixed(sale, &e->def, w->clock_ms, &field);

    if (*kept) {
        e->def.start_ms = sk_load(&sale->start_ms);
        e->def.end_ms = sk_load(&sale->end_ms);
        e->def.shuffle_s = sk_load(&sale->shuffle_s);
    }

    if (last == NULL || last->stock != def->stock) {
        taken = sk_load(&sale->held) + sk_load(&sale->sold);
        e->def.stock = (def->stock < taken) ? taken : def->stock;
    }

    /* who waits keeps his place */

    waiting = sk_load(&sale->list.waiting);

    if (e->def.waitlist < waiting) {
        e->def.waitlist = waiting;
    }

    /* and is not sold a unit that he may not want any more */

    if (e->def.waitlist && e->def.hold_s == 0) {
        e->def.hold_s = sk_load(&sale->hold_s);
    }

    return 1;
}


/* whether the stock that is declared is not the one that was applied */

static int
sk_declare_changed(sk_zone_t *zone, const sk_sale_def_t *def)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale(zone, def->name, def->name_len);

    if (sale == NULL || (sale->declared.name_len == 0 && sale->elsewhere)) {
        return 0;
    }

    return sale->declared.name_len == 0
           || sale->declared.stock != def->stock;
}


static int
sk_declare_append(sk_writer_t *w, sk_declare_sum_t *sum, sk_event_t *e)
{
    int                   rc;
    char                  reason[SK_REASON_SIZE_MAX];
    uint32_t              sales;
    uint64_t              units;
    sk_sale_t            *sale;
    const sk_sale_def_t  *def;

    def = &e->def;
    sale = sk_zone_sale(w->zone, def->name, def->name_len);

    sales = sum->sales + (sale == NULL);
    units = sum->units + (uint64_t) sk_sale_def_room(def)
            - (uint64_t) (sale ? sk_sale_room(sale) : 0);

    if (sk_apply_fits(w->zone, def, units, sales, reason, sizeof(reason))
        != SK_OK)
    {
        /* the other sales go on */
        sk_log(&w->log, SK_LOG_ERR, "%s", reason);
        return SK_OK;
    }

    rc = sk_writer_opening(w, e);

    if (rc == SK_REFUSED) {
        sk_log(&w->log, SK_LOG_ERR, "sale \"%.*s\" has \"shuffle\": machines "
               "that share a ledger need \"secret=\" of \"seckill_zone\" for "
               "it", (int) def->name_len, def->name);
        return SK_OK;
    }

    if (rc != SK_OK) {
        return rc;
    }

    sum->sales = sales;
    sum->units = units;

    return sk_writer_append(w, e);
}
