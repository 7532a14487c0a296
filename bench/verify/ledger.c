/*
 * verify-ledger STORE EVENTS [SEED]: a store with so many events, appended by
 * the ledger itself in commits of 1 to 255 of them, as sales with holds, limits
 * and waiting lists make them: of a hundred orders 65 are paid, 5 of these
 * after their hold was made longer, 28 expire, half of their units go to the
 * waiting list, and 7 are cancelled.
 */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_ledger.h"


#define LEDGER_SALES      10
#define LEDGER_OPEN     4096            /* orders that are held at a time */
#define LEDGER_USERS   500000
#define LEDGER_PLACES   1024            /* in a waiting list */


typedef struct {
    uint64_t      seq;
    uint64_t      sale;
    unsigned      user;
    unsigned      extended:1;
} ledger_order_t;


typedef struct {
    uint64_t      id;
    uint64_t      places[LEDGER_PLACES];
    unsigned      users[LEDGER_PLACES];
    unsigned      first;
    unsigned      n;
    unsigned      next;                 /* user */
} ledger_sale_t;


static sk_ledger_t    *ledger;
static uint64_t        seq, commits;
static unsigned        left;            /* events, until a commit */
static int64_t         now_ms = 1790000000000;
static ledger_order_t  held[LEDGER_OPEN];
static unsigned        n_held;
static ledger_sale_t   sales[LEDGER_SALES];


static void ledger_append(sk_event_t *e);
static void ledger_sale(unsigned i);
static void ledger_won(ledger_sale_t *s, unsigned user, uint64_t place);
static void ledger_later(ledger_order_t *o, sk_event_e type);
static void ledger_step(void);
static void ledger_return(uint64_t sale);
static void ledger_failed(void);


int
main(int argc, char **argv)
{
    char      error[SK_LEDGER_ERROR_SIZE_MAX];
    uint64_t  events;
    unsigned  i;

    if (argc < 3 || sodium_init() == -1) {
        (void) fprintf(stderr, "usage: verify-ledger STORE EVENTS [SEED]\n");
        return 2;
    }

    events = strtoull(argv[2], NULL, 10);
    srandom(argc > 3 ? (unsigned) atoi(argv[3]) : 1);

    if (sk_ledger_open(&ledger, argv[1], SK_LEDGER_CREATE, error) != SK_OK) {
        (void) fprintf(stderr, "verify-ledger: %s\n", error);
        return 1;
    }

    for (i = 0; i < LEDGER_SALES; i++) {
        ledger_sale(i);
    }

    while (seq < events) {
        ledger_step();
    }

    if (left && sk_ledger_commit(ledger) != SK_OK) {
        ledger_failed();
    }

    (void) printf("%llu events, %llu commits\n", (unsigned long long) seq,
                  (unsigned long long) commits);

    (void) sk_ledger_checkpoint(ledger);
    sk_ledger_close(ledger);

    return 0;
}


static void
ledger_append(sk_event_t *e)
{
    if (left == 0) {

        if (sk_ledger_begin(ledger) != SK_OK) {
            ledger_failed();
        }

        left = 1 + (unsigned) random() % 255;
        commits++;
    }

    now_ms += random() % 3;

    e->seq = ++seq;
    e->at_ms = now_ms;

    if (sk_ledger_append(ledger, e) != SK_OK) {
        ledger_failed();
    }

    left--;

    if (left == 0 && sk_ledger_commit(ledger) != SK_OK) {
        ledger_failed();
    }

    if (commits % 1000 == 0 && left == 0) {
        (void) sk_ledger_checkpoint(ledger);
    }
}


static void
ledger_sale(unsigned i)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = SK_EVENT_SALE_ADDED;
    e.sale_id = seq + 1;
    e.def = sk_sale_initial;
    e.def.name_len = (size_t) sprintf(e.def.name, "phone-%u", i);
    e.def.stock = SK_STOCK_MAX;
    e.def.limit = 2;
    e.def.hold_s = 900;
    e.declared = sk_sale_initial;

    sales[i].id = e.sale_id;

    ledger_append(&e);
}


