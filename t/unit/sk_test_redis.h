/*
 * For tests that need a Redis: real servers, on free ports and sockets in a
 * directory of the test's own, each known by its process; and a fake one, which
 * answers what it was told to.  They die with the test, however it ends.
 */


#ifndef _SK_TEST_REDIS_H_INCLUDED_
#define _SK_TEST_REDIS_H_INCLUDED_


#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "sk_redis.h"


#define SERVERS_MAX     8
#define PATIENCE_MS     60000           /* for what has to come */
#define TIMEOUT_MS      20000           /* for what has to go well */
#define SHORT_MS        300             /* for what cannot go well */
#define FAKE_CLIENTS    8


typedef struct {
    pid_t            pid;               /* 0: it does not run */
    unsigned         port;
    char             sock[128];
    redisContext    *admin;
} server_t;


typedef struct {
    _Atomic unsigned  n;                /* commands that have come */
    char              names[256];       /* "HELLO EVALSHA " */
} fake_seen_t;


static char          dir[64];
static server_t      servers[SERVERS_MAX];
static sk_redis_t   *r;
static redisReply   *reply;
static long long     replicas;
static fake_seen_t  *seen;


static inline void
empty(void)
{
    DIR            *d;
    char            name[512];
    struct dirent  *de;

    d = opendir(dir);
    assert_non_null(d);

    while ((de = readdir(d))) {
        (void) snprintf(name, sizeof(name), "%s/%s", dir, de->d_name);
        (void) unlink(name);
    }

    (void) closedir(d);
}


static inline void
server_signal(server_t *s, int signo)
{
    assert_true(s->pid > 0);
    assert_int_equal(kill(s->pid, signo), 0);

    if (signo == SIGSTOP) {
        siginfo_t  info;

        /* it has stopped, not only been told to */
        assert_int_equal(waitid(P_PID, (id_t) s->pid, &info,
                                WSTOPPED|WNOWAIT), 0);
    }
}


static inline void
server_kill(server_t *s)
{
    if (s->admin) {
        redisFree(s->admin);
        s->admin = NULL;
    }

    if (s->pid > 0) {
        (void) kill(s->pid, SIGKILL);
        (void) waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
}


static inline int
begin(void **state)
{
    (void) state;

    (void) snprintf(dir, sizeof(dir), "/tmp/seckill-redis-XXXXXX");

    seen = mmap(NULL, sizeof(fake_seen_t), PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    return (mkdtemp(dir) && seen != MAP_FAILED) ? 0 : -1;
}


static inline void
forget(void)
{
    if (reply) {
        freeReplyObject(reply);
        reply = NULL;
    }

    if (r) {
        sk_redis_destroy(r);
        r = NULL;
    }
}


static inline int
end(void **state)
{
    unsigned  i;

    (void) state;

    forget();

    for (i = 0; i < SERVERS_MAX; i++) {
        server_kill(&servers[i]);
    }

    (void) munmap(seen, sizeof(fake_seen_t));

    empty();

    return rmdir(dir);
}


static inline void
nap(void)
{
    (void) poll(NULL, 0, 20);
}


static inline int
listen_on(unsigned port)
{
    int                 fd, on;
    struct sockaddr_in  addr;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
    assert_int_not_equal(fd, -1);

    on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons((uint16_t) port);

    if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1
        || listen(fd, 16) == -1)
    {
        (void) close(fd);
        return -1;
    }

    return fd;
}


static inline unsigned
port_of(int fd)
{
    socklen_t           len;
    struct sockaddr_in  addr;

    len = sizeof(addr);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &addr, &len), 0);

    return ntohs(addr.sin_port);
}


/* a cluster's node takes the port that is 10000 higher too */

static inline unsigned
free_port(void)
{
    int       fd, bus;
    unsigned  port;

    do {
        fd = listen_on(0);
        assert_int_not_equal(fd, -1);
        port = port_of(fd);

        bus = (port <= 55535) ? listen_on(port + 10000) : -1;

        (void) close(fd);
        (void) close(bus);

    } while (bus == -1);

    return port;
}


/* a process of the test's that does not outlive it */

static inline pid_t
spawn(void)
{
    pid_t  pid, parent;

    parent = getpid();
    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);

        if (getppid() != parent) {
            _exit(1);
        }
    }

    return pid;
}


/* waits for a server that starts */

