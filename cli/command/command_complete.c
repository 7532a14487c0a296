#include <string.h>

#include "command.h"
#include "command_complete.h"
#include "command_options.h"


int
command_complete(command_line_t *line)
{
    if (strcmp(line->words[0], "bash") == 0) {
        command_complete_bash(stdout);

    } else if (strcmp(line->words[0], "zsh") == 0) {
        command_complete_zsh(stdout);

    } else {
        command_misuse(line, "completion is for bash and zsh, not for \"%s\"",
                       line->words[0]);
    }

    return SAY_DONE;
}


/* of options with one name, the first */

int
command_complete_first(unsigned id)
{
    unsigned  i;

    for (i = 1; i < id; i++) {
        if (strcmp(command_options[i].name, command_options[id].name) == 0) {
            return 0;
        }
    }

    return 1;
}


void
command_complete_names(FILE *out, int kinds, const char *separator)
{
    unsigned     i;
    const char  *before;

    before = "";

    for (i = 1; i < OPTION_N; i++) {
        if (command_complete_first(i) && (kinds >> command_options[i].kind & 1))
        {
            (void) fprintf(out, "%s--%s", before, command_options[i].name);
            before = separator;
        }
    }
}


void
command_complete_nouns(FILE *out)
{
    const command_noun_t  *noun;

    for (noun = command_nouns; noun->name; noun++) {
        (void) fprintf(out, "%s ", noun->name);
    }

    (void) fputs("help", out);
}


void
command_complete_verbs(FILE *out, const command_noun_t *noun)
{
    const char       *before;
    const command_t  *c;

    before = "";

    for (c = commands; c->noun; c++) {
        if (c->verb && strcmp(c->noun, noun->name) == 0) {
            (void) fprintf(out, "%s%s", before, c->verb);
            before = " ";
        }
    }
}


const char *
command_complete_arg(const command_t *c, unsigned n, char *word, size_t size)
{
    size_t       len;
    const char  *p;

    for (p = c->args; p && *p; p += len + strspn(p + len, " ")) {
        len = strcspn(p, " ");

        if (n-- == 0) {
            (void) snprintf(word, size, "%.*s", (int) len, p);
            return word;
        }
    }

    return NULL;
}


int
command_complete_is_file(const char *arg)
{
    return strcmp(arg, "STORE") == 0 || strcmp(arg, "FILE") == 0;
}
