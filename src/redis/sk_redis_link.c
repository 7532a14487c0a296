#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "sk_monotonic.h"
#include "sk_redis_link.h"


#define SK_REDIS_LINK_READ_SIZE  16384


static int sk_redis_link_open_path(sk_redis_link_t *link, int64_t until_us);
static int sk_redis_link_open_name(sk_redis_link_t *link, int64_t until_us);
static int sk_redis_link_connect(sk_redis_link_t *link, int64_t until_us);
static int sk_redis_link_connected(sk_redis_link_t *link, int64_t until_us);
static void sk_redis_link_options(sk_redis_link_t *link);
static int sk_redis_link_prepare(sk_redis_link_t *link,
    sk_redis_tls_ctx_t *tls, int64_t until_us);
static int sk_redis_link_receive(sk_redis_link_t *link, short *events);
static int sk_redis_link_send(sk_redis_link_t *link, short *events);
static int sk_redis_link_wait(sk_redis_link_t *link, short events,
    int64_t until_us);
static int sk_redis_link_failed(sk_redis_link_t *link, const char *what,
    int err);


void
sk_redis_link_init(sk_redis_link_t *link)
{
    memset(link, 0, sizeof(sk_redis_link_t));

    link->fd = -1;
}


int
sk_redis_link_open(sk_redis_link_t *link, const sk_redis_host_t *host,
    sk_redis_tls_ctx_t *tls, int64_t until_us)
{
    int  rc;

    sk_assert(link->fd == -1);

    link->host = *host;

    rc = (host->port == 0) ? sk_redis_link_open_path(link, until_us)
                           : sk_redis_link_open_name(link, until_us);

    return (rc == SK_OK) ? sk_redis_link_prepare(link, tls, until_us) : rc;
}


int
sk_redis_link_open_beside(sk_redis_link_t *link, const sk_redis_link_t *other,
    sk_redis_tls_ctx_t *tls, int64_t until_us)
{
    sk_assert(link->fd == -1);

    link->host = other->host;
    link->peer = other->peer;
    link->peer_len = other->peer_len;

    if (sk_redis_link_connect(link, until_us) != SK_OK) {
        return SK_ERROR;
    }

    return sk_redis_link_prepare(link, tls, until_us);
}


static int
sk_redis_link_open_path(sk_redis_link_t *link, int64_t until_us)
{
    size_t               len;
    struct sockaddr_un  *addr;

    addr = (struct sockaddr_un *) &link->peer;
    len = strlen(link->host.name);

    sk_assert(len <= SK_REDIS_PATH_SIZE_MAX);

    memset(addr, 0, sizeof(struct sockaddr_un));
    addr->sun_family = AF_UNIX;
    memcpy(addr->sun_path, link->host.name, len);

    link->peer_len = sizeof(struct sockaddr_un);

    return sk_redis_link_connect(link, until_us);
}


/* each of the name's addresses has its share of the time */

static int
sk_redis_link_open_name(sk_redis_link_t *link, int64_t until_us)
{
    int               rc;
    char              port[sizeof("65535")];
    int64_t           now_us;
    unsigned          left;
    struct addrinfo   hints, *addrs, *ai;

    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;

    (void) snprintf(port, sizeof(port), "%hu", link->host.port);

    rc = getaddrinfo(link->host.name, port, &hints, &addrs);

    if (rc != 0) {
        (void) snprintf(link->reason, sizeof(link->reason),
                        "host not found: %s", gai_strerror(rc));
        return SK_ERROR;
    }

    left = 0;

    for (ai = addrs; ai; ai = ai->ai_next) {
        left++;
    }

    rc = SK_ERROR;

    for (ai = addrs; ai && rc != SK_OK; ai = ai->ai_next) {
        memcpy(&link->peer, ai->ai_addr, ai->ai_addrlen);
        link->peer_len = ai->ai_addrlen;

        now_us = sk_monotonic_us();
        rc = sk_redis_link_connect(link, now_us + (until_us - now_us) / left--);
    }

    freeaddrinfo(addrs);

    return rc;
}