static inline void
admin_connect(server_t *s)
{
    int             i;
    struct timeval  tv = { PATIENCE_MS / 1000, 0 };

    for (i = 0; s->admin == NULL && i < PATIENCE_MS / 20; i++) {
        s->admin = redisConnectWithTimeout("127.0.0.1", (int) s->port, tv);
        assert_non_null(s->admin);

        if (s->admin->err) {
            redisFree(s->admin);
            s->admin = NULL;
            nap();
        }
    }

    assert_non_null(s->admin);
    assert_int_equal(redisSetTimeout(s->admin, tv), REDIS_OK);
}


/* one command; "" for nil; once more if sentinels have closed its connection */

static inline const char *
ask(server_t *s, const char *fmt, ...)
{
    int           i;
    va_list       args;
    redisReply   *answer;
    static char   text[16384];

    answer = NULL;

    for (i = 0; answer == NULL && i < 2; i++) {

        admin_connect(s);

        va_start(args, fmt);
        answer = redisvCommand(s->admin, fmt, args);
        va_end(args);

        if (answer == NULL) {
            redisFree(s->admin);
            s->admin = NULL;
        }
    }

    assert_non_null(answer);

    text[0] = '\0';

    if (answer->type == REDIS_REPLY_INTEGER) {
        (void) snprintf(text, sizeof(text), "%lld", answer->integer);

    } else if (answer->type == REDIS_REPLY_ARRAY) {
        for (i = 0; i < (int) answer->elements; i++) {
            if (answer->element[i]->str) {
                (void) snprintf(text + strlen(text),
                                sizeof(text) - strlen(text), "%s%s",
                                i ? " " : "", answer->element[i]->str);
            }
        }

    } else if (answer->str) {
        (void) snprintf(text, sizeof(text), "%s", answer->str);
    }

    freeReplyObject(answer);

    return text;
}


/* until the answer has these words in it */

#define ask_until(s, words, ...)                                             \
    do {                                                                     \
        int  tries;                                                          \
                                                                             \
        for (tries = 0; strstr(ask(s, __VA_ARGS__), words) == NULL; tries++) \
        {                                                                    \
            if (tries == PATIENCE_MS / 20) {                                 \
                fail_msg("no %s in %s", words, ask(s, __VA_ARGS__));         \
            }                                                                \
                                                                             \
            nap();                                                           \
        }                                                                    \
    } while (0)


#define ARGS_MAX  40

/* again on the same port if it has one; more arguments end with NULL */

static inline void
server_start_args(server_t *s, const char *program, const char *file, ...)
{
    int          fd;
    char         port[16], log[128];
    va_list      args;
    const char  *argv[ARGS_MAX];
    unsigned     n;

    if (s->port == 0) {
        s->port = free_port();
    }

    (void) snprintf(port, sizeof(port), "%u", s->port);
    (void) snprintf(s->sock, sizeof(s->sock), "%s/%u.sock", dir, s->port);
    (void) snprintf(log, sizeof(log), "%s/%u.log", dir, s->port);

    n = 0;
    argv[n++] = program;

    if (file) {
        argv[n++] = file;
    }

    argv[n++] = "--port";
    argv[n++] = port;
    argv[n++] = "--bind";
    argv[n++] = "127.0.0.1";
    argv[n++] = "--unixsocket";
    argv[n++] = s->sock;
    argv[n++] = "--dir";
    argv[n++] = dir;

    if (file == NULL) {
        argv[n++] = "--save";
        argv[n++] = "";
        argv[n++] = "--repl-diskless-sync-delay";
        argv[n++] = "0";
        argv[n++] = "--enable-debug-command";
        argv[n++] = "yes";
    }

    va_start(args, file);

    do {
        assert_true(n < ARGS_MAX);
        argv[n] = va_arg(args, const char *);
    } while (argv[n++]);

    va_end(args);

    s->pid = spawn();

    if (s->pid == 0) {
        fd = open(log, O_WRONLY|O_CREAT|O_APPEND, 0600);
        (void) dup2(fd, 1);
        (void) dup2(fd, 2);
        (void) execvp(program, (char **) argv);
        _exit(127);
    }

    (void) ask(s, "PING");
}


