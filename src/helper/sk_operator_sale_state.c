#include "sk_operator_do.h"


static int sk_operator_sale_paused(sk_operator_t *o, int paused);


int
sk_operator_sale_remove(sk_operator_t *o)
{
    int         rc;
    sk_sale_t  *sale;
    sk_event_t  e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    if (o->declare->leaving) {
        return sk_operator_refuse(o, SK_STATUS_UNAVAILABLE, NULL,
                                  "nginx is being reloaded or stopped: ask "
                                  "again");
    }

    if (sk_declare_has(o->declare, o->command->name, o->command->name_len)) {
        return sk_operator_refuse(o, SK_STATUS_CONFLICT, NULL,
                                  "the configuration declares the sale: "
                                  "remove it there first");
    }

    if (sk_sale_state(sale, o->writer->clock_ms) != SK_SALE_ENDED) {
        return sk_operator_refuse(o, SK_STATUS_CONFLICT, NULL,
                                  "the sale has not ended");
    }

    if (sk_load(&sale->undecided) || sk_load(&sale->held)) {
        return sk_operator_refuse(o, SK_STATUS_CONFLICT, NULL,
                                  "units of the sale are undecided or held");
    }

    memset(&e, 0, sizeof(sk_event_t));

    sk_sale_def(sale, &e.def);

    rc = sk_operator_sale_reply(o, sale, &e.def, SK_STATUS_OK);

    if (rc != SK_OK) {
        return rc;
    }

    e.type = SK_EVENT_SALE_REMOVED;
    e.sale_id = sk_load(&sale->id);

    return sk_operator_append(o, &e);
}


int
sk_operator_sale_pause(sk_operator_t *o)
{
    return sk_operator_sale_paused(o, 1);
}


int
sk_operator_sale_resume(sk_operator_t *o)
{
    return sk_operator_sale_paused(o, 0);
}


static int
sk_operator_sale_paused(sk_operator_t *o, int paused)
{
    int          rc;
    sk_sale_t   *sale;
    sk_event_t   e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    if (sk_sale_state(sale, o->writer->clock_ms) == SK_SALE_ENDED) {
        return sk_operator_refuse(o, SK_STATUS_CONFLICT, NULL,
                                  "the sale has ended");
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SALE_EDITED;

    sk_sale_def(sale, &e.def);

    e.def.paused = paused;

    return sk_operator_sale_put(o, sale, &e);
}


int
sk_operator_sale_end(sk_operator_t *o)
{
    int          rc;
    sk_sale_t   *sale;
    sk_event_t   e;

    sale = sk_operator_sale_command(o, &rc);

    if (sale == NULL) {
        return rc;
    }

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SALE_EDITED;

    sk_sale_def(sale, &e.def);

    if (sk_sale_state(sale, o->writer->clock_ms) != SK_SALE_ENDED) {

        /* also before its start, which it keeps for another end */

        e.def.end_ms = o->writer->clock_ms;
    }

    return sk_operator_sale_put(o, sale, &e);
}
