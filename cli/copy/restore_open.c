#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore.h"
#include "say.h"


#define RESTORE_NAME_MAX  256           /* of a process, as it is told */


static int restore_process(const char *pid, const char *store);
static int restore_has(const char *pid, DIR *fds, const char *store);
static int restore_is_of(const char *link, const char *store);
static int restore_hidden(const char *pid);
static void restore_name(const char *pid, const char *file, char *name);


int
restore_nobody_has(const char *store)
{
    int             rc;
    DIR            *proc;
    struct dirent  *entry;

    proc = opendir("/proc");

    if (proc == NULL) {
        return say_refused("cannot read /proc, which says whether \"%s\" is"
                           " in use", store);
    }

    rc = SAY_DONE;

    while (rc == SAY_DONE && (entry = readdir(proc)) != NULL) {
        if (isdigit((unsigned char) entry->d_name[0])) {
            rc = restore_process(entry->d_name, store);
        }
    }

    (void) closedir(proc);

    return rc;
}


static int
restore_process(const char *pid, const char *store)
{
    int   has;
    DIR  *fds;
    char  path[PATH_MAX], name[RESTORE_NAME_MAX];

    (void) snprintf(path, sizeof(path), "/proc/%s/fd", pid);

    fds = opendir(path);

    if (fds == NULL) {
        return restore_hidden(pid);
    }

    has = restore_has(pid, fds, store);

    (void) closedir(fds);

    if (!has) {
        return SAY_DONE;
    }

    restore_name(pid, "cmdline", name);

    return say_refused("process %s (%s) has \"%s\" open: stop it first", pid,
                       name, store);
}


static int
restore_has(const char *pid, DIR *fds, const char *store)
{
    char            path[PATH_MAX], link[PATH_MAX];
    ssize_t         len;
    struct stat     st, its;
    struct dirent  *entry;

    if (stat(store, &st) == -1) {
        st.st_ino = 0;
    }

    while ((entry = readdir(fds)) != NULL) {
        (void) snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid,
                        entry->d_name);

        len = readlink(path, link, sizeof(link) - 1);
        if (len == -1) {
            continue;
        }

        link[len] = '\0';

        if (restore_is_of(link, store)
            || (st.st_ino && stat(path, &its) == 0 && its.st_dev == st.st_dev
                && its.st_ino == st.st_ino))
        {
            return 1;
        }
    }

    return 0;
}


/* the store, what was removed from its place, or a file beside it */

static int
restore_is_of(const char *link, const char *store)
{
    size_t  len;

    len = strlen(store);

    return strncmp(link, store, len) == 0
           && (link[len] == '\0' || link[len] == '-'
               || strcmp(link + len, " (deleted)") == 0);
}


/* another user's files cannot be seen; a master opens no store */

static int
restore_hidden(const char *pid)
{
    char  name[RESTORE_NAME_MAX], line[RESTORE_NAME_MAX];

    restore_name(pid, "comm", name);
    restore_name(pid, "cmdline", line);

    if (strcmp(name, "nginx") != 0 || line[0] == '\0'
        || strncmp(line, "nginx: master process", 21) == 0)
    {
        return SAY_DONE;
    }

    return say_refused("you may not see which files process %s (nginx) has"
                       " open: be root, or the worker user", pid);
}


/* a file of a process, in a line; "" if it has gone */

static void
restore_name(const char *pid, const char *file, char *name)
{
    FILE    *in;
    char     path[PATH_MAX];
    size_t   len, i;

    (void) snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);

    in = fopen(path, "r");
    len = in ? fread(name, 1, RESTORE_NAME_MAX - 1, in) : 0;

    if (in) {
        (void) fclose(in);
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) name[i] <= ' ' || name[i] == 0x7f) {
            name[i] = ' ';
        }
    }

    while (len && name[len - 1] == ' ') {
        len--;
    }

    name[len] = '\0';
}
