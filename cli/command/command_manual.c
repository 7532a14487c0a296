#include "command.h"


int
command_manual(command_line_t *line)
{
    command_misuse(line, "not yet");
}
