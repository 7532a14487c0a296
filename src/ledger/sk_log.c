#include <stdarg.h>
#include <stdio.h>

#include "sk_log.h"


void
sk_log(const sk_log_t *log, sk_log_e level, const char *fmt, ...)
{
    char     message[SK_LOG_MESSAGE_MAX];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    log->write(log->ctx, level, message);
}