static int
sk_redis_link_connect(sk_redis_link_t *link, int64_t until_us)
{
    link->fd = socket(link->peer.ss_family,
                      SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (link->fd == -1) {
        return sk_redis_link_failed(link, "socket() failed", errno);
    }

    sk_redis_link_options(link);

    if (connect(link->fd, (struct sockaddr *) &link->peer, link->peer_len) == 0)
    {
        return SK_OK;
    }

    /* EAGAIN: as many as the socket of a path can have are waiting there */

    return (errno == EINPROGRESS)
           ? sk_redis_link_connected(link, until_us)
           : sk_redis_link_failed(link, "connect() failed", errno);
}


static int
sk_redis_link_connected(sk_redis_link_t *link, int64_t until_us)
{
    int        err;
    socklen_t  len;

    if (sk_redis_link_wait(link, POLLOUT, until_us) != SK_OK) {
        (void) snprintf(link->reason, sizeof(link->reason),
                        "no connection in time");
        return SK_ERROR;
    }

    len = sizeof(err);

    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
        err = errno;
    }

    return err ? sk_redis_link_failed(link, "connect() failed", err) : SK_OK;
}


/* the connection is of use without them too */

static void
sk_redis_link_options(sk_redis_link_t *link)
{
    int  on, idle, interval, probes;

    if (link->peer.ss_family == AF_UNIX) {
        return;
    }

    on = 1;
    idle = SK_REDIS_KEEPALIVE_IDLE_S;
    interval = SK_REDIS_KEEPALIVE_INTERVAL_S;
    probes = SK_REDIS_KEEPALIVE_PROBES;

    (void) setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void) setsockopt(link->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));

#ifdef TCP_KEEPIDLE
    (void) setsockopt(link->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle,
                      sizeof(idle));
    (void) setsockopt(link->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
                      sizeof(interval));
    (void) setsockopt(link->fd, IPPROTO_TCP, TCP_KEEPCNT, &probes,
                      sizeof(probes));
#else
    (void) idle;
    (void) interval;
    (void) probes;
#endif
}


static int
sk_redis_link_prepare(sk_redis_link_t *link, sk_redis_tls_ctx_t *tls,
    int64_t until_us)
{
    int    rc;
    short  events;

    link->reader = redisReaderCreate();

    if (link->reader == NULL) {
        return sk_redis_link_failed(link, "no memory", 0);
    }

    if (tls == NULL) {
        return SK_OK;
    }

    link->tls = sk_redis_tls_create(tls, link->fd, link->host.name,
                                    link->reason);

    rc = link->tls ? SK_AGAIN : SK_ERROR;

    while (rc == SK_AGAIN) {
        rc = sk_redis_tls_handshake(link->tls, &events, link->reason);

        if (rc == SK_AGAIN
            && sk_redis_link_wait(link, events, until_us) != SK_OK)
        {
            return SK_ERROR;
        }
    }

    if (rc != SK_OK) {
        sk_redis_link_close(link);
    }

    return rc;
}


void
sk_redis_link_close(sk_redis_link_t *link)
{
    if (link->tls) {
        sk_redis_tls_free(link->tls);
        link->tls = NULL;
    }

    if (link->reader) {
        redisReaderFree(link->reader);
        link->reader = NULL;
    }

    if (link->fd != -1) {
        (void) close(link->fd);
        link->fd = -1;
    }

    if (link->out) {
        /* there was a password in it */
        explicit_bzero(link->out, link->out_size);
        free(link->out);
        link->out = NULL;
    }

    link->out_len = 0;
    link->out_size = 0;
    link->sent = 0;
}


unsigned
sk_redis_link_idle(const sk_redis_link_t *link)
{
    struct pollfd  p;

    if (link->fd == -1) {
        return 0;
    }

    p.fd = link->fd;
    p.events = POLLIN;

    return poll(&p, 1, 0) == 0 && link->reader->pos == link->reader->len;
}


int
sk_redis_link_add(sk_redis_link_t *link, unsigned argc, const char **argv,
    const size_t *argv_len)
{
    int      len;
    char    *command, *out;
    size_t   size;

    len = redisFormatCommandArgv(&command, (int) argc, argv, argv_len);

    if (len < 0) {
        return sk_redis_link_failed(link, "no memory", 0);
    }

    size = link->out_len + (size_t) len;

    if (size > link->out_size) {
        size *= 2;
        out = realloc(link->out, size);

        if (out == NULL) {
            redisFreeCommand(command);
            return sk_redis_link_failed(link, "no memory", 0);
        }

        link->out = out;
        link->out_size = size;
    }

    memcpy(link->out + link->out_len, command, (size_t) len);
    link->out_len += (size_t) len;

    redisFreeCommand(command);

    return SK_OK;
}


int
sk_redis_link_flush(sk_redis_link_t *link, int64_t until_us)
{
    int    rc;
    short  events;

    while (link->sent < link->out_len) {

        rc = sk_redis_link_send(link, &events);

        if (rc == SK_AGAIN) {
            rc = sk_redis_link_wait(link, events, until_us);
        }

        if (rc != SK_OK) {
            return rc;
        }
    }

    link->out_len = 0;
    link->sent = 0;

    return SK_OK;
}


