/*
 * What a sk_redis_t is made of, and what its files do for each other.
 *
 *   sk_redis.c          its life, and what it says of itself
 *   sk_redis_find.c     the way to the primary: sentinels, a cluster's nodes
 *   sk_redis_hello.c    the first words on a connection
 *   sk_redis_script.c   scripts
 *   sk_redis_refusal.c  what a server's error means
 *   sk_redis_watch.c    the second connection
 *   sk_redis_connect.c  a connection is made
 *   sk_redis_link.c     bytes
 *
 * All return SK_OK, or SK_ERROR with r->error set.
 */


#ifndef _SK_REDIS_STATE_H_INCLUDED_
#define _SK_REDIS_STATE_H_INCLUDED_


#include "sk_monotonic.h"
#include "sk_redis_link.h"


#pragma GCC visibility push(hidden)


struct sk_redis_s {
    sk_redis_conf_t       conf;
    char                  client_name[SK_REDIS_NAME_SIZE_MAX + 1];
    sk_redis_tls_ctx_t   *tls;          /* once it was needed */

    sk_redis_link_t       link;         /* scripts run here */
    sk_redis_link_t       watch;
    unsigned              watching:1;   /* an answer will come there */
    unsigned              maybe_done:1;

    unsigned              first;        /* of the hosts: the one to ask first */
    sk_redis_host_t       moved;        /* of a cluster; "": not known */

    int64_t               until_us;     /* this call may take */
    int64_t               round_trip_us;

    const char          **argv;         /* of a script's call */
    size_t               *argv_len;
    unsigned              argv_size;

    char                  address[SK_REDIS_ADDRESS_SIZE];
    char                  error[SK_REDIS_ERROR_SIZE];
};


/* what a server's error means, by its first word */

typedef struct {
    const char  *code;
    unsigned     closes:1;      /* find the primary anew */
    unsigned     untouched:1;   /* nothing was written */
    const char  *words;
} sk_redis_refusal_t;


/* sk_redis.c */

/* a call begins: it has the timeout to end */
void sk_redis_begin(sk_redis_t *r);

/* set the error, return SK_ERROR; the second's is "ADDRESS: REASON" */
int sk_redis_fail(sk_redis_t *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int sk_redis_fail_link(sk_redis_t *r, const sk_redis_link_t *link,
    const char *reason);


/* sk_redis_find.c */

/* there is a connection to the primary, and it lives */
int sk_redis_find(sk_redis_t *r);

/* a node of the cluster's has said that this one has the keys */
int sk_redis_find_moved(sk_redis_t *r, const sk_redis_host_t *host);

/* the primary, if it is one, is to be looked for elsewhere */
void sk_redis_find_anew(sk_redis_t *r);


/* sk_redis_hello.c */

/*
 * Connects and says who we are; the server is new enough, and the database is
 * chosen.  What has failed is closed.
 */
int sk_redis_hello(sk_redis_t *r, sk_redis_link_t *link,
    const sk_redis_host_t *host, int64_t until_us, unsigned *replica);

/* the same, to where r->link is connected to */
int sk_redis_hello_beside(sk_redis_t *r, sk_redis_link_t *link);


/* sk_redis_refusal.c */

/* never NULL */
const sk_redis_refusal_t *sk_redis_refusal(const redisReply *reply);

/* whether the server's error begins with this word */
unsigned sk_redis_refusal_is(const redisReply *reply, const char *code);

/* sets the error, closes the connection if it has to be, frees the reply */
int sk_redis_refused(sk_redis_t *r, sk_redis_link_t *link, redisReply *reply);


#pragma GCC visibility pop


#endif /* _SK_REDIS_STATE_H_INCLUDED_ */
