#include <stdlib.h>
#include <string.h>

#include "command_complete.h"
#include "command_options.h"


/*
 * A function for bash's "complete": which words there are already says which
 * command it is; of that the table has options, and what its arguments are.
 */


static void command_bash_command(FILE *out, const command_t *c);
static void command_bash_args(FILE *out, const command_t *c);


static const char  command_bash_head[] =
"# Completion of seckill for bash: . <(seckill completion bash), or put it in\n"
"# /usr/share/bash-completion/completions/seckill\n"
"\n"
"# words that begin with what is typed, to COMPREPLY\n"
"\n"
"_seckill_words() {\n"
"    local word\n"
"\n"
"    COMPREPLY=()\n"
"    for word in $1; do\n"
"        [[ $word == \"$cur\"* ]] && COMPREPLY+=(\"$word\")\n"
"    done\n"
"}\n"
"\n"
"\n"
"# files, also with blanks in their names\n"
"\n"
"_seckill_files() {\n"
"    compopt -o filenames 2> /dev/null\n"
"    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
"}\n"
"\n"
"\n"
"# the line is cut at \"=\" too, by COMP_WORDBREAKS\n"
"\n"
"_seckill() {\n"
"    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
"    local i word skip='' words=() own=2 options='--help' args=()\n"
"\n"
"    if [[ $cur == = ]]; then\n"
"        cur=\n"
"    elif [[ $prev == = ]]; then\n"
"        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
"    fi\n"
"\n";

static const char  command_bash_words[] =
"    # the words before that are neither options nor their values\n"
"\n"
"    for ((i = 1; i < COMP_CWORD; i++)); do\n"
"        word=${COMP_WORDS[i]}\n"
"        case $word in\n"
"            %s|-h) ;;\n"
"            --*)    skip=1 ;;\n"
"            =)      ;;\n"
"            *)      [[ $skip ]] || words+=(\"$word\")\n"
"                    skip='' ;;\n"
"        esac\n"
"    done\n"
"\n";

static const char  command_bash_tail[] =
"    if [[ $cur == -* ]]; then\n"
"        _seckill_words \"$options\"\n"
"        return\n"
"    fi\n"
"\n"
"    case ${args[${#words[@]} - own]:-} in\n"
"        '') COMPREPLY=() ;;\n"
"        /)  _seckill_files ;;\n"
"        *)  _seckill_words \"${args[${#words[@]} - own]}\" ;;\n"
"    esac\n"
"}\n"
"\n"
"complete -F _seckill seckill\n";


void
command_complete_bash(FILE *out)
{
    char                   *none;
    size_t                  size;
    FILE                   *names;
    const command_t        *c;
    const command_noun_t   *noun;

    names = say_memory(open_memstream(&none, &size));
    command_complete_names(names, 1 << COMMAND_NONE, "|");
    (void) fclose(names);

    (void) fputs(command_bash_head, out);

    (void) fprintf(out, "    case $prev in\n        ");
    command_complete_names(out, 1 << COMMAND_FILE, "|");
    (void) fprintf(out, ")\n            _seckill_files; return ;;\n        ");
    command_complete_names(out, 1 << COMMAND_STATE, "|");
    (void) fprintf(out, ")\n            _seckill_words '" COMMAND_STATES "';"
                   " return ;;\n        ");
    command_complete_names(out, 1 << COMMAND_TIME, "|");
    (void) fprintf(out, ")\n            _seckill_words \"none"
                   " $(date -u +%%Y-%%m-%%dT%%H:%%M:%%SZ)\"; return ;;\n");
    (void) fprintf(out, "        %s|-h) ;;\n", none);
    (void) fprintf(out, "        --*) COMPREPLY=(); return ;;\n    esac\n\n");

    (void) fprintf(out, command_bash_words, none);
    free(none);

    (void) fprintf(out, "    case ${words[*]:0:2} in\n");

    for (c = commands; c->noun; c++) {
        command_bash_command(out, c);
    }

    for (noun = command_nouns; noun->name; noun++) {
        (void) fprintf(out, "        %s) own=1 args=('", noun->name);
        command_complete_verbs(out, noun);
        (void) fprintf(out, "') ;;\n");
    }

    (void) fprintf(out, "        help) own=1 args=('");
    command_complete_nouns(out);
    (void) fprintf(out, "') ;;\n        '') own=0 args=('");
    command_complete_nouns(out);
    (void) fprintf(out, "') ;;\n    esac\n\n");

    (void) fputs(command_bash_tail, out);
}


static void
command_bash_command(FILE *out, const command_t *c)
{
    unsigned  i, n, ids[OPTION_N];

    if (c->verb) {
        (void) fprintf(out, "        '%s %s')\n            options='", c->noun,
                       c->verb);
    } else {
        (void) fprintf(out, "        %s|'%s '*)\n            own=1 options='",
                       c->noun, c->noun);
    }

    n = command_ids(c, ids);

    for (i = 0; i < n; i++) {
        (void) fprintf(out, "%s--%s", i ? " " : "",
                       command_options[ids[i]].name);
    }

    (void) fprintf(out, "' args=(");
    command_bash_args(out, c);
    (void) fprintf(out, ") ;;\n");
}


/* "/" stands for a file; else words that are possible */

static void
command_bash_args(FILE *out, const command_t *c)
{
    char         word[64], *p;
    unsigned     n;
    const char  *arg;

    for (n = 0; /* void */ ; n++) {
        arg = command_complete_arg(c, n, word, sizeof(word));

        if (arg == NULL) {
            return;
        }

        (void) fprintf(out, "%s'", n ? " " : "");

        if (command_complete_is_file(arg)) {
            (void) fputc('/', out);

        } else {
            /* what is in capitals is for people */

            for (p = strtok(word, "[]|."); p; p = strtok(NULL, "[]|.")) {
                if (*p >= 'a') {
                    (void) fprintf(out, "%s ", p);
                }
            }
        }

        (void) fputc('\'', out);
    }
}
