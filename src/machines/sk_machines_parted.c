#include <inttypes.h>
#include <stdio.h>

#include "sk_machines_log.h"


/* a ledger and a log that are not of one history: where they part */


static int sk_machines_parted_find(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head, uint64_t *last, unsigned *known);
static int sk_machines_parted_told(void *ctx, const sk_event_t *e);


int
sk_machines_parted(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head)
{
    int       rc;
    uint64_t  last;
    unsigned  known;

    sk_machines_answer_drop(m);

    if (m->parted && sk_head_equal(&m->parted_tail, &m->answer.tail)) {

        /* as it was */

        return sk_machines_fail(m, SK_ERROR, "%s", m->parted_said);
    }

    rc = sk_machines_parted_find(m, ledger, head, &last, &known);

    if (rc != SK_OK) {
        return rc;
    }

    if (m->parted != last + 1 && known) {
        (void) sk_ledger_read(ledger, last, SK_MACHINES_PARTED_TOLD,
                              sk_machines_parted_told, m);
    }

    m->parted = last + 1;
    m->parted_tail = m->answer.tail;

    if (known) {
        (void) snprintf(m->parted_said, sizeof(m->parted_said), "this ledger "
                        "and the log part at event %" PRIu64 ": what this "
                        "machine alone has told are its events %" PRIu64
                        " to %" PRIu64 ", see /api/events?after=%" PRIu64,
                        m->parted, m->parted, head->number, last);

    } else {
        (void) snprintf(m->parted_said, sizeof(m->parted_said), "this ledger "
                        "and the log part at event %" PRIu64 " or before, "
                        "where the log does not reach: compare this machine's "
                        "orders with another one's", m->parted);
    }

    return sk_machines_fail(m, SK_ERROR, "%s", m->parted_said);
}


/* "last": up to that event they are the same; "known": the log says so, it has
   kept it */

static int
sk_machines_parted_find(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head, uint64_t *last, unsigned *known)
{
    int                 rc;
    char                chain[SK_CHAIN_HEX_SIZE];
    uint64_t            low, high, middle, first;
    sk_head_t           then;
    sk_machines_head_t  text;

    *last = 0;
    *known = 1;

    low = 0;
    high = head->number;

    while (low < high) {
        middle = low + (high - low + 1) / 2;

        rc = sk_ledger_head_at(ledger, middle, &then);

        if (rc != SK_OK) {
            return sk_machines_fail_ledger(m, rc);
        }

        if (then.number <= low) {
            high = middle - 1;
            continue;
        }

        rc = sk_machines_call_look(m, then.number, chain, &first);

        if (rc != SK_OK) {
            return rc;
        }

        sk_machines_call_text(&then, &text);

        if (strcmp(text.chain, chain) == 0 || then.number < first) {
            low = then.number;
            *known = (then.number >= first);

        } else {
            high = then.number - 1;
        }
    }

    *last = low;

    return SK_OK;
}


static int
sk_machines_parted_told(void *ctx, const sk_event_t *e)
{
    sk_machines_t *m = ctx;

    static const char *const  names[SK_EVENT_N] = {
#define X(constant, name)  name,
        SK_EVENT_TABLE(X)
#undef X
    };

    sk_log(m->log, SK_LOG_ERR, "told by this machine alone: event "
           "%" PRIu64 ", %s%s%.*s", e->seq, names[e->type],
           sk_event_of_user(e->type) ? " " : "",
           sk_event_of_user(e->type) ? (int) e->user_len : 0,
           sk_event_of_user(e->type) ? e->user : "");

    return SK_OK;
}
