/*
 * seckill-receipts STORE KEYS RECEIPTS: whether receipts that were collected,
 * and signed heads, agree with the ledger of a store, or of a backup.  RECEIPTS
 * has one in a line, "-" is the standard input; KEYS is a JWK set.  A store in
 * use is read as it is at one moment; nothing is ever written to it.
 *
 * Prints rows, their columns separated by tabs: "bad", a line's number and what
 * is wrong with it, without its user; or "chain" and where that is broken; at
 * last "receipts": how many lines there are, how many are good, of these how
 * many are heads, have expired, have no head.
 *
 * Exits with 0: all are good; 1: not all, or the chain is broken; 2: something
 * cannot be read.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "receipts_check.h"


#define RECEIPTS_GOOD     0
#define RECEIPTS_BAD      1
#define RECEIPTS_TROUBLE  2


static int receipts_keys(receipts_check_t *c, const char *name);
static int receipts_file(receipts_check_t *c, const char *name);
static int receipts_lines(receipts_check_t *c, FILE *in, const char *name);
static size_t receipts_line(FILE *in, char *line, size_t size);
static int receipts_trouble(const char *name, const char *what);


int
main(int argc, char **argv)
{
    int                      rc;
    static receipts_check_t  c;

    if (argc != 4) {
        (void) fprintf(stderr, "usage: seckill-receipts STORE KEYS RECEIPTS\n");
        return RECEIPTS_TROUBLE;
    }

    if (sodium_init() == -1) {
        (void) fprintf(stderr, "seckill-receipts: libsodium does not start\n");
        return RECEIPTS_TROUBLE;
    }

    c.now_s = (int64_t) time(NULL);

    rc = receipts_keys(&c, argv[2]);

    if (rc == RECEIPTS_GOOD) {

        switch (receipts_ledger_open(&c.ledger, argv[1])) {

        case SK_OK:
            break;

        case SK_DAMAGED:
            (void) printf("bad\tchain\tafter event %" PRIu64 ": %s\n",
                          c.ledger.head.number, c.ledger.error);
            rc = RECEIPTS_BAD;
            break;

        default:
            rc = receipts_trouble(argv[1], c.ledger.error);
        }
    }

    if (rc != RECEIPTS_TROUBLE && receipts_file(&c, argv[3]) != SK_OK) {
        rc = RECEIPTS_TROUBLE;
    }

    if (rc != RECEIPTS_TROUBLE) {
        (void) printf("receipts\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%"
                      PRIu64 "\t%" PRIu64 "\n", c.n, c.n_good, c.n_heads,
                      c.n_expired, c.n_headless);
        rc = (c.n_good < c.n) ? RECEIPTS_BAD : rc;
    }

    receipts_ledger_close(&c.ledger);
    sk_token_keys_free(c.keys);

    return (fflush(stdout) == 0) ? rc : RECEIPTS_TROUBLE;
}


static int
receipts_keys(receipts_check_t *c, const char *name)
{
    int                    rc;
    FILE                  *in;
    char                   text[SK_TOKEN_KEYS_SIZE_MAX + 1];
    size_t                 len;
    sk_token_reason_t      reason;
    sk_token_keys_info_t   info;

    in = fopen(name, "r");

    if (in == NULL) {
        return receipts_trouble(name, strerror(errno));
    }

    len = fread(text, 1, sizeof(text), in);

    rc = ferror(in) ? receipts_trouble(name, strerror(errno))
         : (sk_token_keys_read(&c->keys, text, len, &info, reason) != SK_OK)
           ? receipts_trouble(name, reason) : RECEIPTS_GOOD;

    (void) fclose(in);

    return rc;
}


static int
receipts_file(receipts_check_t *c, const char *name)
{
    int    rc;
    FILE  *in;

    if (strcmp(name, "-") == 0) {
        return receipts_lines(c, stdin, "standard input");
    }

    in = fopen(name, "r");

    if (in == NULL) {
        (void) receipts_trouble(name, strerror(errno));
        return SK_ERROR;
    }

    rc = receipts_lines(c, in, name);

    (void) fclose(in);

    return rc;
}


/* empty lines are none */

static int
receipts_lines(receipts_check_t *c, FILE *in, const char *name)
{
    int       rc;
    char      line[SK_TOKEN_SIZE_MAX + 2];
    size_t    len;
    uint64_t  number;

    for (number = 1; !feof(in); number++) {
        len = receipts_line(in, line, sizeof(line));

        if (ferror(in)) {
            (void) receipts_trouble(name, strerror(errno));
            return SK_ERROR;
        }

        rc = len ? receipts_check(c, line, len) : SK_OK;

        if (rc == SK_REFUSED) {
            (void) printf("bad\t%" PRIu64 "\t%s\n", number, c->why);

        } else if (rc != SK_OK) {
            (void) receipts_trouble("the ledger", c->ledger.error);
            return SK_ERROR;
        }
    }

    return SK_OK;
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


static int
receipts_trouble(const char *name, const char *what)
{
    (void) fprintf(stderr, "seckill-receipts: \"%s\": %s\n", name, what);

    return RECEIPTS_TROUBLE;
}
