/*
 * A second user of zones, for the tests: claims over TCP, a line each, where
 * there is no "http" block and no code of it.
 *
 *   seckill_line 127.0.0.1:8090 zone=drop:1m store=FILE sale=phone:10;
 *
 *   -> phone alice
 *   <- won 2
 */

#include "ngx_seckill.h"


#define NGX_SECKILL_LINE_SIZE        512        /* bytes of a line */
#define NGX_SECKILL_LINE_TIMEOUT_MS  5000


typedef struct {
    ngx_seckill_claim_t   claim;                /* the first member */
    ngx_connection_t     *connection;
    size_t                len;
    u_char                buf[NGX_SECKILL_LINE_SIZE];
} ngx_seckill_line_t;


static char *ngx_seckill_line(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_seckill_line_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_seckill_params_t *params, sk_sale_def_t *sale);
static ngx_int_t ngx_seckill_line_listen(ngx_conf_t *cf, ngx_str_t *addr,
    ngx_seckill_zone_t *zone);
static void ngx_seckill_line_init(ngx_connection_t *c);
static void ngx_seckill_line_read(ngx_event_t *rev);
static ngx_int_t ngx_seckill_line_next(ngx_seckill_line_t *line);
static void ngx_seckill_line_done(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);
static ngx_int_t ngx_seckill_line_send(ngx_seckill_line_t *line,
    sk_answer_t *answer);
static void ngx_seckill_line_close(ngx_connection_t *c);


