/* What an event's JSON says, as far as it matters here; and whether it, and the
   rest of the row, can be understood. */


#ifndef _VERIFY_DETAIL_H_INCLUDED_
#define _VERIFY_DETAIL_H_INCLUDED_


#include "sk_ledger.h"


#define VERIFY_DETAIL_CACHE       64
#define VERIFY_DETAIL_CACHE_SIZE 120    /* bytes of a detail that is kept */


typedef struct {
    unsigned            late:1;         /* paid: when it had expired */
    unsigned            withdrawn:1;    /* cancelled: the stock is one less */
    unsigned            unreadable:1;   /* what it has to say is not there */
    unsigned            given:1;        /* it is the JSON of a sale */
    int64_t             stock;          /* VERIFY_UNKNOWN: not a number */
    int64_t             limit;
    size_t              name_len;
    char                name[SK_NAME_SIZE_MAX];
    size_t              group_len;      /* 0: it is of none */
    char                group[SK_NAME_SIZE_MAX];
} verify_detail_t;


/* orders have few details, again and again */

typedef struct {
    sk_event_e          type;
    size_t              len;            /* 0: nothing is kept here */
    char                text[VERIFY_DETAIL_CACHE_SIZE];
    verify_detail_t     detail;
} verify_detail_cached_t;


typedef struct {
    verify_detail_cached_t  cached[VERIFY_DETAIL_CACHE];
} verify_details_t;


/* SK_OK; SK_ERROR: there is no memory.  "d" is valid until the next call. */
int verify_detail_read(verify_details_t *t, sk_event_e type,
    const sk_row_t *row, const verify_detail_t **d);

/* what is wrong with a row that the engine would refuse as damaged; NULL:
   nothing */
const char *verify_detail_wrong(sk_event_e type, const sk_row_t *row,
    const verify_detail_t *d);


#endif /* _VERIFY_DETAIL_H_INCLUDED_ */
