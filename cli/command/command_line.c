#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "command_options.h"


/*
 * The command line, read by argp; what it says of a wrong one is the command's,
 * which knows the table.
 */


#define COMMAND_KEY   0x100             /* of an option: its number behind it */
#define COMMAND_HELP  'h'               /* also the short one */


static void command_argp(struct argp_option *options);
static error_t command_argument(int key, char *arg, struct argp_state *state);
static void command_wrong(const command_line_t *line, const char *arg)
    __attribute__((noreturn));
static unsigned command_option(const char *name);
static int command_find(command_line_t *line);
static const command_noun_t *command_noun(const char *name);
static int command_helped(command_line_t *line);
static void command_check(command_line_t *line);


int
command_run(int argc, char **argv)
{
    const char            *values[OPTION_N + 1];
    struct argp            argp;
    struct argp_option     options[OPTION_N];
    static command_line_t  line;

    memset(&argp, 0, sizeof(argp));
    memset(values, 0, sizeof(values));

    line.values = values;
    argp.options = options;
    argp.parser = command_argument;

    command_argp(options);

    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER|ARGP_NO_HELP|ARGP_NO_ERRS,
                   NULL, &line)
        != 0)
    {
        command_misuse(&line, "the options cannot be read");
    }

    if (line.n_words == 0 && command_value(&line, "help") == NULL) {
        command_help(stderr, NULL, NULL);
        return SAY_MISUSE;
    }

    if (command_helped(&line)) {
        return SAY_DONE;
    }

    if (command_find(&line) != SAY_DONE) {
        return SAY_MISUSE;
    }

    command_check(&line);

    return line.command->run(&line);
}


/* of options with one name, the first */

static void
command_argp(struct argp_option *options)
{
    unsigned  i;

    memset(options, 0, OPTION_N * sizeof(struct argp_option));

    for (i = 1; i < OPTION_N; i++) {

        if (command_option(command_options[i].name) != i) {
            continue;
        }

        options->name = command_options[i].name;
        options->arg = command_options[i].value;
        options->key = (i == OPTION_HELP) ? COMMAND_HELP
                                          : COMMAND_KEY + (int) i;
        options++;
    }
}


static error_t
command_argument(int key, char *arg, struct argp_state *state)
{
    unsigned         i;
    command_line_t  *line = state->input;

    switch (key) {

    case ARGP_KEY_ARG:

        if (line->n_words == COMMAND_WORDS_MAX + 2) {
            command_misuse(line, "too many arguments");
        }

        line->words[line->n_words++] = arg;
        return 0;

    case ARGP_KEY_ERROR:
        command_wrong(line, state->argv[state->next - 1]);

    case COMMAND_HELP:
        line->values[OPTION_HELP] = "";
        return 0;

    default:
        i = (unsigned) (key - COMMAND_KEY);

        if (key <= COMMAND_KEY || i >= OPTION_N) {
            return ARGP_ERR_UNKNOWN;
        }

        line->values[i] = arg ? arg : "";
        return 0;
    }
}


/* argp says only that the options up to here are wrong */

static void
command_wrong(const command_line_t *line, const char *arg)
{
    int       len;
    char      name[64];
    unsigned  i;

    len = (int) strcspn(arg, "=");
    (void) snprintf(name, sizeof(name), "%.*s", len, arg);

    i = (strncmp(name, "--", 2) == 0) ? command_option(name + 2) : OPTION_N;

    if (i == OPTION_N) {
        command_misuse(line, "there is no option %.*s", len, arg);
    }

    if (command_options[i].value) {
        command_misuse(line, "%s wants a value", name);
    }

    command_misuse(line, "%s takes no value", name);
}


static unsigned
command_option(const char *name)
{
    unsigned  i;

    for (i = 1; i < OPTION_N; i++) {
        if (strcmp(command_options[i].name, name) == 0) {
            break;
        }
    }

    return i;
}


/* the words of the command's own are taken off the line */

static int
command_find(command_line_t *line)
{
    unsigned          own;
    const char       *noun, *verb;
    const command_t  *c;

    noun = line->words[0];
    verb = line->words[1];

    for (c = commands; c->noun; c++) {

        if (strcmp(c->noun, noun) == 0
            && (c->verb == NULL || (verb && strcmp(c->verb, verb) == 0)))
        {
            own = c->verb ? 2 : 1;
            line->command = c;
            line->n_words -= own;
            memmove(line->words, line->words + own,
                    (line->n_words + 1) * sizeof(line->words[0]));
            return SAY_DONE;
        }
    }

    if (command_noun(noun) == NULL) {
        command_misuse(NULL, "there is no command \"%s\"", noun);
    }

    if (verb == NULL) {
        command_misuse(line, "%s what?", noun);
    }

    command_misuse(line, "there is no \"%s %s\"", noun, verb);
}


