#include "ngx_http_seckill.h"

#include <sodium.h>


static ngx_array_t *ngx_http_seckill_key_lines(ngx_conf_t *cf,
    ngx_str_t *name, u_char *p, u_char *last);
static ngx_int_t ngx_http_seckill_key_line(ngx_conf_t *cf, ngx_array_t *keys,
    u_char *p, u_char *last);
static u_char *ngx_http_seckill_key_word(u_char **p, u_char *last, size_t *len);
static void ngx_http_seckill_key_hash(u_char *hash, u_char *key, size_t len);


/* a key a line: "KEY LABEL" or "KEY LABEL ro"; "#" starts a comment */

ngx_array_t *
ngx_http_seckill_keys_read(ngx_conf_t *cf, ngx_str_t *file)
{
    size_t        size;
    u_char       *text;
    ngx_str_t     name;
    ngx_array_t  *keys;

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK
        || sodium_init() == -1)
    {
        return NULL;
    }

    text = ngx_http_seckill_key_file(cf, &name, "key", &size, NULL);
    if (text == NULL) {
        return NULL;
    }

    keys = ngx_http_seckill_key_lines(cf, &name, text, text + size);

    /* workers have the memory of the master */

    ngx_explicit_memzero(text, size);

    return keys;
}


static ngx_array_t *
ngx_http_seckill_key_lines(ngx_conf_t *cf, ngx_str_t *name, u_char *p,
    u_char *last)
{
    u_char       *line;
    ngx_int_t     rc;
    ngx_uint_t    n;
    ngx_array_t  *keys;

    keys = ngx_array_create(cf->pool, 2, sizeof(ngx_http_seckill_key_t));
    if (keys == NULL) {
        return NULL;
    }

    for (n = 1; p < last; n++) {
        line = p;
        p = ngx_strlchr(p, last, '\n');
        p = p ? p : last;

        rc = ngx_http_seckill_key_line(cf, keys, line, p);

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               (rc == NGX_DECLINED)
                               ? "the key in line %ui of \"%V\" is there twice"
                               : "invalid line %ui in \"%V\", allowed: "
                                 "KEY LABEL, KEY LABEL ro; a key of 16 ASCII "
                                 "characters at least, a label of 128 at most",
                               n, name);
            return NULL;
        }

        p++;
    }

    if (keys->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no key in \"%V\"", name);
        return NULL;
    }

    return keys;
}


/* what the file has, without the end of its line */

sk_secret_t *
ngx_http_seckill_key_secret(ngx_conf_t *cf, ngx_str_t *file)
{
    size_t        size;
    u_char       *p;
    ngx_str_t     name;
    sk_secret_t  *secret;

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NULL;
    }

    p = ngx_http_seckill_key_file(cf, &name, "secret", &size, NULL);
    if (p == NULL) {
        return NULL;
    }

    while (size && (p[size - 1] == LF || p[size - 1] == CR)) {
        size--;
    }

    if (size < SK_SECRET_SIZE_MIN || size > SK_SECRET_SIZE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret in \"%V\" has %uz bytes, %d to %d are "
                           "allowed", &name, size, SK_SECRET_SIZE_MIN,
                           SK_SECRET_SIZE_MAX);
        return NULL;
    }

    secret = ngx_palloc(cf->pool, sizeof(sk_secret_t));
    if (secret == NULL) {
        return NULL;
    }

    ngx_memcpy(secret->data, p, size);
    secret->len = size;

    ngx_explicit_memzero(p, size);

    return secret;
}


u_char *
ngx_http_seckill_key_file(ngx_conf_t *cf, ngx_str_t *name, const char *what,
    size_t *size, ngx_uint_t *everyone)
{
    u_char           *buf;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NULL;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto failed;
    }

    if (everyone) {
        *everyone = (fi.st_mode & S_IROTH) ? 1 : 0;
    }

    if (fi.st_mode & (everyone ? S_IWOTH : S_IROTH|S_IWOTH)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the %s file \"%V\" is open to everyone: "
                           "chmod 600", what, name);
        goto failed;
    }

    *size = ngx_file_size(&fi);

    if (*size > NGX_HTTP_SECKILL_KEY_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the %s file \"%V\" is over 64k", what, name);
        goto failed;
    }

    buf = ngx_pnalloc(cf->temp_pool, *size + 1);
    if (buf == NULL) {
        goto failed;
    }

    n = ngx_read_fd(fd, buf, *size);

    if (n != (ssize_t) *size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", name);
        goto failed;
    }

    (void) ngx_close_file(fd);

    return buf;

