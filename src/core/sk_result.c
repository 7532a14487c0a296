#include "sk_result.h"


const sk_result_t  sk_results[SK_RESULT_N] = {
#define X(constant, code, status, name)                                      \
    { code, status, sizeof(name) - 1, name },
    SK_RESULT_TABLE(X)
#undef X
};
