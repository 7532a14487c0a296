#include "sk_result.h"


const sk_status_t  sk_statuses[SK_STATUS_N] = {
#define X(constant, code, name)  { code, name },
    SK_STATUS_TABLE(X)
#undef X
};


const sk_result_t  sk_results[SK_RESULT_N] = {
#define X(constant, code, name, status)  { code, name, status },
    SK_RESULT_TABLE(X)
#undef X
};
