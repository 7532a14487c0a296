#include <assert.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>

#include "fault_vfs.h"


/*
 * The files are the default VFS's own; only their table of methods is
 * replaced, by a copy with two entries of ours.  There is a table for each
 * kind of locking: databases have one, journals another.
 */

#define METHODS_MAX  4

static fault_e              fault;
static int                  left;
static int                  faults;
static sqlite3_vfs          shim;
static sqlite3_vfs         *real;
static struct {
    const sqlite3_io_methods  *real;
    sqlite3_io_methods         ours;
} methods[METHODS_MAX];
static int                (*real_write)(sqlite3_file *, const void *, int,
                                        sqlite3_int64);
static int                (*real_sync)(sqlite3_file *, int);


/* whether this one fails */

static int
fault_due(fault_e a, fault_e b)
{
    if ((fault != a && fault != b && fault != FAULT_CRASH) || left == 0
        || --left)
    {
        return 0;
    }

    if (fault == FAULT_CRASH) {
        _exit(FAULT_EXIT);
    }

    faults++;

    return 1;
}


static int
fault_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset)
{
    if (fault_due(FAULT_WRITE, FAULT_FULL)) {
        return (fault == FAULT_FULL) ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }

    return real_write(file, data, n, offset);
}


static int
fault_sync(sqlite3_file *file, int flags)
{
    if (fault_due(FAULT_SYNC, FAULT_SYNC)) {
        return SQLITE_IOERR_FSYNC;
    }

    return real_sync(file, flags);
}


static int
fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file,
    int flags, int *out)
{
    int  i, rc;

    (void) vfs;

    rc = real->xOpen(real, name, file, flags, out);

    if (rc != SQLITE_OK || file->pMethods == NULL) {
        return rc;
    }

    if (real_write == NULL) {
        real_write = file->pMethods->xWrite;
        real_sync = file->pMethods->xSync;
    }

    for (i = 0; methods[i].real && methods[i].real != file->pMethods; i++) {
        assert(i + 1 < METHODS_MAX);
    }

    if (methods[i].real == NULL) {
        methods[i].real = file->pMethods;
        methods[i].ours = *file->pMethods;
        methods[i].ours.xWrite = fault_write;
        methods[i].ours.xSync = fault_sync;
    }

    file->pMethods = &methods[i].ours;

    return SQLITE_OK;
}


int
fault_vfs_register(void)
{
    real = sqlite3_vfs_find(NULL);

    memcpy(&shim, real, sizeof(shim));
    shim.zName = "fault";
    shim.xOpen = fault_open;
    shim.pNext = NULL;

    return sqlite3_vfs_register(&shim, 1);
}


void
fault_vfs_on(fault_e f, int n)
{
    fault = f;
    left = n;
    faults = 0;
}


void
fault_vfs_off(void)
{
    fault = FAULT_NONE;
    left = 0;
}


int
fault_vfs_faults(void)
{
    return faults;
}
