/*
 * TLS under a connection: OpenSSL's, on a socket that does not block.  The
 * server has to show a certificate for the name, or the address, by which it
 * was called, from an authority of the system's (SSL_CERT_FILE and SSL_CERT_DIR
 * name others).
 *
 * hiredis has TLS since 1.0, which looks at no name.
 *
 * For sk_redis_link.c.  Without OpenSSL (SK_REDIS_TLS is not set) there are no
 * authorities, and no URL asks for them.
 */


#ifndef _SK_REDIS_TLS_H_INCLUDED_
#define _SK_REDIS_TLS_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_REDIS_REASON_SIZE  256


typedef struct ssl_ctx_st  sk_redis_tls_ctx_t;      /* the authorities */
typedef struct ssl_st      sk_redis_tls_t;


/* NULL: "reason" says why */
sk_redis_tls_ctx_t *sk_redis_tls_ctx_create(char reason[SK_REDIS_REASON_SIZE]);
void sk_redis_tls_ctx_free(sk_redis_tls_ctx_t *ctx);

sk_redis_tls_t *sk_redis_tls_create(sk_redis_tls_ctx_t *ctx, int fd,
    const char *name, char reason[SK_REDIS_REASON_SIZE]);
void sk_redis_tls_free(sk_redis_tls_t *tls);

/*
 * SK_OK; SK_AGAIN: poll() for *events; SK_ERROR: "reason" says why.  "n" bytes
 * were sent or received; none received: the server has closed the connection.
 */
int sk_redis_tls_handshake(sk_redis_tls_t *tls, short *events,
    char reason[SK_REDIS_REASON_SIZE]);
int sk_redis_tls_send(sk_redis_tls_t *tls, const char *buf, size_t size,
    size_t *n, short *events, char reason[SK_REDIS_REASON_SIZE]);
int sk_redis_tls_receive(sk_redis_tls_t *tls, char *buf, size_t size,
    size_t *n, short *events, char reason[SK_REDIS_REASON_SIZE]);


#pragma GCC visibility pop


#endif /* _SK_REDIS_TLS_H_INCLUDED_ */
