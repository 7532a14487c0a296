/*
 * What is told of a sale as JSON, by the table of its fields: as the API shows
 * it and as the ledger keeps it.  jansson reads and writes it.
 *
 * For anybody.  What returns JSON or a text returns NULL without memory.
 */


#ifndef _SK_JSON_H_INCLUDED_
#define _SK_JSON_H_INCLUDED_


#include <jansson.h>

#include "sk_sale.h"


#pragma GCC visibility push(hidden)


/* a string; what is no UTF-8 in it becomes U+FFFD */
json_t *sk_json_text(const char *text, size_t len);

/*
 * The fields that may be given "when", among those to add also the name and the
 * group.
 * "stored": as the ledger has them, times as numbers, with its names.
 */
json_t *sk_json_sale(const sk_sale_def_t *def, unsigned when,
    unsigned stored);

/*
 * Reads what sk_json_sale() has stored, also by an older version: what is not
 * there is as at first.  "name_len" is 0 if there is no name, or no good one.
 * SK_OK; SK_ERROR: it is not a sale's.
 */
int sk_json_sale_read(json_t *json, sk_sale_def_t *def);

/* the text, to be freed; the JSON is no more */
char *sk_json_end(json_t *json);


#pragma GCC visibility pop


#endif /* _SK_JSON_H_INCLUDED_ */
