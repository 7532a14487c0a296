/* What the commands of a sale share. */


#ifndef _SALE_H_INCLUDED_
#define _SALE_H_INCLUDED_


#include "command.h"


/* a name, with nothing that a URL's path could take for something else; else
   misuse: the server knows the rest */
void sale_name(const command_line_t *line, const char *name);


#endif /* _SALE_H_INCLUDED_ */
