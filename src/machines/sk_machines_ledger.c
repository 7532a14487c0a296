#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>
#include <sodium.h>

#include "sk_machines_log.h"


typedef struct {
    sk_ledger_t    *ledger;
    uint64_t        last;
    unsigned        machine:1;          /* one of them is of a machine */
    unsigned        failed:1;           /* the ledger has */
} sk_machines_rows_t;


static int sk_machines_ledger_append(sk_machines_t *m, sk_ledger_t *ledger,
    sk_machines_rows_t *rows);
static int sk_machines_ledger_row(void *ctx, const sk_row_t *row);


int
sk_machines_ledger_follow(sk_machines_t *m, sk_ledger_t *ledger)
{
    int                 rc;
    sk_head_t           head;
    sk_machines_rows_t  rows;

    m->error[0] = '\0';

    rc = sk_ledger_files_in_place(ledger);

    if (rc == SK_OK) {
        rc = sk_machines_ledger_hold(m, ledger);
    }

    if (rc == SK_MORE) {
        sk_machines_answer_drop(m);
        return SK_MORE;
    }

    if (rc == SK_OK) {
        rc = sk_ledger_head(ledger, &head);
    }

    if (rc == SK_OK && !sk_head_equal(&head, &m->from)) {

        /* another nginx on this store has been faster */

        sk_ledger_rollback(ledger);
        sk_machines_answer_drop(m);

        return SK_MORE;
    }

    if (rc == SK_OK) {
        rc = sk_machines_ledger_append(m, ledger, &rows);
    }

    if (rc == SK_OK) {
        rc = sk_ledger_commit(ledger);

    } else {
        sk_ledger_rollback(ledger);
    }

    sk_machines_answer_drop(m);

    if (rc != SK_OK) {
        return m->error[0] ? rc : sk_machines_fail_ledger(m, rc);
    }

    /* who has joined waits for a report of it, who is there is known of one,
       and "wait" is for what one has written */

    return (rows.last == m->answer.tail.number && !rows.machine
            && !m->conf.wait)
           ? SK_OK : SK_MORE;
}


static int
sk_machines_ledger_append(sk_machines_t *m, sk_ledger_t *ledger,
    sk_machines_rows_t *rows)
{
    int          rc;
    unsigned     n;
    sk_head_t    head;
    sk_bytes_t   data;
    sk_commit_t  commit;

    commit.at_ms = 0;
    rows->ledger = ledger;
    rows->last = m->from.number;
    rows->machine = 0;
    rows->failed = 0;

    for (n = 0; /* void */; n++) {
        rc = sk_machines_answer_entry(m, &head, &data);

        if (rc != SK_OK) {
            break;
        }

        rc = sk_pack_read(&data, sk_machines_ledger_row, rows);

        if (rc == SK_DAMAGED && !rows->failed) {
            return sk_machines_fail(m, SK_ERROR, "commit %" PRIu64 " of the "
                       "log cannot be understood: is this machine's module "
                       "older than others'?", head.number);
        }

        if (rc == SK_OK) {
            rc = sk_ledger_seal(ledger, &commit);
        }

        if (rc != SK_OK) {
            return rc;
        }

        if (!sk_head_equal(&commit.head, &head)) {
            return sk_machines_fail(m, SK_ERROR, "commit %" PRIu64 " of the "
                       "log is not what its chain says: somebody has changed "
                       "it", head.number);
        }
    }

    if (n) {
        sk_add(&m->zone->shared.followed, n);
        sk_store(&m->zone->shared.lag_ms,
                 sk_machines_boot_ms() + m->offset_ms - commit.at_ms);
    }

    if (rc == SK_NOT_FOUND && n == 0) {
        return sk_machines_fail(m, SK_ERROR, "the log has lost commits after "
                   "event %" PRIu64 ": what it keeps are not all up to its end",
                   m->from.number);
    }

    return (rc == SK_NOT_FOUND) ? SK_OK : rc;
}


