#include <stdio.h>

#include "sk_ledger.h"
#include "sk_schema.h"


/* step N leads from version N to version N + 1 */

static const char *const  sk_schema_steps[] = {

    "CREATE TABLE ledger ("
    "  seq     INTEGER PRIMARY KEY,"        /* 1, 2, 3, ... */
    "  at      INTEGER NOT NULL,"           /* ms since the epoch, UTC */
    "  type    TEXT NOT NULL,"
    "  sale    INTEGER NOT NULL,"           /* seq of its sale_added */
    "  user    TEXT,"                       /* any bytes */
    "  ticket  INTEGER,"
    "  detail  TEXT"                        /* JSON */
    ");"

    "CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger BEGIN"
    "  SELECT RAISE(ABORT, 'the ledger is append-only');"
    "END;"

    "CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger BEGIN"
    "  SELECT RAISE(ABORT, 'the ledger is append-only');"
    "END;"

    /* for people with a sqlite3 shell */

    "CREATE VIEW orders AS"
    "  SELECT w.seq AS \"order\", json_extract(s.detail, '$.name') AS sale,"
    "         w.user AS user,"
    "         strftime('%Y-%m-%dT%H:%M:%fZ', w.at / 1000.0, 'unixepoch')"
    "           AS created_at"
    "  FROM ledger w JOIN ledger s ON s.seq = w.sale"
    "  WHERE w.type = 'won';",

    /* orders that are held, products, answers to be given again */

    /* object: the seq of what made it, an order or a product; expires: ms,
       NULL: it is sold */

    "ALTER TABLE ledger ADD COLUMN object INTEGER;"
    "ALTER TABLE ledger ADD COLUMN expires INTEGER;"

    "CREATE INDEX ledger_object ON ledger(object) WHERE object IS NOT NULL;"
    "CREATE INDEX ledger_removed ON ledger(sale)"
    "  WHERE type = 'sale_removed';"

    "CREATE TABLE requests ("
    "  id      INTEGER PRIMARY KEY,"
    "  at      INTEGER NOT NULL,"           /* ms */
    "  by      TEXT NOT NULL,"
    "  key     TEXT NOT NULL,"
    "  hash    BLOB NOT NULL,"              /* of what was asked for */
    "  code    INTEGER NOT NULL,"
    "  status  INTEGER NOT NULL,"
    "  path    TEXT NOT NULL,"              /* of what was made */
    "  reply   TEXT NOT NULL,"
    "  UNIQUE (by, key)"
    ");"

    "DROP VIEW orders;"
    "CREATE VIEW orders AS"
    "  SELECT w.seq AS \"order\", json_extract(s.detail, '$.name') AS sale,"
    "         w.user AS user,"
    "         ifnull((SELECT e.type FROM ledger e WHERE e.object = w.seq"
    "                 ORDER BY e.seq DESC LIMIT 1),"
    "                CASE WHEN w.expires IS NULL THEN 'sold' ELSE 'held' END)"
    "           AS state,"
    "         strftime('%Y-%m-%dT%H:%M:%fZ', w.at / 1000.0, 'unixepoch')"
    "           AS created_at,"
    "         strftime('%Y-%m-%dT%H:%M:%fZ', w.expires / 1000.0, 'unixepoch')"
    "           AS expires_at"
    "  FROM ledger w JOIN ledger s ON s.seq = w.sale"
    "  WHERE w.type = 'won';",

    /* which holds end next */

    ("CREATE INDEX ledger_expires ON ledger(expires)"
    "  WHERE expires IS NOT NULL;"

    /* the idempotency key of the request that made it, and a hash of all that
       it asked for: who has the ledger can give the answer again */

    "ALTER TABLE ledger ADD COLUMN key TEXT;"
    "ALTER TABLE ledger ADD COLUMN hash BLOB;"

    "CREATE INDEX ledger_key ON ledger(key) WHERE key IS NOT NULL;"

    "DROP TABLE requests;"),

    /* what was committed together, and the chain there; those of before are
       found when the store is opened */

    "CREATE TABLE commits ("
    "  last    INTEGER PRIMARY KEY,"        /* seq of its last event */
    "  chain   BLOB NOT NULL"               /* see sk_head.h */
    ");"

    "CREATE TRIGGER commits_update BEFORE UPDATE ON commits BEGIN"
    "  SELECT RAISE(ABORT, 'the ledger is append-only');"
    "END;"

    "CREATE TRIGGER commits_delete BEFORE DELETE ON commits BEGIN"
    "  SELECT RAISE(ABORT, 'the ledger is append-only');"
    "END;"

    /* who this store is among those that share its ledger */

    "CREATE TABLE machine ("
    "  name    TEXT PRIMARY KEY,"
    "  id      TEXT NOT NULL,"
    "  file    TEXT NOT NULL,"              /* a copy is another one */
    "  joined  INTEGER NOT NULL"
    ");"

    /* of the shared log's servers, in which it has done something */

    "CREATE TABLE reigns ("
    "  id      INTEGER PRIMARY KEY,"
    "  reign   TEXT NOT NULL UNIQUE"
    ");"

    "CREATE INDEX ledger_machine ON ledger(type)"
    "  WHERE type IN ('machine_joined', 'machine_left');",

    /* holds that were made longer */

    ("DROP VIEW IF EXISTS orders;"
    "CREATE VIEW orders AS"
    "  SELECT w.seq AS \"order\", json_extract(s.detail, '$.name') AS sale,"
    "         w.user AS user,"
    "         ifnull((SELECT e.type FROM ledger e WHERE e.object = w.seq"
    "                 AND e.type <> 'extended' ORDER BY e.seq DESC LIMIT 1),"
    "                CASE WHEN w.expires IS NULL THEN 'sold' ELSE 'held' END)"
    "           AS state,"
    "         strftime('%Y-%m-%dT%H:%M:%fZ', w.at / 1000.0, 'unixepoch')"
    "           AS created_at,"
    "         strftime('%Y-%m-%dT%H:%M:%fZ',"
    "                  ifnull((SELECT e.expires FROM ledger e"
    "                          WHERE e.object = w.seq AND e.type = 'extended'),"
    "                         w.expires) / 1000.0, 'unixepoch')"
    "           AS expires_at"
    "  FROM ledger w JOIN ledger s ON s.seq = w.sale"
    "  WHERE w.type = 'won';"

    /* of which the seeds of sales are made, see sk_opening.h: in no event */

    "CREATE TABLE secrets ("
    "  id      INTEGER PRIMARY KEY CHECK (id = 1),"
    "  secret  TEXT NOT NULL"
    ");"),

    /* who is in a waiting list */

    "CREATE INDEX ledger_queued ON ledger(sale) WHERE type = 'queued';"
};


