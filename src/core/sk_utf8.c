#include "sk_utf8.h"


const uint8_t *
sk_utf8_end(const uint8_t *p, const uint8_t *last)
{
    size_t   len, i;
    uint8_t  low, high;

    if (*p < 0x80) {
        return p + 1;
    }

    len = (*p >= 0xc2 && *p <= 0xdf) ? 2
          : (*p >= 0xe0 && *p <= 0xef) ? 3
          : (*p >= 0xf0 && *p <= 0xf4) ? 4 : 0;

    if (len == 0 || (size_t) (last - p) < len) {
        return p;
    }

    /* the second byte: no overlong forms, surrogates, codes over the last */

    low = (*p == 0xe0) ? 0xa0 : (*p == 0xf0) ? 0x90 : 0x80;
    high = (*p == 0xed) ? 0x9f : (*p == 0xf4) ? 0x8f : 0xbf;

    if (p[1] < low || p[1] > high) {
        return p;
    }

    for (i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return p;
        }
    }

    return p + len;
}


size_t
sk_utf8_mend(char *dst, const char *text, size_t len)
{
    char           *start;
    size_t          n;
    const uint8_t  *p, *end, *last;

    start = dst;
    last = (const uint8_t *) text + len;

    for (p = (const uint8_t *) text; p < last; p += n) {

        end = sk_utf8_end(p, last);
        n = (size_t) (end - p);

        if (n) {
            memcpy(dst, p, n);
            dst += n;

        } else {
            memcpy(dst, SK_UTF8_REPLACEMENT, 3);
            dst += 3;
            n = 1;
        }
    }

    return (size_t) (dst - start);
}
