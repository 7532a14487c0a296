/*
 * seckill-fairness STORE SALE: whether a sale with a shuffled opening has let
 * anybody in before his time.  It goes by the ledger alone, of a store in use
 * or of a backup, reads it as it is at one moment, and never writes.  None of
 * the engine's code is in it: it is to find out whether that is right.
 *
 * Prints rows, their columns separated by tabs: "sale", its number and what is
 * known of it; "window", a start and a shuffle that were in force when there
 * were orders, and how many of them; "check", ok or BROKEN, and what was looked
 * at; "bad", an event that breaks it, five at most; "note", what has yet to
 * come, or should be known.
 *
 * Exits with 0: it was fair; 1: it was not; 2: the ledger cannot be read, or
 * there is no such sale; 3: the seed has not been revealed yet.
 */

#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define FAIR_YES       0
#define FAIR_NO        1
#define FAIR_TROUBLE   2
#define FAIR_NOT_YET   3

#define FAIR_BUSY_MS   10000
#define FAIR_BAD_MAX   5
#define FAIR_WINDOWS   16               /* that are printed */
#define FAIR_SIZE      32               /* of a seed, a hash */
#define FAIR_HEX       (2 * FAIR_SIZE)
#define FAIR_VALUE_MAX 64


typedef enum {
    FAIR_COMMITMENT = 0,
    FAIR_BEACON,
    FAIR_SHUFFLE,
    FAIR_REVEALED,
    FAIR_OPENINGS,
    FAIR_CHECKS
} fair_check_e;


typedef struct {
    int64_t         start_ms;
    int64_t         shuffle_s;
    int64_t         orders;
    int64_t         in_window;
} fair_window_t;


typedef struct {
    const char     *store;
    const char     *name;
    sqlite3        *db;

    /* of a sale */

    int64_t         id;
    unsigned char   seed[FAIR_SIZE];
    unsigned char   key[FAIR_SIZE];     /* with the beacon, if there is one */
    char            commitment[FAIR_HEX + 1];
    char            beacon[64];         /* its round, or "none" */
    int             revealed;

    /* as the last event that says so has it */

    int64_t         start_ms;
    int64_t         end_ms;
    int64_t         shuffle_s;
    int             added;

    int             started;            /* by an edit's time */
    int             told;               /* the seed was, in an event */
    int64_t         promised_s;         /* the longest shuffle, of a window that
                                           has not been over with it */
    int64_t         lowered_seq;        /* the event that made it less, or 0 */

    int64_t         orders;
    int64_t         in_window;
    unsigned        n_windows;
    fair_window_t   windows[FAIR_WINDOWS];
    unsigned        bad[FAIR_CHECKS];
    char            why[FAIR_CHECKS][FAIR_BAD_MAX][160];
} fair_t;


static int fair_sales(fair_t *f);
static int fair_sale(fair_t *f);
static int fair_seed(fair_t *f);
static int fair_events(fair_t *f);
static void fair_event(fair_t *f, sqlite3_stmt *s);
static void fair_def(fair_t *f, sqlite3_stmt *s);
static void fair_terms(fair_t *f, sqlite3_stmt *s);
static void fair_beacon(fair_t *f, sqlite3_stmt *s);
static void fair_reveal(fair_t *f, sqlite3_stmt *s);
static void fair_won(fair_t *f, sqlite3_stmt *s);
static void fair_count(fair_t *f, int in_window);
static void fair_won_early(fair_t *f, sqlite3_stmt *s);
static int64_t fair_opening(fair_t *f, const void *user, int len);
static void fair_bad(fair_t *f, fair_check_e check, int64_t seq,
    const char *what);
static int fair_report(fair_t *f);
static void fair_report_windows(fair_t *f);
static int fair_report_checks(fair_t *f, const char *seed);
static int fair_failed(fair_t *f);


enum {
    COLUMN_SEQ = 0, COLUMN_AT, COLUMN_TYPE, COLUMN_USER, COLUMN_START,
    COLUMN_END, COLUMN_SHUFFLE, COLUMN_COMMITMENT, COLUMN_VALUE, COLUMN_ROUND
};

