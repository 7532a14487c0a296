/*
 * For LD_PRELOAD: the process is killed at a call of a function, before or
 * after it is done: KILL_AT=rename:before:2 is the second one.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>


static void
kill_at(const char *name, const char *when, int n)
{
    char         text[64];
    const char  *at;

    (void) snprintf(text, sizeof(text), "%s:%s:%d", name, when, n);

    at = getenv("KILL_AT");

    if (at && strcmp(at, text) == 0) {
        (void) kill(getpid(), SIGKILL);
    }
}


#define WRAP(type, name, args, ...)                                          \
    type                                                                     \
    name args                                                                \
    {                                                                        \
        type         rc;                                                     \
        static int   n;                                                      \
        static type  (*real) args;                                           \
                                                                             \
        if (real == NULL) {                                                  \
            real = (type (*) args) dlsym(RTLD_NEXT, #name);                  \
        }                                                                    \
                                                                             \
        n++;                                                                 \
        kill_at(#name, "before", n);                                         \
        rc = real(__VA_ARGS__);                                              \
        kill_at(#name, "after", n);                                          \
                                                                             \
        return rc;                                                           \
    }


WRAP(int, rename, (const char *from, const char *to), from, to)
WRAP(int, fsync, (int fd), fd)
WRAP(ssize_t, send, (int fd, const void *p, size_t n_, int flags), fd, p, n_,
     flags)