/* what this version cannot read is not to get into the ledger */

static int
sk_machines_ledger_row(void *ctx, const sk_row_t *row)
{
    sk_machines_rows_t *rows = ctx;

    int         rc;
    sk_event_e  type;

    type = sk_ledger_type(&row->type);

    if ((uint64_t) row->seq != ++rows->last || type == SK_EVENT_N) {
        return SK_DAMAGED;
    }

    rows->machine |= (type == SK_EVENT_MACHINE_JOINED
                      || type == SK_EVENT_MACHINE_LEFT);

    rc = sk_ledger_append_row(rows->ledger, row);

    rows->failed = (rc != SK_OK);

    return rc;
}


/* who joins needs not have the log: it decides nothing by it */

int
sk_machines_ledger_join(sk_machines_t *m, sk_ledger_t *ledger, unsigned founds)
{
    int          rc;
    char         detail[SK_MACHINE_NAME_SIZE_MAX + SK_LEDGER_ID_SIZE + 32];
    int64_t      now_ms;
    sk_row_t     row;
    sk_pack_t    pack;
    sk_commit_t  commit;

    if (!m->machine.joined) {
        m->machine.joined = 1;
        rc = sk_ledger_machine_put(ledger, m->conf.name, &m->machine);

        if (rc != SK_OK) {
            m->machine.joined = 0;
            return sk_machines_fail_ledger(m, rc);
        }
    }

    memset(&row, 0, sizeof(row));
    memset(&commit, 0, sizeof(commit));

    now_ms = sk_machines_boot_ms() + m->offset_ms;
    now_ms = (now_ms < m->answer.at_ms) ? m->answer.at_ms : now_ms;

    row.seq = (int64_t) m->answer.tail.number + 1;
    row.at = now_ms;
    row.type.data = "machine_joined";
    row.type.len = strlen(row.type.data);
    row.detail.data = detail;
    row.detail.len = (size_t) snprintf(detail, sizeof(detail),
                                       "{\"machine\":\"%s\",\"store\":\"%s\"}",
                                       m->conf.name, m->machine.id);

    commit.before = m->answer.tail;
    commit.head = m->answer.tail;
    commit.head.number++;
    commit.at_ms = row.at;

    sk_pack_init(&pack);
    sk_pack_add(&pack, &row);

    rc = sk_pack_end(&pack, &commit.data);

    if (rc == SK_OK) {
        sk_pack_chain(commit.head.chain, &commit.data);
        rc = sk_machines_ledger_hold(m, ledger);

    } else {
        rc = sk_machines_fail(m, SK_ERROR, "out of memory");
    }

    if (rc == SK_OK) {
        rc = sk_machines_call_join(m, &commit, founds);
        sk_ledger_rollback(ledger);
    }

    sk_pack_free(&pack);

    if (rc == SK_REFUSED) {
        rc = sk_machines_fail(m, SK_ERROR, "%u machines have joined already, "
                              "more cannot", SK_MACHINES_MAX);
    }

    if (rc == SK_OK) {
        sk_log(m->log, SK_LOG_NOTICE, "this machine, \"%s\", has joined with "
               "event %" PRIu64, m->conf.name, commit.head.number);
        sk_machines_answer_drop(m);
        return SK_MORE;
    }

    sk_machines_answer_drop(m);

    return (rc == SK_BEHIND) ? SK_MORE : rc;
}


/*
 * A store has an id.  A copy of it, or what was restored from a backup, is
 * another file, and gets another id: it is another machine, which has told
 * nothing, whatever its name is.
 */

