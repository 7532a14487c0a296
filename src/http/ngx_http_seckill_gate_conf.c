#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_gate_conf_param(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_http_seckill_gate_conf_t *gate);
static ngx_uint_t ngx_http_seckill_gate_conf_states(ngx_str_t *value);


char *
ngx_http_seckill_gate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    ngx_int_t                      n;
    ngx_str_t                     *arg;
    ngx_uint_t                     i;
    ngx_http_seckill_gate_conf_t  *gate;

    if (slcf->gate != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    arg = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(arg[1].data, "off") == 0) {
        slcf->gate = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    gate = ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_gate_conf_t));
    if (gate == NULL) {
        return NGX_CONF_ERROR;
    }

    gate->states = SK_STATES_ALL;

    for (i = 1; i < cf->args->nelts; i++) {

        n = ngx_http_seckill_gate_conf_param(cf, &arg[i], gate);

        if (n == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (n == NGX_DECLINED) {
            return ngx_http_seckill_param_invalid(cf, &arg[i],
                       NGX_HTTP_SECKILL_CLAIM_PARAMS ", claim=on, claim=off, "
                       "state=held,sold,paid, or \"off\" alone");
        }
    }

    /* one that the request names would be any sale in which it has an order */

    if (gate->claim.sale.value.value.data == NULL) {
        return ngx_http_seckill_param_missing(cf, "sale");
    }

    slcf->gate = gate;

    return ngx_http_seckill_claim_conf_end(cf, &gate->claim);
}


static ngx_int_t
ngx_http_seckill_gate_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_gate_conf_t *gate)
{
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "claim=", &value)) {
        gate->claims = (ngx_strcmp(value.data, "on") == 0);

        return (gate->claims || ngx_strcmp(value.data, "off") == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_seckill_param(arg, "state=", &value)) {
        gate->states = ngx_http_seckill_gate_conf_states(&value);

        return gate->states ? NGX_OK : NGX_DECLINED;
    }

    return ngx_http_seckill_claim_conf_param(cf, arg, &gate->claim);
}


/* of "held,paid": sk_state_bit() of each; 0: one is none */

static ngx_uint_t
ngx_http_seckill_gate_conf_states(ngx_str_t *value)
{
    u_char      *p, *end, *last;
    ngx_uint_t   i, states;

    states = 0;
    last = value->data + value->len;

    for (p = value->data; p <= last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');
        end = end ? end : last;

        for (i = 0; i < SK_STATE_N; i++) {
            if (ngx_strlen(sk_states[i]) == (size_t) (end - p)
                && ngx_strncmp(sk_states[i], p, end - p) == 0)
            {
                break;
            }
        }

        if (i == SK_STATE_N) {
            return 0;
        }

        states |= sk_state_bit(i);
    }

    return states;
}
