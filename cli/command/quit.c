#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quit.h"


static void quit_set(void (*handler)(int signal));
static void quit_signal(int signal);


static volatile sig_atomic_t  quit_has_file;
static char                   quit_file[PATH_MAX];
static char                   quit_journal[PATH_MAX + sizeof("-journal")];
static const char *volatile   quit_text;


void
quit_init(void)
{
    quit_set(quit_signal);
}


static void
quit_set(void (*handler)(int signal))
{
    unsigned          i;
    struct sigaction  action;

    static const int  signals[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM };

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;

    (void) sigfillset(&action.sa_mask);

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void) sigaction(signals[i], &action, NULL);
    }
}


static void
quit_signal(int signal)
{
    quit_clean();

    _exit(128 + signal);
}


/* of functions that a signal's handler may call: signal-safety(7) */

void
quit_clean(void)
{
    const char  *text;

    if (quit_has_file) {
        (void) unlink(quit_file);
        (void) unlink(quit_journal);
        quit_has_file = 0;
    }

    text = quit_text;
    quit_text = NULL;

    if (text && write(STDOUT_FILENO, text, strlen(text)) == -1) {
        return;
    }
}


void
quit_remove(const char *path)
{
    quit_has_file = 0;

    if (path && strlen(path) < sizeof(quit_file)) {
        (void) strcpy(quit_file, path);
        (void) snprintf(quit_journal, sizeof(quit_journal), "%s-journal", path);
        quit_has_file = 1;
    }
}


void
quit_terminal(const char *text)
{
    quit_text = text;
}


void
quit_never(void)
{
    quit_set(SIG_IGN);
}
