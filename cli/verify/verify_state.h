/*
 * What is known of a ledger while its rows go by: the state that all checks
 * share, and what breaks them.
 */


#ifndef _VERIFY_STATE_H_INCLUDED_
#define _VERIFY_STATE_H_INCLUDED_


#include "verify.h"
#include "verify_detail.h"
#include "verify_ring.h"
#include "verify_sales.h"
#include "verify_users.h"


typedef enum {
    VERIFY_NUMBERS = 0,
    VERIFY_CONTENTS,
    VERIFY_LIVES,
    VERIFY_ORDERS,
    VERIFY_STATES,
    VERIFY_STOCK,
    VERIFY_LIMITS,
    VERIFY_CHECKS_N
} verify_check_e;


/* an event that breaks a check */

typedef struct {
    int64_t             seq;
    char                text[VERIFY_LINE_SIZE];

    /* of the lives: whether what it is of was added later is known at last */

    unsigned            unborn:1;
    verify_life_e       life;
    int64_t             id;

    /* of the states: how many of the sale went the same way */

    uint32_t            sale;
    verify_state_e      from;
    verify_state_e      to;
    uint64_t            more;
} verify_bad_t;


typedef struct {
    verify_users_t      users;
    verify_orders_t     orders;
    verify_sales_t      sales;
    verify_details_t    details;

    const sk_row_t     *rows;           /* that come next */
    unsigned            n_rows;
    unsigned            row;            /* the next one of them */
    unsigned            near;           /* so many are on their way here */
    uint32_t            scopes[VERIFY_BATCH_ROWS];
    uint64_t            hashes[VERIFY_BATCH_ROWS][2];   /* of their users */

    int64_t             before;         /* the last event's number */
    int64_t             at;             /* and its time */
    int64_t             committed;      /* the last event of the last commit */
    uint64_t            won;
    uint64_t            later;          /* what became of orders */

    verify_bad_t        bad[VERIFY_CHECKS_N][VERIFY_LINES_MAX];
    unsigned            n_bad[VERIFY_CHECKS_N];
} verify_state_t;


/* an event, as the checks have it */

typedef struct {
    const sk_row_t         *row;
    const verify_detail_t  *detail;
    sk_event_e              type;
    uint32_t                sale;       /* its number */
    const uint64_t         *hash;       /* of the user */
    verify_order_t         *record;     /* what later events find of it */
} verify_event_t;


/* SK_OK; SK_ERROR: there is no memory */
int verify_state_init(verify_state_t *v);
void verify_state_free(verify_state_t *v);

/* rows that will come, VERIFY_BATCH_ROWS at most, before the first of them */
void verify_state_ahead(verify_state_t *v, const sk_row_t *rows, unsigned n);

/* the next one of these; a commit has ended.  The same. */
int verify_state_row(verify_state_t *v);
void verify_state_commit(verify_state_t *v, int64_t last);

/* all was seen: what is known now, to a report; the same */
int verify_state_report(verify_state_t *v, verify_report_t *report);

/* of sales and products: what is added, edited and removed, and that nothing is
   before or after; of orders; of waiting lists */
int verify_life(verify_state_t *v, verify_event_t *e);
int verify_order(verify_state_t *v, verify_event_t *e);
int verify_waitlist(verify_state_t *v, verify_event_t *e);

/* a stock, or the units in force, are others now */
void verify_order_stock(verify_state_t *v, const verify_event_t *e);

/* an order is won without a place: nobody waits, who waited before */
void verify_waitlist_passed(verify_state_t *v, const verify_event_t *e);

/* says what breaks a check, if there is room; NULL: there is none */
verify_bad_t *verify_bad(verify_state_t *v, verify_check_e check,
    const verify_event_t *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* the lines of a check, to a report; SK_OK; SK_ERROR: there is no memory */
int verify_bad_report(verify_state_t *v, verify_check_e i,
    verify_check_t *check);

/* a type in an event's row: control characters become "?" */
const char *verify_bad_type(const sk_row_t *row, char text[64]);


#endif /* _VERIFY_STATE_H_INCLUDED_ */
