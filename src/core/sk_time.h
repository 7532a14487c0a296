/*
 * Times as people write them: RFC 3339, "2026-11-27T09:00:00.120Z".  For
 * anybody.
 */


#ifndef _SK_TIME_H_INCLUDED_
#define _SK_TIME_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_TIME_SIZE  (sizeof("2026-11-27T09:00:00.120Z") - 1)


/*
 * Reads a time of RFC 3339, from 1970 on; of a second's fraction, which may
 * have any number of digits, what is less than a millisecond is dropped.
 * Returns SK_OK, or SK_ERROR if the text is none.
 */
int sk_time_parse(const char *text, size_t len, int64_t *ms);

/* writes SK_TIME_SIZE bytes and a zero; "ms" is from the years 1970 to 9999 */
void sk_time_format(char *text, int64_t ms);


#pragma GCC visibility pop


#endif /* _SK_TIME_H_INCLUDED_ */
