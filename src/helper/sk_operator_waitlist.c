#include "sk_operator_do.h"


/* who waits for units of a sale, and for how long others may hold them */


int
sk_operator_waitlist(sk_operator_t *o, const sk_value_t *fields,
    const sk_sale_def_t *def)
{
    const char  *field;

    field = fields[sk_sale_at(waitlist)].given ? "waitlist"
            : fields[sk_sale_at(hold_s)].given ? "hold" : NULL;

    if (field == NULL || def->waitlist == 0 || def->hold_s) {
        return SK_OK;
    }

    return sk_operator_reply_refuse(o, SK_STATUS_INVALID, field,
               "%s: a sale with \"waitlist\" needs a hold: units of orders "
               "that are not paid return", field);
}


int
sk_operator_waitlist_fixed(sk_operator_t *o, sk_sale_t *sale,
    const sk_sale_def_t *def)
{
    int64_t  waiting;

    waiting = sk_load(&sale->list.waiting);

    if (def->waitlist >= waiting) {
        return SK_OK;
    }

    return sk_operator_reply_refuse(o, SK_STATUS_CONFLICT, "waitlist",
               "waitlist: %lld users wait, it cannot be %lld",
               (long long) waiting, (long long) def->waitlist);
}
