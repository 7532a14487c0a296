#include "ngx_http_seckill.h"
#include "sk_time.h"


/* the JSON that buyers get */


static u_char *ngx_http_seckill_claim_print_more(u_char *p,
    ngx_seckill_claim_t *claim, sk_answer_t *answer);
static u_char *ngx_http_seckill_claim_print_opening(u_char *p,
    sk_answer_t *answer);
static u_char *ngx_http_seckill_claim_print_order(u_char *p,
    ngx_seckill_claim_t *claim, sk_answer_t *answer);


/* the longest beginning of all */

#define NGX_HTTP_SECKILL_CLAIM_HEAD                                          \
    (sizeof("{\"code\":,\"result\":\"\",\"sale\":\"") + NGX_INT_T_LEN         \
     + sizeof("not_started"))


/* how the answers begin */

static const ngx_str_t  ngx_http_seckill_heads[] = {
#define X(constant, code, name, status)                                      \
    ngx_string("{\"code\":" #code ",\"result\":\"" name "\",\"sale\":\""),
    SK_RESULT_TABLE(X)
#undef X
};


size_t
ngx_http_seckill_claim_print_len(ngx_http_seckill_claim_t *hc)
{
    ngx_seckill_claim_t  *claim;

    claim = &hc->claim;

    return NGX_HTTP_SECKILL_CLAIM_HEAD
           + sizeof("\",\"user\":\"\"")
           + sizeof(",\"starts_in\":,\"starts_in_ms\":")
           + sizeof(",\"order\":,\"state\":\"held\",\"expires_at\":\"\","
                    "\"units\":,\"order_sale\":\"\"")
           + SK_TIME_SIZE + SK_NAME_SIZE_MAX
           + (claim->sale ? claim->sale_name.len
                          : ngx_http_seckill_reply_json_len(&claim->sale_name))
           + (hc->plain ? claim->user.len
                        : ngx_http_seckill_reply_json_len(&claim->user))
           + 3 * NGX_INT64_LEN;
}


u_char *
ngx_http_seckill_claim_print(u_char *p, ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer)
{
    const ngx_str_t      *head;
    ngx_seckill_claim_t  *claim;

    claim = &hc->claim;
    head = &ngx_http_seckill_heads[answer->result];

    p = ngx_cpymem(p, head->data, head->len);

    /* the name of a sale that is there has nothing to escape */

    p = claim->sale
        ? ngx_cpymem(p, claim->sale_name.data, claim->sale_name.len)
        : ngx_http_seckill_reply_json(p, &claim->sale_name);

    p = ngx_cpymem(p, "\",\"user\":\"", 10);

    p = hc->plain ? ngx_cpymem(p, claim->user.data, claim->user.len)
                  : ngx_http_seckill_reply_json(p, &claim->user);

    *p++ = '"';

    return ngx_http_seckill_claim_print_more(p, claim, answer);
}


/* what an answer has but for its sale and user */

static u_char *
ngx_http_seckill_claim_print_more(u_char *p, ngx_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    switch (answer->result) {

    case SK_WON:
    case SK_ALREADY:
        return ngx_http_seckill_claim_print_order(p, claim, answer);

    case SK_NOT_STARTED:
        return ngx_sprintf(p, ",\"starts_in\":%L",
                           (answer->starts_in_ms + 999) / 1000);

    case SK_WAITING:
        return ngx_http_seckill_claim_print_opening(p, answer);

    case SK_QUEUED:
        return ngx_sprintf(p, ",\"position\":%uD,\"may_return\":%L",
                           answer->position, answer->may_return);

    case SK_NONE:
        p = ngx_sprintf(p, ",\"sale_state\":\"%s\"",
                        sk_sale_states[answer->sale_state]);

        return answer->starts_in_ms
               ? ngx_http_seckill_claim_print_opening(p, answer) : p;

    default:
        return p;
    }
}


/* exactly, too: who comes a second late may find that the sale is sold out */

static u_char *
ngx_http_seckill_claim_print_opening(u_char *p, sk_answer_t *answer)
{
    return ngx_sprintf(p, ",\"starts_in\":%L,\"starts_in_ms\":%L",
                       (answer->starts_in_ms + 999) / 1000,
                       answer->starts_in_ms);
}


static u_char *
ngx_http_seckill_claim_print_order(u_char *p, ngx_seckill_claim_t *claim,
    sk_answer_t *answer)
{
    char        expires[SK_TIME_SIZE + 1];
    sk_sale_t  *sale;

    p = ngx_sprintf(p, ",\"order\":%uL", answer->order);

    sale = &claim->zone->shm->sales.elts[answer->slot];

    if (answer->result == SK_ALREADY && sale != claim->sale) {
        p = ngx_sprintf(p, ",\"order_sale\":\"%*s\"",
                        (size_t) sk_load(&sale->name_len), sale->name);
    }

    if (answer->state == SK_STATE_HELD) {
        sk_time_format(expires, (int64_t) answer->expires_s * 1000);
        p = ngx_sprintf(p, ",\"state\":\"held\",\"expires_at\":\"%s\"",
                        expires);

    } else if (claim->ask) {
        p = ngx_sprintf(p, ",\"state\":\"%s\"", sk_states[answer->state]);
    }

    if (answer->n_orders > 1) {
        p = ngx_sprintf(p, ",\"units\":%ud", answer->n_orders);
    }

    return p;
}
