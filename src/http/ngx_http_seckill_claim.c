#include "ngx_http_seckill.h"
#include "sk_time.h"


static ngx_int_t ngx_http_seckill_claim_values(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_seckill_claim_t *claim);
static ngx_int_t ngx_http_seckill_claim_arg(u_char *p, u_char *end,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_seckill_claim_check(ngx_http_seckill_claim_t *hc,
    ngx_uint_t encoded, const char **wrong);
static void ngx_http_seckill_claim_done(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static void ngx_http_seckill_claim_cleanup(void *data);
static u_char *ngx_http_seckill_claim_order(u_char *p,
    ngx_seckill_claim_t *claim, sk_answer_t *answer);


/* how the answers begin */

static const ngx_str_t  ngx_http_seckill_heads[] = {
#define X(constant, code, name, status)                                      \
    ngx_string("{\"code\":" #code ",\"result\":\"" name "\",\"sale\":\""),
    SK_RESULT_TABLE(X)
#undef X
};


ngx_int_t
ngx_http_seckill_claim_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    const char                   *wrong;
    sk_answer_t                   answer;
    ngx_http_seckill_claim_t      hc;
    ngx_http_seckill_loc_conf_t  *slcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_seckill_reply_not_allowed(r, "GET, HEAD, POST");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    rc = ngx_http_seckill_claim_read(r, &slcf->claim,
                                     !(r->method & NGX_HTTP_POST), &hc, &wrong);

    if (rc == NGX_DECLINED) {
        ngx_seckill_claim_count(&hc.claim, SK_INVALID);

        return ngx_http_seckill_reply_error(r, SK_STATUS_INVALID, wrong, NULL);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_seckill_claim(&hc.claim, &answer) == NGX_OK) {
        return ngx_http_seckill_claim_send(&hc, &answer);
    }

    rc = ngx_http_seckill_claim_wait(&hc, &answer,
                                     ngx_http_seckill_claim_done);

    if (rc == NGX_AGAIN) {
        r->main->count++;
        return NGX_DONE;
    }

    /* the claim is decided without its request */

    answer.result = SK_UNAVAILABLE;
    ngx_seckill_claim_count(&hc.claim, answer.result);

    return ngx_http_seckill_claim_send(&hc, &answer);
}


ngx_int_t
ngx_http_seckill_claim_read(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_uint_t ask,
    ngx_http_seckill_claim_t *hc, const char **wrong)
{
    ngx_int_t             rc;
    ngx_seckill_claim_t  *claim;

    hc->request = r;
    hc->plain = 0;

    claim = &hc->claim;

    ngx_memzero(&claim->wait, sizeof(ngx_seckill_wait_t));

    claim->zone = conf->zone;
    claim->timeout = conf->timeout;
    claim->sale = NULL;
    claim->ask = ask;

    rc = ngx_http_seckill_claim_values(r, conf, claim);

    if (rc == NGX_DECLINED) {
        *wrong = "an argument is given twice";
    }

    return (rc == NGX_OK)
           ? ngx_http_seckill_claim_check(hc, conf->user.encoded, wrong) : rc;
}


/* NGX_DECLINED: an argument is there twice, which one is meant? */

static ngx_int_t
ngx_http_seckill_claim_values(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_seckill_claim_t *claim)
{
    u_char     *p, *end, *last;
    ngx_int_t   rc;

    ngx_str_null(&claim->sale_name);
    ngx_str_null(&claim->user);

    rc = NGX_OK;

    if (conf->sale.arg.len == 0) {
        rc = ngx_http_complex_value(r, &conf->sale.value, &claim->sale_name);
    }

    if (rc == NGX_OK && conf->user.arg.len == 0) {
        rc = ngx_http_complex_value(r, &conf->user.value, &claim->user);
    }

    /* both arguments in one pass, each as ngx_http_arg() finds it */

    p = r->args.data;
    last = r->args.len ? p + r->args.len : p;

    for ( /* void */ ; p < last && rc == NGX_OK; p = end + 1) {

        end = memchr(p, '&', last - p);
        end = end ? end : last;

        rc = ngx_http_seckill_claim_arg(p, end, &conf->sale.arg,
                                        &claim->sale_name);

        if (rc == NGX_OK) {
            rc = ngx_http_seckill_claim_arg(p, end, &conf->user.arg,
                                            &claim->user);
        }
    }

    if (claim->sale_name.len == 0) {
        ngx_str_set(&claim->sale_name, "");
    }

    return rc;
}


static ngx_inline ngx_int_t
ngx_http_seckill_claim_arg(u_char *p, u_char *end, ngx_str_t *name,
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


/* decodes "%XX"; NGX_DECLINED: it is no user, and "wrong" says why */

static ngx_int_t
ngx_http_seckill_claim_check(ngx_http_seckill_claim_t *hc, ngx_uint_t encoded,
    const char **wrong)
{
    u_char     *p, *last, *dst;
    ngx_int_t   ch;
    ngx_str_t  *s;

    s = &hc->claim.user;

    if (s->len == 0) {
        *wrong = "no user is given (a body is not read)";
        return NGX_DECLINED;
    }

    *wrong = "the user is longer than 128 bytes";

    if (s->len > 3 * SK_USER_SIZE_MAX) {
        return NGX_DECLINED;
    }

    last = s->data + s->len;

    if (encoded && memchr(s->data, '%', s->len)) {

        dst = ngx_pnalloc(hc->request->pool, s->len);
        if (dst == NULL) {
            return NGX_ERROR;
        }

        p = s->data;
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
        last = dst;
    }

    if (s->len > SK_USER_SIZE_MAX) {
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


ngx_int_t
ngx_http_seckill_claim_wait(ngx_http_seckill_claim_t *hc, sk_answer_t *answer,
    ngx_seckill_claim_pt done)
{
    ngx_http_cleanup_t        *cln;
    ngx_http_request_t        *r;
    ngx_http_seckill_claim_t  *waiting;

    r = hc->request;

    cln = ngx_http_cleanup_add(r, 0);
    waiting = ngx_palloc(r->pool, sizeof(ngx_http_seckill_claim_t));

    if (cln == NULL || waiting == NULL) {
        return NGX_ERROR;
    }

    *waiting = *hc;

    waiting->claim.done = done;

    cln->handler = ngx_http_seckill_claim_cleanup;
    cln->data = waiting;

    ngx_seckill_claim_wait(&waiting->claim, answer);

    ngx_http_seckill_call_park(r);

    return NGX_AGAIN;
}


static void
ngx_http_seckill_claim_done(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_http_request_t        *r;
    ngx_http_seckill_claim_t  *hc;

    hc = (ngx_http_seckill_claim_t *) claim;
    r = hc->request;

    ngx_http_set_log_request(r->connection->log, r);

    ngx_http_seckill_call_finish(r, ngx_http_seckill_claim_send(hc, answer));
}


/* the request is over, or its client has left: it is decided all the same */

static void
ngx_http_seckill_claim_cleanup(void *data)
{
    ngx_http_seckill_claim_t  *hc = data;

    ngx_seckill_wait_end(&hc->claim.wait);
}


ngx_int_t
ngx_http_seckill_claim_send(ngx_http_seckill_claim_t *hc, sk_answer_t *answer)
{
    size_t                len;
    ngx_buf_t            *b;
    const ngx_str_t      *head;
    const sk_result_t    *res;
    ngx_http_request_t   *r;
    ngx_seckill_claim_t  *claim;

    sk_assert(answer->result < SK_RESULT_N);

    r = hc->request;
    claim = &hc->claim;
    res = &sk_results[answer->result];
    head = &ngx_http_seckill_heads[answer->result];

    len = head->len + sizeof("\",\"user\":\"\"}\n")
          + sizeof(",\"order\":,\"state\":\"held\",\"expires_at\":\"\","
                   "\"units\":")
          + SK_TIME_SIZE
          + (claim->sale ? claim->sale_name.len
                         : ngx_http_seckill_reply_json_len(&claim->sale_name))
          + (hc->plain ? claim->user.len
                       : ngx_http_seckill_reply_json_len(&claim->user))
          + 3 * NGX_INT64_LEN;

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, head->data, head->len);

    /* the name of a sale that is there has nothing to escape */

    b->last = claim->sale
              ? ngx_cpymem(b->last, claim->sale_name.data, claim->sale_name.len)
              : ngx_http_seckill_reply_json(b->last, &claim->sale_name);

    b->last = ngx_cpymem(b->last, "\",\"user\":\"", 10);

    b->last = hc->plain
              ? ngx_cpymem(b->last, claim->user.data, claim->user.len)
              : ngx_http_seckill_reply_json(b->last, &claim->user);

    *b->last++ = '"';

    switch (answer->result) {

    case SK_WON:
    case SK_ALREADY:
        b->last = ngx_http_seckill_claim_order(b->last, claim, answer);
        break;

    case SK_NOT_STARTED:
        b->last = ngx_sprintf(b->last, ",\"starts_in\":%L",
                              (answer->starts_in_ms + 999) / 1000);
        break;

    case SK_NONE:
        b->last = ngx_sprintf(b->last, ",\"sale_state\":\"%s\"",
                              sk_sale_states[answer->sale_state]);
        break;

    default:
        break;
    }

    b->last = ngx_cpymem(b->last, "}\n", 2);

    return ngx_http_seckill_reply_send(r, res->status,
                                       &ngx_http_seckill_reply_json_type, b);
}


static u_char *
ngx_http_seckill_claim_order(u_char *p, ngx_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    char  expires[SK_TIME_SIZE + 1];

    p = ngx_sprintf(p, ",\"order\":%uL", answer->order);

    if (answer->state == SK_UNIT_HELD) {
        sk_time_format(expires, (int64_t) answer->expires_s * 1000);
        p = ngx_sprintf(p, ",\"state\":\"held\",\"expires_at\":\"%s\"",
                        expires);

    } else if (claim->ask) {
        p = ngx_cpymem(p, ",\"state\":\"sold\"", 15);
    }

    if (answer->n_orders > 1) {
        p = ngx_sprintf(p, ",\"units\":%ud", answer->n_orders);
    }

    return p;
}
