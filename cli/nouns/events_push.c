#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nouns.h"
#include "push.h"
#include "sk_ledger.h"


static void events_push_options(command_line_t *line, push_t *p,
    long *timeout_s);
static void events_push_types(command_line_t *line, const char *types);
static int events_push_run(command_line_t *line, push_t *p);
static int events_push_begin(command_line_t *line, push_t *p);
static int events_push_page(push_t *p, int *end);


int
events_push(command_line_t *line)
{
    int     rc;
    long    timeout_s;
    push_t  p;

    memset(&p, 0, sizeof(push_t));

    events_push_options(line, &p, &timeout_s);

    if (sodium_init() == -1) {
        return say_refused("libsodium does not start");
    }

    rc = push_secrets_read(&p.secrets, command_value(line, "secret-file"));

    if (rc != SAY_DONE) {
        return rc;
    }

    api_open(&p.api, line);
    p.api.patience_s += PUSH_WAIT_S;
    push_target_open(&p.target, line->words[0], &p.secrets, timeout_s);

    rc = push_state_open(&p.state, command_value(line, "state"));

    if (rc == SAY_DONE) {
        rc = events_push_run(line, &p);
    }

    push_state_close(&p.state);
    push_target_close(&p.target);
    api_close(&p.api);
    sodium_memzero(&p.secrets, sizeof(p.secrets));

    return rc;
}


static void
events_push_options(command_line_t *line, push_t *p, long *timeout_s)
{
    const char  *value, *url;

    url = line->words[0];

    if (strncasecmp(url, "http://", 7) != 0
        && strncasecmp(url, "https://", 8) != 0)
    {
        command_misuse(line, "\"%s\" is no URL: http:// or https://", url);
    }

    if (command_value(line, "secret-file") == NULL
        || command_value(line, "state") == NULL)
    {
        command_misuse(line, "--secret-file and --state are wanted");
    }

    value = command_value(line, "timeout");
    *timeout_s = value ? (long) command_number(line, value, "--timeout: 1 to"
                                               " 300 is allowed")
                       : PUSH_TIMEOUT_S;

    if (*timeout_s < 1 || *timeout_s > 300) {
        command_misuse(line, "--timeout: 1 to 300 is allowed");
    }

    value = command_value(line, "retry-max");
    p->retry_max_s = value ? (unsigned) command_number(line, value,
                                 "--retry-max: 1 to 3600 is allowed")
                           : PUSH_RETRY_MAX_S;

    if (p->retry_max_s < 1 || p->retry_max_s > 3600) {
        command_misuse(line, "--retry-max: 1 to 3600 is allowed");
    }

    value = command_value(line, "count");
    p->count = value ? command_number(line, value,
                                      "--count: a number is wanted")
                     : 0;

    value = command_value(line, "after");

    if (value) {
        (void) command_number(line, value, "--after: the number of an event is"
                              " wanted");
    }

    p->types = command_value(line, "types");
    events_push_types(line, p->types);

    p->once = (command_value(line, "once") != NULL);
    p->resume = (command_value(line, "resume") != NULL);
}


/* one that is misspelt would never be sent */

static void
events_push_types(command_line_t *line, const char *types)
{
    sk_bytes_t  type;

    for (type.data = types; type.data; /* void */ ) {
        type.len = strcspn(type.data, ",");

        if (sk_ledger_type(&type) == SK_EVENT_N) {
            command_misuse(line, "--types: there are no events \"%.*s\"",
                           (int) type.len, type.data);
        }

        type.data += type.len;
        type.data = (*type.data == ',') ? type.data + 1 : NULL;
    }
}


static int
events_push_run(command_line_t *line, push_t *p)
{
    int  rc, end;

    rc = events_push_begin(line, p);
    end = 0;

    while (rc == SAY_DONE && !end) {
        rc = events_push_page(p, &end);
    }

    return rc;
}


/* where to go on, or to begin: on disk before anything is sent */

static int
events_push_begin(command_line_t *line, push_t *p)
{
    int  rc;

    if (p->state.known && command_value(line, "after")) {
        return say_refused("\"%s\" says where to go on: after event %"
                           JSON_INTEGER_FORMAT, p->state.path, p->state.after);
    }

    if (p->state.gone_url && !p->resume
        && strcmp(p->state.gone_url, p->target.url) == 0)
    {
        return say_refused("%s has said, %s, that it wants no more events"
                           " (410); to go on all the same: --resume",
                           p->target.url, p->state.gone_at);
    }

    rc = p->state.known
         ? SAY_DONE : push_source_place(p, command_value(line, "after"));

    if (rc == SAY_DONE && (!p->state.known || p->state.gone_url)) {
        push_state_gone(&p->state, NULL, NULL);
        rc = push_state_save(&p->state);
    }

    return rc;
}


static int
events_push_page(push_t *p, int *end)
{
    int          rc;
    char        *path, *at;
    size_t       i;
    json_t      *events, *event;
    json_int_t   saved;

    at = say_memory(strdup(""));

    if (p->state.at) {
        api_argument(&at, "at", p->state.at);
    }

    path = api_format("/events?after=%" JSON_INTEGER_FORMAT "%s&limit=%d"
                      "&wait=%d", p->state.after, at, 100,
                      p->once ? 0 : PUSH_WAIT_S);

    rc = push_source_ask(p, path);

    free(path);
    free(at);

    if (rc != SAY_DONE) {
        return rc;
    }

    events = json_incref(api_data(&p->api));
    saved = p->state.after;

    if (json_array_size(events)) {
        rc = push_source_store(p);
    }

    for (i = 0; rc == SAY_DONE && i < json_array_size(events) && !*end; i++) {
        event = json_array_get(events, i);

        rc = push_event(p, event);
        *end = (p->count && p->sent >= p->count);
    }

    /* those that nobody wants are saved when there are no others to come */

    if (rc == SAY_DONE && p->state.after != saved) {
        rc = push_state_save(&p->state);
    }

    *end |= (p->once && i == 0);

    json_decref(events);

    return rc;
}
