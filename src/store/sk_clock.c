#include "sk_clock.h"


/*
 * The time of day was changed.  Set back, it would make what is held now end
 * later: the ends go back by as much.  Set forward, it makes some end at once,
 * and those that are left wait for their end by the new clock; if it is set
 * back from that, those won before are where they were.
 *
 * Ends are seconds, so what is less than one waits for the next change.  Only
 * the drainer changes units that are held: readers see either end.
 */

void
sk_clock_apply(sk_zone_t *zone, const sk_event_t *e)
{
    int64_t      back_ms, before_ms, by_s, expires_s;
    uint64_t     value;
    sk_unit_t   *u;
    sk_clock_t  *c;
    sk_units_t  *t;

    c = &zone->clock;
    t = &zone->units;

    /* killed in the middle of this, it goes on from where it was */

    if (c->seq != e->seq) {
        c->place = 0;
        c->seq = e->seq;
    }

    if (c->place > t->n) {
        return;
    }

    if (e->by_ms >= 0) {
        c->ahead_seq = c->ahead_ms ? c->ahead_seq : e->seq;
        c->ahead_ms += e->by_ms;
        c->place = t->n + 1;
        return;
    }

    back_ms = c->rest_ms - e->by_ms;
    before_ms = (back_ms > c->ahead_ms) ? back_ms - c->ahead_ms : 0;

    for ( /* void */ ; c->place < t->n; c->place++) {
        u = &t->elts[c->place];
        value = sk_load(&u->value);

        if (sk_unit_state(value) == SK_UNIT_HELD) {
            by_s = (c->ahead_ms && sk_unit_number(value) < c->ahead_seq)
                   ? before_ms / 1000 : back_ms / 1000;
            expires_s = (int64_t) sk_load(&u->expires_s) - by_s;
            sk_store(&u->expires_s, (expires_s > 0) ? (uint32_t) expires_s
                                                    : 1);
        }
    }

    c->rest_ms = back_ms % 1000;
    c->ahead_ms = (c->ahead_ms > back_ms) ? c->ahead_ms - back_ms : 0;
    c->place = t->n + 1;

    sk_zone_expect(zone, 0);
}
