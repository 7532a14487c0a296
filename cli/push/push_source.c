#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "push.h"


int
push_source_place(push_t *p, const char *first)
{
    int          rc;
    char        *path;
    json_t      *event;
    json_int_t   after;

    if (first) {
        after = strtoll(first, NULL, 10);

    } else {
        rc = push_source_ask(p, "/health");

        if (rc != SAY_DONE) {
            return rc;
        }

        after = json_integer_value(json_object_get(api_data(&p->api),
                                                   "ledger_seq"));
    }

    push_state_move(&p->state, after, NULL);

    if (after == 0) {
        return SAY_DONE;
    }

    /* with its time, by which it is known again */

    path = api_format("/events?after=%" JSON_INTEGER_FORMAT "&limit=1",
                      after - 1);
    rc = push_source_ask(p, path);
    free(path);

    if (rc != SAY_DONE) {
        return rc;
    }

    event = json_array_get(api_data(&p->api), 0);

    if (event == NULL) {
        return say_refused("there is no event %" JSON_INTEGER_FORMAT, after);
    }

    push_state_move(&p->state, after,
                    json_string_value(json_object_get(event, "at")));

    return SAY_DONE;
}


/*
 * What tells a store from others is its first event, which it keeps.  It is
 * asked for each time that a page is to be sent for the first time.
 */

int
push_source_store(push_t *p)
{
    int            rc;
    char           store[PUSH_STORE_SIZE], *text;
    json_t        *event;
    const char    *at, *type;
    unsigned char  hash[crypto_hash_sha256_BYTES];

    rc = push_source_ask(p, "/events?after=0&limit=1");

    if (rc != SAY_DONE) {
        return rc;
    }

    event = json_array_get(api_data(&p->api), 0);
    at = json_string_value(json_object_get(event, "at"));
    type = json_string_value(json_object_get(event, "type"));

    if (at == NULL || type == NULL) {
        return say_refused("%s has no first event", p->api.base);
    }

    text = api_format("%s %s", at, type);
    (void) crypto_hash_sha256(hash, (unsigned char *) text, strlen(text));
    free(text);

    (void) sodium_bin2hex(store, sizeof(store), hash, sizeof(store) / 2);

    if (p->state.store[0] && strcmp(p->state.store, store) != 0) {
        return say_refused("%s has another store than that of \"%s\"",
                           p->api.base, p->state.path);
    }

    if (p->state.store[0]) {
        return SAY_DONE;
    }

    (void) strcpy(p->state.store, store);

    return push_state_save(&p->state);
}


/* asks until it answers: that it is away is said once, and that it is back */

int
push_source_ask(push_t *p, const char *path)
{
    int  rc;

    while ((rc = api_ask(&p->api, "GET", path)) == SAY_AWAY) {

        if (!p->away) {
            say("%s; waiting for it", p->api.message);
        }

        p->away = 1;
        (void) sleep(PUSH_AWAY_S);
    }

    if (rc != SAY_DONE) {
        say("%s", p->api.message);
        return rc;
    }

    if (p->away) {
        say("%s answers again", p->api.base);
    }

    p->away = 0;

    return SAY_DONE;
}
