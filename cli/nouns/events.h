/* Where in the ledger somebody is. */


#ifndef _EVENTS_H_INCLUDED_
#define _EVENTS_H_INCLUDED_


#include "api.h"


/* --after and --at, or misuse; the second as a query, "&at=...", or "":
   allocated */
char *events_after(command_line_t *line);


#endif /* _EVENTS_H_INCLUDED_ */
