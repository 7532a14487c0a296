#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "verify_chain.h"
#include "verify_reader.h"
#include "verify_state.h"


#define VERIFY_PROGRESS_S       1       /* between two lines of progress */


typedef struct {
    verify_ring_t      ring;
    verify_reader_t    reader;
    verify_chain_t     chain;
    verify_state_t     state;
    unsigned           progress:1;
    unsigned           shown:1;
    struct timespec    began;           /* to wait until it is shown again */
} verify_store_t;


static int verify_store_run(verify_store_t *s, verify_report_t *report);
static int verify_store_rows(verify_store_t *s);
static int verify_store_batch(verify_store_t *s, const verify_batch_t *b);
static void verify_store_progress(verify_store_t *s);
static int verify_store_chain(verify_store_t *s, verify_report_t *report);
static int verify_store_memory(verify_report_t *report);


int
verify_store(verify_report_t *report, const verify_conf_t *conf)
{
    int              rc;
    verify_store_t  *s;

    s = calloc(1, sizeof(verify_store_t));

    if (s == NULL || verify_state_init(&s->state) != SK_OK) {
        free(s);
        return verify_store_memory(report);
    }

    verify_ring_init(&s->ring);

    s->reader.ring = &s->ring;
    s->chain.ring = &s->ring;
    s->progress = conf->progress;

    if (verify_reader_open(&s->reader, conf->store) == SK_OK) {
        rc = verify_store_run(s, report);

    } else {
        rc = VERIFY_FAILED;
    }

    if (s->reader.error[0]) {
        memcpy(report->error, s->reader.error, sizeof(report->error));
    }

    verify_reader_close(&s->reader);
    verify_chain_free(&s->chain);
    verify_state_free(&s->state);
    verify_ring_free(&s->ring);
    free(s);

    return rc;
}


static int
verify_store_run(verify_store_t *s, verify_report_t *report)
{
    int        rc, error;
    pthread_t  reader, chain;

    error = pthread_create(&reader, NULL, verify_reader_run, &s->reader);

    if (error == 0) {
        error = pthread_create(&chain, NULL, verify_chain_run, &s->chain);

        if (error) {
            verify_ring_stop(&s->ring);
            (void) pthread_join(reader, NULL);
        }
    }

    if (error) {
        (void) snprintf(report->error, sizeof(report->error), "no thread: %s",
                        strerror(error));
        return VERIFY_FAILED;
    }

    rc = verify_store_rows(s);

    (void) pthread_join(reader, NULL);
    (void) pthread_join(chain, NULL);

    if (s->reader.rc != SK_OK) {
        return VERIFY_FAILED;
    }

    if (rc != SK_OK || s->chain.rc != SK_OK
        || verify_state_report(&s->state, report) != SK_OK
        || verify_store_chain(s, report) != SK_OK)
    {
        return verify_store_memory(report);
    }

    report->wal = s->reader.wal;

    return verify_has(report, VERIFY_CHECK_BROKEN) ? VERIFY_BROKEN
                                                   : VERIFY_SOUND;
}


static int
verify_store_rows(verify_store_t *s)
{
    int              rc;
    verify_batch_t  *b;

    rc = SK_OK;

    while (rc == SK_OK
           && (b = verify_ring_take(&s->ring, VERIFY_RING_CHECKS)) != NULL)
    {
        rc = verify_store_batch(s, b);
        verify_ring_done(&s->ring, VERIFY_RING_CHECKS);

        if (s->progress) {
            verify_store_progress(s);
        }
    }

    if (rc != SK_OK) {
        verify_ring_stop(&s->ring);
    }

    if (s->shown) {
        (void) fputs("\r\033[K", stderr);
    }

    return rc;
}


static int
verify_store_batch(verify_store_t *s, const verify_batch_t *b)
{
    int       rc;
    unsigned  i, n;

    verify_state_ahead(&s->state, b->rows, b->n_rows);

    for (rc = SK_OK, n = 0, i = 0; rc == SK_OK && i < b->n_rows; i++) {

        while (n < b->n_commits && b->commits[n].row <= i) {
            verify_state_commit(&s->state, b->commits[n++].last);
        }

        rc = verify_state_row(&s->state);
    }

    if (n < b->n_commits) {
        verify_state_commit(&s->state, b->commits[b->n_commits - 1].last);
    }

    return rc;
}


/* in place, and not at all if it does not take long */

static void
verify_store_progress(verify_store_t *s)
{
    char             done[VERIFY_NUMBER_SIZE], all[VERIFY_NUMBER_SIZE];
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    if (s->began.tv_sec == 0) {
        s->began = now;
    }

    if (now.tv_sec - s->began.tv_sec < VERIFY_PROGRESS_S) {
        return;
    }

    s->began = now;
    s->shown = 1;

    (void) fprintf(stderr, "\rseckill: %s of %s events\033[K",
                   verify_number(done, (int64_t) s->state.orders.n),
                   verify_number(all, (int64_t) s->reader.last));
}


static int
verify_store_chain(verify_store_t *s, verify_report_t *report)
{
    char             hex[SK_CHAIN_HEX_SIZE];
    unsigned         i;
    verify_check_t  *check;

    if (s->reader.version < VERIFY_SCHEMA_CHAIN) {
        check = verify_check_add(report, VERIFY_CHECK_NONE, "chain: there is "
                                 "none before schema %d, this one is %d",
                                 VERIFY_SCHEMA_CHAIN, s->reader.version);
        return check ? SK_OK : SK_ERROR;
    }

    if (s->chain.broken) {
        check = verify_check_add(report, VERIFY_CHECK_BROKEN,
                                 "chain: each commit is what it was");

        for (i = 0; check && i < s->chain.check.n_lines; i++) {
            if (verify_check_line(check, 1, "%s", s->chain.check.lines[i].text)
                != SK_OK)
            {
                return SK_ERROR;
            }
        }

        return check ? SK_OK : SK_ERROR;
    }

    report->chained = 1;
    report->head = s->chain.head;
    report->uncommitted = report->last - report->head.number;

    check = verify_check_add(report, VERIFY_CHECK_OK, "chain: event %" PRIu64
                             ", %s", report->head.number,
                             verify_hex(&report->head, hex));

    if (check == NULL || report->uncommitted == 0) {
        return check ? SK_OK : SK_ERROR;
    }

    return verify_check_line(check, 0, "%" PRIu64 " events after it are in no "
                             "commit yet: another program's",
                             report->uncommitted);
}


static int
verify_store_memory(verify_report_t *report)
{
    (void) snprintf(report->error, sizeof(report->error), "out of memory");

    return VERIFY_FAILED;
}
