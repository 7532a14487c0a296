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

/*
 * What an event says of a sale's seed: the commitment and the nonce, in a
 * member of their own; a beacon; and bytes in hexadecimal.  What puts them into
 * an object returns 0, or -1 without memory.
 */
int sk_json_opening(json_t *json, const sk_opening_def_t *opening);
int sk_json_beacon(json_t *json, const sk_beacon_t *beacon);
int sk_json_hex(json_t *json, const char *name, const uint8_t *data,
    size_t len);

/*
 * SK_OK; SK_ERROR: they are not there, or are something else.  Of a sale that
 * has no opening, it is not "given".
 */
int sk_json_opening_read(json_t *json, sk_opening_def_t *opening);
int sk_json_beacon_read(json_t *json, sk_beacon_t *beacon);
int sk_json_hex_read(json_t *json, const char *name, uint8_t *data, size_t max,
    size_t *len);

/* the text, to be freed; the JSON is no more */
char *sk_json_end(json_t *json);


#pragma GCC visibility pop


#endif /* _SK_JSON_H_INCLUDED_ */
