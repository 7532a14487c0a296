#include "fair.h"


static int fair_named(fair_t *f, const char *sale, const char *sql, int *n);
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
fair_check(const char *path, const char *sale, json_t **sales, char *error,
    size_t size)
{
    int            rc, n;
    static fair_t  f;

    memset(&f, 0, sizeof(f));

    *sales = json_array();
    f.sales = *sales;
    f.error = error;
    f.error_size = size;
    n = 0;

    if (sqlite3_open_v2(path, &f.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK
        || sqlite3_busy_timeout(f.db, FAIR_BUSY_MS) != SQLITE_OK
        || sqlite3_exec(f.db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
    {
        rc = fair_failed(&f);

    } else {
        rc = fair_named(&f, sale, "SELECT seq, detail ->> 'name' FROM ledger"
                        " WHERE type = 'sale_added' AND detail ->> 'name' = ?1"
                        " ORDER BY seq", &n);
    }

    if (rc != FAIR_TROUBLE && n == 0) {
        rc = fair_named(&f, sale, "SELECT seq, detail ->> 'name' FROM ledger"
                        " WHERE type = 'sale_added' AND seq = CAST(?1 AS"
                        " INTEGER) AND CAST(seq AS TEXT) = ?1", &n);
    }

    if (rc != FAIR_TROUBLE && n == 0) {
        (void) snprintf(error, size, "there is no sale \"%s\"", sale);
        rc = FAIR_TROUBLE;
    }

    (void) sqlite3_close(f.db);

    return rc;
}


static int
fair_named(fair_t *f, const char *sale, const char *sql, int *n)
{
    int            rc, one, all;
    sqlite3_stmt  *s;

    if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) != SQLITE_OK) {
        return fair_failed(f);
    }

    (void) sqlite3_bind_text(s, 1, sale, -1, SQLITE_STATIC);

    all = FAIR_YES;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        f->id = sqlite3_column_int64(s, 0);
        f->name = (const char *) sqlite3_column_text(s, 1);
        f->name = f->name ? f->name : "";
        (*n)++;

        one = fair_sale(f);

        if (one == FAIR_TROUBLE) {
            (void) sqlite3_finalize(s);
            return one;
        }

        /* what is broken is worse than what has yet to come */

        all = (all == FAIR_NO || one == FAIR_YES) ? all : one;
    }

    (void) sqlite3_finalize(s);

    return (rc == SQLITE_DONE) ? all : fair_failed(f);
}


static int
fair_sale(fair_t *f)
{
    int  rc;

    memset(f->bad, 0, sizeof(f->bad));
    f->has_beacon = 0;
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
    (void) snprintf(f->error, f->error_size, "%s", sqlite3_errmsg(f->db));

    return FAIR_TROUBLE;
}
