#include <stdio.h>
#include <stdlib.h>

#include "sk_redis_state.h"


static void sk_redis_find_done(sk_redis_t *r);
static int sk_redis_find_named(sk_redis_t *r);
static int sk_redis_find_by_sentinels(sk_redis_t *r);
static int sk_redis_find_by_sentinel(sk_redis_t *r,
    const sk_redis_host_t *sentinel, unsigned left);
static int sk_redis_find_ask(sk_redis_t *r, const sk_redis_host_t *sentinel,
    int64_t until_us, sk_redis_host_t *host);
static int sk_redis_find_command(sk_redis_t *r, sk_redis_link_t *link,
    int64_t until_us, unsigned argc, const char **argv, redisReply **reply);
static int sk_redis_find_answer(sk_redis_t *r, sk_redis_link_t *link,
    const redisReply *reply, sk_redis_host_t *host);
static int sk_redis_find_node(sk_redis_t *r);
static int64_t sk_redis_find_share(sk_redis_t *r, unsigned n);


int
sk_redis_find(sk_redis_t *r)
{
    int  rc;

    if (sk_redis_link_idle(&r->link)) {
        return SK_OK;
    }

    sk_redis_link_close(&r->link);

    switch (r->conf.url.scheme) {

    case SK_REDIS_URL_SENTINEL:
        rc = sk_redis_find_by_sentinels(r);
        break;

    case SK_REDIS_URL_CLUSTER:
        rc = sk_redis_find_node(r);
        break;

    default:
        rc = sk_redis_find_named(r);
    }

    if (rc == SK_OK) {
        sk_redis_find_done(r);
    }

    return rc;
}


int
sk_redis_find_moved(sk_redis_t *r, const sk_redis_host_t *host)
{
    unsigned  replica;

    sk_redis_link_close(&r->link);

    if (sk_redis_hello(r, &r->link, host, r->until_us, &replica) != SK_OK) {
        return SK_ERROR;
    }

    r->moved = *host;

    sk_redis_find_done(r);

    return SK_OK;
}


/* what is watched has to be where scripts write */

static void
sk_redis_find_done(sk_redis_t *r)
{
    sk_redis_link_close(&r->watch);
    r->watching = 0;

    (void) sk_redis_url_address(&r->link.host, r->address);
}


void
sk_redis_find_anew(sk_redis_t *r)
{
    sk_redis_link_close(&r->link);

    r->moved.name[0] = '\0';
    r->first = (r->first + 1) % r->conf.url.n_hosts;
}


static int
sk_redis_find_named(sk_redis_t *r)
{
    unsigned  replica;

    if (sk_redis_hello(r, &r->link, &r->conf.url.hosts[0], r->until_us,
                       &replica)
        != SK_OK)
    {
        return SK_ERROR;
    }

    if (replica) {
        sk_redis_link_close(&r->link);
        return sk_redis_fail_link(r, &r->link,
                                  "is a replica, the primary is wanted");
    }

    return SK_OK;
}


/* the one that has answered last is asked first */

static int
sk_redis_find_by_sentinels(sk_redis_t *r)
{
    char             error[SK_REDIS_ERROR_SIZE / 2];
    unsigned         i, s;
    sk_redis_url_t  *url;

    url = &r->conf.url;

    for (i = 0; i < url->n_hosts; i++) {
        s = (r->first + i) % url->n_hosts;

        if (sk_redis_find_by_sentinel(r, &url->hosts[s], url->n_hosts - i)
            == SK_OK)
        {
            r->first = s;
            return SK_OK;
        }
    }

    (void) snprintf(error, sizeof(error), "%.*s", (int) sizeof(error) - 1,
                    r->error);

    return sk_redis_fail(r, "%s; no sentinel leads to the primary \"%s\"",
                         error, url->master);
}


/* "left" sentinels, this one too, have to do with the time that is left */

static int
sk_redis_find_by_sentinel(sk_redis_t *r, const sk_redis_host_t *sentinel,
    unsigned left)
{
    char             address[SK_REDIS_ADDRESS_SIZE];
    unsigned         replica;
    sk_redis_host_t  host;

    if (sk_redis_find_ask(r, sentinel, sk_redis_find_share(r, left + 1), &host)
        != SK_OK)
    {
        return SK_ERROR;
    }

    if (sk_redis_hello(r, &r->link, &host, sk_redis_find_share(r, left),
                       &replica)
        != SK_OK)
    {
        return SK_ERROR;
    }

    if (replica) {
        sk_redis_link_close(&r->link);
        return sk_redis_fail(r, "%s: is a replica, though a sentinel says that"
                             " it is the primary",
                             sk_redis_url_address(&host, address));
    }

    return SK_OK;
}


