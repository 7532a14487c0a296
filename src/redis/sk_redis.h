/*
 * A Redis, as one thread of a program sees it: it finds the primary, runs
 * scripts there, and waits for a stream to grow.  What is in it, and what the
 * scripts do, is its caller's business.
 *
 * Every call ends, well or not, within the timeout, and a little for the work
 * itself; connecting and finding the primary are part of it.  Only looking up
 * the name of a host is not, see getaddrinfo(3): the system's resolver has
 * limits of its own.  Addresses need none.
 *
 * A call is never made twice if it may have been carried out once.  What has
 * failed is not tried again behind the caller's back, but for what surely has
 * not happened: a connection that was found dead before anything was sent on
 * it, a script that was not known, a cluster's word that another node has it.
 *
 * Redis 6.2 or newer.  The process ignores SIGPIPE, as nginx does: OpenSSL
 * writes without MSG_NOSIGNAL.  Sockets are closed at exec().  For one thread.
 */


#ifndef _SK_REDIS_H_INCLUDED_
#define _SK_REDIS_H_INCLUDED_


#include <hiredis/hiredis.h>

#include "sk_redis_url.h"


#pragma GCC visibility push(hidden)


#define SK_REDIS_PASSWORD_SIZE_MAX    512
#define SK_REDIS_NAME_SIZE_MAX         64   /* bytes of the client's name */
#define SK_REDIS_KEYS_MAX              16   /* of a script */
#define SK_REDIS_ARGS_MAX           65536   /* and keys */
#define SK_REDIS_TURNS_MAX              6   /* redirections, unknown scripts */
#define SK_REDIS_ERROR_SIZE           512
#define SK_REDIS_TIMEOUT_MIN_MS       100
#define SK_REDIS_TIMEOUT_MAX_MS    600000
#define SK_REDIS_WAIT_LATE_MS         150   /* for the answer to a "wait" */

/* a connection on which nobody answers is noticed after 5 + 3 * 3 seconds */
#define SK_REDIS_KEEPALIVE_IDLE_S       5
#define SK_REDIS_KEEPALIVE_INTERVAL_S   3
#define SK_REDIS_KEEPALIVE_PROBES       3


typedef struct {
    sk_redis_url_t   url;               /* the user too */
    char             password[SK_REDIS_PASSWORD_SIZE_MAX + 1];  /* "": none */
    unsigned         timeout_ms;
    const char      *client_name;       /* no blanks; or NULL */
} sk_redis_conf_t;


typedef struct {
    const char      *text;
    char             sha1[41];          /* "" until a server has said it */
} sk_redis_script_t;


typedef struct sk_redis_s  sk_redis_t;


/* copies what it is given, connects to nothing; NULL: there is no memory */
sk_redis_t *sk_redis_create(const sk_redis_conf_t *conf);
void sk_redis_destroy(sk_redis_t *r);

/*
 * Runs a script on the primary; connects to it where there is no connection.
 * Of the "argc" strings the first "n_keys" are keys.
 *
 *   wait      so many replicas are to have it before the call returns; they
 *             are waited for in the same round trip, for three quarters of the
 *             time that is left, less if that is under 600 ms
 *   replicas  where "wait" is not 0, so many had it by then; else 0
 *   reply     the script's, never an error; for freeReplyObject()
 *
 * SK_OK; also if fewer replicas than wanted have it.  SK_ERROR: *reply is NULL,
 * and sk_redis_error() says why.  Whether the script has run is not known then,
 * unless sk_redis_maybe_done() says that it surely has not.
 */
int sk_redis_script(sk_redis_t *r, sk_redis_script_t *script, unsigned n_keys,
    unsigned argc, const char **argv, const size_t *argv_len, unsigned wait,
    redisReply **reply, long long *replicas);

/*
 * After SK_ERROR of sk_redis_script().  0: the server has not seen the script,
 * or has refused it before its first write.  1: it may have run, in part too.
 */
unsigned sk_redis_maybe_done(const sk_redis_t *r);

/* before the next script the primary is looked for: it may be another one */
void sk_redis_doubt(sk_redis_t *r);

/* how long the last script's answer took, from the first byte sent */
int64_t sk_redis_round_trip_us(const sk_redis_t *r);

/*
 * The watch: a connection of its own, on which the server answers once the
 * stream "key" has an entry after "after_id".
 *
 *   sk_redis_watch       asks for that, and does not wait for the answer.  A
 *                        watch that is under way stays as it is.  Connects
 *                        where there is no connection, which may take the
 *                        timeout.  SK_OK, SK_ERROR
 *   sk_redis_watch_fd    what to poll for reading; -1: nothing is watched.  To
 *                        be asked anew before each poll: it is closed, and the
 *                        watch over, when the script's connection is another
 *   sk_redis_watch_read  the descriptor is readable.  SK_OK: an entry came, the
 *                        watch is over; "first" is the first number of its id.
 *                        SK_AGAIN: not all of it yet.  SK_ERROR: the watch is
 *                        over, the server may be away; before the next one a
 *                        pause is in order
 */
int sk_redis_watch(sk_redis_t *r, const char *key, const char *after_id);
int sk_redis_watch_fd(const sk_redis_t *r);
int sk_redis_watch_read(sk_redis_t *r, uint64_t *first);

/* why the last call returned SK_ERROR, for operators; begins with an address */
const char *sk_redis_error(const sk_redis_t *r);

/* of the primary that scripts run on, the last one if there is none now; "" */
const char *sk_redis_address(const sk_redis_t *r);


#pragma GCC visibility pop


#endif /* _SK_REDIS_H_INCLUDED_ */
