#include "sk_operator_do.h"
#include "sk_view.h"


static const char *const  sk_operator_sqls[SK_SQL_N] = {

    "SELECT " SK_VIEW_PRODUCT " FROM products WHERE id = ?1",

    "SELECT id FROM products WHERE name = ?1 AND id <> ?2",

    "SELECT count(*) FROM products",

    "SELECT json_object('name', ?1, 'description', ifnull(?2, ''), 'price', ?3,"
    " 'currency', ?4, 'attributes', json(ifnull(?5, '{}')),"
    " 'by', sk_text(?6))",

    /* what is not given stays; no row: all stays, and need not be said */

    "SELECT json_set(n, '$.by', sk_text(?6)) FROM"
    " (SELECT json_remove(detail, '$.by') AS d,"
    " json_object('name', ifnull(?1, detail ->> 'name'),"
    " 'description', ifnull(?2, detail ->> 'description'),"
    " 'price', ifnull(?3, detail ->> 'price'),"
    " 'currency', ifnull(?4, detail ->> 'currency'),"
    " 'attributes', json(ifnull(?5, detail -> 'attributes'))) AS n"
    " FROM products WHERE id = ?7) WHERE ?8 OR d <> n",

    /* as an event has made it; one that was removed, as it was before */

    "SELECT " SK_VIEW_PRODUCT " FROM (SELECT e.object AS id, e.detail,"
    " (SELECT at FROM ledger WHERE seq = e.object) AS created_ms,"
    " e.at AS edited_ms FROM ledger x JOIN ledger e ON e.object = x.object"
    " WHERE x.seq = ?1 AND e.seq <= x.seq AND e.type <> 'product_removed'"
    " ORDER BY e.seq DESC LIMIT 1)",

    SK_VIEW_ORDER_SQL,

    /* as the event ?2 has made it */

    SK_VIEW_ORDER("(SELECT iif(type = 'extended', 'held', type) FROM ledger"
                  " WHERE seq = ?2)", " AND seq <= ?2"),

    "SELECT json_object('sale', s.detail ->> 'name',"
    " 'round', b.detail ->> 'round', 'value', b.detail ->> 'value')"
    " FROM ledger b JOIN ledger s ON s.seq = b.sale WHERE b.seq = ?1"
};


sqlite3_stmt *
sk_operator_sql(sk_operator_t *o, sk_sql_e which)
{
    if (o->stmts[which] == NULL) {
        o->stmts[which] = sk_ledger_prepare_sql(o->writer->ledger,
                                                sk_operator_sqls[which]);
    }

    return o->stmts[which];
}


int
sk_operator_sql_row(sk_operator_t *o, sqlite3_stmt *stmt)
{
    int  rc;

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        return SK_OK;
    }

    rc = (rc == SQLITE_DONE) ? SK_NOT_FOUND
                             : sk_ledger_fail(o->writer->ledger, rc);

    (void) sqlite3_reset(stmt);

    return rc;
}
