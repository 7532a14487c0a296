#include "sk_ledger_db.h"


const sk_ledger_type_t  sk_ledger_types[SK_EVENT_N] = {
#define X(constant, name)  { sizeof(name) - 1, name },
    SK_EVENT_TABLE(X)
#undef X
};


sk_event_e
sk_ledger_type(const sk_bytes_t *name)
{
    unsigned  i;

    for (i = 0; i < SK_EVENT_N; i++) {
        if (name->data && sk_ledger_types[i].len == name->len
            && memcmp(sk_ledger_types[i].name, name->data, name->len) == 0)
        {
            break;
        }
    }

    return i;
}
