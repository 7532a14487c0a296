#include "ngx_http_seckill.h"


/* the parameters of a zone whose ledger several machines share */


#define NGX_HTTP_SECKILL_GONE          10000    /* ms */
#define NGX_HTTP_SECKILL_GONE_MIN       1000
#define NGX_HTTP_SECKILL_GONE_MAX    3600000
#define NGX_HTTP_SECKILL_REDIS_TIMEOUT  1000    /* ms */
#define NGX_HTTP_SECKILL_REDIS_TIMEOUT_MIN  100
#define NGX_HTTP_SECKILL_REDIS_TIMEOUT_MAX  30000
#define NGX_HTTP_SECKILL_WAIT_MAX         16
#define NGX_HTTP_SECKILL_KEEP_MIN       1000


static ngx_int_t ngx_http_seckill_zone_redis_number(ngx_str_t *arg,
    sk_machines_conf_t *m, const char **allowed);
static ngx_int_t ngx_http_seckill_zone_redis_url(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *value, sk_machines_conf_t *m);
static ngx_int_t ngx_http_seckill_zone_redis_password(ngx_conf_t *cf,
    ngx_str_t *value, sk_machines_conf_t *m);
static ngx_int_t ngx_http_seckill_zone_redis_name(ngx_conf_t *cf, u_char *name,
    size_t len, sk_machines_conf_t *m);
static ngx_int_t ngx_http_seckill_zone_redis_ms(ngx_str_t *value,
    ngx_int_t min, ngx_int_t max, ngx_int_t *ms);


void
ngx_http_seckill_zone_redis_init(ngx_http_seckill_zone_redis_t *redis)
{
    ngx_memzero(redis, sizeof(ngx_http_seckill_zone_redis_t));

    redis->machines.gone_ms = NGX_HTTP_SECKILL_GONE;
    redis->machines.redis.timeout_ms = NGX_HTTP_SECKILL_REDIS_TIMEOUT;
}


ngx_int_t
ngx_http_seckill_zone_redis(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_zone_redis_t *redis)
{
    ngx_int_t            rc;
    ngx_str_t            value;
    const char          *allowed;
    sk_machines_conf_t  *m;

    m = &redis->machines;

    if (ngx_http_seckill_param(arg, "redis=", &value)) {

        if (value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0) {
            redis->off = 1;
            return NGX_OK;
        }

        redis->url = *arg;
        return ngx_http_seckill_zone_redis_url(cf, arg, &value, m);
    }

    if (ngx_http_seckill_param(arg, "redis_password=", &value)) {
        redis->other = *arg;
        return ngx_http_seckill_zone_redis_password(cf, &value, m);
    }

    if (ngx_http_seckill_param(arg, "machine=", &value)) {
        redis->other = *arg;
        return ngx_http_seckill_zone_redis_name(cf, value.data, value.len, m);
    }

    rc = ngx_http_seckill_zone_redis_number(arg, m, &allowed);

    if (rc != NGX_DECLINED) {
        redis->other = *arg;
    }

    if (rc == NGX_ERROR) {
        (void) ngx_http_seckill_param_invalid(cf, arg, allowed);
    }

    return rc;
}


/* NGX_ERROR: only what is "allowed" is */

static ngx_int_t
ngx_http_seckill_zone_redis_number(ngx_str_t *arg, sk_machines_conf_t *m,
    const char **allowed)
{
    int64_t    number;
    ngx_int_t  ms, rc;
    ngx_str_t  value;

    if (ngx_http_seckill_param(arg, "wait=", &value)) {
        *allowed = "0 to 16 replicas";

        rc = ngx_http_seckill_param_number(&value, 0, NGX_HTTP_SECKILL_WAIT_MAX,
                                           &number);

        if (rc == NGX_OK) {
            m->wait = (unsigned) number;
        }

        return rc;
    }

    if (ngx_http_seckill_param(arg, "keep=", &value)) {
        *allowed = "1000 events or more";

        rc = ngx_http_seckill_param_number(&value, NGX_HTTP_SECKILL_KEEP_MIN,
                                           SK_NUMBER_MAX, &number);

        if (rc == NGX_OK) {
            m->keep = (uint64_t) number;
        }

        return rc;
    }

    if (ngx_http_seckill_param(arg, "gone=", &value)) {
        *allowed = "a time from 1s to 1h";

        rc = ngx_http_seckill_zone_redis_ms(&value, NGX_HTTP_SECKILL_GONE_MIN,
                                            NGX_HTTP_SECKILL_GONE_MAX, &ms);

        if (rc == NGX_OK) {
            m->gone_ms = ms;
        }

        return rc;
    }

    if (ngx_http_seckill_param(arg, "redis_timeout=", &value)) {
        *allowed = "a time from 100ms to 30s";

        rc = ngx_http_seckill_zone_redis_ms(&value,
                                            NGX_HTTP_SECKILL_REDIS_TIMEOUT_MIN,
                                            NGX_HTTP_SECKILL_REDIS_TIMEOUT_MAX,
                                            &ms);

        if (rc == NGX_OK) {
            m->redis.timeout_ms = (unsigned) ms;
        }

        return rc;
    }

    return NGX_DECLINED;
}


