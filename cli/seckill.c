/*
 * seckill: the operator's command.  Products, sales, orders and events of a
 * server with ngx_http_seckill_module through its API (docs/api.md), and
 * backup, restore and verification of its store.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "quit.h"


int
main(int argc, char **argv)
{
    int  rc;

    quit_init();

    rc = command_run(argc, argv);

    quit_clean();

    if (ferror(stdout) || fclose(stdout) != 0) {
        say("cannot write to the standard output: %s", strerror(errno));
        rc = rc ? rc : SAY_REFUSED;
    }

    return rc;
}