static const char  fair_sql[] =
    "SELECT seq, at, type, CAST(user AS BLOB), detail ->> '$.start_ms',"
    " detail ->> '$.end_ms', detail ->> '$.shuffle_s',"
    " detail ->> '$.opening.commitment', detail ->> '$.value',"
    " detail ->> '$.round' FROM ledger WHERE sale = ?1 AND type IN"
    " ('sale_added', 'sale_edited', 'won', 'beacon_set', 'seed_revealed')"
    " ORDER BY seq";


int
main(int argc, char **argv)
{
    int            rc;
    static fair_t  f;

    if (argc != 3) {
        (void) fprintf(stderr, "usage: seckill-fairness STORE SALE\n");
        return FAIR_TROUBLE;
    }

    if (sodium_init() == -1) {
        (void) fprintf(stderr, "seckill-fairness: libsodium does not start\n");
        return FAIR_TROUBLE;
    }

    f.store = argv[1];
    f.name = argv[2];

    if (sqlite3_open_v2(f.store, &f.db, SQLITE_OPEN_READONLY, NULL)
        != SQLITE_OK
        || sqlite3_busy_timeout(f.db, FAIR_BUSY_MS) != SQLITE_OK
        || sqlite3_exec(f.db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
    {
        rc = fair_failed(&f);

    } else {
        rc = fair_sales(&f);
    }

    (void) sqlite3_close(f.db);

    return (fflush(stdout) == 0) ? rc : FAIR_TROUBLE;
}


/* of one name there may have been several, one after the other */

static int
fair_sales(fair_t *f)
{
    int            rc, one, all, n;
    sqlite3_stmt  *s;

    if (sqlite3_prepare_v2(f->db, "SELECT seq FROM ledger WHERE"
                           " type = 'sale_added' AND detail ->> 'name' = ?1"
                           " ORDER BY seq", -1, &s, NULL)
        != SQLITE_OK)
    {
        return fair_failed(f);
    }

    (void) sqlite3_bind_text(s, 1, f->name, -1, SQLITE_STATIC);

    all = FAIR_YES;
    n = 0;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        f->id = sqlite3_column_int64(s, 0);
        n++;

        one = fair_sale(f);

        if (one == FAIR_TROUBLE) {
            (void) sqlite3_finalize(s);
            return one;
        }

        /* what is broken is worse than what has yet to come */

        all = (all == FAIR_NO || one == FAIR_YES) ? all : one;
    }

    if (rc != SQLITE_DONE) {
        (void) sqlite3_finalize(s);
        return fair_failed(f);
    }

    (void) sqlite3_finalize(s);

    if (n == 0) {
        (void) fprintf(stderr, "seckill-fairness: there is no sale \"%s\"\n",
                       f->name);
        return FAIR_TROUBLE;
    }

    return all;
}


static int
fair_sale(fair_t *f)
{
    int  rc;

    memset(f->bad, 0, sizeof(f->bad));
    (void) strcpy(f->beacon, "none");
    f->commitment[0] = '\0';
    f->orders = 0;
    f->in_window = 0;
    f->n_windows = 0;
    f->shuffle_s = 0;
    f->added = 0;
    f->started = 0;
    f->told = 0;
    f->promised_s = 0;
    f->lowered_seq = 0;

    rc = fair_seed(f);

    if (rc == FAIR_YES) {
        rc = fair_events(f);
    }

    return (rc == FAIR_YES) ? fair_report(f) : rc;
}


static int
fair_seed(fair_t *f)
{
    int            rc;
    size_t         len;
    const char    *hex, *end;
    sqlite3_stmt  *s;

    f->revealed = 0;

    if (sqlite3_prepare_v2(f->db, "SELECT detail ->> 'seed' FROM ledger WHERE"
                           " sale = ?1 AND type = 'seed_revealed'"
                           " ORDER BY seq LIMIT 1", -1, &s, NULL)
        != SQLITE_OK)
    {
        return fair_failed(f);
    }

    (void) sqlite3_bind_int64(s, 1, f->id);

    rc = sqlite3_step(s);

    if (rc == SQLITE_ROW) {
        hex = (const char *) sqlite3_column_text(s, 0);

        if (hex && sodium_hex2bin(f->seed, FAIR_SIZE, hex, strlen(hex), NULL,
                                  &len, &end)
                   == 0
            && *end == '\0' && len == FAIR_SIZE)
        {
            memcpy(f->key, f->seed, FAIR_SIZE);
            f->revealed = 1;
        }
    }

    (void) sqlite3_finalize(s);

    return (rc == SQLITE_ROW || rc == SQLITE_DONE) ? FAIR_YES : fair_failed(f);
}


static int
fair_events(fair_t *f)
{
    int            rc;
    sqlite3_stmt  *s;

    if (sqlite3_prepare_v2(f->db, fair_sql, -1, &s, NULL) != SQLITE_OK) {
        return fair_failed(f);
    }

    (void) sqlite3_bind_int64(s, 1, f->id);

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        fair_event(f, s);
    }

    (void) sqlite3_finalize(s);

    return (rc == SQLITE_DONE) ? FAIR_YES : fair_failed(f);
}


