/*
 * Two tables: results, what a claim or a question can be answered, and
 * statuses, what becomes of a request of any kind.  The answers, the metrics
 * and the tests read them.  Which HTTP status a status has is for src/http to
 * say.
 */


#ifndef _SK_RESULT_H_INCLUDED_
#define _SK_RESULT_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


/*    constant                  code  name */
#define SK_STATUS_TABLE(X)                                                   \
    X(SK_STATUS_OK,                0, "ok")                                  \
    X(SK_STATUS_CREATED,           0, "ok")                                  \
    X(SK_STATUS_INVALID,         100, "invalid")                             \
    X(SK_STATUS_NOT_FOUND,       100, "invalid")                             \
    X(SK_STATUS_NOT_ALLOWED,     100, "invalid")                             \
    X(SK_STATUS_UNAUTHORIZED,    101, "unauthorized")                        \
    X(SK_STATUS_FORBIDDEN,       101, "unauthorized")                        \
    X(SK_STATUS_UNKNOWN_SALE,    102, "unknown_sale")                        \
    X(SK_STATUS_CONFLICT,        103, "conflict")                            \
    X(SK_STATUS_TOO_LARGE,       104, "too_large")                           \
    X(SK_STATUS_NO_ROOM,         104, "too_large")                           \
    X(SK_STATUS_UNAVAILABLE,     105, "unavailable")


typedef enum {
#define X(constant, code, name)  constant,
    SK_STATUS_TABLE(X)
#undef X
    SK_STATUS_N
} sk_status_e;


typedef struct {
    unsigned     code;
    const char  *name;
} sk_status_t;


extern const sk_status_t  sk_statuses[SK_STATUS_N];


/*    constant          code  name            status */
#define SK_RESULT_TABLE(X)                                                   \
    X(SK_WON,              0, "won",          SK_STATUS_OK)                  \
    X(SK_ALREADY,          1, "already",      SK_STATUS_OK)                  \
    X(SK_SOLD_OUT,         2, "sold_out",     SK_STATUS_OK)                  \
    X(SK_NOT_STARTED,      3, "not_started",  SK_STATUS_OK)                  \
    X(SK_ENDED,            4, "ended",        SK_STATUS_OK)                  \
    X(SK_PAUSED,           5, "paused",       SK_STATUS_OK)                  \
    X(SK_NONE,             6, "none",         SK_STATUS_OK)                  \
    X(SK_WAITING,          7, "waiting",      SK_STATUS_OK)                  \
    X(SK_QUEUED,           8, "queued",       SK_STATUS_OK)                  \
    X(SK_INVALID,        100, "invalid",      SK_STATUS_INVALID)             \
    X(SK_UNAUTHORIZED,   101, "unauthorized", SK_STATUS_FORBIDDEN)           \
    X(SK_UNKNOWN_SALE,   102, "unknown_sale", SK_STATUS_UNKNOWN_SALE)        \
    X(SK_UNAVAILABLE,    105, "unavailable",  SK_STATUS_UNAVAILABLE)


typedef enum {
#define X(constant, code, name, status)  constant,
    SK_RESULT_TABLE(X)
#undef X
    SK_RESULT_N,

    SK_WAIT = SK_RESULT_N       /* no answer yet: the ledger has to decide */
} sk_result_e;


typedef struct {
    unsigned     code;
    const char  *name;
    sk_status_e  status;
} sk_result_t;


extern const sk_result_t  sk_results[SK_RESULT_N];


#pragma GCC visibility pop


#endif /* _SK_RESULT_H_INCLUDED_ */
