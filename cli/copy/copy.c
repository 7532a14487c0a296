#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "copy_progress.h"
#include "quit.h"
#include "say.h"


static int copy_vacuum(copy_t *copy, const store_file_t *from);
static int copy_check(copy_t *copy);
static int copy_integrity(sqlite3 *db, const char *shown);
static int copy_sync(const char *path);


int
copy_make(copy_t *copy, const store_file_t *from, const char *to)
{
    size_t  size;

    store_file_yield();

    /* of a store, which may have a secret */

    (void) umask(077);

    size = strlen(to) + sizeof(".part");
    copy->part = say_memory(malloc(size));
    (void) snprintf(copy->part, size, "%s.part", to);

    (void) unlink(copy->part);
    quit_remove(copy->part);

    if (copy_vacuum(copy, from) == SAY_DONE && copy_check(copy) == SAY_DONE
        && copy_sync(copy->part) == SAY_DONE)
    {
        return SAY_DONE;
    }

    copy_drop(copy);

    return SAY_REFUSED;
}


static int
copy_vacuum(copy_t *copy, const store_file_t *from)
{
    int       rc;
    char     *sql;
    sqlite3  *db;

    db = store_file_open(from->path, from->shown);
    if (db == NULL) {
        return SAY_REFUSED;
    }

    sql = say_memory(sqlite3_mprintf("VACUUM INTO %Q", copy->part));

    copy_progress_begin(db, copy->part);
    rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    copy_progress_end(db);

    sqlite3_free(sql);

    if (rc != SQLITE_OK) {
        say("\"%s\" to \"%s\": %s", from->shown, copy->part,
            sqlite3_errmsg(db));
    }

    (void) sqlite3_close(db);

    return (rc == SQLITE_OK) ? SAY_DONE : SAY_REFUSED;
}


/* that SQLite finds no damage, and that no event is missing */

static int
copy_check(copy_t *copy)
{
    int             rc;
    sqlite3        *db;
    sqlite3_int64   first;

    db = store_file_open(copy->part, copy->part);
    if (db == NULL) {
        return SAY_REFUSED;
    }

    if (store_file_number(db, "SELECT count(*) FROM ledger", &copy->events)
            != SAY_DONE
        || store_file_number(db, "SELECT ifnull(max(seq), 0) FROM ledger",
                             &copy->last)
           != SAY_DONE
        || store_file_number(db, "SELECT ifnull(min(seq), 1) FROM ledger",
                             &first)
           != SAY_DONE
        || store_file_number(db, "SELECT count(*) FROM ledger WHERE"
                             " type = 'machine_joined'", &copy->joined)
           != SAY_DONE)
    {
        return store_file_failed(db, copy->part);
    }

    /* of an older schema there is no such table */

    if (store_file_number(db, "SELECT count(*) FROM secrets", &copy->secrets)
        != SAY_DONE)
    {
        copy->secrets = 0;
    }

    rc = copy_integrity(db, copy->part);

    (void) sqlite3_close(db);

    if (rc == SAY_DONE && (copy->events != copy->last || first != 1)) {
        rc = say_refused("\"%s\" is not whole: %lld events, the last is %lld",
                         copy->part, copy->events, copy->last);
    }

    return rc;
}


static int
copy_integrity(sqlite3 *db, const char *shown)
{
    int            rc;
    sqlite3_stmt  *s;

    rc = SAY_REFUSED;

    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(3)", -1, &s, NULL)
            != SQLITE_OK
        || sqlite3_step(s) != SQLITE_ROW)
    {
        say("\"%s\": %s", shown, sqlite3_errmsg(db));

    } else if (strcmp((const char *) sqlite3_column_text(s, 0), "ok") != 0) {
        say("\"%s\" is damaged: %s", shown, sqlite3_column_text(s, 0));

    } else {
        rc = SAY_DONE;
    }

    (void) sqlite3_finalize(s);

    return rc;
}


static int
copy_sync(const char *path)
{
    int  fd, rc;

    fd = open(path, O_RDONLY|O_CLOEXEC);
    rc = (fd == -1) ? -1 : fsync(fd);

    if (rc == -1) {
        say("\"%s\": %s", path, strerror(errno));
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return (rc == -1) ? SAY_REFUSED : SAY_DONE;
}


int
copy_finish(copy_t *copy, const char *to)
{
    if (rename(copy->part, to) == -1) {
        say("\"%s\" to \"%s\": %s", copy->part, to, strerror(errno));
        copy_drop(copy);
        return SAY_REFUSED;
    }

    quit_remove(NULL);
    copy_sync_directory(to);

    free(copy->part);
    copy->part = NULL;

    return SAY_DONE;
}


void
copy_drop(copy_t *copy)
{
    quit_clean();

    free(copy->part);
    copy->part = NULL;
}


void
copy_sync_directory(const char *path)
{
    int    fd;
    char  *name;

    name = say_memory(strdup(path));
    fd = open(dirname(name), O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd != -1) {
        (void) fsync(fd);
        (void) close(fd);
    }

    free(name);
}


int
copy_is_same(const char *one, const char *two)
{
    struct stat  a, b;

    return stat(one, &a) == 0 && stat(two, &b) == 0 && a.st_dev == b.st_dev
           && a.st_ino == b.st_ino;
}
