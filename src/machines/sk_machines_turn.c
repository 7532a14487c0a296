#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "sk_machines_log.h"


/* how the ledger and the log go together */

typedef enum {
    SK_MACHINES_SAME = 0,
    SK_MACHINES_LONGER,         /* the log: it goes on from the ledger */
    SK_MACHINES_SHORTER,        /* the log: the ledger goes on from it */
    SK_MACHINES_TRIMMED,        /* not known: the log begins later */
    SK_MACHINES_PARTED
} sk_machines_relation_e;


static int sk_machines_turn_compare(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head, sk_machines_relation_e *relation);
static int sk_machines_turn_go(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head, sk_machines_relation_e relation, int open);
static int sk_machines_turn_closed(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);
static int sk_machines_turn_open(sk_machines_t *m, sk_ledger_t *ledger);
static void sk_machines_turn_reign(sk_machines_t *m);


int
sk_machines_turn(sk_machines_t *m, sk_ledger_t *ledger, const sk_head_t *head)
{
    int                      rc, open;
    sk_machines_relation_e   relation;

    open = (strcmp(m->answer.opened, m->answer.reign) == 0);

    if (!open && !m->answer.reported) {

        /* a report's answer says more */

        sk_machines_answer_drop(m);

        return SK_MORE;
    }

    if (!sk_head_equal(&m->from, head)) {

        /* it was asked for another end than the ledger has */

        sk_machines_answer_drop(m);

        return SK_MORE;
    }

    if (open || m->answer.members || m->answer.tail.number) {

        /* there is nothing to begin any more */

        sk_store(&m->zone->shared.begins, 0);
    }

    sk_machines_turn_reign(m);

    rc = sk_machines_ledger_enter(m, ledger);

    if (rc != SK_OK) {
        return rc;
    }

    rc = sk_machines_turn_compare(m, ledger, head, &relation);

    if (rc != SK_OK) {
        return sk_machines_fail_ledger(m, rc);
    }

    if (open || (relation != SK_MACHINES_SAME
                 && relation != SK_MACHINES_LONGER))
    {
        /* what was found is said again when it is found again */

        m->found_reign[0] = '\0';
    }

    return sk_machines_turn_go(m, ledger, head, relation, open);
}


static int
sk_machines_turn_go(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head, sk_machines_relation_e relation, int open)
{
    switch (relation) {

    case SK_MACHINES_PARTED:
        return sk_machines_parted(m, ledger, head);

    case SK_MACHINES_TRIMMED:
        return sk_machines_fail(m, SK_ERROR, "the log begins with event "
                   "%" PRIu64 ", this ledger ends at %" PRIu64 ": restore a "
                   "backup of another machine's store", m->answer.first,
                   head->number);

    case SK_MACHINES_SHORTER:
        return open ? sk_machines_parted(m, ledger, head)
                    : sk_machines_restore(m, ledger, head);

    case SK_MACHINES_LONGER:

        if (open && m->answer.standing) {
            return sk_machines_ledger_follow(m, ledger);
        }

        break;

    default: /* SK_MACHINES_SAME */
        break;
    }

    return open ? sk_machines_turn_open(m, ledger)
                : sk_machines_turn_closed(m, ledger, head);
}


static int
sk_machines_turn_compare(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head, sk_machines_relation_e *relation)
{
    int               rc;
    sk_head_t         then;
    const sk_head_t  *tail;

    tail = &m->answer.tail;

    if (tail->number == head->number) {
        *relation = sk_head_equal(tail, head) ? SK_MACHINES_SAME
                                              : SK_MACHINES_PARTED;
        return SK_OK;
    }

    if (tail->number < head->number) {
        rc = sk_ledger_head_at(ledger, tail->number, &then);

        *relation = (rc == SK_OK && sk_head_equal(tail, &then))
                    ? SK_MACHINES_SHORTER : SK_MACHINES_PARTED;
        return rc;
    }

    if (m->answer.mine[0]) {
        *relation = (strcmp(m->answer.mine, m->from_text.chain) == 0)
                    ? SK_MACHINES_LONGER : SK_MACHINES_PARTED;
        return SK_OK;
    }

    /* of the first commit that is kept it can be seen whether it follows */

    *relation = sk_machines_ledger_links(m) ? SK_MACHINES_LONGER
                : (m->answer.first == 0 || m->answer.first > head->number)
                ? SK_MACHINES_TRIMMED : SK_MACHINES_PARTED;

    return SK_OK;
}


/* nobody appends yet: all members have to say that the log goes on */

static int
sk_machines_turn_closed(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head)
{
    if (strcmp(m->found_reign, m->answer.reign) != 0
        || !sk_head_equal(&m->found, &m->answer.tail))
    {
        memcpy(m->found_reign, m->answer.reign, SK_REIGN_SIZE);
        m->found = m->answer.tail;

        sk_machines_answer_drop(m);

        return SK_MORE;
    }

    if (m->answer.members) {
        return sk_machines_fail(m, SK_ERROR, "the log is not open in this "
                   "reign of %s, it waits for%s", sk_redis_address(m->redis),
                   m->answer.waiting);
    }

    /* without members it belongs to who has all of it and never shared it, or
       has the word to begin */

    if (m->answer.tail.number == head->number
        && (head->number ? !m->machine.joined
                         : sk_load(&m->zone->shared.begins)))
    {
        return sk_machines_ledger_join(m, ledger, 1);
    }

    if (m->answer.tail.number) {
        return sk_machines_fail(m, SK_ERROR, "the log has no members, it waits "
                   "for a machine that has all of it");
    }

    return sk_machines_fail(m, SK_ERROR, "the log is empty, it waits for a "
               "machine that has a ledger; if there is none yet, one machine "
               "is to begin: POST /api/machines/%s/begin", m->conf.name);
}


static int
sk_machines_turn_open(sk_machines_t *m, sk_ledger_t *ledger)
{
    if (m->answer.member[0] == '\0') {
        return sk_machines_ledger_join(m, ledger, 0);
    }

    if (!m->answer.standing) {
        return sk_machines_fail(m, SK_ERROR, "this machine has joined, it "
                   "waits until that is on the disk of one of%s",
                   m->answer.waiting);
    }

    sk_machines_answer_drop(m);

    return SK_OK;
}


static void
sk_machines_turn_reign(sk_machines_t *m)
{
    sk_shared_t  *shared;

    shared = &m->zone->shared;

    if (strcmp(shared->reign, m->answer.reign) == 0) {
        return;
    }

    if (shared->reign[0]) {
        sk_add(&shared->reigns, 1);

        sk_log(m->log, SK_LOG_NOTICE, "%s is in another reign, the log %s",
               sk_redis_address(m->redis),
               strcmp(m->answer.opened, m->answer.reign) == 0
               ? "is open in it" : "is to be opened");
    }

    sk_zone_lock(m->zone);
    memcpy(shared->reign, m->answer.reign, SK_REIGN_SIZE);
    sk_zone_unlock(m->zone);
}
