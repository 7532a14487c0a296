#include <string.h>

#include "command.h"
#include "command_options.h"


/* help, of the table: of all, of a noun, or of one of its commands */


#define COMMAND_HELP_OPTION  18         /* columns for an option's name */
#define COMMAND_HELP_NOUN    41


static void command_help_all(FILE *out);
static void command_help_verbs(const command_noun_t *noun, char *text,
    size_t size);
static void command_help_usage(FILE *out, const command_t *c, int first);
static void command_help_options(FILE *out, const unsigned *ids, unsigned n);
static unsigned command_help_own(const command_t *c, unsigned *ids, unsigned n);
static void command_help_text(FILE *out, const char *text);
static size_t command_help_line(const char *text, size_t room);


void
command_help(FILE *out, const command_noun_t *noun, const command_t *command)
{
    int               first;
    unsigned          n, ids[OPTION_N];
    const command_t  *c;

    if (noun == NULL) {
        command_help_all(out);
        return;
    }

    n = 0;
    first = 1;

    for (c = commands; c->noun; c++) {
        if (strcmp(c->noun, noun->name) == 0
            && (command == NULL || c == command))
        {
            command_help_usage(out, c, first);
            n = command_help_own(c, ids, n);
            first = 0;
        }
    }

    if (n) {
        (void) fputc('\n', out);
        command_help_options(out, ids, n);
    }

    command_help_text(out, noun->text);

    for (c = commands; c->noun; c++) {
        if (strcmp(c->noun, noun->name) == 0
            && (command == NULL || c == command))
        {
            command_help_text(out, c->text);
        }
    }

    command_help_text(out, "The options of every command: seckill --help");
}


static void
command_help_all(FILE *out)
{
    char                   text[128];
    unsigned               n, ids[OPTION_N];
    const command_noun_t  *noun;

    (void) fprintf(out, "usage: seckill COMMAND [OPTIONS]\n\n");

    for (noun = command_nouns; noun->name; noun++) {
        command_help_verbs(noun, text, sizeof(text));

        if (strlen(text) >= COMMAND_HELP_NOUN - 2) {
            (void) fprintf(out, "  %s\n%*s%s\n", text, COMMAND_HELP_NOUN, "",
                           noun->title);
        } else {
            (void) fprintf(out, "  %-*s%s\n", COMMAND_HELP_NOUN - 2, text,
                           noun->title);
        }
    }

    ids[0] = OPTION_URL;
    ids[1] = OPTION_KEY_FILE;
    ids[2] = OPTION_JSON;
    ids[3] = OPTION_IDEMPOTENCY_KEY;
    ids[4] = OPTION_HELP;
    n = 5;

    (void) fputc('\n', out);
    command_help_options(out, ids, n);
    command_help_text(out, command_exit);
}


/* "product add|list|show", or what the command itself takes */

static void
command_help_verbs(const command_noun_t *noun, char *text, size_t size)
{
    size_t            len;
    const char       *separator;
    const command_t  *c;

    len = (size_t) snprintf(text, size, "%s", noun->name);
    separator = " ";

    for (c = commands; c->noun; c++) {
        if (strcmp(c->noun, noun->name) == 0 && (c->verb || c->args)
            && len < size)
        {
            len += (size_t) snprintf(text + len, size - len, "%s%s", separator,
                                     c->verb ? c->verb : c->args);
            separator = "|";
        }
    }
}


static void
command_help_usage(FILE *out, const command_t *c, int first)
{
    int              begin;
    char             text[80];
    size_t           column, len;
    const unsigned  *id;

    begin = fprintf(out, "%s seckill %s%s%s", first ? "usage:" : "      ",
                    c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
    column = (size_t) begin;

    if (c->args) {
        column += (size_t) fprintf(out, " %s", c->args);
    }

    for (id = c->options; id && *id; id++) {
        command_usage(text, sizeof(text), id);
        len = strlen(text);

        if (column + 1 + len >= COMMAND_WIDTH) {
            (void) fprintf(out, "\n%*s", begin, "");
            column = (size_t) begin;
        }

        column += (size_t) fprintf(out, " %s", text);

        /* alternatives stay together */

        while (id[1] & COMMAND_OR) {
            id++;
        }
    }

    (void) fputc('\n', out);
}


void
command_usage(char *text, size_t size, const unsigned *id)
{
    int                      needed;
    size_t                   len;
    const command_option_t  *o;

    needed = (*id & COMMAND_NEEDED) != 0;
    len = (size_t) snprintf(text, size, "%s", needed ? "" : "[");

    do {
        o = &command_options[COMMAND_ID(*id)];
        len += (size_t) snprintf(text + len, size - len, "%s--%s%s%s",
                                 (*id & COMMAND_OR) ? " | " : "", o->name,
                                 o->value ? " " : "", o->value ? o->value : "");
    } while ((*++id & COMMAND_OR) && len < size);

    if (!needed && len < size) {
        (void) snprintf(text + len, size - len, "]");
    }
}


static void
command_help_options(FILE *out, const unsigned *ids, unsigned n)
{
    char                     text[64];
    size_t                   len, width;
    unsigned                 i;
    const command_option_t  *o;

    for (width = 0, i = 0; i < n; i++) {
        o = &command_options[ids[i]];
        len = strlen(o->name) + (o->value ? strlen(o->value) + 1 : 0) + 4;

        if (len > width && len <= COMMAND_HELP_OPTION) {
            width = len;
        }
    }

    width += 2;

    for (i = 0; i < n; i++) {
        o = &command_options[ids[i]];
        len = (size_t) snprintf(text, sizeof(text), "  --%s%s%s", o->name,
                                o->value ? " " : "", o->value ? o->value : "");

        if (len + 2 > width) {
            (void) fprintf(out, "%s\n%*s", text, (int) width, "");

        } else {
            (void) fprintf(out, "%-*s", (int) width, text);
        }

        command_wrap(out, o->text, (unsigned) width, (unsigned) width);
    }
}


/* those of a command behind those that are there already */

static unsigned
command_help_own(const command_t *c, unsigned *ids, unsigned n)
{
    unsigned         i;
    const unsigned  *id;

    for (id = c->options; id && *id; id++) {

        for (i = 0; i < n && ids[i] != COMMAND_ID(*id); i++) {
            /* void */
        }

        if (i == n) {
            ids[n++] = COMMAND_ID(*id);
        }
    }

    return n;
}


static void
command_help_text(FILE *out, const char *text)
{
    size_t       len;
    char         paragraph[2048];

    while (text && *text) {
        len = strcspn(text, "\n");

        (void) snprintf(paragraph, sizeof(paragraph), "%.*s", (int) len, text);
        (void) fputc('\n', out);
        command_wrap(out, paragraph, 0, 0);

        text += len + (text[len] == '\n');
    }
}


void
command_wrap(FILE *out, const char *text, unsigned column, unsigned indent)
{
    size_t  len;

    while (*text) {
        len = command_help_line(text, COMMAND_WIDTH - column);

        (void) fprintf(out, "%.*s\n", (int) len, text);

        text += len;
        text += strspn(text, " ");
        column = indent;

        if (*text) {
            (void) fprintf(out, "%*s", (int) indent, "");
        }
    }
}


/* what of a text goes into a line: whole words, one at least */

static size_t
command_help_line(const char *text, size_t room)
{
    size_t  len, end;

    for (len = 0, end = 0; text[end]; /* void */ ) {
        end += strspn(text + end, " ");
        end += strcspn(text + end, " ");

        if (end > room && len) {
            break;
        }

        len = end;
    }

    return len;
}
