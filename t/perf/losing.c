/*
 * Claims in a sale that is sold out, of a zone that is full, for
 * t/perf/losing.t to count what they execute: losing CLAIMS
 */

#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>

#include "sk_test.h"




int
main(int argc, char **argv)
{
    int          i, n, stock;
    char         user[24];
    sk_zone_t   *zone;
    sk_sale_t   *sale;
    sk_answer_t  answer;

    n = (argc == 2) ? atoi(argv[1]) : 0;

    zone = sk_test_zone(1024 * 1024, 0);
    stock = (int) zone->units.n_max;

    /* the same places in the table each time */

    memset(zone->hash_key, 7, sizeof(zone->hash_key));

    sale = sk_test_sale(zone, "phone", stock, 1);

    for (i = 0; i < stock; i++) {
        (void) snprintf(user, sizeof(user), "winner%07d", i);
        answer = sk_test_claim(zone, sale, user);
        sk_test_win(zone, sale, user, answer.ticket);
        sk_store(&zone->queue.head, answer.ticket + 1);
    }

    for (i = 0; i < n; i++) {
        (void) snprintf(user, sizeof(user), "loser%07d", i);
        answer = sk_test_claim(zone, sale, user);

        if (answer.result != SK_SOLD_OUT) {
            return 1;
        }
    }

    sk_test_zone_free(zone);

    return 0;
}
