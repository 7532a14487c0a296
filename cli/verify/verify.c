#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include "verify.h"


void
verify_open(verify_report_t *report)
{
    memset(report, 0, sizeof(verify_report_t));
}


void
verify_close(verify_report_t *report)
{
    unsigned  i;

    for (i = 0; i < report->n_checks; i++) {
        free(report->checks[i].lines);
    }

    free(report->sales);
}


verify_check_t *
verify_check_add(verify_report_t *report, verify_verdict_e verdict,
    const char *fmt, ...)
{
    va_list          args;
    verify_check_t  *check;

    if (report->n_checks == VERIFY_CHECKS_MAX) {
        return NULL;
    }

    check = &report->checks[report->n_checks++];
    check->verdict = verdict;

    va_start(args, fmt);
    (void) vsnprintf(check->what, sizeof(check->what), fmt, args);
    va_end(args);

    return check;
}


int
verify_check_line(verify_check_t *check, unsigned bad, const char *fmt, ...)
{
    va_list         args;
    unsigned        n;
    verify_line_t  *lines;

    n = check->n_lines;

    if ((n & (n - 1)) == 0) {
        lines = realloc(check->lines, (n ? 2 * n : 1) * sizeof(verify_line_t));

        if (lines == NULL) {
            return SK_ERROR;
        }

        check->lines = lines;
    }

    check->lines[n].bad = bad;

    va_start(args, fmt);
    (void) vsnprintf(check->lines[n].text, VERIFY_LINE_SIZE, fmt, args);
    va_end(args);

    check->n_lines++;

    return SK_OK;
}


int
verify_has(const verify_report_t *report, verify_verdict_e verdict)
{
    unsigned  i;

    for (i = 0; i < report->n_checks; i++) {
        if (report->checks[i].verdict == verdict) {
            return 1;
        }
    }

    return 0;
}


const char *
verify_hex(const sk_head_t *head, char text[SK_CHAIN_HEX_SIZE])
{
    return sodium_bin2hex(text, SK_CHAIN_HEX_SIZE, head->chain, SK_CHAIN_SIZE);
}


const char *
verify_number(char text[VERIFY_NUMBER_SIZE], int64_t n)
{
    char      digits[VERIFY_NUMBER_SIZE];
    char     *p;
    unsigned  i, len;

    len = (unsigned) snprintf(digits, sizeof(digits), "%" PRIu64,
                              (n < 0) ? 0 - (uint64_t) n : (uint64_t) n);
    p = text;

    if (n < 0) {
        *p++ = '-';
    }

    for (i = 0; i < len; i++) {

        if (i && (len - i) % 3 == 0) {
            *p++ = ',';
        }

        *p++ = digits[i];
    }

    *p = '\0';

    return text;
}
