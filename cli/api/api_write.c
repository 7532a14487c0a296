#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"


#define API_UUID_SIZE  37
#define API_KEY_MAX    255


static void api_printable(const command_line_t *line, const char *key);
static int api_uuid(char *uuid);


int
api_get(api_t *api, const char *path)
{
    int  rc;

    api->body = NULL;
    api->idempotency = NULL;

    rc = api_ask(api, "GET", path);

    if (rc != SAY_DONE) {
        say("%s", api->message);
    }

    return rc;
}


/* an idempotency key of the user's own is for asking again later */

int
api_write(api_t *api, const command_line_t *line, const char *method,
    const char *path, json_t *body, const char *about)
{
    int          rc;
    char         uuid[API_UUID_SIZE], *text;
    unsigned     try;

    api->idempotency = command_value(line, "idempotency-key");

    if (api->idempotency) {
        api_printable(line, api->idempotency);

    } else if (api_uuid(uuid) == SAY_DONE) {
        api->idempotency = uuid;

    } else {
        return SAY_REFUSED;
    }

    text = body ? say_memory(json_dumps(body, JSON_COMPACT)) : NULL;
    api->body = text;

    for (try = 1; /* void */ ; try++) {
        rc = api_ask(api, method, path);

        if (rc != SAY_AWAY || try == API_TRIES_MAX) {
            break;
        }

        say("%s%s; trying again", about, api->message);
        (void) sleep(try);
    }

    if (rc != SAY_DONE) {
        say("%s%s", about, api->message);
    }

    if (rc == SAY_AWAY) {
        say("whether it was done is not known; to ask again: --idempotency-key"
            " %s", api->idempotency);
    }

    free(text);
    api->body = NULL;
    api->idempotency = NULL;

    return rc;
}


/* an empty one would be no header at all, and the write be done twice */

static void
api_printable(const command_line_t *line, const char *key)
{
    const char  *p;

    for (p = key; *p >= ' ' && *p < 0x7f; p++) {
        /* void */
    }

    if (*p || p == key || p - key > API_KEY_MAX) {
        command_misuse(line, "--idempotency-key: 1 to 255 printable characters"
                       " are allowed");
    }
}


static int
api_uuid(char *uuid)
{
    FILE  *in;
    char  *line;

    in = fopen("/proc/sys/kernel/random/uuid", "r");
    line = in ? fgets(uuid, API_UUID_SIZE, in) : NULL;

    if (in) {
        (void) fclose(in);
    }

    if (line == NULL || strlen(uuid) != API_UUID_SIZE - 1) {
        say("cannot read /proc/sys/kernel/random/uuid");
        return SAY_REFUSED;
    }

    return SAY_DONE;
}


void
api_argument(char **query, const char *name, const char *value)
{
    char  *text, *escaped;

    escaped = say_memory(curl_easy_escape(NULL, value, (int) strlen(value)));
    text = api_format("%s&%s=%s", *query, name, escaped);

    curl_free(escaped);
    free(*query);

    *query = text;
}


char *
api_format(const char *fmt, ...)
{
    char     *text;
    va_list   args;

    va_start(args, fmt);

    if (vasprintf(&text, fmt, args) == -1) {
        text = NULL;
    }

    va_end(args);

    return say_memory(text);
}
