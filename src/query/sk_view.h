/*
 * How products, sales and orders are shown: SQL that makes their JSON, for the
 * drainer's replies and for the workers' pages.
 */


#ifndef _SK_VIEW_H_INCLUDED_
#define _SK_VIEW_H_INCLUDED_


#include <sqlite3.h>

#include "sk_core.h"
#include "sk_zone.h"


#pragma GCC visibility push(hidden)


#define SK_VIEW_TIME(ms)                                                     \
    "strftime('%Y-%m-%dT%H:%M:%fZ', (" ms ") / 1000.0, 'unixepoch')"

/* of the table "products" */

#define SK_VIEW_PRODUCT                                                      \
    "json_object('id', id, 'name', detail ->> 'name',"                       \
    " 'description', detail ->> 'description', 'price', detail ->> 'price'," \
    " 'currency', detail ->> 'currency',"                                    \
    " 'attributes', json(detail -> 'attributes'),"                           \
    " 'created_at', " SK_VIEW_TIME("created_ms") ","                         \
    " 'edited_at', " SK_VIEW_TIME("edited_ms") ")"

/* of an order ?1, from the ledger alone */

#define SK_VIEW_ORDER_SQL                                                    \
    "SELECT json_object('order', w.seq, 'sale', s.detail ->> 'name',"        \
    " 'user', sk_text(w.user), 'state', ifnull("                             \
    "  (SELECT type FROM ledger WHERE object = w.seq"                        \
    "   ORDER BY seq DESC LIMIT 1),"                                         \
    "  iif(w.expires IS NULL, 'sold', 'held')),"                             \
    " 'created_at', " SK_VIEW_TIME("w.at") ","                               \
    " 'expires_at', " SK_VIEW_TIME("sk_expires(w.sale, w.user, w.seq,"       \
    " w.expires)") ")"                                                       \
    " FROM ledger w JOIN ledger s ON s.seq = w.sale"                         \
    " WHERE w.seq = ?1 AND w.type = 'won'"

/* of a sale, see sk_view_bind_sale() */

#define SK_VIEW_SALE_SQL                                                     \
    "SELECT json_object('name', ?1, 'product', ?2, 'stock', ?3,"             \
    " 'limit', ?4, 'hold', ?5, 'start', " SK_VIEW_TIME("?6") ","             \
    " 'end', " SK_VIEW_TIME("?7") ","                                        \
    " 'paused', json(iif(?8, 'true', 'false')), 'state', ?9, 'free', ?10,"   \
    " 'undecided', ?11, 'held', ?12, 'sold', ?13)"


/* adds sk_text(): what is no UTF-8 becomes U+FFFD.  Returns an SQLite code */
int sk_view_functions(sqlite3 *db);

/*
 * Adds sk_expires(sale, user, order, expires): until when an order is or was
 * held, in ms; while it is, the zone says it.  Returns an SQLite code.
 */
int sk_view_zone(sqlite3 *db, sk_zone_t *zone);

/* "sale" is a copy, made under the mutex */
void sk_view_bind_sale(sqlite3_stmt *stmt, sk_sale_t *sale, int64_t now_ms);


#pragma GCC visibility pop


#endif /* _SK_VIEW_H_INCLUDED_ */
