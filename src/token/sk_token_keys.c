#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_token_alg.h"


typedef struct {
    sk_token_keys_t        *keys;
    sk_token_keys_info_t   *info;
    unsigned                number;     /* of the key that is read, from 1 */
    char                   *reason;
} sk_token_keys_ctx_t;


static json_t *sk_token_keys_json(const char *text, size_t len,
    sk_token_reason_t reason);
static unsigned sk_token_keys_secret(json_t *list);
static int sk_token_keys_list(sk_token_keys_ctx_t *ctx, json_t *list);
static int sk_token_keys_one(sk_token_keys_ctx_t *ctx, json_t *jwk);
static int sk_token_keys_alg(sk_token_keys_ctx_t *ctx, json_t *jwk,
    const sk_token_alg_t **alg);
static int sk_token_keys_named(sk_token_keys_ctx_t *ctx, json_t *jwk,
    const sk_token_alg_t *alg);
static int sk_token_keys_use(sk_token_keys_ctx_t *ctx, json_t *jwk);
static int sk_token_keys_kid(sk_token_keys_ctx_t *ctx, json_t *jwk,
    sk_token_key_t *key);
static int sk_token_keys_skip(sk_token_keys_ctx_t *ctx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int sk_token_keys_wrong(sk_token_keys_ctx_t *ctx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void sk_token_keys_say(sk_token_reason_t reason, unsigned number,
    const char *fmt, va_list args);


int
sk_token_keys_read(sk_token_keys_t **keys, const char *text, size_t len,
    sk_token_keys_info_t *info, sk_token_reason_t reason)
{
    int                   rc;
    json_t               *json, *list;
    sk_token_keys_ctx_t   ctx;

    memset(info, 0, sizeof(sk_token_keys_info_t));
    *keys = NULL;

    json = sk_token_keys_json(text, len, reason);
    if (json == NULL) {
        return SK_ERROR;
    }

    list = json_object_get(json, "keys");
    info->secret = sk_token_keys_secret(list ? list : json);

    rc = SK_ERROR;

    ctx.keys = calloc(1, sizeof(sk_token_keys_t));
    ctx.info = info;
    ctx.reason = reason;

    if (ctx.keys == NULL || sodium_init() == -1) {
        strcpy(reason, "there is no memory");

    } else if (!json_is_array(list)) {
        strcpy(reason, "is not a JWK set: an object with an array \"keys\"");

    } else {
        rc = sk_token_keys_list(&ctx, list);
    }

    json_decref(json);

    if (rc != SK_OK) {
        sk_token_keys_free(ctx.keys);
        return SK_ERROR;
    }

    *keys = ctx.keys;

    return SK_OK;
}


void
sk_token_keys_free(sk_token_keys_t *keys)
{
    unsigned  i;

    if (keys == NULL) {
        return;
    }

    for (i = 0; i < keys->n; i++) {
        sk_token_alg_free(&keys->key[i]);
    }

    free(keys);
}


/* jansson's own message has a piece of the text, which may be a secret */

static json_t *
sk_token_keys_json(const char *text, size_t len, sk_token_reason_t reason)
{
    json_t        *json;
    json_error_t   error;

    if (len > SK_TOKEN_KEYS_SIZE_MAX) {
        (void) snprintf(reason, SK_TOKEN_REASON_SIZE,
                        "is larger than %d bytes", SK_TOKEN_KEYS_SIZE_MAX);
        return NULL;
    }

    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) {
        (void) snprintf(reason, SK_TOKEN_REASON_SIZE,
                        (json_error_code(&error) == json_error_duplicate_key)
                        ? "has a member twice in line %d"
                        : "is not valid JSON in line %d", error.line);
    }

    return json;
}


static unsigned
sk_token_keys_secret(json_t *list)
{
    size_t       i;
    json_t      *jwk;
    const char  *kty;

    json_array_foreach(list, i, jwk) {
        if (sk_token_keys_secret(jwk)) {
            return 1;
        }
    }

    kty = json_string_value(json_object_get(list, "kty"));

    return json_object_get(list, "d") || json_object_get(list, "k")
           || (kty && strcmp(kty, "oct") == 0);
}


static int
sk_token_keys_list(sk_token_keys_ctx_t *ctx, json_t *list)
{
    int       rc;
    size_t    i;
    json_t   *jwk;

    if (json_array_size(list) > SK_TOKEN_KEYS_MAX) {
        (void) snprintf(ctx->reason, SK_TOKEN_REASON_SIZE,
                        "has more than %d keys", SK_TOKEN_KEYS_MAX);
        return SK_ERROR;
    }

    json_array_foreach(list, i, jwk) {
        ctx->number = (unsigned) i + 1;

        rc = sk_token_keys_one(ctx, jwk);

        if (rc == SK_NOT_FOUND) {
            ctx->info->n_skipped++;

        } else if (rc != SK_OK) {
            return SK_ERROR;
        }
    }

    ctx->info->n = ctx->keys->n;

    if (ctx->keys->n == 0) {
        (void) snprintf(ctx->reason, SK_TOKEN_REASON_SIZE,
                        "has no key that can be used%s%.200s",
                        ctx->info->n_skipped ? ": " : "", ctx->info->skipped);
        return SK_ERROR;
    }

    return SK_OK;
}


/* SK_OK; SK_NOT_FOUND: it is meant for something else; SK_ERROR */

static int
sk_token_keys_one(sk_token_keys_ctx_t *ctx, json_t *jwk)
{
    int                    rc;
    sk_token_key_t        *key;
    sk_token_reason_t      reason;
    const sk_token_alg_t  *alg;

    if (!json_is_object(jwk)) {
        return sk_token_keys_wrong(ctx, "is not an object");
    }

    rc = sk_token_keys_alg(ctx, jwk, &alg);

    if (rc == SK_OK) {
        rc = sk_token_keys_use(ctx, jwk);
    }

    if (rc != SK_OK) {
        return rc;
    }

    key = &ctx->keys->key[ctx->keys->n];

    rc = sk_token_keys_kid(ctx, jwk, key);

    if (rc == SK_OK) {
        key->alg = alg;
        rc = alg->import(key, jwk, reason);

        if (rc != SK_OK) {
            (void) sk_token_keys_wrong(ctx, "%s", reason);
        }
    }

    if (rc != SK_OK) {
        sk_token_alg_free(key);
        return rc;
    }

    ctx->keys->n++;

    return SK_OK;
}


static int
sk_token_keys_alg(sk_token_keys_ctx_t *ctx, json_t *jwk,
    const sk_token_alg_t **alg)
{
    const char  *kty, *crv;

    *alg = NULL;
    kty = json_string_value(json_object_get(jwk, "kty"));
    crv = json_string_value(json_object_get(jwk, "crv"));

    if (kty == NULL) {
        return sk_token_keys_wrong(ctx, "has no string \"kty\"");
    }

    if (!sk_token_alg_kty(kty)) {
        return sk_token_keys_skip(ctx, "has the unknown kty \"%.32s\"", kty);
    }

    *alg = sk_token_alg_find(kty, crv);

    if (*alg) {
        return sk_token_keys_named(ctx, jwk, *alg);
    }

    return crv ? sk_token_keys_skip(ctx, "has the unknown crv \"%.32s\"", crv)
               : sk_token_keys_wrong(ctx, "has no string \"crv\"");
}


/* "alg" may be missing */

static int
sk_token_keys_named(sk_token_keys_ctx_t *ctx, json_t *jwk,
    const sk_token_alg_t *alg)
{
    json_t      *member;
    const char  *name;

    member = json_object_get(jwk, "alg");

    if (member == NULL) {
        return SK_OK;
    }

    name = json_string_value(member);

    if (name == NULL) {
        return sk_token_keys_wrong(ctx, "has an \"alg\" that is no string");
    }

    if (sk_token_alg_is(alg, name)) {
        return SK_OK;
    }

    return sk_token_alg_known(name)
           ? sk_token_keys_wrong(ctx, "has the alg \"%s\", but its kty is"
                                 " \"%s\"", name, alg->kty)
           : sk_token_keys_skip(ctx, "has the unknown alg \"%.32s\"", name);
}


static int
sk_token_keys_use(sk_token_keys_ctx_t *ctx, json_t *jwk)
{
    size_t       i;
    json_t      *use, *ops, *op;
    const char  *word;

    use = json_object_get(jwk, "use");
    ops = json_object_get(jwk, "key_ops");

    if (use && !json_is_string(use)) {
        return sk_token_keys_wrong(ctx, "has a \"use\" that is no string");
    }

    if (ops && !json_is_array(ops)) {
        return sk_token_keys_wrong(ctx, "has \"key_ops\" that are no array");
    }

    if (use && strcmp(json_string_value(use), "sig") != 0) {
        return sk_token_keys_skip(ctx, "has the use \"%.32s\"",
                                  json_string_value(use));
    }

    json_array_foreach(ops, i, op) {
        word = json_string_value(op);

        if (word && strcmp(word, "verify") == 0) {
            return SK_OK;
        }
    }

    return ops ? sk_token_keys_skip(ctx, "has no \"verify\" in its key_ops")
               : SK_OK;
}


static int
sk_token_keys_kid(sk_token_keys_ctx_t *ctx, json_t *jwk, sk_token_key_t *key)
{
    json_t      *kid;
    unsigned     i;
    const char  *other;

    kid = json_object_get(jwk, "kid");

    if (kid == NULL) {
        return SK_OK;
    }

    if (!json_is_string(kid)) {
        return sk_token_keys_wrong(ctx, "has a \"kid\" that is no string");
    }

    for (i = 0; i < ctx->keys->n; i++) {
        other = ctx->keys->key[i].kid;

        if (other && strcmp(other, json_string_value(kid)) == 0) {
            return sk_token_keys_wrong(ctx, "has the kid \"%.64s\" of another"
                                       " one", other);
        }
    }

    key->kid = strdup(json_string_value(kid));

    return key->kid ? SK_OK
                    : sk_token_keys_wrong(ctx, "cannot be read: no memory");
}


static int
sk_token_keys_skip(sk_token_keys_ctx_t *ctx, const char *fmt, ...)
{
    va_list  args;

    if (ctx->info->n_skipped == 0) {
        va_start(args, fmt);
        sk_token_keys_say(ctx->info->skipped, ctx->number, fmt, args);
        va_end(args);
    }

    return SK_NOT_FOUND;
}


static int
sk_token_keys_wrong(sk_token_keys_ctx_t *ctx, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    sk_token_keys_say(ctx->reason, ctx->number, fmt, args);
    va_end(args);

    return SK_ERROR;
}


/* "key 2 has the unknown crv "Ed448"" */

static void
sk_token_keys_say(sk_token_reason_t reason, unsigned number, const char *fmt,
    va_list args)
{
    int  n;

    n = snprintf(reason, SK_TOKEN_REASON_SIZE, "key %u ", number);

    (void) vsnprintf(reason + n, SK_TOKEN_REASON_SIZE - (size_t) n, fmt, args);
}
