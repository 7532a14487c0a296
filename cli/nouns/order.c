#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "nouns.h"
#include "show.h"


#define ORDER_ROWS  100


static int order_each(command_line_t *line, const char *verb, json_t *body);
static int order_one(api_t *api, command_line_t *line, const char *verb,
    const char *number, json_t *body, json_t *done);
static void order_number(command_line_t *line, const char *word);


static const table_column_t  order_columns[] = {
    { "order", "order", 8 }, { "sale", "sale", 16 }, { "user", "user", 16 },
    { "state", "state", 9 }, { "created at", "created_at", 24 },
    { "expires at", "expires_at", 24 }, { NULL, NULL, 0 }
};


int
order_list(command_line_t *line)
{
    int           rc;
    char         *query;
    api_t         api;
    unsigned      i;
    show_list_t   list;
    const char   *value, *limit;

    static const char *const  names[] = { "sale", "user", "state" };

    memset(&list, 0, sizeof(list));

    limit = command_value(line, "limit");

    if (limit && command_value(line, "all")) {
        command_misuse(line, "--all or --limit, not both");
    }

    list.want = limit ? command_number(line, limit,
                                       "--limit: a number is wanted")
                : command_value(line, "all") ? 0 : ORDER_ROWS;

    if (limit && list.want == 0) {
        command_misuse(line, "--limit: a number is wanted");
    }

    list.after = command_value(line, "after");

    if (list.after) {
        (void) command_number(line, list.after,
                              "--after: the number of an order is wanted");
    }

    query = say_memory(strdup(""));

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        value = command_value(line, names[i]);

        if (value) {
            api_argument(&query, names[i], value);
        }
    }

    list.path = "/orders";
    list.query = query;
    list.columns = order_columns;

    api_open(&api, line);
    rc = show_list(&api, line, &list);
    api_close(&api);

    free(query);

    return rc;
}


int
order_show(command_line_t *line)
{
    int    rc;
    char  *path;
    api_t  api;

    order_number(line, line->words[0]);

    path = api_format("/orders/%s", line->words[0]);

    api_open(&api, line);
    rc = show_get(&api, line, path);
    api_close(&api);

    free(path);

    return rc;
}


static void
order_number(command_line_t *line, const char *word)
{
    (void) command_number(line, word, "\"%s\" is no order's number", word);
}


int
order_confirm(command_line_t *line)
{
    json_t  *body;

    body = say_memory(json_object());

    if (command_value(line, "late")) {
        (void) json_object_set_new(body, "late", json_true());
    }

    return order_each(line, "confirm", body);
}


int
order_cancel(command_line_t *line)
{
    json_t  *body;

    body = say_memory(json_object());

    if (command_value(line, "no-restock")) {
        (void) json_object_set_new(body, "restock", json_false());
    }

    return order_each(line, "cancel", body);
}


int
order_extend(command_line_t *line)
{
    return order_each(line, "extend", say_memory(json_object()));
}


/* goes on after one that is refused, not where nobody answers */

static int
order_each(command_line_t *line, const char *verb, json_t *body)
{
    int       rc, one;
    api_t     api;
    json_t   *done;
    unsigned  i;
    table_t   table;

    if (command_value(line, "idempotency-key") && line->n_words > 1) {
        command_misuse(line, "--idempotency-key is for one order");
    }

    for (i = 0; i < line->n_words; i++) {
        order_number(line, line->words[i]);
    }

    body_text(line, body, "user");

    done = say_memory(json_array());
    rc = SAY_DONE;

    api_open(&api, line);

    for (i = 0; i < line->n_words && rc != SAY_AWAY; i++) {
        one = order_one(&api, line, verb, line->words[i], body, done);
        rc = (one == SAY_DONE) ? rc : one;
    }

    api_close(&api);
    json_decref(body);

    if (line->json) {
        show_json(done);

    } else if (json_array_size(done)) {
        memset(&table, 0, sizeof(table));
        table.columns = order_columns;
        table_print(stdout, &table, done);
    }

    json_decref(done);

    return rc;
}


static int
order_one(api_t *api, command_line_t *line, const char *verb,
    const char *number, json_t *body, json_t *done)
{
    int    rc;
    char  *path, *about;

    path = api_format("/orders/%s/%s", number, verb);
    about = api_format("order %s: ", number);

    rc = api_write(api, line, "POST", path,
                   json_object_size(body) ? body : NULL, about);

    if (rc == SAY_DONE) {
        (void) json_array_append(done, api_data(api));
    }

    free(path);
    free(about);

    return rc;
}
