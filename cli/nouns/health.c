#include <stdlib.h>
#include <string.h>

#include "nouns.h"
#include "show.h"


static json_t *health_flat(json_t *data);
static int head_print(command_line_t *line, json_t *data);


/* what it has of a log that it shares is told also when it is not well */

int
health_show(command_line_t *line)
{
    int      rc;
    api_t    api;
    json_t  *flat;

    api_open(&api, line);

    rc = api_get(&api, "/health");

    if (rc == SAY_DONE || json_object_get(api_data(&api), "log")) {

        if (line->json) {
            show_json(api_data(&api));

        } else {
            flat = health_flat(api_data(&api));
            table_fields(stdout, flat);
            json_decref(flat);
        }
    }

    api_close(&api);

    return rc;
}


/* the members of the log, each by itself */

static json_t *
health_flat(json_t *data)
{
    char        *text;
    json_t      *flat, *value, *member;
    const char  *name, *of_log;

    flat = say_memory(json_object());

    json_object_foreach(data, name, value) {

        if (!json_is_object(value) || strcmp(name, "log") != 0) {
            (void) json_object_set(flat, name, value);
            continue;
        }

        json_object_foreach(value, of_log, member) {
            text = api_format("log %s", of_log);
            (void) json_object_set(flat, text, member);
            free(text);
        }
    }

    return flat;
}


int
head_show(command_line_t *line)
{
    int    rc;
    api_t  api;

    api_open(&api, line);

    rc = api_get(&api, "/head");

    if (rc == SAY_DONE) {
        rc = head_print(line, api_data(&api));
    }

    api_close(&api);

    return rc;
}


static int
head_print(command_line_t *line, json_t *data)
{
    json_t  *flat, *text;

    text = json_object_get(data, "signed");

    if (line->json) {
        show_json(command_value(line, "signed") ? text : data);

    } else if (command_value(line, "signed")) {
        (void) puts(json_is_string(text) ? json_string_value(text) : "");

    } else {
        flat = say_memory(json_copy(json_object_get(data, "head")));
        (void) json_object_set(flat, "signed", text);
        table_fields(stdout, flat);
        json_decref(flat);
    }

    return SAY_DONE;
}
