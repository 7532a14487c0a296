#include <stdlib.h>

#include "sk_redis_state.h"


static int sk_redis_watch_entry(const redisReply *reply, uint64_t *first);


int
sk_redis_watch(sk_redis_t *r, const char *key, const char *after_id)
{
    const char  *argv[8] = { "XREAD", "COUNT", "1", "BLOCK", "0", "STREAMS",
                             key, after_id };

    if (r->watching && r->watch.fd != -1) {
        return SK_OK;
    }

    sk_redis_begin(r);

    /* closes the watch if the primary is another */

    if (sk_redis_find(r) != SK_OK) {
        return SK_ERROR;
    }

    if (!sk_redis_link_idle(&r->watch)) {
        sk_redis_link_close(&r->watch);

        if (sk_redis_hello_beside(r, &r->watch) != SK_OK) {
            return SK_ERROR;
        }
    }

    if (sk_redis_link_add(&r->watch, 8, argv, NULL) != SK_OK
        || sk_redis_link_flush(&r->watch, r->until_us) != SK_OK)
    {
        return sk_redis_fail_link(r, &r->watch, r->watch.reason);
    }

    r->watching = 1;

    return SK_OK;
}


int
sk_redis_watch_fd(const sk_redis_t *r)
{
    return r->watching ? r->watch.fd : -1;
}


int
sk_redis_watch_read(sk_redis_t *r, uint64_t *first)
{
    int          rc;
    redisReply  *reply;

    if (!r->watching || r->watch.fd == -1) {
        return sk_redis_fail(r, "nothing is watched");
    }

    rc = sk_redis_link_read(&r->watch, &reply);

    if (rc == SK_AGAIN) {
        return rc;
    }

    r->watching = 0;

    if (rc == SK_ERROR) {
        return sk_redis_fail_link(r, &r->watch, r->watch.reason);
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        return sk_redis_refused(r, &r->watch, reply);
    }

    rc = sk_redis_watch_entry(reply, first);

    freeReplyObject(reply);

    return (rc == SK_OK) ? SK_OK
           : sk_redis_fail(r, "not an answer to XREAD");
}


/* [[key, [[id, fields]]]] */

static int
sk_redis_watch_entry(const redisReply *reply, uint64_t *first)
{
    unsigned  depth;

    static const size_t  places[] = { 0, 1, 0, 0 };

    for (depth = 0; depth < sizeof(places) / sizeof(places[0]); depth++) {

        if (reply->type != REDIS_REPLY_ARRAY
            || reply->elements <= places[depth])
        {
            return SK_ERROR;
        }

        reply = reply->element[places[depth]];
    }

    if (reply->type != REDIS_REPLY_STRING) {
        return SK_ERROR;
    }

    *first = strtoull(reply->str, NULL, 10);

    return SK_OK;
}
