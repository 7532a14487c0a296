/*
 * A connection to one server: commands go out, replies come in, each with a
 * moment until which it may take.  hiredis makes bytes of commands and replies
 * of bytes; the socket is ours, since hiredis's is not closed at exec(), tries
 * one address of several, and counts its timeout anew with each read.
 *
 * A connection on which anything has failed is closed: what would come on it
 * next could be the answer to an earlier command.  "reason" says what it was.
 *
 * For the files of this room.
 */


#ifndef _SK_REDIS_LINK_H_INCLUDED_
#define _SK_REDIS_LINK_H_INCLUDED_


#include <sys/socket.h>

#include "sk_redis.h"
#include "sk_redis_tls.h"


#pragma GCC visibility push(hidden)


typedef struct {
    int                       fd;       /* -1: closed */
    sk_redis_host_t           host;     /* as it was named */
    struct sockaddr_storage   peer;     /* as it was found */
    socklen_t                 peer_len;
    sk_redis_tls_t           *tls;      /* NULL: in the clear */
    redisReader              *reader;

    char                     *out;      /* to be sent */
    size_t                    out_len;
    size_t                    out_size;
    size_t                    sent;

    char                      reason[SK_REDIS_REASON_SIZE];
} sk_redis_link_t;


void sk_redis_link_init(sk_redis_link_t *link);

void sk_redis_link_close(sk_redis_link_t *link);

/*
 * Nothing is under way: is the connection fit for a command?  Not if the server
 * has closed it, or has said something that nobody has asked for.
 */
unsigned sk_redis_link_idle(const sk_redis_link_t *link);

/* puts a command behind those to be sent; SK_ERROR: no memory */
int sk_redis_link_add(sk_redis_link_t *link, unsigned argc, const char **argv,
    const size_t *argv_len);

/* sends what was added */
int sk_redis_link_flush(sk_redis_link_t *link, int64_t until_us);

/* the next reply, which may be an error of the server's; SK_OK, SK_ERROR */
int sk_redis_link_reply(sk_redis_link_t *link, int64_t until_us,
    redisReply **reply);

/* the same from what has arrived; also SK_AGAIN */
int sk_redis_link_read(sk_redis_link_t *link, redisReply **reply);

/* until one of poll()'s events is there: SK_OK, SK_ERROR */
int sk_redis_link_wait(sk_redis_link_t *link, short events, int64_t until_us);

/* closes it; "reason" says what has failed; SK_ERROR */
int sk_redis_link_failed(sk_redis_link_t *link, const char *what, int err);


/* sk_redis_connect.c */

/*
 * To one of the host's addresses; "tls": the authorities, or NULL.  All times
 * are those of sk_monotonic_us().  SK_OK, SK_ERROR
 */
int sk_redis_connect(sk_redis_link_t *link, const sk_redis_host_t *host,
    sk_redis_tls_ctx_t *tls, int64_t until_us);

/* to the very address that "other" is connected to, whatever its name says */
int sk_redis_connect_beside(sk_redis_link_t *link,
    const sk_redis_link_t *other, sk_redis_tls_ctx_t *tls, int64_t until_us);


#pragma GCC visibility pop


#endif /* _SK_REDIS_LINK_H_INCLUDED_ */