/* what products are now, as the ledger says: made anew if somebody drops it */

static const char  sk_schema_products[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE products ("
    "  id          INTEGER PRIMARY KEY,"
    "  name        TEXT NOT NULL UNIQUE,"
    "  detail      TEXT NOT NULL,"          /* JSON */
    "  created_ms  INTEGER NOT NULL,"
    "  edited_ms   INTEGER NOT NULL"
    ");"
    "INSERT INTO products SELECT e.object, e.detail ->> 'name', e.detail,"
    "  (SELECT a.at FROM ledger a WHERE a.seq = e.object), e.at"
    "  FROM ledger e WHERE e.sale = 0 AND e.object IS NOT NULL"
    "  AND e.type <> 'product_removed' AND e.seq ="
    "  (SELECT max(x.seq) FROM ledger x WHERE x.object = e.object);"
    "COMMIT;";


_Static_assert(sizeof(sk_schema_steps) / sizeof(sk_schema_steps[0])
               == SK_LEDGER_VERSION, "a step for each version");


static int sk_schema_step(sqlite3 *db);
static int sk_schema_number(sqlite3 *db, const char *sql, int *value);


int
sk_schema_check(sqlite3 *db, char *error, size_t size)
{
    int  rc, id, tables, version;

    if ((rc = sk_schema_number(db, "PRAGMA application_id", &id)) != SQLITE_OK
        || (rc = sk_schema_version(db, &version)) != SQLITE_OK
        || (rc = sk_schema_number(db, "SELECT count(*) FROM sqlite_master",
                                  &tables))
           != SQLITE_OK)
    {
        return rc;
    }

    if (id != SK_LEDGER_APPLICATION_ID && (id || version || tables)) {
        (void) snprintf(error, size,
                        "a database of another program, not a seckill store");
        return SQLITE_ERROR;
    }

    if (version > SK_LEDGER_VERSION) {
        (void) snprintf(error, size,
                        "written by a newer version of the module "
                        "(schema %d, this one knows %d): upgrade the module",
                        version, SK_LEDGER_VERSION);
        return SQLITE_ERROR;
    }

    return SQLITE_OK;
}


int
sk_schema_version(sqlite3 *db, int *version)
{
    return sk_schema_number(db, "PRAGMA user_version", version);
}


int
sk_schema_migrate(sqlite3 *db)
{
    int  rc, version, products;

    for ( ;; ) {
        rc = sk_schema_version(db, &version);

        if (rc != SQLITE_OK) {
            return rc;
        }

        if (version >= SK_LEDGER_VERSION) {
            break;
        }

        rc = sk_schema_step(db);

        if (rc != SQLITE_OK) {
            (void) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            return rc;
        }
    }

    rc = sk_schema_number(db, "SELECT count(*) FROM sqlite_master"
                          " WHERE name = 'products'", &products);

    if (rc == SQLITE_OK && products == 0) {
        rc = sqlite3_exec(db, sk_schema_products, NULL, NULL, NULL);

        if (rc != SQLITE_OK) {
            (void) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
    }

    return rc;
}


static int
sk_schema_step(sqlite3 *db)
{
    int   rc, version;
    char  sql[128];

    rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        return rc;
    }

    /* another process may have been faster */

    rc = sk_schema_version(db, &version);

    if (rc == SQLITE_OK && version < SK_LEDGER_VERSION) {

        (void) snprintf(sql, sizeof(sql),
                        "PRAGMA application_id = %d;"
                        "PRAGMA user_version = %d;",
                        SK_LEDGER_APPLICATION_ID, version + 1);

        rc = sqlite3_exec(db, sk_schema_steps[version], NULL, NULL, NULL);

        if (rc == SQLITE_OK) {
            rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
        }
    }

    return (rc == SQLITE_OK) ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL)
                             : rc;
}


static int
sk_schema_number(sqlite3 *db, const char *sql, int *value)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

    if (rc != SQLITE_OK) {
        return rc;
    }

    rc = sqlite3_step(stmt);

    *value = (rc == SQLITE_ROW) ? sqlite3_column_int(stmt, 0) : 0;

    return sqlite3_finalize(stmt);
}
