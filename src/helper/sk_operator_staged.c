#include "sk_operator_do.h"


void
sk_operator_staged(sk_operator_t *o, const sk_event_t *e,
    sk_operator_staged_t *staged)
{
    int                units;
    unsigned           i;
    const sk_event_t  *other;

    memset(staged, 0, sizeof(sk_operator_staged_t));

    for (i = 0; i < o->writer->n_events; i++) {
        other = &o->writer->events[i];

        /* in force then, and not before; or the other way round */

        units = (other->type == SK_EVENT_PAID && other->late) ? 1
                : (other->type == SK_EVENT_EXPIRED
                   || other->type == SK_EVENT_CANCELLED) ? -1 : 0;

        if (other->sale_id == e->sale_id) {
            staged->stock -= other->withdrawn;
            staged->free -= units + (int) other->withdrawn;
        }

        if (other->key.hi == e->key.hi && other->key.lo == e->key.lo) {
            staged->won += units;
        }
    }
}