static ngx_command_t  ngx_seckill_line_commands[] = {

    { ngx_string("seckill_line"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_2MORE,
      ngx_seckill_line,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_seckill_line_module_ctx = {
    ngx_string("seckill_line"),
    NULL,
    NULL
};


ngx_module_t  ngx_seckill_line_module = {
    NGX_MODULE_V1,
    &ngx_seckill_line_module_ctx,          /* module context */
    ngx_seckill_line_commands,             /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_seckill_line(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *arg;
    ngx_uint_t             i;
    sk_sale_def_t          sale, *declared;
    ngx_seckill_zone_t    *zone;
    ngx_seckill_params_t   params;

    ngx_memzero(&params, sizeof(ngx_seckill_params_t));
    params.full = 1;

    sale = sk_sale_initial;
    arg = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_seckill_line_param(cf, &arg[i], &params, &sale) != NGX_OK) {
            return "has an invalid parameter";
        }
    }

    if (ngx_seckill_conf_declare(cf, &params) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    zone = ngx_seckill_conf_zone(cf, &params.name);
    declared = ngx_array_push(&zone->sales);

    if (declared == NULL
        || ngx_seckill_line_listen(cf, &arg[1], zone) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *declared = sale;

    return NGX_CONF_OK;
}


/* NAME=VALUE:VALUE, or "store=" */

static ngx_int_t
ngx_seckill_line_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_seckill_params_t *params, sk_sale_def_t *sale)
{
    u_char     *p;
    ngx_str_t   first, second;

    if (ngx_strncmp(arg->data, "store=", 6) == 0) {
        params->store.data = arg->data + 6;
        params->store.len = arg->len - 6;
        return NGX_OK;
    }

    first.data = arg->data + 5;
    p = (u_char *) ngx_strchr(arg->data, ':');

    if (arg->len < 5 || p == NULL || p < first.data) {
        return NGX_ERROR;
    }

    first.len = p - first.data;
    second.data = p + 1;
    second.len = arg->data + arg->len - second.data;

    if (ngx_strncmp(arg->data, "zone=", 5) == 0) {
        params->name = first;
        params->size = ngx_parse_size(&second);
        return NGX_OK;
    }

    sale->name_len = first.len;
    ngx_memcpy(sale->name, first.data, first.len);
    sale->stock = ngx_atoi(second.data, second.len);

    return NGX_OK;
}


static ngx_int_t
ngx_seckill_line_listen(ngx_conf_t *cf, ngx_str_t *addr,
    ngx_seckill_zone_t *zone)
{
    ngx_url_t         u;
    ngx_listening_t  *ls;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *addr;
    u.listen = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    ls = ngx_create_listening(cf, u.addrs[0].sockaddr, u.addrs[0].socklen);
    if (ls == NULL) {
        return NGX_ERROR;
    }

    ls->addr_ntop = 1;
    ls->handler = ngx_seckill_line_init;
    ls->pool_size = 2 * NGX_SECKILL_LINE_SIZE;
    ls->servers = zone;
    ls->logp = &cf->cycle->new_log;

    return NGX_OK;
}


static void
ngx_seckill_line_init(ngx_connection_t *c)
{
    ngx_seckill_line_t  *line;

    line = ngx_pcalloc(c->pool, sizeof(ngx_seckill_line_t));

    if (line == NULL) {
        ngx_seckill_line_close(c);
        return;
    }

    line->connection = c;
    line->claim.zone = c->listening->servers;
    line->claim.timeout = NGX_SECKILL_LINE_TIMEOUT_MS;
    line->claim.done = ngx_seckill_line_done;

    c->data = line;
    c->read->handler = ngx_seckill_line_read;

    if (c->read->ready) {
        ngx_seckill_line_read(c->read);

    } else if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_seckill_line_close(c);
    }
}


static void
ngx_seckill_line_read(ngx_event_t *rev)
{
    ssize_t              n;
    ngx_connection_t    *c;
    ngx_seckill_line_t  *line;

    c = rev->data;
    line = c->data;

    /* what there is no room for is read when one that waits is answered */

    while (line->len < NGX_SECKILL_LINE_SIZE) {

        n = c->recv(c, line->buf + line->len,
                    NGX_SECKILL_LINE_SIZE - line->len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n > 0) {
            line->len += n;
        }

        if (n <= 0 || ngx_seckill_line_next(line) != NGX_OK) {
            ngx_seckill_line_close(c);
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_seckill_line_close(c);
    }
}


/* answers what is there, as long as nothing has to be waited for */

static ngx_int_t
ngx_seckill_line_next(ngx_seckill_line_t *line)
{
    u_char               *end, *blank;
    ngx_int_t             rc;
    sk_answer_t           answer;
    ngx_seckill_claim_t  *claim;

    claim = &line->claim;

    while (!claim->wait.waiting
           && (end = memchr(line->buf, '\n', line->len)) != NULL)
    {
        blank = memchr(line->buf, ' ', end - line->buf);

        if (blank == NULL || end == blank + 1
            || end - blank - 1 > SK_USER_SIZE_MAX)
        {
            return NGX_ERROR;
        }

        ngx_memzero(&claim->wait, sizeof(ngx_seckill_wait_t));

        claim->sale = NULL;
        claim->sale_name.data = line->buf;
        claim->sale_name.len = blank - line->buf;
        claim->user.data = blank + 1;
        claim->user.len = end - blank - 1;

        rc = ngx_seckill_claim(claim, &answer);

        if (rc == NGX_AGAIN) {
            ngx_seckill_claim_wait(claim, &answer);
            return NGX_OK;
        }

        if (ngx_seckill_line_send(line, &answer) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (line->len == NGX_SECKILL_LINE_SIZE && !claim->wait.waiting)
           ? NGX_ERROR : NGX_OK;
}


static void
ngx_seckill_line_done(ngx_seckill_claim_t *claim, sk_answer_t *answer)
{
    ngx_seckill_line_t  *line;

    line = (ngx_seckill_line_t *) claim;

    if (ngx_seckill_line_send(line, answer) != NGX_OK
        || ngx_seckill_line_next(line) != NGX_OK)
    {
        ngx_seckill_line_close(line->connection);
        return;
    }

    ngx_seckill_line_read(line->connection->read);
}


static ngx_int_t
ngx_seckill_line_send(ngx_seckill_line_t *line, sk_answer_t *answer)
{
    u_char             text[64], *last, *end;
    ngx_connection_t  *c;

    c = line->connection;

    last = ngx_sprintf(text, "%s %uL\n", sk_results[answer->result].name,
                       answer->order);

    if (c->send(c, text, last - text) != last - text) {
        return NGX_ERROR;
    }

    end = memchr(line->buf, '\n', line->len);

    line->len -= end + 1 - line->buf;
    ngx_memmove(line->buf, end + 1, line->len);

    return NGX_OK;
}


static void
ngx_seckill_line_close(ngx_connection_t *c)
{
    ngx_pool_t          *pool;
    ngx_seckill_line_t  *line;

    line = c->data;
    pool = c->pool;

    if (line) {
        ngx_seckill_wait_end(&line->claim.wait);
    }

    ngx_close_connection(c);
    ngx_destroy_pool(pool);
}
