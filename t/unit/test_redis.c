/* one Redis: scripts, what can go wrong with them, and the watch */

#include "sk_test_redis.h"

#include <netinet/tcp.h>


#define WAIT_MS  2000                    /* for replicas that do not come */


static server_t  *one = &servers[0];
static server_t  *two = &servers[1];


static void
test_script(void **state)
{
    char               address[64], big[300000];
    size_t             lens[3];
    const char        *argv[3];
    sk_redis_script_t  join = { "return {KEYS[1], ARGV[1] .. ARGV[2]}", "" };

    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    assert_string_equal(sk_redis_address(r), "");

    done(run("a"), 1);
    done(run("a"), 2);
    assert_string_equal(ask(one, "GET a"), "2");
    assert_int_equal(replicas, 0);
    assert_int_equal(strlen(incr.sha1), 40);
    assert_true(sk_redis_round_trip_us(r) > 0);
    assert_string_equal(sk_redis_error(r), "");

    (void) snprintf(address, sizeof(address), "127.0.0.1:%u", one->port);
    assert_string_equal(sk_redis_address(r), address);

    assert_non_null(strstr(ask(one, "CLIENT LIST"), "name=seckill-test"));

    /* one after the other, and only one connection */
    assert_null(strstr(strstr(ask(one, "CLIENT LIST"), "name=seckill-test") + 1,
                       "name=seckill-test"));

    /* bytes are bytes, and many */

    memset(big, 'x', sizeof(big));
    argv[0] = "k\0\r\n";
    lens[0] = 4;
    argv[1] = big;
    lens[1] = sizeof(big);
    argv[2] = "";
    lens[2] = 0;

    freeReplyObject(reply);
    assert_int_equal(sk_redis_script(r, &join, 1, 3, argv, lens, 0, &reply,
                                     &replicas), SK_OK);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    assert_int_equal(reply->element[0]->len, 4);
    assert_memory_equal(reply->element[0]->str, "k\0\r\n", 4);
    assert_int_equal(reply->element[1]->len, sizeof(big));
    assert_memory_equal(reply->element[1]->str, big, sizeof(big));
}


static void
test_socket_and_database(void **state)
{
    char  address[160];

    (void) state;

    server_start(one);

    use("", TIMEOUT_MS, "unix:%s", one->sock);
    done(run("a"), 1);
    (void) snprintf(address, sizeof(address), "unix:%s", one->sock);
    assert_string_equal(sk_redis_address(r), address);

    use("", TIMEOUT_MS, "redis://localhost:%u/3", one->port);
    done(run("a"), 1);
    assert_string_equal(ask(one, "SELECT 3"), "OK");
    assert_string_equal(ask(one, "GET a"), "1");

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u/99", one->port);
    failed(run("a"), 0, "has refused: \"ERR DB index is out of range\"");
}


static void
test_unknown_script(void **state)
{
    sk_redis_script_t  bad = { "this is no Lua", "" };

    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    done(run("a"), 1);
    assert_string_equal(ask(one, "SCRIPT FLUSH"), "OK");
    done(run("a"), 2);

    /* a server that has started again, and a script that another one knew */

    server_kill(one);
    server_start(one);
    done(run("a"), 1);

    failed(run_wait(&bad, 0, "a", "1"), 0, "Error compiling script");
    done(run("a"), 2);
}


static void
test_users(void **state)
{
    (void) state;

    server_start(one, "--requirepass", "secret",
                 "--user", "shop", "on", ">pass", "~a*", "+evalsha", "+eval",
                 "+script", "+incrby");
    assert_string_equal(ask(one, "AUTH secret"), "OK");

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    failed(run("a"), 0, "wants a password: \"NOAUTH");

    use("wrong", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    failed(run("a"), 0,
           "does not accept the user and the password: \"WRONGPASS");

    use("secret", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 1);

    use("secret", TIMEOUT_MS, "redis://shop@127.0.0.1:%u", one->port);
    failed(run("a"), 0, "WRONGPASS");

    use("pass", TIMEOUT_MS, "redis://nobody@127.0.0.1:%u", one->port);
    failed(run("a"), 0, "WRONGPASS");

    /* no INFO, no ROLE: none is needed */

    use("pass", TIMEOUT_MS, "redis://shop@127.0.0.1:%u", one->port);
    done(run("a"), 2);
    failed(run("b"), 1, "does not allow this to the user: \"NOPERM");
    done(run("a"), 3);
}


static void
test_stopped(void **state)
{
    (void) state;

    server_start(one);

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 1);

    use("", SHORT_MS, "redis://127.0.0.1:%u", one->port);

    while (run("b") != SK_OK) {
        /* on a slow machine */
    }

    server_signal(one, SIGSTOP);

    failed(run("a"), 1, "no answer in time");

    /* its kernel takes the connection, and it says nothing */

    failed(run("a"), 0, "no answer in time");
    assert_int_equal(sk_redis_watch(r, "s", "0"), SK_ERROR);
    says("no answer in time");

    server_signal(one, SIGCONT);

    /* the first of those that failed was carried out, once */

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 3);
}


