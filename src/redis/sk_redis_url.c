#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "sk_redis_url.h"


#define SK_REDIS_URL_LETTERS                                                 \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define SK_REDIS_URL_DIGITS  "0123456789"


typedef struct {
    const char       *prefix;
    uint16_t          port;             /* where the URL names none */
    unsigned          hosts_max;
    const char       *form;
} sk_redis_url_form_t;


typedef struct {
    sk_redis_url_t             *url;
    const sk_redis_url_form_t  *form;
    char                       *reason;
    size_t                      size;
} sk_redis_url_ctx_t;


static int sk_redis_url_scheme(sk_redis_url_ctx_t *ctx, char **rest);
static int sk_redis_url_path(sk_redis_url_ctx_t *ctx, const char *path);
static int sk_redis_url_user(sk_redis_url_ctx_t *ctx, char **rest);
static int sk_redis_url_hosts(sk_redis_url_ctx_t *ctx, char *text);
static int sk_redis_url_host(sk_redis_url_ctx_t *ctx, char *text);
static int sk_redis_url_port(sk_redis_url_ctx_t *ctx, sk_redis_host_t *host,
    const char *text);
static int sk_redis_url_name(sk_redis_url_ctx_t *ctx, sk_redis_host_t *host,
    const char *name, unsigned brackets);
static int sk_redis_url_tail(sk_redis_url_ctx_t *ctx, char *tail);
static int sk_redis_url_master(sk_redis_url_ctx_t *ctx, char **tail);
static int sk_redis_url_db(sk_redis_url_ctx_t *ctx, const char *text);
static int sk_redis_url_number(const char *text, unsigned min, unsigned max,
    unsigned *number);
static int sk_redis_url_wrong(sk_redis_url_ctx_t *ctx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


static const sk_redis_url_form_t  sk_redis_url_forms[SK_REDIS_URL_N] = {

    [SK_REDIS_URL_REDIS] = {
        "redis://", SK_REDIS_PORT, 1,
        "redis://[user@]host[:port][/db]" },

    [SK_REDIS_URL_REDISS] = {
        "rediss://", SK_REDIS_PORT, 1,
        "rediss://[user@]host[:port][/db]" },

    [SK_REDIS_URL_UNIX] = {
        "unix:", 0, 1,
        "unix:/path" },

    [SK_REDIS_URL_SENTINEL] = {
        "sentinel://", SK_REDIS_SENTINEL_PORT, SK_REDIS_HOSTS_MAX,
        "sentinel://[user@]host[:port],host[:port]/master[/db]" },

    [SK_REDIS_URL_CLUSTER] = {
        "cluster://", SK_REDIS_PORT, SK_REDIS_HOSTS_MAX,
        "cluster://[user@]host[:port],host[:port]" }
};


int
sk_redis_url_parse(sk_redis_url_t *url, const char *text, size_t len,
    char *reason, size_t size)
{
    char                copy[SK_REDIS_URL_SIZE_MAX + 1], *rest, *tail;
    size_t              i;
    sk_redis_url_ctx_t  ctx;

    memset(url, 0, sizeof(sk_redis_url_t));

    ctx.url = url;
    ctx.form = NULL;
    ctx.reason = reason;
    ctx.size = size;

    if (len > SK_REDIS_URL_SIZE_MAX) {
        return sk_redis_url_wrong(&ctx, "is longer than %u bytes",
                                  SK_REDIS_URL_SIZE_MAX);
    }

    for (i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return sk_redis_url_wrong(&ctx, "has a blank, or a character that"
                                      " is not of ASCII, at byte %zu", i + 1);
        }
    }

    memcpy(copy, text, len);
    copy[len] = '\0';
    rest = copy;

    if (sk_redis_url_scheme(&ctx, &rest) != SK_OK) {
        return SK_ERROR;
    }

    if (url->scheme == SK_REDIS_URL_UNIX) {
        return sk_redis_url_path(&ctx, rest);
    }

    if (sk_redis_url_user(&ctx, &rest) != SK_OK) {
        return SK_ERROR;
    }

    tail = strchr(rest, '/');

    if (tail) {
        *tail++ = '\0';
    }

    if (sk_redis_url_hosts(&ctx, rest) != SK_OK) {
        return SK_ERROR;
    }

    return sk_redis_url_tail(&ctx, tail);
}