char *
ngx_http_seckill_zone_redis_end(ngx_conf_t *cf,
    ngx_http_seckill_zone_redis_t *redis, ngx_seckill_params_t *params)
{
    char                 host[SK_MACHINE_NAME_SIZE_MAX + 2];
    sk_machines_conf_t  *m;

    m = &redis->machines;

    if (redis->url.len == 0) {

        if (redis->other.len == 0) {
            params->alone = redis->off;
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"seckill_zone\" has no meaning without "
                           "\"redis=\"", &redis->other);
        return NGX_CONF_ERROR;
    }

    if (m->gone_ms < 2 * (int64_t) m->redis.timeout_ms) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"gone=\" of \"seckill_zone\" has to be twice as "
                           "long as \"redis_timeout=\" at least");
        return NGX_CONF_ERROR;
    }

    if (m->name[0] == '\0') {

        ngx_memzero(host, sizeof(host));
        (void) gethostname(host, sizeof(host) - 1);

        if (!sk_sale_name_valid(host, ngx_strlen(host))) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"seckill_zone\" with \"redis=\" needs "
                               "\"machine=name\": this host has no name that "
                               "would do");
            return NGX_CONF_ERROR;
        }

        ngx_memcpy(m->name, host, ngx_strlen(host) + 1);
    }

    ngx_memcpy(m->zone, params->name.data,
               ngx_min(params->name.len, SK_MACHINES_ZONE_SIZE_MAX));

    m->redis.client_name = "nginx-seckill";

    params->machines = m;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_seckill_zone_redis_url(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *value, sk_machines_conf_t *m)
{
    char  reason[256];

    if (sk_redis_url_parse(&m->redis.url, (char *) value->data, value->len,
                           reason, sizeof(reason))
        == SK_OK)
    {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"seckill_zone\": %s", arg,
                       reason);

    return NGX_ERROR;
}


/* the first line of a file, which only root needs to be able to read */

static ngx_int_t
ngx_http_seckill_zone_redis_password(ngx_conf_t *cf, ngx_str_t *value,
    sk_machines_conf_t *m)
{
    size_t     len;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;
    u_char     text[SK_REDIS_PASSWORD_SIZE_MAX + 2];

    if (ngx_conf_full_name(cf->cycle, value, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(value->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    n = (fd == NGX_INVALID_FILE) ? -1 : read(fd, text, sizeof(text));
    err = ngx_errno;

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           "cannot read the password in \"%V\"", value);
        return NGX_ERROR;
    }

    for (len = 0; len < (size_t) n && text[len] != '\n' && text[len] != '\r';
         len++)
    {
        /* void */
    }

    if (len == 0 || len > SK_REDIS_PASSWORD_SIZE_MAX
        || ngx_strlchr(text, text + len, '\0'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no password of 1 to %d bytes in the first line of "
                           "\"%V\"", SK_REDIS_PASSWORD_SIZE_MAX, value);
        return NGX_ERROR;
    }

    ngx_memcpy(m->redis.password, text, len);
    m->redis.password[len] = '\0';

    ngx_explicit_memzero(text, sizeof(text));

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_zone_redis_name(ngx_conf_t *cf, u_char *name, size_t len,
    sk_machines_conf_t *m)
{
    if (!sk_sale_name_valid((char *) name, len) || name[0] == '-'
        || (len <= 2 && ngx_strncmp(name, "..", len) == 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid machine name \"%*s\" of \"seckill_zone\", "
                           "allowed: 1 to 64 of A-Z, a-z, 0-9, \".\", \"_\", "
                           "\"-\", not \"-\" first, nor dots alone", len, name);
        return NGX_ERROR;
    }

    ngx_memcpy(m->name, name, len);
    m->name[len] = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_http_seckill_zone_redis_ms(ngx_str_t *value, ngx_int_t min, ngx_int_t max,
    ngx_int_t *ms)
{
    *ms = ngx_parse_time(value, 0);

    return (*ms == NGX_ERROR || *ms < min || *ms > max) ? NGX_ERROR : NGX_OK;
}
