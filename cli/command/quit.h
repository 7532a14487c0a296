/*
 * How the command ends at a signal: at once, whatever it waits for, with
 * nothing half made left behind; it exits with 128 and the signal's number, as
 * a shell says it.
 */


#ifndef _QUIT_H_INCLUDED_
#define _QUIT_H_INCLUDED_


/* from now on, for SIGHUP, SIGINT, SIGPIPE and SIGTERM; for main() */
void quit_init(void);

/* a file, and SQLite's journal of it, that is removed then; NULL: none */
void quit_remove(const char *path);

/* what a terminal gets to be as it was; NULL: nothing */
void quit_terminal(const char *text);

/* no signal ends it any more: it is to finish what it does */
void quit_never(void);

/* what a signal would do without ending: for who ends by himself */
void quit_clean(void);


#endif /* _QUIT_H_INCLUDED_ */
