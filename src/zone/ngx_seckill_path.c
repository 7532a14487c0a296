#include "ngx_seckill.h"

#include <sys/fsuid.h>


static int ngx_seckill_path_barred(ngx_seckill_zone_t *zone, ngx_log_t *log,
    const char **what);
static ngx_int_t ngx_seckill_path_check(ngx_cycle_t *cycle, ngx_str_t *dir);
static ngx_int_t ngx_seckill_path_empty(ngx_str_t *dir);


/*
 * The directory of a store is given to nginx as a path: ngx_create_paths()
 * makes it and lets it belong to the worker user, and for the first one's
 * manager ngx_start_cache_manager_processes() starts the helper.
 */

ngx_int_t
ngx_seckill_path_add(ngx_cycle_t *cycle, ngx_seckill_conf_t *conf,
    ngx_seckill_zone_t *zone)
{
    u_char      *p;
    ngx_conf_t   cf;
    ngx_path_t  *path;

    path = ngx_pcalloc(cycle->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    p = zone->store.data + zone->store.len;

    while (*p != '/') { p--; }

    path->name.len = (p == zone->store.data) ? 1 : p - zone->store.data;
    path->name.data = ngx_pnalloc(cycle->pool, path->name.len + 1);
    if (path->name.data == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn(path->name.data, zone->store.data, path->name.len + 1);

    path->data = conf;
    path->conf_file = zone->conf_file;
    path->line = zone->line;

    if (conf->path == NULL) {
        conf->path = path;
        path->manager = ngx_seckill_process_helper;
    }

    if (ngx_seckill_path_check(cycle, &path->name) != NGX_OK) {
        return NGX_ERROR;
    }

    /* all that ngx_add_path() looks at */

    ngx_memzero(&cf, sizeof(ngx_conf_t));

    cf.cycle = cycle;
    cf.pool = cycle->pool;
    cf.log = cycle->log;

    return ngx_add_path(&cf, &path);
}


ngx_uint_t
ngx_seckill_path_same(ngx_str_t *one, ngx_str_t *two)
{
    u_char           *a, *b;
    ngx_uint_t        same;
    ngx_file_info_t   fi, other;

    if (ngx_strcmp(one->data, two->data) == 0) {
        return 1;
    }

    if (ngx_file_info(one->data, &fi) != NGX_FILE_ERROR
        && ngx_file_info(two->data, &other) != NGX_FILE_ERROR)
    {
        return fi.st_dev == other.st_dev && fi.st_ino == other.st_ino;
    }

    /* full paths: there is a slash */

    a = (u_char *) strrchr((char *) one->data, '/');
    b = (u_char *) strrchr((char *) two->data, '/');

    if (ngx_strcmp(a, b) != 0) {
        return 0;
    }

    /* one name, in two directories or in one */

    *a = '\0';
    *b = '\0';

    same = ngx_file_info(one->data, &fi) != NGX_FILE_ERROR
           && ngx_file_info(two->data, &other) != NGX_FILE_ERROR
           && fi.st_dev == other.st_dev && fi.st_ino == other.st_ino;

    *a = '/';
    *b = '/';

    return same;
}


/*
 * The directories are there: ngx_create_paths() was before.  With
 * "master_process off" nobody but root, who has started it, will write.
 */

ngx_int_t
ngx_seckill_path_writable(ngx_seckill_zone_t *zone, ngx_log_t *log)
{
    int          err;
    const char  *what;
    ngx_uint_t   another;

    another = (geteuid() == 0 && zone->core->master);

    err = another ? ngx_seckill_path_barred(zone, log, &what)
                  : sk_ledger_files_barred((char *) zone->store.data, &what);

    if (err == 0) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, log, err,
                  "the worker user (uid %d) may not write the store \"%V\" of "
                  "the seckill zone \"%V\": %s, or a directory above, is "
                  "closed to that user",
                  (int) (another ? zone->core->user : geteuid()),
                  &zone->store, &zone->name, what);

    return NGX_ERROR;
}


/*
 * The master may write everything, the worker user may not: it is asked about
 * him, with his groups, as ngx_worker_process_init() sets them.  setfsuid() is
 * only about files: the process stays who it is, to signals too.
 */

static int
ngx_seckill_path_barred(ngx_seckill_zone_t *zone, ngx_log_t *log,
    const char **what)
{
    int               err, n;
    gid_t            *groups;
    ngx_core_conf_t  *ccf;

    ccf = zone->core;
    n = getgroups(0, NULL);

    groups = (n == -1) ? NULL : ngx_alloc((n + 1) * sizeof(gid_t), log);
    if (groups == NULL) {
        return 0;
    }

    err = 0;

    /* in a container root may not be allowed to, nor to be anybody else */

    if (getgroups(n, groups) == n
        && initgroups(ccf->username, ccf->group) == 0)
    {
        (void) setfsgid(ccf->group);
        (void) setfsuid(ccf->user);

        if ((ngx_uid_t) setfsuid(-1) == ccf->user) {
            err = sk_ledger_files_barred((char *) zone->store.data, what);
        }

        (void) setfsuid(geteuid());
        (void) setfsgid(getegid());

        if (setgroups(n, groups) != 0) {
            ngx_log_error(NGX_LOG_ALERT, log, ngx_errno, "setgroups() failed");
        }
    }

    ngx_free(groups);

    return err;
}


/* ngx_create_paths() would take /var/lib from root for "store=/var/lib/x" */

static ngx_int_t
ngx_seckill_path_check(ngx_cycle_t *cycle, ngx_str_t *dir)
{
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (geteuid() != 0
        || ngx_file_info(dir->data, &fi) == NGX_FILE_ERROR
        || fi.st_uid == ccf->user
        || ngx_seckill_path_empty(dir) == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                  "the directory \"%V\" of a seckill store is in use and "
                  "belongs to uid %d, not to the worker user (uid %d): name "
                  "a directory of its own, or give it and its files to that "
                  "user", dir, (int) fi.st_uid, (int) ccf->user);

    return NGX_ERROR;
}


/* a file system of its own has "lost+found" from the beginning */

static ngx_int_t
ngx_seckill_path_empty(ngx_str_t *dir)
{
    ngx_int_t  rc;
    ngx_dir_t  d;

    if (ngx_open_dir(dir, &d) == NGX_ERROR) {
        return NGX_DECLINED;
    }

    rc = NGX_OK;

    while (rc == NGX_OK && ngx_read_dir(&d) == NGX_OK) {
        if (ngx_strcmp(ngx_de_name(&d), ".") != 0
            && ngx_strcmp(ngx_de_name(&d), "..") != 0
            && ngx_strcmp(ngx_de_name(&d), "lost+found") != 0)
        {
            rc = NGX_DECLINED;
        }
    }

    (void) ngx_close_dir(&d);

    return rc;
}
