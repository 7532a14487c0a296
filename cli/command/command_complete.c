#include "command.h"


int
command_complete(command_line_t *line)
{
    command_misuse(line, "not yet");
}
