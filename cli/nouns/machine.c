#include <stdlib.h>
#include <string.h>

#include "nouns.h"
#include "show.h"


static int machine_post(command_line_t *line, const char *verb);


int
machine_list(command_line_t *line)
{
    int      rc;
    api_t    api;
    table_t  table;

    static const table_column_t  columns[] = {
        { "machine", "name", 0 }, { "member", "member", 0 },
        { "self", "self", 0 }, { "number", "number", 0 },
        { "seen at", "seen_at", 0 }, { "forgotten", "forgotten", 0 },
        { NULL, NULL, 0 }
    };

    api_open(&api, line);

    rc = api_get(&api, "/machines");

    if (rc == SAY_DONE && line->json) {
        show_json(api_data(&api));

    } else if (rc == SAY_DONE) {
        memset(&table, 0, sizeof(table));
        table.columns = columns;
        table_print(stdout, &table, api_data(&api));
    }

    api_close(&api);

    return rc;
}


int
machine_begin(command_line_t *line)
{
    return machine_post(line, "begin");
}


int
machine_forget(command_line_t *line)
{
    return machine_post(line, "forget");
}


/* said twice it is the same, so it has no idempotency key */

static int
machine_post(command_line_t *line, const char *verb)
{
    int          rc;
    char        *path;
    api_t        api;
    const char  *name;

    static const char  allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789._-";

    name = line->words[0];

    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0
        || name[strspn(name, allowed)])
    {
        command_misuse(line, "\"%s\" is no machine's name", name);
    }

    path = api_format("/machines/%s/%s", name, verb);

    api_open(&api, line);

    rc = api_ask(&api, "POST", path);

    if (rc == SAY_DONE) {
        rc = show_object(line, api_data(&api));

    } else {
        say("%s", api.message);
    }

    api_close(&api);
    free(path);

    return rc;
}
