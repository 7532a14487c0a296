/* what the unit tests share: zones, sales and claims to try */


#ifndef _SK_TEST_H_INCLUDED_
#define _SK_TEST_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "sk_apply.h"
#include "sk_drain.h"
#include "sk_gate.h"


#define SK_TEST_NOW  1000000            /* ms */


static inline sk_zone_t *
sk_test_zone(size_t size, uint32_t queue)
{
    void            *memory;
    sk_zone_t       *zone;
    sk_zone_plan_t   plan;

    memory = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                  -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);

    sk_zone_plan(&plan, size, 2, queue, 0);
    assert_true(plan.units > 0);

    zone = sk_zone_init(memory, size, &plan);
    assert_non_null(zone);

    return zone;
}


static inline void
sk_test_zone_free(sk_zone_t *zone)
{
    (void) munmap(zone, zone->size);
}


static inline sk_sale_def_t
sk_test_def(const char *name, int64_t stock, int64_t limit)
{
    sk_sale_def_t  def;

    memset(&def, 0, sizeof(def));

    def.name_len = strlen(name);
    memcpy(def.name, name, def.name_len);
    def.stock = stock;
    def.limit = limit;
    def.start_ms = SK_TIME_MIN;
    def.end_ms = SK_TIME_MAX;

    return def;
}


/* adds a sale as an event does */

static inline sk_sale_t *
sk_test_sale(sk_zone_t *zone, const char *name, int64_t stock, int64_t limit)
{
    char        reason[SK_REASON_SIZE_MAX];
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_ADDED;
    e.seq = sk_load(&zone->applied_seq) + 1;
    e.sale_id = e.seq;
    e.def = sk_test_def(name, stock, limit);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);

    return sk_zone_sale(zone, name, strlen(name));
}


static inline sk_answer_t
sk_test_want(sk_zone_t *zone, sk_sale_t *sale, const char *user, uint32_t want)
{
    sk_claim_t   claim = { 0 };
    sk_answer_t  answer;

    claim.sale = sale;
    claim.user = user;
    claim.user_len = strlen(user);
    claim.want = want;

    sk_gate_claim(zone, &claim, SK_TEST_NOW, &answer);

    return answer;
}


static inline sk_answer_t
sk_test_claim(sk_zone_t *zone, sk_sale_t *sale, const char *user)
{
    return sk_test_want(zone, sale, user, 0);
}


static inline sk_answer_t
sk_test_ask(sk_zone_t *zone, sk_sale_t *sale, const char *user)
{
    sk_claim_t   claim = { 0 };
    sk_answer_t  answer;

    claim.sale = sale;
    claim.user = user;
    claim.user_len = strlen(user);

    sk_gate_ask(zone, &claim, SK_TEST_NOW, &answer);

    return answer;
}


/* applies a win as the drainer does after its commit */

static inline void
sk_test_win(sk_zone_t *zone, sk_sale_t *sale, const char *user,
    uint64_t ticket)
{
    char        reason[SK_REASON_SIZE_MAX];
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_WON;
    e.seq = sk_load(&zone->applied_seq) + 1;
    e.sale_id = sk_load(&sale->id);
    e.user = user;
    e.user_len = strlen(user);
    e.ticket = ticket;
    e.key = sk_zone_user_key(zone, e.sale_id, user, e.user_len);

    assert_int_equal(sk_apply(zone, &e, 1, 0, reason, sizeof(reason)), SK_OK);
}


/*
 * The filter before the table of units against its entries: each has its bit.
 * Returns how many bits are set that no entry needs.
 */

static inline unsigned
sk_test_filter(sk_units_t *t)
{
    unsigned    left;
    uint64_t    i, bit, n_bits, *words;
    sk_unit_t  *u;

    n_bits = t->n * SK_UNITS_FILTER_BITS;
    words = calloc(n_bits / 64 + 1, sizeof(uint64_t));
    assert_non_null(words);

    for (i = 0; i < t->n; i++) {
        u = &t->elts[i];

        if (sk_load(&u->value)) {
            bit = (uint64_t) (((unsigned __int128) sk_load(&u->hi) * n_bits)
                              >> 64);
            words[bit / 64] |= (uint64_t) 1 << bit % 64;
        }
    }

    left = 0;

    for (i = 0; i < (n_bits + 63) / 64; i++) {
        bit = sk_load(&t->filter[i]);
        assert_int_equal(words[i] & ~bit, 0);
        left += (unsigned) __builtin_popcountll(bit & ~words[i]);
    }

    free(words);

    return left;
}


/* invariant 5, and that the counters are what the entries say */

static inline void
sk_test_conserved(sk_zone_t *zone)
{
    uint64_t    i, value, used;
    uint32_t    slot, n;
    int64_t     undecided, held, sold;
    uint32_t    waiting, joining, all;
    sk_sale_t  *sale;

    (void) sk_test_filter(&zone->units);

    for (used = 0, i = 0; i < zone->units.n; i++) {
        used += (sk_load(&zone->units.elts[i].value) != 0);
    }

    assert_int_equal(zone->units.used, used);

    n = sk_load(&zone->sales.n);
    all = 0;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];
        undecided = 0;
        held = 0;
        sold = 0;
        waiting = 0;
        joining = 0;

        for (i = 0; i < zone->units.n; i++) {
            value = sk_load(&zone->units.elts[i].value);

            if (value && sk_load(&zone->units.elts[i].sale) == slot) {
                undecided += (sk_unit_state(value) == SK_UNIT_UNDECIDED);
                held += (sk_unit_state(value) == SK_UNIT_HELD);
                sold += (sk_unit_state(value) == SK_UNIT_SOLD);
                waiting += (sk_unit_state(value) == SK_UNIT_QUEUED);
                joining += (sk_unit_state(value) == SK_UNIT_JOINING);
            }
        }

        assert_int_equal(sk_load(&sale->undecided), undecided);
        assert_int_equal(sk_load(&sale->held), held);
        assert_int_equal(sk_load(&sale->sold), sold);
        assert_int_equal(sk_load(&sale->stock),
                         sk_load(&sale->free) + undecided + held + sold);

        assert_int_equal(sk_load(&sale->list.waiting), waiting);
        assert_int_equal(sk_load(&sale->list.joining), joining);
        assert_int_equal(sk_load(&sale->list.joined)
                         - sk_load(&sale->list.left), waiting);
        all += waiting;
    }

    assert_int_equal(sk_load(&zone->waiting), all);
}


#endif /* _SK_TEST_H_INCLUDED_ */