static void
test_gone(void **state)
{
    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 1);

    server_kill(one);
    failed(run("a"), 0, "connect() failed (111: Connection refused)");

    /* found dead before anything is sent: opened again */

    server_start(one);
    done(run("a"), 1);
    assert_string_equal(ask(one, "CLIENT KILL TYPE normal"), "1");
    done(run("a"), 2);

    use("", TIMEOUT_MS, "unix:%s/nothing", dir);
    failed(run("a"), 0, "connect() failed (2: No such file or directory)");

    use("", TIMEOUT_MS, "redis://no-such-host.invalid");
    failed(run("a"), 0, "no-such-host.invalid:6379: host not found: ");
}


/* the connection is lost while the answer is waited for */

static void
test_not_twice(void **state)
{
    const char  *answers[] = { HELLO, SHA1, NULL, HELLO, ":5\r\n" };

    (void) state;

    incr.sha1[0] = '\0';
    fake_start(one, answers, 5);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    failed(run("a"), 1, "the connection was closed");
    assert_string_equal(seen->names, "HELLO SCRIPT EVALSHA ");

    done(run("a"), 5);
    assert_string_equal(seen->names,
                        "HELLO SCRIPT EVALSHA HELLO EVALSHA ");
    incr.sha1[0] = '\0';
}


/* what it says on connecting */

static void
strange(const char *hello, const char *words)
{
    fake_start(one, &hello, 1);
    use("", strstr(words, "in time") ? SHORT_MS : TIMEOUT_MS,
        "redis://127.0.0.1:%u", one->port);
    failed(run("a"), 0, words);
    server_kill(one);
}


static void
test_strange_servers(void **state)
{
    (void) state;

    strange("-ERR unknown command `HELLO`, with args beginning with: `2`,\r\n",
            "is older than Redis 6.2, which is required");
    strange("*4\r\n$7\r\nversion\r\n$6\r\n6.0.16\r\n"
            "$4\r\nrole\r\n$6\r\nmaster\r\n",
            "is Redis 6.0.16, 6.2 or newer is required");
    strange("*2\r\n$7\r\nversion\r\n$5\r\n7.0.1\r\n",
            "is a sentinel, which has no data");
    strange("*0\r\n", "does not answer as Redis does");
    strange("+OK\r\n", "does not answer as Redis does");
    strange("*4\r\n$7\r\nversion\r\n:7\r\n$4\r\nrole\r\n:1\r\n",
            "does not answer as Redis does");
    strange("HTTP/1.1 400 Bad Request\r\n", "Protocol error, got \"H\"");
    strange("*4\r\n$7\r\nver", "no answer in time");
    strange(NULL, "the connection was closed");
}


/* what it says of a script; "again": on the same connection */

static void
refuses(const char *refusal, unsigned maybe, unsigned again, const char *words)
{
    const char  *answers[] = { HELLO, SHA1, refusal, again ? ":1\r\n" : HELLO,
                               ":1\r\n" };

    incr.sha1[0] = '\0';
    fake_start(one, answers, 5);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    failed(run("a"), maybe, words);
    done(run("a"), 1);
    assert_string_equal(seen->names,
                        again ? "HELLO SCRIPT EVALSHA EVALSHA "
                              : "HELLO SCRIPT EVALSHA HELLO EVALSHA ");
    server_kill(one);
    incr.sha1[0] = '\0';
}