static void
fair_event(fair_t *f, sqlite3_stmt *s)
{
    const char  *type;

    type = (const char *) sqlite3_column_text(s, COLUMN_TYPE);

    if (strcmp(type, "won") == 0) {
        fair_won(f, s);

    } else if (strcmp(type, "beacon_set") == 0) {
        fair_beacon(f, s);

    } else if (strcmp(type, "seed_revealed") == 0) {
        fair_reveal(f, s);

    } else {
        fair_def(f, s);
    }
}


/* the first commitment counts, and all others are the same */

static void
fair_def(fair_t *f, sqlite3_stmt *s)
{
    const char  *hex;

    fair_terms(f, s);

    hex = (const char *) sqlite3_column_text(s, COLUMN_COMMITMENT);

    if (hex == NULL) {

        if (f->commitment[0] || f->shuffle_s) {
            fair_bad(f, FAIR_COMMITMENT, sqlite3_column_int64(s, COLUMN_SEQ),
                     "has no commitment");
        }

    } else if (f->commitment[0] == '\0' && strlen(hex) == FAIR_HEX) {
        (void) strcpy(f->commitment, hex);

    } else if (strcmp(f->commitment, hex) != 0) {
        fair_bad(f, FAIR_COMMITMENT, sqlite3_column_int64(s, COLUMN_SEQ),
                 "has another commitment");
    }
}


/*
 * What is in force from now on.  The longest shuffle is what buyers were
 * promised, until a window of it is over: who wins by a shorter one, or by
 * none, has won in another race than the one that was announced.
 */

