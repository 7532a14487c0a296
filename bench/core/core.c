/*
 * What the core costs alone: ns for each claim and each token, without nginx.
 *
 *   core DIR ROUNDS     DIR is for a store; prints JSON
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "sk_drain.h"
#include "sk_gate.h"
#include "token.h"


#define BENCH_ROUNDS_MAX   9
#define BENCH_THREADS      2
#define BENCH_LOSING       2000000      /* claims of a round */
#define BENCH_WINNING      200000
#define BENCH_STOCK        4000000      /* for all rounds */
#define BENCH_QUEUE        65536
#define BENCH_USER_SIZE    16
#define BENCH_TURNING      500000       /* units of a full table, about */
#define BENCH_TURNED       3            /* such tables */
#define BENCH_EVENTS       1000         /* of those, applied under one lock */


typedef struct {
    const char  *what;
    double       ns[BENCH_ROUNDS_MAX];
} bench_row_t;


typedef struct {
    sk_zone_t   *zone;
    const char  *sale;
    char       (*users)[BENCH_USER_SIZE];
    unsigned     n;                     /* claims */
} bench_load_t;


static bench_row_t  rows[] = {
    { .what = "losing claim, one thread" },
    { .what = "losing claim, two threads, each" },
    { .what = "losing claim, full table" },
    { .what = "losing claim, full table that changed hands once" },
    { .what = "losing claim, full table that changed hands ten times" },
    { .what = "winning claim admitted, one thread" },
    { .what = "winning claim admitted, two threads, each" },
    { .what = "winning claim decided in the helper, on disk" },
    { .what = "token verified, HS256" },
    { .what = "token verified, EdDSA" },
    { .what = "token verified, RS256" },
    { .what = "token verified, ES256" },
    { .what = "token that is known already" },
};

static const unsigned     turns[BENCH_TURNED] = { 0, 1, 10 };
static sk_sale_def_t      sales[2];
static uint64_t           user = 10000000;
static pthread_barrier_t  barrier;


static double
now_ns(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}


static void
fail(const char *what)
{
    (void) fprintf(stderr, "core: %s\n", what);
    exit(1);
}


static void
bench_log(void *ctx, sk_log_e level, const char *message)
{
    (void) ctx;

    if (level == SK_LOG_ERR || level == SK_LOG_WARN) {
        fail(message);
    }
}


/* claims of as many users, each of whom is to hear the same */

static void *
bench_claims(void *data)
{
    unsigned       i;
    sk_claim_t     claim = { 0 };
    sk_answer_t    answer;
    sk_result_e    result;
    bench_load_t  *load = data;

    claim.sale = sk_zone_sale(load->zone, load->sale, strlen(load->sale));
    result = strcmp(load->sale, "many") == 0 ? SK_WAIT : SK_SOLD_OUT;

    (void) pthread_barrier_wait(&barrier);

    for (i = 0; i < load->n; i++) {
        claim.user = load->users[i];
        claim.user_len = strlen(load->users[i]);

        sk_gate_claim(load->zone, &claim, 1, &answer);

        if (answer.result != result) {
            fail("a claim was not answered as it should be");
        }
    }

    return NULL;
}


/* ns for each claim of a thread, from the moment that all of them are ready */

static double
bench_threads(sk_zone_t *zone, const char *sale, unsigned threads, unsigned n)
{
    double         start;
    unsigned       i, j;
    pthread_t      tid[BENCH_THREADS];
    bench_load_t   load[BENCH_THREADS];

    if (pthread_barrier_init(&barrier, NULL, threads + 1) != 0) {
        fail("no barrier");
    }

    for (i = 0; i < threads; i++) {
        load[i].zone = zone;
        load[i].sale = sale;
        load[i].n = n;
        load[i].users = calloc(n, BENCH_USER_SIZE);

        if (load[i].users == NULL) {
            fail("no memory");
        }

        for (j = 0; j < n; j++) {
            (void) snprintf(load[i].users[j], BENCH_USER_SIZE, "%llu",
                            (unsigned long long) user++);
        }

        if (pthread_create(&tid[i], NULL, bench_claims, &load[i]) != 0) {
            fail("no thread");
        }
    }

    (void) pthread_barrier_wait(&barrier);

    start = now_ns();

    for (i = 0; i < threads; i++) {
        (void) pthread_join(tid[i], NULL);
    }

    start = now_ns() - start;

    for (i = 0; i < threads; i++) {
        free(load[i].users);
    }

    (void) pthread_barrier_destroy(&barrier);

    return start / n;
}


static void
bench_drain(sk_drain_t *d)
{
    int       rc;
    unsigned  decided;

    do {
        rc = sk_drain_work(d, 1, 1, &decided);
    } while (rc == SK_MORE);

    if (rc != SK_OK) {
        fail("the store failed");
    }
}


/* the queue is filled and emptied in turns; both are timed */

static void
bench_winning(sk_drain_t *d, unsigned threads, double *admitted,
    double *decided)
{
    double    start;
    unsigned  n, done;

    n = BENCH_QUEUE / 2 / threads;
    *admitted = 0;
    *decided = 0;

    for (done = 0; done < BENCH_WINNING; done += n * threads) {

        *admitted += bench_threads(d->writer.zone, "many", threads, n) * n;

        start = now_ns();
        bench_drain(d);
        *decided += now_ns() - start;
    }

    *admitted /= (double) done / threads;
    *decided /= done;
}


