#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "sk_monotonic.h"
#include "sk_redis_link.h"


static int sk_redis_connect_path(sk_redis_link_t *link, int64_t until_us);
static int sk_redis_connect_name(sk_redis_link_t *link, int64_t until_us);
static int sk_redis_connect_address(sk_redis_link_t *link, int64_t until_us);
static int sk_redis_connect_wait(sk_redis_link_t *link, int64_t until_us);
static void sk_redis_connect_options(sk_redis_link_t *link);
static int sk_redis_connect_prepare(sk_redis_link_t *link,
    sk_redis_tls_ctx_t *tls, int64_t until_us);


int
sk_redis_connect(sk_redis_link_t *link, const sk_redis_host_t *host,
    sk_redis_tls_ctx_t *tls, int64_t until_us)
{
    int  rc;

    sk_assert(link->fd == -1);

    link->host = *host;

    rc = (host->port == 0) ? sk_redis_connect_path(link, until_us)
                           : sk_redis_connect_name(link, until_us);

    return (rc == SK_OK) ? sk_redis_connect_prepare(link, tls, until_us) : rc;
}


int
sk_redis_connect_beside(sk_redis_link_t *link, const sk_redis_link_t *other,
    sk_redis_tls_ctx_t *tls, int64_t until_us)
{
    sk_assert(link->fd == -1);

    link->host = other->host;
    link->peer = other->peer;
    link->peer_len = other->peer_len;

    if (sk_redis_connect_address(link, until_us) != SK_OK) {
        return SK_ERROR;
    }

    return sk_redis_connect_prepare(link, tls, until_us);
}


static int
sk_redis_connect_path(sk_redis_link_t *link, int64_t until_us)
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

    return sk_redis_connect_address(link, until_us);
}


/* each of the name's addresses has its share of the time */

static int
sk_redis_connect_name(sk_redis_link_t *link, int64_t until_us)
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
        rc = sk_redis_connect_address(link, now_us + (until_us - now_us)
                                            / left--);
    }

    freeaddrinfo(addrs);

    return rc;
}


static int
sk_redis_connect_address(sk_redis_link_t *link, int64_t until_us)
{
    link->fd = socket(link->peer.ss_family,
                      SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (link->fd == -1) {
        return sk_redis_link_failed(link, "socket() failed", errno);
    }

    sk_redis_connect_options(link);

    if (connect(link->fd, (struct sockaddr *) &link->peer, link->peer_len) == 0)
    {
        return SK_OK;
    }

    /* EAGAIN: as many as the socket of a path can have are waiting there */

    return (errno == EINPROGRESS)
           ? sk_redis_connect_wait(link, until_us)
           : sk_redis_link_failed(link, "connect() failed", errno);
}


static int
sk_redis_connect_wait(sk_redis_link_t *link, int64_t until_us)
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
sk_redis_connect_options(sk_redis_link_t *link)
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
sk_redis_connect_prepare(sk_redis_link_t *link, sk_redis_tls_ctx_t *tls,
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
