#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"
#include "sk_ledger.h"
#include "store_file.h"


static int store_file_ours(store_file_t *file, sqlite3 *db);


int
store_file_check(store_file_t *file, const char *name)
{
    int           rc;
    sqlite3      *db;
    struct stat   st;

    file->shown = name;
    file->path = store_file_path(name);
    file->schema = 0;

    if (stat(file->path, &st) == -1) {
        return say_refused("there is no \"%s\", or you may not see it", name);
    }

    if (!S_ISREG(st.st_mode)) {
        return say_refused("\"%s\" is no file", name);
    }

    if (access(file->path, R_OK) == -1) {
        return say_refused("you may not read \"%s\"", name);
    }

    db = store_file_open(file->path, name);
    if (db == NULL) {
        return SAY_REFUSED;
    }

    rc = store_file_ours(file, db);

    (void) sqlite3_close(db);

    return rc;
}


static int
store_file_ours(store_file_t *file, sqlite3 *db)
{
    sqlite3_int64  id, version, ledgers;

    if (store_file_number(db, "PRAGMA application_id", &id) != SAY_DONE
        || store_file_number(db, "PRAGMA user_version", &version) != SAY_DONE
        || store_file_number(db, "SELECT count(*) FROM sqlite_master WHERE"
                             " type = 'table' AND name = 'ledger'", &ledgers)
           != SAY_DONE)
    {
        return say_refused("\"%s\": %s", file->shown, sqlite3_errmsg(db));
    }

    if (id != SK_LEDGER_APPLICATION_ID || ledgers != 1) {
        return say_refused("\"%s\" is not a seckill store", file->shown);
    }

    file->schema = (int) version;

    return SAY_DONE;
}


void
store_file_free(store_file_t *file)
{
    free(file->path);
    file->path = NULL;
}


char *
store_file_path(const char *name)
{
    char    *path;
    size_t   size;

    if (name[0] == '/') {
        return say_memory(strdup(name));
    }

    size = strlen(name) + sizeof("./");
    path = say_memory(malloc(size));

    (void) strcpy(path, "./");
    (void) strcat(path, name);

    return path;
}


sqlite3 *
store_file_open(const char *path, const char *shown)
{
    sqlite3  *db;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK
        || sqlite3_busy_timeout(db, STORE_FILE_BUSY_MS) != SQLITE_OK)
    {
        (void) store_file_failed(db, shown);
        return NULL;
    }

    return db;
}


int
store_file_failed(sqlite3 *db, const char *shown)
{
    say("\"%s\": %s", shown, sqlite3_errmsg(db));

    (void) sqlite3_close(db);

    return SAY_REFUSED;
}


void
store_file_yield(void)
{
    (void) setpriority(PRIO_PROCESS, 0,
                       getpriority(PRIO_PROCESS, 0) + STORE_FILE_NICE);
}


int
store_file_number(sqlite3 *db, const char *sql, sqlite3_int64 *number)
{
    int            rc;
    sqlite3_stmt  *s;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        return SAY_REFUSED;
    }

    rc = sqlite3_step(s);
    *number = sqlite3_column_int64(s, 0);

    (void) sqlite3_finalize(s);

    return (rc == SQLITE_ROW) ? SAY_DONE : SAY_REFUSED;
}
