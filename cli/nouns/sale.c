#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "nouns.h"
#include "product.h"
#include "sale.h"
#include "show.h"


static json_t *sale_body(command_line_t *line);
static int sale_product(api_t *api, command_line_t *line, json_t *body);
static int sale_send(command_line_t *line, const char *method,
    const char *path, json_t *body);
static int sale_post(command_line_t *line, const char *verb, json_t *body);


int
sale_add(command_line_t *line)
{
    json_t  *body;

    if (command_value(line, "stock") == NULL) {
        command_misuse(line, "--stock is needed");
    }

    sale_name(line, line->words[0]);

    body = sale_body(line);

    (void) json_object_set_new(body, "name", json_string(line->words[0]));
    body_text(line, body, "group");

    if (command_value(line, "paused")) {
        (void) json_object_set_new(body, "paused", json_true());
    }

    return sale_send(line, "POST", "/sales", body);
}


void
sale_name(const command_line_t *line, const char *name)
{
    static const char  allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789._-";

    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0
        || name[strspn(name, allowed)])
    {
        command_misuse(line, "\"%s\" is no sale's name", name);
    }
}


static json_t *
sale_body(command_line_t *line)
{
    json_t  *body;

    body = say_memory(json_object());

    body_number(line, body, "stock", "stock");
    body_number(line, body, "limit", "limit");
    body_time(line, body, "hold");
    body_time(line, body, "extend");
    body_text_or_none(line, body, "start");
    body_text_or_none(line, body, "end");
    body_time(line, body, "shuffle");
    body_number(line, body, "waitlist", "waitlist");

    return body;
}


int
sale_edit(command_line_t *line)
{
    char     path[128];
    json_t  *body;

    if (command_value(line, "stock") && command_value(line, "add-stock")) {
        command_misuse(line, "--stock or --add-stock, not both");
    }

    sale_name(line, line->words[0]);

    body = sale_body(line);
    body_number(line, body, "add-stock", "add_stock");

    if (json_object_size(body) == 0 && command_value(line, "product") == NULL) {
        command_misuse(line, "there is nothing to edit");
    }

    (void) snprintf(path, sizeof(path), "/sales/%s", line->words[0]);

    return sale_send(line, "PATCH", path, body);
}


/* also its product, of which the server has to be asked if it is a name */

static int
sale_send(command_line_t *line, const char *method, const char *path,
    json_t *body)
{
    int    rc;
    api_t  api;

    api_open(&api, line);

    rc = sale_product(&api, line, body);

    if (rc == SAY_DONE) {
        rc = show_write(&api, line, method, path, body);
    }

    api_close(&api);
    json_decref(body);

    return rc;
}


static int
sale_product(api_t *api, command_line_t *line, json_t *body)
{
    int                  rc;
    const char          *value;
    unsigned long long   id;

    value = command_value(line, "product");

    if (value == NULL) {
        return SAY_DONE;
    }

    if (strcmp(value, "none") == 0) {
        (void) json_object_set_new(body, "product", json_null());
        return SAY_DONE;
    }

    rc = product_find(api, value, &id);

    if (rc == SAY_DONE) {
        (void) json_object_set_new(body, "product",
                                   json_integer((json_int_t) id));
    }

    return rc;
}


int
sale_list(command_line_t *line)
{
    int    rc;
    api_t  api;

    static const table_column_t  columns[] = {
        { "sale", "name", 16 }, { "state", "state", 9 },
        { "stock", "stock", 8 }, { "free", "free", 8 },
        { "undecided", "undecided", 9 }, { "held", "held", 6 },
        { "sold", "sold", 8 }, { "waiting", "waiting", 7 },
        { "limit", "limit", 5 }, { "hold", "hold", 4 },
        { "start", "start", 24 }, { "end", "end", 24 },
        { "shuffle", "shuffle", 7 }, { "waitlist", "waitlist", 8 },
        { "product", "product", 7 }, { NULL, NULL, 0 }
    };
    static const show_list_t  list = { "/sales", NULL, NULL, 0, NULL, columns,
                                       NULL };

    api_open(&api, line);
    rc = show_list(&api, line, &list);
    api_close(&api);

    return rc;
}


int
sale_show(command_line_t *line)
{
    int    rc;
    char   path[128];
    api_t  api;

    sale_name(line, line->words[0]);
    (void) snprintf(path, sizeof(path), "/sales/%s", line->words[0]);

    api_open(&api, line);
    rc = show_get(&api, line, path);
    api_close(&api);

    return rc;
}


int
sale_pause(command_line_t *line)
{
    return sale_post(line, "pause", NULL);
}


int
sale_resume(command_line_t *line)
{
    return sale_post(line, "resume", NULL);
}


int
sale_end(command_line_t *line)
{
    return sale_post(line, "end", NULL);
}


int
sale_beacon(command_line_t *line)
{
    json_t  *body;

    if (command_value(line, "round") == NULL
        || command_value(line, "value") == NULL)
    {
        command_misuse(line, "--round and --value are needed");
    }

    body = say_memory(json_object());

    body_number(line, body, "round", "round");
    body_text(line, body, "value");

    return sale_post(line, "beacon", body);
}


static int
sale_post(command_line_t *line, const char *verb, json_t *body)
{
    int    rc;
    char   path[128];
    api_t  api;

    sale_name(line, line->words[0]);
    (void) snprintf(path, sizeof(path), "/sales/%s/%s", line->words[0], verb);

    api_open(&api, line);
    rc = show_write(&api, line, "POST", path, body);
    api_close(&api);

    json_decref(body);

    return rc;
}


int
sale_remove(command_line_t *line)
{
    int    rc;
    char   path[128], what[128];
    api_t  api;

    sale_name(line, line->words[0]);
    (void) snprintf(path, sizeof(path), "/sales/%s", line->words[0]);
    (void) snprintf(what, sizeof(what), "sale %s", line->words[0]);

    api_open(&api, line);
    rc = show_removed(&api, line, path, what);
    api_close(&api);

    return rc;
}
