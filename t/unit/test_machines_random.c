/*
 * Several machines, and everything that can go wrong at random: whatever
 * anybody has told is never contradicted, and in the end all are the same.
 */

#include "sk_test_random.h"


#define STOCK  2000
#define USERS  4000
#define SALE    "phone"


static uint64_t         told_order[USERS];      /* 0: nothing was told */
static unsigned         told_user[100000];      /* of an order, + 1 */
static unsigned         n_told;


/* what a machine says of a user is what all have ever said */

static void
look(machine_t *x, unsigned user)
{
    char          name[16];
    sk_sale_t    *sale;
    sk_answer_t   answer;

    sale = sk_zone_sale(x->zone, SALE, strlen(SALE));

    if (sale == NULL || sk_load(&x->zone->state) != SK_ZONE_READY) {
        return;
    }

    (void) snprintf(name, sizeof(name), "u%u", user);

    answer = sk_test_ask(x->zone, sale, name);

    if (answer.result != SK_WON) {
        return;
    }

    assert_true(answer.order > 0 && answer.order < 100000);

    if (told_order[user] == 0) {
        told_order[user] = answer.order;
        assert_int_equal(told_user[answer.order], 0);
        told_user[answer.order] = user + 1;
        n_told++;
        assert_true(n_told <= STOCK);
    }

    if (told_order[user] != answer.order) {
        fail_msg("%s: order %llu, and order %llu", name,
                 (unsigned long long) told_order[user],
                 (unsigned long long) answer.order);
    }
}


static void
buy(machine_t *x, unsigned user)
{
    char        name[16];
    sk_sale_t  *sale;

    sale = sk_zone_sale(x->zone, SALE, strlen(SALE));

    if (sale && sk_load(&x->zone->state) == SK_ZONE_READY) {
        (void) snprintf(name, sizeof(name), "u%u", user);
        (void) sk_test_claim(x->zone, sale, name);
    }
}


static void
check_all(void)
{
    unsigned    k, user;
    sk_sale_t  *sale;

    for (k = 0; k < MACHINES; k++) {
        sale = sk_zone_sale(machine[k].zone, SALE, strlen(SALE));
        assert_non_null(sale);

        for (user = 0; user < USERS; user++) {
            look(&machine[k], user);
        }

        /* what anybody was told is there */

        for (user = 0; user < USERS; user++) {
            if (told_order[user]) {
                char  name[16];

                (void) snprintf(name, sizeof(name), "u%u", user);
                assert_int_equal(asked(&machine[k], SALE, name), SK_WON);
            }
        }

        assert_int_equal(sk_load(&sale->sold), n_told);
        assert_int_equal(sk_load(&sale->free), STOCK - (int) n_told);
    }

    assert_same();
}


/* some time of one machine, and what happens meanwhile */

static void
turn(void)
{
    unsigned  i, k;

    k = random_below(MACHINES);

    if (runs(&machine[k])) {

        if (random_below(n_told < STOCK - STOCK / 8 ? 12 : 50) == 0) {
            for (i = 1 + random_below(3); i; i--) {
                buy(&machine[k], random_below(USERS));
            }
        }

        machine_turn(&machine[k]);
    }

    k = random_below(MACHINES);

    if (machine[k].m) {
        look(&machine[k], random_below(USERS));
    }

    if (random_below(60) == 0) {
        accident();
    }

    recover();
    remedy();

    if (logged[sizeof(logged) - 512]) {
        logged[0] = '\0';
        memset(logged, 0, sizeof(logged));
    }
}


static void
test_random(void **state)
{
    int       seconds;
    time_t    end;
    unsigned  k, turns;

    (void) state;

    seconds = random_begin(20);

    sales = &def;
    n_sales = 1;
    def = sk_test_def(SALE, STOCK, 1);
    redis_start(&redis[1], "--appendonly", "no");
    heal(&redis[1]);

    for (k = 0; k < MACHINES; k++) {
        machine[k].conf.redis.timeout_ms = 100;
        start(k);
        until(settled);
    }

    end = time(NULL) + seconds;
    turns = 0;

    while (time(NULL) < end) {
        turn();
        turns++;
    }

    mend();
    check_all();

    for (k = 0; k < MACHINES; k++) {
        count(k);
    }

    (void) fprintf(stderr, "# %u turns, %u sold, %s events, %llu reigns seen, "
                   "%llu commits put back, %llu logs deleted\n", turns, n_told,
                   ask(primary, "HGET seckill:{drop}:tail last"),
                   (unsigned long long) n_reigns,
                   (unsigned long long) n_restored,
                   (unsigned long long) n_emptied);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_random, begin_random,
                                        end_machines),
    };

    return cmocka_run_group_tests_name("machines_random", tests, NULL, NULL);
}