int
sk_redis_link_reply(sk_redis_link_t *link, int64_t until_us,
    redisReply **reply)
{
    int    rc;
    void  *p;
    short  events;

    for ( ;; ) {

        if (redisReaderGetReply(link->reader, &p) != REDIS_OK) {
            return sk_redis_link_failed(link, link->reader->errstr, 0);
        }

        if (p) {
            *reply = p;
            return SK_OK;
        }

        rc = sk_redis_link_receive(link, &events);

        if (rc == SK_AGAIN) {
            rc = sk_redis_link_wait(link, events, until_us);
        }

        if (rc != SK_OK) {
            return rc;
        }
    }
}


int
sk_redis_link_read(sk_redis_link_t *link, redisReply **reply)
{
    int    rc;
    void  *p;
    short  events;

    do {
        rc = sk_redis_link_receive(link, &events);

        if (rc == SK_ERROR) {
            return rc;
        }

        if (redisReaderGetReply(link->reader, &p) != REDIS_OK) {
            return sk_redis_link_failed(link, link->reader->errstr, 0);
        }

        if (p) {
            *reply = p;
            return SK_OK;
        }

    } while (rc == SK_OK);

    return SK_AGAIN;
}


/* once; SK_AGAIN: nothing has come */

static int
sk_redis_link_receive(sk_redis_link_t *link, short *events)
{
    int      rc;
    char     buf[SK_REDIS_LINK_READ_SIZE];
    size_t   n;
    ssize_t  got;

    if (link->tls) {
        rc = sk_redis_tls_receive(link->tls, buf, sizeof(buf), &n, events,
                                  link->reason);

        if (rc != SK_OK) {
            if (rc == SK_ERROR) {
                sk_redis_link_close(link);
            }

            return rc;
        }

    } else {
        got = recv(link->fd, buf, sizeof(buf), 0);

        if (got == -1) {
            *events = POLLIN;
            return (errno == EAGAIN || errno == EINTR) ? SK_AGAIN
                   : sk_redis_link_failed(link, "recv() failed", errno);
        }

        n = (size_t) got;
    }

    if (n == 0) {
        return sk_redis_link_failed(link, "the connection was closed", 0);
    }

    return (redisReaderFeed(link->reader, buf, n) == REDIS_OK) ? SK_OK
           : sk_redis_link_failed(link, link->reader->errstr, 0);
}


static int
sk_redis_link_send(sk_redis_link_t *link, short *events)
{
    int      rc;
    char    *buf;
    size_t   len, n;
    ssize_t  sent;

    buf = link->out + link->sent;
    len = link->out_len - link->sent;

    if (link->tls) {
        rc = sk_redis_tls_send(link->tls, buf, len, &n, events, link->reason);

        if (rc == SK_OK) {
            link->sent += n;

        } else if (rc == SK_ERROR) {
            sk_redis_link_close(link);
        }

        return rc;
    }

    sent = send(link->fd, buf, len, MSG_NOSIGNAL);

    if (sent == -1) {
        *events = POLLOUT;
        return (errno == EAGAIN || errno == EINTR) ? SK_AGAIN
               : sk_redis_link_failed(link, "send() failed", errno);
    }

    link->sent += (size_t) sent;

    return SK_OK;
}


static int
sk_redis_link_wait(sk_redis_link_t *link, short events, int64_t until_us)
{
    int            n;
    int64_t        left_us;
    struct pollfd  p;

    p.fd = link->fd;
    p.events = events;

    do {
        left_us = until_us - sk_monotonic_us();

        if (left_us <= 0) {
            return sk_redis_link_failed(link, "no answer in time", 0);
        }

        n = poll(&p, 1, (int) (left_us / 1000) + 1);

    } while (n == 0 || (n == -1 && errno == EINTR));

    return (n == 1) ? SK_OK
           : sk_redis_link_failed(link, "poll() failed", errno);
}


/* closes the connection and says why */

static int
sk_redis_link_failed(sk_redis_link_t *link, const char *what, int err)
{
    /* "what" may be the reader's, which goes with the connection */

    if (err) {
        (void) snprintf(link->reason, sizeof(link->reason), "%s (%d: %s)",
                        what, err, strerror(err));
    } else {
        (void) snprintf(link->reason, sizeof(link->reason), "%s", what);
    }

    sk_redis_link_close(link);

    return SK_ERROR;
}
