/*
 * How products, sales and orders are shown, in the drainer's replies and on the
 * workers' pages: SQL that makes their JSON, and the JSON of a sale.
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

/*
 * Of an order ?1, from the ledger alone; as it is now.  "then" restricts the
 * events of which one may have made its hold longer.
 */

#define SK_VIEW_ORDER(state, then)                                           \
    "SELECT json_object('order', w.seq, 'sale', s.detail ->> 'name',"        \
    " 'user', sk_text(w.user), 'state', " state ","                          \
    " 'created_at', " SK_VIEW_TIME("w.at") ","                               \
    " 'expires_at', " SK_VIEW_TIME("ifnull((SELECT expires FROM ledger"      \
    " WHERE object = w.seq AND type = 'extended'" then "), w.expires)") ")"  \
    " FROM ledger w JOIN ledger s ON s.seq = w.sale"                         \
    " WHERE w.seq = ?1 AND w.type = 'won'"

#define SK_VIEW_ORDER_SQL                                                    \
    SK_VIEW_ORDER("ifnull((SELECT type FROM ledger WHERE object = w.seq"     \
                  " AND type <> 'extended' ORDER BY seq DESC LIMIT 1),"      \
                  " iif(w.expires IS NULL, 'sold', 'held'))", "")


/*
 * Adds sk_text(text): what is no UTF-8 becomes U+FFFD; and sk_detail(detail):
 * what an event says of a sale, as the API shows it, NULL for what is no such
 * detail.  Returns an SQLite code.
 */
int sk_view_functions(sqlite3 *db);

/* JSON, to be freed, of a copy made under the mutex; NULL: no memory */
char *sk_view_sale(sk_sale_t *sale, int64_t now_ms);


#pragma GCC visibility pop


#endif /* _SK_VIEW_H_INCLUDED_ */
