/* Whether a store is in use. */


#ifndef _RESTORE_H_INCLUDED_
#define _RESTORE_H_INCLUDED_


/*
 * That no process has it open, nor what was removed from its place, nor a file
 * that belongs to it: by what /proc says.  Else it is said which has.
 */
int restore_nobody_has(const char *store);


#endif /* _RESTORE_H_INCLUDED_ */
