#include <stdio.h>
#include <stdlib.h>

#include "sk_redis_state.h"


typedef struct {
    sk_redis_script_t   *script;
    unsigned             n_keys;
    unsigned             argc;          /* EVALSHA and all */
    unsigned             wait;
    redisReply          *reply;
    long long            replicas;
} sk_redis_call_t;


static int sk_redis_script_args(sk_redis_t *r, sk_redis_call_t *call,
    unsigned argc, const char **argv, const size_t *argv_len, char *n_keys);
static int sk_redis_script_follow(sk_redis_t *r, sk_redis_call_t *call);
static int sk_redis_script_moved(sk_redis_t *r, sk_redis_call_t *call);
static int sk_redis_script_ask(sk_redis_t *r, sk_redis_call_t *call);
static int sk_redis_script_on(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking);
static int sk_redis_script_load(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_script_t *script);
static int sk_redis_script_try(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking);
static int sk_redis_script_send(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking);
static int64_t sk_redis_script_wait_ms(const sk_redis_t *r);
static int sk_redis_script_receive(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking);
static int sk_redis_script_replicas(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, redisReply *reply);
static int sk_redis_script_node(const sk_redis_link_t *link,
    const redisReply *reply, sk_redis_host_t *host);


int
sk_redis_script(sk_redis_t *r, sk_redis_script_t *script, unsigned n_keys,
    unsigned argc, const char **argv, const size_t *argv_len, unsigned wait,
    redisReply **reply, long long *replicas)
{
    int              rc;
    char             number[sizeof("4294967295")];
    sk_redis_call_t  call;

    sk_assert(n_keys <= argc && n_keys <= SK_REDIS_KEYS_MAX);
    sk_assert(argc <= SK_REDIS_ARGS_MAX);

    *reply = NULL;
    *replicas = 0;

    sk_redis_begin(r);
    r->maybe_done = 0;

    memset(&call, 0, sizeof(call));
    call.script = script;
    call.wait = wait;

    (void) snprintf(number, sizeof(number), "%u", n_keys);

    if (sk_redis_script_args(r, &call, argc, argv, argv_len, number) != SK_OK) {
        return SK_ERROR;
    }

    rc = sk_redis_script_follow(r, &call);

    if (rc == SK_OK) {
        *reply = call.reply;
        *replicas = call.replicas;

    } else if (r->link.fd == -1) {
        sk_redis_find_anew(r);
    }

    return rc;
}


/* EVALSHA sha1 n_keys, and what the caller has given */

static int
sk_redis_script_args(sk_redis_t *r, sk_redis_call_t *call, unsigned argc,
    const char **argv, const size_t *argv_len, char *n_keys)
{
    size_t       *lens;
    unsigned      i, n;
    const char  **args;

    n = argc + 3;

    if (n > r->argv_size) {

        args = realloc(r->argv, n * sizeof(char *));
        if (args) {
            r->argv = args;
        }

        lens = realloc(r->argv_len, n * sizeof(size_t));
        if (lens) {
            r->argv_len = lens;
        }

        if (args == NULL || lens == NULL) {
            return sk_redis_fail(r, "no memory for a command to Redis");
        }

        r->argv_size = n;
    }

    r->argv[0] = "EVALSHA";
    r->argv_len[0] = 7;
    r->argv[1] = call->script->sha1;
    r->argv_len[1] = sizeof(call->script->sha1) - 1;
    r->argv[2] = n_keys;
    r->argv_len[2] = strlen(n_keys);

    for (i = 0; i < argc; i++) {
        r->argv[3 + i] = argv[i];
        r->argv_len[3 + i] = argv_len[i];
    }

    call->argc = n;

    return SK_OK;
}


/* until a node runs the script; which is the first one, but in a cluster */

