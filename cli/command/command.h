/*
 * The commands, and their options: one table, which the command line is read
 * by, and of which help, completion and the manual page are made.
 */


#ifndef _COMMAND_H_INCLUDED_
#define _COMMAND_H_INCLUDED_


#include <stddef.h>
#include <stdio.h>

#include "say.h"


#define COMMAND_WORDS_MAX    1000   /* of a command that takes many */
#define COMMAND_WIDTH        80     /* of a help's line */


/* what a value is: for completion */

typedef enum {
    COMMAND_NONE = 0,               /* the option takes none */
    COMMAND_VALUE,
    COMMAND_FILE,
    COMMAND_TIME,
    COMMAND_STATE
} command_kind_e;


typedef struct {
    const char          *name;      /* without "--" */
    const char          *value;     /* what help calls it; NULL: none */
    command_kind_e       kind;
    const char          *text;
} command_option_t;


typedef struct command_s  command_t;


/* a command line, read */

typedef struct {
    const command_t     *command;
    const char          *words[COMMAND_WORDS_MAX + 3];  /* then NULL */
    unsigned             n_words;   /* without the command's own */
    const char         **values;    /* by option; "" of one without a value */
    const char          *url;       /* of the API */
    int                  url_guessed;   /* nobody has said it */
    int                  json;
} command_line_t;


/* an option of a command: an index into command_options[], with these */

#define COMMAND_NEEDED  0x100       /* not in brackets; the command checks it */
#define COMMAND_OR      0x200       /* instead of the one before */
#define COMMAND_ID(o)   ((o) & 0xff)

/* which options a command has without naming them */

#define COMMAND_API     1           /* --url, --key-file */
#define COMMAND_WRITE   3           /* COMMAND_API, and --idempotency-key */


struct command_s {
    const char          *noun;
    const char          *verb;      /* NULL: the noun is the command */
    const char          *args;      /* as help has them: "NAME STORE" */
    unsigned             min;       /* how many there may be */
    unsigned             max;
    unsigned             flags;
    const unsigned      *options;   /* the last is 0 */
    int                (*run)(command_line_t *line);
    const char          *text;      /* whole sentences, in paragraphs */
};


typedef struct {
    const char          *name;
    const char          *title;     /* of the list of all */
    const char          *text;      /* behind those of its verbs, or NULL */
} command_noun_t;


extern const command_option_t  command_options[];   /* the last has no name */
extern const command_noun_t    command_nouns[];     /* the same */
extern const command_t         commands[];          /* of a noun one after the
                                                       other; the same */

/* the options of every command, of those with COMMAND_API, ...: ends with 0 */
extern const unsigned          command_options_all[];
extern const unsigned          command_options_api[];
extern const unsigned          command_options_write[];

/* what it exits with, in words */
extern const char              command_exit[];


/* reads a command line and does what it says; what main() returns */
int command_run(int argc, char **argv);

/* the value of an option; NULL if it is not given */
const char *command_value(const command_line_t *line, const char *name);

/* says what is wrong, and which help to read; exits with SAY_MISUSE */
void command_misuse(const command_line_t *line, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* a value that has to be a number of digits alone; else misuse */
unsigned long long command_number(const command_line_t *line,
    const char *value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* all options of a command, its own first, to "ids": how many */
unsigned command_ids(const command_t *command, unsigned *ids);

/* the help of a noun, of one of its commands, or of all (NULL) */
void command_help(FILE *out, const command_noun_t *noun,
    const command_t *command);

/* a text, behind so many blanks from its second line on; "column" is where its
   first begins */
void command_wrap(FILE *out, const char *text, unsigned column,
    unsigned indent);

/* an option of a command as a usage line has it, with what may stand for it:
   "[--stock N | --add-stock N]" */
void command_usage(char *text, size_t size, const unsigned *id);

/* "completion SHELL" and "manual" */
int command_complete(command_line_t *line);
int command_manual(command_line_t *line);


#endif /* _COMMAND_H_INCLUDED_ */