int
sk_machines_ledger_known(sk_machines_t *m, sk_ledger_t *ledger)
{
    int            rc;
    char           file[SK_LEDGER_FILE_SIZE];
    unsigned char  id[(SK_LEDGER_ID_SIZE - 1) / 2];

    sk_ledger_files_name(sk_ledger_path(ledger), file);

    rc = sk_ledger_machine(ledger, m->conf.name, &m->machine);

    if (rc == SK_NOT_FOUND
        || (rc == SK_OK && strcmp(file, m->machine.file) != 0))
    {
        memset(&m->machine, 0, sizeof(m->machine));

        randombytes_buf(id, sizeof(id));
        (void) sodium_bin2hex(m->machine.id, sizeof(m->machine.id), id,
                              sizeof(id));
        memcpy(m->machine.file, file, sizeof(file));

        rc = sk_ledger_reign_clear(ledger);

        if (rc == SK_OK) {
            rc = sk_ledger_machine_put(ledger, m->conf.name, &m->machine);
        }
    }

    if (rc != SK_OK) {
        return sk_machines_fail_ledger(m, rc);
    }

    m->known = 1;

    return SK_OK;
}


/* asked for until the log is open: then it knows them itself */

int
sk_machines_ledger_members(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head)
{
    int                 rc;
    size_t              len;
    unsigned            i, n;
    sk_ledger_member_t  members[SK_MACHINES_MAX];

    m->members[0] = '\0';

    if (strcmp(m->answer.reign, m->answer.opened) == 0) {
        return SK_OK;
    }

    rc = sk_ledger_members(ledger, head->number, members, SK_MACHINES_MAX, &n);

    if (rc != SK_OK) {
        return sk_machines_fail_ledger(m, rc);
    }

    for (i = 0, len = 0; i < n; i++) {
        len += (size_t) snprintf(m->members + len, sizeof(m->members) - len,
                                 "%s%s", len ? "," : "", members[i].name);
    }

    return SK_OK;
}


int
sk_machines_ledger_here(sk_machines_t *m, sk_ledger_t *ledger)
{
    int  rc;

    rc = sk_ledger_reign_last(ledger, m->entered);

    if (rc == SK_OK) {
        return SK_OK;
    }

    m->settled = 0;
    m->entered[0] = '\0';
    m->found_reign[0] = '\0';

    return (rc == SK_REFUSED) ? SK_MORE
           : sk_machines_fail_ledger(m, rc);
}


int
sk_machines_ledger_hold(sk_machines_t *m, sk_ledger_t *ledger)
{
    int  rc;

    rc = sk_ledger_begin(ledger);

    if (rc != SK_OK) {
        return sk_machines_fail_ledger(m, rc);
    }

    rc = sk_machines_ledger_here(m, ledger);

    if (rc != SK_OK) {
        sk_ledger_rollback(ledger);
    }

    return rc;
}


int
sk_machines_ledger_enter(sk_machines_t *m, sk_ledger_t *ledger)
{
    int  rc;

    if (strcmp(m->entered, m->answer.reign) == 0) {
        return SK_OK;
    }

    rc = sk_ledger_reign(ledger, m->answer.reign);

    if (rc == SK_REFUSED) {
        return sk_machines_fail(m, SK_ERROR, "%s is in a reign that this "
                   "machine has left for a later one: is it the primary?  If "
                   "it is, restart it", sk_redis_address(m->redis));
    }

    if (rc != SK_OK) {
        return sk_machines_fail_ledger(m, rc);
    }

    memcpy(m->entered, m->answer.reign, SK_REIGN_SIZE);

    return SK_OK;
}


/* whether the first commit that came goes on from the ledger */

int
sk_machines_ledger_links(sk_machines_t *m)
{
    size_t      entry;
    sk_head_t   head, next;
    sk_bytes_t  data;

    entry = m->entry;

    if (sk_machines_answer_entry(m, &next, &data) != SK_OK) {
        return 0;
    }

    m->entry = entry;

    head = m->from;
    sk_pack_chain(head.chain, &data);

    return memcmp(head.chain, next.chain, SK_CHAIN_SIZE) == 0;
}