static const command_noun_t *
command_noun(const char *name)
{
    const command_noun_t  *noun;

    for (noun = command_nouns; noun->name; noun++) {
        if (name && strcmp(noun->name, name) == 0) {
            return noun;
        }
    }

    return NULL;
}


static int
command_helped(command_line_t *line)
{
    const char           **words;
    const command_t       *c;
    const command_noun_t  *noun;

    words = line->words;

    if (words[0] && strcmp(words[0], "help") == 0) {
        words++;

    } else if (command_value(line, "help") == NULL) {
        return 0;
    }

    noun = command_noun(words[0]);

    for (c = commands; noun && words[1] && c->noun; c++) {
        if (strcmp(c->noun, words[0]) == 0 && c->verb
            && strcmp(c->verb, words[1]) == 0)
        {
            break;
        }
    }

    command_help(stdout, noun, (noun && words[1] && c->noun) ? c : NULL);

    return 1;
}


/* the options of every command, and where the API is, do no harm anywhere */

static void
command_check(command_line_t *line)
{
    unsigned          i, n, ids[OPTION_N], given;
    const char       *name;
    const command_t  *c;

    c = line->command;
    n = command_ids(c, ids);

    for (given = 1; given < OPTION_N; given++) {
        name = command_options[given].name;

        for (i = 0; i < n; i++) {
            if (strcmp(command_options[ids[i]].name, name) == 0) {
                break;
            }
        }

        if (line->values[given] && i == n && given != OPTION_URL
            && given != OPTION_KEY_FILE)
        {
            command_misuse(line, "--%s is not for \"%s%s%s\"", name, c->noun,
                           c->verb ? " " : "", c->verb ? c->verb : "");
        }
    }

    if (line->n_words < c->min || line->n_words > c->max) {
        command_misuse(line, "\"%s%s%s\": %s", c->noun, c->verb ? " " : "",
                       c->verb ? c->verb : "", (line->n_words < c->min)
                                               ? "an argument is missing"
                                               : "too many arguments");
    }

    line->json = (line->values[OPTION_JSON] != NULL);
    line->url = line->values[OPTION_URL] ? line->values[OPTION_URL]
                                         : getenv("SECKILL_URL");

    if (line->url == NULL || line->url[0] == '\0') {
        line->url = "http://127.0.0.1:8080/api";
        line->url_guessed = 1;
    }
}


unsigned
command_ids(const command_t *command, unsigned *ids)
{
    unsigned         n, i;
    const unsigned  *lists[4], *id;

    lists[0] = command->options;
    lists[1] = (command->flags & COMMAND_WRITE) == COMMAND_WRITE
               ? command_options_write : NULL;
    lists[2] = (command->flags & COMMAND_API) ? command_options_api : NULL;
    lists[3] = command_options_all;

    for (n = 0, i = 0; i < 4; i++) {
        for (id = lists[i]; id && *id; id++) {
            ids[n++] = COMMAND_ID(*id);
        }
    }

    return n;
}


const char *
command_value(const command_line_t *line, const char *name)
{
    return line->values[command_option(name)];
}


unsigned long long
command_number(const command_line_t *line, const char *value, const char *fmt,
    ...)
{
    char     text[256];
    size_t   len;
    va_list  args;

    len = strspn(value, "0123456789");

    if (len == 0 || len > 18 || value[len]) {
        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);

        command_misuse(line, "%s", text);
    }

    return strtoull(value, NULL, 10);
}


void
command_misuse(const command_line_t *line, const char *fmt, ...)
{
    va_list                args;
    const char            *name;
    const command_noun_t  *noun;

    va_start(args, fmt);
    say_list(fmt, args);
    va_end(args);

    name = (line == NULL) ? NULL
           : line->command ? line->command->noun : line->words[0];
    noun = command_noun(name);

    (void) fprintf(stderr, "see: seckill %s%s--help\n", noun ? noun->name : "",
                   noun ? " " : "");
    exit(SAY_MISUSE);
}
