#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"
#include "nouns.h"
#include "quit.h"
#include "sale.h"
#include "show.h"


#define SALE_WATCH_LINES  24            /* of a terminal that does not say */

/* lines that are too long are cut, not wrapped: they are counted */

#define SALE_WATCH_CUT    "\033[?7l"
#define SALE_WATCH_WRAP   "\033[?7h"


typedef struct {
    double                every_s;
    unsigned long long    count;        /* 0: until it is ended */
    int                   terminal;
    int                   drawn;        /* lines that are there */
    json_t               *before;       /* by name: what was taken, and when */
} sale_watch_t;


static void sale_watch_options(command_line_t *line, sale_watch_t *w);
static int sale_watch_look(api_t *api, command_line_t *line, json_t **sales);
static int sale_watch_all(api_t *api, json_t *sales);
static void sale_watch_rates(sale_watch_t *w, json_t *sales);
static void sale_watch_lines(json_t *sales);
static void sale_watch_draw(sale_watch_t *w, json_t *sales);
static int sale_watch_height(void);
static void sale_watch_sleep(double seconds);


int
sale_watch(command_line_t *line)
{
    int                 rc;
    api_t               api;
    json_t             *sales;
    sale_watch_t        w;
    unsigned long long  look;

    sale_watch_options(line, &w);
    api_open(&api, line);

    for (look = 1; /* void */ ; look++) {
        rc = sale_watch_look(&api, line, &sales);

        if (rc != SAY_DONE) {
            w.drawn = 0;

        } else if (line->json) {
            show_json(sales);

        } else {
            sale_watch_rates(&w, sales);

            if (w.terminal) {
                sale_watch_draw(&w, sales);

            } else {
                sale_watch_lines(sales);
            }
        }

        json_decref(sales);

        if (fflush(stdout) != 0 || look == w.count
            || (rc != SAY_DONE && rc != SAY_AWAY))
        {
            break;
        }

        sale_watch_sleep(w.every_s);
    }

    api_close(&api);
    json_decref(w.before);

    return rc;
}


static void
sale_watch_options(command_line_t *line, sale_watch_t *w)
{
    size_t       len;
    unsigned     i;
    const char  *value, *rest;

    memset(w, 0, sizeof(sale_watch_t));

    value = command_value(line, "every");
    value = value ? value : "1";

    len = strspn(value, "0123456789");
    rest = value + len + (value[len] == '.');
    len += strspn(rest, "0123456789");

    if (len == 0 || rest[strspn(rest, "0123456789")] || len > 9) {
        command_misuse(line, "--every: seconds are wanted");
    }

    w->every_s = strtod(value, NULL);

    value = command_value(line, "count");
    w->count = value ? command_number(line, value, "--count: a number is"
                                      " wanted")
                     : 0;

    if (line->n_words == 1 && strcmp(line->words[0], "all") == 0) {
        line->n_words = 0;
    }

    for (i = 0; i < line->n_words; i++) {
        sale_name(line, line->words[i]);
    }

    w->before = say_memory(json_object());
    w->terminal = !line->json && isatty(STDOUT_FILENO);

    if (w->terminal) {
        quit_terminal(SALE_WATCH_WRAP);
        (void) fputs(SALE_WATCH_CUT, stdout);
    }
}


/* the sales that are named, or all */

static int
sale_watch_look(api_t *api, command_line_t *line, json_t **sales)
{
    int       rc;
    char      path[128];
    unsigned  i;

    *sales = say_memory(json_array());

    if (line->n_words == 0) {
        return sale_watch_all(api, *sales);
    }

    rc = SAY_DONE;

    for (i = 0; i < line->n_words && rc == SAY_DONE; i++) {
        (void) snprintf(path, sizeof(path), "/sales/%s", line->words[i]);

        rc = api_get(api, path);

        if (rc == SAY_DONE) {
            (void) json_array_append(*sales, api_data(api));
        }
    }

    return rc;
}


