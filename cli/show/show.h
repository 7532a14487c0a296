/* What the API has answered, for people or as JSON: on the standard output. */


#ifndef _SHOW_H_INCLUDED_
#define _SHOW_H_INCLUDED_


#include "api.h"
#include "table.h"


/* JSON in a line */
void show_json(const json_t *value);

/* an object; what the command returns */
int show_object(const command_line_t *line, json_t *object);

/* a GET, or a write, and then the object */
int show_get(api_t *api, const command_line_t *line, const char *path);
int show_write(api_t *api, const command_line_t *line, const char *method,
    const char *path, json_t *body);

/* what is removed: "sale phone" */
int show_removed(api_t *api, const command_line_t *line, const char *path,
    const char *what);


/*
 * Pages of a list, as they come: "query" begins with "&", "want" rows at most
 * (0: all), behind the one of the number "after" (NULL: from the first).
 */
typedef struct {
    const char             *path;
    const char             *query;
    const char             *first;      /* of the first page's query alone */
    unsigned long long      want;
    const char             *after;
    const table_column_t   *columns;
    void                  (*prepare)(json_t *row);      /* or NULL */
} show_list_t;


int show_list(api_t *api, const command_line_t *line, const show_list_t *list);


#endif /* _SHOW_H_INCLUDED_ */
