/*
 * The operator's console: a page and what it needs, which are in the module as
 * they are in console/dist, and the JSON that tells the page where the API is.
 */


#ifndef _NGX_HTTP_SECKILL_CONSOLE_H_INCLUDED_
#define _NGX_HTTP_SECKILL_CONSOLE_H_INCLUDED_


#include "ngx_http_seckill.h"


#pragma GCC visibility push(hidden)


#define NGX_HTTP_SECKILL_CONSOLE_HASH_SIZE  16      /* bytes of a hash that an
                                                       ETag has */


/* a file as it is, or compressed: another representation has another ETag */

typedef struct {
    u_char                         *start;
    u_char                         *end;
    u_char                          etag[sizeof("\"\"")
                                      + 2 * NGX_HTTP_SECKILL_CONSOLE_HASH_SIZE];
} ngx_http_seckill_console_body_t;


typedef struct {
    ngx_str_t                        name;  /* below the location */
    ngx_str_t                        type;  /* without the charset */
    ngx_http_seckill_console_body_t  plain;
    ngx_http_seckill_console_body_t  gzip;
} ngx_http_seckill_console_file_t;


/* ngx_http_seckill_console_file.c */

/* makes the ETags: while the configuration is read, before any is served */
void ngx_http_seckill_console_file_init(void);
/* NULL: there is none of this name */
ngx_http_seckill_console_file_t *ngx_http_seckill_console_file_find(
    ngx_str_t *name);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_CONSOLE_H_INCLUDED_ */
