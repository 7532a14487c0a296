#include "sk_zone.h"


/* what the zone knows of the machines that share its ledger */


static sk_machine_t *sk_zone_shared_find(sk_shared_t *shared,
    const char *name);
static int sk_zone_shared_judge(const sk_shared_t *shared,
    const sk_machine_t *machine);


static sk_machine_t *
sk_zone_shared_find(sk_shared_t *shared, const char *name)
{
    unsigned  i;

    for (i = 0; i < shared->n; i++) {
        if (strcmp(shared->machines[i].name, name) == 0) {
            return &shared->machines[i];
        }
    }

    return NULL;
}


void
sk_zone_shared_left(sk_zone_t *zone, const char *name)
{
    sk_machine_t  *machine;

    sk_zone_lock(zone);

    machine = sk_zone_shared_find(&zone->shared, name);

    if (machine) {
        machine->member = 0;
    }

    sk_zone_unlock(zone);
}


void
sk_zone_shared_copy(sk_zone_t *zone, sk_shared_t *copy)
{
    sk_machine_t  *machine;

    sk_zone_lock(zone);
    memcpy(copy, &zone->shared, sizeof(sk_shared_t));
    sk_zone_unlock(zone);

    if (sk_load(&copy->forgets)) {
        machine = sk_zone_shared_find(copy, copy->forget);

        if (machine) {
            machine->forgotten = 1;
        }
    }
}


int
sk_zone_shared_forget(sk_zone_t *zone, const char *name, sk_machine_t *machine)
{
    int            rc;
    sk_shared_t   *shared;
    sk_machine_t  *known;

    shared = &zone->shared;
    rc = SK_NOT_FOUND;

    sk_zone_lock(zone);

    known = sk_load(&shared->used) ? sk_zone_shared_find(shared, name) : NULL;

    if (known) {
        *machine = *known;
        rc = sk_zone_shared_judge(shared, known);
    }

    if (rc == SK_OK) {
        machine->forgotten = 1;

        memcpy(shared->forget, known->name, sizeof(shared->forget));
        sk_store(&shared->forgets, 1);
    }

    sk_zone_unlock(zone);

    return rc;
}


/* who may be alive can still come and say so: that is no time to forget it */

static int
sk_zone_shared_judge(const sk_shared_t *shared, const sk_machine_t *machine)
{
    if (!machine->member || strcmp(machine->name, shared->name) == 0) {
        return SK_REFUSED;
    }

    if (!sk_load(&shared->up)) {
        return SK_AGAIN;
    }

    if (shared->now_ms - machine->seen_ms <= shared->gone_ms) {
        return SK_REFUSED;
    }

    return (sk_load(&shared->forgets)
            && strcmp(shared->forget, machine->name) != 0)
           ? SK_AGAIN : SK_OK;
}


int
sk_zone_shared_begin(sk_zone_t *zone)
{
    int           rc;
    sk_shared_t  *shared;

    shared = &zone->shared;

    sk_zone_lock(zone);

    rc = !sk_load(&shared->used) ? SK_REFUSED
         : !sk_load(&shared->up) ? SK_AGAIN
         : (sk_load(&shared->open) || shared->number
            || sk_load(&zone->applied_seq))
         ? SK_REFUSED : SK_OK;

    if (rc == SK_OK) {
        sk_store(&shared->begins, 1);
    }

    sk_zone_unlock(zone);

    return rc;
}


void
sk_zone_shared_to_forget(sk_zone_t *zone, char *name)
{
    name[0] = '\0';

    if (!sk_load(&zone->shared.forgets)) {
        return;
    }

    sk_zone_lock(zone);

    if (sk_load(&zone->shared.forgets)) {
        memcpy(name, zone->shared.forget, sizeof(zone->shared.forget));
    }

    sk_zone_unlock(zone);
}


void
sk_zone_shared_forgotten(sk_zone_t *zone, const char *name)
{
    sk_zone_lock(zone);

    if (strcmp(zone->shared.forget, name) == 0) {
        sk_store(&zone->shared.forgets, 0);
    }

    sk_zone_unlock(zone);
}
