#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_get_value(ngx_http_request_t *r,
    ngx_http_seckill_value_t *value, ngx_str_t *text);
static ngx_int_t ngx_http_seckill_decode(ngx_http_request_t *r, ngx_str_t *s,
    const char **wrong);
static ngx_int_t ngx_http_seckill_claim_early(sk_zone_t *zone,
    sk_answer_t *answer);
static ngx_int_t ngx_http_seckill_invalid(ngx_http_request_t *r,
    ngx_http_seckill_zone_t *zone, const char *message);


ngx_int_t
ngx_http_seckill_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    const char                   *wrong;
    sk_answer_t                   answer;
    ngx_http_seckill_claim_t      claim;
    ngx_http_seckill_loc_conf_t  *slcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_seckill_not_allowed(r, "GET, HEAD, POST");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    claim.zone = slcf->zone;
    claim.timeout = slcf->timeout;
    claim.sale = NULL;
    claim.ask = !(r->method & NGX_HTTP_POST);

    rc = ngx_http_seckill_get_value(r, &slcf->sale, &claim.sale_name);

    if (rc == NGX_OK) {
        rc = ngx_http_seckill_get_value(r, &slcf->user, &claim.user);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_seckill_invalid(r, slcf->zone,
                                        "an argument is given twice");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_seckill_decode(r, &claim.user, &wrong);

    if (rc == NGX_DECLINED) {
        return ngx_http_seckill_invalid(r, slcf->zone, wrong);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_seckill_claim_run(&claim, &answer);

    if (rc == NGX_AGAIN) {
        return ngx_http_seckill_wait(r, &claim, &answer);
    }

    return ngx_http_seckill_claim_answer(r, &claim, &answer);
}


/* NGX_DECLINED: the argument is there twice, which one is meant? */

static ngx_int_t
ngx_http_seckill_get_value(ngx_http_request_t *r,
    ngx_http_seckill_value_t *value, ngx_str_t *text)
{
    u_char     *last;
    ngx_int_t   rc;
    ngx_str_t   args, again;

    if (value->arg.len == 0) {
        return ngx_http_complex_value(r, &value->value, text);
    }

    if (ngx_http_arg(r, value->arg.data, value->arg.len, text) != NGX_OK) {
        ngx_str_null(text);
        return NGX_OK;
    }

    args = r->args;
    last = args.data + args.len;

    r->args.data = text->data + text->len;
    r->args.len = last - r->args.data;

    rc = ngx_http_arg(r, value->arg.data, value->arg.len, &again);

    r->args = args;

    return (rc == NGX_OK) ? NGX_DECLINED : NGX_OK;
}


/* decodes "%XX"; NGX_DECLINED: it is no user, and "wrong" says why */

static ngx_int_t
ngx_http_seckill_decode(ngx_http_request_t *r, ngx_str_t *s,
    const char **wrong)
{
    u_char     *p, *last, *dst;
    ngx_int_t   ch;

    if (s->len == 0) {
        *wrong = "no user is given";
        return NGX_DECLINED;
    }

    *wrong = "the user is longer than 128 bytes";

    if (s->len > 3 * SK_USER_SIZE_MAX) {
        return NGX_DECLINED;
    }

    last = s->data + s->len;

    if (ngx_strlchr(s->data, last, '%')) {

        dst = ngx_pnalloc(r->pool, s->len);
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

    for (p = s->data; p < last; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *wrong = "the user has a control character";
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_invalid(ngx_http_request_t *r, ngx_http_seckill_zone_t *zone,
    const char *message)
{
    sk_zone_count(zone->shm, ngx_worker, NULL, SK_INVALID);

    return ngx_http_seckill_send_error(r, SK_INVALID, message);
}


ngx_int_t
ngx_http_seckill_claim_run(ngx_http_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    int64_t      now_ms;
    sk_zone_t   *zone;
    sk_claim_t   c;
    ngx_time_t  *tp;

    zone = claim->zone->shm;

    if (sk_load_acquire(&zone->state) != SK_ZONE_READY) {
        return ngx_http_seckill_claim_early(zone, answer);
    }

    if (claim->sale == NULL) {
        claim->sale = sk_zone_sale(zone, (char *) claim->sale_name.data,
                                   claim->sale_name.len);
    }

    if (claim->sale == NULL) {

        if (ngx_http_seckill_sale_pending(claim->zone, &claim->sale_name)) {
            return ngx_http_seckill_claim_early(zone, answer);
        }

        answer->result = SK_UNKNOWN_SALE;
        return NGX_OK;
    }

    tp = ngx_timeofday();
    now_ms = (int64_t) tp->sec * 1000 + tp->msec;

    c.sale = claim->sale;
    c.user = (char *) claim->user.data;
    c.user_len = claim->user.len;

    if (claim->ask) {
        sk_gate_ask(zone, &c, now_ms, answer);

    } else {
        sk_gate_claim(zone, &c, now_ms, sk_drain_now_us(), answer);

        if (answer->admitted) {
            ngx_http_seckill_drain_wake(claim->zone);
        }
    }

    return (answer->result == SK_WAIT) ? NGX_AGAIN : NGX_OK;
}


/* the helper has not got so far yet: wait, unless the store fails */

static ngx_int_t
ngx_http_seckill_claim_early(sk_zone_t *zone, sk_answer_t *answer)
{
    ngx_memzero(answer, sizeof(sk_answer_t));

    if (sk_load(&zone->failing)) {
        answer->result = SK_UNAVAILABLE;
        return NGX_OK;
    }

    answer->result = SK_WAIT;
    return NGX_AGAIN;
}


ngx_int_t
ngx_http_seckill_claim_answer(ngx_http_request_t *r,
    ngx_http_seckill_claim_t *claim, sk_answer_t *answer)
{
    size_t              len;
    ngx_buf_t          *b;
    const sk_result_t  *res;

    res = &sk_results[answer->result];

    sk_zone_count(claim->zone->shm, ngx_worker, claim->sale,
                  claim->ask ? SK_NONE : answer->result);

    len = sizeof("{\"code\":,\"result\":\"\",\"sale\":\"\",\"user\":\"\"}\n")
          + sizeof(",\"order\":,\"state\":\"held\",\"units\":") + res->len
          + ngx_http_seckill_json_len(&claim->sale_name)
          + ngx_http_seckill_json_len(&claim->user) + 3 * NGX_INT64_LEN;

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"code\":%ud,\"result\":\"", res->code);
    b->last = ngx_cpymem(b->last, res->name, res->len);
    b->last = ngx_cpymem(b->last, "\",\"sale\":\"", 10);
    b->last = ngx_http_seckill_json(b->last, &claim->sale_name);
    b->last = ngx_cpymem(b->last, "\",\"user\":\"", 10);
    b->last = ngx_http_seckill_json(b->last, &claim->user);
    *b->last++ = '"';

    switch (answer->result) {

    case SK_WON:
    case SK_ALREADY:
        b->last = ngx_sprintf(b->last, ",\"order\":%uL", answer->order);

        if (claim->ask) {
            b->last = ngx_sprintf(b->last, ",\"state\":\"%s\"",
                                  answer->state == SK_UNIT_HELD ? "held"
                                                                : "sold");
        }

        if (answer->n_orders > 1) {
            b->last = ngx_sprintf(b->last, ",\"units\":%ud",
                                  answer->n_orders);
        }

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

    return ngx_http_seckill_send(r, res->status, &ngx_http_seckill_json_type,
                                 b);
}
