#include <stdio.h>

#include "sk_redis_state.h"


/*
 * HELLO says the version and the role, and takes user, password and name; every
 * user may say it.  INFO and ROLE say the same to those who are allowed to ask.
 */

#define SK_REDIS_HELLO_ARGS     7   /* HELLO 2 AUTH user pass SETNAME name */
#define SK_REDIS_VERSION_MIN  602   /* 100 * major + minor */


static int sk_redis_hello_tls(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_tls_ctx_t **tls);
static int sk_redis_hello_talk(sk_redis_t *r, sk_redis_link_t *link,
    int64_t until_us, unsigned *replica);
static int sk_redis_hello_say(sk_redis_t *r, sk_redis_link_t *link);
static int sk_redis_hello_reply(sk_redis_t *r, sk_redis_link_t *link,
    int64_t until_us, redisReply **reply);
static int sk_redis_hello_heard(sk_redis_t *r, sk_redis_link_t *link,
    const redisReply *reply, unsigned *replica);
static const char *sk_redis_hello_value(const redisReply *reply,
    const char *name);


int
sk_redis_hello(sk_redis_t *r, sk_redis_link_t *link,
    const sk_redis_host_t *host, int64_t until_us, unsigned *replica)
{
    sk_redis_tls_ctx_t  *tls;

    link->host = *host;

    if (sk_redis_hello_tls(r, link, &tls) != SK_OK) {
        return SK_ERROR;
    }

    if (sk_redis_connect(link, host, tls, until_us) != SK_OK) {
        return sk_redis_fail_link(r, link, link->reason);
    }

    return sk_redis_hello_talk(r, link, until_us, replica);
}


int
sk_redis_hello_beside(sk_redis_t *r, sk_redis_link_t *link)
{
    unsigned  replica;

    if (sk_redis_connect_beside(link, &r->link, r->tls, r->until_us) != SK_OK)
    {
        return sk_redis_fail_link(r, link, link->reason);
    }

    return sk_redis_hello_talk(r, link, r->until_us, &replica);
}


static int
sk_redis_hello_tls(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_tls_ctx_t **tls)
{
    char  reason[SK_REDIS_REASON_SIZE];

    if (r->conf.url.scheme == SK_REDIS_URL_REDISS && r->tls == NULL) {
        r->tls = sk_redis_tls_ctx_create(reason);

        if (r->tls == NULL) {
            return sk_redis_fail_link(r, link, reason);
        }
    }

    *tls = r->tls;

    return SK_OK;
}


static int
sk_redis_hello_talk(sk_redis_t *r, sk_redis_link_t *link, int64_t until_us,
    unsigned *replica)
{
    int          rc;
    redisReply  *reply;

    if (sk_redis_hello_say(r, link) != SK_OK
        || sk_redis_link_flush(link, until_us) != SK_OK)
    {
        return sk_redis_fail_link(r, link, link->reason);
    }

    if (sk_redis_hello_reply(r, link, until_us, &reply) != SK_OK) {
        return SK_ERROR;
    }

    rc = sk_redis_hello_heard(r, link, reply, replica);

    freeReplyObject(reply);

    if (rc != SK_OK) {
        sk_redis_link_close(link);
        return rc;
    }

    if (r->conf.url.db != 0) {

        if (sk_redis_hello_reply(r, link, until_us, &reply) != SK_OK) {
            return SK_ERROR;
        }

        freeReplyObject(reply);
    }

    return SK_OK;
}


static int
sk_redis_hello_say(sk_redis_t *r, sk_redis_link_t *link)
{
    char         db[sizeof("4294967295")];
    unsigned     n;
    const char  *argv[SK_REDIS_HELLO_ARGS], *choose[2];

    n = 0;
    argv[n++] = "HELLO";
    argv[n++] = "2";

    if (r->conf.url.user[0] || r->conf.password[0]) {
        argv[n++] = "AUTH";
        argv[n++] = r->conf.url.user[0] ? r->conf.url.user : "default";
        argv[n++] = r->conf.password;
    }

    if (r->client_name[0]) {
        argv[n++] = "SETNAME";
        argv[n++] = r->client_name;
    }

    if (sk_redis_link_add(link, n, argv, NULL) != SK_OK) {
        return SK_ERROR;
    }

    if (r->conf.url.db == 0) {
        return SK_OK;
    }

    (void) snprintf(db, sizeof(db), "%u", r->conf.url.db);
    choose[0] = "SELECT";
    choose[1] = db;

    return sk_redis_link_add(link, 2, choose, NULL);
}


static int
sk_redis_hello_reply(sk_redis_t *r, sk_redis_link_t *link, int64_t until_us,
    redisReply **reply)
{
    if (sk_redis_link_reply(link, until_us, reply) != SK_OK) {
        return sk_redis_fail_link(r, link, link->reason);
    }

    if ((*reply)->type != REDIS_REPLY_ERROR) {
        return SK_OK;
    }

    if (strncmp((*reply)->str, "ERR unknown command", 19) == 0) {
        (void) sk_redis_fail_link(r, link, "is older than Redis 6.2, which is"
                                  " required");
        freeReplyObject(*reply);

    } else {
        (void) sk_redis_refused(r, link, *reply);
    }

    sk_redis_link_close(link);

    return SK_ERROR;
}


static int
sk_redis_hello_heard(sk_redis_t *r, sk_redis_link_t *link,
    const redisReply *reply, unsigned *replica)
{
    char         reason[SK_REDIS_REASON_SIZE];
    unsigned     major, minor;
    const char  *version, *role;

    version = sk_redis_hello_value(reply, "version");
    role = sk_redis_hello_value(reply, "role");

    if (version == NULL || sscanf(version, "%u.%u", &major, &minor) != 2) {
        return sk_redis_fail_link(r, link, "does not answer as Redis does");
    }

    if (role == NULL) {
        return sk_redis_fail_link(r, link, "is a sentinel, which has no data");
    }

    if (major * 100 + minor < SK_REDIS_VERSION_MIN) {
        (void) snprintf(reason, sizeof(reason), "is Redis %s, 6.2 or newer is"
                        " required", version);
        return sk_redis_fail_link(r, link, reason);
    }

    *replica = (strcmp(role, "master") != 0);

    return SK_OK;
}


/* of a list of names and values */

static const char *
sk_redis_hello_value(const redisReply *reply, const char *name)
{
    size_t             i;
    const redisReply  *key, *value;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return NULL;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        key = reply->element[i];
        value = reply->element[i + 1];

        if (key->type == REDIS_REPLY_STRING
            && value->type == REDIS_REPLY_STRING
            && strcmp(key->str, name) == 0)
        {
            return value->str;
        }
    }

    return NULL;
}
