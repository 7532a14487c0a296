/*
 * A value as people see it.  Names and users may have any character, also such
 * as move a cursor, turn a line round or are not seen at all: where there is
 * one, or a blank at an end, the text is quoted as JSON has it, so that two
 * that differ look different.
 */


#ifndef _CELL_H_INCLUDED_
#define _CELL_H_INCLUDED_


#include <jansson.h>


/* allocated; "-" of null and of what is not there */
char *cell_text(const json_t *value);

/* the same of a text in UTF-8; what is no UTF-8 is shown as U+FFFD */
char *cell_quote(const char *text, size_t len);

/* columns on a terminal */
size_t cell_width(const char *text);

/* JSON in a line, numbers as short as they can be without becoming others;
   allocated */
char *cell_json(const json_t *value);


#endif /* _CELL_H_INCLUDED_ */
