#include <string.h>

#include "command_complete.h"
#include "command_options.h"


/* a function for zsh's compsys: of each command what _arguments takes */


static void command_zsh_command(FILE *out, const command_t *c);
static void command_zsh_option(FILE *out, const command_option_t *o);
static void command_zsh_args(FILE *out, const command_t *c);
static void command_zsh_noun(FILE *out, const command_noun_t *noun);
static void command_zsh_text(FILE *out, const char *text);


static const char  command_zsh_head[] =
"#compdef seckill\n"
"#\n"
"# Completion of seckill for zsh: . <(seckill completion zsh), or put it in a\n"
"# directory of fpath as _seckill\n"
"\n"
"_seckill() {\n"
"    local word skip\n"
"    local -a own list\n"
"\n"
"    # the words before that are neither options nor their values\n"
"\n"
"    for word in ${words[2,CURRENT-1]}; do\n"
"        if [[ -n $skip ]]; then\n"
"            skip=\n"
"            continue\n"
"        fi\n"
"        case $word in\n"
"            ";

static const char  command_zsh_words[] =
") skip=1 ;;\n"
"            -*) ;;\n"
"            *) own+=($word) ;;\n"
"        esac\n"
"    done\n"
"\n"
"    case \"${own[1]} ${own[2]}\" in\n";

static const char  command_zsh_tail[] =
"    esac\n"
"}\n"
"\n"
"if [[ ${funcstack[1]} == _seckill ]]; then\n"
"    _seckill \"$@\"\n"
"else\n"
"    compdef _seckill seckill\n"
"fi\n";


void
command_complete_zsh(FILE *out)
{
    const command_t       *c;
    const command_noun_t  *noun;

    (void) fputs(command_zsh_head, out);
    command_complete_names(out, COMMAND_KINDS_VALUE, "|");
    (void) fputs(command_zsh_words, out);

    for (c = commands; c->noun; c++) {
        command_zsh_command(out, c);
    }

    for (noun = command_nouns; noun->name; noun++) {
        command_zsh_noun(out, noun);
    }

    (void) fprintf(out, "        *)\n            list=(");

    for (noun = command_nouns; noun->name; noun++) {
        (void) fprintf(out, "\n                '%s:", noun->name);
        command_zsh_text(out, noun->title);
        (void) fputc('\'', out);
    }

    (void) fprintf(out, ")\n            _describe command list ;;\n");
    (void) fputs(command_zsh_tail, out);
}


static void
command_zsh_command(FILE *out, const command_t *c)
{
    unsigned  i, n, ids[OPTION_N];

    (void) fprintf(out, "        '%s %s'%s)\n            _arguments", c->noun,
                   c->verb ? c->verb : "", c->verb ? "" : "*");

    n = command_ids(c, ids);

    for (i = 0; i < n; i++) {
        command_zsh_option(out, &command_options[ids[i]]);
    }

    command_zsh_args(out, c);
    (void) fprintf(out, " ;;\n");
}


static void
command_zsh_option(FILE *out, const command_option_t *o)
{
    (void) fprintf(out, " \\\n                '--%s%s[", o->name,
                   o->value ? "=" : "");
    command_zsh_text(out, o->text);
    (void) fputc(']', out);

    if (o->value) {
        (void) fputc(':', out);
        command_zsh_text(out, o->value);
        (void) fputs((o->kind == COMMAND_FILE) ? ":_files"
                     : (o->kind == COMMAND_STATE) ? ":(" COMMAND_STATES ")"
                     : ":", out);
    }

    (void) fputc('\'', out);
}


/* the command's own words are arguments, too */

static void
command_zsh_args(FILE *out, const command_t *c)
{
    char         word[64];
    unsigned     n, own;
    const char  *arg;

    own = c->verb ? 2 : 1;

    for (n = 0; n < own; n++) {
        (void) fprintf(out, " \\\n                '%u: :'", n + 1);
    }

    for (n = 0; /* void */ ; n++) {
        arg = command_complete_arg(c, n, word, sizeof(word));

        if (arg == NULL) {
            return;
        }

        if (strcmp(arg, "bash|zsh") == 0) {
            (void) fprintf(out, " \\\n                '%u:shell:(bash zsh)'",
                           own + n + 1);
            continue;
        }

        (void) fprintf(out, " \\\n                '%u:", own + n + 1);
        command_zsh_text(out, arg);
        (void) fprintf(out, ":%s'",
                       command_complete_is_file(arg) ? "_files" : "");
    }
}


static void
command_zsh_noun(FILE *out, const command_noun_t *noun)
{
    int               any;
    const command_t  *c;

    for (any = 0, c = commands; c->noun; c++) {
        any |= (c->verb && strcmp(c->noun, noun->name) == 0);
    }

    if (any) {
        (void) fprintf(out, "        '%s '*)\n            list=(", noun->name);
        command_complete_verbs(out, noun);
        (void) fprintf(out, ")\n            _describe verb list ;;\n");
    }
}


/* within quotes, and within a specification of _arguments */

static void
command_zsh_text(FILE *out, const char *text)
{
    for ( /* void */ ; *text; text++) {

        if (*text == '\'') {
            (void) fputs("'\\''", out);
            continue;
        }

        if (strchr(":[]\\", *text)) {
            (void) fputc('\\', out);
        }

        (void) fputc(*text, out);
    }
}