failed:

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    return NULL;
}


static ngx_int_t
ngx_http_seckill_key_line(ngx_conf_t *cf, ngx_array_t *keys, u_char *p,
    u_char *last)
{
    size_t                   key_len, label_len, len;
    u_char                  *key, *label, *kind;
    u_char                   hash[NGX_HTTP_SECKILL_KEY_HASH_SIZE];
    ngx_str_t                text;
    ngx_uint_t               i;
    ngx_http_seckill_key_t  *k;

    /* blanks before the first word end an empty one */

    key = ngx_http_seckill_key_word(&p, last, &key_len);

    if (key_len == 0) {
        key = ngx_http_seckill_key_word(&p, last, &key_len);
    }

    if (key_len == 0 || key[0] == '#') {
        return NGX_OK;
    }

    label = ngx_http_seckill_key_word(&p, last, &label_len);
    kind = ngx_http_seckill_key_word(&p, last, &len);

    text.data = key;
    text.len = key_len;

    if (!ngx_http_seckill_reply_plain(&text)) {
        return NGX_ERROR;
    }

    text.data = label;
    text.len = label_len;

    if (key_len < NGX_HTTP_SECKILL_KEY_MIN
        || label_len == 0 || label_len > SK_COMMAND_BY_SIZE_MAX
        || !ngx_http_seckill_reply_plain(&text)
        || (len && (len != 2 || ngx_strncmp(kind, "ro", 2) != 0))
        || p != last)
    {
        return NGX_ERROR;
    }

    ngx_http_seckill_key_hash(hash, key, key_len);

    /* which of them would count? */

    k = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        if (ngx_memcmp(k[i].hash, hash, NGX_HTTP_SECKILL_KEY_HASH_SIZE) == 0) {
            return NGX_DECLINED;
        }
    }

    k = ngx_array_push(keys);
    if (k == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(k->hash, hash, NGX_HTTP_SECKILL_KEY_HASH_SIZE);

    k->label.len = label_len;
    k->label.data = ngx_pnalloc(cf->pool, label_len);
    if (k->label.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(k->label.data, label, label_len);
    k->read_only = (len != 0);

    return NGX_OK;
}


/* the next word of a line; leaves "p" at the one after it */

static u_char *
ngx_http_seckill_key_word(u_char **p, u_char *last, size_t *len)
{
    u_char  *word;

    word = *p;

    while (*p < last && **p != ' ' && **p != '\t' && **p != '\r') {
        (*p)++;
    }

    *len = *p - word;

    while (*p < last && (**p == ' ' || **p == '\t' || **p == '\r')) {
        (*p)++;
    }

    return word;
}


ngx_http_seckill_key_t *
ngx_http_seckill_key_find(ngx_array_t *keys, ngx_str_t *authorization)
{
    size_t                   len;
    u_char                  *p, *last;
    u_char                   hash[NGX_HTTP_SECKILL_KEY_HASH_SIZE];
    ngx_uint_t               i;
    ngx_http_seckill_key_t  *key, *found;

    len = sizeof("Bearer ") - 1;

    if (authorization->len <= len
        || ngx_strncasecmp(authorization->data, (u_char *) "Bearer ", len)
           != 0)
    {
        return NULL;
    }

    p = authorization->data + len;
    last = authorization->data + authorization->len;

    while (p < last && *p == ' ') { p++; }

    ngx_http_seckill_key_hash(hash, p, last - p);

    /* hashes are of one length; all keys are compared, each in equal time */

    found = NULL;
    key = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        if (sodium_memcmp(hash, key[i].hash, NGX_HTTP_SECKILL_KEY_HASH_SIZE)
            == 0)
        {
            found = &key[i];
        }
    }

    return found;
}


static void
ngx_http_seckill_key_hash(u_char *hash, u_char *key, size_t len)
{
    (void) crypto_generichash(hash, NGX_HTTP_SECKILL_KEY_HASH_SIZE, key, len,
                              NULL, 0);
}
