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

int sale_add(command_line_t *line);
int sale_list(command_line_t *line);
int sale_show(command_line_t *line);
int sale_edit(command_line_t *line);
int sale_pause(command_line_t *line);
int sale_resume(command_line_t *line);
int sale_end(command_line_t *line);
int sale_remove(command_line_t *line);
int sale_beacon(command_line_t *line);
int sale_fairness(command_line_t *line);
int sale_watch(command_line_t *line);

int order_list(command_line_t *line);
int order_show(command_line_t *line);
int order_confirm(command_line_t *line);
int order_cancel(command_line_t *line);
int order_extend(command_line_t *line);

int events_follow(command_line_t *line);
int events_list(command_line_t *line);
int events_push(command_line_t *line);

int machine_list(command_line_t *line);
int machine_begin(command_line_t *line);
int machine_forget(command_line_t *line);

int health_show(command_line_t *line);
int head_show(command_line_t *line);

int backup_run(command_line_t *line);
int restore_run(command_line_t *line);
int verify_cli(command_line_t *line);


#endif /* _NOUNS_H_INCLUDED_ */
