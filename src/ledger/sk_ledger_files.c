#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* statx() */
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sk_ledger_db.h"


int
sk_ledger_files_in_place(sk_ledger_t *l)
{
    int        err;
    char       name[sizeof(l->path) + 8];
    unsigned   i;
    sk_file_t  file;

    static const char *const  suffixes[SK_LEDGER_FILES] = {
        "", "-wal", "-shm"
    };

    for (i = 0; i < SK_LEDGER_FILES; i++) {

        (void) snprintf(name, sizeof(name), "%s%s", l->path, suffixes[i]);

        err = sk_ledger_files_identify(name, &file.dev, &file.ino);

        if (err) {
            sk_ledger_files_closed(err, l->error, sizeof(l->error));
            return SK_ERROR;
        }

        if (l->files[i].ino == 0) {
            l->files[i] = file;
        }

        if (file.dev != l->files[i].dev || file.ino != l->files[i].ino) {
            (void) snprintf(l->error, sizeof(l->error),
                            "was moved, removed or exchanged while it was "
                            "open%s%s: put it back, or restart nginx",
                            i ? ", with " : "", suffixes[i]);
            return SK_ERROR;
        }
    }

    return SK_OK;
}


int
sk_ledger_files_identify(const char *path, uint64_t *dev, uint64_t *ino)
{
    int          err;
    struct stat  st;

    memset(&st, 0, sizeof(st));

    err = (stat(path, &st) == 0) ? 0 : errno;

    *dev = st.st_dev;
    *ino = st.st_ino;

    return (err == ENOENT || err == ENOTDIR) ? 0 : err;
}


void
sk_ledger_files_closed(int err, char *error, size_t size)
{
    (void) snprintf(error, size, "cannot be reached (%s)%s", strerror(err),
                    (err == EACCES) ? ": it, or a directory above, is closed "
                                      "to the worker user: open it again; "
                                      "nginx goes on by itself"
                                    : "");
}


/* SQLite has its files where a link to the store leads */

int
sk_ledger_files_barred(const char *path, const char **what)
{
    char      file[PATH_MAX + 8], *end;
    unsigned  i;

    static const struct {
        const char  *suffix;
        const char  *what;
    } files[SK_LEDGER_FILES] = {
        { "", "it" },
        { "-wal", "its \"-wal\"" },
        { "-shm", "its \"-shm\"" }
    };

    if (realpath(path, file) == NULL) {
        (void) snprintf(file, PATH_MAX, "%s", path);
    }

    end = file + strlen(file);

    for (i = 0; i < SK_LEDGER_FILES; i++) {
        strcpy(end, files[i].suffix);

        if (faccessat(AT_FDCWD, file, R_OK|W_OK, AT_EACCESS) != 0
            && errno != ENOENT)
        {
            *what = files[i].what;
            return errno;
        }
    }

    *end = '\0';
    end = strrchr(file, '/');

    if (end) {
        end[(end == file) ? 1 : 0] = '\0';
    }

    if (faccessat(AT_FDCWD, end ? file : ".", W_OK|X_OK, AT_EACCESS) != 0) {
        *what = "its directory";
        return errno;
    }

    return 0;
}


uint64_t
sk_ledger_files_size(sk_ledger_t *l)
{
    char         wal[sizeof(l->path) + 8];
    uint64_t     size;
    struct stat  st;

    size = (stat(l->path, &st) == 0) ? (uint64_t) st.st_size : 0;

    (void) snprintf(wal, sizeof(wal), "%s-wal", l->path);

    return size + ((stat(wal, &st) == 0) ? (uint64_t) st.st_size : 0);
}


void
sk_ledger_files_name(const char *path, char name[SK_LEDGER_FILE_SIZE])
{
    struct statx  st;

    name[0] = '\0';

    if (statx(AT_FDCWD, path, 0, STATX_INO|STATX_BTIME, &st) != 0) {
        return;
    }

    /* the moment at which it was made tells a file from one that has got its
       number later, or has the same one on another disk; 0 where the file
       system does not know it */

    if (!(st.stx_mask & STATX_BTIME)) {
        st.stx_btime.tv_sec = 0;
        st.stx_btime.tv_nsec = 0;
    }

    (void) snprintf(name, SK_LEDGER_FILE_SIZE, "%llx-%llx.%x",
                    (unsigned long long) st.stx_ino,
                    (unsigned long long) st.stx_btime.tv_sec,
                    (unsigned) st.stx_btime.tv_nsec);
}