static void
test_refusals(void **state)
{
    (void) state;

    refuses("-LOADING Redis is loading\r\n", 0, 0, "is still reading its data");
    refuses("-READONLY You can't\r\n", 0, 0, "is a replica now: \"READONLY");
    refuses("-MASTERDOWN Link\r\n", 0, 0, "is a replica without its primary");
    refuses("-CLUSTERDOWN Hash\r\n", 0, 0, "the cluster is down");
    refuses("-NOAUTH Authentication\r\n", 0, 0, "wants a password");
    refuses("-MISCONF Errors\r\n", 0, 1, "cannot save its data: \"MISCONF");
    refuses("-BUSY Redis\r\n", 0, 1, "is busy with another script");
    refuses("-TRYAGAIN Multiple\r\n", 0, 1, "are being moved");
    refuses("-CROSSSLOT Keys\r\n", 0, 1, "belong to different nodes");
    refuses("-ERR something\r\n", 1, 1, "has refused: \"ERR something\"");
    refuses("-OOMS are not OOM\r\n", 1, 1, "has refused");
    refuses("-MOVED 1 ?:6379\r\n", 0, 1, "sends to another node once more");
    refuses("-MOVED 1 a:0\r\n", 0, 1, "sends to another node once more");
    refuses("-ASK nowhere\r\n", 0, 1, "sends to another node once more");

    /* as 6.2 says it */

#define IN_SCRIPT  "-ERR Error running script (call to f_0123): @user_script:" \
                   "1: @user_script: 1: "

    refuses(IN_SCRIPT "-READONLY You can't\r\n", 0, 0, "is a replica now");
    refuses(IN_SCRIPT "-OOM command not\r\n", 0, 1, "its memory is full");
    refuses(IN_SCRIPT "attempt to call\r\n", 1, 1, "has refused");
}


static void
test_forgets_at_once(void **state)
{
    const char  *answers[] = { HELLO, SHA1, "-NOSCRIPT No\r\n", SHA1,
                               "-NOSCRIPT No\r\n" };

    (void) state;

    incr.sha1[0] = '\0';
    fake_start(one, answers, 5);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    failed(run("a"), 0, "forgets the script at once");
    assert_string_equal(seen->names,
                        "HELLO SCRIPT EVALSHA SCRIPT EVALSHA ");
    incr.sha1[0] = '\0';
}


static void
test_replica(void **state)
{
    char  port[16];

    (void) state;

    server_start(one);
    (void) snprintf(port, sizeof(port), "%u", one->port);
    server_start(two, "--replicaof", "127.0.0.1", port);

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", two->port);
    failed(run("a"), 0, "is a replica, the primary is wanted");

    /* it becomes one, and stops being one */

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 1);
    (void) ask(two, "REPLICAOF NO ONE");
    (void) ask(one, "REPLICAOF 127.0.0.1 %u", two->port);
    failed(run("a"), 0, "is a replica now: \"READONLY");
    failed(run("a"), 0, "is a replica, the primary is wanted");
    (void) ask(one, "REPLICAOF NO ONE");
    done(run("b"), 1);
}


static void
test_limits(void **state)
{
    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 1);

    (void) ask(one, "CONFIG SET maxmemory 1");
    failed(run("a"), 0, "its memory is full, see maxmemory: \"OOM");
    (void) ask(one, "CONFIG SET maxmemory 0");
    done(run("a"), 2);

    (void) ask(one, "CONFIG SET min-replicas-to-write 1");
    failed(run("a"), 0, "has too few replicas, see min-replicas-to-write: "
           "\"NOREPLICAS");
    (void) ask(one, "CONFIG SET min-replicas-to-write 0");
    done(run("a"), 3);

    /* a script that fails in its middle has written what it has written */

    failed(run_wait(&incr, 0, "a", "many"), 1,
           "has refused: \"ERR value is not an integer");
    done(run("a"), 4);
}


