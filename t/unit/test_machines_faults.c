/*
 * Several machines, fault by fault: what a buyer is told while it lasts, and
 * that all is exact afterwards, without a restart.
 */

#include <hiredis/hiredis.h>

#include "sk_test_machines.h"


static sk_authority_t   real, lossy;
static unsigned         lose;           /* 1: the call, 2: its answer */


static const char *
user(unsigned i)
{
    static char  name[16];

    (void) snprintf(name, sizeof(name), "u%u", i);

    return name;
}


static void
sell_one(machine_t *x)
{
    do {
        (void) claim(x, "phone", user(n_users));
        until(all_decided);
    } while (asked(x, "phone", user(n_users)) != SK_WON);

    n_users++;
}


/* while it lasts: a claim is undecided, what is known is told */

static void
assert_unavailable(machine_t *x, const char *reason)
{
    int          i;
    sk_answer_t  answer;

    answer = claim(x, "phone", "late");

    for (i = 0; i < TURNS && !sk_load(&x->zone->failing); i++) {
        machine_turn(x);
        nap();
    }

    machine_turn(x);

    if (answer.admitted) {
        assert_int_equal(outcome_of(x->zone, answer.ticket),
                         SK_OUTCOME_UNAVAILABLE);
    }

    assert_int_equal(claim(x, "phone", "later").result, SK_UNAVAILABLE);
    assert_int_equal(claim(x, "phone", user(0)).result, SK_ALREADY);
    assert_int_equal(asked(x, "phone", user(0)), SK_WON);

    if (strstr(x->zone->reason, reason) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", reason, x->zone->reason);
    }
}


static void
assert_exact(void)
{
    unsigned    k, i, late;
    sk_sale_t  *sale;

    until(all_decided);
    sell_one(&machine[0]);
    sell_one(&machine[1]);
    until(all_decided);
    assert_same();

    /* who was told that it is not known may have got one */

    late = (asked(&machine[0], "phone", "late") == SK_WON);

    for (k = 0; k < MACHINES; k++) {

        if (!runs(&machine[k])) {
            continue;
        }

        sale = sk_zone_sale(machine[k].zone, "phone", 5);
        assert_int_equal(sk_load(&sale->sold), n_users + late);
        assert_int_equal(sk_load(&sale->undecided), 0);

        for (i = 0; i < n_users; i++) {
            assert_int_equal(asked(&machine[k], "phone", user(i)), SK_WON);
        }
    }
}


static void
test_away(void **state)
{
    (void) state;

    sell_one(&machine[0]);

    redis_kill(&redis[0]);
    assert_unavailable(&machine[0], "primary");
    assert_unavailable(&machine[1], "primary");
    redis_start(&redis[0], "--appendonly", "no");
    assert_exact();
}


/* however long it is away, the store does not grow meanwhile */

static void
test_away_long(void **state)
{
    int       i;
    unsigned  pages;

    (void) state;

    sell_one(&machine[0]);
    redis_kill(&redis[0]);
    assert_unavailable(&machine[0], "primary");
    pages = sk_ledger_log_pages(machine[0].d.writer.ledger);

    for (i = 0; i < 50; i++) {
        machine_turn(&machine[0]);
    }

    assert_int_equal(sk_ledger_log_pages(machine[0].d.writer.ledger), pages);
    redis_start(&redis[0], "--appendonly", "no");
    assert_exact();
}


static unsigned
calls(const char *command)
{
    char  what[64];
    char *found;

    (void) snprintf(what, sizeof(what), "cmdstat_%s:calls=", command);
    found = strstr(ask(primary, "INFO commandstats"), what);

    return found ? (unsigned) atoi(found + strlen(what)) : 0;
}


/* who may not watch the log sells all the same, and does not try on and on */

static void
test_no_watch(void **state)
{
    int  i;

    (void) state;

    sell_one(&machine[0]);
    assert_string_equal(ask(primary, "ACL SETUSER default -xread"), "OK");
    assert_string_equal(ask(primary, "CLIENT KILL TYPE normal SKIPME yes"),
                        "4");
    sell_one(&machine[0]);
    sell_one(&machine[1]);
    assert_non_null(strstr(logged, "the log is not watched"));

    (void) ask(primary, "CONFIG RESETSTAT");

    for (i = 0; i < 200; i++) {
        machine_turn(&machine[0]);
    }

    assert_true(calls("evalsha") < 20);
    assert_exact();
}


