#include "ngx_http_seckill_console.h"
#include "ngx_http_seckill_embed.h"

#include <sodium.h>


NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_html, "dist/index.html");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_html_gz, "dist/index.html.gz");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_js, "dist/console.js");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_js_gz, "dist/console.js.gz");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_css, "dist/console.css");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_css_gz, "dist/console.css.gz");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_svg, "dist/icon.svg");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_svg_gz, "dist/icon.svg.gz");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_txt, "dist/LICENSES.txt");
NGX_HTTP_SECKILL_EMBED(ngx_http_seckill_console_txt_gz, "dist/LICENSES.txt.gz");


#define NGX_HTTP_SECKILL_CONSOLE_BODY(id)                                    \
    { ngx_http_seckill_console_##id##_start,                                 \
      ngx_http_seckill_console_##id##_end, "" }

#define NGX_HTTP_SECKILL_CONSOLE_FILE(name, type, id)                        \
    { ngx_string(name), ngx_string(type), NGX_HTTP_SECKILL_CONSOLE_BODY(id), \
      NGX_HTTP_SECKILL_CONSOLE_BODY(id##_gz) }

#define FILE  NGX_HTTP_SECKILL_CONSOLE_FILE


static void ngx_http_seckill_console_file_etag(
    ngx_http_seckill_console_body_t *body);


static ngx_http_seckill_console_file_t  ngx_http_seckill_console_files[] = {
    FILE("", "text/html", html),
    FILE("console.js", "text/javascript", js),
    FILE("console.css", "text/css", css),
    FILE("icon.svg", "image/svg+xml", svg),
    FILE("LICENSES.txt", "text/plain", txt)
};


#undef FILE

#define NGX_HTTP_SECKILL_CONSOLE_FILES                                       \
    (sizeof(ngx_http_seckill_console_files)                                  \
     / sizeof(ngx_http_seckill_console_files[0]))


void
ngx_http_seckill_console_file_init(void)
{
    ngx_uint_t                        i;
    ngx_http_seckill_console_file_t  *file;

    file = ngx_http_seckill_console_files;

    for (i = 0; i < NGX_HTTP_SECKILL_CONSOLE_FILES; i++) {
        ngx_http_seckill_console_file_etag(&file[i].plain);
        ngx_http_seckill_console_file_etag(&file[i].gzip);
    }
}


static void
ngx_http_seckill_console_file_etag(ngx_http_seckill_console_body_t *body)
{
    u_char  *p;
    u_char   hash[crypto_hash_sha256_BYTES];

    (void) crypto_hash_sha256(hash, body->start, body->end - body->start);

    p = body->etag;

    *p++ = '"';
    p = ngx_hex_dump(p, hash, NGX_HTTP_SECKILL_CONSOLE_HASH_SIZE);
    *p++ = '"';
    *p = '\0';
}


ngx_http_seckill_console_file_t *
ngx_http_seckill_console_file_find(ngx_str_t *name)
{
    ngx_uint_t                        i;
    ngx_http_seckill_console_file_t  *file;

    file = ngx_http_seckill_console_files;

    for (i = 0; i < NGX_HTTP_SECKILL_CONSOLE_FILES; i++) {
        if (file[i].name.len == name->len
            && ngx_memcmp(file[i].name.data, name->data, name->len) == 0)
        {
            return &file[i];
        }
    }

    return NULL;
}
