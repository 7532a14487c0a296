#include <stdio.h>
#include <stdlib.h>

#include "sk_machines_log.h"


static sk_machine_t *sk_machines_tell_find(sk_shared_t *shared,
    const char *name);


void
sk_machines_tell_down(sk_machines_t *m)
{
    sk_shared_t  *shared;

    shared = &m->zone->shared;

    sk_zone_lock(m->zone);

    sk_store(&shared->used, 1);
    sk_store(&shared->up, 0);
    sk_store(&shared->open, 0);

    shared->gone_ms = m->conf.gone_ms;
    sk_store(&shared->timeout_us, (int64_t) m->conf.redis.timeout_ms * 1000);
    (void) snprintf(shared->name, sizeof(shared->name), "%s", m->conf.name);

    sk_zone_unlock(m->zone);
}


/* an answer to a commit says nothing of the machines: what was told holds */

void
sk_machines_tell(sk_machines_t *m, const redisReply *machines,
    const redisReply *members)
{
    size_t         i;
    char          *seen, *number;
    const char    *name, *words;
    sk_machine_t  *machine;
    sk_shared_t   *shared;

    shared = &m->zone->shared;

    sk_zone_lock(m->zone);

    sk_store(&shared->up, 1);
    sk_store(&shared->open,
             strcmp(m->answer.opened, m->answer.reign) == 0);

    shared->number = m->answer.tail.number;
    shared->parted = m->parted;

    (void) snprintf(shared->address, sizeof(shared->address), "%s",
                    sk_redis_address(m->redis));

    if (machines->elements || members->elements) {

        /* who was seen when goes with the moment of that */

        shared->n = 0;
        shared->now_ms = sk_machines_boot_ms() + m->offset_ms;
    }

    for (i = 0; i + 1 < machines->elements; i += 2) {
        name = machines->element[i]->str;
        words = machines->element[i + 1]->str;

        machine = sk_machines_tell_find(shared, name + (name[0] == '!'));

        if (machine == NULL) {
            continue;
        }

        if (name[0] == '!') {
            machine->forgotten = 1;
            continue;
        }

        seen = strchr(words, ' ');
        machine->seen_ms = seen ? strtoll(seen, &number, 10) : 0;
        machine->number = seen ? strtoull(number, NULL, 10) : 0;
    }

    for (i = 0; i + 1 < members->elements; i += 2) {
        machine = sk_machines_tell_find(shared, members->element[i]->str);

        if (machine) {
            machine->member = 1;
        }
    }

    sk_zone_unlock(m->zone);
}


/* its place, a new one if it has none; NULL: there are too many */

static sk_machine_t *
sk_machines_tell_find(sk_shared_t *shared, const char *name)
{
    unsigned       i;
    sk_machine_t  *machine;

    for (i = 0; i < shared->n; i++) {
        if (strcmp(shared->machines[i].name, name) == 0) {
            return &shared->machines[i];
        }
    }

    if (shared->n == SK_MACHINES_MAX
        || !sk_sale_name_valid(name, strlen(name)))
    {
        return NULL;
    }

    machine = &shared->machines[shared->n++];

    memset(machine, 0, sizeof(sk_machine_t));
    (void) snprintf(machine->name, sizeof(machine->name), "%s", name);

    return machine;
}
