#include "fair.h"


/* what each event says, and what is wrong with it */


static void fair_event_def(fair_t *f, sqlite3_stmt *s);
static void fair_event_terms(fair_t *f, sqlite3_stmt *s);
static void fair_event_beacon(fair_t *f, sqlite3_stmt *s);
static void fair_event_reveal(fair_t *f, sqlite3_stmt *s);
static void fair_event_won(fair_t *f, sqlite3_stmt *s);
static void fair_event_count(fair_t *f, int in_window);
static void fair_event_early(fair_t *f, sqlite3_stmt *s);
static int64_t fair_event_opening(fair_t *f, const void *user, int len);


void
fair_event(fair_t *f, sqlite3_stmt *s)
{
    const char  *type;

    type = (const char *) sqlite3_column_text(s, COLUMN_TYPE);

    if (strcmp(type, "won") == 0) {
        fair_event_won(f, s);

    } else if (strcmp(type, "beacon_set") == 0) {
        fair_event_beacon(f, s);

    } else if (strcmp(type, "seed_revealed") == 0) {
        fair_event_reveal(f, s);

    } else {
        fair_event_def(f, s);
    }
}


/* the first commitment counts, and all others are the same */

static void
fair_event_def(fair_t *f, sqlite3_stmt *s)
{
    const char  *hex;

    fair_event_terms(f, s);

    hex = (const char *) sqlite3_column_text(s, COLUMN_COMMITMENT);

    if (hex == NULL) {

        if (f->commitment[0] || f->shuffle_s) {
            fair_event_bad(f, FAIR_COMMITMENT,
                           sqlite3_column_int64(s, COLUMN_SEQ),
                           "has no commitment");
        }

    } else if (f->commitment[0] == '\0' && strlen(hex) == FAIR_HEX) {
        (void) strcpy(f->commitment, hex);

    } else if (strcmp(f->commitment, hex) != 0) {
        fair_event_bad(f, FAIR_COMMITMENT, sqlite3_column_int64(s, COLUMN_SEQ),
                       "has another commitment");
    }
}


/*
 * What is in force from now on.  The longest shuffle is what buyers were
 * promised, until a window of it is over: who wins by a shorter one, or by
 * none, has won in another race than the one that was announced.
 */

static void
fair_event_terms(fair_t *f, sqlite3_stmt *s)
{
    int64_t  at_ms;

    at_ms = sqlite3_column_int64(s, COLUMN_AT);

    if (f->added && at_ms >= f->start_ms) {
        f->started = 1;
    }

    if (f->added && f->shuffle_s >= f->promised_s
        && at_ms >= f->start_ms + f->shuffle_s * 1000)
    {
        f->promised_s = 0;
    }

    f->added = 1;
    f->start_ms = sqlite3_column_int64(s, COLUMN_START);
    f->shuffle_s = sqlite3_column_int64(s, COLUMN_SHUFFLE);
    f->end_ms = (sqlite3_column_type(s, COLUMN_END) == SQLITE_NULL)
                ? INT64_MAX : sqlite3_column_int64(s, COLUMN_END);

    if (f->shuffle_s >= f->promised_s) {
        f->promised_s = f->shuffle_s;
        f->lowered_seq = 0;

    } else if (f->lowered_seq == 0) {
        f->lowered_seq = sqlite3_column_int64(s, COLUMN_SEQ);
    }
}


/* after an order, or a start that was moved since, lots would be drawn twice */

static void
fair_event_beacon(fair_t *f, sqlite3_stmt *s)
{
    size_t                        len;
    int64_t                       seq;
    const char                   *hex, *end;
    unsigned char                 value[FAIR_VALUE_MAX];
    crypto_auth_hmacsha256_state  state;

    static const char  purpose[] = "seckill beacon";    /* with its zero */

    seq = sqlite3_column_int64(s, COLUMN_SEQ);
    hex = (const char *) sqlite3_column_text(s, COLUMN_VALUE);

    if (f->has_beacon) {
        fair_event_bad(f, FAIR_BEACON, seq, "sets another beacon");
        return;
    }

    f->has_beacon = 1;
    f->beacon = sqlite3_column_int64(s, COLUMN_ROUND);

    if (sqlite3_column_int64(s, COLUMN_AT) >= f->start_ms) {
        fair_event_bad(f, FAIR_BEACON, seq, "sets the beacon after the start");

    } else if (f->orders) {
        fair_event_bad(f, FAIR_BEACON, seq,
                       "sets the beacon after orders were won");

    } else if (f->started) {
        fair_event_bad(f, FAIR_BEACON, seq, "sets the beacon when the sale has "
                       "started before");
    }

    if (hex == NULL
        || sodium_hex2bin(value, sizeof(value), hex, strlen(hex), NULL, &len,
                          &end)
           != 0
        || *end || len == 0)
    {
        fair_event_bad(f, FAIR_BEACON, seq, "has no value of 1 to 64 bytes");
        return;
    }

    (void) crypto_auth_hmacsha256_init(&state, f->seed, FAIR_SIZE);
    (void) crypto_auth_hmacsha256_update(&state,
                                         (const unsigned char *) purpose,
                                         sizeof(purpose));
    (void) crypto_auth_hmacsha256_update(&state, value, len);
    (void) crypto_auth_hmacsha256_final(&state, f->key);
}


