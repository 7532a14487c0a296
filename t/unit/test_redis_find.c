/* the way to the primary: sentinels with a failover, a cluster's nodes, TLS */

#include "sk_test_redis.h"


static server_t  *one = &servers[0];
static server_t  *two = &servers[1];
static server_t  *three = &servers[2];
static server_t  *fake = &servers[3];


static void
at(const server_t *s)
{
    char  address[64];

    (void) snprintf(address, sizeof(address), "127.0.0.1:%u", s->port);
    assert_string_equal(sk_redis_address(r), address);
}


/* it finds the primary's replicas by itself */

static void
sentinel_start(server_t *s, const char *more)
{
    int   fd;
    char  file[128], text[512];

    if (s->port == 0) {
        s->port = free_port();
    }

    (void) snprintf(file, sizeof(file), "%s/%u.conf", dir, s->port);
    (void) snprintf(text, sizeof(text),
                    "sentinel monitor mymaster 127.0.0.1 %u 1\n"
                    "sentinel down-after-milliseconds mymaster 1000\n"
                    "sentinel failover-timeout mymaster 10000\n"
                    "%s\n", one->port, more);

    fd = open(file, O_WRONLY|O_CREAT|O_TRUNC, 0600);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void) close(fd);

    server_start_args(s, "redis-sentinel", file, NULL);
}


static void
replica_start(server_t *s)
{
    char  port[16];

    (void) snprintf(port, sizeof(port), "%u", one->port);
    server_start(s, "--replicaof", "127.0.0.1", port);
}