static int
sk_redis_find_ask(sk_redis_t *r, const sk_redis_host_t *sentinel,
    int64_t until_us, sk_redis_host_t *host)
{
    int               rc;
    redisReply       *reply;
    sk_redis_link_t   link;
    const char       *auth[3];
    const char       *ask[3] = { "SENTINEL", "get-master-addr-by-name",
                                 r->conf.url.master };

    sk_redis_link_init(&link);

    if (sk_redis_connect(&link, sentinel, NULL, until_us) != SK_OK) {
        return sk_redis_fail_link(r, &link, link.reason);
    }

    rc = sk_redis_find_command(r, &link, until_us, 3, ask, &reply);

    /* sentinels may have the same users, or want nobody's password */

    if (rc == SK_OK && reply->type == REDIS_REPLY_ERROR
        && sk_redis_refusal_is(reply, "NOAUTH") && r->conf.password[0])
    {
        freeReplyObject(reply);

        auth[0] = "AUTH";
        auth[1] = r->conf.url.user[0] ? r->conf.url.user : "default";
        auth[2] = r->conf.password;

        rc = sk_redis_find_command(r, &link, until_us, 3, auth, &reply);

        if (rc == SK_OK && reply->type != REDIS_REPLY_ERROR) {
            freeReplyObject(reply);
            rc = sk_redis_find_command(r, &link, until_us, 3, ask, &reply);
        }
    }

    if (rc == SK_OK && reply->type == REDIS_REPLY_ERROR) {
        rc = sk_redis_refused(r, &link, reply);

    } else if (rc == SK_OK) {
        rc = sk_redis_find_answer(r, &link, reply, host);
        freeReplyObject(reply);
    }

    sk_redis_link_close(&link);

    return rc;
}


static int
sk_redis_find_command(sk_redis_t *r, sk_redis_link_t *link, int64_t until_us,
    unsigned argc, const char **argv, redisReply **reply)
{
    if (sk_redis_link_add(link, argc, argv, NULL) != SK_OK
        || sk_redis_link_flush(link, until_us) != SK_OK
        || sk_redis_link_reply(link, until_us, reply) != SK_OK)
    {
        return sk_redis_fail_link(r, link, link->reason);
    }

    return SK_OK;
}


static int
sk_redis_find_answer(sk_redis_t *r, sk_redis_link_t *link,
    const redisReply *reply, sk_redis_host_t *host)
{
    const redisReply  *name, *port;

    if (reply->type == REDIS_REPLY_NIL) {
        return sk_redis_fail_link(r, link, "knows no such primary");
    }

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        name = reply->element[0];
        port = reply->element[1];

        if (name->type == REDIS_REPLY_STRING
            && name->len > 0 && name->len <= SK_REDIS_HOST_SIZE_MAX
            && port->type == REDIS_REPLY_STRING)
        {
            strcpy(host->name, name->str);
            host->port = (uint16_t) atoi(port->str);

            if (host->port != 0) {
                return SK_OK;
            }
        }
    }

    return sk_redis_fail_link(r, link, "does not answer as a sentinel does");
}


/*
 * Any node of a cluster says which one has the keys; that one is remembered,
 * and has half of the time to answer.
 */

static int
sk_redis_find_node(sk_redis_t *r)
{
    unsigned         i, n, replica;
    sk_redis_url_t  *url;

    url = &r->conf.url;

    if (r->moved.name[0]) {

        if (sk_redis_hello(r, &r->link, &r->moved, sk_redis_find_share(r, 2),
                           &replica)
            == SK_OK)
        {
            return SK_OK;
        }

        r->moved.name[0] = '\0';
    }

    for (i = 0; i < url->n_hosts; i++) {
        n = (r->first + i) % url->n_hosts;

        if (sk_redis_hello(r, &r->link, &url->hosts[n],
                           sk_redis_find_share(r, url->n_hosts - i), &replica)
            == SK_OK)
        {
            r->first = n;
            return SK_OK;
        }
    }

    return SK_ERROR;
}


/* until when one of "n" may take, of the time that is left */

static int64_t
sk_redis_find_share(sk_redis_t *r, unsigned n)
{
    int64_t  now_us;

    now_us = sk_monotonic_us();

    return now_us + (r->until_us - now_us) / n;
}
