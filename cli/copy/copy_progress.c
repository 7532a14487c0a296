#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "copy_progress.h"
#include "say.h"
#include "store_file.h"


#define COPY_PROGRESS_STEPS  100000     /* of SQLite's machine */
#define COPY_PROGRESS_LINE   "\r\033[K"
#define COPY_PROGRESS_MB     1000000


static int copy_progress_step(void *ctx);


static sqlite3_int64   copy_progress_size;
static time_t          copy_progress_last;


void
copy_progress_begin(sqlite3 *db, const char *part)
{
    sqlite3_int64  pages, size;

    if (!isatty(STDERR_FILENO)
        || store_file_number(db, "PRAGMA page_count", &pages) != SAY_DONE
        || store_file_number(db, "PRAGMA page_size", &size) != SAY_DONE)
    {
        return;
    }

    copy_progress_size = pages * size;
    copy_progress_last = time(NULL);

    sqlite3_progress_handler(db, COPY_PROGRESS_STEPS, copy_progress_step,
                             (void *) part);
}


/* once a second; 0: SQLite is to go on */

static int
copy_progress_step(void *ctx)
{
    time_t       now;
    struct stat  st;
    const char  *part = ctx;

    now = time(NULL);

    if (now == copy_progress_last || stat(part, &st) == -1) {
        return 0;
    }

    copy_progress_last = now;

    (void) fprintf(stderr, COPY_PROGRESS_LINE "seckill: %lld of %lld MB",
                   (long long) st.st_size / COPY_PROGRESS_MB,
                   (long long) copy_progress_size / COPY_PROGRESS_MB);

    return 0;
}


void
copy_progress_end(sqlite3 *db)
{
    sqlite3_progress_handler(db, 0, NULL, NULL);

    if (copy_progress_size) {
        (void) fputs(COPY_PROGRESS_LINE, stderr);
    }
}
