#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "table.h"


static unsigned table_measure(const table_t *table, json_t *rows,
    size_t *widths, int *numbers);
static int table_is_numbers(json_t *rows, const char *member);
static void table_row(FILE *out, const table_t *table, unsigned n, json_t *row,
    const size_t *widths, const int *numbers);
static size_t table_blanks(FILE *out, size_t n);


void
table_print(FILE *out, const table_t *table, json_t *rows)
{
    int       numbers[TABLE_COLUMNS_MAX];
    size_t    i, widths[TABLE_COLUMNS_MAX];
    json_t   *row;
    unsigned  n;

    n = table_measure(table, rows, widths, numbers);

    if (!table->headless) {
        table_row(out, table, n, NULL, widths, numbers);
    }

    json_array_foreach(rows, i, row) {
        table_row(out, table, n, row, widths, numbers);
    }
}


static unsigned
table_measure(const table_t *table, json_t *rows, size_t *widths, int *numbers)
{
    char                  *text;
    size_t                 i, width;
    json_t                *row;
    unsigned               n;
    const table_column_t  *c;

    for (n = 0, c = table->columns; c->head; c++, n++) {
        widths[n] = strlen(c->head);
        numbers[n] = table_is_numbers(rows, c->member);

        if (table->partial && c->width > widths[n]) {
            widths[n] = c->width;
        }

        json_array_foreach(rows, i, row) {
            text = cell_text(json_object_get(row, c->member));
            width = cell_width(text);
            widths[n] = (width > widths[n]) ? width : widths[n];
            free(text);
        }
    }

    return n;
}


/* where there is any, and nothing else but null */

static int
table_is_numbers(json_t *rows, const char *member)
{
    int      any;
    size_t   i;
    json_t  *row, *value;

    any = 0;

    json_array_foreach(rows, i, row) {
        value = json_object_get(row, member);

        if (json_is_number(value)) {
            any = 1;

        } else if (value && !json_is_null(value)) {
            return 0;
        }
    }

    return any;
}


/* NULL: the heads; there are no blanks at a line's end */

static void
table_row(FILE *out, const table_t *table, unsigned n, json_t *row,
    const size_t *widths, const int *numbers)
{
    char      *text;
    size_t     width, due;
    unsigned   i;

    for (i = 0, due = 0; i < n; i++) {
        text = row ? cell_text(json_object_get(row, table->columns[i].member))
                   : strdup(table->columns[i].head);

        width = text ? cell_width(text) : 0;
        due += (i ? 2 : 0) + (numbers[i] ? widths[i] - width : 0);

        if (width) {
            due = table_blanks(out, due);
            (void) fputs(text, out);
        }

        due += numbers[i] ? 0 : widths[i] - width;
        free(text);
    }

    (void) fputc('\n', out);
}


static size_t
table_blanks(FILE *out, size_t n)
{
    (void) fprintf(out, "%*s", (int) n, "");

    return 0;
}


void
table_fields(FILE *out, json_t *object)
{
    char        *text;
    size_t       width;
    json_t      *value;
    const char  *name;

    width = 0;

    json_object_foreach(object, name, value) {
        width = (strlen(name) > width) ? strlen(name) : width;
    }

    json_object_foreach(object, name, value) {
        text = cell_text(value);
        (void) fprintf(out, "%-*s%s%s\n", *text ? (int) width : 0, name,
                       *text ? "  " : "", text);
        free(text);
    }
}
