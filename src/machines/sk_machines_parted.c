#include <inttypes.h>
#include <stdio.h>

#include "sk_machines_log.h"


/* a ledger and a log that are not of one history: where they part */


typedef struct {
    sk_machines_t  *m;
    unsigned        n;
} sk_machines_parted_t;


static int sk_machines_parted_told(void *ctx, const sk_event_t *e);


int
sk_machines_parted(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head)
{
    int                 rc;
    char                chain[SK_CHAIN_HEX_SIZE];
    uint64_t            low, high, middle;
    sk_head_t           then;
    sk_machines_head_t  text;
    sk_machines_parted_t  told;

    sk_machines_answer_drop(m);

    if (m->parted && sk_head_equal(&m->parted_tail, &m->answer.tail)) {

        /* as it was */

        return sk_machines_fail(m, SK_ERROR, "%s", m->parted_said);
    }

    /* up to "low" they are the same, if the log has kept so much */

    low = 0;
    high = head->number;

    while (low < high) {
        middle = low + (high - low + 1) / 2;

        rc = sk_ledger_head_at(ledger, middle, &then);

        if (rc != SK_OK) {
            return sk_machines_fail(m, rc, "%s", sk_ledger_error(ledger));
        }

        if (then.number <= low) {
            high = middle - 1;
            continue;
        }

        rc = sk_machines_call_look(m, then.number, chain);

        if (rc != SK_OK) {
            return rc;
        }

        sk_machines_call_text(&then, &text);

        if (strcmp(text.chain, chain) == 0) {
            low = then.number;

        } else {
            high = then.number - 1;
        }
    }

    if (m->parted != low + 1) {
        m->parted = low + 1;

        told.m = m;
        told.n = 0;

        (void) sk_ledger_read(ledger, low, SK_MACHINES_PARTED_TOLD,
                              sk_machines_parted_told, &told);
    }

    m->parted_tail = m->answer.tail;

    (void) snprintf(m->parted_said, sizeof(m->parted_said), "this ledger and "
                    "the log part at event %" PRIu64 ": what this machine "
                    "alone has told are its events %" PRIu64 " to %" PRIu64 ", "
                    "see /api/events?after=%" PRIu64, m->parted, m->parted,
                    head->number, low);

    return sk_machines_fail(m, SK_ERROR, "%s", m->parted_said);
}


static int
sk_machines_parted_told(void *ctx, const sk_event_t *e)
{
    sk_machines_parted_t *told = ctx;

    static const char *const  names[SK_EVENT_N] = {
#define X(constant, name)  name,
        SK_EVENT_TABLE(X)
#undef X
    };

    told->n++;

    sk_log(told->m->log, SK_LOG_ERR, "told by this machine alone: event "
           "%" PRIu64 ", %s%s%.*s", e->seq, names[e->type],
           sk_event_of_order(e->type) ? " " : "",
           sk_event_of_order(e->type) ? (int) e->user_len : 0,
           sk_event_of_order(e->type) ? e->user : "");

    return SK_OK;
}
