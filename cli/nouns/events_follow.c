#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"
#include "events.h"
#include "nouns.h"


#define EVENTS_WAIT_S      30
#define EVENTS_WAIT_MAX_S  55           /* as the API allows */


typedef struct {
    unsigned             wait_s;
    unsigned long long   count;         /* 0: until it is ended */
    unsigned long long   seen;
    char                *after;         /* NULL: where the ledger ends now */
    char                *at;            /* of the query */
    int                  away;
} events_follow_t;


static void events_follow_options(command_line_t *line, events_follow_t *f);
static int events_follow_ask(api_t *api, events_follow_t *f);
static int events_follow_answer(api_t *api, events_follow_t *f, int rc);
static int events_follow_page(api_t *api, events_follow_t *f);
static void events_follow_place(events_follow_t *f, json_t *after, json_t *at);


int
events_follow(command_line_t *line)
{
    int              rc;
    api_t            api;
    events_follow_t  f;

    events_follow_options(line, &f);

    api_open(&api, line);
    api.patience_s += f.wait_s;

    do {
        rc = events_follow_ask(&api, &f);
        rc = events_follow_answer(&api, &f, rc);

        /* without a wait it would ask without a pause */

        if (rc == SAY_AWAY || (rc == SAY_DONE && f.wait_s == 0
                               && (f.count == 0 || f.seen < f.count)))
        {
            (void) sleep(1);
        }

    } while (rc != SAY_REFUSED && !(f.count && f.seen >= f.count));

    api_close(&api);
    free(f.after);
    free(f.at);

    return rc;
}


static void
events_follow_options(command_line_t *line, events_follow_t *f)
{
    const char  *value;

    memset(f, 0, sizeof(events_follow_t));

    f->at = events_after(line);

    value = command_value(line, "after");
    f->after = value ? say_memory(strdup(value)) : NULL;

    value = command_value(line, "wait");
    f->wait_s = value ? (unsigned) command_number(line, value, "--wait: 0 to"
                                                  " 55 is allowed")
                      : EVENTS_WAIT_S;

    if (f->wait_s > EVENTS_WAIT_MAX_S) {
        command_misuse(line, "--wait: 0 to 55 is allowed");
    }

    value = command_value(line, "count");
    f->count = value ? command_number(line, value,
                                      "--count: a number is wanted")
                     : 0;
}


static int
events_follow_ask(api_t *api, events_follow_t *f)
{
    int                  rc;
    char                *path;
    unsigned long long   size;

    if (f->after == NULL) {
        return api_ask(api, "GET", "/health");
    }

    size = f->count ? f->count - f->seen : API_PAGE_MAX;
    size = (size > API_PAGE_MAX) ? API_PAGE_MAX : size;

    path = api_format("/events?after=%s%s&limit=%llu&wait=%u", f->after, f->at,
                      size, f->wait_s);
    rc = api_ask(api, "GET", path);
    free(path);

    return rc;
}


/* that the server is away is said once, and that it is back */

static int
events_follow_answer(api_t *api, events_follow_t *f, int rc)
{
    if (rc == SAY_AWAY) {

        if (!f->away) {
            say("%s; waiting for it", api->message);
        }

        f->away = 1;
        return rc;
    }

    if (rc != SAY_DONE) {
        say("%s", api->message);
        return rc;
    }

    if (f->away) {
        say("%s answers again", api->base);
    }

    f->away = 0;

    if (f->after == NULL) {
        events_follow_place(f, json_object_get(api_data(api), "ledger_seq"),
                            NULL);
        return SAY_DONE;
    }

    return events_follow_page(api, f);
}


static int
events_follow_page(api_t *api, events_follow_t *f)
{
    char    *text;
    size_t   i;
    json_t  *events, *event;

    events = api_data(api);

    json_array_foreach(events, i, event) {
        text = cell_json(event);
        (void) puts(text);
        free(text);
    }

    /* who reads them may wait for each */

    if (fflush(stdout) != 0) {
        return SAY_REFUSED;
    }

    f->seen += i;

    event = i ? json_array_get(events, i - 1) : NULL;

    events_follow_place(f, json_object_get(json_object_get(api->answer,
                                                           "pagination"),
                                           "next"),
                        json_object_get(event, "at"));

    return SAY_DONE;
}


/* with the time, so that the server can tell whether it is the same event
   still */

static void
events_follow_place(events_follow_t *f, json_t *after, json_t *at)
{
    free(f->after);
    f->after = api_format("%" JSON_INTEGER_FORMAT, json_integer_value(after));

    if (json_is_string(at)) {
        free(f->at);
        f->at = say_memory(strdup(""));
        api_argument(&f->at, "at", json_string_value(at));
    }
}
