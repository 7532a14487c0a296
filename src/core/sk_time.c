#include <stdio.h>
#include <time.h>

#include "sk_time.h"


/* where a fraction is, if there is one; and the longest text without the digits
   of it that are dropped */

#define SK_TIME_FRACTION  (sizeof("2026-11-27T09:00:00") - 1)
#define SK_TIME_TEXT_MAX  (sizeof("2026-11-27T09:00:00.123+01:00") - 1)

/* 9999-12-31T23:59:59Z, as RFC 3339 has four digits for a year */

#define SK_TIME_SEC_MAX  253402300799


static int sk_time_copy(char *copy, const char *text, size_t len);
static int sk_time_digits(const char *p, const char *pattern);
static int sk_time_number(const char *p);
static int sk_time_offset(const char *p, int *offset);


/* in upper case, with three digits of a second's fraction at most */

static int
sk_time_copy(char *copy, const char *text, size_t len)
{
    char    *p;
    size_t   i, digits;

    p = copy;
    digits = 0;

    for (i = 0; i < len; i++) {

        if (i > SK_TIME_FRACTION && digits == i - SK_TIME_FRACTION - 1
            && text[SK_TIME_FRACTION] == '.'
            && text[i] >= '0' && text[i] <= '9' && ++digits > 3)
        {
            continue;
        }

        if (p == copy + SK_TIME_TEXT_MAX || text[i] == '\0') {
            return SK_ERROR;
        }

        *p++ = (text[i] == 't' || text[i] == 'z') ? text[i] - 0x20 : text[i];
    }

    *p = '\0';

    return SK_OK;
}


/* whether a text starts with this: "d" stands for a digit */

static int
sk_time_digits(const char *p, const char *pattern)
{
    for ( /* void */ ; *pattern; p++, pattern++) {
        if (*pattern == 'd' ? (*p < '0' || *p > '9') : *p != *pattern) {
            return 0;
        }
    }

    return 1;
}


static int
sk_time_number(const char *p)
{
    return (p[0] - '0') * 10 + p[1] - '0';
}


/* "Z", or hours and minutes ahead of UTC; in seconds */

static int
sk_time_offset(const char *p, int *offset)
{
    if (strcmp(p, "Z") == 0) {
        *offset = 0;
        return SK_OK;
    }

    if ((*p != '+' && *p != '-') || strlen(p) != 6
        || !sk_time_digits(p + 1, "dd:dd")
        || sk_time_number(p + 1) > 23 || sk_time_number(p + 4) > 59)
    {
        return SK_ERROR;
    }

    *offset = sk_time_number(p + 1) * 3600 + sk_time_number(p + 4) * 60;
    *offset = (*p == '+') ? *offset : -*offset;

    return SK_OK;
}


int
sk_time_parse(const char *text, size_t len, int64_t *ms)
{
    int        offset, leap;
    char       copy[SK_TIME_TEXT_MAX + 1], *p;
    int64_t    sec, fraction, scale;
    struct tm  given, tm;

    if (sk_time_copy(copy, text, len) != SK_OK) {
        return SK_ERROR;
    }

    p = copy;

    memset(&given, 0, sizeof(struct tm));

    if (!sk_time_digits(p, "dddd-dd-ddTdd:dd:dd")) {
        return SK_ERROR;
    }

    given.tm_year = sk_time_number(p) * 100 + sk_time_number(p + 2) - 1900;
    given.tm_mon = sk_time_number(p + 5) - 1;
    given.tm_mday = sk_time_number(p + 8);
    given.tm_hour = sk_time_number(p + 11);
    given.tm_min = sk_time_number(p + 14);
    given.tm_sec = sk_time_number(p + 17);

    /* a leap second ends a day in UTC, and the clock goes on with the next */

    leap = (given.tm_sec == 60);
    given.tm_sec -= leap;

    p += sizeof("dddd-dd-ddTdd:dd:dd") - 1;

    fraction = 0;

    if (*p == '.') {
        for (p++, scale = 100; *p >= '0' && *p <= '9'; p++) {
            fraction += (*p - '0') * scale;
            scale /= 10;
        }

        if (p[-1] == '.') {
            return SK_ERROR;
        }
    }

    /* timegm() takes February 30 for March 2 */

    tm = given;
    sec = timegm(&tm) + leap;

    if (tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday
        || tm.tm_hour != given.tm_hour || tm.tm_min != given.tm_min
        || tm.tm_sec != given.tm_sec)
    {
        return SK_ERROR;
    }

    if (sk_time_offset(p, &offset) != SK_OK) {
        return SK_ERROR;
    }

    sec -= offset;

    if (sec < 0 || sec > SK_TIME_SEC_MAX || (leap && sec % 86400 != 0)) {
        return SK_ERROR;
    }

    *ms = sec * 1000 + fraction;

    return SK_OK;
}


void
sk_time_format(char *text, int64_t ms)
{
    char       buf[80];
    time_t     sec;
    struct tm  tm;

    sec = (time_t) (ms / 1000);

    if (sec < 0 || sec > SK_TIME_SEC_MAX) {
        sec = SK_TIME_SEC_MAX;
    }

    (void) gmtime_r(&sec, &tm);

    (void) snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                    tm.tm_min, tm.tm_sec, (int) (ms % 1000));

    memcpy(text, buf, SK_TIME_SIZE);
    text[SK_TIME_SIZE] = '\0';
}
