#include <stdlib.h>

#include "verify_state.h"


static int verify_report_check(verify_state_t *v, verify_report_t *report,
    verify_check_e i);
static void verify_report_what(verify_state_t *v, verify_check_e i,
    char text[VERIFY_LINE_SIZE]);
static int verify_report_sales(verify_state_t *v, verify_report_t *report);
static void verify_report_sum(const verify_sale_t *s, verify_sum_t *sum);
static int verify_report_compare(const void *one, const void *two);


int
verify_state_report(verify_state_t *v, verify_report_t *report)
{
    unsigned  i;

    report->events = v->orders.n;
    report->last = v->orders.n ? (uint64_t) v->before : 0;
    report->last_ms = v->at;

    for (i = 0; i < VERIFY_CHECKS_N; i++) {
        if (verify_report_check(v, report, i) != SK_OK) {
            return SK_ERROR;
        }
    }

    return verify_report_sales(v, report);
}


static int
verify_report_check(verify_state_t *v, verify_report_t *report,
    verify_check_e i)
{
    char             what[VERIFY_LINE_SIZE];
    verify_check_t  *check;

    verify_report_what(v, i, what);

    check = verify_check_add(report, v->n_bad[i] ? VERIFY_CHECK_BROKEN
                                                 : VERIFY_CHECK_OK,
                             "%s", what);

    return check ? verify_bad_report(v, i, check) : SK_ERROR;
}


static void
verify_report_what(verify_state_t *v, verify_check_e i,
    char text[VERIFY_LINE_SIZE])
{
    char         number[VERIFY_NUMBER_SIZE];
    uint64_t     n;
    const char  *fmt;

    n = (i == VERIFY_NUMBERS) ? v->orders.n
        : (i == VERIFY_ORDERS) ? v->later : v->won;

    switch (i) {

    case VERIFY_NUMBERS:
        fmt = "numbers: %s events without a gap";
        break;

    case VERIFY_CONTENTS:
        fmt = "contents: each event can be understood";
        break;

    case VERIFY_LIVES:
        fmt = "lives: nothing before a sale or product is added, or after it is"
              " removed";
        break;

    case VERIFY_ORDERS:
        fmt = "orders: %s events are each of an order, its sale and its user";
        break;

    case VERIFY_STATES:
        fmt = "states: %s orders went only where they may";
        break;

    case VERIFY_STOCK:
        fmt = "stock: never exceeded";
        break;

    default: /* VERIFY_LIMITS */
        fmt = "limits: never exceeded";
        break;
    }

    (void) snprintf(text, VERIFY_LINE_SIZE, fmt,
                    verify_number(number, (int64_t) n));
}


static int
verify_report_sales(verify_state_t *v, verify_report_t *report)
{
    uint32_t  i, n;

    for (n = 0, i = 0; i < v->sales.n; i++) {
        n += (v->sales.elts[i].life == VERIFY_LIFE_SALE);
    }

    if (n == 0) {
        return SK_OK;
    }

    report->sales = calloc(n, sizeof(verify_sum_t));

    if (report->sales == NULL) {
        return SK_ERROR;
    }

    for (i = 0; i < v->sales.n; i++) {
        if (v->sales.elts[i].life == VERIFY_LIFE_SALE) {
            verify_report_sum(&v->sales.elts[i],
                              &report->sales[report->n_sales++]);
        }
    }

    /* one of which something was said before it was added is too early here */

    qsort(report->sales, n, sizeof(verify_sum_t), verify_report_compare);

    return SK_OK;
}


static void
verify_report_sum(const verify_sale_t *s, verify_sum_t *sum)
{
    sum->id = (uint64_t) s->id;
    sum->name_len = s->name_len;
    memcpy(sum->name, s->name, s->name_len);
    sum->stock = s->stock;
    sum->sold = s->states[VERIFY_SOLD];
    sum->held = s->states[VERIFY_HELD] + s->states[VERIFY_EXTENDED];
    sum->paid = s->states[VERIFY_PAID] + s->states[VERIFY_PAID_LATE];
    sum->expired = s->states[VERIFY_EXPIRED];
    sum->cancelled = s->states[VERIFY_CANCELLED];
    sum->removed = (s->removed != 0);
}


static int
verify_report_compare(const void *one, const void *two)
{
    const verify_sum_t  *a = one, *b = two;

    return (a->id > b->id) - (a->id < b->id);
}