static void
move(machine_t *x, const char *name, unsigned db)
{
    (void) ask(primary, "SELECT %u", db);
    machine_stop(x);
    x->conf.redis.url.db = db;
    machine_start(x, name, &def, 1);
}


/* another database of the same server is another log, in another reign */

static void
test_database(void **state)
{
    int  i;

    (void) state;

    sell_one(&machine[0]);
    move(&machine[0], "a", 3);
    move(&machine[1], "b", 3);
    until(settled);
    sell_one(&machine[1]);
    machine[1].off = 1;

    move(&machine[0], "a", 0);

    for (i = 0; i < 20; i++) {
        machine_turn(&machine[0]);
    }

    (void) claim(&machine[0], "phone", "late");
    machine_turn(&machine[0]);

    assert_non_null(strstr(machine[0].zone->reason,
                           "has left for a later one"));
    assert_int_equal(asked(&machine[0], "phone", "late"), SK_NONE);

    move(&machine[0], "a", 3);
    machine[1].off = 0;
    assert_exact();
}


static sk_authority_t  waits;


/* while it waits for Redis, the other one sells */

static int
wait_follow(void *ctx, sk_ledger_t *ledger)
{
    (void) usleep(200 * 1000);
    (void) claim(&machine[0], "phone", user(n_users++));
    machine_turn(&machine[0]);

    return waits.follow(ctx, ledger);
}


/* the ledger's time is Redis' clock, however long its answers take */

static void
test_time(void **state)
{
    int64_t           time_ms, now_ms;
    struct timespec   boot;
    sk_authority_t    slow;

    (void) state;

    waits = *machine[1].d.writer.authority;
    slow = waits;
    slow.follow = wait_follow;
    machine[1].d.writer.authority = &slow;
    machine_turn(&machine[1]);
    machine[1].d.writer.authority = sk_machines_authority(machine[1].m);
    until(settled);

    (void) clock_gettime(CLOCK_BOOTTIME, &boot);
    time_ms = sk_zone_time(machine[1].zone, 0, (int64_t) boot.tv_sec * 1000
                                               + boot.tv_nsec / 1000000);
    now_ms = strtoll(ask(primary, "EVAL %s 0", "local t = redis.call('TIME')"
                         " return string.format('%.0f',"
                         " t[1] * 1000 + t[2] / 1000)"), NULL, 10);
    assert_true(time_ms <= now_ms + 20);
    assert_exact();
}


/* with all that it had, it is in another reign all the same */

static void
test_restarted(void **state)
{
    int  i;

    (void) state;

    assert_string_equal(ask(primary, "CONFIG SET appendfsync always"), "OK");
    assert_string_equal(ask(primary, "CONFIG SET appendonly yes"), "OK");

    for (i = 0; i < TURNS && !strstr(ask(primary, "INFO persistence"),
                                     "aof_rewrite_in_progress:0"); i++)
    {
        nap();
    }

    sell_one(&machine[0]);
    sell_one(&machine[1]);

    redis_kill(&redis[0]);
    assert_unavailable(&machine[0], "primary");
    redis_start(&redis[0], "--appendonly", "yes");
    assert_exact();

    for (i = 0; i < 2; i++) {
        assert_int_equal(sk_load(&machine[i].zone->shared.reigns), 1);
        assert_int_equal(sk_load(&machine[i].zone->shared.restored), 0);
    }
}


/* who answers late, but in time, is waited for */

static void
test_slow(void **state)
{
    int          i;
    sk_answer_t  answer;

    (void) state;

    for (i = 0; i < 4; i++) {
        (void) ask(primary, "CLIENT PAUSE 200");
        answer = claim(&machine[i % 2], "phone", user(n_users++));
        assert_true(answer.admitted);
        until(all_decided);
        assert_int_equal(outcome_of(machine[i % 2].zone, answer.ticket),
                         SK_OUTCOME_WON);
    }

    assert_exact();
}


static void
test_hangs(void **state)
{
    (void) state;

    machine_stop(&machine[0]);
    machine[0].conf.redis.timeout_ms = 100;
    machine_start(&machine[0], "a", &def, 1);
    until(settled);
    sell_one(&machine[0]);

    (void) kill(redis[0].pid, SIGSTOP);
    assert_unavailable(&machine[0], "");
    (void) kill(redis[0].pid, SIGCONT);
    assert_exact();
}