static int
sk_redis_url_scheme(sk_redis_url_ctx_t *ctx, char **rest)
{
    size_t    len;
    unsigned  i;

    for (i = 0; i < SK_REDIS_URL_N; i++) {
        len = strlen(sk_redis_url_forms[i].prefix);

        if (strncmp(*rest, sk_redis_url_forms[i].prefix, len) == 0) {
            ctx->form = &sk_redis_url_forms[i];
            ctx->url->scheme = i;
            *rest += len;
            break;
        }
    }

    if (ctx->form == NULL) {
        return sk_redis_url_wrong(ctx, "has to begin with redis://, rediss://,"
                                  " unix:, sentinel:// or cluster://");
    }

#if !(SK_REDIS_TLS)
    if (ctx->url->scheme == SK_REDIS_URL_REDISS) {
        return sk_redis_url_wrong(ctx, "rediss:// is not possible: the module"
                                  " was built without OpenSSL");
    }
#endif

    return SK_OK;
}


static int
sk_redis_url_path(sk_redis_url_ctx_t *ctx, const char *path)
{
    if (path[0] != '/' || path[1] == '\0') {
        return sk_redis_url_wrong(ctx, "names no absolute path of a socket");
    }

    if (strlen(path) > SK_REDIS_PATH_SIZE_MAX) {
        return sk_redis_url_wrong(ctx, "has a path of more than %u bytes",
                                  SK_REDIS_PATH_SIZE_MAX);
    }

    strcpy(ctx->url->hosts[0].name, path);
    ctx->url->n_hosts = 1;

    return SK_OK;
}


static int
sk_redis_url_user(sk_redis_url_ctx_t *ctx, char **rest)
{
    char  *at, *user;

    at = strchr(*rest, '@');

    if (at == NULL) {
        return SK_OK;
    }

    *at = '\0';
    user = *rest;
    *rest = at + 1;

    if (strchr(user, ':')) {
        /* and is not quoted: this goes to a log */
        return sk_redis_url_wrong(ctx, "has a password, or a \":\" before the"
                                  " \"@\": only a user is allowed there");
    }

    if (*user == '\0') {
        return sk_redis_url_wrong(ctx, "has no user before the \"@\"");
    }

    if (strlen(user) > SK_REDIS_USER_SIZE_MAX) {
        return sk_redis_url_wrong(ctx, "has a user of more than %u bytes",
                                  SK_REDIS_USER_SIZE_MAX);
    }

    if (user[strspn(user, SK_REDIS_URL_LETTERS "._~+=-")]) {
        return sk_redis_url_wrong(ctx, "has the invalid user \"%s\": letters,"
                                  " digits and any of ._~+=- are allowed",
                                  user);
    }

    strcpy(ctx->url->user, user);

    return SK_OK;
}


static int
sk_redis_url_hosts(sk_redis_url_ctx_t *ctx, char *text)
{
    char            *comma;
    sk_redis_url_t  *url;

    url = ctx->url;

    for ( ;; ) {

        comma = strchr(text, ',');

        if (comma) {
            *comma = '\0';
        }

        if (url->n_hosts == ctx->form->hosts_max) {
            return sk_redis_url_wrong(ctx, "names more than %u host%s",
                                      ctx->form->hosts_max,
                                      (ctx->form->hosts_max == 1) ? "" : "s");
        }

        if (sk_redis_url_host(ctx, text) != SK_OK) {
            return SK_ERROR;
        }

        url->n_hosts++;

        if (comma == NULL) {
            return SK_OK;
        }

        text = comma + 1;
    }
}


static int
sk_redis_url_host(sk_redis_url_ctx_t *ctx, char *text)
{
    char             *name, *port;
    unsigned          brackets;
    sk_redis_host_t  *host;

    host = &ctx->url->hosts[ctx->url->n_hosts];
    host->port = ctx->form->port;

    brackets = (text[0] == '[');

    if (brackets) {
        name = text + 1;
        port = strchr(name, ']');

        if (port == NULL || (port[1] != ':' && port[1] != '\0')) {
            return sk_redis_url_wrong(ctx, "has the invalid host \"%s\":"
                                      " [address] or [address]:port is allowed",
                                      text);
        }

        *port++ = '\0';

    } else {
        name = text;
        port = strchr(name, ':');

        if (port && strchr(port + 1, ':')) {
            return sk_redis_url_wrong(ctx, "has the invalid host \"%s\": an"
                                      " IPv6 address stands in brackets", text);
        }
    }

    if (port && *port == ':') {
        *port = '\0';

        if (sk_redis_url_port(ctx, host, port + 1) != SK_OK) {
            return SK_ERROR;
        }
    }

    return sk_redis_url_name(ctx, host, name, brackets);
}


static int
sk_redis_url_port(sk_redis_url_ctx_t *ctx, sk_redis_host_t *host,
    const char *text)
{
    unsigned  port;

    if (sk_redis_url_number(text, 1, 65535, &port) == SK_OK) {
        host->port = (uint16_t) port;
        return SK_OK;
    }

    return sk_redis_url_wrong(ctx, "has the invalid port \"%s\": 1 to 65535 is"
                              " allowed", text);
}


