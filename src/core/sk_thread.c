#include <signal.h>

#include "sk_thread.h"


int
sk_thread_start(pthread_t *thread, void *(*run)(void *data), void *data)
{
    int       rc;
    sigset_t  all, old;

    /* a new thread has the mask of the one that starts it */

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);

    rc = pthread_create(thread, NULL, run, data);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);

    return rc;
}
