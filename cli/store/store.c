#include <stdio.h>
#include <unistd.h>

#include "store.h"


#define STORE_TRIES     100             /* of one that is locked */
#define STORE_AGAIN_US  100000


/* what is read first decides of which moment all is: nobody locks it then */

int
store_open(sk_ledger_t **ledger, const char *path, uint64_t *last, char *error)
{
    int       rc;
    unsigned  try;

    for (try = 1; /* void */ ; try++) {
        rc = sk_ledger_open(ledger, path, SK_LEDGER_READ, error);

        if (rc == SK_OK) {
            rc = sk_ledger_begin(*ledger);

            if (rc == SK_OK) {
                rc = sk_ledger_last_seq(*ledger, last);
            }

            if (rc == SK_OK) {
                return SK_OK;
            }

            (void) snprintf(error, SK_LEDGER_ERROR_SIZE_MAX, "%s",
                            sk_ledger_error(*ledger));
            sk_ledger_close(*ledger);
        }

        if (rc != SK_AGAIN || try == STORE_TRIES) {
            return rc;
        }

        (void) usleep(STORE_AGAIN_US);
    }
}
