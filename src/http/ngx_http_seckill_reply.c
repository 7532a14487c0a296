#include "ngx_http_seckill.h"
#include "sk_utf8.h"


ngx_str_t  ngx_http_seckill_reply_json_type = ngx_string("application/json");


static const ngx_uint_t  ngx_http_seckill_statuses[SK_STATUS_N] = {
    [SK_STATUS_OK] = 200,
    [SK_STATUS_CREATED] = 201,
    [SK_STATUS_INVALID] = 400,
    [SK_STATUS_NOT_FOUND] = 404,
    [SK_STATUS_NOT_ALLOWED] = 405,
    [SK_STATUS_UNAUTHORIZED] = 401,
    [SK_STATUS_FORBIDDEN] = 403,
    [SK_STATUS_UNKNOWN_SALE] = 404,
    [SK_STATUS_CONFLICT] = 409,
    [SK_STATUS_TOO_LARGE] = 413,
    [SK_STATUS_NO_ROOM] = 507,
    [SK_STATUS_UNAVAILABLE] = 503
};


ngx_uint_t
ngx_http_seckill_reply_plain(ngx_str_t *s)
{
    u_char  *p, *last;

    last = s->data + s->len;

    for (p = s->data; p < last; p++) {
        if (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\') {
            return 0;
        }
    }

    return 1;
}


size_t
ngx_http_seckill_reply_json_len(ngx_str_t *s)
{
    size_t   len;
    u_char  *p, *end, *last;

    len = s->len + ngx_escape_json(NULL, s->data, s->len);

    last = s->data + s->len;

    for (p = s->data; p < last; /* void */ ) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        end = (u_char *) sk_utf8_end(p, last);

        if (end == p) {
            len += sizeof(SK_UTF8_REPLACEMENT) - 1 - 1;
            end++;
        }

        p = end;
    }

    return len;
}


u_char *
ngx_http_seckill_reply_json(u_char *dst, ngx_str_t *s)
{
    u_char  *p, *end, *last, *start;

    last = s->data + s->len;
    start = s->data;

    for (p = s->data; p < last; /* void */ ) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        end = (u_char *) sk_utf8_end(p, last);

        if (end == p) {
            dst = (u_char *) ngx_escape_json(dst, start, p - start);
            dst = ngx_cpymem(dst, SK_UTF8_REPLACEMENT,
                             sizeof(SK_UTF8_REPLACEMENT) - 1);
            start = ++end;
        }

        p = end;
    }

    return (u_char *) ngx_escape_json(dst, start, last - start);
}


ngx_int_t
ngx_http_seckill_reply_header(ngx_http_request_t *r, const char *name,
    const char *value)
{
    return ngx_http_seckill_reply_header_set(r, name, value) ? NGX_OK
                                                             : NGX_ERROR;
}


ngx_table_elt_t *
ngx_http_seckill_reply_header_set(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    ngx_http_seckill_reply_header_drop(r, name, "");

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    /* newer versions have more members than those set here */

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value.len = ngx_strlen(value);
    h->value.data = (u_char *) value;

    return h;
}


void
ngx_http_seckill_reply_header_drop(ngx_http_request_t *r, const char *name,
    const char *value)
{
    size_t            len, value_len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);
    value_len = ngx_strlen(value);

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == len && h[i].value.len >= value_len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0
                && ngx_strncmp(h[i].value.data, value, value_len) == 0)
            {
                h[i].hash = 0;
            }
        }
    }
}


ngx_int_t
ngx_http_seckill_reply_header_in(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_int_t         found;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ngx_str_null(value);

    found = 0;
    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                *value = h[i].value;
                found++;
            }
        }
    }

    return found;
}


/*
 * What an answer says is true already, and no filter of nginx may turn it into
 * another one: ngx_http_not_modified_header_filter() and
 * ngx_http_range_header_filter() are told to leave it alone, and it has its own
 * status where "error_page" has led the request here, see
 * ngx_http_send_header().
 */

