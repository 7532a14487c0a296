/*
 * Several machines, and everything that can go wrong at random, while holds
 * end, operators confirm, cancel and extend orders, and users wait: what
 * anybody was told is in the ledger that all have in the end.
 */

#include "sk_test_random.h"


#define USERS       60
#define SALES        2
#define ORDERS  200000
#define POSTED     256


typedef struct {
    unsigned      machine;
    uint64_t      ticket;
    uint64_t      order;
    const char   *event;        /* that there is, if it was done */
} posted_t;


static sk_sale_def_t  defs[SALES];
static const char    *user_of[ORDERS];          /* as it was told */
static const char    *sale_of[ORDERS];
static char           users[USERS][8];
static uint64_t       known[POSTED];            /* orders, to be used */
static unsigned       n_known, n_posted, n_done, n_won, n_queued;
static posted_t       posted[POSTED];
static sk_reply_t     reply;

static struct {
    uint64_t      order;
    const char   *event;
} done[ORDERS];


static int64_t
now_ms(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* an order that was told is that user's, whoever tells of it */

static void
told(uint64_t order, const char *user, const char *sale)
{
    assert_true(order > 0 && order < ORDERS);

    if (user_of[order] == NULL) {
        user_of[order] = user;
        sale_of[order] = sale;
        known[n_won++ % POSTED] = order;
        n_known += (n_known < POSTED);
    }

    assert_ptr_equal(user_of[order], user);
    assert_ptr_equal(sale_of[order], sale);
}


static void
visit(machine_t *x, unsigned ask)
{
    const char   *user, *name;
    sk_sale_t    *sale;
    sk_claim_t    c = { 0 };
    sk_answer_t   answer;

    user = users[random_below(USERS)];
    name = random_below(SALES) ? "tv" : "radio";
    sale = sk_zone_sale(x->zone, name, strlen(name));

    if (sale == NULL || sk_load(&x->zone->state) != SK_ZONE_READY) {
        return;
    }

    c.sale = sale;
    c.user = user;
    c.user_len = strlen(user);
    c.want = random_below(3);

    if (ask) {
        sk_gate_ask(x->zone, &c, now_ms(), &answer);

    } else {
        sk_gate_claim(x->zone, &c, now_ms(), &answer);
    }

    if (answer.result == SK_WON) {
        told(answer.order, user, name);
    }

    n_queued += (answer.result == SK_QUEUED);
}


static void
post(unsigned k)
{
    posted_t      *p;
    sk_command_t   c;

    static const struct {
        sk_command_e  type;
        const char   *body;
        const char   *event;
    } ways[] = {
        { SK_ORDER_CONFIRM, "", "paid" },
        { SK_ORDER_CONFIRM, "{\"late\":true}", "paid" },
        { SK_ORDER_EXTEND, "", "extended" },
        { SK_ORDER_CANCEL, "", "cancelled" },
        { SK_ORDER_CANCEL, "", "cancelled" },
        { SK_ORDER_CANCEL, "", "cancelled" },
    };

    if (n_known == 0 || n_posted == POSTED
        || sk_load(&commands[k]->tail) - sk_load(&commands[k]->head) > 8)
    {
        return;
    }

    p = &posted[n_posted++];
    p->order = known[random_below(n_known)];
    p->machine = k;

    memset(&c, 0, sizeof(c));

    k = random_below(sizeof(ways) / sizeof(ways[0]));

    p->event = ways[k].event;
    c.type = ways[k].type;
    c.id = p->order;
    c.by_len = 3;
    memcpy(c.by, "ops", 3);
    c.body = ways[k].body;
    c.body_len = (uint32_t) strlen(c.body);

    p->ticket = sk_command_post(commands[p->machine], &c, sk_monotonic_us());
}


/* what operators were answered */

static void
collect(void)
{
    unsigned   i;
    posted_t  *p;

    for (i = 0; i < n_posted; /* void */ ) {
        p = &posted[i];

        if (sk_load_acquire(&commands[p->machine]->head) <= p->ticket) {
            i++;
            continue;
        }

        if (sk_command_collect(commands[p->machine], p->ticket, &reply) == SK_OK
            && reply.status == SK_STATUS_OK)
        {
            assert_true(n_done < ORDERS);
            done[n_done].order = p->order;
            done[n_done++].event = p->event;
        }

        *p = posted[--n_posted];
    }
}


static void
turn(void)
{
    unsigned  k;

    k = random_below(MACHINES);

    if (runs(&machine[k])) {

        if (random_below(4) == 0) {
            visit(&machine[k], random_below(2));
        }

        if (random_below(20) == 0) {
            post(k);
        }

        machine_turn(&machine[k]);
    }

    collect();

    if (random_below(80) == 0) {
        accident();
    }

    recover();
    remedy();

    if (logged[sizeof(logged) - 512]) {
        memset(logged, 0, sizeof(logged));
    }
}


static int
idle(void)
{
    unsigned  k;

    remedy();
    collect();

    for (k = 0; k < MACHINES; k++) {
        if (sk_command_pending(commands[k])
            || sk_queue_depth(&machine[k].zone->queue))
        {
            return 0;
        }
    }

    return n_posted == 0 && settled();
}


static void
count_is(const char *sql, int n)
{
    int  found;

    found = count_sql(sql);

    if (found != n) {
        fail_msg("%d, not %d: %s", found, n, sql);
    }
}


static void
check_ledger(void)
{
    unsigned  i;
    char      sql[256];

    for (i = 0; i < ORDERS; i++) {
        if (user_of[i]) {
            (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM orders"
                            " WHERE \"order\" = %u AND user = '%s'"
                            " AND sale = '%s'", i, user_of[i], sale_of[i]);
            count_is(sql, 1);
        }
    }

    for (i = 0; i < n_done; i++) {
        (void) snprintf(sql, sizeof(sql), "SELECT count(*) > 0 FROM ledger"
                        " WHERE object = %llu AND type = '%s'",
                        (unsigned long long) done[i].order, done[i].event);
        count_is(sql, 1);
    }

    /* who left a list was the first in it */

    count_is("SELECT count(*) FROM"
             " (SELECT sale, object, row_number() OVER"
             "  (PARTITION BY sale ORDER BY seq) AS n FROM ledger"
             "  WHERE type IN ('won', 'skipped') AND object IS NOT NULL)"
             " LEFT JOIN (SELECT sale, seq, row_number() OVER"
             "  (PARTITION BY sale ORDER BY seq) AS n FROM ledger"
             "  WHERE type = 'queued') AS q USING (sale, n)"
             " WHERE q.seq IS NOT object", 0);
}


/* all zones say the same, and one that is made anew of the ledger, too */

static void
check_zones(void)
{
    unsigned       k, i, s;
    const char    *name;
    sk_sale_t     *a, *b;
    sk_answer_t    x, y;

    assert_same();

    for (k = 1; k < MACHINES; k++) {
        sk_test_conserved(machine[k].zone);

        for (s = 0; s < SALES; s++) {
            name = s ? "tv" : "radio";
            a = sk_zone_sale(machine[0].zone, name, strlen(name));
            b = sk_zone_sale(machine[k].zone, name, strlen(name));

            assert_int_equal(sk_load(&a->free), sk_load(&b->free));
            assert_int_equal(sk_load(&a->held), sk_load(&b->held));
            assert_int_equal(sk_load(&a->sold), sk_load(&b->sold));
            assert_int_equal(sk_load(&a->list.waiting),
                             sk_load(&b->list.waiting));
            assert_int_equal(sk_load(&a->list.left), sk_load(&b->list.left));
            assert_int_equal(sk_load(&a->list.left_id),
                             sk_load(&b->list.left_id));
            assert_true(sk_load(&a->free) >= 0);

            for (i = 0; i < USERS; i++) {
                x = sk_test_ask(machine[0].zone, a, users[i]);
                y = sk_test_ask(machine[k].zone, b, users[i]);
                assert_int_equal(x.result, y.result);
                assert_int_equal(x.order, y.order);
                assert_int_equal(x.position, y.position);
                assert_int_equal(x.state, y.state);
                assert_in_range(x.n_orders, 0, 2);
            }
        }
    }
}


static void
test_random_orders(void **state)
{
    int       seconds;
    time_t    end;
    unsigned  k;

    (void) state;

    seconds = random_begin(20);

    for (k = 0; k < USERS; k++) {
        (void) snprintf(users[k], sizeof(users[k]), "u%u", k);
    }

    for (k = 0; k < SALES; k++) {
        defs[k] = sk_test_def(k ? "tv" : "radio", 12, 2);
        defs[k].hold_s = 2;
        defs[k].extend_s = 1;
        defs[k].waitlist = 20;
        defs[k].group_len = 1;
        defs[k].group[0] = 'g';
    }

    sales = defs;
    n_sales = SALES;

    redis_start(&redis[1], "--appendonly", "no");
    heal(&redis[1]);

    for (k = 0; k < MACHINES; k++) {
        commands[k] = sk_commands_map();
        assert_non_null(commands[k]);
        machine[k].conf.redis.timeout_ms = 100;
        start(k);
        until(settled);
    }

    end = time(NULL) + seconds;

    while (time(NULL) < end) {
        turn();
    }

    mend();
    until(idle);
    check_zones();

    machine_stop(&machine[MACHINES - 1]);
    start(MACHINES - 1);
    until(idle);
    check_zones();

    (void) snprintf(path, sizeof(path), "%s", machine[0].path);
    check_ledger();

    (void) fprintf(stderr, "# %u orders told, %u things done, %u times queued, "
                   "%d events, %d of them waited\n", n_won, n_done, n_queued,
                   count_sql("SELECT max(seq) FROM ledger"),
                   count_sql("SELECT count(*) FROM ledger WHERE type = 'won'"
                             " AND object IS NOT NULL"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_random_orders, begin_random,
                                        end_machines),
    };

    return cmocka_run_group_tests_name("machines_random_orders", tests, NULL,
                                       NULL);
}
