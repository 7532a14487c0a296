#include <inttypes.h>

#include "sk_machines_log.h"


static int sk_machines_restore_put(sk_machines_t *m, sk_ledger_t *ledger,
    sk_head_t *next);
static int sk_machines_restore_seed(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);


/*
 * Redis has lost what this machine has told: it puts it back, commit by commit.
 * Others may do the same at the same time.
 */

int
sk_machines_restore(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head)
{
    int        rc;
    unsigned   n;
    sk_head_t  next;

    rc = sk_machines_ledger_hold(m, ledger);

    if (rc != SK_OK) {
        sk_machines_answer_drop(m);
        return rc;
    }

    if (m->answer.tail.number == 0 && m->conf.keep
        && head->number > m->conf.keep)
    {
        rc = sk_machines_restore_seed(m, ledger, head);

        if (rc != SK_NOT_FOUND) {
            sk_ledger_rollback(ledger);
            return rc;
        }
    }

    next = m->answer.tail;

    for (n = 0; n < SK_MACHINES_RESTORE_MAX && next.number < head->number; n++)
    {
        sk_store(&m->zone->beat_us, sk_monotonic_us());

        rc = sk_machines_restore_put(m, ledger, &next);

        if (rc != SK_OK) {
            break;
        }
    }

    sk_ledger_rollback(ledger);

    sk_add(&m->zone->shared.restored, n);

    if (n) {
        sk_log(m->log, SK_LOG_NOTICE, "%u commits put back, up to event "
               "%" PRIu64 " of %" PRIu64, n, next.number, head->number);
    }

    sk_machines_answer_drop(m);

    return (rc == SK_OK || rc == SK_BEHIND) ? SK_MORE : rc;
}


/* the commit after "next" */

static int
sk_machines_restore_put(sk_machines_t *m, sk_ledger_t *ledger, sk_head_t *next)
{
    int          rc;
    sk_commit_t  commit;

    rc = sk_ledger_read_commit(ledger, next, &commit);

    if (rc != SK_OK) {
        return sk_machines_fail(m, rc == SK_NOT_FOUND ? SK_ERROR : rc, "%s",
                                sk_ledger_error(ledger));
    }

    rc = sk_machines_call_restore(m, &commit);

    if (rc == SK_OK) {
        *next = commit.head;
    }

    return rc;
}


/* of a log that keeps N events only as many are put back */

static int
sk_machines_restore_seed(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head)
{
    int                 rc;
    unsigned            n = 0;
    sk_commit_t         commit;
    sk_ledger_member_t  members[SK_MACHINES_MAX];

    memset(&commit, 0, sizeof(commit));

    rc = sk_ledger_head_at(ledger, head->number - m->conf.keep, &commit.head);

    if (rc == SK_OK && commit.head.number == 0) {

        /* its first commit has some that are to be kept */

        return SK_NOT_FOUND;
    }

    if (rc == SK_OK) {
        rc = sk_ledger_members(ledger, commit.head.number, members,
                               SK_MACHINES_MAX, &n);
    }

    if (rc != SK_OK) {
        return sk_machines_fail_ledger(m, rc);
    }

    rc = sk_machines_call_seed(m, &commit, members, n);

    if (rc == SK_OK) {
        sk_machines_answer_drop(m);
    }

    return (rc == SK_OK || rc == SK_BEHIND) ? SK_MORE : rc;
}