static void
ledger_step(void)
{
    unsigned        r, i;
    sk_event_t      e;
    ledger_sale_t  *s;

    r = (unsigned) random() % 100;
    s = &sales[random() % LEDGER_SALES];

    if (n_held < LEDGER_OPEN / 2 || (n_held < LEDGER_OPEN && r < 40)) {

        if (s->first == s->n) {
            ledger_won(s, s->next++ % LEDGER_USERS, 0);
            return;
        }

        r = 99;
    }

    if (r < 92) {
        i = (unsigned) random() % n_held;
        r = (unsigned) random() % 100;

        if (r < 5 && !held[i].extended) {
            ledger_later(&held[i], SK_EVENT_EXTENDED);
            held[i].extended = 1;
            return;
        }

        ledger_later(&held[i], (r < 65) ? SK_EVENT_PAID
                               : (r < 93) ? SK_EVENT_EXPIRED
                                          : SK_EVENT_CANCELLED);

        if (r >= 65) {
            ledger_return(held[i].sale);
        }

        held[i] = held[--n_held];
        return;
    }

    memset(&e, 0, offsetof(sk_event_t, def));

    e.sale_id = s->id;

    if (s->n < LEDGER_PLACES) {
        char  user[32];

        e.user = user;
        e.user_len = (size_t) sprintf(user, "w%015x", s->next % LEDGER_USERS);
        e.type = SK_EVENT_QUEUED;
        s->users[s->n] = s->next++ % LEDGER_USERS;
        s->places[s->n++] = seq + 1;
        e.ticket = seq;
        ledger_append(&e);
        return;
    }

    ledger_return(s->id);
}


/* a unit has returned: to the first who waits, if anybody does */

static void
ledger_return(uint64_t sale)
{
    ledger_sale_t  *s;

    for (s = sales; s->id != sale; s++) { /* void */ }

    if (s->first == s->n) {
        s->first = 0;
        s->n = 0;
        return;
    }

    ledger_won(s, s->users[s->first], s->places[s->first]);
    s->first++;
}


static void
ledger_won(ledger_sale_t *s, unsigned user, uint64_t place)
{
    char        name[32];
    sk_event_t  e;

    memset(&e, 0, offsetof(sk_event_t, def));

    e.type = SK_EVENT_WON;
    e.sale_id = s->id;
    e.user = name;
    e.user_len = (size_t) sprintf(name, "%c%015x", place ? 'w' : 'u', user);
    e.object = place;
    e.ticket = place ? 0 : seq;
    e.expires_s = (uint32_t) (now_ms / 1000) + 900;

    ledger_append(&e);

    held[n_held].seq = seq;
    held[n_held].sale = s->id;
    held[n_held].user = user | (place ? 0x80000000 : 0);
    held[n_held++].extended = 0;

    if (n_held == LEDGER_OPEN) {
        ledger_later(&held[0], SK_EVENT_PAID);
        held[0] = held[--n_held];
    }
}


static void
ledger_later(ledger_order_t *o, sk_event_e type)
{
    char        name[32];
    sk_event_t  e;

    memset(&e, 0, offsetof(sk_event_t, def));

    e.type = type;
    e.sale_id = o->sale;
    e.object = o->seq;
    e.user = name;
    e.user_len = (size_t) sprintf(name, "%c%015x",
                                  (o->user >> 31) ? 'w' : 'u',
                                  o->user & 0x7fffffff);
    e.expires_s = (type == SK_EVENT_EXTENDED)
                  ? (uint32_t) (now_ms / 1000) + 900 : 0;
    e.by = (type == SK_EVENT_EXPIRED) ? NULL : "shop";
    e.by_len = e.by ? 4 : 0;

    ledger_append(&e);
}


static void
ledger_failed(void)
{
    (void) fprintf(stderr, "verify-ledger: %s\n", sk_ledger_error(ledger));
    exit(1);
}
