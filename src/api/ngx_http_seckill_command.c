#include "ngx_http_seckill_api.h"

#include <sodium.h>


static ngx_int_t ngx_http_seckill_command_key(ngx_http_request_t *r,
    ngx_str_t *key);
static void ngx_http_seckill_command_body(ngx_http_request_t *r);
static void ngx_http_seckill_command_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_seckill_command_collect(
    ngx_http_seckill_call_t *call);
static void ngx_http_seckill_command_post(ngx_http_seckill_call_t *call);
static void ngx_http_seckill_command_hash(ngx_http_seckill_call_t *call,
    u_char *hash);
static void ngx_http_seckill_command_resume(ngx_http_seckill_call_t *call,
    ngx_uint_t reached);
static ngx_int_t ngx_http_seckill_command_send(ngx_http_seckill_call_t *call,
    sk_reply_t *reply);


static const char  ngx_http_seckill_too_large[] =
    "a body of at most 65536 bytes is allowed";


ngx_int_t
ngx_http_seckill_command_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t            rc;
    const char          *message, *field;
    ngx_http_request_t  *r;

    r = call->request;
    message = NULL;
    field = "Idempotency-Key";

    if (ngx_http_seckill_command_key(r, &call->key) != NGX_OK) {
        message = "Idempotency-Key: once, with 1 to 255 printable characters "
                  "is allowed";

    } else if (r->args.len) {
        message = "arguments: none is allowed";
        field = "arguments";
    }

    if (message) {
        rc = ngx_http_discard_request_body(r);

        return (rc == NGX_OK)
               ? ngx_http_seckill_reply_error(r, SK_STATUS_INVALID, message,
                                              field)
               : rc;
    }

    if (r->headers_in.content_length_n > SK_COMMAND_BODY_SIZE_MAX) {
        rc = ngx_http_discard_request_body(r);

        return (rc == NGX_OK)
               ? ngx_http_seckill_reply_error(r, SK_STATUS_TOO_LARGE,
                                              ngx_http_seckill_too_large, NULL)
               : rc;
    }

    /* of a chunked body, nginx counts the length as it comes */

    call->body_max = (r->headers_in.content_length_n > 0)
                    ? (size_t) r->headers_in.content_length_n
                    : SK_COMMAND_BODY_SIZE_MAX;

    call->body = ngx_pnalloc(r->pool, call->body_max);

    if (call->body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* in pieces: no more of it is read than is allowed, and no file made */

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_seckill_command_body);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


/* a string of RFC 8941, "abc", or the same without quotes */

