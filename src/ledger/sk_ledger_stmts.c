#include "sk_ledger_db.h"


#define AT(member)  offsetof(sk_ledger_t, member)


/* the ledger's statements, each prepared once */

static const struct {
    size_t        offset;
    const char   *sql;
} sk_ledger_stmts[] = {
    { AT(begin), "BEGIN IMMEDIATE" },
    { AT(commit), "COMMIT" },
    { AT(rollback), "ROLLBACK" },
    { AT(last), "SELECT max(seq) FROM ledger" },

    { AT(append),
      "INSERT INTO ledger"
      " (seq, at, type, sale, user, ticket, object, expires, detail, key,"
      " hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)" },

    { AT(product_put),
      "INSERT INTO products (id, name, detail, created_ms, edited_ms)"
      " VALUES (?1, ?2 ->> 'name', ?2, ?3, ?3)"
      " ON CONFLICT (id) DO UPDATE SET name = ?2 ->> 'name', detail = ?2,"
      " edited_ms = ?3" },

    { AT(product_drop), "DELETE FROM products WHERE id = ?1" },

    { AT(request),
      "SELECT seq, type, sale, object, at, hash FROM ledger"
      " WHERE key = ?1 AND detail ->> 'by' = sk_text(?2) AND at > ?3"
      " ORDER BY seq DESC LIMIT 1" },

    { AT(read),
      "SELECT seq, type, sale, user, ticket, expires, object, at"
      " FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2" },

    { AT(read_detail), "SELECT detail FROM ledger WHERE seq = ?1" },

    { AT(removed),
      "SELECT sale FROM ledger WHERE type = 'sale_removed'"
      " ORDER BY sale" },

    { AT(order),
      "SELECT seq, sale, user, expires, seq FROM ledger"
      " WHERE seq = ?1 AND type = 'won'" },

    /* a hold that was made longer is there twice, with its old end and its new
       one: as "won", and as "extended", which names the order */

    { AT(due),
      "SELECT iif(type = 'won', seq, object), sale, user, expires, seq"
      " FROM ledger"
      " WHERE expires = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3" },

    { AT(due_later),
      "SELECT iif(type = 'won', seq, object), sale, user, expires, seq"
      " FROM ledger"
      " WHERE expires > ?1 AND expires <= ?2"
      " ORDER BY expires, seq LIMIT ?3" },

    { AT(queued),
      "SELECT seq, sale, user, expires, seq FROM ledger"
      " WHERE type = 'queued' AND sale = ?1 AND seq > ?2"
      " ORDER BY seq LIMIT ?3" },

    { AT(due_next), "SELECT min(expires) FROM ledger WHERE expires > ?1" },

    { AT(order_last),
      "SELECT type, seq FROM ledger WHERE object = ?1"
      " ORDER BY seq DESC LIMIT 1" },

    { AT(head),
      "SELECT last, chain FROM commits ORDER BY last DESC LIMIT 1" },

    { AT(head_at),
      "SELECT last, chain FROM commits WHERE last <= ?1"
      " ORDER BY last DESC LIMIT 1" },

    { AT(head_next),
      "SELECT last FROM commits WHERE last > ?1 ORDER BY last LIMIT 1" },

    { AT(head_add), "INSERT INTO commits (last, chain) VALUES (?1, ?2)" },

    { AT(machine),
      "SELECT id, file, joined FROM machine WHERE name = ?1" },

    { AT(machine_put),
      "INSERT OR REPLACE INTO machine (name, id, file, joined)"
      " VALUES (?1, ?2, ?3, ?4)" },

    { AT(reign),
      "SELECT reign = ?1 FROM reigns ORDER BY id DESC LIMIT 1" },

    { AT(reign_add), "INSERT INTO reigns (reign) VALUES (?1)" },

    { AT(reign_clear), "DELETE FROM reigns" },

    { AT(secret), "SELECT secret FROM secrets" },

    { AT(secret_put), "INSERT INTO secrets (id, secret) VALUES (1, ?1)" },

    { AT(members),
      "SELECT seq, type, detail FROM ledger WHERE"
      " type IN ('machine_joined', 'machine_left') AND seq <= ?1"
      " ORDER BY seq" },

    { AT(rows),
      "SELECT seq, at, type, sale, user, ticket, object, expires, detail,"
      " key, hash FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2" },
};

#undef AT

#define SK_LEDGER_STMTS  (sizeof(sk_ledger_stmts) / sizeof(sk_ledger_stmts[0]))


static sqlite3_stmt **sk_ledger_stmts_at(sk_ledger_t *l, size_t i);


static sqlite3_stmt **
sk_ledger_stmts_at(sk_ledger_t *l, size_t i)
{
    return (sqlite3_stmt **) ((char *) l + sk_ledger_stmts[i].offset);
}


int
sk_ledger_stmts_prepare(sk_ledger_t *l)
{
    size_t         i;
    const char    *sql;
    sqlite3_stmt  *stmt;

    for (i = 0; i < SK_LEDGER_STMTS; i++) {
        sql = sk_ledger_stmts[i].sql;

        if (l->readonly && sk_ledger_stmts_at(l, i) == &l->begin) {

            /* of one moment, without a right to write */

            sql = "BEGIN";
        }

        stmt = sk_ledger_prepare_sql(l, sql);

        if (stmt == NULL) {
            return SK_ERROR;
        }

        *sk_ledger_stmts_at(l, i) = stmt;
    }

    return SK_OK;
}


void
sk_ledger_stmts_finalize(sk_ledger_t *l)
{
    size_t  i;

    for (i = 0; i < SK_LEDGER_STMTS; i++) {
        (void) sqlite3_finalize(*sk_ledger_stmts_at(l, i));
    }
}
