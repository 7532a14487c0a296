#include <stdio.h>
#include <sys/stat.h>

#include <sodium.h>

#include "sk_ledger_db.h"


/*
 * The store's secret, of which the seeds of its sales are made.  It is beside
 * the ledger, not in it: no event has it, and no other machine gets it.
 */


static int sk_ledger_secret_make(sk_ledger_t *l, sk_secret_t *secret);
static void sk_ledger_secret_close(sk_ledger_t *l);


int
sk_ledger_secret(sk_ledger_t *l, unsigned make, sk_secret_t *secret)
{
    int          rc;
    size_t       len;
    const void  *data;

    rc = sqlite3_step(l->secret);

    if (rc == SQLITE_ROW) {
        sk_ledger_secret_close(l);

        data = sqlite3_column_blob(l->secret, 0);
        len = (size_t) sqlite3_column_bytes(l->secret, 0);

        if (len >= SK_SECRET_SIZE_MIN && len <= SK_SECRET_SIZE_MAX) {
            memcpy(secret->data, data, len);
            secret->len = len;

        } else {
            (void) snprintf(l->error, sizeof(l->error),
                            "damaged: its secret has %zu bytes", len);
            rc = SQLITE_CORRUPT;
        }
    }

    (void) sqlite3_reset(l->secret);

    switch (rc) {

    case SQLITE_ROW:
        return SK_OK;

    case SQLITE_DONE:
        return make ? sk_ledger_secret_make(l, secret) : SK_NOT_FOUND;

    case SQLITE_CORRUPT:
        return SK_DAMAGED;

    default:
        return sk_ledger_fail(l, rc);
    }
}


/* of a store that is opened: a copy of it may have been put there */

void
sk_ledger_secret_guard(sk_ledger_t *l)
{
    if (sqlite3_step(l->secret) == SQLITE_ROW) {
        sk_ledger_secret_close(l);
    }

    (void) sqlite3_reset(l->secret);
}


/*
 * As text, so that it can be copied to a file for "secret=".  In the
 * transaction of the event that needs it first: there are both, or neither.
 */

static int
sk_ledger_secret_make(sk_ledger_t *l, sk_secret_t *secret)
{
    int            rc;
    char           text[2 * SK_SECRET_SIZE_MIN + 1];
    uint8_t        random[SK_SECRET_SIZE_MIN];
    sqlite3_stmt  *s;

    sk_ledger_secret_close(l);

    randombytes_buf(random, sizeof(random));
    (void) sodium_bin2hex(text, sizeof(text), random, sizeof(random));

    secret->len = sizeof(text) - 1;
    memcpy(secret->data, text, secret->len);

    s = l->secret_put;

    (void) sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);

    rc = sk_ledger_step(l, s);

    (void) sqlite3_clear_bindings(s);

    sodium_memzero(text, sizeof(text));
    sodium_memzero(random, sizeof(random));

    return rc;
}


/* its directory is private where nginx has made it, but may be another one */

static void
sk_ledger_secret_close(sk_ledger_t *l)
{
    char         name[sizeof(l->path) + 8];
    unsigned     i;
    struct stat  st;

    static const char *const  suffixes[] = { "", "-wal", "-shm" };

    for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void) snprintf(name, sizeof(name), "%s%s", l->path, suffixes[i]);

        if (stat(name, &st) == 0 && (st.st_mode & S_IRWXO)) {
            (void) chmod(name, st.st_mode & (S_IRWXU|S_IRWXG));
        }
    }
}
