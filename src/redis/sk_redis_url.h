/*
 * Where a Redis is: what stands behind "redis=", taken apart.  Nothing is
 * looked up and nothing is connected to; text in, numbers and names out.
 *
 *   redis://[user@]host[:port][/db]
 *   rediss://[user@]host[:port][/db]                           with TLS
 *   unix:/path
 *   sentinel://[user@]host[:port],host[:port]/master[/db]
 *   cluster://[user@]host[:port],host[:port]
 *
 * An IPv6 address stands in brackets.  A password has no place in a URL: it
 * would be read by all who may read the configuration.
 */


#ifndef _SK_REDIS_URL_H_INCLUDED_
#define _SK_REDIS_URL_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_REDIS_URL_SIZE_MAX     4096      /* bytes of the text */
#define SK_REDIS_HOSTS_MAX          16      /* sentinels, cluster's nodes */
#define SK_REDIS_HOST_SIZE_MAX     253      /* bytes of a name, RFC 1035 */
#define SK_REDIS_PATH_SIZE_MAX     107      /* of a socket, see unix(7) */
#define SK_REDIS_USER_SIZE_MAX     128
#define SK_REDIS_MASTER_SIZE_MAX   128      /* what sentinels call it */
#define SK_REDIS_DB_MAX          65535

#define SK_REDIS_PORT             6379
#define SK_REDIS_SENTINEL_PORT   26379

/* "[host]:port" or "unix:path", and the end of the string */
#define SK_REDIS_ADDRESS_SIZE    (SK_REDIS_HOST_SIZE_MAX + sizeof("[]:65535"))


typedef enum {
    SK_REDIS_URL_REDIS = 0,
    SK_REDIS_URL_REDISS,
    SK_REDIS_URL_UNIX,
    SK_REDIS_URL_SENTINEL,
    SK_REDIS_URL_CLUSTER,
    SK_REDIS_URL_N
} sk_redis_url_e;


typedef struct {
    char             name[SK_REDIS_HOST_SIZE_MAX + 1];  /* no brackets */
    uint16_t         port;              /* 0: the name is a socket's path */
} sk_redis_host_t;


typedef struct {
    sk_redis_url_e   scheme;
    char             user[SK_REDIS_USER_SIZE_MAX + 1];      /* "": none */
    sk_redis_host_t  hosts[SK_REDIS_HOSTS_MAX];
    unsigned         n_hosts;           /* one, but sentinels and nodes */
    char             master[SK_REDIS_MASTER_SIZE_MAX + 1];
    unsigned         db;
} sk_redis_url_t;


/*
 * SK_OK, or SK_ERROR: "reason" says in lower case what is wrong with the text,
 * and what is allowed.  The text needs no end.
 */
int sk_redis_url_parse(sk_redis_url_t *url, const char *text, size_t len,
    char *reason, size_t size);

/* "host:port", "[::1]:port", "unix:/path", for people; returns "address" */
const char *sk_redis_url_address(const sk_redis_host_t *host,
    char address[SK_REDIS_ADDRESS_SIZE]);


#pragma GCC visibility pop


#endif /* _SK_REDIS_URL_H_INCLUDED_ */
