#include <stdio.h>
#include <stdlib.h>

#include "say.h"


void
say(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    say_list(fmt, args);
    va_end(args);
}


void
say_list(const char *fmt, va_list args)
{
    (void) fputs("seckill: ", stderr);
    (void) vfprintf(stderr, fmt, args);
    (void) fputc('\n', stderr);
}


int
say_refused(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    say_list(fmt, args);
    va_end(args);

    return SAY_REFUSED;
}


void *
say_memory(void *p)
{
    if (p == NULL) {
        say("out of memory");
        exit(SAY_REFUSED);
    }

    return p;
}