ngx_int_t
ngx_http_seckill_reply_send(ngx_http_request_t *r, sk_status_e status,
    ngx_str_t *type, ngx_buf_t *b)
{
    ngx_int_t    rc;
    ngx_chain_t  out;

    r->headers_out.status = ngx_http_seckill_statuses[status];
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_length_n = b->last - b->pos;

    r->disable_not_modified = 1;
    r->allow_ranges = 0;
    r->err_status = 0;

    if (ngx_http_seckill_reply_header(r, "Cache-Control", "no-store")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status == SK_STATUS_UNAVAILABLE
        && ngx_http_seckill_reply_header(r, "Retry-After",
                                         NGX_HTTP_SECKILL_RETRY_AFTER)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_seckill_reply_status(ngx_http_request_t *r, ngx_uint_t status)
{
    r->headers_out.status = status;
    r->headers_out.content_length_n = 0;

    r->disable_not_modified = 1;
    r->allow_ranges = 0;
    r->err_status = 0;
    r->header_only = 1;

    if (status == NGX_HTTP_NO_CONTENT) {
        ngx_http_clear_content_length(r);
    }

    if (ngx_http_seckill_reply_header(r, "Cache-Control", "no-store")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


ngx_uint_t
ngx_http_seckill_reply_code(sk_status_e status)
{
    return ngx_http_seckill_statuses[status];
}


/*
 * Of an opening that is to come: at random between half of the time that is
 * left and all of it, so that who waits does not come back with all others,
 * and never late.  Of a place in a waiting list: often enough not to lose it.
 */

ngx_int_t
ngx_http_seckill_reply_retry(ngx_http_request_t *r, sk_answer_t *answer)
{
    u_char   *value;
    int64_t   seconds;

    if (answer->result == SK_UNAVAILABLE) {
        return ngx_http_seckill_reply_header(r, "Retry-After",
                                             NGX_HTTP_SECKILL_RETRY_AFTER);
    }

    if (!ngx_http_seckill_again(answer->result)) {
        return NGX_OK;
    }

    value = ngx_pnalloc(r->pool, NGX_INT64_LEN + 1);
    if (value == NULL) {
        return NGX_ERROR;
    }

    seconds = (answer->result == SK_QUEUED)
              ? NGX_HTTP_SECKILL_QUEUED_RETRY
              : (answer->starts_in_ms + 999) / 1000;
    seconds -= ngx_random() % (seconds / 2 + 1);

    (void) ngx_sprintf(value, "%L%Z", seconds);

    return ngx_http_seckill_reply_header(r, "Retry-After", (char *) value);
}


ngx_int_t
ngx_http_seckill_reply_not_allowed(ngx_http_request_t *r, const char *methods)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_seckill_reply_header(r, "Allow", methods) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_seckill_reply_error(r, SK_STATUS_NOT_ALLOWED,
                                        "the method is not allowed here", NULL);
}


ngx_int_t
ngx_http_seckill_reply_error(ngx_http_request_t *r, sk_status_e status,
    const char *message, const char *field)
{
    return ngx_http_seckill_reply_error_data(r, status, message, field, NULL);
}


ngx_int_t
ngx_http_seckill_reply_error_data(ngx_http_request_t *r, sk_status_e status,
    const char *message, const char *field, ngx_str_t *data)
{
    ngx_buf_t          *b;
    ngx_str_t           text, name;
    const sk_status_t  *st;

    st = &sk_statuses[status];

    text.len = ngx_strlen(message);
    text.data = (u_char *) message;

    name.data = (u_char *) (field ? field : "");
    name.len = ngx_strlen(name.data);

    b = ngx_create_temp_buf(r->pool,
                            sizeof("{\"code\":,\"result\":\"\","
                                   "\"message\":\"\",\"field\":\"\","
                                   "\"data\":}" CRLF)
                            + NGX_INT_T_LEN + ngx_strlen(st->name)
                            + ngx_http_seckill_reply_json_len(&text)
                            + ngx_http_seckill_reply_json_len(&name)
                            + (data ? data->len : 0));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"code\":%ud,\"result\":\"%s\","
                          "\"message\":\"", st->code, st->name);
    b->last = ngx_http_seckill_reply_json(b->last, &text);
    *b->last++ = '"';

    if (field) {
        b->last = ngx_cpymem(b->last, ",\"field\":\"", 10);
        b->last = ngx_http_seckill_reply_json(b->last, &name);
        *b->last++ = '"';
    }

    if (data) {
        b->last = ngx_sprintf(b->last, ",\"data\":%V", data);
    }

    b->last = ngx_cpymem(b->last, "}\n", 2);

    return ngx_http_seckill_reply_send(r, status,
                                       &ngx_http_seckill_reply_json_type, b);
}
