/*
 * A copy of a store, made in one read transaction, which holds up nobody, and
 * checked before it gets its name.
 */


#ifndef _COPY_H_INCLUDED_
#define _COPY_H_INCLUDED_


#include "store_file.h"


typedef struct {
    char           *part;           /* the copy's name till it is whole */
    sqlite3_int64   events;
    sqlite3_int64   last;
    sqlite3_int64   joined;         /* how often a machine has joined */
    sqlite3_int64   secrets;
} copy_t;


/*
 * To "part", which is the other name with ".part"; what a log of writes holds
 * comes along.  SAY_DONE; else what is wrong has been said, and nothing is
 * left.
 */
int copy_make(copy_t *copy, const store_file_t *from, const char *to);

/* gives it its name, in place of what is there, for good; frees it */
int copy_finish(copy_t *copy, const char *to);

/* gives it up */
void copy_drop(copy_t *copy);

/* whether two names are of one file */
int copy_is_same(const char *one, const char *two);

/* the directory of a file, on disk */
void copy_sync_directory(const char *path);


#endif /* _COPY_H_INCLUDED_ */
