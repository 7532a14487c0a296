#include <stdio.h>

#include <jansson.h>

#include "sk_ledger_db.h"


/* what a store knows of the machines that share its ledger with others */


static void sk_ledger_machine_read(const sk_bytes_t *detail,
    char name[SK_MACHINE_NAME_SIZE_MAX + 1], char id[SK_LEDGER_ID_SIZE]);


int
sk_ledger_machine(sk_ledger_t *l, const char *name,
    sk_ledger_machine_t *machine)
{
    int            rc;
    sqlite3_stmt  *s;

    memset(machine, 0, sizeof(sk_ledger_machine_t));

    s = l->machine;
    (void) sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        (void) snprintf(machine->id, sizeof(machine->id), "%s",
                        (const char *) sqlite3_column_text(s, 0));
        (void) snprintf(machine->file, sizeof(machine->file), "%s",
                        (const char *) sqlite3_column_text(s, 1));
        machine->joined = sqlite3_column_int(s, 2);
    }

    (void) sqlite3_reset(s);
    (void) sqlite3_clear_bindings(s);

    return (rc == SQLITE_ROW) ? SK_OK
           : (rc == SQLITE_DONE) ? SK_NOT_FOUND : sk_ledger_fail(l, rc);
}


int
sk_ledger_machine_put(sk_ledger_t *l, const char *name,
    const sk_ledger_machine_t *machine)
{
    int            rc;
    sqlite3_stmt  *s;

    s = l->machine_put;

    (void) sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 2, machine->id, -1, SQLITE_STATIC);
    (void) sqlite3_bind_text(s, 3, machine->file, -1, SQLITE_STATIC);
    (void) sqlite3_bind_int(s, 4, machine->joined);

    rc = sk_ledger_step(l, s);

    (void) sqlite3_clear_bindings(s);

    return rc;
}


/* on the disk in any case: with sync=normal, a power cut would take it back */

int
sk_ledger_reign(sk_ledger_t *l, const char *reign)
{
    int            rc;
    sqlite3_stmt  *s;

    rc = sk_ledger_reign_last(l, reign);

    if (rc != SK_REFUSED) {
        return rc;
    }

    (void) sqlite3_exec(l->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);

    s = l->reign_add;
    (void) sqlite3_bind_text(s, 1, reign, -1, SQLITE_STATIC);

    rc = sqlite3_step(s);

    (void) sqlite3_reset(s);
    (void) sqlite3_clear_bindings(s);

    if (!l->full) {
        (void) sqlite3_exec(l->db, "PRAGMA synchronous = NORMAL", NULL, NULL,
                            NULL);
    }

    return (rc == SQLITE_DONE) ? SK_OK
           : ((rc & 0xff) == SQLITE_CONSTRAINT) ? SK_REFUSED
           : sk_ledger_fail(l, rc);
}


int
sk_ledger_reign_last(sk_ledger_t *l, const char *reign)
{
    int            rc, last;
    sqlite3_stmt  *s;

    s = l->reign;
    (void) sqlite3_bind_text(s, 1, reign, -1, SQLITE_STATIC);

    rc = sqlite3_step(s);
    last = (rc == SQLITE_ROW) ? sqlite3_column_int(s, 0) : 0;

    (void) sqlite3_reset(s);
    (void) sqlite3_clear_bindings(s);

    return (rc != SQLITE_ROW && rc != SQLITE_DONE) ? sk_ledger_fail(l, rc)
           : last ? SK_OK : SK_REFUSED;
}


int
sk_ledger_reign_clear(sk_ledger_t *l)
{
    return sk_ledger_step(l, l->reign_clear);
}


int
sk_ledger_members(sk_ledger_t *l, uint64_t number, sk_ledger_member_t *members,
    unsigned max, unsigned *n)
{
    int                  rc;
    unsigned             i;
    sk_bytes_t           detail;
    sk_event_e           type;
    sqlite3_stmt        *s;
    sk_ledger_member_t   member;

    *n = 0;

    s = l->members;
    (void) sqlite3_bind_int64(s, 1, (int64_t) number);

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        type = sk_ledger_read_type(s, 1);

        detail.data = (const char *) sqlite3_column_text(s, 2);
        detail.len = (size_t) sqlite3_column_bytes(s, 2);

        sk_ledger_machine_read(&detail, member.name, member.id);
        member.number = (uint64_t) sqlite3_column_int64(s, 0);

        for (i = 0; i < *n && strcmp(members[i].name, member.name) != 0; i++) {
            /* void */
        }

        if (type == SK_EVENT_MACHINE_JOINED && i == max) {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: there are more than %u members", max);
            (void) sqlite3_reset(s);
            return SK_DAMAGED;
        }

        if (type == SK_EVENT_MACHINE_JOINED) {
            members[i] = member;
            *n += (i == *n);

        } else if (type == SK_EVENT_MACHINE_LEFT && i < *n) {
            members[i] = members[--*n];
        }
    }

    (void) sqlite3_reset(s);

    return (rc == SQLITE_DONE) ? SK_OK : sk_ledger_fail(l, rc);
}


void
sk_ledger_machine_event(sk_commit_t *commit, const sk_row_t *row)
{
    char  id[SK_LEDGER_ID_SIZE];

    switch (sk_ledger_type(&row->type)) {

    case SK_EVENT_MACHINE_JOINED:
        sk_ledger_machine_read(&row->detail, commit->joined, commit->id);
        break;

    case SK_EVENT_MACHINE_LEFT:
        sk_ledger_machine_read(&row->detail, commit->left, id);
        break;

    default:
        break;
    }
}


static void
sk_ledger_machine_read(const sk_bytes_t *detail,
    char name[SK_MACHINE_NAME_SIZE_MAX + 1], char id[SK_LEDGER_ID_SIZE])
{
    json_t      *json;
    const char  *text;

    json = detail->data ? json_loadb(detail->data, detail->len, 0, NULL) : NULL;

    text = json_string_value(json_object_get(json, "machine"));
    (void) snprintf(name, SK_MACHINE_NAME_SIZE_MAX + 1, "%s", text ? text : "");

    text = json_string_value(json_object_get(json, "store"));
    (void) snprintf(id, SK_LEDGER_ID_SIZE, "%s", text ? text : "");

    json_decref(json);
}
