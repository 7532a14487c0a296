/*
 * Several machines on one log: what one sells, all know, and nobody sells
 * twice; whatever Redis forgets, and whoever dies.
 */

#include "sk_test_machines.h"


/*
 * A new user buys at one of them, and the others know.  While it is not known
 * who decides he is told "unavailable", and asks again.
 */

static void
sell_one(machine_t *x)
{
    char      user[16];
    unsigned  k;

    (void) snprintf(user, sizeof(user), "u%u", n_users++);

    do {
        (void) claim(x, "phone", user);
        until(all_decided);
    } while (asked(x, "phone", user) != SK_WON);

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k])) {
            assert_int_equal(asked(&machine[k], "phone", user), SK_WON);
        }
    }
}


/* all that was sold is known at all of them, and there is no more */

static void
assert_sold(void)
{
    char        user[16];
    unsigned    i, k;
    sk_sale_t  *sale;

    assert_same();

    for (k = 0; k < MACHINES; k++) {

        if (!runs(&machine[k])) {
            continue;
        }

        sale = sk_zone_sale(machine[k].zone, "phone", 5);
        assert_int_equal(sk_load(&sale->sold), n_users);
        assert_int_equal(sk_load(&sale->free), 40 - n_users);

        for (i = 0; i < n_users; i++) {
            (void) snprintf(user, sizeof(user), "u%u", i);
            assert_int_equal(asked(&machine[k], "phone", user), SK_WON);
        }
    }
}


