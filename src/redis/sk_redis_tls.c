#include "sk_redis_tls.h"


#if (SK_REDIS_TLS)

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>


static int sk_redis_tls_name(sk_redis_tls_t *tls, const char *name);
static int sk_redis_tls_result(sk_redis_tls_t *tls, int rc, short *events,
    char reason[SK_REDIS_REASON_SIZE]);
static void sk_redis_tls_reason(char reason[SK_REDIS_REASON_SIZE]);


sk_redis_tls_ctx_t *
sk_redis_tls_ctx_create(char reason[SK_REDIS_REASON_SIZE])
{
    SSL_CTX  *ctx;

    ERR_clear_error();

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL
        || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1
        || SSL_CTX_set_default_verify_paths(ctx) != 1)
    {
        sk_redis_tls_reason(reason);
        SSL_CTX_free(ctx);
        return NULL;
    }

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);

    /* what is sent grows, and so moves, between two tries to send it */

    (void) SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                                 | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    return ctx;
}


void
sk_redis_tls_ctx_free(sk_redis_tls_ctx_t *ctx)
{
    SSL_CTX_free(ctx);
}


sk_redis_tls_t *
sk_redis_tls_create(sk_redis_tls_ctx_t *ctx, int fd, const char *name,
    char reason[SK_REDIS_REASON_SIZE])
{
    SSL  *tls;

    ERR_clear_error();

    tls = SSL_new(ctx);

    if (tls == NULL || SSL_set_fd(tls, fd) != 1
        || sk_redis_tls_name(tls, name) != SK_OK)
    {
        sk_redis_tls_reason(reason);
        SSL_free(tls);
        return NULL;
    }

    SSL_set_connect_state(tls);

    return tls;
}


/* the one that the certificate has to be for; an address is not sent as one */

static int
sk_redis_tls_name(sk_redis_tls_t *tls, const char *name)
{
    unsigned char  addr[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, name, addr) == 1
        || inet_pton(AF_INET6, name, addr) == 1)
    {
        return (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1)
               ? SK_OK : SK_ERROR;
    }

    return (SSL_set1_host(tls, name) == 1
            && SSL_set_tlsext_host_name(tls, name) == 1)
           ? SK_OK : SK_ERROR;
}


void
sk_redis_tls_free(sk_redis_tls_t *tls)
{
    SSL_free(tls);
}


int
sk_redis_tls_handshake(sk_redis_tls_t *tls, short *events,
    char reason[SK_REDIS_REASON_SIZE])
{
    int   rc;
    long  verified;

    ERR_clear_error();

    rc = sk_redis_tls_result(tls, SSL_do_handshake(tls), events, reason);
    verified = SSL_get_verify_result(tls);

    if (rc == SK_ERROR && verified != X509_V_OK) {
        (void) snprintf(reason, SK_REDIS_REASON_SIZE,
                        "its certificate is not accepted: %s",
                        X509_verify_cert_error_string(verified));
    }

    return rc;
}


int
sk_redis_tls_send(sk_redis_tls_t *tls, const char *buf, size_t size, size_t *n,
    short *events, char reason[SK_REDIS_REASON_SIZE])
{
    ERR_clear_error();

    return sk_redis_tls_result(tls, SSL_write_ex(tls, buf, size, n), events,
                               reason);
}


int
sk_redis_tls_receive(sk_redis_tls_t *tls, char *buf, size_t size, size_t *n,
    short *events, char reason[SK_REDIS_REASON_SIZE])
{
    int  rc;

    ERR_clear_error();

    rc = SSL_read_ex(tls, buf, size, n);

    if (rc <= 0 && SSL_get_error(tls, rc) == SSL_ERROR_ZERO_RETURN) {
        *n = 0;
        return SK_OK;
    }

    return sk_redis_tls_result(tls, rc, events, reason);
}


static int
sk_redis_tls_result(sk_redis_tls_t *tls, int rc, short *events,
    char reason[SK_REDIS_REASON_SIZE])
{
    int  err;

    if (rc > 0) {
        return SK_OK;
    }

    err = errno;

    switch (SSL_get_error(tls, rc)) {

    case SSL_ERROR_WANT_READ:
        *events = POLLIN;
        return SK_AGAIN;

    case SSL_ERROR_WANT_WRITE:
        *events = POLLOUT;
        return SK_AGAIN;

    case SSL_ERROR_SYSCALL:
        (void) snprintf(reason, SK_REDIS_REASON_SIZE, "TLS: %s",
                        err ? strerror(err) : "the connection was closed");
        break;

    default:
        sk_redis_tls_reason(reason);
    }

    /* nginx looks into the same queue of errors */
    ERR_clear_error();

    return SK_ERROR;
}


static void
sk_redis_tls_reason(char reason[SK_REDIS_REASON_SIZE])
{
    const char     *text;
    unsigned long   err;

    err = ERR_peek_error();
    text = ERR_reason_error_string(err);

    (void) snprintf(reason, SK_REDIS_REASON_SIZE, "TLS: %s",
                    text ? text : "failed");

    ERR_clear_error();
}

#else

#include <stdio.h>


sk_redis_tls_ctx_t *
sk_redis_tls_ctx_create(char reason[SK_REDIS_REASON_SIZE])
{
    (void) snprintf(reason, SK_REDIS_REASON_SIZE, "built without TLS");

    return NULL;
}


void
sk_redis_tls_ctx_free(sk_redis_tls_ctx_t *ctx)
{
    (void) ctx;
}


sk_redis_tls_t *
sk_redis_tls_create(sk_redis_tls_ctx_t *ctx, int fd, const char *name,
    char reason[SK_REDIS_REASON_SIZE])
{
    (void) ctx;
    (void) fd;
    (void) name;
    (void) reason;

    return NULL;
}


void
sk_redis_tls_free(sk_redis_tls_t *tls)
{
    (void) tls;
}


int
sk_redis_tls_handshake(sk_redis_tls_t *tls, short *events,
    char reason[SK_REDIS_REASON_SIZE])
{
    (void) tls;
    (void) events;
    (void) reason;

    return SK_ERROR;
}


int
sk_redis_tls_send(sk_redis_tls_t *tls, const char *buf, size_t size, size_t *n,
    short *events, char reason[SK_REDIS_REASON_SIZE])
{
    (void) tls;
    (void) buf;
    (void) size;
    (void) n;
    (void) events;
    (void) reason;

    return SK_ERROR;
}


int
sk_redis_tls_receive(sk_redis_tls_t *tls, char *buf, size_t size, size_t *n,
    short *events, char reason[SK_REDIS_REASON_SIZE])
{
    (void) tls;
    (void) buf;
    (void) size;
    (void) n;
    (void) events;
    (void) reason;

    return SK_ERROR;
}

#endif
