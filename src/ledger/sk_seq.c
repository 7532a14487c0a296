#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sk_seq.h"


#define SK_SEQ_SUFFIX  "-seq"


static int sk_seq_name(const char *path, char *name);


_Atomic uint64_t *
sk_seq_map(const char *path)
{
    int  fd, rc;
    char   name[PATH_MAX + sizeof(SK_SEQ_SUFFIX)];
    void  *p;

    if (sk_seq_name(path, name) != SK_OK) {
        return NULL;
    }

    fd = open(name, O_RDWR|O_CREAT|O_CLOEXEC, 0644);
    if (fd == -1) {
        return NULL;
    }

    p = MAP_FAILED;

    /* allocated, since a store to a hole on a full disk would be a SIGBUS */

    rc = posix_fallocate(fd, 0, sizeof(uint64_t));

    if (rc == 0) {
        p = mmap(NULL, sizeof(uint64_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd,
                 0);
        rc = errno;
    }

    (void) close(fd);

    if (p == MAP_FAILED) {
        errno = rc;
        return NULL;
    }

    return p;
}


/*
 * A store has one name, whatever links lead to it; SQLite looks for its log of
 * writes beside that too.  A store that is not there yet has the name that it
 * will be given; unless a link to it is there, which leads nowhere now.
 */

static int
sk_seq_name(const char *path, char *name)
{
    char         dir[PATH_MAX], *slash;
    size_t       len;
    struct stat  st;

    if (realpath(path, name) == NULL) {

        if (errno != ENOENT || lstat(path, &st) == 0
            || strlen(path) >= sizeof(dir))
        {
            return SK_ERROR;
        }

        strcpy(dir, path);

        slash = strrchr(dir, '/');

        if (slash == NULL) {
            errno = EINVAL;
            return SK_ERROR;
        }

        *slash = '\0';

        if (realpath((slash == dir) ? "/" : dir, name) == NULL) {
            return SK_ERROR;
        }

        len = strlen(name);
        len = (len == 1) ? 0 : len;

        if (len + 1 + strlen(slash + 1) >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return SK_ERROR;
        }

        name[len] = '/';
        strcpy(name + len + 1, slash + 1);
    }

    strcat(name, SK_SEQ_SUFFIX);

    return SK_OK;
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