static unsigned
events(machine_t *x, const char *type)
{
    char            sql[128];
    unsigned        n;
    sqlite3        *db;
    sqlite3_stmt   *stmt;

    (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM ledger"
                    " WHERE type = '%s'", type);

    assert_int_equal(sqlite3_open(x->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = (unsigned) sqlite3_column_int(stmt, 0);
    (void) sqlite3_finalize(stmt);
    (void) sqlite3_close(db);

    return n;
}


static int
b_is_gone(void)
{
    return settled() && events(&machine[0], "machine_left") == 1;
}


static int
c_is_gone(void)
{
    return strcmp(ask(primary, "HGET seckill:{drop}:members c"), "") == 0;
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


static void
test_one_log(void **state)
{
    (void) state;

    sell_one(&machine[0]);
    sell_one(&machine[1]);
    assert_int_equal(claim(&machine[1], "phone", "u0").result, SK_ALREADY);

    /* at the same time at both: one unit */

    (void) claim(&machine[0], "phone", "u2");
    (void) claim(&machine[1], "phone", "u2");
    until(all_decided);
    n_users = 3;
    assert_sold();
}


/* a store of one machine is where the log begins */

static void
test_from_one_machine(void **state)
{
    sk_drain_t  alone;

    assert_int_equal(begin_machines(state), 0);
    def = sk_test_def("phone", 40, 1);

    (void) snprintf(path, sizeof(path), "%s/a.db", dir);
    machine[0].zone = sk_test_zone(ZONE_SIZE, 0);
    alone = drainer(machine[0].zone, &def, 1);
    settle(&alone);
    sell(&alone, "phone", "u", 3);
    sk_drain_close(&alone);
    sk_test_zone_free(machine[0].zone);
    n_users = 3;

    machine_start(&machine[1], "b", &def, 1);
    machine_start(&machine[0], "a", &def, 1);
    until(settled);
    assert_sold();
    sell_one(&machine[1]);
    assert_sold();
}


/* Redis loses what it has: the machines have it */

static void
test_empty(void **state)
{
    unsigned  i;

    (void) state;

    sell_one(&machine[0]);
    sell_one(&machine[1]);

    for (i = 0; i < 2; i++) {

        if (i == 0) {
            assert_string_equal(ask(primary, "FLUSHALL"), "OK");

        } else {
            redis_kill(&redis[0]);
            redis_start(&redis[0], "--appendonly", "no");
        }

        until(settled);
        assert_true(put_back() >= 4 * (i + 1));
        sell_one(&machine[i]);
        assert_sold();
    }
}


/* in one reign, and with one machine: what it once found is not found now */

static void
test_empty_alone(void **state)
{
    (void) state;

    machine_stop(&machine[1]);
    until(b_is_gone);
    sell_one(&machine[0]);

    (void) ask(primary, "FLUSHALL");
    (void) claim(&machine[0], "phone", "late");
    until(settled);
    assert_true(put_back() >= 4);
    sell_one(&machine[0]);
    n_users += (asked(&machine[0], "phone", "late") == SK_WON);
    assert_int_equal(sk_load(&sk_zone_sale(machine[0].zone, "phone", 5)->sold),
                     n_users);
}


/* a replica that was cut off is promoted: what was sold since is put back */

static void
test_promoted(void **state)
{
    (void) state;

    redis_start(&redis[1], "--appendonly", "no");
    redis_follow(&redis[1], &redis[0]);
    sell_one(&machine[0]);

    (void) ask(&redis[1], "REPLICAOF NO ONE");
    sell_one(&machine[0]);
    sell_one(&machine[1]);
    redis_kill(&redis[0]);
    redis_primary(&redis[1]);

    until(settled);
    assert_true(put_back() >= 2);
    assert_true(sk_load(&machine[0].zone->shared.reigns) >= 1);
    sell_one(&machine[0]);
    assert_sold();
}


/* the old primary goes on, with one machine on it, while another is promoted */

static void
test_split(void **state)
{
    int  i;

    (void) state;

    redis_start(&redis[1], "--appendonly", "no");
    redis_follow(&redis[1], &redis[0]);
    sell_one(&machine[0]);

    (void) ask(&redis[1], "REPLICAOF NO ONE");
    redis_primary(&redis[1]);

    /* b learns of it, a does not, and sells */

    machine_stop(&machine[1]);
    machine_start(&machine[1], "b", &def, 1);
    machine_turn(&machine[1]);
    (void) claim(&machine[1], "phone", "waits");

    primary = &redis[0];
    machine[1].off = 1;
    sell_one(&machine[0]);
    primary = &redis[1];
    machine[1].off = 0;

    for (i = 0; i < 50; i++) {
        machine_turn(&machine[1]);
        assert_int_equal(asked(&machine[1], "phone", "waits"), SK_NONE);
    }

    assert_string_not_equal(machine[1].zone->reason, "");

    /* until a is there too */

    redis_kill(&redis[0]);
    until(settled);
    assert_true(sk_load(&machine[0].zone->shared.restored) >= 1);
    sell_one(&machine[1]);
    assert_sold();
}


static int
c_waits(void)
{
    return strstr(machine[2].zone->reason, "on the disk of one of a b") != NULL;
}


/* one that nobody but Redis knows of sells nothing, and follows nothing */

static void
test_joins(void **state)
{
    int  i;

    (void) state;

    sell_one(&machine[0]);
    machine[0].off = machine[1].off = 1;

    machine_start(&machine[2], "c", &def, 1);
    until(c_waits);

    for (i = 0; i < 20; i++) {
        machine_turn(&machine[2]);
    }

    assert_int_equal(events(&machine[2], "won"), 0);

    machine[0].off = machine[1].off = 0;
    until(settled);
    sell_one(&machine[2]);
    assert_sold();
}


/* one that is silent has left, and joins again */

static void
test_gone(void **state)
{
    (void) state;

    sell_one(&machine[1]);
    machine_stop(&machine[1]);
    until(b_is_gone);
    sell_one(&machine[0]);

    machine_start(&machine[1], "b", &def, 1);
    until(settled);
    assert_int_equal(events(&machine[1], "machine_joined"), 3);
    sell_one(&machine[1]);
    assert_sold();
}


/* others who miss it say so once */

static void
test_gone_once(void **state)
{
    (void) state;

    machine_start(&machine[2], "c", &def, 1);
    until(settled);
    sell_one(&machine[2]);
    machine_stop(&machine[2]);
    until(c_is_gone);
    sell_one(&machine[0]);
    sell_one(&machine[1]);
    assert_int_equal(events(&machine[0], "machine_left"), 1);
    assert_sold();
}


static int
two_are_gone(void)
{
    return settled() && events(&machine[0], "machine_left") == 2;
}


static int
a_waits(void)
{
    return strstr(machine[0].zone->reason, "waits for") != NULL;
}


static int
forget(const char *name)
{
    sk_machine_t  copy;

    return sk_zone_shared_forget(machine[0].zone, name, &copy);
}


/* two are gone for good, and Redis has lost all: somebody says so */

static void
test_forgotten(void **state)
{
    (void) state;

    machine_start(&machine[2], "c", &def, 1);
    until(settled);
    sell_one(&machine[2]);

    assert_int_equal(forget("a"), SK_REFUSED);
    assert_int_equal(forget("b"), SK_REFUSED);
    assert_int_equal(forget("z"), SK_NOT_FOUND);

    machine_stop(&machine[1]);
    machine_stop(&machine[2]);
    redis_kill(&redis[0]);

    machine_turn(&machine[0]);
    assert_int_equal(sk_load(&machine[0].zone->shared.up), 0);
    assert_int_equal(forget("b"), SK_AGAIN);

    redis_start(&redis[0], "--appendonly", "no");
    until(a_waits);

    /* one at a time; said twice it is the same */

    assert_int_equal(forget("b"), SK_OK);
    assert_int_equal(forget("b"), SK_OK);
    assert_int_equal(forget("c"), SK_AGAIN);

    /* whoever drains next has not asked Redis for anything yet */

    sk_drain_close(&machine[0].d);
    sk_machines_destroy(machine[0].m);
    machine[0].m = sk_machines_create(&machine[0].conf, machine[0].zone,
                                      &machine[0].d.writer.log);
    machine[0].d.writer.authority = sk_machines_authority(machine[0].m);

    machine_turn(&machine[0]);
    assert_int_equal(sk_load(&machine[0].zone->shared.forgets), 0);
    assert_string_equal(ask(primary, "HGET seckill:{drop}:machines !b"), "1");
    until(a_waits);
    assert_non_null(strstr(machine[0].zone->reason, "waits for c"));

    assert_int_equal(forget("c"), SK_OK);
    until(two_are_gone);
    sell_one(&machine[0]);

    machine_start(&machine[1], "b", &def, 1);
    until(settled);
    sell_one(&machine[1]);
    assert_sold();
}


static int
in_trouble(void)
{
    return strcmp(machine[2].zone->reason, SK_DRAIN_UNASKED) != 0
           && machine[2].zone->reason[0] != '\0';
}


static int
b_in_trouble(void)
{
    return strcmp(machine[1].zone->reason, SK_DRAIN_UNASKED) != 0
           && machine[1].zone->reason[0] != '\0';
}


static void
copy_store(const char *from, const char *to)
{
    char  command[512];

    (void) snprintf(command, sizeof(command),
                    "rm -f %s/%s.db*; sqlite3 %s/%s.db '.backup %s/%s.db'",
                    dir, to, dir, from, dir, to);
    assert_int_equal(system(command), 0);
}


/* two of one name; a copy of a store has another one, and is another machine */

static void
test_names(void **state)
{
    (void) state;

    sell_one(&machine[0]);
    sell_one(&machine[1]);

    machine_start(&machine[2], "c", &def, 1);
    machine_stop(&machine[2]);
    strcpy(machine[2].conf.name, "a");
    machine_start(&machine[2], "c", &def, 1);
    until(in_trouble);
    assert_non_null(strstr(machine[2].zone->reason,
                           "a machine \"a\" is there"));
    machine_stop(&machine[2]);

    /* the same with a copy of its store, even one that was made just now */

    copy_store("a", "c");
    machine_start(&machine[2], "c", &def, 1);
    until(in_trouble);
    assert_non_null(strstr(machine[2].zone->reason,
                           "a machine \"a\" is there"));
    machine_stop(&machine[2]);

    strcpy(machine[2].conf.name, "c");
    copy_store("a", "c");
    machine_start(&machine[2], "c", &def, 1);
    until(settled);
    sell_one(&machine[2]);
    assert_sold();

    /* a machine that starts again needs no time to be itself */

    machine_stop(&machine[0]);
    machine_start(&machine[0], "a", &def, 1);
    until(settled);
    assert_int_equal(events(&machine[2], "machine_joined"), 3);
    sell_one(&machine[0]);
    assert_sold();
}


/* sells to "mine0" ..., by itself, from a copy of another one's store */

static void
sell_apart(machine_t *x, const char *name, unsigned n)
{
    sk_drain_t  alone;

    copy_store("a", name);
    (void) snprintf(path, sizeof(path), "%s/%s.db", dir, name);
    x->zone = sk_test_zone(ZONE_SIZE, 0);
    alone = drainer(x->zone, NULL, 0);
    settle(&alone);
    sell(&alone, "phone", "mine", n);
    sk_drain_close(&alone);
    sk_test_zone_free(x->zone);
}


/* a ledger that says something else, and is as long, longer, or shorter */

static void
test_parted(void **state)
{
    unsigned     i, n;
    char         told[128];
    const char  *name;

    static const char *const  names[] = { "", "c", "d", "e" };

    (void) state;

    sell_one(&machine[0]);

    for (n = 1; n <= 3; n++) {
        name = names[n];
        sell_apart(&machine[2], name, n);

        for (i = 0; i < 2; i++) {
            sell_one(&machine[0]);
        }

        machine[2].conf.name[0] = '\0';
        machine_start(&machine[2], name, &def, 1);
        until(in_trouble);

        (void) snprintf(told, sizeof(told), "part at event %u: what this "
                        "machine alone has told are its events %u to %u",
                        4 + 2 * n, 4 + 2 * n, 3 + 3 * n);
        assert_non_null(strstr(machine[2].zone->reason, told));

        (void) snprintf(told, sizeof(told), "event %u, won mine%u", 3 + 3 * n,
                        n - 1);
        assert_non_null(strstr(logged, told));
        logged[0] = '\0';

        /* it answers those, and sells nothing */

        assert_int_equal(asked(&machine[2], "phone", "mine0"), SK_WON);
        (void) claim(&machine[2], "phone", "late");
        machine_turn(&machine[2]);
        machine_turn(&machine[2]);
        assert_int_equal(events(&machine[2], "won"), 2 * n - 1 + n);
        assert_int_equal(events(&machine[0], "machine_joined"), 2);
        machine_stop(&machine[2]);
    }

    until(settled);
    sell_one(&machine[1]);
    assert_sold();
}


static int
all_parted(void)
{
    return machine[0].zone->shared.parted && machine[1].zone->shared.parted;
}


/*
 * A primary that was, and has taken a commit that nobody knows of, is promoted
 * as it is: its log is the one that is wrong, and can be made anew.
 */

static void
test_parted_log(void **state)
{
    (void) state;

    redis_start(&redis[1], "--appendonly", "no");
    redis_follow(&redis[1], &redis[0]);
    sell_one(&machine[0]);
    (void) ask(&redis[1], "REPLICAOF NO ONE");

    (void) ask(&redis[0], "EVAL %s 2 seckill:{drop}:tail seckill:{drop}:log",
               "local last = redis.call('HGET', KEYS[1], 'last') + 1"
               " redis.call('XADD', KEYS[2], last .. '-0', 'commit', 'x',"
               "            'chain', string.rep('1', 64))"
               " redis.call('HSET', KEYS[1], 'last', last,"
               "            'chain', string.rep('1', 64))");

    redis_primary(&redis[1]);
    (void) ask(&redis[0], "CLIENT KILL TYPE normal SKIPME yes");
    until(settled);
    sell_one(&machine[0]);
    sell_one(&machine[1]);

    (void) ask(&redis[0], "DEBUG CHANGE-REPL-ID");
    redis_primary(&redis[0]);
    (void) ask(&redis[1], "CLIENT KILL TYPE normal SKIPME yes");
    until(all_parted);

    (void) ask(&redis[0], "DEL seckill:{drop}:tail seckill:{drop}:log"
               " seckill:{drop}:members seckill:{drop}:machines");
    until(settled);
    sell_one(&machine[1]);
    assert_sold();
}


/* what is longer is not put back where it does not belong */

static void
test_parted_closed(void **state)
{
    unsigned  i;
    char      tail[128];

    (void) state;

    sell_one(&machine[0]);
    sell_apart(&machine[2], "c", 3);
    sell_one(&machine[0]);
    machine_stop(&machine[1]);

    (void) ask(primary, "DEBUG CHANGE-REPL-ID");
    until(a_waits);
    (void) snprintf(tail, sizeof(tail), "%s",
                    ask(primary, "HGET seckill:{drop}:tail chain"));

    machine_start(&machine[2], "c", &def, 1);
    until(in_trouble);

    for (i = 0; i < 10; i++) {
        machine_turn(&machine[2]);
    }

    assert_non_null(strstr(machine[2].zone->reason, "part at event 6"));
    assert_string_equal(ask(primary, "HGET seckill:{drop}:tail chain"), tail);
    machine_stop(&machine[2]);

    machine_start(&machine[1], "b", &def, 1);
    until(settled);
    sell_one(&machine[1]);
    assert_sold();
}


/* a commit that is not what its chain says gets into no ledger */

static void
test_changed(void **state)
{
    static const char  change[] =
        "local log = redis.call('XRANGE', KEYS[1], '-', '+')"
        " redis.call('DEL', KEYS[1])"
        " for i, entry in ipairs(log) do"
        "   local f = entry[2]"
        "   redis.call('XADD', KEYS[1], entry[1], f[1],"
        "              i == #log and string.gsub(f[2], 'u0', 'u9') or f[2],"
        "              f[3], f[4])"
        " end";

    (void) state;

    machine_stop(&machine[1]);
    sell_one(&machine[0]);
    (void) ask(primary, "EVAL %s 1 seckill:{drop}:log", change);

    machine_start(&machine[1], "b", &def, 1);
    until(b_in_trouble);
    assert_non_null(strstr(machine[1].zone->reason, "commit 5 of the log is "
                           "not what its chain says"));
    assert_int_equal(events(&machine[1], "won"), 0);
}


/* what a trimmed log does not reach is not held against anybody */

static void
test_parted_trimmed(void **state)
{
    unsigned  i;

    (void) state;

    machine[0].conf.keep = machine[1].conf.keep = 5;

    for (i = 0; i < 2; i++) {
        machine_stop(&machine[i]);
        machine_start(&machine[i], i ? "b" : "a", &def, 1);
    }

    until(settled);
    (void) ask(primary, "CONFIG SET stream-node-max-entries 2");

    for (i = 0; i < 20; i++) {
        sell_one(&machine[0]);
    }

    /* the 24th event is the last one of both */

    sell_apart(&machine[2], "c", 2);
    sell_one(&machine[0]);
    machine_start(&machine[2], "c", &def, 1);
    until(in_trouble);
    assert_non_null(strstr(machine[2].zone->reason, "part at event 25: what "
                           "this machine alone has told are its events 25 to "
                           "26"));
    machine_stop(&machine[2]);

    /* nor is what is behind it known, where they parted before */

    sell_apart(&machine[2], "d", 12);

    for (i = 0; i < 12; i++) {
        sell_one(&machine[0]);
    }

    machine[2].conf.name[0] = '\0';
    machine_start(&machine[2], "d", &def, 1);
    until(in_trouble);
    assert_non_null(strstr(machine[2].zone->reason, " or before, where the log "
                           "does not reach"));
    assert_null(strstr(logged, "mine11"));
    machine_stop(&machine[2]);
}


/* a first commit that is longer than what is not kept is put back, too */

static void
test_keep_more(void **state)
{
    sk_drain_t     alone;
    sk_sale_def_t  defs[8];
    unsigned       i;
    char           names[8][8];

    (void) state;

    machine_stop(&machine[0]);
    machine_stop(&machine[1]);
    (void) ask(primary, "FLUSHALL");

    for (i = 0; i < 8; i++) {
        (void) snprintf(names[i], sizeof(names[i]), "s%u", i);
        defs[i] = sk_test_def(names[i], 5, 1);
    }

    (void) snprintf(path, sizeof(path), "%s/c.db", dir);
    machine[2].zone = sk_test_zone(ZONE_SIZE, 0);
    alone = drainer(machine[2].zone, defs, 8);
    settle(&alone);
    sk_drain_close(&alone);
    sk_test_zone_free(machine[2].zone);

    machine[2].conf.keep = 5;
    machine_start(&machine[2], "c", defs, 8);
    until(settled);
    assert_int_equal(events(&machine[2], "sale_added"), 8);
    assert_true(atoi(ask(primary, "HGET seckill:{drop}:tail last")) >= 9);
}


/* there are 64 at most: it says so, and does not ask on and on */

static void
test_full(void **state)
{
    unsigned  i;
    int       calls;

    (void) state;

    for (i = 0; i < 62; i++) {
        (void) ask(primary, "HSET seckill:{drop}:members m%u 1:ab", i);
    }

    machine_start(&machine[2], "c", &def, 1);
    until(in_trouble);
    assert_non_null(strstr(machine[2].zone->reason, "64 machines have joined "
                           "already"));

    (void) ask(primary, "CONFIG RESETSTAT");
    machine_turn(&machine[2]);
    calls = atoi(strstr(ask(primary, "INFO commandstats"),
                        "evalsha:calls=") + 14);
    assert_true(calls <= 4);
    machine_stop(&machine[2]);
}


static int
trimmed_enough(void)
{
    return atoi(ask(primary, "XLEN seckill:{drop}:log")) <= 10;
}


/* a log that keeps some events only */

static void
test_trimmed(void **state)
{
    unsigned  i;

    (void) state;

    machine[0].conf.keep = 5;
    machine_stop(&machine[0]);
    machine_start(&machine[0], "a", &def, 1);
    until(settled);
    copy_store("a", "c");

    /* by whole nodes of the stream */

    (void) ask(primary, "CONFIG SET stream-node-max-entries 2");

    for (i = 0; i < 20; i++) {
        sell_one(&machine[0]);
    }

    assert_true(trimmed_enough());

    /* one that is too far behind, and one with a good copy */

    machine_start(&machine[2], "c", &def, 1);
    until(in_trouble);
    assert_non_null(strstr(machine[2].zone->reason, "restore a backup"));
    machine_stop(&machine[2]);

    copy_store("b", "c");
    machine_start(&machine[2], "c", &def, 1);
    until(settled);
    sell_one(&machine[2]);
    assert_sold();

    /* put back is what is to be kept, and who was a member is known */

    machine[1].conf.keep = machine[2].conf.keep = 5;

    for (i = 1; i < 3; i++) {
        machine_stop(&machine[i]);
        machine_start(&machine[i], i == 1 ? "b" : "c", &def, 1);
    }

    until(settled);
    (void) ask(primary, "FLUSHALL");
    until(settled);
    assert_true(trimmed_enough());
    assert_int_equal(atoi(ask(primary, "HLEN seckill:{drop}:members")), 3);
    sell_one(&machine[1]);
    assert_sold();
}


static void
configure(machine_t *x, const char *name, int64_t stock, int64_t then)
{
    unsigned              k;
    static sk_sale_def_t  defs[MACHINES];

    k = (unsigned) (x - machine);
    defs[k] = sk_test_def("phone", stock, 1);

    machine_stop(x);
    machine_start(x, name, &defs[k], 1);
    until(settled);

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k])) {
            assert_int_equal(sk_load(&sk_zone_sale(machine[k].zone, "phone",
                                                   5)->stock), then);
        }
    }
}


