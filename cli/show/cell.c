#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>
#include <wchar.h>

#include "cell.h"
#include "say.h"


#define CELL_ESCAPE_MAX   12            /* bytes of a pair of escapes */
#define CELL_BAD          0xfffd
#define CELL_REAL_DIGITS  15            /* of which each double has so many */


typedef struct {
    uint32_t    first;
    uint32_t    last;
} cell_range_t;


static int cell_is_plain(const char *text, size_t len);
static size_t cell_escape(char *out, uint32_t c);
static int cell_is_seen(uint32_t c, int first);
static unsigned cell_decode(const char *text, size_t len, uint32_t *c);
static locale_t cell_locale(void);


/*
 * Blanks unlike U+0020, and Unicode's Default_Ignorable_Code_Point and
 * Bidi_Control, which have no shape of their own (DerivedCoreProperties.txt,
 * PropList.txt): the C library takes most of them for printable.
 */

static const cell_range_t  cell_unseen[] = {
    { 0x00, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x34f, 0x34f },
    { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x1680, 0x1680 },
    { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x2000, 0x200f },
    { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x2800, 0x2800 },
    { 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xe000, 0xf8ff },
    { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
    { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
    { 0xe0000, 0x10ffff }
};


char *
cell_text(const json_t *value)
{
    char  *text, *quoted;

    if (value == NULL || json_is_null(value)) {
        return say_memory(strdup("-"));
    }

    if (json_is_string(value)) {
        return cell_quote(json_string_value(value), json_string_length(value));
    }

    text = cell_json(value);

    if (cell_is_plain(text, strlen(text))) {
        return text;
    }

    /* within JSON there are quotes already */

    free(text);
    quoted = say_memory(json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY
                                          |JSON_ENSURE_ASCII));
    return quoted;
}


char *
cell_quote(const char *text, size_t len)
{
    char      *out;
    size_t     n, i, size;
    unsigned   step;
    uint32_t   c;

    if (len == 0
        || (cell_is_plain(text, len) && text[0] != '"' && text[0] != ' '
            && text[len - 1] != ' ' && !(len == 1 && text[0] == '-')))
    {
        return say_memory(strndup(text, len));
    }

    out = say_memory(malloc(len * CELL_ESCAPE_MAX + sizeof("\"\"")));
    size = 0;
    out[size++] = '"';

    for (n = 0; n < len; n += step) {
        step = cell_decode(text + n, len - n, &c);

        if (c == '"' || c == '\\') {
            out[size++] = '\\';
            out[size++] = (char) c;

        } else if (cell_is_seen(c, n == 0)) {
            for (i = 0; i < step; i++) {
                out[size++] = text[n + i];
            }

        } else {
            size += cell_escape(out + size, c);
        }
    }

    out[size++] = '"';
    out[size] = '\0';

    return out;
}


static int
cell_is_plain(const char *text, size_t len)
{
    size_t    n;
    unsigned  step;
    uint32_t  c;

    for (n = 0; n < len; n += step) {
        step = cell_decode(text + n, len - n, &c);

        if (!cell_is_seen(c, n == 0)) {
            return 0;
        }
    }

    return 1;
}


static size_t
cell_escape(char *out, uint32_t c)
{
    char  text[CELL_ESCAPE_MAX + 1];
    int   len;

    if (c < 0x10000) {
        len = snprintf(text, sizeof(text), "\\u%04x", (unsigned) c);

    } else {
        c -= 0x10000;
        len = snprintf(text, sizeof(text), "\\u%04x\\u%04x",
                       (unsigned) (0xd800 + (c >> 10)),
                       (unsigned) (0xdc00 + (c & 0x3ff)));
    }

    memcpy(out, text, (size_t) len);

    return (size_t) len;
}


/* a mark that goes with the character before it has none to go with, if it is
   the first */

static int
cell_is_seen(uint32_t c, int first)
{
    size_t    i;
    locale_t  locale;

    if (c >= ' ' && c < 0x7f) {
        return 1;
    }

    for (i = 0; i < sizeof(cell_unseen) / sizeof(cell_unseen[0]); i++) {
        if (c >= cell_unseen[i].first && c <= cell_unseen[i].last) {
            return 0;
        }
    }

    locale = cell_locale();

    return locale && iswprint_l((wint_t) c, locale)
           && !(first && wcwidth((wchar_t) c) == 0);
}


/* bytes of the character at "text", 1 if there is none: then CELL_BAD */

static unsigned
cell_decode(const char *text, size_t len, uint32_t *c)
{
    unsigned       i, n;
    unsigned char  lead;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    lead = (unsigned char) text[0];
    n = (lead < 0x80) ? 1 : (lead >> 5 == 6) ? 2 : (lead >> 4 == 14) ? 3
        : (lead >> 3 == 30) ? 4 : 0;

    *c = CELL_BAD;

    if (n == 0 || n > len) {
        return 1;
    }

    if (n == 1) {
        *c = lead;
        return 1;
    }

    lead &= (unsigned char) (0x7f >> n);
    *c = lead;

    for (i = 1; i < n; i++) {
        if (((unsigned char) text[i] & 0xc0) != 0x80) {
            *c = CELL_BAD;
            return 1;
        }
        *c = *c << 6 | ((unsigned char) text[i] & 0x3f);
    }

    if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff)) {
        *c = CELL_BAD;
        return 1;
    }

    return n;
}


/* what is a character is so in any locale; a terminal that has no UTF-8 is none
   of ours */

static locale_t
cell_locale(void)
{
    static locale_t  locale;

    if (locale == (locale_t) 0) {
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);

        if (locale) {
            (void) uselocale(locale);
        }
    }

    return locale;
}


size_t
cell_width(const char *text)
{
    int       width;
    size_t    sum, len;
    unsigned  step;
    uint32_t  c;

    (void) cell_locale();

    for (sum = 0, len = strlen(text); len; text += step, len -= step) {
        step = cell_decode(text, len, &c);
        width = (c < 0x7f) ? 1 : wcwidth((wchar_t) c);
        sum += (width > 0) ? (size_t) width : (width < 0);
    }

    return sum;
}


char *
cell_json(const json_t *value)
{
    char    *text;
    json_t  *again;

    text = say_memory(json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY
                                 |JSON_REAL_PRECISION(CELL_REAL_DIGITS)));

    again = json_loads(text, JSON_DECODE_ANY, NULL);

    if (!json_equal(again, value)) {
        free(text);
        text = say_memory(json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY));
    }

    json_decref(again);

    return text;
}
