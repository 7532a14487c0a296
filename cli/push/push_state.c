#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "push.h"
#include "quit.h"
#include "say.h"


static int push_state_lock(push_state_t *s);
static int push_state_read(push_state_t *s);
static int push_state_understand(push_state_t *s, json_t *json);
static int push_state_write(push_state_t *s, const char *name,
    const char *text);
static int push_state_failed(const char *name);


int
push_state_open(push_state_t *s, const char *path)
{
    int    rc;
    char  *copy;

    memset(s, 0, sizeof(push_state_t));

    s->path = path;
    s->lock = -1;

    copy = say_memory(strdup(path));
    s->dir = open(dirname(copy), O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    free(copy);

    if (s->dir == -1) {
        return push_state_failed(path);
    }

    rc = push_state_lock(s);

    return (rc == SAY_DONE) ? push_state_read(s) : rc;
}


/* the file itself is another one after each write: what is locked stays */

static int
push_state_lock(push_state_t *s)
{
    int    rc;
    char  *name;

    name = api_format("%s.lock", s->path);
    rc = SAY_DONE;

    s->lock = open(name, O_RDWR|O_CREAT|O_CLOEXEC, 0600);

    if (s->lock == -1) {
        rc = push_state_failed(name);

    } else if (flock(s->lock, LOCK_EX|LOCK_NB) == -1) {
        rc = (errno == EWOULDBLOCK)
             ? say_refused("another process uses \"%s\"", s->path)
             : push_state_failed(name);
    }

    free(name);

    return rc;
}


static int
push_state_read(push_state_t *s)
{
    int            rc;
    FILE          *in;
    json_t        *json;
    json_error_t   error;

    in = fopen(s->path, "r");

    if (in == NULL) {
        return (errno == ENOENT) ? SAY_DONE : push_state_failed(s->path);
    }

    json = json_loadf(in, JSON_REJECT_DUPLICATES, &error);

    (void) fclose(in);

    rc = push_state_understand(s, json);

    json_decref(json);

    s->known = 1;

    return rc;
}


/* what is damaged is never taken for what is not there */

static int
push_state_understand(push_state_t *s, json_t *json)
{
    int          rc;
    json_t      *after, *gone;
    const char  *store, *at;

    store = json_string_value(json_object_get(json, "store"));
    after = json_object_get(json, "after");
    at = json_string_value(json_object_get(json, "at"));
    gone = json_object_get(json, "gone");

    rc = (store && (strlen(store) == PUSH_STORE_SIZE - 1 || store[0] == '\0')
          && json_is_integer(after) && json_integer_value(after) >= 0
          && (gone == NULL
              || (json_is_string(json_object_get(gone, "url"))
                  && json_is_string(json_object_get(gone, "at")))))
         ? SAY_DONE
         : say_refused("\"%s\" is no state of \"events push\"", s->path);

    if (rc != SAY_DONE) {
        return rc;
    }

    (void) strcpy(s->store, store);
    push_state_move(s, json_integer_value(after), at);

    if (gone) {
        push_state_gone(s, json_string_value(json_object_get(gone, "url")),
                        json_string_value(json_object_get(gone, "at")));
    }

    return SAY_DONE;
}


void
push_state_close(push_state_t *s)
{
    if (s->lock != -1) {
        (void) close(s->lock);
    }

    if (s->dir != -1) {
        (void) close(s->dir);
    }

    free(s->at);
    free(s->gone_url);
    free(s->gone_at);
}


void
push_state_move(push_state_t *s, json_int_t after, const char *at)
{
    free(s->at);

    s->after = after;
    s->at = at ? say_memory(strdup(at)) : NULL;
}


void
push_state_gone(push_state_t *s, const char *url, const char *at)
{
    free(s->gone_url);
    free(s->gone_at);

    s->gone_url = url ? say_memory(strdup(url)) : NULL;
    s->gone_at = at ? say_memory(strdup(at)) : NULL;
}


/* whoever ends when: it is the old one or the new one, whole */

int
push_state_save(push_state_t *s)
{
    int      rc;
    char    *text, *name;
    json_t  *json;

    json = say_memory(json_pack("{s:s, s:I, s:s?}", "store", s->store,
                                "after", s->after, "at", s->at));

    if (s->gone_url) {
        (void) json_object_set_new(json, "gone",
                   say_memory(json_pack("{s:s, s:s}", "url", s->gone_url,
                                        "at", s->gone_at)));
    }

    text = say_memory(json_dumps(json, JSON_COMPACT));
    json_decref(json);

    name = api_format("%s.new", s->path);

    quit_remove(name);
    rc = push_state_write(s, name, text);
    quit_remove(NULL);

    free(text);
    free(name);

    return rc;
}


static int
push_state_write(push_state_t *s, const char *name, const char *text)
{
    int     fd, rc;
    size_t  len;

    fd = open(name, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);

    if (fd == -1) {
        return push_state_failed(name);
    }

    len = strlen(text);

    /* a short write says nothing of why: the disk is full */

    errno = ENOSPC;
    rc = (write(fd, text, len) == (ssize_t) len && fsync(fd) == 0)
         ? SAY_DONE : push_state_failed(name);

    if (close(fd) == -1 && rc == SAY_DONE) {
        rc = push_state_failed(name);
    }

    if (rc == SAY_DONE
        && (rename(name, s->path) == -1 || fsync(s->dir) == -1))
    {
        rc = push_state_failed(s->path);
    }

    return rc;
}


/* it may be better later: nothing was lost */

static int
push_state_failed(const char *name)
{
    say("\"%s\": %s", name, strerror(errno));

    return SAY_AWAY;
}
