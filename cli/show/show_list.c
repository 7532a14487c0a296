#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "show.h"


/* a list, page by page: a table as wide as the first page wants it */


typedef struct {
    const show_list_t  *list;
    const char         *first;          /* till the first page is there */
    char               *after;
    unsigned long long  left;           /* of the rows that are wanted */
    unsigned            size;           /* of the page that is asked for */
    int                 headless;
    int                 partial;
} show_pages_t;


static int show_list_page(api_t *api, show_pages_t *p);
static void show_list_rows(const command_line_t *line, show_pages_t *p,
    json_t *rows);
static int show_list_next(api_t *api, show_pages_t *p, size_t rows);


int
show_list(api_t *api, const command_line_t *line, const show_list_t *list)
{
    int           rc;
    json_t       *rows;
    show_pages_t  p;

    memset(&p, 0, sizeof(p));

    p.list = list;
    p.first = list->first ? list->first : "";
    p.after = list->after ? say_memory(strdup(list->after)) : NULL;
    p.left = list->want;

    do {
        rc = show_list_page(api, &p);

        if (rc != SAY_DONE) {
            free(p.after);
            return rc;
        }

        rows = api_data(api);
        show_list_rows(line, &p, rows);

    } while (show_list_next(api, &p, json_array_size(rows)));

    if (line->json) {
        (void) puts("]");
    }

    if (list->want && p.left == 0 && p.after) {
        say("there may be more: --after %s", p.after);
    }

    free(p.after);

    return SAY_DONE;
}


static int
show_list_page(api_t *api, show_pages_t *p)
{
    int    rc;
    char  *path;

    p->size = API_PAGE_MAX;

    if (p->list->want && p->left < p->size) {
        p->size = (unsigned) p->left;
    }

    path = api_format("%s?limit=%u%s%s%s%s", p->list->path, p->size,
                      p->after ? "&after=" : "", p->after ? p->after : "",
                      p->first, p->list->query ? p->list->query : "");

    rc = api_get(api, path);

    free(path);

    return rc;
}


/* pages after the first have columns at least as wide as that one's; one page
   alone is as wide as it needs to be */

static void
show_list_rows(const command_line_t *line, show_pages_t *p, json_t *rows)
{
    char     *text;
    size_t    i;
    json_t   *row;
    table_t   table;

    if (!p->headless && json_array_size(rows) == p->size) {
        p->partial = 1;
    }

    table.columns = p->list->columns;
    table.partial = p->partial;
    table.headless = p->headless;

    json_array_foreach(rows, i, row) {

        if (line->json) {
            text = cell_json(row);
            (void) printf("%s%s", (p->headless || i) ? ",\n" : "[", text);
            free(text);

        } else if (p->list->prepare) {
            p->list->prepare(row);
        }
    }

    if (!line->json) {
        table_print(stdout, &table, rows);

    } else if (!p->headless && json_array_size(rows) == 0) {
        (void) fputs("[", stdout);
    }

    (void) fflush(stdout);

    p->headless = 1;
    p->first = "";
}


/* whether there is another page; p->left becomes 0 where the rows that are
   wanted are there, and p->after is what is behind them */

static int
show_list_next(api_t *api, show_pages_t *p, size_t rows)
{
    json_t  *next;

    next = json_object_get(json_object_get(api->answer, "pagination"), "next");

    free(p->after);
    p->after = json_is_integer(next)
               ? api_format("%" JSON_INTEGER_FORMAT, json_integer_value(next))
               : NULL;

    if (rows < p->size || p->after == NULL) {
        free(p->after);
        p->after = NULL;
        return 0;
    }

    if (p->list->want == 0) {
        return 1;
    }

    p->left -= rows;

    return p->left > 0;
}
