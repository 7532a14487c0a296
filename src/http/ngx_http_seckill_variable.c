#include "ngx_http_seckill.h"
#include "sk_time.h"


static ngx_int_t ngx_http_seckill_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static u_char *ngx_http_seckill_variable_print(u_char *p, uintptr_t data,
    ngx_http_seckill_outcome_t *outcome);


enum {
    NGX_HTTP_SECKILL_RESULT = 0,
    NGX_HTTP_SECKILL_CODE,
    NGX_HTTP_SECKILL_ORDER,
    NGX_HTTP_SECKILL_STATE,
    NGX_HTTP_SECKILL_SALE,
    NGX_HTTP_SECKILL_USER,
    NGX_HTTP_SECKILL_WAIT,
    NGX_HTTP_SECKILL_POSITION,
    NGX_HTTP_SECKILL_EXPIRES
};


/*
 * They may be asked in any phase, and are not found until there is an answer.
 * A request and its subrequests have one array of values, and each an answer of
 * its own: nginx keeps none of these, and all that ask, the log too, have them
 * found out anew.
 */

static ngx_http_variable_t  ngx_http_seckill_variables[] = {

    { ngx_string("seckill_result"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_RESULT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_code"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_CODE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_order"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_ORDER, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_state"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_STATE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_sale"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_SALE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_user"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_USER, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_wait"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_WAIT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_position"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_POSITION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_expires_at"), NULL, ngx_http_seckill_variable,
      NGX_HTTP_SECKILL_EXPIRES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("seckill_receipt"), NULL, ngx_http_seckill_receipt_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_seckill_variable_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_seckill_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return ngx_http_seckill_token_variables(cf);
}


void
ngx_http_seckill_variable_find(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    ngx_http_variable_t           *v, *indexed;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_seckill_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_seckill_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    indexed = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        for (v = ngx_http_seckill_variables; v->name.len; v++) {

            if (v->name.len == indexed[i].name.len
                && ngx_strncmp(v->name.data, indexed[i].name.data, v->name.len)
                   == 0)
            {
                smcf->variables++;

                if (v->get_handler == ngx_http_seckill_receipt_variable) {
                    smcf->receipts = 1;
                }
            }
        }
    }
}


static ngx_int_t
ngx_http_seckill_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    size_t                       len;
    u_char                      *p, *last;
    ngx_http_seckill_outcome_t  *outcome;

    v->valid = 0;
    v->no_cacheable = 0;
    v->not_found = 1;

    outcome = ngx_http_seckill_outcome_get(r);

    if (outcome == NULL) {
        return NGX_OK;
    }

    len = NGX_INT64_LEN + sizeof(".000") + SK_TIME_SIZE + outcome->sale.len
          + outcome->user.len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_http_seckill_variable_print(p, data, outcome);

    if (last == p) {
        return NGX_OK;
    }

    v->len = last - p;
    v->data = p;
    v->valid = 1;
    v->not_found = 0;

    return NGX_OK;
}


/* nothing is printed of what the answer does not have */

static u_char *
ngx_http_seckill_variable_print(u_char *p, uintptr_t data,
    ngx_http_seckill_outcome_t *outcome)
{
    char                expires[SK_TIME_SIZE + 1];
    sk_answer_t        *answer;
    const sk_result_t  *result;

    answer = &outcome->answer;
    result = &sk_results[answer->result];

    switch (data) {

    case NGX_HTTP_SECKILL_RESULT:
        return ngx_sprintf(p, "%s", result->name);

    case NGX_HTTP_SECKILL_CODE:
        return ngx_sprintf(p, "%ud", result->code);

    case NGX_HTTP_SECKILL_ORDER:
        return ngx_http_seckill_won(answer)
               ? ngx_sprintf(p, "%uL", answer->order) : p;

    case NGX_HTTP_SECKILL_STATE:
        return ngx_http_seckill_won(answer)
               ? ngx_sprintf(p, "%s", sk_states[answer->state]) : p;

    case NGX_HTTP_SECKILL_SALE:
        return outcome->sale.len
               ? ngx_cpymem(p, outcome->sale.data, outcome->sale.len) : p;

    case NGX_HTTP_SECKILL_USER:
        return outcome->user.len
               ? ngx_cpymem(p, outcome->user.data, outcome->user.len) : p;

    case NGX_HTTP_SECKILL_POSITION:
        return (answer->result == SK_QUEUED)
               ? ngx_sprintf(p, "%uD", answer->position) : p;

    case NGX_HTTP_SECKILL_EXPIRES:

        if (!ngx_http_seckill_won(answer) || answer->state != SK_STATE_HELD) {
            return p;
        }

        sk_time_format(expires, (int64_t) answer->expires_s * 1000);

        return ngx_sprintf(p, "%s", expires);

    default: /* NGX_HTTP_SECKILL_WAIT */
        return outcome->waited_us
               ? ngx_sprintf(p, "%L.%03L", outcome->waited_us / 1000000,
                             outcome->waited_us / 1000 % 1000)
               : p;
    }
}
