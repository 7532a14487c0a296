/* How far a copy is, on a terminal: a line that is written anew. */


#ifndef _COPY_PROGRESS_H_INCLUDED_
#define _COPY_PROGRESS_H_INCLUDED_


#include <sqlite3.h>


/* of what "db" copies to "part", as SQLite goes on; elsewhere nothing */
void copy_progress_begin(sqlite3 *db, const char *part);
void copy_progress_end(sqlite3 *db);


#endif /* _COPY_PROGRESS_H_INCLUDED_ */
