/*
 * Several machines, and everything that can go wrong at random: they die and
 * come back, are slow, and are declared gone; a replica that lags is promoted
 * while the old primary goes on with who is connected to it; Redis comes back
 * empty, hangs, is emptied; replies are lost.  Whatever anybody has told is
 * never contradicted, and in the end all are the same.
 *
 * SECKILL_TEST_SECONDS and SECKILL_TEST_SEED: how long, and with which seed.
 */

#include "sk_test_machines.h"


#define STOCK  2000
#define USERS  4000
#define SALE    "phone"


static uint64_t         told_order[USERS];      /* 0: nothing was told */
static unsigned         told_user[100000];      /* of an order, + 1 */
static unsigned         n_told;
static int              hung;                   /* turns until it goes on */
static sk_authority_t   real[MACHINES], lossy[MACHINES];
static unsigned         lose[MACHINES];         /* 1 before, 2 after the call */
static unsigned         lost[MACHINES];         /* the last call */
static unsigned long    rnd;
static uint64_t         n_restored, n_reigns, n_emptied;


static unsigned
random_below(unsigned n)
{
    rnd = rnd * 6364136223846793005ul + 1442695040888963407ul;

    return (unsigned) (rnd >> 33) % n;
}


/* a call that does not get there, or whose answer does not come back */

static int
lose_commit(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    unsigned  k;

    k = (unsigned) ((sk_authority_t *) ctx - real);

    lost[k] = (lose[k] != 0);

    if (lose[k] == 1) {
        lose[k] = 0;
        return SK_ERROR;
    }

    if (lose[k] == 2) {
        lose[k] = 0;
        (void) real[k].commit(real[k].ctx, ledger, commit);
        return SK_ERROR;
    }

    return real[k].commit(real[k].ctx, ledger, commit);
}


static int
lose_follow(void *ctx, sk_ledger_t *ledger)
{
    sk_authority_t *a = ctx;

    lost[a - real] = 0;

    return a->follow(a->ctx, ledger);
}


static int
lose_fd(void *ctx)
{
    sk_authority_t *a = ctx;

    return a->fd(a->ctx);
}


static int64_t
lose_clock(void *ctx, int64_t clock_ms, int64_t boot_ms)
{
    sk_authority_t *a = ctx;

    return a->clock(a->ctx, clock_ms, boot_ms);
}


static const char *
lose_error(void *ctx)
{
    unsigned  k;

    k = (unsigned) ((sk_authority_t *) ctx - real);

    return lost[k] ? "lost" : real[k].error(real[k].ctx);
}


static void
start(unsigned k)
{
    static const char *const  names[MACHINES] = { "a", "b", "c" };

    machine[k].conf.gone_ms = 300;
    machine_start(&machine[k], names[k], &def, 1);

    real[k] = *machine[k].d.writer.authority;
    memset(&lossy[k], 0, sizeof(lossy[k]));
    lossy[k].commit = lose_commit;
    lossy[k].follow = lose_follow;
    lossy[k].fd = lose_fd;
    lossy[k].clock = lose_clock;
    lossy[k].error = lose_error;
    lossy[k].ctx = &real[k];
    machine[k].d.writer.authority = &lossy[k];
    lose[k] = 0;
}


/* what a machine says of a user is what all have ever said */

static void
look(machine_t *x, unsigned user)
{
    char          name[16];
    sk_sale_t    *sale;
    sk_answer_t   answer;

    sale = sk_zone_sale(x->zone, SALE, strlen(SALE));

    if (sale == NULL || sk_load(&x->zone->state) != SK_ZONE_READY) {
        return;
    }

    (void) snprintf(name, sizeof(name), "u%u", user);

    answer = sk_test_ask(x->zone, sale, name);

    if (answer.result != SK_WON) {
        return;
    }

    assert_true(answer.order > 0 && answer.order < 100000);

    if (told_order[user] == 0) {
        told_order[user] = answer.order;
        assert_int_equal(told_user[answer.order], 0);
        told_user[answer.order] = user + 1;
        n_told++;
        assert_true(n_told <= STOCK);
    }

    if (told_order[user] != answer.order) {
        fail_msg("%s: order %llu, and order %llu", name,
                 (unsigned long long) told_order[user],
                 (unsigned long long) answer.order);
    }
}


