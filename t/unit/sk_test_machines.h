/*
 * What the tests of several machines share: machines, each with a zone, a store
 * and a drainer of its own, in one process; and real servers of Redis.
 */


#ifndef _SK_TEST_MACHINES_H_INCLUDED_
#define _SK_TEST_MACHINES_H_INCLUDED_


#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <hiredis/hiredis.h>
#include <sodium.h>

#include "sk_test_store.h"
#include "sk_machines.h"


#define MACHINES     3
#define SERVERS      2
#define GONE_MS    600
#define TURNS     5000                  /* of a wait, a millisecond each */


typedef struct {
    pid_t             pid;
    int               port;
    redisContext     *c;
} redis_t;


typedef struct {
    char              path[128];
    sk_zone_t        *zone;
    sk_drain_t        d;
    sk_machines_t    *m;
    sk_machines_conf_t  conf;
    int               rc;               /* of its last turn */
    int               off;              /* it gets no turns */
} machine_t;

#define runs(x)  ((x)->m && !(x)->off)


static redis_t     redis[SERVERS];
static redis_t    *primary;
static int         begun;
static machine_t   machine[MACHINES];


static inline void
nap(void)
{
    (void) usleep(1000);
}


/* a node of a cluster takes the port that is 10000 higher, too */

static inline int
free_port(void)
{
    int                 fd, port;
    socklen_t           len;
    struct sockaddr_in  a;

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(a);

    do {
        a.sin_port = 0;

        fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &a, len), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &a, &len), 0);
        (void) close(fd);

        port = ntohs(a.sin_port);

    } while (port > 55535);

    return port;
}


/* one command; its text or number, "" for nothing */

static inline const char *
ask(redis_t *s, const char *fmt, ...)
{
    va_list       args;
    redisReply   *r;
    static char   text[65536];

    va_start(args, fmt);
    r = redisvCommand(s->c, fmt, args);
    va_end(args);

    assert_non_null(r);

    if (r->type == REDIS_REPLY_INTEGER) {
        (void) snprintf(text, sizeof(text), "%lld", r->integer);

    } else {
        (void) snprintf(text, sizeof(text), "%s", r->str ? r->str : "");
    }

    freeReplyObject(r);

    return text;
}


static inline void
redis_start(redis_t *s, const char *extra, const char *value)
{
    int   i, fd;
    char  port[16], sock[128], nodes[32];

    s->port = s->port ? s->port : free_port();
    (void) snprintf(port, sizeof(port), "%d", s->port);
    (void) snprintf(sock, sizeof(sock), "%s/%d.sock", dir, s->port);
    (void) snprintf(nodes, sizeof(nodes), "%d.nodes", s->port);

    s->pid = fork();
    assert_int_not_equal(s->pid, -1);

    if (s->pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        fd = open("/dev/null", O_WRONLY);
        (void) dup2(fd, 1);
        (void) execlp("redis-server", "redis-server", "--port", port,
                      "--bind", "127.0.0.1", "--unixsocket", sock,
                      "--save", "", "--dir", dir, "--dbfilename", port,
                      "--cluster-config-file", nodes,
                      "--repl-diskless-sync-delay", "0",
                      "--repl-diskless-load", "swapdb",
                      "--repl-timeout", "2", "--enable-debug-command", "yes",
                      extra, value, NULL);
        _exit(127);
    }

    for (i = 0; i < TURNS; i++) {
        s->c = redisConnect("127.0.0.1", s->port);
        assert_non_null(s->c);

        /* it may have to load what it has */

        if (s->c->err == 0 && strcmp(ask(s, "PING"), "PONG") == 0) {
            break;
        }

        redisFree(s->c);
        nap();
    }

    assert_string_equal(ask(s, "PING"), "PONG");
}