static int
sale_watch_all(api_t *api, json_t *sales)
{
    int         rc;
    char       *path;
    json_t     *next;
    json_int_t  after;

    after = 0;

    do {
        path = api_format("/sales?limit=%d&after=%" JSON_INTEGER_FORMAT,
                          API_PAGE_MAX, after);
        rc = api_get(api, path);
        free(path);

        if (rc != SAY_DONE) {
            return rc;
        }

        (void) json_array_extend(sales, api_data(api));

        next = json_object_get(json_object_get(api->answer, "pagination"),
                               "next");
        after = json_integer_value(next);

    } while (json_array_size(api_data(api)) == API_PAGE_MAX && after);

    return SAY_DONE;
}


/* what is held and sold of a sale is taken; "rate" is by how much that has
   changed in a second since the last look */

static void
sale_watch_rates(sale_watch_t *w, json_t *sales)
{
    size_t           i;
    double           now, then, rate;
    json_t          *sale, *last;
    json_int_t       taken;
    const char      *name;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);
    now = (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;

    json_array_foreach(sales, i, sale) {
        name = json_string_value(json_object_get(sale, "name"));
        taken = json_integer_value(json_object_get(sale, "held"))
                + json_integer_value(json_object_get(sale, "sold"));

        last = json_object_get(w->before, name ? name : "");
        then = json_real_value(json_array_get(last, 1));

        if (last && now > then) {
            rate = (double) (taken
                             - json_integer_value(json_array_get(last, 0)))
                   / (now - then);
            rate += (rate < 0) ? -0.5 : 0.5;
            (void) json_object_set_new(sale, "rate",
                                       json_integer((json_int_t) rate));
        }

        (void) json_object_set_new(w->before, name ? name : "",
                                   json_pack("[If]", taken, now));
    }
}


static void
sale_watch_lines(json_t *sales)
{
    char       *text, when[32];
    size_t      i, n;
    time_t      now;
    json_t     *sale;
    struct tm   tm;

    static const char *const  members[][2] = {
        { "", "name" }, { "", "state" }, { "stock ", "stock" },
        { "free ", "free" }, { "undecided ", "undecided" }, { "held ", "held" },
        { "sold ", "sold" }, { "taken/s ", "rate" }
    };

    now = time(NULL);
    (void) gmtime_r(&now, &tm);
    (void) strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);

    json_array_foreach(sales, i, sale) {
        (void) fputs(when, stdout);

        for (n = 0; n < sizeof(members) / sizeof(members[0]); n++) {
            text = cell_text(json_object_get(sale, members[n][1]));
            (void) printf(" %s%s", members[n][0], text);
            free(text);
        }

        (void) fputc('\n', stdout);
    }
}


/* as many lines as the terminal has, in place of those that are there */

static void
sale_watch_draw(sale_watch_t *w, json_t *sales)
{
    int       left;
    char     *text, *p, *end;
    FILE     *out;
    size_t    size;
    table_t   table;

    static const table_column_t  columns[] = {
        { "sale", "name", 16 }, { "state", "state", 9 },
        { "stock", "stock", 8 }, { "free", "free", 8 },
        { "undecided", "undecided", 9 }, { "held", "held", 8 },
        { "sold", "sold", 8 }, { "taken/s", "rate", 7 }, { NULL, NULL, 0 }
    };

    memset(&table, 0, sizeof(table));
    table.columns = columns;
    table.partial = 1;

    out = say_memory(open_memstream(&text, &size));
    table_print(out, &table, sales);
    (void) fclose(out);

    if (w->drawn) {
        (void) printf("\033[%dA\033[J", w->drawn);
    }

    left = sale_watch_height() - 1;

    for (w->drawn = 0, p = text; *p && w->drawn < left; w->drawn++) {
        end = strchr(p, '\n') + 1;
        (void) fwrite(p, 1, (size_t) (end - p), stdout);
        p = end;
    }

    free(text);
}


static int
sale_watch_height(void)
{
    struct winsize  size;

    return (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1)
           ? size.ws_row : SALE_WATCH_LINES;
}


static void
sale_watch_sleep(double seconds)
{
    struct timespec  ts;

    ts.tv_sec = (time_t) seconds;
    ts.tv_nsec = (long) ((seconds - (double) ts.tv_sec) * 1e9);

    (void) nanosleep(&ts, NULL);
}