static ngx_int_t
ngx_http_seckill_command_key(ngx_http_request_t *r, ngx_str_t *key)
{
    size_t     i;
    ngx_int_t  n;

    n = ngx_http_seckill_reply_header_in(r, "Idempotency-Key", key);

    if (n == 0) {
        return NGX_OK;
    }

    if (key->len >= 2 && key->data[0] == '"'
        && key->data[key->len - 1] == '"')
    {
        key->data++;
        key->len -= 2;
    }

    if (n > 1 || key->len == 0 || key->len > SK_COMMAND_KEY_SIZE_MAX) {
        return NGX_ERROR;
    }

    for (i = 0; i < key->len; i++) {
        if (key->data[i] < 0x20 || key->data[i] >= 0x7f) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_seckill_command_body(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_seckill_command_read;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_seckill_command_read(r);
}


static void
ngx_http_seckill_command_read(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_seckill_call_t  *call;

    c = r->connection;
    call = ngx_http_get_module_ctx(r, ngx_http_seckill_module);

    if (c->read->timedout) {
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    for ( ;; ) {

        rc = ngx_http_seckill_command_collect(call);

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, (rc == NGX_ERROR)
                ? NGX_HTTP_INTERNAL_SERVER_ERROR
                : ngx_http_seckill_reply_error(r, SK_STATUS_TOO_LARGE,
                                               ngx_http_seckill_too_large,
                                               NULL));
            return;
        }

        if (!r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    ngx_http_seckill_command_post(call);
}


/*
 * What has come of the body; NGX_DECLINED: more than is allowed.  One that was
 * read before belongs to others too, to "mirror" for instance, and may be in a
 * file: then nginx has taken request_body_no_buffering back.
 */

static ngx_int_t
ngx_http_seckill_command_collect(ngx_http_seckill_call_t *call)
{
    off_t                     size;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_t       *r;
    ngx_http_request_body_t  *rb;

    r = call->request;
    rb = r->request_body;

    for (cl = rb ? rb->bufs : NULL; cl; cl = cl->next) {
        b = cl->buf;
        size = ngx_buf_size(b);

        if (size == 0) {
            continue;
        }

        if (size > (off_t) (call->body_max - call->body_len)) {
            return NGX_DECLINED;
        }

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(call->body + call->body_len, b->pos, size);

        } else if (ngx_read_file(b->file, call->body + call->body_len, size,
                                 b->file_pos)
                   != size)
        {
            return NGX_ERROR;
        }

        call->body_len += size;

        if (r->request_body_no_buffering) {
            b->pos = b->last;
        }
    }

    if (rb && r->request_body_no_buffering) {
        rb->bufs = NULL;
    }

    return NGX_OK;
}


static void
ngx_http_seckill_command_post(ngx_http_seckill_call_t *call)
{
    sk_command_t         command;
    ngx_http_request_t  *r;

    r = call->request;

    sk_assert(call->ticket == 0 && call->body_len <= call->body_max);

    ngx_memzero(&command, sizeof(sk_command_t));

    command.type = call->route->what;
    command.id = call->id;

    if (call->name.len) {
        command.name_len = call->name.len;
        ngx_memcpy(command.name, call->name.data, call->name.len);
    }

    if (call->by.len) {
        command.by_len = call->by.len;
        ngx_memcpy(command.by, call->by.data, call->by.len);
    }

    if (call->key.len) {
        command.key_len = call->key.len;
        ngx_memcpy(command.key, call->key.data, call->key.len);
        ngx_http_seckill_command_hash(call, command.hash);
    }

    command.body = (char *) call->body;
    command.body_len = call->body_len;

    call->ticket = sk_command_post(call->zone->wake->commands, &command,
                                   sk_monotonic_us());

    if (call->ticket == 0) {

        /* maybe inside the request's handler: nginx runs what this posts */

        ngx_http_finalize_request(r,
            ngx_http_seckill_reply_error(r, SK_STATUS_UNAVAILABLE,
                                         "too many requests wait", NULL));
        return;
    }

    ngx_http_seckill_call_wait(call, NGX_SECKILL_COMMANDED, call->ticket,
                               NGX_HTTP_SECKILL_API_MS,
                               ngx_http_seckill_command_resume);

    ngx_seckill_drain_wake(call->zone);
}


static void
ngx_http_seckill_command_hash(ngx_http_seckill_call_t *call, u_char *hash)
{
    ngx_http_request_t        *r;
    crypto_generichash_state   state;

    r = call->request;

    (void) crypto_generichash_init(&state, NULL, 0, SK_COMMAND_HASH_SIZE);
    (void) crypto_generichash_update(&state, call->by.data, call->by.len);
    (void) crypto_generichash_update(&state, (u_char *) "\n", 1);
    (void) crypto_generichash_update(&state, r->method_name.data,
                                     r->method_name.len);
    (void) crypto_generichash_update(&state, (u_char *) "\n", 1);
    (void) crypto_generichash_update(&state, r->uri.data, r->uri.len);
    (void) crypto_generichash_update(&state, (u_char *) "\n", 1);
    (void) crypto_generichash_update(&state, call->body, call->body_len);
    (void) crypto_generichash_final(&state, hash, SK_COMMAND_HASH_SIZE);
}


static void
ngx_http_seckill_command_resume(ngx_http_seckill_call_t *call,
    ngx_uint_t reached)
{
    ngx_int_t            rc;
    uint64_t             ticket;
    sk_reply_t          *reply;
    ngx_http_request_t  *r;

    sk_assert(call->ticket);

    r = call->request;
    ticket = call->ticket;
    call->ticket = 0;

    if (!reached) {
        rc = sk_command_withdraw(call->zone->wake->commands, ticket);

        ngx_http_seckill_call_finish(r,
            ngx_http_seckill_reply_error(r, SK_STATUS_UNAVAILABLE, (rc == SK_OK)
                ? "the store does not answer: nothing was done"
                : "the store does not answer: it may be done later", NULL));
        return;
    }

    reply = ngx_palloc(r->pool, sizeof(sk_reply_t));

    if (reply == NULL) {
        sk_command_leave(call->zone->wake->commands, ticket);
        ngx_http_seckill_call_finish(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    rc = sk_command_collect(call->zone->wake->commands, ticket, reply);

    ngx_http_seckill_call_finish(r,
                                 (rc == SK_OK && reply->len)
                                 ? ngx_http_seckill_command_send(call, reply)
                                 : ngx_http_seckill_call_unavailable(call,
                                      "the store could not do it"));
}


static ngx_int_t
ngx_http_seckill_command_send(ngx_http_seckill_call_t *call, sk_reply_t *reply)
{
    u_char              *path;
    ngx_buf_t           *b;
    ngx_http_request_t  *r;

    r = call->request;

    /* "products/7", seen from "/api/products": a relative reference, since a
       proxy in front may call that otherwise.  With headers_out's own field,
       nginx would make an absolute one. */

    if (reply->path[0] && reply->status == SK_STATUS_CREATED) {

        path = ngx_pnalloc(r->pool, sizeof(reply->path));
        if (path == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_cpystrn(path, (u_char *) reply->path, sizeof(reply->path));

        if (ngx_http_seckill_reply_header(r, "Location", (char *) path)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    b = ngx_create_temp_buf(r->pool, reply->len + 1);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, reply->body, reply->len);
    *b->last++ = '\n';

    return ngx_http_seckill_reply_send(r, reply->status,
                                       &ngx_http_seckill_reply_json_type, b);
}


/* the request is over, or its client has left: it is done all the same */

void
ngx_http_seckill_command_cleanup(ngx_http_seckill_call_t *call)
{
    if (call->ticket) {
        sk_command_leave(call->zone->wake->commands, call->ticket);
        call->ticket = 0;
    }
}
