#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sk_seq.h"


_Atomic uint64_t *
sk_seq_map(const char *path)
{
    int    fd;
    char   name[4096 + 8];
    void  *p;

    (void) snprintf(name, sizeof(name), "%s-seq", path);

    fd = open(name, O_RDWR|O_CREAT|O_CLOEXEC, 0644);
    if (fd == -1) {
        return NULL;
    }

    p = MAP_FAILED;

    /* allocated, since a store to a hole on a full disk would be a SIGBUS */

    if (posix_fallocate(fd, 0, sizeof(uint64_t)) == 0) {
        p = mmap(NULL, sizeof(uint64_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd,
                 0);
    }

    (void) close(fd);

    return (p == MAP_FAILED) ? NULL : p;
}


void
sk_seq_advance(_Atomic uint64_t *seq, uint64_t to)
{
    uint64_t  old;

    if (seq == NULL) {
        return;
    }

    old = sk_load(seq);

    while (old < to && !atomic_compare_exchange_weak(seq, &old, to)) {
        /* void */
    }
}
