/*
 * A mutex for several processes that outlives those that hold it: its next
 * holder is told (EOWNERDEAD).
 */


#ifndef _SK_MUTEX_H_INCLUDED_
#define _SK_MUTEX_H_INCLUDED_


#include <pthread.h>

#include "sk_core.h"


#pragma GCC visibility push(hidden)


/* in shared memory; SK_OK, or SK_ERROR if the system has none */
int sk_mutex_init(pthread_mutex_t *mutex);


#pragma GCC visibility pop


#endif /* _SK_MUTEX_H_INCLUDED_ */
