#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sk_monotonic.h"
#include "sk_redis_link.h"


#define SK_REDIS_LINK_READ_SIZE  16384


static int sk_redis_link_receive(sk_redis_link_t *link, short *events);
static int sk_redis_link_send(sk_redis_link_t *link, short *events);


void
sk_redis_link_init(sk_redis_link_t *link)
{
    memset(link, 0, sizeof(sk_redis_link_t));

    link->fd = -1;
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


int
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

int
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
