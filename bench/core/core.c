/*
 * What the core costs alone: ns for each claim, without nginx.
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


#define BENCH_ROUNDS_MAX   9
#define BENCH_THREADS      2
#define BENCH_LOSING       2000000      /* claims of a round */
#define BENCH_WINNING      200000
#define BENCH_STOCK        4000000      /* for all rounds */
#define BENCH_QUEUE        65536
#define BENCH_USER_SIZE    16


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
    { .what = "winning claim admitted, one thread" },
    { .what = "winning claim admitted, two threads, each" },
    { .what = "winning claim decided in the helper, on disk" },
};

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

    if (level != SK_LOG_NOTICE) {
        fail(message);
    }
}


/* claims of as many users, each of whom is to hear the same */

static void *
bench_claims(void *data)
{
    unsigned       i;
    sk_claim_t     claim;
    sk_answer_t    answer;
    sk_result_e    result;
    bench_load_t  *load = data;

    claim.sale = sk_zone_sale(load->zone, load->sale, strlen(load->sale));
    result = strcmp(load->sale, "none") == 0 ? SK_SOLD_OUT : SK_WAIT;

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


int
main(int argc, char **argv)
{
    int              i, rounds;
    char             path[4096];
    void            *memory;
    double           decided;
    size_t           j, size;
    sk_zone_t       *zone;
    sk_drain_t      *d;
    sk_zone_plan_t   plan;

    rounds = (argc == 3) ? atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > BENCH_ROUNDS_MAX) {
        fail("usage: core DIR ROUNDS");
    }

    size = sk_zone_size_for(BENCH_STOCK, 1, BENCH_QUEUE, 2);

    memory = mmap(NULL, size, PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        fail("no memory");
    }

    sk_zone_plan(&plan, size, 1, BENCH_QUEUE, 0);
    zone = sk_zone_init(memory, size, &plan);
    d = calloc(1, sizeof(sk_drain_t));

    if (zone == NULL || d == NULL) {
        fail("no zone");
    }

    bench_sale(&sales[0], "none", 0);
    bench_sale(&sales[1], "many", BENCH_STOCK);

    sk_zone_populate(zone);

    (void) snprintf(path, sizeof(path), "%s/core.db", argv[1]);

    d->writer.zone = zone;
    d->writer.path = path;
    d->writer.full = 1;
    d->writer.log.write = bench_log;
    d->declare.sales = sales;
    d->declare.n_sales = 2;

    bench_drain(d);

    for (i = 0; i < rounds; i++) {
        rows[0].ns[i] = bench_threads(zone, "none", 1, BENCH_LOSING);
        rows[1].ns[i] = bench_threads(zone, "none", BENCH_THREADS,
                                      BENCH_LOSING);

        bench_winning(d, 1, &rows[2].ns[i], &rows[4].ns[i]);
        bench_winning(d, BENCH_THREADS, &rows[3].ns[i], &decided);
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