static int
sk_redis_url_name(sk_redis_url_ctx_t *ctx, sk_redis_host_t *host,
    const char *name, unsigned brackets)
{
    struct in6_addr  addr;

    if (*name == '\0') {
        return sk_redis_url_wrong(ctx, "has no host where one is wanted");
    }

    if (strlen(name) > SK_REDIS_HOST_SIZE_MAX) {
        return sk_redis_url_wrong(ctx, "has a host of more than %u bytes",
                                  SK_REDIS_HOST_SIZE_MAX);
    }

    if (brackets && inet_pton(AF_INET6, name, &addr) != 1) {
        return sk_redis_url_wrong(ctx, "has the invalid host \"[%s]\": an IPv6"
                                  " address is allowed in brackets", name);
    }

    if (!brackets && name[strspn(name, SK_REDIS_URL_LETTERS "._-")]) {
        return sk_redis_url_wrong(ctx, "has the invalid host \"%s\": letters,"
                                  " digits and any of ._- are allowed", name);
    }

    strcpy(host->name, name);

    return SK_OK;
}


/* what follows the hosts, or NULL */

static int
sk_redis_url_tail(sk_redis_url_ctx_t *ctx, char *tail)
{
    if (ctx->url->scheme == SK_REDIS_URL_CLUSTER && tail) {
        return sk_redis_url_wrong(ctx, "has a \"/\" after the hosts: a cluster"
                                  " has one database, and nothing may follow");
    }

    if (ctx->url->scheme == SK_REDIS_URL_SENTINEL
        && sk_redis_url_master(ctx, &tail) != SK_OK)
    {
        return SK_ERROR;
    }

    return tail ? sk_redis_url_db(ctx, tail) : SK_OK;
}


static int
sk_redis_url_master(sk_redis_url_ctx_t *ctx, char **tail)
{
    char  *master, *slash;

    master = *tail;

    if (master == NULL || *master == '\0' || *master == '/') {
        return sk_redis_url_wrong(ctx, "does not say what the sentinels call"
                                  " the primary");
    }

    slash = strchr(master, '/');

    if (slash) {
        *slash++ = '\0';
    }

    *tail = slash;

    if (strlen(master) > SK_REDIS_MASTER_SIZE_MAX) {
        return sk_redis_url_wrong(ctx, "has a primary's name of more than %u"
                                  " bytes", SK_REDIS_MASTER_SIZE_MAX);
    }

    /* as sentinel.c has it, which allows no other */

    if (master[strspn(master, SK_REDIS_URL_LETTERS "._-")]) {
        return sk_redis_url_wrong(ctx, "has the invalid primary \"%s\":"
                                  " letters, digits and any of ._- are allowed",
                                  master);
    }

    strcpy(ctx->url->master, master);

    return SK_OK;
}


static int
sk_redis_url_db(sk_redis_url_ctx_t *ctx, const char *text)
{
    if (sk_redis_url_number(text, 0, SK_REDIS_DB_MAX, &ctx->url->db) == SK_OK) {
        return SK_OK;
    }

    return sk_redis_url_wrong(ctx, "has the invalid database \"%s\": 0 to %u is"
                              " allowed", text, SK_REDIS_DB_MAX);
}


static int
sk_redis_url_number(const char *text, unsigned min, unsigned max,
    unsigned *number)
{
    size_t    i, len;
    unsigned  n;

    len = strlen(text);

    if (len == 0 || len > 5 || text[strspn(text, SK_REDIS_URL_DIGITS)]) {
        return SK_ERROR;
    }

    n = 0;

    for (i = 0; i < len; i++) {
        n = n * 10 + (unsigned) (text[i] - '0');
    }

    if (n < min || n > max) {
        return SK_ERROR;
    }

    *number = n;

    return SK_OK;
}


/* says what is wrong, and how that kind of URL looks */

static int
sk_redis_url_wrong(sk_redis_url_ctx_t *ctx, const char *fmt, ...)
{
    size_t   len;
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(ctx->reason, ctx->size, fmt, args);
    va_end(args);

    len = strlen(ctx->reason);

    if (ctx->form) {
        (void) snprintf(ctx->reason + len, ctx->size - len, "; %s is allowed",
                        ctx->form->form);
    }

    return SK_ERROR;
}


const char *
sk_redis_url_address(const sk_redis_host_t *host,
    char address[SK_REDIS_ADDRESS_SIZE])
{
    if (host->port == 0) {
        (void) snprintf(address, SK_REDIS_ADDRESS_SIZE, "unix:%s", host->name);

    } else if (strchr(host->name, ':')) {
        (void) snprintf(address, SK_REDIS_ADDRESS_SIZE, "[%s]:%u", host->name,
                        host->port);

    } else {
        (void) snprintf(address, SK_REDIS_ADDRESS_SIZE, "%s:%u", host->name,
                        host->port);
    }

    return address;
}
