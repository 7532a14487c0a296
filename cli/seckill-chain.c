/*
 * seckill-chain STORE: whether the commits of a store, or of a backup, are
 * those of which its chain was made.  A store in use is read as it is at one
 * moment; nothing is ever written to it.
 *
 * Prints the head, its number and its chain, and the number of the last event.
 * Where that is greater, those after the head are in no commit yet: another
 * program has written them.
 *
 * Exits with 0: it is sound, or its schema is one that had no chain, and then
 * nothing is printed; 1: it is not, and which commit is the first; 2: it could
 * not be read.
 */

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "store.h"


#define CHAIN_SOUND     0
#define CHAIN_BROKEN    1
#define CHAIN_TROUBLE   2


static int chain_check(const char *store, sk_ledger_t *l, uint64_t last);


int
main(int argc, char **argv)
{
    int           rc;
    char          error[SK_LEDGER_ERROR_SIZE_MAX];
    uint64_t      last;
    sk_ledger_t  *l;

    if (argc != 2) {
        (void) fprintf(stderr, "usage: seckill-chain STORE\n");
        return CHAIN_TROUBLE;
    }

    if (sodium_init() == -1) {
        (void) fprintf(stderr, "seckill-chain: libsodium does not start\n");
        return CHAIN_TROUBLE;
    }

    rc = store_open(&l, argv[1], &last, error);

    if (rc != SK_OK) {
        (void) fprintf(stderr, "seckill-chain: \"%s\": %s\n", argv[1], error);
        return (rc == SK_NOT_FOUND) ? CHAIN_SOUND : CHAIN_TROUBLE;
    }

    rc = chain_check(argv[1], l, last);

    sk_ledger_close(l);

    return rc;
}


static int
chain_check(const char *store, sk_ledger_t *l, uint64_t last)
{
    int          rc;
    char         hex[SK_CHAIN_HEX_SIZE];
    sk_head_t    head;
    sk_commit_t  commit;

    memset(&head, 0, sizeof(head));

    while ((rc = sk_ledger_read_commit(l, &head, &commit)) == SK_OK) {
        head = commit.head;
    }

    if (rc != SK_NOT_FOUND) {
        (void) fprintf(stderr, "seckill-chain: \"%s\": after event %" PRIu64
                       ": %s\n", store, head.number, sk_ledger_error(l));
        return (rc == SK_DAMAGED) ? CHAIN_BROKEN : CHAIN_TROUBLE;
    }

    (void) printf("%" PRIu64 " %s %" PRIu64 "\n", head.number,
                  sodium_bin2hex(hex, sizeof(hex), head.chain, SK_CHAIN_SIZE),
                  last);

    return (fflush(stdout) == 0) ? CHAIN_SOUND : CHAIN_TROUBLE;
}
