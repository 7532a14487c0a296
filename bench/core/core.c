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


#define BENCH_ROUNDS_MAX   100
#define BENCH_THREADS      2
#define BENCH_LOSING       2000000      /* claims of a round */
#define BENCH_WINNING      200000
#define BENCH_QUEUE        65536


typedef struct {
    const char  *what;
    double       ns[BENCH_ROUNDS_MAX];
} bench_row_t;


typedef struct {
    sk_zone_t   *zone;
    const char  *sale;
    uint64_t     first;                 /* user */
    unsigned     n;                     /* claims */
} bench_load_t;


static bench_row_t  rows[] = {
    { .what = "losing claim, one thread" },
    { .what = "losing claim, two threads, each" },
    { .what = "winning claim admitted, one thread" },
    { .what = "winning claim admitted, two threads, each" },
    { .what = "winning claim decided in the helper, on disk" },
};

static sk_sale_def_t  sales[2];
static uint64_t       user_first = 10000000;


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
    char           user[24];
    unsigned       i;
    sk_claim_t     claim;
    sk_answer_t    answer;
    sk_result_e    result;
    bench_load_t  *load = data;

    claim.sale = sk_zone_sale(load->zone, load->sale, strlen(load->sale));
    claim.user = user;

    result = strcmp(load->sale, "none") == 0 ? SK_SOLD_OUT : SK_WAIT;

    for (i = 0; i < load->n; i++) {
        claim.user_len = (size_t) snprintf(user, sizeof(user), "%llu",
                                 (unsigned long long) load->first + i);

        sk_gate_claim(load->zone, &claim, 1, &answer);

        if (answer.result != result) {
            fail("a claim was not answered as it should be");
        }
    }

    return NULL;
}


/* ns for each claim of a thread; what it costs to print a user is taken off */

static double
bench_threads(sk_zone_t *zone, const char *sale, unsigned threads, unsigned n)
{
    char           user[24];
    double         start, took, print;
    unsigned       i;
    pthread_t      tid[BENCH_THREADS];
    bench_load_t   load[BENCH_THREADS];

    start = now_ns();

    for (i = 0; i < n; i++) {
        (void) snprintf(user, sizeof(user), "%llu",
                        (unsigned long long) user_first + i);
        __asm__ volatile("" : : "r" (user) : "memory");
    }

    print = now_ns() - start;
    start = now_ns();

    for (i = 0; i < threads; i++) {
        load[i].zone = zone;
        load[i].sale = sale;
        load[i].first = user_first;
        load[i].n = n;
        user_first += n;

        if (pthread_create(&tid[i], NULL, bench_claims, &load[i]) != 0) {
            fail("no thread");
        }
    }

    for (i = 0; i < threads; i++) {
        (void) pthread_join(tid[i], NULL);
    }

    took = now_ns() - start - print;

    return took / n;
}


static void
bench_drain(sk_drain_t *d)
{
    int       rc;
    unsigned  decided;

    do {
        rc = sk_drain_work(d, 1, &decided);
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

        *admitted += bench_threads(d->zone, "many", threads, n) * n;

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
    int64_t          stock;
    sk_zone_t       *zone;
    sk_drain_t      *d;
    sk_zone_plan_t   plan;

    rounds = (argc == 3) ? atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > BENCH_ROUNDS_MAX) {
        fail("usage: core DIR ROUNDS");
    }

    stock = (int64_t) (rounds + 1) * 3 * BENCH_WINNING;
    size = sk_zone_size_for((uint64_t) stock, 1, BENCH_QUEUE, 2);

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
    bench_sale(&sales[1], "many", stock);

    sk_zone_populate(zone);

    (void) snprintf(path, sizeof(path), "%s/core.db", argv[1]);

    d->zone = zone;
    d->path = path;
    d->full = 1;
    d->sales = sales;
    d->n_sales = 2;
    d->log = bench_log;

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