static inline void
redis_kill(redis_t *s)
{
    if (s->pid) {
        redisFree(s->c);
        (void) kill(s->pid, SIGCONT);
        (void) kill(s->pid, SIGKILL);
        (void) waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
}


/* "s" has all that the other one has, and goes on to get it */

static inline void
redis_follow(redis_t *s, redis_t *from)
{
    int  i;

    (void) ask(s, "REPLICAOF 127.0.0.1 %d", from->port);

    for (i = 0; i < TURNS; i++) {
        if (strstr(ask(s, "INFO replication"), "master_link_status:up")) {
            return;
        }

        nap();
    }

    fail_msg("no replica");
}


/* who connects from now on gets to this server */

static inline void
redis_primary(redis_t *s)
{
    char  sock[128], link[128];

    (void) snprintf(sock, sizeof(sock), "%d.sock", s->port);
    (void) snprintf(link, sizeof(link), "%s/primary", dir);
    (void) unlink(link);
    assert_int_equal(symlink(sock, link), 0);

    primary = s;
}


/* a machine's process begins; its store may be there */

static inline void
machine_start(machine_t *x, const char *name, const sk_sale_def_t *sales,
    unsigned n)
{
    char  url[128], reason[256];

    (void) snprintf(x->path, sizeof(x->path), "%s/%s.db", dir, name);
    (void) snprintf(url, sizeof(url), "unix:%s/primary", dir);

    if (x->conf.name[0] == '\0') {
        assert_int_equal(sk_redis_url_parse(&x->conf.redis.url, url,
                                            strlen(url), reason,
                                            sizeof(reason)), SK_OK);
        x->conf.redis.timeout_ms = 2000;
        (void) snprintf(x->conf.zone, sizeof(x->conf.zone), "drop");
        (void) snprintf(x->conf.name, sizeof(x->conf.name), "%s", name);
        x->conf.gone_ms = GONE_MS;
    }

    x->zone = sk_test_zone(ZONE_SIZE, 0);
    x->d = drainer(x->zone, sales, n);
    x->d.writer.path = x->path;
    x->m = sk_machines_create(&x->conf, x->zone, &x->d.writer.log);
    assert_non_null(x->m);
    x->d.writer.authority = sk_machines_authority(x->m);
    x->rc = SK_AGAIN;

    /* the first one begins, once */

    if (x == machine && !begun) {
        begun = 1;
        sk_store(&x->zone->shared.begins, 1);
    }
}


static inline void
machine_stop(machine_t *x)
{
    if (x->m) {
        sk_drain_close(&x->d);
        sk_machines_destroy(x->m);
        x->m = NULL;
        sk_test_zone_free(x->zone);
    }
}


static inline void
machine_turn(machine_t *x)
{
    unsigned         decided;
    struct timespec  now, boot;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    (void) clock_gettime(CLOCK_BOOTTIME, &boot);

    x->rc = sk_drain_work(&x->d,
                          (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000,
                          (int64_t) boot.tv_sec * 1000 + boot.tv_nsec / 1000000,
                          &decided);

    if (x->rc == SK_OK) {

        /* it would rest now */

        (void) x->d.writer.authority->fd(x->d.writer.authority->ctx);
    }
}


/* all that run work, until "done" says so */

static inline void
machines_until(int (*done)(void), const char *what)
{
    int       i;
    unsigned  k;

    for (i = 0; i < TURNS; i++) {

        for (k = 0; k < MACHINES; k++) {
            if (runs(&machine[k])) {
                machine_turn(&machine[k]);
            }
        }

        if (done()) {
            return;
        }

        nap();
    }

    fail_msg("%s does not come: %s | %s | %s", what,
             machine[0].m ? machine[0].zone->reason : "",
             machine[1].m ? machine[1].zone->reason : "",
             machine[2].m ? machine[2].zone->reason : "");
}

#define until(done)  machines_until(done, #done)


/* all that run have nothing to do, and have seen all of the log */

static inline int
settled(void)
{
    unsigned   k;
    uint64_t   number;
    sk_head_t  head;

    number = 0;

    if (primary) {
        number = strtoull(ask(primary, "HGET seckill:{drop}:tail last"), NULL,
                          10);
    }

    for (k = 0; k < MACHINES && primary == NULL; k++) {

        /* not known: all are where the first is */

        if (runs(&machine[k])) {
            sk_zone_head(machine[k].zone, &head);
            number = (head.number > number) ? head.number : number;
        }
    }

    for (k = 0; k < MACHINES; k++) {

        if (!runs(&machine[k])) {
            continue;
        }

        sk_zone_head(machine[k].zone, &head);

        if (machine[k].rc != SK_OK || head.number != number
            || sk_load(&machine[k].zone->failing)
            || sk_load(&machine[k].zone->applied_seq) != number)
        {
            return 0;
        }
    }

    return 1;
}


/* what all have is the same */

static inline void
assert_same(void)
{
    unsigned   k;
    sk_head_t  head, first;

    memset(&first, 0, sizeof(first));

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k])) {
            sk_zone_head(machine[k].zone, &head);
            assert_true(head.number > 0);

            if (first.number) {
                assert_true(sk_head_equal(&head, &first));
            }

            first = head;
        }
    }
}


static inline sk_answer_t
claim(machine_t *x, const char *sale, const char *user)
{
    sk_sale_t  *s;

    s = sk_zone_sale(x->zone, sale, strlen(sale));
    assert_non_null(s);

    return sk_test_claim(x->zone, s, user);
}


static inline sk_result_e
asked(machine_t *x, const char *sale, const char *user)
{
    return sk_test_ask(x->zone, sk_zone_sale(x->zone, sale, strlen(sale)),
                       user).result;
}


static inline int
begin_machines(void **state)
{
    memset(machine, 0, sizeof(machine));
    memset(redis, 0, sizeof(redis));
    begun = 0;

    if (setup(state) != 0 || sodium_init() == -1) {
        return -1;
    }

    (void) signal(SIGPIPE, SIG_IGN);
    redis_start(&redis[0], "--appendonly", "no");
    redis_primary(&redis[0]);

    return 0;
}


static sk_sale_def_t  def;
static unsigned       n_users;          /* that have bought */


static inline int
all_decided(void)
{
    unsigned  k;

    for (k = 0; k < MACHINES; k++) {
        if (runs(&machine[k]) && sk_queue_depth(&machine[k].zone->queue)) {
            return 0;
        }
    }

    return settled();
}


/* two machines that sell forty phones */

static inline int
begin_two(void **state)
{
    if (begin_machines(state) != 0) {
        return -1;
    }

    def = sk_test_def("phone", 40, 1);
    n_users = 0;

    machine_start(&machine[0], "a", &def, 1);
    until(settled);
    machine_start(&machine[1], "b", &def, 1);
    until(settled);

    return 0;
}


static inline int
end_machines(void **state)
{
    char      command[256];
    unsigned  k;

    (void) state;

    for (k = 0; k < MACHINES; k++) {
        machine_stop(&machine[k]);
    }

    for (k = 0; k < SERVERS; k++) {
        redis_kill(&redis[k]);
    }

    (void) snprintf(command, sizeof(command), "rm -rf %s", dir);

    return system(command);
}


#endif /* _SK_TEST_MACHINES_H_INCLUDED_ */
