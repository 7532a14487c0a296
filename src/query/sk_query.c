#include <stdio.h>
#include <stdlib.h>

#include "sk_query_db.h"


/* made when the tables have come to the ledger's end: much faster then */

static const char  sk_query_indexes[] =
    "CREATE INDEX IF NOT EXISTS orders_user ON orders(user);"
    "CREATE INDEX IF NOT EXISTS orders_sale ON orders(sale);"
    "CREATE INDEX IF NOT EXISTS orders_state ON orders(state);"
    "CREATE INDEX IF NOT EXISTS orders_sale_state ON orders(sale, state);";


static int sk_query_slice(sk_query_t *q);
static int sk_query_ledger_damaged(sk_query_t *q, int64_t from, int64_t to);


sk_query_t *
sk_query_create(sk_zone_t *zone, const char *store)
{
    sk_query_t  *q;

    q = calloc(1, sizeof(sk_query_t));
    if (q == NULL) {
        return NULL;
    }

    q->zone = zone;

    (void) snprintf(q->store, sizeof(q->store), "%s", store);
    (void) snprintf(q->path, sizeof(q->path), "%s%s", q->store,
                    SK_QUERY_SUFFIX);
    return q;
}


void
sk_query_destroy(sk_query_t *q)
{
    sk_query_db_close(q);
    free(q);
}


const char *
sk_query_error(sk_query_t *q)
{
    return q->error;
}


int
sk_query_fill(sk_query_t *q)
{
    int       rc;
    uint64_t  files[4];

    if (q->db) {

        /* SQLite would go on writing to what nobody finds */

        sk_query_db_identify(q, files);

        if (memcmp(files, q->files, sizeof(files)) != 0) {
            sk_query_db_close(q);
        }
    }

    rc = SK_OK;

    if (q->db == NULL) {
        rc = sk_query_db_open(q);
    }

    if (rc != SK_OK) {
        sk_query_db_close(q);
        return rc;
    }

    rc = sk_query_slice(q);

    if (rc == SK_ERROR && q->stale) {
        sk_query_db_remove(q);

    } else if (rc == SK_ERROR) {
        sk_query_db_close(q);
    }

    return rc;
}


static int
sk_query_slice(sk_query_t *q)
{
    int      rc;
    size_t   i;
    int64_t  from, to, end, slice;

    sqlite3_stmt *const  fill[] = { q->won, q->changed, q->extended, q->sales,
                                   q->set };

    rc = sqlite3_step(q->end);
    end = (rc == SQLITE_ROW) ? sqlite3_column_int64(q->end, 0) : 0;
    (void) sqlite3_reset(q->end);

    if (rc != SQLITE_ROW) {
        rc = sk_query_db_fail(q, rc);
        q->stale = 0;                   /* it is the ledger that is damaged */
        return rc;
    }

    /* another server's thread may fill the same tables */

    rc = sk_query_db_step(q, q->begin);

    if (rc != SK_OK) {
        q->stale &= !sk_query_ledger_damaged(q, 0, 0);
        return rc;
    }

    rc = sqlite3_step(q->seen);
    from = (rc == SQLITE_ROW) ? sqlite3_column_int64(q->seen, 0) : 0;
    (void) sqlite3_reset(q->seen);

    rc = (rc == SQLITE_ROW) ? SK_OK : sk_query_db_fail(q, rc);

    slice = q->indexed ? SK_QUERY_SLICE : SK_QUERY_SLICE_NEW;
    to = (end - from > slice) ? from + slice : end;

    for (i = 0; i < sizeof(fill) / sizeof(fill[0]) && to > from; i++) {

        if (rc == SK_OK) {
            (void) sqlite3_bind_int64(fill[i], 1, from);
            (void) sqlite3_bind_int64(fill[i], 2, to);

            rc = sk_query_db_step(q, fill[i]);
        }
    }

    if (rc == SK_OK) {
        rc = sk_query_db_step(q, q->commit);
    }

    if (rc != SK_OK) {
        (void) sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);

        q->stale &= !sk_query_ledger_damaged(q, from, to);

        return rc;
    }

    if (to < end) {
        if (q->indexed) {
            sk_store_release(&q->zone->query_seq, (uint64_t) to);
        }

        return SK_MORE;
    }

    if (!q->indexed) {
        rc = sk_query_db_exec(q, sk_query_indexes);

        if (rc != SK_OK) {
            return rc;
        }

        q->indexed = 1;
    }

    to = (to > from) ? to : from;

    sk_store_release(&q->zone->query_seq, (uint64_t) to);

    return SK_OK;
}


/* the ledger, not the tables: to make them anew would end in the same place */

static int
sk_query_ledger_damaged(sk_query_t *q, int64_t from, int64_t to)
{
    int   rc;
    char  sql[256];

    if (!q->stale) {
        return 0;
    }

    (void) snprintf(sql, sizeof(sql), "SELECT sum(length(user) + length(detail)"
                    " + object) FROM store.ledger WHERE seq > %lld"
                    " AND seq <= %lld", (long long) from, (long long) to);

    rc = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

    return rc != SQLITE_OK;
}


int
sk_query_idle(sk_query_t *q)
{
    uint64_t  seen;

    seen = sk_load(&q->zone->query_seq);

    return q->db && q->indexed && seen >= sk_load(&q->zone->applied_seq)
           && seen >= sk_load(&q->zone->query_wanted);
}
