/* Completion of the command, of its table: for bash and zsh. */


#ifndef _COMMAND_COMPLETE_H_INCLUDED_
#define _COMMAND_COMPLETE_H_INCLUDED_


#include "command.h"


#define COMMAND_STATES  "sold held paid expired cancelled"

/* sets of kinds of values, for command_complete_names() */

#define COMMAND_KINDS_VALUE                                                    \
    (1 << COMMAND_VALUE | 1 << COMMAND_FILE | 1 << COMMAND_TIME                \
     | 1 << COMMAND_STATE)


/* whole scripts */
void command_complete_bash(FILE *out);
void command_complete_zsh(FILE *out);


/* what they share */

/* whether it is the first of its name */
int command_complete_first(unsigned id);

/* "--name" of the options with a value of these kinds */
void command_complete_names(FILE *out, int kinds, const char *separator);

/* words, with blanks between them */
void command_complete_nouns(FILE *out);
void command_complete_verbs(FILE *out, const command_noun_t *noun);

/* the n-th word that a command takes, as help has it, or NULL */
const char *command_complete_arg(const command_t *c, unsigned n, char *word,
    size_t size);

int command_complete_is_file(const char *arg);


#endif /* _COMMAND_COMPLETE_H_INCLUDED_ */
