/*
 * Options as members of a request's body: each becomes one if it is given, and
 * what cannot be one is misuse.  The server knows the rest.
 */


#ifndef _BODY_H_INCLUDED_
#define _BODY_H_INCLUDED_


#include <jansson.h>

#include "command.h"


#define BODY_TIME_MAX_S  999999999999LL


void body_text(const command_line_t *line, json_t *body, const char *option);

/* a text, or null for "none" */
void body_text_or_none(const command_line_t *line, json_t *body,
    const char *option);

void body_number(const command_line_t *line, json_t *body, const char *option,
    const char *member);

/* a time as seconds */
void body_time(const command_line_t *line, json_t *body, const char *option);

/* a JSON object */
void body_object(const command_line_t *line, json_t *body, const char *option);

/* 90s, 15m, 2h, 1d, 1h30m or seconds, as seconds; -1: it is no time */
long long body_seconds(const char *text);


#endif /* _BODY_H_INCLUDED_ */
