/*
 * A field that somebody may set: of a request's body, of a sale.  The tables of
 * fields say what is allowed; what reads and prints follows them.
 */


#ifndef _SK_FIELD_H_INCLUDED_
#define _SK_FIELD_H_INCLUDED_


#include "sk_core.h"


#define SK_NUMBER_MAX  9007199254740991         /* 2^53 - 1, in JSON */


typedef enum {
    SK_FIELD_TEXT,              /* of min to max bytes */
    SK_FIELD_INTEGER,           /* from min to max */
    SK_FIELD_SECONDS,           /* the same; in a configuration like "15m" */
    SK_FIELD_BOOLEAN,
    SK_FIELD_TIME,              /* RFC 3339, a number of milliseconds here */
    SK_FIELD_OBJECT             /* JSON of at most max bytes */
} sk_field_e;


/* when it may be given */

#define SK_FIELD_ADD      1
#define SK_FIELD_EDIT     2
#define SK_FIELD_DECLARE  4     /* by the configuration */
#define SK_FIELD_NEEDED   8     /* has to be, to add or declare */


typedef struct {
    const char   *name;
    sk_field_e    type;
    unsigned      when;
    int           nullable;
    int64_t       min;
    int64_t       max;
    const char   *allowed;      /* for messages about a body */
} sk_field_t;


#endif /* _SK_FIELD_H_INCLUDED_ */
