/*
 * Whether the ledger of a store, or of a backup, is sound: all of it is read
 * once, in one read transaction, so as it was at one moment; also of a store in
 * use.  Nothing is ever written to it.
 *
 *     verify_open()      a report of nothing yet
 *     verify_store()     reads and checks, to the report
 *     verify_check_add() what the caller has checked beside that, if anything
 *     verify_text(), verify_json()
 *     verify_close()
 *
 * For one thread of a program that has called sodium_init().  verify_store()
 * has two threads of its own while it runs.
 *
 * Memory: 8 bytes an event; some 50 a user of a sale, or of a group of sales;
 * 8 a place in a waiting list; and 10 MB.  So 30 MB for a million events in
 * which 400,000 users have bought.  Without memory it fails and says so.
 */


#ifndef _VERIFY_H_INCLUDED_
#define _VERIFY_H_INCLUDED_


#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "sk_ledger.h"


#define VERIFY_SCHEMA_CHAIN   4     /* the first version that has a chain */
#define VERIFY_CHECKS_MAX    16
#define VERIFY_LINES_MAX      5     /* of events that break a check */
#define VERIFY_LINE_SIZE    256
#define VERIFY_NUMBER_SIZE   32     /* 9,223,372,036,854,775,807 */

/* what verify_store() returns, and the command's exit codes follow from */

#define VERIFY_SOUND          0
#define VERIFY_BROKEN         1
#define VERIFY_FAILED         2     /* it could not be read: "error" says why */


typedef enum {
    VERIFY_CHECK_OK = 0,
    VERIFY_CHECK_BROKEN,            /* the ledger is not sound */
    VERIFY_CHECK_BAD,               /* it is, but what is compared is not */
    VERIFY_CHECK_NONE               /* there is nothing to be checked */
} verify_verdict_e;


/* what breaks a check, or has to be known of it */

typedef struct {
    unsigned              bad:1;
    char                  text[VERIFY_LINE_SIZE];
} verify_line_t;


typedef struct {
    verify_verdict_e      verdict;
    char                  what[VERIFY_LINE_SIZE];
    verify_line_t        *lines;
    unsigned              n_lines;
} verify_check_t;


/* a sale, as it was at the end; numbers of orders by their state */

typedef struct {
    uint64_t              id;
    size_t                name_len;
    char                  name[SK_NAME_SIZE_MAX];
    int64_t               stock;        /* -1: it cannot be read */
    int64_t               sold;         /* without a hold */
    int64_t               held;
    int64_t               paid;
    int64_t               expired;
    int64_t               cancelled;
    unsigned              removed:1;
} verify_sum_t;


typedef struct {
    verify_check_t        checks[VERIFY_CHECKS_MAX];
    unsigned              n_checks;
    verify_sum_t         *sales;        /* by id */
    size_t                n_sales;

    uint64_t              events;
    uint64_t              last;         /* event; 0: there is none */
    int64_t               last_ms;      /* when that was */
    unsigned              wal:1;        /* there is a log of writes beside it */

    unsigned              chained:1;    /* "head" is known, and as it was */
    sk_head_t             head;
    uint64_t              uncommitted;  /* events after it */

    json_t               *extra;        /* members for verify_json(), or NULL;
                                           the caller's */
    char                  error[SK_LEDGER_ERROR_SIZE_MAX];  /* of the store,
                                           which it does not name */
} verify_report_t;


typedef struct {
    const char           *store;
    unsigned              progress:1;   /* told on the standard error now and
                                           then, for a terminal */
} verify_conf_t;


void verify_open(verify_report_t *report);
void verify_close(verify_report_t *report);

/* returns VERIFY_SOUND, VERIFY_BROKEN or VERIFY_FAILED */
int verify_store(verify_report_t *report, const verify_conf_t *conf);

/* a check; NULL: there is no memory, or are VERIFY_CHECKS_MAX of them */
verify_check_t *verify_check_add(verify_report_t *report,
    verify_verdict_e verdict, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* a line of a check; SK_OK; SK_ERROR: there is no memory */
int verify_check_line(verify_check_t *check, unsigned bad, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* whether a check has this verdict */
int verify_has(const verify_report_t *report, verify_verdict_e verdict);

/* the report, for people and as JSON in a line; SK_OK, SK_ERROR: no memory */
void verify_text(const verify_report_t *report, FILE *out);
int verify_json(const verify_report_t *report, FILE *out);

/* the chain of a head in hexadecimal */
const char *verify_hex(const sk_head_t *head, char text[SK_CHAIN_HEX_SIZE]);

/* a number with its thousands apart */
const char *verify_number(char text[VERIFY_NUMBER_SIZE], int64_t n);


#endif /* _VERIFY_H_INCLUDED_ */
