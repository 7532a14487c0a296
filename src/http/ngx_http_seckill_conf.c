#include "ngx_http_seckill.h"


static ngx_int_t ngx_http_seckill_conf_phase(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler, ngx_uint_t last);
static ngx_int_t ngx_http_seckill_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_loc_conf_t *slcf);
static char *ngx_http_seckill_conf_api_params(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf, ngx_uint_t *key, ngx_str_t *by);


void *
ngx_http_seckill_conf_create_main(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_main_conf_t));
}


ngx_int_t
ngx_http_seckill_conf_init(ngx_conf_t *cf)
{
    if (ngx_http_seckill_conf_phase(cf, NGX_HTTP_ACCESS_PHASE,
                                    ngx_http_seckill_gate_handler, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_seckill_conf_phase(cf, NGX_HTTP_PRECONTENT_PHASE,
                                    ngx_http_seckill_gate_subrequest, 0)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_seckill_variable_find(cf);

    return NGX_OK;
}


/*
 * ngx_http_init_phase_handlers() has the handler that was added last run first.
 * The gate is to run last, when nginx's own modules have said whether a
 * password is right and how many may come: a claim is not taken back.
 */

static ngx_int_t
ngx_http_seckill_conf_phase(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler, ngx_uint_t last)
{
    ngx_uint_t                  n;
    ngx_array_t                *handlers;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handlers = &cmcf->phases[phase].handlers;
    n = handlers->nelts;

    h = ngx_array_push(handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    if (last) {
        h = handlers->elts;
        ngx_memmove(h + 1, h, n * sizeof(ngx_http_handler_pt));
    }

    *h = handler;

    return NGX_OK;
}


void *
ngx_http_seckill_conf_create_loc(ngx_conf_t *cf)
{
    ngx_http_seckill_loc_conf_t  *slcf;

    slcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_seckill_loc_conf_t));
    if (slcf == NULL) {
        return NULL;
    }

    slcf->gate = NGX_CONF_UNSET_PTR;
    slcf->gate_inside = NGX_CONF_UNSET_PTR;
    slcf->token = NGX_CONF_UNSET_PTR;
    slcf->receipt = NGX_CONF_UNSET_PTR;

    return slcf;
}


/*
 * "if" and "limit_except" make locations of their own, which are what is
 * around them with another configuration; they take ours from there.  A gate is
 * inherited, but not in effect where a location answers buyers or operators
 * itself: where else could they get what lets them pass?  Locations inside of
 * that one have it again.
 */

char *
ngx_http_seckill_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_seckill_loc_conf_t  *prev = parent;
    ngx_http_seckill_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_seckill_gate_conf_t  *gate, *inside;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    gate = conf->gate;
    inside = gate;

    ngx_conf_merge_ptr_value(inside, prev->gate_inside, NULL);

    if (gate == NGX_CONF_UNSET_PTR) {
        gate = conf->handler ? NULL : inside;
    }

    if (clcf->noname && conf->zone == NULL) {
        *conf = *prev;
    }

    conf->gate = gate;
    conf->gate_inside = inside;

    ngx_conf_merge_ptr_value(conf->token, prev->token, NULL);
    ngx_conf_merge_ptr_value(conf->receipt, prev->receipt, NULL);

    if (conf->handler == ngx_http_seckill_api_handler) {

        /* the API has its own limit, and its own answer */

        clcf->client_max_body_size = 0;
    }

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = conf->handler;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_seckill_conf_begin(ngx_conf_t *cf, ngx_http_seckill_loc_conf_t *slcf,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->handler) {
        return (slcf->handler == handler) ? "is duplicate"
               : "is in a location that another seckill directive answers";
    }

    if (ngx_http_seckill_param_once(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    clcf->handler = handler;
    slcf->handler = handler;

    return NGX_CONF_OK;
}


char *
ngx_http_seckill(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char        *rc;
    ngx_int_t    n;
    ngx_str_t   *arg;
    ngx_uint_t   i;

    rc = ngx_http_seckill_conf_begin(cf, slcf, ngx_http_seckill_claim_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        n = ngx_http_seckill_conf_param(cf, &arg[i], slcf);

        if (n == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (n == NGX_DECLINED) {
            return ngx_http_seckill_param_invalid(cf, &arg[i],
                       NGX_HTTP_SECKILL_CLAIM_PARAMS ", status=json, "
                       "status=auth, intercept=on, intercept=off");
        }
    }

    slcf->zone = slcf->claim.zone;

    return ngx_http_seckill_claim_conf_end(cf, &slcf->claim);
}


/* NGX_DECLINED: it is none; NGX_ERROR: it is logged */

static ngx_int_t
ngx_http_seckill_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_loc_conf_t *slcf)
{
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "status=", &value)) {
        slcf->auth = (ngx_strcmp(value.data, "auth") == 0);

        return (slcf->auth || ngx_strcmp(value.data, "json") == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_seckill_param(arg, "intercept=", &value)) {
        slcf->intercept = (ngx_strcmp(value.data, "on") == 0);

        return (slcf->intercept || ngx_strcmp(value.data, "off") == 0)
               ? NGX_OK : NGX_DECLINED;
    }

    return ngx_http_seckill_claim_conf_param(cf, arg, &slcf->claim);
}


char *
ngx_http_seckill_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char                              *rc;
    ngx_str_t                          by;
    ngx_uint_t                         key;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_compile_complex_value_t   ccv;

    rc = ngx_http_seckill_conf_begin(cf, slcf, ngx_http_seckill_api_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    if (ngx_http_seckill_conf_api_params(cf, slcf, &key, &by) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    /* requests are told apart by what follows the location's name */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        return "is not allowed in an exact, named or regular expression "
               "location";
    }

    if (!key) {
        return "must have \"key=file\", or \"key=off\" where access rules "
               "guard the location";
    }

    if (by.len && slcf->keys) {
        return "has \"by=\", but keys have labels";
    }

    if (by.len == 0) {
        ngx_str_set(&by, "$remote_addr");
    }

    slcf->by = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (slcf->by == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &by;
    ccv.complex_value = slcf->by;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_seckill_conf_api_params(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf, ngx_uint_t *key, ngx_str_t *by)
{
    ngx_str_t   *arg, value;
    ngx_uint_t   i;

    *key = 0;
    ngx_str_null(by);

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_seckill_conf_zone(cf, &value);
            if (slcf->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "key=", &value) && value.len) {
            *key = 1;

            if (value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0) {
                continue;
            }

            slcf->keys = ngx_http_seckill_keys_read(cf, &value);
            if (slcf->keys == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_seckill_param(&arg[i], "by=", &value) && value.len) {
            *by = value;
            continue;
        }

        return ngx_http_seckill_param_invalid(cf, &arg[i],
                                              "zone=, key=file, key=off, "
                                              "by=value");
    }

    return NGX_CONF_OK;
}


char *
ngx_http_seckill_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_seckill_loc_conf_t  *slcf = conf;

    char        *rc;
    ngx_str_t   *arg, value;
    ngx_uint_t   i;

    rc = ngx_http_seckill_conf_begin(cf, slcf,
                                     ngx_http_seckill_metrics_handler);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_seckill_param(&arg[i], "zone=", &value)) {

            slcf->zone = ngx_seckill_conf_zone(cf, &value);
            if (slcf->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strcmp(arg[i].data, "format=prometheus") == 0) {
            slcf->json = 0;
            continue;
        }

        if (ngx_strcmp(arg[i].data, "format=json") == 0) {
            slcf->json = 1;
            continue;
        }

        return ngx_http_seckill_param_invalid(cf, &arg[i],
                                        "zone=, format=prometheus, "
                                        "format=json");
    }

    if (slcf->zone == NULL) {
        return ngx_http_seckill_param_missing(cf, "zone");
    }

    return NGX_CONF_OK;
}
