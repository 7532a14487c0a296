/*
 * A file of the repository in the module, byte by byte, as NAME_start and
 * NAME_end.  The assembler looks for it where "config" says that headers are.
 */


#ifndef _NGX_HTTP_SECKILL_EMBED_H_INCLUDED_
#define _NGX_HTTP_SECKILL_EMBED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_SECKILL_EMBED(name, file)                                   \
    __asm__(                                                                 \
        ".pushsection .rodata\n"                                             \
        #name "_start:\n"                                                    \
        ".incbin \"" file "\"\n"                                             \
        #name "_end:\n"                                                      \
        ".popsection\n"                                                      \
    );                                                                       \
    extern u_char  name##_start[];                                           \
    extern u_char  name##_end[]


#endif /* _NGX_HTTP_SECKILL_EMBED_H_INCLUDED_ */
