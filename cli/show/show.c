#include <stdlib.h>

#include "cell.h"
#include "show.h"


void
show_json(const json_t *value)
{
    char  *text;

    text = cell_json(value);
    (void) puts(text);
    free(text);
}


int
show_object(const command_line_t *line, json_t *object)
{
    if (line->json) {
        show_json(object);

    } else {
        table_fields(stdout, object);
    }

    return SAY_DONE;
}


int
show_get(api_t *api, const command_line_t *line, const char *path)
{
    int  rc;

    rc = api_get(api, path);

    return (rc == SAY_DONE) ? show_object(line, api_data(api)) : rc;
}


int
show_write(api_t *api, const command_line_t *line, const char *method,
    const char *path, json_t *body)
{
    int  rc;

    rc = api_write(api, line, method, path, body, "");

    return (rc == SAY_DONE) ? show_object(line, api_data(api)) : rc;
}


int
show_removed(api_t *api, const command_line_t *line, const char *path,
    const char *what)
{
    int  rc;

    rc = api_write(api, line, "DELETE", path, NULL, "");

    if (rc == SAY_DONE && line->json) {
        show_json(api_data(api));

    } else if (rc == SAY_DONE) {
        (void) printf("%s removed\n", what);
    }

    return rc;
}