static void
test_out_of_memory(void **state)
{
    (void) state;

    sell_one(&machine[0]);

    (void) ask(primary, "CONFIG SET maxmemory 1");
    assert_unavailable(&machine[0], "maxmemory");
    (void) ask(primary, "CONFIG SET maxmemory 0");
    assert_exact();
}


static void
test_read_only(void **state)
{
    int  n;

    (void) state;

    sell_one(&machine[0]);

    redis_start(&redis[1], "--appendonly", "no");
    redis_follow(&redis[1], &redis[0]);
    until(settled);
    redis_primary(&redis[1]);
    (void) ask(&redis[0], "CLIENT KILL TYPE normal SKIPME yes");
    assert_unavailable(&machine[0], "replica");
    redis_primary(&redis[0]);
    until(settled);

    /* one that takes what is written to it is no primary all the same: it has
       its primary's replication id, and will forget */

    (void) ask(&redis[0], "CONFIG SET replica-read-only no");
    (void) ask(&redis[1], "REPLICAOF NO ONE");
    redis_primary(&redis[1]);
    redis_follow(&redis[0], &redis[1]);

    n = atoi(ask(&redis[0], "XLEN seckill:{drop}:log"));
    (void) claim(&machine[0], "phone", "late");
    machine_turn(&machine[0]);
    assert_int_equal(atoi(ask(&redis[0], "XLEN seckill:{drop}:log")), n);
    (void) ask(&redis[0], "CLIENT KILL TYPE normal SKIPME yes");
    assert_exact();
}


static void
test_password(void **state)
{
    (void) state;

    sell_one(&machine[0]);

    (void) ask(primary, "CONFIG SET requirepass secret");
    (void) ask(primary, "CLIENT KILL TYPE normal SKIPME yes");
    assert_unavailable(&machine[0], "password");

    machine_stop(&machine[0]);
    strcpy(machine[0].conf.redis.password, "wrong");
    machine_start(&machine[0], "a", &def, 1);
    machine_turn(&machine[0]);
    assert_unavailable(&machine[0], "password");

    (void) ask(primary, "CONFIG SET requirepass wrong");
    machine_stop(&machine[1]);
    strcpy(machine[1].conf.redis.password, "wrong");
    machine_start(&machine[1], "b", &def, 1);
    assert_exact();
}


/* the commit is in the log, and not where it was wanted */

static void
test_replicas(void **state)
{
    int  i;

    (void) state;

    sell_one(&machine[0]);

    machine_stop(&machine[0]);
    machine[0].conf.wait = 1;
    machine[0].conf.redis.timeout_ms = 1000;
    machine_start(&machine[0], "a", &def, 1);
    machine_turn(&machine[0]);
    assert_unavailable(&machine[0], "0 replicas have it, 1 are wanted");

    redis_start(&redis[1], "--appendonly", "no");
    redis_follow(&redis[1], &redis[0]);
    assert_exact();

    (void) kill(redis[1].pid, SIGSTOP);
    assert_unavailable(&machine[0], "0 replicas have it, 1 are wanted");
    (void) kill(redis[1].pid, SIGCONT);

    /* "late" has got one: that was decided, and is told now */

    until(all_decided);
    n_users += (asked(&machine[0], "phone", "late") == SK_WON);
    assert_int_equal(n_users, 4);
    until(all_decided);
    assert_same();

    /* nor is it stayed with, if another one is the primary */

    (void) ask(&redis[1], "REPLICAOF NO ONE");
    redis_primary(&redis[1]);
    assert_unavailable(&machine[0], "0 replicas have it, 1 are wanted");

    for (i = 0; i < 20; i++) {
        machine_turn(&machine[0]);
    }

    assert_non_null(strstr(ask(&redis[1], "INFO commandstats"),
                           "cmdstat_evalsha"));
    redis_follow(&redis[0], &redis[1]);
    until(settled);
}


static int
lose_commit(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    unsigned  what;

    (void) ctx;

    what = commit->data.data ? lose : 0;

    if (what == 1) {
        return SK_ERROR;
    }

    if (what == 2) {
        (void) real.commit(real.ctx, ledger, commit);
        return SK_ERROR;
    }

    return real.commit(real.ctx, ledger, commit);
}


static int
lose_follow(void *ctx, sk_ledger_t *ledger)
{
    (void) ctx;

    return real.follow(real.ctx, ledger);
}


