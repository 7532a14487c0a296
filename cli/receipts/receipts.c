#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "receipts.h"
#include "receipts_check.h"


static int receipts_ledger(receipts_t *r, receipts_check_t *c,
    const char *store);
static int receipts_file(receipts_t *r, receipts_check_t *c, const char *name);
static int receipts_lines(receipts_t *r, receipts_check_t *c, FILE *in,
    const char *name);
static size_t receipts_line(FILE *in, char *line, size_t size);
static void receipts_bad(receipts_t *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int receipts_trouble(receipts_t *r, const char *name, const char *what);


int
receipts_run(receipts_t *r, const receipts_conf_t *conf)
{
    int                    rc;
    sk_token_reason_t      reason;
    receipts_check_t      *c;
    sk_token_keys_info_t   info;

    memset(r, 0, sizeof(receipts_t));
    r->bad = json_array();

    c = calloc(1, sizeof(receipts_check_t));

    if (c == NULL || r->bad == NULL) {
        free(c);
        return receipts_trouble(r, conf->store, strerror(ENOMEM));
    }

    c->now_s = (int64_t) time(NULL);

    if (sk_token_keys_read(&c->keys, conf->keys, conf->keys_len, &info, reason)
        != SK_OK)
    {
        rc = receipts_trouble(r, conf->keys_name, reason);

    } else {
        rc = receipts_ledger(r, c, conf->store);
    }

    if (rc != RECEIPTS_TROUBLE
        && receipts_file(r, c, conf->list) == RECEIPTS_TROUBLE)
    {
        rc = RECEIPTS_TROUBLE;
    }

    r->n = c->n;
    r->n_good = c->n_good;
    r->n_heads = c->n_heads;
    r->n_expired = c->n_expired;
    r->n_headless = c->n_headless;

    receipts_ledger_close(&c->ledger);
    sk_token_keys_free(c->keys);
    free(c);

    return (rc == RECEIPTS_GOOD && r->n_good < r->n) ? RECEIPTS_BAD : rc;
}


/* what is before the place where the chain is broken can be compared */

static int
receipts_ledger(receipts_t *r, receipts_check_t *c, const char *store)
{
    switch (receipts_ledger_open(&c->ledger, store)) {

    case SK_OK:
        return RECEIPTS_GOOD;

    case SK_DAMAGED:
        receipts_bad(r, "chain: after event %" PRIu64 ": %s",
                     c->ledger.head.number, c->ledger.error);
        return RECEIPTS_BAD;

    default:
        return receipts_trouble(r, store, c->ledger.error);
    }
}


static int
receipts_file(receipts_t *r, receipts_check_t *c, const char *name)
{
    int    rc;
    FILE  *in;

    if (strcmp(name, "-") == 0) {
        return receipts_lines(r, c, stdin, "standard input");
    }

    in = fopen(name, "r");

    if (in == NULL) {
        return receipts_trouble(r, name, strerror(errno));
    }

    rc = receipts_lines(r, c, in, name);

    (void) fclose(in);

    return rc;
}


/* empty lines are none */

static int
receipts_lines(receipts_t *r, receipts_check_t *c, FILE *in, const char *name)
{
    int       rc;
    char      line[SK_TOKEN_SIZE_MAX + 2];
    size_t    len;
    uint64_t  number;

    for (number = 1; !feof(in); number++) {
        len = receipts_line(in, line, sizeof(line));

        if (ferror(in)) {
            return receipts_trouble(r, name, strerror(errno));
        }

        rc = len ? receipts_check(c, line, len) : SK_OK;

        if (rc == SK_REFUSED) {
            receipts_bad(r, "line %" PRIu64 ": %s", number, c->why);

        } else if (rc != SK_OK) {
            return receipts_trouble(r, "the ledger", c->ledger.error);
        }
    }

    return RECEIPTS_GOOD;
}


/* a line, or as much as there is room for, without blanks at its ends */

static size_t
receipts_line(FILE *in, char *line, size_t size)
{
    int     ch;
    size_t  len;

    len = 0;

    while ((ch = getc_unlocked(in)) != EOF && ch != '\n') {

        if (len == 0 && (ch == ' ' || ch == '\t' || ch == '\r')) {
            continue;
        }

        if (len < size) {
            line[len++] = (char) ch;
        }
    }

    while (len && len < size
           && (line[len - 1] == ' ' || line[len - 1] == '\t'
               || line[len - 1] == '\r'))
    {
        len--;
    }

    return len;
}


static void
receipts_bad(receipts_t *r, const char *fmt, ...)
{
    char     text[512];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    (void) json_array_append_new(r->bad, json_string(text));
}


static int
receipts_trouble(receipts_t *r, const char *name, const char *what)
{
    (void) snprintf(r->error, sizeof(r->error), "\"%s\": %s", name, what);

    return RECEIPTS_TROUBLE;
}
