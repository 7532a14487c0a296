#include "sk_gate.h"


static int sk_gate_holds(const sk_holding_t *h, uint32_t limit,
    sk_answer_t *answer);
static void sk_gate_own(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    sk_answer_t *answer);
static void sk_gate_order(const sk_holding_t *h, sk_answer_t *answer);
static void sk_gate_look(sk_zone_t *zone, sk_sale_t *sale, int64_t now_ms,
    sk_answer_t *answer);
static void sk_gate_late(int64_t expires_s, int64_t now_ms,
    sk_answer_t *answer);
static int sk_gate_closed(sk_zone_t *zone, sk_sale_t *sale, int64_t now_ms,
    sk_answer_t *answer);
static void sk_gate_admit(sk_zone_t *zone, const sk_claim_t *claim,
    sk_key_t key, sk_answer_t *answer);


/* whether units that the sale counts as held may be free: the zone's word for
   it first, which is on a line of memory that each claim reads */

#define sk_gate_sale_late(zone, sale, now_ms)                                \
    (sk_zone_overdue(zone, now_ms) && sk_load(&(sale)->held) > 0)

/* the same of any sale of its group */

#define sk_gate_group_late(zone, sale, now_ms)                               \
    (sk_zone_overdue(zone, now_ms)                                           \
     && (sk_load(&(sale)->held) > 0 || sk_load(&(sale)->group_len)))


void
sk_gate_claim(sk_zone_t *zone, const sk_claim_t *claim, int64_t now_ms,
    sk_answer_t *answer)
{
    int64_t       waiting;
    sk_key_t      key;
    sk_holding_t  h;

    sk_assert(claim->user_len >= 1 && claim->user_len <= SK_USER_SIZE_MAX);
    sk_assert(claim->want <= SK_LIMIT_MAX);
    sk_assert(sk_sale_slot(&zone->sales, claim->sale) < zone->sales.n_max);

    memset(answer, 0, sizeof(sk_answer_t));

    key = sk_zone_user_key(zone, sk_load(&claim->sale->key_id), claim->user,
                           claim->user_len);

    sk_zone_holding(zone, key, &h);

    /* most have nothing, and no limit matters */

    if (h.n_won + h.n_undecided
        && sk_gate_holds(&h, sk_gate_limit(claim), answer))
    {
        sk_gate_own(zone, claim, key, answer);
        sk_gate_look(zone, claim->sale, now_ms, answer);
        return;
    }

    if (sk_gate_closed(zone, claim->sale, now_ms, answer)) {

        if (answer->result == SK_SOLD_OUT && sk_load(&claim->sale->waitlist)) {
            sk_gate_waitlist(zone, claim, key, now_ms, answer);
        }

        return;
    }

    if (sk_gate_early(claim, now_ms, answer)
        || sk_gate_failing(zone, answer))
    {
        return;
    }

    sk_units_prefetch(&zone->units, key);

    sk_zone_lock(zone);

    /* the same questions again, now that nobody else can change the answer; but
       for the user's own opening, which takes long to compute: an edit that is
       just being made is seen when the claim is decided */

    (void) sk_units_find(&zone->units, key, &h);

    if (!sk_gate_holds(&h, sk_gate_limit(claim), answer)
        && !sk_gate_closed(zone, claim->sale, now_ms, answer)
        && !sk_gate_failing(zone, answer))
    {
        /* units that have returned are for who waits; if there are more of
           them, they are served in a moment */

        waiting = (int64_t) sk_load(&claim->sale->list.waiting)
                  + sk_load(&claim->sale->list.joining);

        if (waiting == 0) {
            sk_gate_admit(zone, claim, key, answer);

        } else {
            answer->result = (sk_load(&claim->sale->free) > waiting)
                             ? SK_WAIT : SK_SOLD_OUT;
        }
    }

    sk_zone_unlock(zone);

    if (answer->result == SK_SOLD_OUT && sk_load(&claim->sale->waitlist)) {
        sk_gate_waitlist(zone, claim, key, now_ms, answer);
        return;
    }

    sk_gate_own(zone, claim, key, answer);
    sk_gate_look(zone, claim->sale, now_ms, answer);
}


