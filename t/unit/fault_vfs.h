/*
 * An SQLite VFS on top of the default one, whose Nth write or sync fails, or
 * ends the process.  See https://sqlite.org/vfs.html, "shim".
 */


#ifndef _FAULT_VFS_H_INCLUDED_
#define _FAULT_VFS_H_INCLUDED_


#define FAULT_EXIT  77          /* exit code of FAULT_CRASH */


typedef enum {
    FAULT_NONE,
    FAULT_WRITE,        /* the Nth write fails: SQLITE_IOERR_WRITE */
    FAULT_FULL,         /* the Nth write fails: SQLITE_FULL */
    FAULT_SYNC,         /* the Nth sync fails: SQLITE_IOERR_FSYNC */
    FAULT_CRASH         /* the process ends instead of the Nth of either */
} fault_e;


/* registers the VFS as the default; 0 if it could */
int fault_vfs_register(void);

void fault_vfs_on(fault_e fault, int n);
void fault_vfs_off(void);

/* how often something has failed since fault_vfs_on(): 0 or 1 */
int fault_vfs_faults(void);


#endif /* _FAULT_VFS_H_INCLUDED_ */
