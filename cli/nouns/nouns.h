/*
 * What each command does: of the table of commands.  The line has as many words
 * as the table allows, and no option that is another command's.
 */


#ifndef _NOUNS_H_INCLUDED_
#define _NOUNS_H_INCLUDED_


#include "command.h"


int product_add(command_line_t *line);
int product_list(command_line_t *line);
int product_show(command_line_t *line);
int product_edit(command_line_t *line);
int product_remove(command_line_t *line);

int health_show(command_line_t *line);
int head_show(command_line_t *line);


#endif /* _NOUNS_H_INCLUDED_ */
