/*
 * What the random tests of several machines share: everything that can go wrong
 * with machines and Redis, at random.  Machines die and come back, are slow,
 * and are declared gone; a replica that lags is promoted while the old primary
 * goes on with who is connected to it; Redis comes back empty, hangs, is
 * emptied; replies are lost.
 *
 * SECKILL_TEST_SECONDS and SECKILL_TEST_SEED: how long, and with which seed.
 */


#ifndef _SK_TEST_RANDOM_H_INCLUDED_
#define _SK_TEST_RANDOM_H_INCLUDED_


#include "sk_test_machines.h"


static int              hung;                   /* turns until it goes on */
static sk_authority_t   real[MACHINES], lossy[MACHINES];
static unsigned         lose[MACHINES];         /* 1 before, 2 after the call */
static unsigned         lost[MACHINES];         /* the last call */
static unsigned long    rnd;
static uint64_t         n_restored, n_reigns, n_emptied;

static sk_sale_def_t   *sales;                  /* what they declare */
static unsigned         n_sales;
static sk_commands_t   *commands[MACHINES];     /* or NULL */


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
    machine_start(&machine[k], names[k], sales, n_sales);
    machine[k].d.commands = commands[k];

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


/* how long, in seconds; the seed is told */

static int
random_begin(int seconds)
{
    const char  *text;

    text = getenv("SECKILL_TEST_SECONDS");
    seconds = text ? atoi(text) : seconds;
    text = getenv("SECKILL_TEST_SEED");
    rnd = text ? strtoul(text, NULL, 10) : (unsigned long) time(NULL);

    (void) fprintf(stderr, "# SECKILL_TEST_SEED=%lu\n", rnd);

    return seconds;
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


#endif /* _SK_TEST_RANDOM_H_INCLUDED_ */
