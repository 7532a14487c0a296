#include <stdio.h>

#include "sk_member.h"


static int sk_member_gone(sk_writer_t *w, char *name);


int
sk_member_work(sk_writer_t *w)
{
    int         rc;
    char        name[SK_MACHINE_NAME_SIZE_MAX + 1];
    char        detail[SK_MACHINE_NAME_SIZE_MAX + 16];
    sk_event_t  e;

    if (!sk_member_gone(w, name)) {
        return SK_OK;
    }

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    memset(&e, 0, offsetof(sk_event_t, def));

    e.type = SK_EVENT_MACHINE_LEFT;
    e.detail = detail;
    e.detail_len = (size_t) snprintf(detail, sizeof(detail),
                                     "{\"machine\":\"%s\"}", name);

    rc = sk_writer_append(w, &e);

    if (rc == SK_OK) {
        rc = sk_writer_commit(w);
    }

    if (rc != SK_OK) {
        return rc;
    }

    sk_log(&w->log, SK_LOG_WARN, "machine \"%s\" is gone: it has left with "
           "event %llu, and may join again", name,
           (unsigned long long) sk_load(&w->zone->applied_seq));

    /* not twice, until it is heard of again */

    sk_zone_shared_left(w->zone, name);

    return SK_MORE;
}


static int
sk_member_gone(sk_writer_t *w, char *name)
{
    int            gone;
    unsigned       i;
    sk_shared_t   *shared;
    sk_machine_t  *machine;

    shared = &w->zone->shared;

    if (!sk_load(&shared->open)) {
        return 0;
    }

    gone = 0;

    sk_zone_lock(w->zone);

    for (i = 0; i < shared->n && !gone; i++) {
        machine = &shared->machines[i];

        if (machine->member && strcmp(machine->name, shared->name) != 0
            && (machine->forgotten
                || shared->now_ms - machine->seen_ms > shared->gone_ms))
        {
            (void) snprintf(name, SK_MACHINE_NAME_SIZE_MAX + 1, "%s",
                            machine->name);
            gone = 1;
        }
    }

    sk_zone_unlock(w->zone);

    return gone;
}