static const char *
lose_error(void *ctx)
{
    (void) ctx;

    return "lost";
}


/* killed before the script, or between the script and the own disk */

static void
test_lost(void **state)
{
    unsigned     i, killed;
    sk_answer_t  answer;

    (void) state;

    sell_one(&machine[0]);

    for (i = 0; i < 4; i++) {
        lose = 1 + i % 2;
        killed = i / 2;

        real = *machine[0].d.writer.authority;
        lossy = real;
        lossy.commit = lose_commit;
        lossy.follow = lose_follow;
        lossy.error = lose_error;
        machine[0].d.writer.authority = &lossy;

        answer = claim(&machine[0], "phone", user(n_users));
        assert_true(answer.admitted);

        while (sk_queue_depth(&machine[0].zone->queue)) {
            machine_turn(&machine[0]);
        }

        machine[0].d.writer.authority = sk_machines_authority(machine[0].m);

        if (killed) {
            machine_stop(&machine[0]);
            machine_start(&machine[0], "a", &def, 1);
        }

        until(settled);

        /* it has happened, or it has not: all say the same, and so it stays */

        assert_int_equal(asked(&machine[0], "phone", user(n_users)),
                         (lose == 2) ? SK_WON : SK_NONE);
        assert_int_equal(asked(&machine[1], "phone", user(n_users)),
                         (lose == 2) ? SK_WON : SK_NONE);
        n_users += (lose == 2);
        assert_exact();
    }
}


static uint64_t
put_back(void)
{
    unsigned  k;
    uint64_t  n;

    n = 0;

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k])) {
            n += sk_load(&machine[k].zone->shared.restored);
        }
    }

    return n;
}


/* an empty Redis has room for a few commits at a time: each is counted once */

static void
test_put_back_bit_by_bit(void **state)
{
    int           i, k;
    char         *used;
    unsigned      parts;
    uint64_t      n, before;

    (void) state;

    for (i = 0; i < 30; i++) {
        sell_one(&machine[i % 2]);
    }

    redis_start(&redis[1], "--appendonly", "no");
    redis_primary(&redis[1]);
    (void) ask(primary, "CONFIG SET maxmemory 1");
    redis_kill(&redis[0]);

    parts = 0;
    before = 0;

    for (i = 0; i < 20; i++) {
        used = strstr(ask(primary, "INFO memory"), "used_memory:");
        assert_non_null(used);

        (void) ask(primary, "CONFIG SET maxmemory %llu",
                   strtoull(used + strlen("used_memory:"), NULL, 10) + 2000);

        for (k = 0; k < 10; k++) {
            machine_turn(&machine[k % 2]);
            nap();
        }

        n = strtoul(ask(primary, "XLEN seckill:{drop}:log"), NULL, 10);
        parts += (n > before);
        before = n;
    }

    (void) ask(primary, "CONFIG SET maxmemory 0");
    until(settled);

    assert_true(parts > 1);
    assert_int_equal(put_back(),
                     strtoul(ask(primary, "XLEN seckill:{drop}:log"), NULL,
                             10));
    assert_exact();
}


/* the log has it, the own disk has no room for it: nobody is told yet */

static void
test_full_disk(void **state)
{
    int          n;
    unsigned     k;
    sk_answer_t  answer;

    (void) state;

    sell_one(&machine[0]);

    for (n = 1; n <= 12; n++) {
        k = n_users++;

        answer = claim(&machine[0], "phone", user(k));
        assert_true(answer.admitted);

        fault_vfs_on(n % 2 ? FAULT_FULL : FAULT_SYNC, (n + 1) / 2);

        while (sk_queue_depth(&machine[0].zone->queue)) {
            machine_turn(&machine[0]);
        }

        if (sk_load(&machine[0].zone->failing)) {
            assert_int_equal(outcome_of(machine[0].zone, answer.ticket),
                             SK_OUTCOME_UNAVAILABLE);
            assert_int_equal(asked(&machine[0], "phone", user(k)), SK_NONE);
        }

        fault_vfs_off();
        until(settled);

        /* that it was decided may be known by now; asked again, it is */

        do {
            (void) claim(&machine[0], "phone", user(k));
            until(all_decided);
        } while (asked(&machine[0], "phone", user(k)) != SK_WON);
    }

    assert_exact();
}


/* two nodes, of which the first has all slots; who connects asks the second */

