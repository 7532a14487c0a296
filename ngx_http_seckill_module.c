#include "ngx_http_seckill.h"


static ngx_command_t  ngx_http_seckill_commands[] = {

    { ngx_string("seckill_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_zone,
      0,
      0,
      NULL },

    { ngx_string("seckill_sale"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_sale,
      0,
      0,
      NULL },

    { ngx_string("seckill"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_1MORE,
      ngx_http_seckill,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_gate"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_gate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_stream"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_stream,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_console"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_console,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_token"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("seckill_receipt"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_seckill_receipt_conf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_seckill_module_ctx = {
    ngx_http_seckill_variable_add,         /* preconfiguration */
    ngx_http_seckill_conf_init,            /* postconfiguration */

    ngx_http_seckill_conf_create_main,     /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_seckill_conf_create_loc,      /* create location configuration */
    ngx_http_seckill_conf_merge_loc        /* merge location configuration */
};


ngx_module_t  ngx_http_seckill_module = {
    NGX_MODULE_V1,
    &ngx_http_seckill_module_ctx,          /* module context */
    ngx_http_seckill_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_seckill_reader_exit,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};
