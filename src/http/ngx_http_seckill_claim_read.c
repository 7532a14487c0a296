#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_claim_read_values(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_seckill_claim_t *claim,
    ngx_str_t *want);
static ngx_int_t ngx_http_seckill_claim_read_arg(u_char *p, u_char *end,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_seckill_claim_read_user(ngx_http_seckill_claim_t *hc,
    ngx_uint_t encoded, const char **wrong);
static ngx_int_t ngx_http_seckill_claim_read_decode(
    ngx_http_seckill_claim_t *hc, const char **wrong);


ngx_int_t
ngx_http_seckill_claim_read(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_uint_t ask,
    ngx_http_seckill_claim_t *hc, const char **wrong)
{
    ngx_int_t             rc, want;
    ngx_str_t             value;
    ngx_seckill_claim_t  *claim;

    hc->request = r;
    hc->outcome = NULL;
    hc->refused = NGX_HTTP_UNAUTHORIZED;
    hc->plain = 0;
    hc->token = 0;
    hc->nobody = 0;

    claim = &hc->claim;

    ngx_memzero(&claim->wait, sizeof(ngx_seckill_wait_t));

    claim->zone = conf->zone;
    claim->timeout = conf->timeout;
    claim->sale = NULL;
    claim->ask = ask;
    claim->want = 0;
    claim->states = 0;
    claim->waited_us = 0;

    rc = ngx_http_seckill_claim_read_values(r, conf, claim, &value);

    if (rc == NGX_DECLINED) {
        hc->refused = NGX_HTTP_BAD_REQUEST;
        *wrong = "an argument is given twice";
    }

    if (rc == NGX_OK) {
        rc = ngx_http_seckill_claim_read_user(hc, conf->user.encoded, wrong);
    }

    if (rc != NGX_OK) {

        /* what is no user is not to get into a header by a variable */

        ngx_str_null(&claim->user);

        return (hc->nobody && conf->anonymous) ? NGX_OK : rc;
    }

    if (value.data) {
        want = ngx_atoi(value.data, value.len);

        if (want < 1 || want > SK_LIMIT_MAX) {
            hc->refused = NGX_HTTP_BAD_REQUEST;
            *wrong = "want is no number from 1 to 10000";
            return NGX_DECLINED;
        }

        claim->want = (uint32_t) want;
    }

    if (!ask && !conf->cross_site && ngx_http_seckill_origin_cross_site(r)) {
        hc->refused = NGX_HTTP_FORBIDDEN;
        *wrong = "another site's page may not claim";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* NGX_DECLINED: an argument is there twice, which one is meant? */

static ngx_int_t
ngx_http_seckill_claim_read_values(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_seckill_claim_t *claim,
    ngx_str_t *want)
{
    u_char     *p, *end, *last;
    ngx_int_t   rc;

    static ngx_str_t  name = ngx_string("want");

    ngx_str_null(&claim->sale_name);
    ngx_str_null(&claim->user);
    ngx_str_null(want);

    rc = NGX_OK;

    if (conf->sale.arg.len == 0) {
        rc = ngx_http_complex_value(r, &conf->sale.value, &claim->sale_name);
    }

    if (rc == NGX_OK && conf->user.arg.len == 0) {
        rc = ngx_http_complex_value(r, &conf->user.value, &claim->user);
    }

    /* all arguments in one pass, each as ngx_http_arg() finds it */

    p = r->args.data;
    last = r->args.len ? p + r->args.len : p;

    for ( /* void */ ; p < last && rc == NGX_OK; p = end + 1) {

        end = memchr(p, '&', last - p);
        end = end ? end : last;

        rc = ngx_http_seckill_claim_read_arg(p, end, &conf->sale.arg,
                                             &claim->sale_name);

        if (rc == NGX_OK) {
            rc = ngx_http_seckill_claim_read_arg(p, end, &conf->user.arg,
                                                 &claim->user);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_seckill_claim_read_arg(p, end, &name, want);
        }
    }

    if (claim->sale_name.len == 0) {
        ngx_str_set(&claim->sale_name, "");
    }

    return rc;
}


static ngx_inline ngx_int_t
ngx_http_seckill_claim_read_arg(u_char *p, u_char *end, ngx_str_t *name,
    ngx_str_t *value)
{
    if (name->len == 0 || (size_t) (end - p) <= name->len
        || p[name->len] != '='
        || (ngx_memcmp(p, name->data, name->len) != 0
            && ngx_strncasecmp(p, name->data, name->len) != 0))
    {
        return NGX_OK;
    }

    if (value->data) {
        return NGX_DECLINED;
    }

    value->data = p + name->len + 1;
    value->len = end - value->data;

    return NGX_OK;
}


/* NGX_DECLINED: it is no user, and "wrong" says why */

static ngx_int_t
ngx_http_seckill_claim_read_user(ngx_http_seckill_claim_t *hc,
    ngx_uint_t encoded, const char **wrong)
{
    u_char     *p, *last;
    ngx_int_t   rc;
    ngx_str_t  *s;

    s = &hc->claim.user;

    if (s->len == 0) {
        *wrong = ngx_http_seckill_token_wrong(hc->request);
        hc->token = (*wrong != NULL);
        hc->nobody = !(hc->token && ngx_http_seckill_token_sent(hc->request));

        if (*wrong == NULL) {
            *wrong = "no user is given (a body is not read)";
        }

        return NGX_DECLINED;
    }

    *wrong = "the user is longer than 128 bytes";

    if (s->len > 3 * SK_USER_SIZE_MAX) {
        return NGX_DECLINED;
    }

    if (encoded && memchr(s->data, '%', s->len)) {
        rc = ngx_http_seckill_claim_read_decode(hc, wrong);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (s->len > SK_USER_SIZE_MAX) {
        return NGX_DECLINED;
    }

    last = s->data + s->len;

    /* in a header, another user */

    if (s->data[0] == ' ' || last[-1] == ' ') {
        *wrong = "the user begins or ends with a blank";
        return NGX_DECLINED;
    }

    if (ngx_http_seckill_reply_plain(s)) {
        hc->plain = 1;
        return NGX_OK;
    }

    for (p = s->data; p < last; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *wrong = "the user has a control character";
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* "%XX" */

static ngx_int_t
ngx_http_seckill_claim_read_decode(ngx_http_seckill_claim_t *hc,
    const char **wrong)
{
    u_char     *p, *last, *dst;
    ngx_int_t   ch;
    ngx_str_t  *s;

    s = &hc->claim.user;

    dst = ngx_pnalloc(hc->request->pool, s->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    p = s->data;
    last = s->data + s->len;
    s->data = dst;

    while (p < last) {

        if (*p != '%') {
            *dst++ = *p++;
            continue;
        }

        if (last - p < 3 || (ch = ngx_hextoi(p + 1, 2)) == NGX_ERROR) {
            *wrong = "the user has a broken percent-encoding";
            return NGX_DECLINED;
        }

        *dst++ = (u_char) ch;
        p += 3;
    }

    s->len = dst - s->data;

    return NGX_OK;
}