static void
cluster_start(char id[2][64])
{
    int  i, k;

    redis_start(&redis[0], "--cluster-enabled", "yes");
    redis_start(&redis[1], "--cluster-enabled", "yes");
    primary = NULL;

    assert_string_equal(ask(&redis[0], "CLUSTER ADDSLOTSRANGE 0 16383"), "OK");
    assert_string_equal(ask(&redis[1], "CLUSTER SET-CONFIG-EPOCH 2"), "OK");
    assert_string_equal(ask(&redis[0], "CLUSTER MEET 127.0.0.1 %d",
                            redis[1].port), "OK");

    for (k = 0; k < 2; k++) {
        (void) snprintf(id[k], 64, "%s", ask(&redis[k], "CLUSTER MYID"));
    }

    for (i = 0; i < TURNS && (!strstr(ask(&redis[1], "CLUSTER INFO"),
                                      "cluster_slots_assigned:16384")
                              || !strstr(ask(&redis[1], "CLUSTER INFO"),
                                         "cluster_state:ok")); i++)
    {
        nap();
    }
}


static void
cluster_machines(void)
{
    int   i;
    char  url[128], reason[256];

    (void) snprintf(url, sizeof(url), "cluster://127.0.0.1:%d",
                    redis[1].port);

    for (i = 0; i < 2; i++) {
        assert_int_equal(sk_redis_url_parse(&machine[i].conf.redis.url, url,
                                            strlen(url), reason,
                                            sizeof(reason)), SK_OK);
        machine[i].conf.redis.timeout_ms = 2000;
        strcpy(machine[i].conf.zone, "drop");
        machine[i].conf.name[0] = (char) ('a' + i);
        machine[i].conf.gone_ms = GONE_MS;
        machine_start(&machine[i], i ? "b" : "a", &def, 1);
        until(settled);
    }
}


static void
slot_is(const char *slot, redis_t *s, const char *state, const char *id)
{
    assert_string_equal(ask(s, "CLUSTER SETSLOT %s %s %s", slot, state, id),
                        "OK");
}


/* a cluster moves the log's slot to another node, while machines sell */

static void
test_cluster(void **state)
{
    char  slot[16], id[2][64];

    assert_int_equal(setup(state), 0);
    memset(machine, 0, sizeof(machine));
    memset(redis, 0, sizeof(redis));
    begun = 0;
    n_users = 0;
    def = sk_test_def("phone", 40, 1);

    (void) signal(SIGPIPE, SIG_IGN);

    cluster_start(id);
    cluster_machines();

    sell_one(&machine[0]);
    sell_one(&machine[1]);

    (void) snprintf(slot, sizeof(slot), "%s",
                    ask(&redis[0], "CLUSTER KEYSLOT seckill:{drop}:log"));

    slot_is(slot, &redis[1], "IMPORTING", id[0]);
    slot_is(slot, &redis[0], "MIGRATING", id[1]);
    sell_one(&machine[0]);

    /* key by key: in between, nobody can say what the log is */

    assert_string_equal(ask(&redis[0], "MIGRATE 127.0.0.1 %d "
                            "seckill:{drop}:tail 0 5000", redis[1].port), "OK");
    assert_unavailable(&machine[0], "");
    assert_string_equal(ask(&redis[0], "MIGRATE 127.0.0.1 %d %s 0 5000 KEYS "
                            "seckill:{drop}:log seckill:{drop}:members "
                            "seckill:{drop}:machines", redis[1].port, ""),
                        "OK");
    sell_one(&machine[1]);

    slot_is(slot, &redis[1], "NODE", id[1]);
    slot_is(slot, &redis[0], "NODE", id[1]);
    sell_one(&machine[0]);
    sell_one(&machine[1]);

    until(all_decided);
    assert_same();
    assert_true(sk_load(&machine[0].zone->shared.reigns) >= 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, begin_two, end_machines)
        T(test_away),
        T(test_away_long),
        T(test_no_watch),
        T(test_database),
        T(test_restarted),
        T(test_slow),
        T(test_time),
        T(test_hangs),
        T(test_out_of_memory),
        T(test_put_back_bit_by_bit),
        T(test_read_only),
        T(test_password),
        T(test_replicas),
        T(test_lost),
        T(test_full_disk),
#undef T
        cmocka_unit_test_teardown(test_cluster, end_machines),
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    cmocka_set_test_filter(getenv("ONLY"));

    return cmocka_run_group_tests_name("machines_faults", tests, NULL, NULL);
}