static int
sk_redis_script_follow(sk_redis_t *r, sk_redis_call_t *call)
{
    int       rc;
    unsigned  i;

    if (sk_redis_find(r) != SK_OK) {
        return SK_ERROR;
    }

    for (i = 0; i < SK_REDIS_TURNS_MAX; i++) {

        rc = sk_redis_script_on(r, &r->link, call, 0);

        if (rc != SK_OK || call->reply->type != REDIS_REPLY_ERROR) {
            return rc;
        }

        if (sk_redis_refusal_is(call->reply, "ASK")) {
            return sk_redis_script_ask(r, call);
        }

        if (!sk_redis_refusal_is(call->reply, "MOVED")) {
            return sk_redis_refused(r, &r->link, call->reply);
        }

        if (sk_redis_script_moved(r, call) != SK_OK) {
            return SK_ERROR;
        }
    }

    return sk_redis_fail_link(r, &r->link,
                              "the cluster's nodes send to each other");
}


static int
sk_redis_script_moved(sk_redis_t *r, sk_redis_call_t *call)
{
    sk_redis_host_t  host;

    if (sk_redis_script_node(&r->link, call->reply, &host) != SK_OK) {
        return sk_redis_refused(r, &r->link, call->reply);
    }

    freeReplyObject(call->reply);
    call->reply = NULL;

    return sk_redis_find_moved(r, &host);
}


/* the other node has the keys already, and this one is still to be asked */

static int
sk_redis_script_ask(sk_redis_t *r, sk_redis_call_t *call)
{
    int              rc;
    unsigned         replica;
    sk_redis_host_t  host;
    sk_redis_link_t  link;

    if (sk_redis_script_node(&r->link, call->reply, &host) != SK_OK) {
        return sk_redis_refused(r, &r->link, call->reply);
    }

    freeReplyObject(call->reply);
    call->reply = NULL;

    sk_redis_link_init(&link);

    rc = sk_redis_hello(r, &link, &host, r->until_us, &replica);

    if (rc == SK_OK) {
        rc = sk_redis_script_on(r, &link, call, 1);
    }

    if (rc == SK_OK && call->reply->type == REDIS_REPLY_ERROR) {
        rc = sk_redis_refused(r, &link, call->reply);
    }

    sk_redis_link_close(&link);

    return rc;
}


/* runs the script, and makes it known where it is not */

static int
sk_redis_script_on(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking)
{
    int  rc;

    if (call->script->sha1[0] == '\0'
        && sk_redis_script_load(r, link, call->script) != SK_OK)
    {
        return SK_ERROR;
    }

    rc = sk_redis_script_try(r, link, call, asking);

    if (rc != SK_OK || call->reply->type != REDIS_REPLY_ERROR
        || !sk_redis_refusal_is(call->reply, "NOSCRIPT"))
    {
        return rc;
    }

    freeReplyObject(call->reply);
    call->reply = NULL;

    if (sk_redis_script_load(r, link, call->script) != SK_OK) {
        return SK_ERROR;
    }

    return sk_redis_script_try(r, link, call, asking);
}


static int
sk_redis_script_load(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_script_t *script)
{
    redisReply  *reply;
    const char  *argv[3] = { "SCRIPT", "LOAD", script->text };

    if (sk_redis_link_add(link, 3, argv, NULL) != SK_OK
        || sk_redis_link_flush(link, r->until_us) != SK_OK
        || sk_redis_link_reply(link, r->until_us, &reply) != SK_OK)
    {
        return sk_redis_fail_link(r, link, link->reason);
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        return sk_redis_refused(r, link, reply);
    }

    if (reply->type != REDIS_REPLY_STRING
        || reply->len != sizeof(script->sha1) - 1)
    {
        freeReplyObject(reply);
        return sk_redis_fail_link(r, link, "does not answer as Redis does");
    }

    memcpy(script->sha1, reply->str, sizeof(script->sha1));

    freeReplyObject(reply);

    return SK_OK;
}


/* SK_OK: there is a reply, which may be an error */

static int
sk_redis_script_try(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking)
{
    int      rc;
    int64_t  start_us;

    start_us = sk_monotonic_us();

    if (sk_redis_script_send(r, link, call, asking) != SK_OK) {
        return sk_redis_fail_link(r, link, link->reason);
    }

    rc = sk_redis_script_receive(r, link, call, asking);

    r->round_trip_us = sk_monotonic_us() - start_us;

    if (rc == SK_OK && call->reply->type == REDIS_REPLY_ERROR) {
        r->maybe_done = !sk_redis_refusal(call->reply)->untouched;
    }

    return rc;
}