void
sk_gate_ask(sk_zone_t *zone, const sk_claim_t *claim, int64_t now_ms,
    sk_answer_t *answer)
{
    sk_key_t      key;
    sk_holding_t  h;

    sk_assert(claim->user_len >= 1 && claim->user_len <= SK_USER_SIZE_MAX);
    sk_assert(sk_sale_slot(&zone->sales, claim->sale) < zone->sales.n_max);

    memset(answer, 0, sizeof(sk_answer_t));

    key = sk_zone_user_key(zone, sk_load(&claim->sale->key_id), claim->user,
                           claim->user_len);

    sk_zone_holding_sale(zone, key, sk_sale_slot(&zone->sales, claim->sale),
                         claim->states, &h);

    if (h.n_won) {
        (void) sk_gate_holds(&h, h.n_won, answer);
        sk_gate_look(zone, claim->sale, now_ms, answer);

        if (answer->result == SK_ALREADY) {
            answer->result = SK_WON;
        }

        if (h.place) {

            /* for another one */

            sk_gate_waitlist_asked(zone, claim, key, &h, now_ms, answer);
        }

        return;
    }

    if (h.n_undecided) {
        answer->result = SK_WAIT;
        answer->ticket = h.ticket;
        return;
    }

    answer->result = SK_NONE;
    answer->sale_state = sk_sale_state(claim->sale, now_ms);

    if (answer->sale_state == SK_SALE_SCHEDULED) {
        answer->starts_in_ms = sk_load(&claim->sale->start_ms) - now_ms;
        return;
    }

    if (answer->sale_state == SK_SALE_OPEN
        && sk_gate_early(claim, now_ms, answer))
    {
        answer->result = SK_NONE;
    }

    if (answer->sale_state == SK_SALE_SOLD_OUT
        && sk_gate_sale_late(zone, claim->sale, now_ms))
    {
        sk_gate_late(sk_load(&zone->expires_s), now_ms, answer);
        return;
    }

    if ((h.place || h.joining)
        && (answer->sale_state == SK_SALE_SOLD_OUT
            || answer->sale_state == SK_SALE_OPEN))
    {
        sk_gate_waitlist_place(zone, claim, key, &h, now_ms, answer);
    }
}


uint32_t
sk_gate_limit(const sk_claim_t *claim)
{
    uint32_t  limit;

    limit = (uint32_t) sk_load(&claim->sale->limit);

    return (claim->want && claim->want < limit) ? claim->want : limit;
}


static int
sk_gate_holds(const sk_holding_t *h, uint32_t limit, sk_answer_t *answer)
{
    if (h->n_won >= limit) {
        answer->result = SK_ALREADY;
        answer->n_orders = h->n_won;
        answer->states = h->states;
        sk_gate_order(h, answer);
        return 1;
    }

    if (h->n_won + h->n_undecided >= limit) {
        answer->result = SK_WAIT;
        answer->ticket = h->ticket;
        return 1;
    }

    return 0;
}


/* "already" may be said of orders in other sales of the group; who asks for
   some states means an order of this sale */

static void
sk_gate_own(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    sk_answer_t *answer)
{
    sk_holding_t  h;

    if (answer->result != SK_ALREADY
        || (sk_load(&claim->sale->group_len) == 0 && claim->states == 0))
    {
        return;
    }

    sk_zone_holding_sale(zone, key, sk_sale_slot(&zone->sales, claim->sale),
                         claim->states, &h);

    answer->states = h.states;

    if (claim->states && h.n_won) {
        sk_gate_order(&h, answer);
    }
}


static void
sk_gate_order(const sk_holding_t *h, sk_answer_t *answer)
{
    answer->order = h->order;
    answer->slot = h->sale;
    answer->state = h->state;
    answer->expires_s = (h->state == SK_STATE_HELD) ? h->expires_s : 0;
}


/* "already" is not said of what may be over */

static void
sk_gate_look(sk_zone_t *zone, sk_sale_t *sale, int64_t now_ms,
    sk_answer_t *answer)
{
    if (answer->result != SK_ALREADY) {
        return;
    }

    if (answer->state == SK_STATE_HELD
        && now_ms >= (int64_t) answer->expires_s * 1000)
    {
        sk_gate_late(answer->expires_s, now_ms, answer);
        return;
    }

    /* of more than one unit, only the first one's end is known here */

    if (answer->n_orders > 1 && sk_gate_group_late(zone, sale, now_ms)) {
        sk_gate_late(sk_load(&zone->expires_s), now_ms, answer);
    }
}


