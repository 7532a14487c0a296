#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "push.h"


static int push_event_wanted(const push_t *p, const char *type);
static void push_event_id(const push_t *p, json_t *event,
    char id[PUSH_ID_SIZE]);
static int push_event_send(push_t *p, const char *id, const char *body);
static int push_event_gone(push_t *p);
static void push_event_sleep(push_t *p, unsigned tries, long after_s);


int
push_event(push_t *p, json_t *event)
{
    int          rc;
    char         id[PUSH_ID_SIZE], *body;
    json_t      *json, *seq;
    const char  *type, *at;

    seq = json_object_get(event, "seq");
    at = json_string_value(json_object_get(event, "at"));
    type = json_string_value(json_object_get(event, "type"));

    if (!json_is_integer(seq) || json_integer_value(seq) != p->state.after + 1
        || at == NULL || type == NULL)
    {
        return say_refused("%s: no event follows event %" JSON_INTEGER_FORMAT,
                           p->api.base, p->state.after);
    }

    rc = SAY_DONE;

    if (push_event_wanted(p, type)) {
        push_event_id(p, event, id);

        json = say_memory(json_pack("{s:s, s:s, s:O}", "type", type,
                                    "timestamp", at, "data", event));
        body = say_memory(json_dumps(json, JSON_COMPACT));
        json_decref(json);

        rc = push_event_send(p, id, body);

        free(body);
    }

    if (rc != SAY_DONE) {
        return rc;
    }

    push_state_move(&p->state, json_integer_value(seq), at);

    if (!push_event_wanted(p, type)) {
        return SAY_DONE;
    }

    p->sent++;

    return push_state_save(&p->state);
}


static int
push_event_wanted(const push_t *p, const char *type)
{
    size_t       len;
    const char  *t;

    if (p->types == NULL) {
        return 1;
    }

    for (t = p->types; *t; t += len + (t[len] == ',')) {
        len = strcspn(t, ",");

        if (len == strlen(type) && strncmp(t, type, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * The same for an event whenever it is sent, and of no other: a store that was
 * restored has other events of the same numbers, but not of the same times.
 */

static void
push_event_id(const push_t *p, json_t *event,
    char id[PUSH_ID_SIZE])
{
    char        *digit;
    const char  *at;

    (void) snprintf(id, PUSH_ID_SIZE, "evt_%s_%" JSON_INTEGER_FORMAT "_",
                    p->state.store,
                    json_integer_value(json_object_get(event, "seq")));

    digit = id + strlen(id);

    for (at = json_string_value(json_object_get(event, "at"));
         *at && digit < id + PUSH_ID_SIZE - 1;
         at++)
    {
        if (*at >= '0' && *at <= '9') {
            *digit++ = *at;
        }
    }

    *digit = '\0';
}


/* nothing comes before what is not taken yet */

static int
push_event_send(push_t *p, const char *id, const char *body)
{
    char           why[PUSH_WHY_SIZE];
    long           after_s;
    unsigned       tries;
    push_result_e  result;

    for (tries = 1; /* void */ ; tries++) {
        result = push_target_send(&p->target, id, body, why, &after_s);

        if (result != PUSH_AGAIN) {
            break;
        }

        say("%s: %s; trying again", id, why);
        push_event_sleep(p, tries, after_s);
    }

    if (result == PUSH_GONE) {
        return push_event_gone(p);
    }

    if (tries > 1) {
        say("%s: taken, try %u", id, tries);
    }

    return SAY_DONE;
}


static int
push_event_gone(push_t *p)
{
    int        rc;
    char       at[32];
    time_t     now;
    struct tm  tm;

    now = time(NULL);
    (void) strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));

    push_state_gone(&p->state, p->target.url, at);

    rc = push_state_save(&p->state);

    return (rc == SAY_DONE)
           ? say_refused("%s wants no more events (410); to go on all the same:"
                         " --resume", p->target.url)
           : rc;
}


/* twice as long each time, half of it by chance: many senders do not come at
   once when a receiver is back */

static void
push_event_sleep(push_t *p, unsigned tries, long after_s)
{
    double           s;
    struct timespec  t;

    s = (tries > 12) ? p->retry_max_s : (double) (1 << (tries - 1));
    s = (s > p->retry_max_s) ? p->retry_max_s : s;
    s = s / 2 + s / 2 * (double) randombytes_uniform(1000) / 1000;
    s = (s < (double) after_s) ? (double) after_s : s;

    t.tv_sec = (time_t) s;
    t.tv_nsec = (long) ((s - (double) t.tv_sec) * 1e9);

    (void) nanosleep(&t, NULL);
}
