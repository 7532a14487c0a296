#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"


/* the key, and whether the server's address is one */


static const char *api_key_file(const command_line_t *line);
static char *api_key_read(const char *name);
static int api_key_odd(const char *key);


void
api_open(api_t *api, const command_line_t *line)
{
    char        *key;
    const char  *name, *own;

    name = api_key_file(line);
    own = getenv("SECKILL_KEY");

    key = name ? api_key_read(name)
          : (own && *own) ? say_memory(strdup(own)) : NULL;

    if (key && api_key_odd(key)) {
        say("the key has odd characters");
        exit(SAY_MISUSE);
    }

    if (!(strncasecmp(line->url, "http://", 7) == 0 && line->url[7])
        && !(strncasecmp(line->url, "https://", 8) == 0 && line->url[8]))
    {
        command_misuse(line, "\"%s\" is no URL, like http://127.0.0.1:8080/api",
                       line->url);
    }

    api_init(api, line->url, key);
    free(key);

    if (line->url_guessed) {
        api->hint = " (another one: --url, or SECKILL_URL)";
    }
}


/* a key comes before the name of a file, but not if that is on the line */

static const char *
api_key_file(const command_line_t *line)
{
    const char  *name, *own;

    name = command_value(line, "key-file");
    own = getenv("SECKILL_KEY");

    if (name || (own && *own)) {
        return name;
    }

    name = getenv("SECKILL_KEY_FILE");

    return (name && *name) ? name : NULL;
}


/* the first word of the first line that has one and is no comment */

static char *
api_key_read(const char *name)
{
    FILE    *in;
    char    *line, *key;
    size_t   size;

    in = fopen(name, "r");
    line = NULL;
    size = 0;
    key = NULL;

    if (in == NULL) {
        say("cannot read the key file \"%s\": %s", name, strerror(errno));
        exit(SAY_MISUSE);
    }

    while (key == NULL && getline(&line, &size, in) != -1) {
        key = strtok(line, " \t\n");

        if (key && key[0] == '#') {
            key = NULL;
        }
    }

    key = key ? say_memory(strdup(key)) : NULL;

    free(line);
    (void) fclose(in);

    if (key == NULL) {
        say("there is no key in \"%s\"", name);
        exit(SAY_MISUSE);
    }

    return key;
}


static int
api_key_odd(const char *key)
{
    for ( /* void */ ; *key; key++) {
        if (!isascii(*key) || !isgraph((unsigned char) *key)) {
            return 1;
        }
    }

    return 0;
}