static void
fair_terms(fair_t *f, sqlite3_stmt *s)
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
fair_beacon(fair_t *f, sqlite3_stmt *s)
{
    size_t                        len;
    int64_t                       seq;
    const char                   *hex, *end;
    unsigned char                 value[FAIR_VALUE_MAX];
    crypto_auth_hmacsha256_state  state;

    static const char  purpose[] = "seckill beacon";    /* with its zero */

    seq = sqlite3_column_int64(s, COLUMN_SEQ);
    hex = (const char *) sqlite3_column_text(s, COLUMN_VALUE);

    if (strcmp(f->beacon, "none") != 0) {
        fair_bad(f, FAIR_BEACON, seq, "sets another beacon");
        return;
    }

    (void) snprintf(f->beacon, sizeof(f->beacon), "%" PRId64,
                    (int64_t) sqlite3_column_int64(s, COLUMN_ROUND));

    if (sqlite3_column_int64(s, COLUMN_AT) >= f->start_ms) {
        fair_bad(f, FAIR_BEACON, seq, "sets the beacon after the start");

    } else if (f->orders) {
        fair_bad(f, FAIR_BEACON, seq, "sets the beacon after orders were won");

    } else if (f->started) {
        fair_bad(f, FAIR_BEACON, seq, "sets the beacon when the sale has "
                 "started before");
    }

    if (hex == NULL
        || sodium_hex2bin(value, sizeof(value), hex, strlen(hex), NULL, &len,
                          &end)
           != 0
        || *end || len == 0)
    {
        fair_bad(f, FAIR_BEACON, seq, "has no value of 1 to 64 bytes");
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
fair_reveal(fair_t *f, sqlite3_stmt *s)
{
    int64_t  at_ms;

    at_ms = sqlite3_column_int64(s, COLUMN_AT);
    f->told = 1;

    if (!f->revealed) {
        fair_bad(f, FAIR_COMMITMENT, sqlite3_column_int64(s, COLUMN_SEQ),
                 "reveals no seed of 32 bytes");
    }

    if (at_ms < f->start_ms + f->shuffle_s * 1000 && at_ms < f->end_ms) {
        fair_bad(f, FAIR_REVEALED, sqlite3_column_int64(s, COLUMN_SEQ),
                 "reveals the seed before the window is over");
    }
}


static void
fair_won(fair_t *f, sqlite3_stmt *s)
{
    int      in_window;
    char     what[112];
    int64_t  seq, at_ms;

    seq = sqlite3_column_int64(s, COLUMN_SEQ);
    at_ms = sqlite3_column_int64(s, COLUMN_AT);

    in_window = (f->shuffle_s
                 && at_ms < f->start_ms + f->shuffle_s * 1000);

    fair_count(f, in_window);

    if (f->lowered_seq) {
        (void) snprintf(what, sizeof(what), "was won with shuffle %" PRId64
                        " s, %" PRId64 " s were promised until event %" PRId64,
                        f->shuffle_s, f->promised_s, f->lowered_seq);
        fair_bad(f, FAIR_SHUFFLE, seq, what);
    }

    if (in_window && f->told) {
        fair_bad(f, FAIR_REVEALED, seq, "was won in a window that came after "
                 "the seed was revealed");
    }

    if (f->shuffle_s && f->revealed) {
        fair_won_early(f, s);
    }
}


/* by what was in force: a window more, if that is not the last one's */

static void
fair_count(fair_t *f, int in_window)
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
fair_won_early(fair_t *f, sqlite3_stmt *s)
{
    int          len;
    char         what[96];
    int64_t      at_ms, opening_ms;
    const void  *user;

    at_ms = sqlite3_column_int64(s, COLUMN_AT);
    user = sqlite3_column_blob(s, COLUMN_USER);
    len = sqlite3_column_bytes(s, COLUMN_USER);

    opening_ms = fair_opening(f, user, len);

    if (at_ms < opening_ms) {
        (void) snprintf(what, sizeof(what), "was won %" PRId64 " ms before its "
                        "user's opening", opening_ms - at_ms);
        fair_bad(f, FAIR_OPENINGS, sqlite3_column_int64(s, COLUMN_SEQ), what);
    }
}


static int64_t
fair_opening(fair_t *f, const void *user, int len)
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


static void
fair_bad(fair_t *f, fair_check_e check, int64_t seq, const char *what)
{
    unsigned  n;

    n = f->bad[check]++;

    if (n < FAIR_BAD_MAX) {
        (void) snprintf(f->why[check][n], sizeof(f->why[check][n]),
                        "event %" PRId64 " %s", seq, what);
    }
}


static int
fair_report(fair_t *f)
{
    int            broken;
    char           hex[FAIR_HEX + 1];
    unsigned char  hash[FAIR_SIZE];

    if (f->commitment[0] == '\0' && f->bad[FAIR_COMMITMENT] == 0) {
        (void) printf("sale\t%" PRId64 "\t%" PRId64 "\t0\t0\tnone\tnone\n",
                      f->id, f->orders);
        (void) printf("note\tit never had \"shuffle\": there is nothing to "
                      "check\n");
        return FAIR_YES;
    }

    if (f->revealed) {
        (void) crypto_hash_sha256(hash, f->seed, FAIR_SIZE);
        (void) sodium_bin2hex(hex, sizeof(hex), hash, FAIR_SIZE);

        if (strcmp(hex, f->commitment) != 0) {
            fair_bad(f, FAIR_COMMITMENT, f->id, "commits to another seed");
        }

        (void) sodium_bin2hex(hex, sizeof(hex), f->seed, FAIR_SIZE);

    } else {
        (void) strcpy(hex, "none");
    }

    (void) printf("sale\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%u\t%s\t%s\n",
                  f->id, f->orders, f->in_window, f->bad[FAIR_OPENINGS], hex,
                  f->beacon);

    fair_report_windows(f);

    broken = fair_report_checks(f, hex);

    if (f->lowered_seq && f->bad[FAIR_SHUFFLE] == 0) {
        (void) printf("note\tshuffle is %" PRId64 " s since event %" PRId64
                      ", %" PRId64 " s were promised; nobody has won since\n",
                      f->shuffle_s, f->lowered_seq, f->promised_s);
    }

    if (!f->revealed) {
        (void) printf("note\tthe seed has not been revealed yet: the openings "
                      "of %" PRId64 " orders cannot be checked\n", f->orders);
    }

    return broken ? FAIR_NO : f->revealed ? FAIR_YES : FAIR_NOT_YET;
}


static void
fair_report_windows(fair_t *f)
{
    char            start[40];
    time_t          sec;
    int64_t         orders;
    unsigned        i;
    struct tm       tm;
    fair_window_t  *w;

    orders = f->orders;

    for (i = 0; i < f->n_windows; i++) {
        w = &f->windows[i];
        sec = (time_t) (w->start_ms / 1000);
        orders -= w->orders;

        (void) printf("window\t");

        if (w->start_ms > 0 && gmtime_r(&sec, &tm)
            && strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%S", &tm))
        {
            (void) printf("%s.%03dZ", start, (int) (w->start_ms % 1000));

        } else {
            (void) printf("none");
        }

        (void) printf("\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n",
                      w->shuffle_s, w->orders, w->in_window);
    }

    if (orders) {
        (void) printf("note\t%" PRId64 " orders are of windows after the first "
                      "%u\n", orders, FAIR_WINDOWS);
    }
}


/* whether one of them is broken */

static int
fair_report_checks(fair_t *f, const char *seed)
{
    char      text[FAIR_CHECKS][160];
    unsigned  i, n, broken;

    (void) snprintf(text[FAIR_COMMITMENT], sizeof(text[0]),
                    "commitment: %s%s", f->revealed ? "the seed's, " : "",
                    f->commitment);
    (void) snprintf(text[FAIR_BEACON], sizeof(text[0]), "beacon: %s%s",
                    strcmp(f->beacon, "none") ? "before the start, round " : "",
                    f->beacon);
    (void) snprintf(text[FAIR_SHUFFLE], sizeof(text[0]),
                    "shuffle: never shorter than was promised");
    (void) snprintf(text[FAIR_REVEALED], sizeof(text[0]),
                    "seed: revealed after the window, %s", seed);
    (void) snprintf(text[FAIR_OPENINGS], sizeof(text[0]), "openings: %" PRId64
                    " orders, %" PRId64 " in the window, none before its "
                    "user's time", f->orders, f->in_window);

    broken = 0;

    for (i = 0; i < FAIR_CHECKS; i++) {

        if (i >= FAIR_REVEALED && !f->revealed) {
            continue;
        }

        (void) printf("check\t%s\t%s\n", f->bad[i] ? "BROKEN" : "ok", text[i]);

        for (n = 0; n < f->bad[i] && n < FAIR_BAD_MAX; n++) {
            (void) printf("bad\t%s\n", f->why[i][n]);
        }

        broken += f->bad[i];
    }

    return broken ? 1 : 0;
}


static int
fair_failed(fair_t *f)
{
    (void) fprintf(stderr, "seckill-fairness: \"%s\": %s\n", f->store,
                   sqlite3_errmsg(f->db));

    return FAIR_TROUBLE;
}
