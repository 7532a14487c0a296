#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "copy.h"
#include "nouns.h"
#include "quit.h"
#include "restore.h"
#include "sk_ledger.h"


/* nothing of the old store is removed but what the new one would take for its
   own */


typedef struct {
    store_file_t    from;
    copy_t          copy;
    char            to[PATH_MAX];
    char            dir[PATH_MAX];
    char            kept[PATH_MAX + 64];
    struct stat     old;
    int             replaces;       /* there is an old one */
} restore_t;


static int restore_place(restore_t *r, const char *name);
static int restore_may(command_line_t *line, restore_t *r);
static int restore_owner(restore_t *r);
static int restore_exchange(restore_t *r);
static int restore_move(const char *from, const char *to);
static void restore_remove_rest(restore_t *r);
static void restore_report(command_line_t *line, restore_t *r);


int
restore_run(command_line_t *line)
{
    int                rc;
    static restore_t   r;

    rc = restore_place(&r, line->words[1]);

    if (rc == SAY_DONE) {
        rc = store_file_check(&r.from, line->words[0]);
    }

    if (rc == SAY_DONE) {
        rc = restore_may(line, &r);
    }

    if (rc == SAY_DONE) {
        rc = copy_make(&r.copy, &r.from, r.to);
    }

    if (rc == SAY_DONE) {

        /* a start meanwhile would make a new store */

        if (restore_owner(&r) != SAY_DONE || restore_nobody_has(r.to)
                                             != SAY_DONE
            || restore_exchange(&r) != SAY_DONE)
        {
            copy_drop(&r.copy);
            rc = SAY_REFUSED;

        } else {
            restore_report(line, &r);
        }
    }

    store_file_free(&r.from);

    return rc;
}


/* nginx has the file open that a link leads to */

static int
restore_place(restore_t *r, const char *name)
{
    int           len;
    char         *path, *base, *slash;
    struct stat   st;

    path = store_file_path(name);
    base = say_memory(strdup(path));

    if (realpath(dirname(path), r->dir) == NULL) {
        say("there is no directory \"%s\"", path);
        free(path);
        free(base);
        return SAY_REFUSED;
    }

    len = snprintf(r->to, sizeof(r->to), "%s/%s", r->dir, basename(base));

    free(path);
    free(base);

    if (len >= (int) sizeof(r->to)) {
        return say_refused("\"%s\": %s", name, strerror(ENAMETOOLONG));
    }

    if (lstat(r->to, &st) == 0 && S_ISLNK(st.st_mode)) {

        if (realpath(r->to, r->dir) == NULL) {
            return say_refused("\"%s\": %s", r->to, strerror(errno));
        }

        (void) strcpy(r->to, r->dir);
        slash = strrchr(r->dir, '/');
        slash[slash == r->dir] = '\0';
    }

    r->replaces = (stat(r->to, &r->old) == 0);

    return SAY_DONE;
}


static int
restore_may(command_line_t *line, restore_t *r)
{
    if (r->from.schema > SK_LEDGER_VERSION) {
        say("its schema is %d: the server must know that, too",
            r->from.schema);
    }

    if (copy_is_same(r->from.path, r->to)) {
        return say_refused("that is one file");
    }

    if (r->replaces && !S_ISREG(r->old.st_mode)) {
        return say_refused("\"%s\" is no file", r->to);
    }

    if (r->replaces && command_value(line, "force") == NULL) {
        return say_refused("\"%s\" is there already (--force replaces it, and"
                           " keeps the old one)", r->to);
    }

    return restore_nobody_has(r->to);
}


/* a store may have a secret, which is nobody's but its owner's: that is the
   worker user, and root only where there is no other */

static int
restore_owner(restore_t *r)
{
    mode_t       mode;
    struct stat  st;

    mode = r->replaces ? (r->old.st_mode & 07777) : 0600;

    if (r->copy.secrets) {
        mode &= ~(mode_t) 0007;
    }

    if (chmod(r->copy.part, mode) == -1
        || stat(r->dir, &st) == -1)
    {
        return say_refused("\"%s\": %s", r->copy.part, strerror(errno));
    }

    if (r->replaces && r->old.st_uid != 0) {
        st = r->old;
    }

    if (geteuid() == 0 && chown(r->copy.part, st.st_uid, st.st_gid) == -1) {
        return say_refused("\"%s\": %s", r->copy.part, strerror(errno));
    }

    return SAY_DONE;
}


/* with its log of writes the old store is whole, under another name */

static int
restore_exchange(restore_t *r)
{
    char         wal[PATH_MAX + 80], kept[PATH_MAX + 80], when[32];
    time_t       now;
    struct tm    tm;
    struct stat  st;

    now = time(NULL);
    (void) gmtime_r(&now, &tm);
    (void) strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);

    (void) snprintf(r->kept, sizeof(r->kept), "%s.before-restore-%s", r->to,
                    when);
    (void) snprintf(wal, sizeof(wal), "%s-wal", r->to);
    (void) snprintf(kept, sizeof(kept), "%s-wal", r->kept);

    quit_never();

    if (r->replaces && restore_move(r->to, r->kept) != SAY_DONE) {
        return SAY_REFUSED;
    }

    if (stat(wal, &st) == 0 && st.st_size
        && restore_move(wal, kept) != SAY_DONE)
    {
        return SAY_REFUSED;
    }

    restore_remove_rest(r);

    return copy_finish(&r->copy, r->to);
}


static int
restore_move(const char *from, const char *to)
{
    return (rename(from, to) == 0)
           ? SAY_DONE
           : say_refused("\"%s\" to \"%s\": %s", from, to, strerror(errno));
}


/* the query tables have files of their own beside them */

static void
restore_remove_rest(restore_t *r)
{
    char      path[PATH_MAX + 32];
    unsigned  i;

    static const char *const  ends[] = {
        "-wal", "-shm", "-seq", "-query", "-query-wal", "-query-shm",
        "-query-journal"
    };

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void) snprintf(path, sizeof(path), "%s%s", r->to, ends[i]);
        (void) unlink(path);
    }
}


static void
restore_report(command_line_t *line, restore_t *r)
{
    char            text[1024];
    struct stat     st;
    struct passwd  *owner;

    if (line->json) {
        (void) printf("{\"events\":%lld,\"schema\":%d}\n", r->copy.last,
                      r->from.schema);
        return;
    }

    owner = (stat(r->to, &st) == 0) ? getpwuid(st.st_uid) : NULL;

    (void) printf("%lld events in %s, which belongs to %s\n", r->copy.last,
                  r->to, owner ? owner->pw_name : "a user without a name");

    if (r->replaces) {
        (void) printf("the old store is %s\n", r->kept);
    }

    if (r->copy.joined) {
        (void) snprintf(text, sizeof(text), "Machines share this ledger.  Next:"
                        " start nginx with the same \"redis=\".  It is known as"
                        " a new machine, which follows what happened after the"
                        " backup; under a name that another store has had it"
                        " waits until that one has left, see \"gone=\".");
    } else {
        (void) snprintf(text, sizeof(text), "Next: start nginx, then \"seckill"
                        " health\".  What happened after the backup is not in"
                        " the store: those units are on sale again, and their"
                        " numbers will be used again.  Readers of events that"
                        " have seen more than event %lld go back to it.",
                        r->copy.last);
    }

    (void) fputc('\n', stdout);
    command_wrap(stdout, text, 0, 0);
}
