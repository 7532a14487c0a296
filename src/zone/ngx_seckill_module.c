#include "ngx_seckill.h"


/*
 * The module of no protocol: the zones of a configuration, and what processes
 * do for them.  Directives are the business of those modules that use it.
 */


static void *ngx_seckill_module_create_conf(ngx_cycle_t *cycle);


static ngx_core_module_t  ngx_seckill_module_ctx = {
    ngx_string("seckill"),
    ngx_seckill_module_create_conf,
    ngx_seckill_conf_init
};


ngx_module_t  ngx_seckill_module = {
    NGX_MODULE_V1,
    &ngx_seckill_module_ctx,               /* module context */
    NULL,                                  /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_seckill_process_init,              /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_seckill_process_exit,              /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_seckill_module_create_conf(ngx_cycle_t *cycle)
{
    ngx_seckill_conf_t  *conf;

    conf = ngx_pcalloc(cycle->pool, sizeof(ngx_seckill_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->zones, cycle->pool, 2,
                       sizeof(ngx_seckill_zone_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return conf;
}
