#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "copy.h"
#include "nouns.h"


static int backup_may(command_line_t *line, const store_file_t *from,
    const char *to);
static int backup_make(command_line_t *line, const store_file_t *from,
    const char *to);


int
backup_run(command_line_t *line)
{
    int            rc;
    char          *to;
    store_file_t   from;

    rc = store_file_check(&from, line->words[0]);
    to = store_file_path(line->words[1]);

    if (rc == SAY_DONE) {
        rc = backup_may(line, &from, to);
    }

    if (rc == SAY_DONE) {
        rc = backup_make(line, &from, to);
    }

    store_file_free(&from);
    free(to);

    return rc;
}


static int
backup_may(command_line_t *line, const store_file_t *from, const char *to)
{
    struct stat  st;

    if (copy_is_same(from->path, to)) {
        return say_refused("that is one file");
    }

    if (lstat(to, &st) == -1) {
        return SAY_DONE;
    }

    if (command_value(line, "force") == NULL) {
        return say_refused("\"%s\" is there already (--force replaces it)",
                           line->words[1]);
    }

    if (stat(to, &st) == 0 && !S_ISREG(st.st_mode)) {
        return say_refused("\"%s\" is no file", line->words[1]);
    }

    return SAY_DONE;
}


static int
backup_make(command_line_t *line, const store_file_t *from, const char *to)
{
    copy_t  copy;

    memset(&copy, 0, sizeof(copy));

    if (copy_make(&copy, from, to) != SAY_DONE
        || copy_finish(&copy, to) != SAY_DONE)
    {
        return SAY_REFUSED;
    }

    if (line->json) {
        (void) printf("{\"events\":%lld,\"schema\":%d}\n", copy.last,
                      from->schema);

    } else {
        (void) printf("%lld events, checked, in %s\n", copy.last,
                      line->words[1]);
    }

    return SAY_DONE;
}
