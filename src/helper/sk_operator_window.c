#include "sk_operator_do.h"


/* when a sale is open, and for whom: start, end and shuffle */


int
sk_operator_window(sk_operator_t *o, const sk_value_t *fields,
    const sk_sale_def_t *def)
{
    const char  *field, *what;

    field = fields[sk_sale_at(end_ms)].given ? "end"
            : fields[sk_sale_at(start_ms)].given ? "start"
            : fields[sk_sale_at(shuffle_s)].given ? "shuffle" : NULL;

    if (field == NULL) {
        return SK_OK;
    }

    what = NULL;

    if (def->shuffle_s && sk_sale_is_null(sk_sale_at(start_ms), def->start_ms))
    {
        field = fields[sk_sale_at(start_ms)].given ? "start" : "shuffle";
        what = "a sale with \"shuffle\" needs a start";

    } else if (def->start_ms >= def->end_ms) {
        what = "the end has to be after the start";

    } else if (def->end_ms - def->start_ms <= def->shuffle_s * 1000) {
        what = "the end has to be after the start and \"shuffle\"";
    }

    return what ? sk_operator_reply_refuse(o, SK_STATUS_INVALID, field,
                                           "%s: %s", field, what)
                : SK_OK;
}


int
sk_operator_window_fixed(sk_operator_t *o, sk_sale_t *sale,
    const sk_sale_def_t *def)
{
    const char  *field, *why;

    why = sk_sale_fixed(sale, def, o->writer->clock_ms, &field);

    return why ? sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, field,
                                          "%s: %s", field, why)
               : SK_OK;
}


int
sk_operator_window_opening(sk_operator_t *o, sk_event_t *e)
{
    int  rc;

    rc = sk_writer_opening(o->writer, e);

    return (rc != SK_REFUSED) ? rc
           : sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, "shuffle",
                 "shuffle: machines that share a ledger need \"secret=\" of "
                 "\"seckill_zone\", the same for all");
}
