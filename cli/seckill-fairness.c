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

#include "fair.h"


static int fair_sales(fair_t *f);
static int fair_sale(fair_t *f);
static int fair_seed(fair_t *f);
static int fair_events(fair_t *f);
static int fair_failed(fair_t *f);


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


static int
fair_failed(fair_t *f)
{
    (void) fprintf(stderr, "seckill-fairness: \"%s\": %s\n", f->store,
                   sqlite3_errmsg(f->db));

    return FAIR_TROUBLE;
}