static void
test_wait(void **state)
{
    char  port[16];

    (void) state;

    server_start(one);
    (void) snprintf(port, sizeof(port), "%u", one->port);
    server_start(two, "--replicaof", "127.0.0.1", port);
    ask_until(one, "state=online", "INFO replication");

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run_wait(&incr, 1, "a", "1"), 1);
    assert_int_equal(replicas, 1);
    assert_string_equal(ask(two, "GET a"), "1");

    done(run_wait(&incr, 0, "a", "1"), 2);
    assert_int_equal(replicas, 0);

    /* more than there are, and one that does not answer */

    use("", WAIT_MS, "redis://127.0.0.1:%u", one->port);
    done(run_wait(&incr, 2, "a", "1"), 3);
    assert_int_equal(replicas, 1);

    server_signal(two, SIGSTOP);
    done(run_wait(&incr, 1, "a", "1"), 4);
    assert_int_equal(replicas, 0);
    server_signal(two, SIGCONT);

    /* the script is unknown, and waited for all the same */

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    (void) ask(one, "SCRIPT FLUSH");
    done(run_wait(&incr, 1, "a", "1"), 5);
    assert_int_equal(replicas, 1);
}


static void
test_wait_ends_badly(void **state)
{
    const char  *answers[] = {
        HELLO, SHA1, ":1\r\n", "-UNBLOCKED force unblock\r\n",
        HELLO, ":2\r\n", NULL,
        HELLO, "-OOM command not allowed\r\n", "-ERR any\r\n",
        ":3\r\n", ":1\r\n"
    };

    (void) state;

    incr.sha1[0] = '\0';
    fake_start(one, answers, 12);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    failed(run_wait(&incr, 1, "a", "1"), 1, "is not the primary any more");
    failed(run_wait(&incr, 1, "a", "1"), 1, "the connection was closed");
    failed(run_wait(&incr, 1, "a", "1"), 0, "its memory is full");
    done(run_wait(&incr, 1, "a", "1"), 3);
    assert_int_equal(replicas, 1);
    incr.sha1[0] = '\0';
}


/* until the watched connection has something to read */

static void
readable(void)
{
    struct pollfd  p;

    p.fd = sk_redis_watch_fd(r);
    p.events = POLLIN;
    assert_int_not_equal(p.fd, -1);
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}


/* of the id of the entry that came */

static uint64_t  first;


static int
watch_read(void)
{
    int  rc;

    do {
        readable();
        rc = sk_redis_watch_read(r, &first);
    } while (rc == SK_AGAIN);

    return rc;
}


static void
watched(const char *key, const char *after)
{
    if (sk_redis_watch(r, key, after) != SK_OK) {
        fail_msg("%s", sk_redis_error(r));
    }
}


/* connections that the server has seen */

static int
connections(void)
{
    const char  *n;

    n = strstr(ask(one, "INFO stats"), "total_connections_received:");
    assert_non_null(n);

    return atoi(strchr(n, ':') + 1);
}


/* only the one that is watched */

static void
kill_watch(void)
{
    char  list[4096], *line;

    (void) snprintf(list, sizeof(list), "%s", ask(one, "CLIENT LIST"));

    for (line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
        if (strstr(line, "cmd=xread")) {
            assert_string_equal(ask(one, "CLIENT KILL ID %d", atoi(line + 3)),
                                "1");
            return;
        }
    }

    fail_msg("nobody watches");
}