/*
 * A hold has ended and the unit is held all the same, or nobody knows when it
 * ends (0): the drainer has to say what it is now.  It does so in a moment; if
 * it has not for longer, it does not work, and who waits for it waits in vain.
 */

static void
sk_gate_late(int64_t expires_s, int64_t now_ms, sk_answer_t *answer)
{
    answer->result = (expires_s == 0
                      || now_ms <= expires_s * 1000 + SK_OVERDUE_MS)
                     ? SK_WAIT : SK_UNAVAILABLE;
}


static int
sk_gate_closed(sk_zone_t *zone, sk_sale_t *sale, int64_t now_ms,
    sk_answer_t *answer)
{
    switch (sk_sale_state(sale, now_ms)) {

    case SK_SALE_ENDED:
        answer->result = SK_ENDED;
        return 1;

    case SK_SALE_SCHEDULED:
        answer->result = SK_NOT_STARTED;
        answer->starts_in_ms = sk_load(&sale->start_ms) - now_ms;
        return 1;

    case SK_SALE_PAUSED:
        answer->result = SK_PAUSED;
        return 1;

    case SK_SALE_SOLD_OUT:
        answer->result = SK_SOLD_OUT;

        if (sk_gate_sale_late(zone, sale, now_ms)) {
            sk_gate_late(sk_load(&zone->expires_s), now_ms, answer);
        }

        return 1;

    default: /* SK_SALE_OPEN */
        return 0;
    }
}


int
sk_gate_early(const sk_claim_t *claim, int64_t now_ms, sk_answer_t *answer)
{
    int64_t  ms;

    if (!sk_sale_shuffles(claim->sale, now_ms)) {
        return 0;
    }

    if (sk_sale_opens_in(claim->sale, claim->user, claim->user_len, now_ms, &ms)
        != SK_OK)
    {
        answer->result = SK_UNAVAILABLE;
        return 1;
    }

    if (ms <= 0) {
        return 0;
    }

    answer->result = SK_WAITING;
    answer->starts_in_ms = ms;

    return 1;
}


int
sk_gate_failing(sk_zone_t *zone, sk_answer_t *answer)
{
    if (sk_load(&zone->failing)) {
        answer->result = SK_UNAVAILABLE;
        return 1;
    }

    return 0;
}


/*
 * A process killed anywhere in here leaves an undecided unit whose ticket is
 * not below the tail, and counters that are off by one: sk_zone_repair().
 */

static void
sk_gate_admit(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    sk_answer_t *answer)
{
    uint32_t  slot;
    uint64_t  ticket;

    slot = sk_sale_slot(&zone->sales, claim->sale);
    ticket = sk_load(&zone->queue.tail);

    if (sk_gate_queue_full(&zone->queue)
        || sk_units_insert(&zone->units, key, slot,
                           sk_unit_value(SK_UNIT_UNDECIDED, ticket), 0)
           != SK_OK)
    {
        answer->result = SK_UNAVAILABLE;
        return;
    }

    sk_add(&claim->sale->free, -1);
    sk_add(&claim->sale->undecided, 1);

    sk_gate_push(zone, claim, key, SK_CELL_CLAIM);

    answer->result = SK_WAIT;
    answer->ticket = ticket;
    answer->admitted = 1;
}


void
sk_gate_push(sk_zone_t *zone, const sk_claim_t *claim, sk_key_t key,
    sk_cell_e what)
{
    uint64_t     ticket;
    sk_cell_t   *cell;
    sk_queue_t  *q;

    q = &zone->queue;
    ticket = sk_load(&q->tail);
    cell = sk_queue_cell(q, ticket);

    /* no ticket is 0: who still reads the cell's last outcome sees it go */

    sk_store(&cell->ticket, 0);
    atomic_thread_fence(memory_order_release);
    sk_store(&cell->outcome, SK_OUTCOME_NONE);
    sk_store(&cell->order, 0);
    sk_store(&cell->expires_s, 0);
    sk_store_release(&cell->ticket, ticket);

    cell->sale = sk_sale_slot(&zone->sales, claim->sale);
    cell->what = what;
    cell->key = key;
    cell->want = (uint16_t) claim->want;
    cell->user_len = (uint16_t) claim->user_len;
    memcpy(cell->user, claim->user, claim->user_len);

    sk_store_release(&q->tail, ticket + 1);
}