static int
sk_redis_script_send(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking)
{
    char         number[sizeof("4294967295")], ms[sizeof("4294967295")];
    const char  *argv[3];

    argv[0] = "ASKING";

    if (asking && sk_redis_link_add(link, 1, argv, NULL) != SK_OK) {
        return SK_ERROR;
    }

    if (sk_redis_link_add(link, call->argc, r->argv, r->argv_len) != SK_OK) {
        return SK_ERROR;
    }

    if (call->wait) {
        (void) snprintf(number, sizeof(number), "%u", call->wait);
        (void) snprintf(ms, sizeof(ms), "%u",
                        (unsigned) sk_redis_script_wait_ms(r));

        argv[0] = "WAIT";
        argv[1] = number;
        argv[2] = ms;

        if (sk_redis_link_add(link, 3, argv, NULL) != SK_OK) {
            return SK_ERROR;
        }
    }

    r->maybe_done = 1;

    return sk_redis_link_flush(link, r->until_us);
}


/*
 * Its answer has to be here in time too.  The server may be late by the time
 * between two runs of its serverCron(), 100 ms as it comes.
 */

static int64_t
sk_redis_script_wait_ms(const sk_redis_t *r)
{
    int64_t  left_ms, rest_ms;

    left_ms = (r->until_us - sk_monotonic_us()) / 1000;

    rest_ms = left_ms / 4;
    rest_ms = (rest_ms > SK_REDIS_WAIT_LATE_MS) ? rest_ms
                                                : SK_REDIS_WAIT_LATE_MS;

    /* 0 would be for ever */

    return (left_ms > rest_ms) ? left_ms - rest_ms : 1;
}


static int
sk_redis_script_receive(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, unsigned asking)
{
    int          rc;
    redisReply  *reply;

    if (asking) {
        /* should it be an error, the script's is one too */
        if (sk_redis_link_reply(link, r->until_us, &reply) != SK_OK) {
            return sk_redis_fail_link(r, link, link->reason);
        }

        freeReplyObject(reply);
    }

    if (sk_redis_link_reply(link, r->until_us, &call->reply) != SK_OK) {
        return sk_redis_fail_link(r, link, link->reason);
    }

    if (call->wait == 0) {
        return SK_OK;
    }

    if (sk_redis_link_reply(link, r->until_us, &reply) != SK_OK) {
        rc = sk_redis_fail_link(r, link, link->reason);

    } else {
        rc = sk_redis_script_replicas(r, link, call, reply);
    }

    if (rc != SK_OK) {
        freeReplyObject(call->reply);
        call->reply = NULL;
    }

    return rc;
}


static int
sk_redis_script_replicas(sk_redis_t *r, sk_redis_link_t *link,
    sk_redis_call_t *call, redisReply *reply)
{
    if (reply->type == REDIS_REPLY_INTEGER) {
        call->replicas = reply->integer;
        freeReplyObject(reply);
        return SK_OK;
    }

    if (call->reply->type == REDIS_REPLY_ERROR) {
        /* that says more */
        freeReplyObject(reply);
        return SK_OK;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        return sk_redis_refused(r, link, reply);
    }

    freeReplyObject(reply);

    return sk_redis_fail_link(r, link, "does not answer as Redis does");
}


/*
 * "MOVED 3999 127.0.0.1:6381", the same with ASK; without a host, it is the one
 * that says so, cluster-preferred-endpoint-type of Redis 7.
 */

static int
sk_redis_script_node(const sk_redis_link_t *link, const redisReply *reply,
    sk_redis_host_t *host)
{
    int          port;
    size_t       len;
    const char  *name, *colon;

    name = strrchr(reply->str, ' ');
    colon = strrchr(reply->str, ':');

    if (name == NULL || colon == NULL || colon < ++name) {
        return SK_ERROR;
    }

    len = (size_t) (colon - name);
    port = atoi(colon + 1);

    if (len > SK_REDIS_HOST_SIZE_MAX || *name == '?' || port < 1
        || port > 65535)
    {
        return SK_ERROR;
    }

    if (len == 0) {
        *host = link->host;

    } else {
        memcpy(host->name, name, len);
        host->name[len] = '\0';
    }

    host->port = (uint16_t) port;

    return SK_OK;
}
