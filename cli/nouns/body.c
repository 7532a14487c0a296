#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"


#define BODY_DIGITS_MAX  9              /* of a count: no sum overflows */


static void body_set(json_t *body, const char *member, json_t *value);


void
body_text(const command_line_t *line, json_t *body, const char *option)
{
    json_t      *text;
    const char  *value;

    value = command_value(line, option);

    if (value == NULL) {
        return;
    }

    text = json_string(value);

    if (text == NULL) {
        command_misuse(line, "--%s: the value is no UTF-8", option);
    }

    body_set(body, option, text);
}


static void
body_set(json_t *body, const char *member, json_t *value)
{
    if (json_object_set_new(body, member, value) == -1) {
        (void) say_memory(NULL);
    }
}


void
body_text_or_none(const command_line_t *line, json_t *body, const char *option)
{
    const char  *value;

    value = command_value(line, option);

    if (value && (strcmp(value, "none") == 0 || strcmp(value, "null") == 0)) {
        body_set(body, option, json_null());
        return;
    }

    body_text(line, body, option);
}


/* a hint, for those who think of euros */

void
body_number(const command_line_t *line, json_t *body, const char *option,
    const char *member)
{
    size_t       len;
    const char  *value, *digits;

    value = command_value(line, option);

    if (value == NULL) {
        return;
    }

    digits = value + (value[0] == '-');
    len = strspn(digits, "0123456789");

    if (len == 0 || digits[len]) {
        command_misuse(line, "--%s: \"%s\" is no integer%s", option, value,
                       strcmp(option, "price") == 0
                       ? " (of the minor unit: 1999 is 19.99)" : "");
    }

    if (len > 18) {
        command_misuse(line, "--%s: \"%s\" is too great", option, value);
    }

    body_set(body, member, json_integer(strtoll(value, NULL, 10)));
}


void
body_time(const command_line_t *line, json_t *body, const char *option)
{
    long long    seconds;
    const char  *value;

    value = command_value(line, option);

    if (value == NULL) {
        return;
    }

    seconds = body_seconds(value);

    if (seconds == -1) {
        command_misuse(line, "--%s: \"%s\" is no time, like 15m or 900", option,
                       value);
    }

    body_set(body, option, json_integer(seconds));
}


long long
body_seconds(const char *text)
{
    size_t     digits;
    long long  count, total;

    if (*text == '\0') {
        return -1;
    }

    for (total = 0; *text; total += count) {
        digits = strspn(text, "0123456789");

        if (digits == 0 || digits > BODY_DIGITS_MAX) {
            return -1;
        }

        count = strtoll(text, NULL, 10);
        text += digits;

        switch (*text) {
        case '\0':                   continue;
        case 's':                    break;
        case 'm':  count *= 60;      break;
        case 'h':  count *= 3600;    break;
        case 'd':  count *= 86400;   break;
        default:                     return -1;
        }

        text++;
    }

    return total;
}


void
body_object(const command_line_t *line, json_t *body, const char *option)
{
    json_t      *object;
    const char  *value;

    value = command_value(line, option);

    if (value == NULL) {
        return;
    }

    object = json_loads(value, 0, NULL);

    if (!json_is_object(object)) {
        json_decref(object);
        command_misuse(line, "--%s: \"%s\" is no JSON object", option, value);
    }

    body_set(body, option, object);
}