static void
buy(machine_t *x, unsigned user)
{
    char        name[16];
    sk_sale_t  *sale;

    sale = sk_zone_sale(x->zone, SALE, strlen(SALE));

    if (sale && sk_load(&x->zone->state) == SK_ZONE_READY) {
        (void) snprintf(name, sizeof(name), "u%u", user);
        (void) sk_test_claim(x->zone, sale, name);
    }
}


static redis_t *
other(void)
{
    return (primary == &redis[0]) ? &redis[1] : &redis[0];
}


static void
go_on(void)
{
    if (hung) {
        (void) kill(primary->pid, SIGCONT);
        hung = 0;
    }
}


/* the one that is not the primary has all that it has, or is cut off now */

static void
heal(redis_t *s)
{
    (void) ask(s, "REPLICAOF 127.0.0.1 %d", primary->port);
    (void) ask(s, "CLIENT KILL TYPE normal SKIPME yes");
}


static void
count(unsigned k)
{
    if (machine[k].m) {
        n_restored += sk_load(&machine[k].zone->shared.restored);
        n_reigns += sk_load(&machine[k].zone->shared.reigns);
    }
}


static void
accident(void)
{
    unsigned  what, k;

    what = random_below(12);
    k = random_below(MACHINES);

    switch (what) {

    case 0: case 1:
        /* killed, and its zone with it */
        count(k);
        machine_stop(&machine[k]);
        break;

    case 2:
        /* slow, for longer than it may be */
        machine[k].off = !machine[k].off;
        break;

    case 3: case 4:
        lose[k] = 1 + random_below(2);
        break;

    case 5:
        /* a replica that was cut off */
        go_on();
        (void) ask(other(), "REPLICAOF NO ONE");
        break;

    case 6: case 7:
        /* is promoted; the old one goes on, or not */
        go_on();
        (void) ask(other(), "REPLICAOF NO ONE");

        /* one that has served on comes back as it is, or was restarted */

        if (random_below(4)) {
            (void) ask(other(), "DEBUG CHANGE-REPL-ID");
        }

        redis_primary(other());

        if (random_below(2)) {
            redis_kill(other());
            redis_start(other(), "--appendonly", "no");
            heal(other());
        }
        break;

    case 8:
        go_on();
        heal(other());
        break;

    case 9:
        go_on();
        if (random_below(4) == 0) {
            (void) ask(primary, "FLUSHALL");
        }
        break;

    case 10:
        go_on();
        if (random_below(4) == 0) {
            redis_kill(primary);
            redis_start(primary, "--appendonly", "no");
        }
        break;

    case 11:
        if (!hung) {
            (void) kill(primary->pid, SIGSTOP);
            hung = 1 + (int) random_below(60);
        }
        break;
    }
}


/* those that are down or slow are so for a while only */

static void
recover(void)
{
    unsigned  k;

    for (k = 0; k < MACHINES; k++) {

        if (machine[k].m == NULL && random_below(40) == 0) {
            start(k);
        }

        if (machine[k].off && random_below(400) == 0) {
            machine[k].off = 0;
        }
    }

    if (hung && --hung == 0) {
        (void) kill(primary->pid, SIGCONT);
    }
}


/*
 * A server that was promoted without what the primary before it had may have a
 * commit that was never told: all ledgers part from its log.  Its keys are
 * deleted then, as docs/machines.md says.
 */

static void
remedy(void)
{
    unsigned  k;

    for (k = 0; k < MACHINES; k++) {
        if (!runs(&machine[k]) || machine[k].zone->shared.parted == 0) {
            return;
        }
    }

    go_on();
    (void) ask(primary, "FLUSHALL");
    n_emptied++;

    for (k = 0; k < MACHINES; k++) {
        machine[k].zone->shared.parted = 0;
    }
}


static int
calm(void)
{
    remedy();

    return settled();
}


