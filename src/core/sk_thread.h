/*
 * Threads of a process that knows of one only: signals are for that one, which
 * knows what to do with them.
 */


#ifndef _SK_THREAD_H_INCLUDED_
#define _SK_THREAD_H_INCLUDED_


#include <pthread.h>

#include "sk_core.h"


#pragma GCC visibility push(hidden)


/* in a thread with all signals blocked; 0, or the error's number */
int sk_thread_start(pthread_t *thread, void *(*run)(void *data), void *data);


#pragma GCC visibility pop


#endif /* _SK_THREAD_H_INCLUDED_ */