static void
test_watch(void **state)
{
    int            fd, n, value;
    socklen_t      len;
    struct pollfd  p;

    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    assert_int_equal(sk_redis_watch_fd(r), -1);
    assert_int_equal(sk_redis_watch_read(r, &first), SK_ERROR);
    says("nothing is watched");

    watched("s", "0");
    fd = sk_redis_watch_fd(r);
    ask_until(one, "blocked_clients:1", "INFO clients");

    /* nothing there, and scripts run beside it */

    assert_int_equal(sk_redis_watch_read(r, &first), SK_AGAIN);
    done(run("a"), 1);
    watched("s", "0");
    assert_int_equal(sk_redis_watch_fd(r), fd);
    assert_int_equal(sk_redis_watch_read(r, &first), SK_AGAIN);

    assert_string_equal(ask(one, "XADD s 5-0 f v"), "5-0");
    assert_int_equal(watch_read(), SK_OK);
    assert_int_equal(first, 5);
    assert_int_equal(sk_redis_watch_fd(r), -1);

    /* what is there already, on the same connection, and nothing is left */

    n = connections();
    watched("s", "4-0");
    assert_int_equal(connections(), n);
    assert_int_equal(sk_redis_watch_fd(r), fd);
    assert_int_equal(watch_read(), SK_OK);

    /* only what is after */

    watched("s", "5-0");
    ask_until(one, "blocked_clients:1", "INFO clients");
    p.fd = sk_redis_watch_fd(r);
    p.events = POLLIN;
    assert_int_equal(poll(&p, 1, 0), 0);

    len = sizeof(value);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len), 0);
    assert_int_equal(value, 1);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &len),
                     0);
    assert_int_equal(value, SK_REDIS_KEEPALIVE_IDLE_S);

    /* the server dies */

    server_kill(one);
    assert_int_equal(watch_read(), SK_ERROR);
    assert_int_equal(sk_redis_watch_fd(r), -1);
    assert_int_equal(sk_redis_watch(r, "s", "0"), SK_ERROR);
    says("Connection refused");
    assert_int_equal(sk_redis_watch_fd(r), -1);

    server_start(one);
    watched("s", "0");
    (void) ask(one, "XADD s * f v");
    assert_int_equal(watch_read(), SK_OK);
}


static void
test_watch_errors(void **state)
{
    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    done(run("a"), 1);
    watched("a", "0");
    assert_int_equal(watch_read(), SK_ERROR);
    says("has refused: \"WRONGTYPE");
    assert_int_equal(sk_redis_watch_fd(r), -1);

    /* it stops being the primary */

    watched("s", "0");
    ask_until(one, "blocked_clients:1", "INFO clients");
    (void) ask(one, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(watch_read(), SK_ERROR);
    says("is not the primary any more: \"UNBLOCKED");
    (void) ask(one, "REPLICAOF NO ONE");

    /* nothing was watched when its connection died */

    watched("s", "0");
    (void) ask(one, "XADD s * f v");
    assert_int_equal(watch_read(), SK_OK);
    kill_watch();
    watched("s", "0");
    assert_int_equal(watch_read(), SK_OK);
}


/* it is where the scripts are */

static void
test_watch_moves(void **state)
{
    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    done(run("a"), 1);
    watched("s", "0");
    ask_until(one, "blocked_clients:1", "INFO clients");
    assert_string_equal(ask(one, "CLIENT KILL TYPE normal SKIPME yes"), "2");

    done(run("a"), 2);
    assert_int_equal(sk_redis_watch_fd(r), -1);

    watched("s", "0");
    (void) ask(one, "XADD s * f v");
    assert_int_equal(watch_read(), SK_OK);
}


/* half of an answer */

static void
test_watch_in_pieces(void **state)
{
    const char  *answers[] = { HELLO, HELLO, "*1\r\n*2\r\n$1\r\ns\r\n" };

    (void) state;

    fake_start(one, answers, 3);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);

    watched("s", "0");
    readable();
    assert_int_equal(sk_redis_watch_read(r, &first), SK_AGAIN);
    assert_int_not_equal(sk_redis_watch_fd(r), -1);
    assert_string_equal(seen->names, "HELLO HELLO XREAD ");

    server_kill(one);
    assert_int_equal(watch_read(), SK_ERROR);
}


/* no program that nginx starts has them */

static void
test_closed_at_exec(void **state)
{
    int          fd, n;
    struct stat  st;

    (void) state;

    server_start(one);
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port);
    done(run("a"), 1);
    watched("s", "0");
    redisFree(one->admin);
    one->admin = NULL;

    n = 0;

    for (fd = 3; fd < 64; fd++) {
        if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)) {
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
            n++;
        }
    }

    assert_int_equal(n, 2);
}


int
main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest  tests[] = {
        T(test_script),
        T(test_socket_and_database),
        T(test_unknown_script),
        T(test_users),
        T(test_stopped),
        T(test_gone),
        T(test_not_twice),
        T(test_strange_servers),
        T(test_refusals),
        T(test_forgets_at_once),
        T(test_replica),
        T(test_limits),
        T(test_wait),
        T(test_wait_ends_badly),
        T(test_watch),
        T(test_watch_errors),
        T(test_watch_moves),
        T(test_watch_in_pieces),
        T(test_closed_at_exec)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