static void
check_all(void)
{
    unsigned    k, user;
    sk_sale_t  *sale;

    for (k = 0; k < MACHINES; k++) {
        sale = sk_zone_sale(machine[k].zone, SALE, strlen(SALE));
        assert_non_null(sale);

        for (user = 0; user < USERS; user++) {
            look(&machine[k], user);
        }

        /* what anybody was told is there */

        for (user = 0; user < USERS; user++) {
            if (told_order[user]) {
                char  name[16];

                (void) snprintf(name, sizeof(name), "u%u", user);
                assert_int_equal(asked(&machine[k], SALE, name), SK_WON);
            }
        }

        assert_int_equal(sk_load(&sale->sold), n_told);
        assert_int_equal(sk_load(&sale->free), STOCK - (int) n_told);
    }

    assert_same();
}


/* some time of one machine, and what happens meanwhile */

static void
turn(void)
{
    unsigned  i, k;

    k = random_below(MACHINES);

    if (runs(&machine[k])) {

        if (random_below(n_told < STOCK - STOCK / 8 ? 12 : 50) == 0) {
            for (i = 1 + random_below(3); i; i--) {
                buy(&machine[k], random_below(USERS));
            }
        }

        machine_turn(&machine[k]);
    }

    k = random_below(MACHINES);

    if (machine[k].m) {
        look(&machine[k], random_below(USERS));
    }

    if (random_below(60) == 0) {
        accident();
    }

    recover();
    remedy();

    if (logged[sizeof(logged) - 512]) {
        logged[0] = '\0';
        memset(logged, 0, sizeof(logged));
    }
}


/* all are back, and Redis is one server again */

static void
mend(void)
{
    unsigned  k;

    go_on();

    for (k = 0; k < MACHINES; k++) {
        machine[k].off = 0;
        lose[k] = 0;

        if (machine[k].m == NULL) {
            start(k);
        }
    }

    (void) ask(primary, "DEBUG CHANGE-REPL-ID");
    heal(other());
    until(calm);
}


static void
test_random(void **state)
{
    int         seconds;
    time_t      end;
    unsigned    k, turns;
    const char *text;

    (void) state;

    text = getenv("SECKILL_TEST_SECONDS");
    seconds = text ? atoi(text) : 20;
    text = getenv("SECKILL_TEST_SEED");
    rnd = text ? strtoul(text, NULL, 10) : (unsigned long) time(NULL);

    (void) fprintf(stderr, "# SECKILL_TEST_SEED=%lu\n", rnd);

    def = sk_test_def(SALE, STOCK, 1);
    redis_start(&redis[1], "--appendonly", "no");
    heal(&redis[1]);

    for (k = 0; k < MACHINES; k++) {
        machine[k].conf.redis.timeout_ms = 100;
        start(k);
        until(settled);
    }

    end = time(NULL) + seconds;
    turns = 0;

    while (time(NULL) < end) {
        turn();
        turns++;
    }

    mend();
    check_all();

    for (k = 0; k < MACHINES; k++) {
        count(k);
    }

    (void) fprintf(stderr, "# %u turns, %u sold, %s events, %llu reigns seen, "
                   "%llu commits put back, %llu logs deleted\n", turns, n_told,
                   ask(primary, "HGET seckill:{drop}:tail last"),
                   (unsigned long long) n_reigns,
                   (unsigned long long) n_restored,
                   (unsigned long long) n_emptied);
}


static int
begin_random(void **state)
{
    int         rc;
    unsigned    k;
    char        url[128], reason[256];

    rc = begin_machines(state);

    for (k = 0; k < MACHINES; k++) {
        (void) snprintf(url, sizeof(url), "unix:%s/primary", dir);
        assert_int_equal(sk_redis_url_parse(&machine[k].conf.redis.url, url,
                                            strlen(url), reason,
                                            sizeof(reason)), SK_OK);
        strcpy(machine[k].conf.zone, "drop");
        machine[k].conf.name[0] = (char) ('a' + k);
    }

    return rc;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_random, begin_random,
                                        end_machines),
    };

    return cmocka_run_group_tests_name("machines_random", tests, NULL, NULL);
}
