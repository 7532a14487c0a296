/* A clock that nobody sets, to measure time with: not for what is stored. */


#ifndef _SK_MONOTONIC_H_INCLUDED_
#define _SK_MONOTONIC_H_INCLUDED_


#include <stdint.h>


#pragma GCC visibility push(hidden)


/* microseconds since some moment, the same for all processes */
int64_t sk_monotonic_us(void);


#pragma GCC visibility pop


#endif /* _SK_MONOTONIC_H_INCLUDED_ */
