/* UTF-8: what is one character and what is none.  For anybody. */


#ifndef _SK_UTF8_H_INCLUDED_
#define _SK_UTF8_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


#define SK_UTF8_REPLACEMENT  "\xef\xbf\xbd"     /* U+FFFD */
#define SK_UTF8_MENDED_MAX(len)  (3 * (len))


/*
 * The end of the character at "p", which is before "last"; "p" itself if it is
 * no valid UTF-8: RFC 3629, section 4.
 */
const uint8_t *sk_utf8_end(const uint8_t *p, const uint8_t *last);

/*
 * Copies a text, with U+FFFD for each byte that is no UTF-8; there is room for
 * SK_UTF8_MENDED_MAX(len) bytes.  Returns how many it has become.
 */
size_t sk_utf8_mend(char *dst, const char *text, size_t len);


#pragma GCC visibility pop


#endif /* _SK_UTF8_H_INCLUDED_ */
