/*
 * The one table of results: what a claim or a question can be answered, the
 * code in the body and the HTTP status.  The answers, the metrics and the
 * tests all read it.
 */


#ifndef _SK_RESULT_H_INCLUDED_
#define _SK_RESULT_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


/*         constant       code  status  name */
#define SK_RESULT_TABLE(X)                                                   \
    X(SK_WON,                0,    200, "won")                               \
    X(SK_ALREADY,            1,    200, "already")                           \
    X(SK_SOLD_OUT,           2,    200, "sold_out")                          \
    X(SK_NOT_STARTED,        3,    200, "not_started")                       \
    X(SK_ENDED,              4,    200, "ended")                             \
    X(SK_PAUSED,             5,    200, "paused")                            \
    X(SK_NONE,               6,    200, "none")                              \
    X(SK_INVALID,          100,    400, "invalid")                           \
    X(SK_UNAUTHORIZED,     101,    401, "unauthorized")                      \
    X(SK_UNKNOWN_SALE,     102,    404, "unknown_sale")                      \
    X(SK_CONFLICT,         103,    409, "conflict")                          \
    X(SK_TOO_LARGE,        104,    413, "too_large")                         \
    X(SK_UNAVAILABLE,      105,    503, "unavailable")


typedef enum {
#define X(constant, code, status, name)  constant,
    SK_RESULT_TABLE(X)
#undef X
    SK_RESULT_N,

    SK_WAIT = SK_RESULT_N       /* no answer yet: the ledger has to decide */
} sk_result_e;


typedef struct {
    unsigned     code;
    unsigned     status;
    size_t       len;
    const char  *name;
} sk_result_t;


extern const sk_result_t  sk_results[SK_RESULT_N];


#pragma GCC visibility pop


#endif /* _SK_RESULT_H_INCLUDED_ */