static void
test_sentinel(void **state)
{
    char  port[16];

    (void) state;

    server_start(one);
    replica_start(two);
    (void) snprintf(port, sizeof(port), "%u", two->port);
    ask_until(one, "state=online", "INFO replication");
    sentinel_start(three, "");
    ask_until(three, "slaves=1", "INFO sentinel");

    /* the first sentinel is away, and stays it */

    use("", TIMEOUT_MS, "sentinel://127.0.0.1:1,127.0.0.1:%u/mymaster/2",
        three->port);
    done(run_wait(&incr, 1, "a", "1"), 1);
    assert_int_equal(replicas, 1);
    at(one);
    assert_int_equal(sk_redis_watch(r, "s", "0"), SK_OK);

    server_kill(one);
    failed(run("a"), 0, "Connection refused");

    ask_until(three, port, "SENTINEL get-master-addr-by-name mymaster");
    ask_until(two, "role:master", "INFO replication");

    done(run("a"), 2);
    at(two);
    assert_int_equal(sk_redis_watch_fd(r), -1);

    /* the old one comes back, and is not asked */

    server_start(one);
    use("", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster/2", three->port);
    done(run("a"), 3);
    at(two);
}


static void
test_sentinel_fails(void **state)
{
    char  words[128];

    (void) state;

    server_start(one);
    sentinel_start(three, "");

    use("", TIMEOUT_MS, "sentinel://127.0.0.1:%u/other", three->port);
    failed(run("a"), 0, "knows no such primary; no sentinel leads to the"
           " primary \"other\"");

    use("", TIMEOUT_MS, "sentinel://127.0.0.1:1,127.0.0.1:2/mymaster");
    failed(run("a"), 0, "127.0.0.1:2: connect() failed (111: Connection"
           " refused); no sentinel leads to the primary \"mymaster\"");

    use("", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", one->port);
    failed(run("a"), 0, "has refused: \"ERR unknown command");

    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", three->port);
    failed(run("a"), 0, "is a sentinel, which has no data");

    /* it has not seen yet that the primary has become a replica */

    server_signal(three, SIGSTOP);
    (void) ask(one, "REPLICAOF 127.0.0.1 1");
    server_signal(three, SIGCONT);
    use("", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", three->port);
    (void) snprintf(words, sizeof(words), "127.0.0.1:%u: is a replica, though a"
                    " sentinel says that it is the primary", one->port);
    failed(run("a"), 0, words);
}


/* one that is hung takes its share of the time, and is asked first no more */

static void
test_sentinel_hangs(void **state)
{
    const char  *answers[] = { "" };

    (void) state;

    server_start(one);
    sentinel_start(three, "");
    fake_start(fake, answers, 1);

    use("", 3000, "sentinel://127.0.0.1:%u,127.0.0.1:%u/mymaster", fake->port,
        three->port);
    done(run("a"), 1);
    at(one);
    assert_string_equal(seen->names, "SENTINEL ");

    (void) ask(one, "CLIENT KILL TYPE normal SKIPME yes");
    done(run("a"), 2);
    assert_string_equal(seen->names, "SENTINEL ");
}


static void
test_sentinel_password(void **state)
{
    (void) state;

    server_start(one, "--requirepass", "secret");
    sentinel_start(three, "requirepass secret\n"
                          "sentinel auth-pass mymaster secret");

    use("", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", three->port);
    failed(run("a"), 0, "wants a password: \"NOAUTH");

    use("wrong", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", three->port);
    failed(run("a"), 0, "WRONGPASS");

    use("secret", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", three->port);
    done(run("a"), 1);

    /* one that wants none */

    server_kill(three);
    sentinel_start(three, "sentinel auth-pass mymaster secret");
    use("secret", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", three->port);
    done(run("a"), 2);
}


static void
test_sentinel_strange(void **state)
{
    unsigned     i;
    const char  *answers[] = {
        "*2\r\n$1\r\na\r\n$1\r\n0\r\n", "*1\r\n$1\r\na\r\n", "+OK\r\n",
        "*2\r\n:1\r\n:2\r\n", "*2\r\n$0\r\n\r\n$1\r\n1\r\n"
    };

    (void) state;

    fake_start(fake, answers, 5);

    for (i = 0; i < 5; i++) {
        use("", TIMEOUT_MS, "sentinel://127.0.0.1:%u/mymaster", fake->port);
        failed(run("a"), 0, "does not answer as a sentinel does");
    }
}


/*
 * Two nodes, with a slot each; nobody has the others.  The first has one more,
 * since a node that has lost its last one becomes the replica of who has it.
 */

#define KEY_ONE     "{one}"
#define KEY_TWO     "{two}"


static char  id_one[64];
static char  id_two[64];
static char  slot_one[16];
static char  slot_two[16];


static void
cluster_start(void)
{
    unsigned  i;

    for (i = 0; i < 2; i++) {
        server_start(&servers[i], "--cluster-enabled", "yes",
                     "--cluster-config-file", i ? "two.conf" : "one.conf",
                     "--cluster-node-timeout", "60000",
                     "--cluster-require-full-coverage", "no");
    }

    (void) snprintf(slot_one, sizeof(slot_one), "%s",
                    ask(one, "CLUSTER KEYSLOT %s", KEY_ONE));
    (void) snprintf(slot_two, sizeof(slot_two), "%s",
                    ask(one, "CLUSTER KEYSLOT %s", KEY_TWO));

    assert_string_equal(ask(one, "CLUSTER ADDSLOTS 0 %s", slot_one), "OK");
    assert_string_equal(ask(two, "CLUSTER ADDSLOTS %s", slot_two), "OK");
    assert_string_equal(ask(two, "CLUSTER SET-CONFIG-EPOCH 2"), "OK");
    assert_string_equal(ask(one, "CLUSTER MEET 127.0.0.1 %u", two->port),
                        "OK");

    (void) snprintf(id_one, sizeof(id_one), "%s", ask(one, "CLUSTER MYID"));
    (void) snprintf(id_two, sizeof(id_two), "%s", ask(two, "CLUSTER MYID"));

    for (i = 0; i < 2; i++) {
        ask_until(&servers[i], "cluster_slots_assigned:3", "CLUSTER INFO");
        ask_until(&servers[i], "cluster_state:ok", "CLUSTER INFO");
    }
}


static void
test_cluster(void **state)
{
    (void) state;

    cluster_start();

    use("", TIMEOUT_MS, "cluster://127.0.0.1:1,127.0.0.1:%u", one->port);
    done(run(KEY_ONE), 1);
    at(one);

    /* MOVED, and remembered; the script is not known there */

    assert_int_equal(sk_redis_watch(r, KEY_ONE "s", "0"), SK_OK);
    done(run(KEY_TWO), 1);
    at(two);
    assert_int_equal(sk_redis_watch_fd(r), -1);

    (void) ask(two, "CONFIG RESETSTAT");
    (void) ask(one, "CONFIG RESETSTAT");
    (void) ask(two, "CLIENT KILL TYPE normal SKIPME yes");
    done(run(KEY_TWO), 2);
    at(two);
    assert_non_null(strstr(ask(one, "INFO stats"),
                           "total_connections_received:0"));

    /* one that says that it is down is not remembered */

    failed(run("nobody-has-it"), 0, "the cluster is down: \"CLUSTERDOWN");
    (void) ask(two, "CONFIG RESETSTAT");
    done(run(KEY_ONE), 2);
    at(one);
    assert_non_null(strstr(ask(two, "INFO stats"),
                           "total_connections_received:0"));

    /* the one that is remembered is gone: the others are asked */

    done(run(KEY_TWO), 3);
    at(two);
    server_kill(two);
    failed(run(KEY_TWO), 0, "Connection refused");
    done(run(KEY_ONE), 3);
    at(one);
}


static void
test_cluster_moves_slot(void **state)
{
    const size_t        lens[] = { sizeof(KEY_ONE "a") - 1,
                                   sizeof(KEY_ONE "b") - 1 };
    const char         *keys[] = { KEY_ONE "a", KEY_ONE "b" };
    const char         *apart[] = { KEY_ONE "a", KEY_TWO "b" };
    sk_redis_script_t   both = {
        "return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])", ""
    };

    (void) state;

    cluster_start();
    use("", TIMEOUT_MS, "cluster://127.0.0.1:%u", one->port);
    done(run(KEY_ONE "a"), 1);
    done(run(KEY_ONE "b"), 1);

    assert_string_equal(ask(two, "CLUSTER SETSLOT %s IMPORTING %s", slot_one,
                            id_one), "OK");
    assert_string_equal(ask(one, "CLUSTER SETSLOT %s MIGRATING %s", slot_one,
                            id_two), "OK");

    /* ASK: what is not here is there, or will be */

    done(run_wait(&incr, 0, KEY_ONE "new", "1"), 1);
    at(one);
    done(run_wait(&incr, 0, KEY_ONE "a", "1"), 2);
    assert_string_equal(ask(one, "MIGRATE 127.0.0.1 %u %sa 0 5000", two->port,
                            KEY_ONE), "OK");
    (void) ask(two, "SCRIPT FLUSH");
    done(run(KEY_ONE "a"), 3);
    (void) ask(two, "SCRIPT FLUSH");
    done(run_wait(&incr, 0, KEY_ONE "a", "1"), 4);
    at(one);

    /* refused there */

    failed(run_wait(&incr, 0, KEY_ONE "a", "many"), 1,
           "has refused: \"ERR value is not an integer");

    /* one is here and the other one there */

    freeReplyObject(reply);
    failed(sk_redis_script(r, &both, 2, 2, keys, lens, 0, &reply, &replicas),
           0, "the keys are being moved to another node: \"TRYAGAIN");
    failed(sk_redis_script(r, &both, 2, 2, apart, lens, 0, &reply, &replicas),
           0, "the keys belong to different nodes: \"CROSSSLOT");

    assert_string_equal(ask(one, "MIGRATE 127.0.0.1 %u %sb 0 5000", two->port,
                            KEY_ONE), "OK");
    done(sk_redis_script(r, &both, 2, 2, keys, lens, 0, &reply, &replicas), 7);
    at(one);

    assert_string_equal(ask(two, "CLUSTER SETSLOT %s NODE %s", slot_one,
                            id_two), "OK");
    assert_string_equal(ask(one, "CLUSTER SETSLOT %s NODE %s", slot_one,
                            id_two), "OK");
    done(run(KEY_ONE "a"), 6);
    at(two);
}


/* nodes that know no better; without a host, it is the one that says so */

static void
test_cluster_in_circles(void **state)
{
    char         moved[64];
    const char  *answers[] = { HELLO, SHA1, moved, HELLO, moved, HELLO, moved,
                               HELLO, moved, HELLO, moved, HELLO, moved,
                               HELLO };

    (void) state;

    fake->port = free_port();
    (void) snprintf(moved, sizeof(moved), "-MOVED 1 :%u\r\n", fake->port);

    incr.sha1[0] = '\0';
    fake_start(fake, answers, 14);
    use("", TIMEOUT_MS, "cluster://127.0.0.1:%u", fake->port);
    failed(run("a"), 0, "the cluster's nodes send to each other");
    assert_int_equal(seen->n, 14);
    incr.sha1[0] = '\0';
}


/* the node that ASK names is asked once, and loses the connection */

static void
test_cluster_ask_fails(void **state)
{
    char         where[64];
    const char  *answers[] = { HELLO, where, HELLO, "+OK\r\n", NULL, ":7\r\n" };

    (void) state;

    fake->port = free_port();
    (void) snprintf(where, sizeof(where), "-ASK 1 127.0.0.1:%u\r\n",
                    fake->port);

    strcpy(incr.sha1, "0123456789012345678901234567890123456789");
    fake_start(fake, answers, 6);
    use("", TIMEOUT_MS, "cluster://127.0.0.1:%u", fake->port);
    failed(run("a"), 1, "the connection was closed");
    assert_string_equal(seen->names, "HELLO EVALSHA HELLO ASKING EVALSHA ");
    done(run("a"), 7);
    incr.sha1[0] = '\0';
}


static void
shell(const char *fmt, ...)
{
    char     command[1024];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(command, sizeof(command), fmt, args);
    va_end(args);

    assert_int_equal(system(command), 0);
}


static void
certificate(const char *name, const char *subject)
{
    shell("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 2"
          " -subj /CN=%s -addext subjectAltName=%s -keyout %s.key -out %s.crt"
          " 2> openssl.log", dir, name, subject, name, name);
}


static void
tls_start(server_t *s, const char *name)
{
    char  crt[128], key[128], port[16];

    s->port = free_port();
    (void) snprintf(crt, sizeof(crt), "%s/%s.crt", dir, name);
    (void) snprintf(key, sizeof(key), "%s/%s.key", dir, name);
    (void) snprintf(port, sizeof(port), "%u", s->port + 10000);

    server_start(s, "--tls-port", port, "--tls-cert-file", crt,
                 "--tls-key-file", key, "--tls-ca-cert-file", crt,
                 "--tls-auth-clients", "no");
}


static void
test_tls(void **state)
{
    char            file[128];
    uint64_t        first;
    struct pollfd   p;

    (void) state;

    certificate("good", "IP:127.0.0.1,DNS:localhost");
    certificate("other", "DNS:redis.example.com");
    tls_start(one, "good");
    tls_start(two, "other");

    (void) snprintf(file, sizeof(file), "%s/good.crt", dir);
    assert_int_equal(setenv("SSL_CERT_FILE", file, 1), 0);

    use("", TIMEOUT_MS, "rediss://127.0.0.1:%u", one->port + 10000);
    done(run("a"), 1);
    done(run("a"), 2);

    assert_int_equal(sk_redis_watch(r, "s", "0"), SK_OK);
    assert_int_equal(sk_redis_watch_read(r, &first), SK_AGAIN);
    (void) ask(one, "XADD s * f v");
    p.fd = sk_redis_watch_fd(r);
    p.events = POLLIN;
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(sk_redis_watch_read(r, &first), SK_OK);

    (void) ask(one, "CLIENT KILL TYPE normal SKIPME yes");
    done(run("a"), 3);

    use("", TIMEOUT_MS, "rediss://localhost:%u", one->port + 10000);
    done(run("a"), 4);

    /* nobody vouches for it */

    use("", TIMEOUT_MS, "rediss://127.0.0.1:%u", two->port + 10000);
    failed(run("a"), 0, "its certificate is not accepted: self-signed");

    /* somebody does, but it is another's */

    (void) snprintf(file, sizeof(file), "%s/other.crt", dir);
    assert_int_equal(setenv("SSL_CERT_FILE", file, 1), 0);

    use("", TIMEOUT_MS, "rediss://127.0.0.1:%u", two->port + 10000);
    failed(run("a"), 0, "its certificate is not accepted: IP address mismatch");
    use("", TIMEOUT_MS, "rediss://localhost:%u", two->port + 10000);
    failed(run("a"), 0, "its certificate is not accepted: hostname mismatch");

    /* one speaks TLS, and the other one does not */

    use("", SHORT_MS, "rediss://127.0.0.1:%u", one->port);
    failed(run("a"), 0, "no answer in time");
    use("", TIMEOUT_MS, "redis://127.0.0.1:%u", one->port + 10000);
    failed(run("a"), 0, "onnection ");          /* closed, or reset */

    /* it takes the connection, and says nothing */

    server_signal(one, SIGSTOP);
    use("", SHORT_MS, "rediss://127.0.0.1:%u", one->port + 10000);
    failed(run("a"), 0, "no answer in time");
}


int
main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest  tests[] = {
        T(test_sentinel),
        T(test_sentinel_fails),
        T(test_sentinel_hangs),
        T(test_sentinel_password),
        T(test_sentinel_strange),
        T(test_cluster),
        T(test_cluster_moves_slot),
        T(test_cluster_in_circles),
        T(test_cluster_ask_fails),
        T(test_tls)
    };

    /* as nginx does, for OpenSSL */
    (void) signal(SIGPIPE, SIG_IGN);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