/* of a sale that is removed, which has ended, it is revealed then */

static void
fair_event_reveal(fair_t *f, sqlite3_stmt *s)
{
    int64_t  at_ms;

    at_ms = sqlite3_column_int64(s, COLUMN_AT);
    f->told = 1;

    if (!f->revealed) {
        fair_event_bad(f, FAIR_COMMITMENT, sqlite3_column_int64(s, COLUMN_SEQ),
                       "reveals no seed of 32 bytes");
    }

    if (at_ms < f->start_ms + f->shuffle_s * 1000 && at_ms < f->end_ms) {
        fair_event_bad(f, FAIR_REVEALED, sqlite3_column_int64(s, COLUMN_SEQ),
                       "reveals the seed before the window is over");
    }
}


static void
fair_event_won(fair_t *f, sqlite3_stmt *s)
{
    int      in_window;
    char     what[112];
    int64_t  seq, at_ms;

    seq = sqlite3_column_int64(s, COLUMN_SEQ);
    at_ms = sqlite3_column_int64(s, COLUMN_AT);

    in_window = (f->shuffle_s
                 && at_ms < f->start_ms + f->shuffle_s * 1000);

    fair_event_count(f, in_window);

    if (f->lowered_seq) {
        (void) snprintf(what, sizeof(what), "was won with shuffle %" PRId64
                        " s, %" PRId64 " s were promised until event %" PRId64,
                        f->shuffle_s, f->promised_s, f->lowered_seq);
        fair_event_bad(f, FAIR_SHUFFLE, seq, what);
    }

    if (in_window && f->told) {
        fair_event_bad(f, FAIR_REVEALED, seq, "was won in a window that came "
                       "after the seed was revealed");
    }

    if (f->shuffle_s && f->revealed) {
        fair_event_early(f, s);
    }
}


/* by what was in force: a window more, if that is not the last one's */

static void
fair_event_count(fair_t *f, int in_window)
{
    fair_window_t  *w;

    f->orders++;
    f->in_window += in_window;

    w = &f->windows[(f->n_windows ? f->n_windows : 1) - 1];

    if (f->n_windows == 0 || w->start_ms != f->start_ms
        || w->shuffle_s != f->shuffle_s)
    {
        if (f->n_windows == FAIR_WINDOWS) {
            return;
        }

        w = &f->windows[f->n_windows++];

        w->start_ms = f->start_ms;
        w->shuffle_s = f->shuffle_s;
        w->orders = 0;
        w->in_window = 0;
    }

    w->orders++;
    w->in_window += in_window;
}


static void
fair_event_early(fair_t *f, sqlite3_stmt *s)
{
    int          len;
    char         what[96];
    int64_t      at_ms, opening_ms;
    const void  *user;

    at_ms = sqlite3_column_int64(s, COLUMN_AT);
    user = sqlite3_column_blob(s, COLUMN_USER);
    len = sqlite3_column_bytes(s, COLUMN_USER);

    opening_ms = fair_event_opening(f, user, len);

    if (at_ms < opening_ms) {
        (void) snprintf(what, sizeof(what), "was won %" PRId64 " ms before its "
                        "user's opening", opening_ms - at_ms);
        fair_event_bad(f, FAIR_OPENINGS, sqlite3_column_int64(s, COLUMN_SEQ),
                       what);
    }
}


static int64_t
fair_event_opening(fair_t *f, const void *user, int len)
{
    unsigned                      i;
    uint64_t                      hash;
    unsigned char                 mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state  state;

    (void) crypto_auth_hmacsha256_init(&state, f->key, FAIR_SIZE);

    /* the zero behind the name, too */

    (void) crypto_auth_hmacsha256_update(&state,
                                         (const unsigned char *) f->name,
                                         strlen(f->name) + 1);
    (void) crypto_auth_hmacsha256_update(&state, user,
                                         (unsigned long long) len);
    (void) crypto_auth_hmacsha256_final(&state, mac);

    for (hash = 0, i = 0; i < 8; i++) {
        hash = hash * 256 + mac[i];
    }

    return f->start_ms
           + (int64_t) (((unsigned __int128) hash
                         * (uint64_t) (f->shuffle_s * 1000)) >> 64);
}


void
fair_event_bad(fair_t *f, fair_check_e check, int64_t seq, const char *what)
{
    unsigned  n;

    n = f->bad[check]++;

    if (n < FAIR_BAD_MAX) {
        (void) snprintf(f->why[check][n], sizeof(f->why[check][n]),
                        "event %" PRId64 " %s", seq, what);
    }
}
