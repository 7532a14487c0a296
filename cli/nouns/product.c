#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "nouns.h"
#include "product.h"
#include "show.h"


static json_t *product_body(command_line_t *line);
static int product_path(api_t *api, const char *word, char **path);
static int product_page(api_t *api, const char *name, json_int_t *after,
    unsigned long long *id);
static const char *product_hint(api_t *api, const char *name);


int
product_add(command_line_t *line)
{
    int      rc;
    api_t    api;
    json_t  *body;

    if (command_value(line, "name") == NULL
        || command_value(line, "price") == NULL
        || command_value(line, "currency") == NULL)
    {
        command_misuse(line, "--name, --price and --currency are needed");
    }

    body = product_body(line);

    api_open(&api, line);
    rc = show_write(&api, line, "POST", "/products", body);
    api_close(&api);

    json_decref(body);

    return rc;
}


static json_t *
product_body(command_line_t *line)
{
    json_t  *body;

    body = say_memory(json_object());

    body_text(line, body, "name");
    body_text(line, body, "description");
    body_number(line, body, "price", "price");
    body_text(line, body, "currency");
    body_object(line, body, "attributes");

    return body;
}


int
product_list(command_line_t *line)
{
    int    rc;
    api_t  api;

    static const table_column_t  columns[] = {
        { "id", "id", 4 }, { "name", "name", 16 }, { "price", "price", 6 },
        { "currency", "currency", 3 }, { "attributes", "attributes", 10 },
        { "description", "description", 0 }, { NULL, NULL, 0 }
    };
    static const show_list_t  list = { "/products", NULL, NULL, 0, NULL,
                                       columns, NULL };

    api_open(&api, line);
    rc = show_list(&api, line, &list);
    api_close(&api);

    return rc;
}


int
product_show(command_line_t *line)
{
    int    rc;
    char  *path;
    api_t  api;

    api_open(&api, line);

    rc = product_path(&api, line->words[0], &path);

    if (rc == SAY_DONE) {
        rc = show_get(&api, line, path);
        free(path);
    }

    api_close(&api);

    return rc;
}


static int
product_path(api_t *api, const char *word, char **path)
{
    int                 rc;
    unsigned long long  id;

    rc = product_find(api, word, &id);

    *path = (rc == SAY_DONE) ? api_format("/products/%llu", id) : NULL;

    return rc;
}


int
product_edit(command_line_t *line)
{
    int      rc;
    char    *path;
    api_t    api;
    json_t  *body;

    body = product_body(line);

    if (json_object_size(body) == 0) {
        command_misuse(line, "there is nothing to edit");
    }

    api_open(&api, line);

    rc = product_path(&api, line->words[0], &path);

    if (rc == SAY_DONE) {
        rc = show_write(&api, line, "PATCH", path, body);
        free(path);
    }

    api_close(&api);
    json_decref(body);

    return rc;
}


int
product_remove(command_line_t *line)
{
    int    rc;
    char  *path, *what;
    api_t  api;

    api_open(&api, line);

    rc = product_path(&api, line->words[0], &path);

    if (rc == SAY_DONE) {
        what = api_format("product %s", line->words[0]);
        rc = show_removed(&api, line, path, what);
        free(what);
        free(path);
    }

    api_close(&api);

    return rc;
}


int
product_find(api_t *api, const char *word, unsigned long long *id)
{
    int         rc;
    size_t      len;
    json_int_t  after;

    len = strspn(word, "0123456789");

    if (len && len <= 18 && word[len] == '\0') {
        *id = strtoull(word, NULL, 10);
        return SAY_DONE;
    }

    *id = 0;
    after = 0;

    do {
        rc = product_page(api, word, &after, id);
    } while (rc == SAY_DONE && *id == 0 && after);

    if (rc != SAY_DONE || *id) {
        return rc;
    }

    return say_refused("there is no product \"%s\"%s", word,
                       product_hint(api, word));
}


/* *id is 0 if it is not there, *after if there are no more pages */

static int
product_page(api_t *api, const char *name, json_int_t *after,
    unsigned long long *id)
{
    int          rc;
    char        *path;
    size_t       i;
    json_t      *row;
    const char  *its;

    path = api_format("/products?limit=%d&after=%" JSON_INTEGER_FORMAT,
                      API_PAGE_MAX, *after);
    rc = api_get(api, path);
    free(path);

    if (rc != SAY_DONE) {
        return rc;
    }

    json_array_foreach(api_data(api), i, row) {
        its = json_string_value(json_object_get(row, "name"));

        if (its && strcmp(its, name) == 0) {
            *id = (unsigned long long)
                      json_integer_value(json_object_get(row, "id"));
            return SAY_DONE;
        }
    }

    row = json_object_get(json_object_get(api->answer, "pagination"), "next");
    *after = (i < API_PAGE_MAX) ? 0 : json_integer_value(row);

    return SAY_DONE;
}


/* of those on the last page that was read, one that is written otherwise */

static const char *
product_hint(api_t *api, const char *name)
{
    size_t       i;
    json_t      *row;
    const char  *its;
    static char  hint[512];

    json_array_foreach(api_data(api), i, row) {
        its = json_string_value(json_object_get(row, "name"));

        if (its && strcasecmp(its, name) == 0) {
            (void) snprintf(hint, sizeof(hint), ", but \"%s\"", its);
            return hint;
        }
    }

    return "; \"seckill product list\" has them";
}
