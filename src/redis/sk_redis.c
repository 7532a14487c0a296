#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_redis_state.h"


sk_redis_t *
sk_redis_create(const sk_redis_conf_t *conf)
{
    sk_redis_t  *r;

    sk_assert(conf->url.n_hosts > 0);
    sk_assert(conf->timeout_ms >= SK_REDIS_TIMEOUT_MIN_MS
              && conf->timeout_ms <= SK_REDIS_TIMEOUT_MAX_MS);

    r = calloc(1, sizeof(sk_redis_t));

    if (r == NULL) {
        return NULL;
    }

    r->conf = *conf;
    r->conf.client_name = NULL;

    if (conf->client_name) {
        (void) snprintf(r->client_name, sizeof(r->client_name), "%s",
                        conf->client_name);
    }

    sk_redis_link_init(&r->link);
    sk_redis_link_init(&r->watch);

    return r;
}


void
sk_redis_destroy(sk_redis_t *r)
{
    sk_redis_link_close(&r->watch);
    sk_redis_link_close(&r->link);

    if (r->tls) {
        sk_redis_tls_ctx_free(r->tls);
    }

    free(r->argv);
    free(r->argv_len);

    explicit_bzero(r, sizeof(sk_redis_t));
    free(r);
}


void
sk_redis_begin(sk_redis_t *r)
{
    r->until_us = sk_monotonic_us() + (int64_t) r->conf.timeout_ms * 1000;
    r->error[0] = '\0';
}


int
sk_redis_fail(sk_redis_t *r, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(r->error, sizeof(r->error), fmt, args);
    va_end(args);

    return SK_ERROR;
}


int
sk_redis_fail_link(sk_redis_t *r, const sk_redis_link_t *link,
    const char *reason)
{
    char  address[SK_REDIS_ADDRESS_SIZE];

    return sk_redis_fail(r, "%s: %s",
                         sk_redis_url_address(&link->host, address), reason);
}


unsigned
sk_redis_maybe_done(const sk_redis_t *r)
{
    return r->maybe_done;
}


void
sk_redis_doubt(sk_redis_t *r)
{
    sk_redis_link_close(&r->link);
}


int64_t
sk_redis_round_trip_us(const sk_redis_t *r)
{
    return r->round_trip_us;
}


const char *
sk_redis_error(const sk_redis_t *r)
{
    return r->error;
}


const char *
sk_redis_address(const sk_redis_t *r)
{
    return r->address;
}