static void
bench_sale(sk_sale_def_t *def, const char *name, int64_t stock)
{
    def->name_len = strlen(name);
    memcpy(def->name, name, def->name_len);
    def->stock = stock;
    def->limit = 1;
    def->start_ms = SK_TIME_MIN;
    def->end_ms = SK_TIME_MAX;
}


static sk_zone_t *
bench_zone(uint64_t units)
{
    void            *memory;
    size_t           size;
    sk_zone_t       *zone;
    sk_zone_plan_t   plan;

    size = sk_zone_size_for(units, 1, BENCH_QUEUE, 2);

    memory = mmap(NULL, size, PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        fail("no memory");
    }

    sk_zone_plan(&plan, size, 1, BENCH_QUEUE, 0);
    zone = sk_zone_init(memory, size, &plan);

    if (zone == NULL) {
        fail("no zone");
    }

    sk_zone_populate(zone);

    return zone;
}


/* the next event of a zone, applied with others under one lock */

static void
bench_event(sk_zone_t *zone, sk_event_e type, uint64_t order)
{
    char               reason[SK_REASON_SIZE_MAX];
    sk_event_t        *e;
    static unsigned    n;
    static sk_event_t  events[BENCH_EVENTS];

    e = &events[n++];
    e->type = type;
    e->seq = sk_load(&zone->applied_seq) + n;
    e->sale_id = 1;
    e->object = order;
    e->ticket = 1;
    e->key = sk_zone_user_key(zone, e->sale_id, (char *) &order,
                              sizeof(uint64_t));

    if (n < BENCH_EVENTS) {
        return;
    }

    if (sk_apply(zone, events, n, 0, reason, sizeof(reason)) != SK_OK) {
        fail(reason);
    }

    n = 0;
}


/*
 * A table as full as it may be, whose units have changed hands so often: each
 * order is cancelled, and the unit won by another user.
 */

static sk_zone_t *
bench_turned(unsigned turned)
{
    char         reason[SK_REASON_SIZE_MAX];
    uint64_t     seq, units, *orders;
    unsigned     i, turn;
    sk_zone_t   *zone;
    sk_event_t   e;

    zone = bench_zone(BENCH_TURNING);
    units = zone->units.n_max / BENCH_EVENTS * BENCH_EVENTS;
    orders = calloc(units, sizeof(uint64_t));

    if (orders == NULL) {
        fail("no memory");
    }

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_ADDED;
    e.seq = 1;
    e.sale_id = 1;
    bench_sale(&e.def, "full", (int64_t) units);

    if (sk_apply(zone, &e, 1, 0, reason, sizeof(reason)) != SK_OK) {
        fail(reason);
    }

    seq = 1;

    for (turn = 0; turn <= turned; turn++) {

        for (i = 0; i < units; i++) {

            if (turn) {
                seq++;
                bench_event(zone, SK_EVENT_CANCELLED, orders[i]);
            }

            orders[i] = ++seq;
            bench_event(zone, SK_EVENT_WON, orders[i]);
        }
    }

    free(orders);

    return zone;
}


static void
bench_tokens(int round)
{
    size_t  j;

    static const char *const  algs[] = { "HS256", "EdDSA", "RS256", "ES256" };

    for (j = 0; j < 4; j++) {
        rows[8 + j].ns[round] = bench_token(algs[j], 0);
    }

    rows[12].ns[round] = bench_token("EdDSA", 1);

    for (j = 8; j < 13; j++) {
        if (rows[j].ns[round] < 0) {
            fail("a token was not good");
        }
    }
}


int
main(int argc, char **argv)
{
    int          i, rounds;
    char         path[4096];
    double       decided;
    size_t       j;
    sk_zone_t   *zone, *turned[BENCH_TURNED];
    sk_drain_t  *d;

    rounds = (argc == 3) ? atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > BENCH_ROUNDS_MAX) {
        fail("usage: core DIR ROUNDS");
    }

    zone = bench_zone(BENCH_STOCK);
    d = calloc(1, sizeof(sk_drain_t));

    if (d == NULL || bench_token_init() != 0) {
        fail("no memory");
    }

    bench_sale(&sales[0], "none", 0);
    bench_sale(&sales[1], "many", BENCH_STOCK);

    (void) snprintf(path, sizeof(path), "%s/core.db", argv[1]);

    d->writer.zone = zone;
    d->writer.path = path;
    d->writer.full = 1;
    d->writer.log.write = bench_log;
    d->declare.sales = sales;
    d->declare.n_sales = 2;

    bench_drain(d);

    for (j = 0; j < BENCH_TURNED; j++) {
        turned[j] = bench_turned(turns[j]);
    }

    for (i = 0; i < rounds; i++) {
        rows[0].ns[i] = bench_threads(zone, "none", 1, BENCH_LOSING);
        rows[1].ns[i] = bench_threads(zone, "none", BENCH_THREADS,
                                      BENCH_LOSING);

        for (j = 0; j < BENCH_TURNED; j++) {
            rows[2 + j].ns[i] = bench_threads(turned[j], "full", 1,
                                              BENCH_LOSING);
        }

        bench_winning(d, 1, &rows[5].ns[i], &rows[7].ns[i]);
        bench_winning(d, BENCH_THREADS, &rows[6].ns[i], &decided);
        bench_tokens(i);
    }

    sk_drain_close(d);

    for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
        (void) printf("%s{\"what\":\"%s\",\"ns\":[", j ? ",\n" : "[",
                      rows[j].what);

        for (i = 0; i < rounds; i++) {
            (void) printf("%s%.1f", i ? "," : "", rows[j].ns[i]);
        }

        (void) printf("]}");
    }

    (void) printf("]\n");

    return 0;
}