/* what a machine's configuration said last is that machine's */

static void
test_declared(void **state)
{
    (void) state;

    configure(&machine[0], "a", 50, 50);
    configure(&machine[1], "b", 40, 50);
    configure(&machine[2], "c", 30, 50);
    configure(&machine[1], "b", 60, 60);
    configure(&machine[0], "a", 50, 60);
    configure(&machine[2], "c", 31, 31);
    configure(&machine[2], "c", 31, 31);
    assert_int_equal(events(&machine[0], "sale_edited"), 5);
    assert_same();
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, begin_two, end_machines)
        T(test_one_log),
        cmocka_unit_test_teardown(test_from_one_machine, end_machines),
        T(test_empty),
        T(test_empty_alone),
        T(test_promoted),
        T(test_split),
        T(test_joins),
        T(test_gone),
        T(test_gone_once),
        T(test_forgotten),
        T(test_names),
        T(test_parted),
        T(test_parted_closed),
        T(test_parted_log),
        T(test_parted_trimmed),
        T(test_keep_more),
        T(test_full),
        T(test_changed),
        T(test_trimmed),
        T(test_declared),
#undef T
    };

    cmocka_set_test_filter(getenv("ONLY"));

    return cmocka_run_group_tests_name("machines", tests, NULL, NULL);
}
