#include "ngx_http_seckill_api.h"


#define NGX_HTTP_SECKILL_SEGMENTS  3        /* of a path, at most */


static ngx_uint_t ngx_http_seckill_api_public(ngx_http_request_t *r);
static ngx_uint_t ngx_http_seckill_api_path(ngx_http_request_t *r,
    ngx_str_t *segments);
static ngx_int_t ngx_http_seckill_api_route(ngx_http_seckill_call_t *call,
    const char **wrong, u_char *methods);
static ngx_uint_t ngx_http_seckill_api_match(ngx_http_seckill_route_t *route,
    ngx_str_t *segments, ngx_uint_t n);
static ngx_int_t ngx_http_seckill_api_object(ngx_http_seckill_call_t *call,
    ngx_str_t *object);
static void ngx_http_seckill_api_cleanup(void *data);


#define NGX_HTTP_SECKILL_ROUTE(collection, object, verb, method, handler,    \
    what)                                                                    \
    { ngx_string(collection), object, ngx_string(verb), method,              \
      ngx_http_seckill_##handler##_handler, what }

#define ALL     NGX_HTTP_SECKILL_ALL
#define NUMBER  NGX_HTTP_SECKILL_NUMBER
#define NAME    NGX_HTTP_SECKILL_NAME
#define GET     NGX_HTTP_GET
#define POST    NGX_HTTP_POST
#define PATCH   NGX_HTTP_PATCH
#define DELETE  NGX_HTTP_DELETE
#define ROUTE   NGX_HTTP_SECKILL_ROUTE


static ngx_http_seckill_route_t  ngx_http_seckill_routes[] = {

    ROUTE("products", ALL, "", GET, page, SK_PAGE_PRODUCTS),
    ROUTE("products", ALL, "", POST, command, SK_PRODUCT_ADD),
    ROUTE("products", NUMBER, "", GET, page, SK_PAGE_PRODUCT),
    ROUTE("products", NUMBER, "", PATCH, command, SK_PRODUCT_EDIT),
    ROUTE("products", NUMBER, "", DELETE, command, SK_PRODUCT_REMOVE),

    ROUTE("sales", ALL, "", GET, page, SK_PAGE_SALES),
    ROUTE("sales", ALL, "", POST, command, SK_SALE_ADD),
    ROUTE("sales", NAME, "", GET, page, SK_PAGE_SALE),
    ROUTE("sales", NAME, "", PATCH, command, SK_SALE_EDIT),
    ROUTE("sales", NAME, "", DELETE, command, SK_SALE_REMOVE),
    ROUTE("sales", NAME, "pause", POST, command, SK_SALE_PAUSE),
    ROUTE("sales", NAME, "resume", POST, command, SK_SALE_RESUME),
    ROUTE("sales", NAME, "end", POST, command, SK_SALE_END),
    ROUTE("sales", NAME, "beacon", POST, command, SK_SALE_BEACON),

    ROUTE("orders", ALL, "", GET, page, SK_PAGE_ORDERS),
    ROUTE("orders", NUMBER, "", GET, page, SK_PAGE_ORDER),
    ROUTE("orders", NUMBER, "confirm", POST, command, SK_ORDER_CONFIRM),
    ROUTE("orders", NUMBER, "cancel", POST, command, SK_ORDER_CANCEL),
    ROUTE("orders", NUMBER, "extend", POST, command, SK_ORDER_EXTEND),

    ROUTE("events", ALL, "", GET, page, SK_PAGE_EVENTS),
    ROUTE("machines", ALL, "", GET, machines, 0),
    ROUTE("machines", NAME, "forget", POST, machines_forget, 0),
    ROUTE("machines", NAME, "begin", POST, machines_begin, 0),
    ROUTE("me", ALL, "", GET, me, 0),
    ROUTE("health", ALL, "", GET, health, 0),
    ROUTE("openapi.yaml", ALL, "", GET, openapi, 0),
    ROUTE("receipt-keys", ALL, "", GET, receipt_keys, 0),
    ROUTE("head", ALL, "", GET, head, 0),

    { ngx_null_string, 0, ngx_null_string, 0, NULL, 0 }
};


#undef ALL
#undef NUMBER
#undef NAME
#undef GET
#undef POST
#undef PATCH
#undef DELETE
#undef ROUTE


/* methods of a path, for the header Allow */

static const struct {
    ngx_uint_t    method;
    const char   *name;
} ngx_http_seckill_methods[] = {
    { NGX_HTTP_GET, "GET, HEAD" },
    { NGX_HTTP_POST, "POST" },
    { NGX_HTTP_PATCH, "PATCH" },
    { NGX_HTTP_DELETE, "DELETE" }
};


ngx_int_t
ngx_http_seckill_api_handler(ngx_http_request_t *r)
{
    u_char                        methods[64];
    ngx_int_t                     rc;
    const char                   *wrong;
    ngx_http_cleanup_t           *cln;
    ngx_http_seckill_call_t      *call;
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_seckill_call_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (call == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->request = r;
    call->zone = slcf->zone;

    rc = ngx_http_seckill_api_public(r)
         ? NGX_DECLINED : ngx_http_seckill_access(call);

    if (rc == NGX_DECLINED) {
        wrong = NULL;
        rc = ngx_http_seckill_api_route(call, &wrong, methods);

        if (rc == NGX_OK) {
            ngx_http_set_ctx(r, call, ngx_http_seckill_module);

            cln->handler = ngx_http_seckill_api_cleanup;
            cln->data = call;

            return call->route->handler(call);
        }

        if (rc == NGX_HTTP_NOT_ALLOWED) {
            return ngx_http_seckill_reply_not_allowed(r, (char *) methods);
        }

        if (rc == NGX_HTTP_NOT_FOUND) {
            rc = ngx_http_discard_request_body(r);

            return (rc != NGX_OK) ? rc
                   : ngx_http_seckill_reply_error(r, SK_STATUS_NOT_FOUND, wrong,
                                                  NULL);
        }
    }

    return rc;
}


/* whether it is for everyone */

static ngx_uint_t
ngx_http_seckill_api_public(ngx_http_request_t *r)
{
    return ngx_http_seckill_api_is(r, "receipt-keys")
           || ngx_http_seckill_api_is(r, "head");
}


ngx_uint_t
ngx_http_seckill_api_is(ngx_http_request_t *r, const char *name)
{
    ngx_str_t  segments[NGX_HTTP_SECKILL_SEGMENTS];

    return ngx_http_seckill_api_path(r, segments) == 1
           && segments[0].len == ngx_strlen(name)
           && ngx_memcmp(segments[0].data, name, segments[0].len) == 0;
}


/* what follows the location's name; the number of segments, 0: too many */

static ngx_uint_t
ngx_http_seckill_api_path(ngx_http_request_t *r, ngx_str_t *segments)
{
    u_char                    *p, *end, *last;
    ngx_uint_t                 n;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    p = r->uri.data;
    last = p + r->uri.len;

    p += ngx_min(r->uri.len, clcf->name.len);

    if (p < last && *p == '/') {
        p++;

    } else if (p == r->uri.data || p[-1] != '/') {

        /* "location /api" is for "/apis" too */

        return 0;
    }

    for (n = 0; n < NGX_HTTP_SECKILL_SEGMENTS; n++) {

        end = ngx_strlchr(p, last, '/');

        segments[n].data = p;
        segments[n].len = (end ? end : last) - p;

        if (end == NULL) {
            return n + 1;
        }

        p = end + 1;
    }

    return 0;
}


static ngx_int_t
ngx_http_seckill_api_route(ngx_http_seckill_call_t *call, const char **wrong,
    u_char *methods)
{
    ngx_str_t                  segments[NGX_HTTP_SECKILL_SEGMENTS];
    ngx_uint_t                 i, n, method, allowed;
    ngx_http_seckill_route_t  *route;

    *wrong = "there is nothing of this name";

    n = ngx_http_seckill_api_path(call->request, segments);

    method = call->request->method;
    method = (method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : method;

    allowed = 0;

    for (route = ngx_http_seckill_routes; route->handler; route++) {

        if (!ngx_http_seckill_api_match(route, segments, n)) {
            continue;
        }

        if (route->method == method) {
            call->route = route;

            if (ngx_http_seckill_api_object(call, &segments[1]) == NGX_OK) {
                return NGX_OK;
            }

            *wrong = (route->object == NGX_HTTP_SECKILL_NUMBER)
                     ? "there is nothing of this number"
                     : "there is no such sale";

            return NGX_HTTP_NOT_FOUND;
        }

        allowed |= route->method;
    }

    if (allowed == 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    *methods = '\0';

    for (i = 0; i < sizeof(ngx_http_seckill_methods)
                    / sizeof(ngx_http_seckill_methods[0]); i++)
    {
        if (allowed & ngx_http_seckill_methods[i].method) {
            methods = ngx_sprintf(methods, "%s%s%Z",
                                  (allowed & (ngx_http_seckill_methods[i].method
                                              - 1)) ? ", " : "",
                                  ngx_http_seckill_methods[i].name)
                      - 1;
        }
    }

    return NGX_HTTP_NOT_ALLOWED;
}


static ngx_uint_t
ngx_http_seckill_api_match(ngx_http_seckill_route_t *route,
    ngx_str_t *segments, ngx_uint_t n)
{
    ngx_uint_t  expected;

    expected = 1 + (route->object != NGX_HTTP_SECKILL_ALL)
               + (route->verb.len != 0);

    return n == expected
           && segments[0].len == route->collection.len
           && ngx_memcmp(segments[0].data, route->collection.data,
                         segments[0].len)
              == 0
           && (n < 2 || segments[1].len)
           && (n < 3
               || (segments[2].len == route->verb.len
                   && ngx_memcmp(segments[2].data, route->verb.data,
                                 segments[2].len)
                      == 0));
}


static ngx_int_t
ngx_http_seckill_api_object(ngx_http_seckill_call_t *call, ngx_str_t *object)
{
    off_t  n;

    switch (call->route->object) {

    case NGX_HTTP_SECKILL_NUMBER:
        n = ngx_atoof(object->data, object->len);

        if (n == (off_t) NGX_ERROR) {
            return NGX_ERROR;
        }

        call->id = n;
        return NGX_OK;

    case NGX_HTTP_SECKILL_NAME:

        /* what can be no name is no sale's either, and no machine's */

        call->name.data = object->data;
        call->name.len = ngx_min(object->len, SK_NAME_SIZE_MAX);

        if (!sk_sale_name_valid((char *) object->data, object->len)) {
            call->name.data = (u_char *) "?";
            call->name.len = 1;
        }

        return NGX_OK;

    default:
        return NGX_OK;
    }
}


static void
ngx_http_seckill_api_cleanup(void *data)
{
    ngx_http_seckill_call_t  *call = data;

    ngx_seckill_wait_end(&call->wait);
    ngx_http_seckill_command_cleanup(call);
    ngx_http_seckill_page_cleanup(call);
}
