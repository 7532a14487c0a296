#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "nouns.h"
#include "show.h"


#define EVENTS_ROWS  100


static void events_by(json_t *event);


int
events_list(command_line_t *line)
{
    int          rc;
    char        *at;
    api_t        api;
    const char  *limit;
    show_list_t  list;

    static const table_column_t  columns[] = {
        { "seq", "seq", 8 }, { "at", "at", 24 }, { "type", "type", 15 },
        { "sale", "sale", 16 }, { "order", "order", 8 },
        { "product", "product", 7 }, { "user", "user", 16 },
        { "machine", "machine", 7 }, { "by", "by", 0 }, { NULL, NULL, 0 }
    };

    memset(&list, 0, sizeof(list));

    limit = command_value(line, "limit");
    list.want = limit ? command_number(line, limit,
                                       "--limit: a number is wanted")
                      : EVENTS_ROWS;

    if (list.want == 0) {
        command_misuse(line, "--limit: a number is wanted");
    }

    at = events_after(line);

    list.path = "/events";
    list.first = at;
    list.after = command_value(line, "after");
    list.columns = columns;
    list.prepare = events_by;

    api_open(&api, line);
    rc = show_list(&api, line, &list);
    api_close(&api);

    free(at);

    return rc;
}


char *
events_after(command_line_t *line)
{
    char        *query;
    const char  *after, *at;

    after = command_value(line, "after");
    at = command_value(line, "at");

    if (after) {
        (void) command_number(line, after,
                              "--after: the number of an event is wanted");
    }

    if (at && after == NULL) {
        command_misuse(line, "--at: only with --after");
    }

    query = say_memory(strdup(""));

    if (at) {
        api_argument(&query, "at", at);
    }

    return query;
}


/* what nobody has done by hand, the configuration has */

static void
events_by(json_t *event)
{
    if (json_object_get(event, "by") == NULL
        && json_is_true(json_object_get(event, "configuration")))
    {
        (void) json_object_set_new(event, "by", json_string("configuration"));
    }
}
