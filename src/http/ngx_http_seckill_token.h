/* what a seckill_token says; for the files of that directive */


#ifndef _NGX_HTTP_SECKILL_TOKEN_H_INCLUDED_
#define _NGX_HTTP_SECKILL_TOKEN_H_INCLUDED_


#include "ngx_http_seckill.h"
#include "sk_token.h"


#pragma GCC visibility push(hidden)


struct ngx_http_seckill_token_conf_s {
    ngx_http_complex_value_t    value;
    sk_token_rules_t            rules;
};


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_TOKEN_H_INCLUDED_ */
