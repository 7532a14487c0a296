/*
 * A JSON body, checked against a table of the fields that it may have.  jansson
 * reads it, and refuses what is no UTF-8, half characters and numbers of more
 * than 64 bits; what a reader's double does not hold, keys that are there twice
 * and nesting without end are refused too.
 *
 * For anybody.
 */


#ifndef _SK_BODY_H_INCLUDED_
#define _SK_BODY_H_INCLUDED_


#include "sk_field.h"


#pragma GCC visibility push(hidden)


#define SK_BODY_DEPTH_MAX        32     /* of a field */
#define SK_BODY_MESSAGE_MAX     256
#define SK_BODY_FIELD_MAX        64     /* bytes of a field's name, shown */


typedef struct {
    unsigned      given:1;
    unsigned      null:1;
    int64_t       number;
    const char   *text;         /* an object's is without white space */
    size_t        len;
} sk_value_t;


typedef struct {
    char          field[SK_BODY_FIELD_MAX + 1];
    char          message[SK_BODY_MESSAGE_MAX];
} sk_wrong_t;


/*
 * Reads a body into "values", one for each of the "n" fields, of which those
 * may be given that are for "when"; "text" has room for "len" bytes, and keeps
 * their texts.  SK_OK; SK_ERROR: "wrong" says what is; SK_FULL: no memory.
 */
int sk_body_read(const char *json, size_t len, const sk_field_t *fields,
    unsigned n, unsigned when, sk_value_t *values, char *text,
    sk_wrong_t *wrong);

/* says that a field is wrong, and returns SK_ERROR */
int sk_body_wrong(sk_wrong_t *wrong, const char *field, const char *allowed);


#pragma GCC visibility pop


#endif /* _SK_BODY_H_INCLUDED_ */
