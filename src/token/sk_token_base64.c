#include "sk_token_base64.h"


/* the value of a character, and 64 more than that: 0 is none */

static const uint8_t  sk_token_base64_values[256] = {
    ['A'] = 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
            80, 81, 82, 83, 84, 85, 86, 87, 88, 89,
    ['a'] = 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104,
            105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115,
    ['0'] = 116, 117, 118, 119, 120, 121, 122, 123, 124, 125,
    ['-'] = 126,
    ['_'] = 127
};


int
sk_token_base64_decode(uint8_t *bin, size_t max, const char *text, size_t len,
    size_t *size)
{
    size_t    i, n, bits;
    uint8_t   value;
    uint32_t  word;

    n = len / 4 * 3 + (len % 4 * 6) / 8;

    if (len % 4 == 1 || n > max) {
        return SK_ERROR;
    }

    word = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        value = sk_token_base64_values[(uint8_t) text[i]];

        if (value == 0) {
            return SK_ERROR;
        }

        word = word << 6 | (value & 63);
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *bin++ = (uint8_t) (word >> bits);
        }
    }

    /* bits that are left belong to no byte */

    if (word & ((1u << bits) - 1)) {
        return SK_ERROR;
    }

    *size = n;

    return SK_OK;
}