#define server_start(s, ...)                                                 \
    server_start_args(s, "redis-server", NULL, ##__VA_ARGS__, NULL)


/*
 * A fake server: the answer to the Nth command it gets, on whichever
 * connection, is the Nth of "answers"; "": none, NULL: it closes the
 * connection.  After those it answers nothing.
 */

/* SK_ERROR: the connection is over */

static inline int
fake_answer(int fd, redisReader *reader, const char **answers, unsigned n)
{
    char      buf[4096];
    void     *command;
    ssize_t   got;
    unsigned  k;

    got = read(fd, buf, sizeof(buf));

    if (got <= 0) {
        return SK_ERROR;
    }

    (void) redisReaderFeed(reader, buf, (size_t) got);

    while (redisReaderGetReply(reader, &command) == REDIS_OK && command) {
        k = seen->n;
        (void) strcat(seen->names,
                      ((redisReply *) command)->element[0]->str);
        (void) strcat(seen->names, " ");
        seen->n++;
        freeReplyObject(command);

        if (k < n && answers[k] == NULL) {
            return SK_ERROR;
        }

        if (k < n) {
            (void) !write(fd, answers[k], strlen(answers[k]));
        }
    }

    return SK_OK;
}


static inline void
fake_serve(int listener, const char **answers, unsigned n)
{
    int             fd;
    unsigned        i;
    redisReader    *readers[FAKE_CLIENTS + 1];
    struct pollfd   fds[FAKE_CLIENTS + 1];

    memset(fds, 0, sizeof(fds));
    fds[0].fd = listener;
    fds[0].events = POLLIN;

    for (i = 1; i <= FAKE_CLIENTS; i++) {
        fds[i].fd = -1;
        fds[i].events = POLLIN;
    }

    for ( ;; ) {
        (void) poll(fds, FAKE_CLIENTS + 1, -1);

        if (fds[0].revents) {
            fd = accept(listener, NULL, NULL);

            for (i = 1; fds[i].fd != -1; i++) {
                /* void */
            }

            fds[i].fd = fd;
            fds[i].revents = 0;
            readers[i] = redisReaderCreate();
        }

        for (i = 1; i <= FAKE_CLIENTS; i++) {

            if (fds[i].fd != -1 && fds[i].revents
                && fake_answer(fds[i].fd, readers[i], answers, n) != SK_OK)
            {
                (void) close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
    }
}


static inline void
fake_start(server_t *s, const char **answers, unsigned n)
{
    int  listener;

    listener = listen_on(s->port);
    assert_int_not_equal(listener, -1);

    s->port = port_of(listener);
    seen->n = 0;
    seen->names[0] = '\0';

    s->pid = spawn();

    if (s->pid == 0) {
        fake_serve(listener, answers, n);
    }

    (void) close(listener);
}


#define HELLO  "*4\r\n$7\r\nversion\r\n$5\r\n6.2.0\r\n"                       \
               "$4\r\nrole\r\n$6\r\nmaster\r\n"
#define SHA1   "$40\r\n0123456789012345678901234567890123456789\r\n"


/* a user of the URL; "%u" stands for a port */

static inline void
use(const char *password, unsigned timeout_ms, const char *fmt, ...)
{
    char             text[1024], reason[256];
    va_list          args;
    sk_redis_conf_t  conf;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    forget();

    memset(&conf, 0, sizeof(conf));

    if (sk_redis_url_parse(&conf.url, text, strlen(text), reason,
                           sizeof(reason))
        != SK_OK)
    {
        fail_msg("%s %s", text, reason);
    }

    strcpy(conf.password, password);
    conf.timeout_ms = timeout_ms;
    conf.client_name = "seckill-test";

    r = sk_redis_create(&conf);
    assert_non_null(r);
}


/* adds to the key, and says what it is then */

static sk_redis_script_t  incr = {
    "return redis.call('INCRBY', KEYS[1], ARGV[1])", ""
};


static inline int
run_wait(sk_redis_script_t *script, unsigned wait, const char *key,
    const char *value)
{
    const char    *argv[] = { key, value };
    const size_t   lens[] = { strlen(key), strlen(value) };

    if (reply) {
        freeReplyObject(reply);
    }

    return sk_redis_script(r, script, 1, 2, argv, lens, wait, &reply,
                           &replicas);
}


static inline int
run(const char *key)
{
    return run_wait(&incr, 0, key, "1");
}


static inline void
says(const char *words)
{
    if (strstr(sk_redis_error(r), words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, sk_redis_error(r));
    }
}


/* the call went well, and the key is this now */

#define done(call, value)                                                    \
    do {                                                                     \
        if ((call) != SK_OK) {                                               \
            fail_msg("%s", sk_redis_error(r));                               \
        }                                                                    \
                                                                             \
        assert_int_equal(reply->type, REDIS_REPLY_INTEGER);                  \
        assert_int_equal(reply->integer, value);                             \
    } while (0)


/* it did not, and says this; "maybe": whether the script may have run */

#define failed(call, maybe, words)                                           \
    do {                                                                     \
        assert_int_equal(call, SK_ERROR);                                    \
        assert_null(reply);                                                  \
        says(words);                                                         \
        assert_int_equal(sk_redis_maybe_done(r), maybe);                     \
    } while (0)


#endif /* _SK_TEST_REDIS_H_INCLUDED_ */
