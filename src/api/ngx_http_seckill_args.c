#include "ngx_http_seckill_api.h"
#include "sk_time.h"


#define NGX_HTTP_SECKILL_ARG_MAX  SK_USER_SIZE_MAX      /* bytes, decoded */

typedef struct {
    const char     *name;
    ngx_uint_t      pages;      /* that have it */
    ngx_int_t     (*set)(ngx_http_seckill_call_t *call, ngx_str_t *value);
    const char     *allowed;
    const char     *with;       /* another one that it needs, or NULL */
} ngx_http_seckill_args_entry_t;


static ngx_int_t ngx_http_seckill_args_pair(ngx_http_seckill_call_t *call,
    ngx_uint_t page, u_char *p, u_char *last, ngx_uint_t *seen,
    sk_wrong_t *wrong);
static ngx_int_t ngx_http_seckill_args_with(ngx_uint_t seen,
    sk_wrong_t *wrong);
static ngx_int_t ngx_http_seckill_args_decode(u_char *p, u_char *last,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_after(ngx_http_seckill_call_t *call,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_at(ngx_http_seckill_call_t *call,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_limit(ngx_http_seckill_call_t *call,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_wait(ngx_http_seckill_call_t *call,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_sale(ngx_http_seckill_call_t *call,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_user(ngx_http_seckill_call_t *call,
    ngx_str_t *value);
static ngx_int_t ngx_http_seckill_args_state(ngx_http_seckill_call_t *call,
    ngx_str_t *value);


static const ngx_http_seckill_args_entry_t  ngx_http_seckill_args_table[] = {

    { "after", SK_PAGE_LISTS, ngx_http_seckill_args_after,
      "0 or the \"next\" of a page is allowed", NULL },

    { "limit", SK_PAGE_LISTS, ngx_http_seckill_args_limit,
      "1 to 1000 is allowed", NULL },

    { "at", 1 << SK_PAGE_EVENTS, ngx_http_seckill_args_at,
      "the \"at\" of the event \"after\" is allowed", "after" },

    { "wait", 1 << SK_PAGE_EVENTS, ngx_http_seckill_args_wait,
      "0 to 55 seconds is allowed", NULL },

    { "sale", 1 << SK_PAGE_ORDERS, ngx_http_seckill_args_sale,
      "the name of a sale is allowed", NULL },

    { "user", 1 << SK_PAGE_ORDERS, ngx_http_seckill_args_user,
      "1 to 128 bytes are allowed, percent-encoded", NULL },

    { "state", 1 << SK_PAGE_ORDERS, ngx_http_seckill_args_state,
      "sold, held, paid, expired, cancelled are allowed", NULL },

    { NULL, 0, NULL, NULL, NULL }
};


/*
 * A filter that is misspelt would list everything: what a page does not have
 * is refused, and what is there twice.
 */

ngx_int_t
ngx_http_seckill_args(ngx_http_seckill_call_t *call, ngx_uint_t page,
    sk_wrong_t *wrong)
{
    u_char      *p, *end, *last;
    ngx_uint_t   seen;

    seen = 0;

    if (call->request->args.len == 0) {
        return NGX_OK;
    }

    p = call->request->args.data;
    last = p + call->request->args.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        end = end ? end : last;

        if (end > p
            && ngx_http_seckill_args_pair(call, page, p, end, &seen, wrong)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_seckill_args_with(seen, wrong);
}


/* what another one is needed for, to mean anything */

static ngx_int_t
ngx_http_seckill_args_with(ngx_uint_t seen, sk_wrong_t *wrong)
{
    ngx_uint_t                            i, n;
    const ngx_http_seckill_args_entry_t  *arg;

    arg = ngx_http_seckill_args_table;

    for (i = 0; arg[i].name; i++) {

        if (!(seen & 1 << i) || arg[i].with == NULL) {
            continue;
        }

        for (n = 0; ngx_strcmp(arg[n].name, arg[i].with) != 0; n++) {
            /* void */
        }

        if (seen & 1 << n) {
            continue;
        }

        (void) ngx_snprintf((u_char *) wrong->field, sizeof(wrong->field),
                            "%s%Z", arg[i].name);
        (void) ngx_snprintf((u_char *) wrong->message, SK_BODY_MESSAGE_MAX,
                            "%s: only with \"%s\"%Z", arg[i].name,
                            arg[i].with);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_seckill_args_send(ngx_http_request_t *r, sk_wrong_t *wrong)
{
    return ngx_http_seckill_reply_error(r, SK_STATUS_INVALID, wrong->message,
                                        wrong->field);
}


static ngx_int_t
ngx_http_seckill_args_pair(ngx_http_seckill_call_t *call, ngx_uint_t page,
    u_char *p, u_char *last, ngx_uint_t *seen, sk_wrong_t *wrong)
{
    size_t                                len;
    u_char                               *equals;
    u_char                                buf[NGX_HTTP_SECKILL_ARG_MAX];
    ngx_str_t                             value;
    ngx_uint_t                            bit;
    const char                           *allowed;
    const ngx_http_seckill_args_entry_t  *arg;

    equals = ngx_strlchr(p, last, '=');
    equals = equals ? equals : last;
    len = equals - p;

    for (arg = ngx_http_seckill_args_table; arg->name; arg++) {
        if ((arg->pages & page)
            && ngx_strlen(arg->name) == len
            && ngx_memcmp(arg->name, p, len) == 0)
        {
            break;
        }
    }

    bit = 1 << (arg - ngx_http_seckill_args_table);
    allowed = arg->name ? arg->allowed : "there is no such argument here";

    if (*seen & bit) {
        allowed = "is given twice";

    } else if (arg->name) {
        *seen |= bit;
        value.data = buf;

        if (ngx_http_seckill_args_decode(ngx_min(equals + 1, last), last,
                                         &value)
            == NGX_OK
            && arg->set(call, &value) == NGX_OK)
        {
            return NGX_OK;
        }
    }

    len = ngx_min(len, SK_BODY_FIELD_MAX);
    ngx_memcpy(wrong->field, p, len);
    wrong->field[len] = '\0';

    (void) ngx_snprintf((u_char *) wrong->message, SK_BODY_MESSAGE_MAX,
                        "%s: %s%Z", wrong->field, allowed);
    return NGX_ERROR;
}


/* "value" has NGX_HTTP_SECKILL_ARG_MAX bytes */

static ngx_int_t
ngx_http_seckill_args_decode(u_char *p, u_char *last, ngx_str_t *value)
{
    ngx_int_t  ch;

    for (value->len = 0; p < last; value->len++) {

        if (value->len == NGX_HTTP_SECKILL_ARG_MAX) {
            return NGX_ERROR;
        }

        if (*p != '%') {
            value->data[value->len] = *p++;
            continue;
        }

        if (last - p < 3 || (ch = ngx_hextoi(p + 1, 2)) == NGX_ERROR) {
            return NGX_ERROR;
        }

        value->data[value->len] = (u_char) ch;
        p += 3;
    }

    return value->len ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_seckill_args_after(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    off_t  n;

    n = ngx_atoof(value->data, value->len);
    call->page.after = n;

    return (n == (off_t) NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_seckill_args_at(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    return (sk_time_parse((char *) value->data, value->len, &call->page.at_ms)
            == SK_OK)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_seckill_args_limit(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 1 || n > SK_PAGE_LIMIT_MAX) {
        return NGX_ERROR;
    }

    call->page.limit = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_args_wait(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 0 || n > NGX_HTTP_SECKILL_EVENTS_WAIT_MAX) {
        return NGX_ERROR;
    }

    call->patience = n * 1000;

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_args_sale(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    if (value->len > SK_NAME_SIZE_MAX) {
        return NGX_ERROR;
    }

    call->page.name_len = value->len;
    ngx_memcpy(call->page.name, value->data, value->len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_args_user(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    call->page.user_len = value->len;
    ngx_memcpy(call->page.user, value->data, value->len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_args_state(ngx_http_seckill_call_t *call, ngx_str_t *value)
{
    ngx_uint_t  i;

    static const char *const  states[] = {
        "sold", "held", "paid", "expired", "cancelled", NULL
    };

    for (i = 0; states[i]; i++) {
        if (ngx_strlen(states[i]) == value->len
            && ngx_memcmp(states[i], value->data, value->len) == 0)
        {
            call->page.state_len = value->len;
            ngx_memcpy(call->page.state, value->data, value->len);
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}
