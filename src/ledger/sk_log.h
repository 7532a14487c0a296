/* Where the engine's messages go: whoever runs it says, for several threads. */


#ifndef _SK_LOG_H_INCLUDED_
#define _SK_LOG_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_LOG_MESSAGE_MAX  512         /* bytes, what is longer is cut */


typedef enum {
    SK_LOG_ERR,
    SK_LOG_WARN,
    SK_LOG_NOTICE,
    SK_LOG_DEBUG
} sk_log_e;


typedef struct {
    void    (*write)(void *ctx, sk_log_e level, const char *message);
    void     *ctx;
} sk_log_t;


void sk_log(const sk_log_t *log, sk_log_e level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


#pragma GCC visibility pop


#endif /* _SK_LOG_H_INCLUDED_ */
