/*
 * The glue between nginx and the engine: configuration, requests, processes.
 * What is decided, and how, is in src/core and src/helper; here is who calls it
 * and when.
 */


#ifndef _NGX_HTTP_SECKILL_H_INCLUDED_
#define _NGX_HTTP_SECKILL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "sk_drain.h"
#include "sk_query.h"
#include "sk_gate.h"
#include "sk_page.h"


#pragma GCC visibility push(hidden)


#define NGX_HTTP_SECKILL_TIMEOUT_MS       5000  /* default of timeout= */
#define NGX_HTTP_SECKILL_TIMEOUT_MAX_MS  3600000
#define NGX_HTTP_SECKILL_WATCH_MS           10  /* look after who waits */
#define NGX_HTTP_SECKILL_ROLE_RETRY_MS      10  /* another one drains */
#define NGX_HTTP_SECKILL_RETRY_MS         1000  /* what could not be had */
#define NGX_HTTP_SECKILL_STAND_IN_MS      1000  /* nobody drains for so long */
#define NGX_HTTP_SECKILL_HELPER_MS   (60 * 60 * 1000)   /* it has own timers */
#define NGX_HTTP_SECKILL_STEPS_MAX          16  /* of the drainer, at once */
#define NGX_HTTP_SECKILL_PAGE_LIMIT        100  /* default of limit= */
#define NGX_HTTP_SECKILL_EVENTS_WAIT_MAX    55  /* seconds, below the 60 of
                                                   proxy_read_timeout */
#define NGX_HTTP_SECKILL_GATHER_MS         100  /* events, while one waits */
#define NGX_HTTP_SECKILL_AGAIN_MS          100  /* query tables are behind */
#define NGX_HTTP_SECKILL_CALM_MS           100  /* since a claim had to wait */
#define NGX_HTTP_SECKILL_EVENTS_REST        29  /* turns of rest for one of
                                                   reading, while claims wait */
#define NGX_HTTP_SECKILL_API_MS           5000  /* a request of the API waits */
#define NGX_HTTP_SECKILL_READERS_MAX         8  /* pages read at a time */
#define NGX_HTTP_SECKILL_THREADS_MAX         4  /* of a worker, that read */
#define NGX_HTTP_SECKILL_KEY_FILE_MAX    65536  /* bytes */
#define NGX_HTTP_SECKILL_KEY_HASH_SIZE      32
#define NGX_HTTP_SECKILL_KEY_MIN            16  /* bytes */
#define NGX_HTTP_SECKILL_RETRY_AFTER       "1"  /* seconds */


/*
 * How processes wake each other: one eventfd for the drainer and one, edge
 * triggered in each worker, for all who wait; and what operators command.  Made
 * by the master before it forks, kept over reloads while the zone's memory is.
 */

typedef struct {
    ngx_fd_t                    drainer;
    ngx_fd_t                    workers;
    sk_commands_t              *commands;
    ngx_uint_t                  refs;       /* cycles that use it */
} ngx_http_seckill_wake_t;


typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   store;      /* full path */
    size_t                      size;
    ngx_uint_t                  queue;      /* 0: the default */
    ngx_uint_t                  workers;    /* sets of counters */
    ngx_flag_t                  full;       /* sync=full */
    ngx_array_t                 sales;      /* sk_sale_def_t */
    u_char                     *conf_file;  /* of its first use */
    ngx_uint_t                  line;

    ngx_shm_zone_t             *shm_zone;   /* NULL: not declared */
    sk_zone_t                  *shm;
    ngx_http_seckill_wake_t    *wake;

    /* the process's own */

    ngx_queue_t                 waits;      /* by ticket */
    ngx_queue_t                 loading;    /* wait until the ledger is read */
    ngx_queue_t                 free;       /* records to use again */
    ngx_uint_t                  n_waits;
    ngx_msec_t                  deadline;   /* no request's is earlier */
    ngx_msec_t                  waited;     /* when a claim had to, last */
    sk_sale_t                  *last_sale;
    ngx_event_t                 watch;

    _Atomic uint64_t           *seq;        /* the ledger's end, or NULL */
    ngx_event_t                 seq_event;  /* tries to get it */

    ngx_event_t                 drain_event;
    sk_drain_t                  drain;
    sk_filler_t                *filler;     /* of the query tables */

    ngx_queue_t                 asks;       /* of the API, that wait */
    ngx_queue_t                 readers;    /* of pages, that are free */
    ngx_queue_t                 pages;      /* that wait for a reader */
    ngx_event_t                 next_page;  /* there is one for them */
    ngx_uint_t                  n_readers;
    ngx_uint_t                  n_pages;    /* being read, or to be */
    int64_t                     events_us;  /* none are read before, while
                                               claims wait */

    ngx_event_t                 stand_in;   /* looks whether anybody drains */

    unsigned                    role:1;     /* this process drains */
    unsigned                    watched:1;  /* the drainer's eventfd */
    unsigned                    deserted:1; /* nobody drained at the last look */
    unsigned                    seq_told:1; /* that it cannot be had */
    unsigned                    complete:1; /* has all declared sales */
} ngx_http_seckill_zone_t;


typedef struct {
    ngx_array_t                 zones;      /* ngx_http_seckill_zone_t * */
    ngx_path_t                 *path;       /* that has the manager */
    ngx_uint_t                  started;    /* the helper */
} ngx_http_seckill_main_conf_t;


/* a parameter that is a complex value */

typedef struct {
    ngx_str_t                   arg;        /* of "$arg_NAME" alone: NAME */
    ngx_http_complex_value_t    value;
    unsigned                    encoded:1;  /* has something of the URL */
} ngx_http_seckill_value_t;


typedef struct {
    u_char                      hash[NGX_HTTP_SECKILL_KEY_HASH_SIZE];
    ngx_str_t                   label;
    unsigned                    read_only:1;
} ngx_http_seckill_key_t;


typedef struct {
    ngx_http_seckill_zone_t    *zone;

    ngx_http_seckill_value_t    sale;
    ngx_http_seckill_value_t    user;
    ngx_msec_t                  timeout;

    ngx_http_handler_pt         handler;
    ngx_array_t                *keys;       /* NULL: key=off */
    ngx_http_complex_value_t   *by;         /* who it is, without a key */
    ngx_uint_t                  json;       /* metrics */
} ngx_http_seckill_loc_conf_t;


/* what a thread does, and the worker when that is done */

typedef struct {
    ngx_queue_t                 queue;
    void                      (*run)(void *data);
    void                      (*done)(void *data);
    void                       *data;
} ngx_http_seckill_task_t;


/* a buyer's request, while it is looked at or waits */

typedef struct {
    ngx_http_seckill_zone_t    *zone;
    ngx_str_t                   sale_name;
    ngx_str_t                   user;
    sk_sale_t                  *sale;
    ngx_msec_t                  timeout;
    unsigned                    ask:1;      /* GET, HEAD */
    unsigned                    plain:1;    /* the user is the same in JSON */
} ngx_http_seckill_claim_t;


extern ngx_module_t  ngx_http_seckill_module;


/* ngx_http_seckill_conf.c */

void *ngx_http_seckill_create_main_conf(ngx_conf_t *cf);
void *ngx_http_seckill_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_seckill_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
char *ngx_http_seckill(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_seckill_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_seckill_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_param.c */

/* whether an argument is "name=value"; "name" has the "=" */
ngx_uint_t ngx_http_seckill_param(ngx_str_t *arg, const char *name,
    ngx_str_t *value);
/* refuses "zone=a zone=b" */
ngx_int_t ngx_http_seckill_param_once(ngx_conf_t *cf);
/* logs that a parameter is invalid, and what is allowed: NGX_CONF_ERROR */
char *ngx_http_seckill_param_invalid(ngx_conf_t *cf, ngx_str_t *arg,
    const char *allowed);
/* the same for one that is missing */
char *ngx_http_seckill_param_missing(ngx_conf_t *cf, const char *name);
ngx_int_t ngx_http_seckill_param_number(ngx_str_t *value, int64_t min,
    int64_t max, int64_t *number);
/* RFC 3339; of a second's fraction, what is below a millisecond is dropped */
ngx_int_t ngx_http_seckill_param_time(ngx_str_t *value, int64_t *ms);
char *ngx_http_seckill_param_value(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_seckill_value_t *value);

/* ngx_http_seckill_sale.c */

char *ngx_http_seckill_sale(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* whether the configuration declares a sale that the zone does not have yet */
ngx_uint_t ngx_http_seckill_sale_pending(ngx_http_seckill_zone_t *zone,
    ngx_str_t *name);

/* ngx_http_seckill_path.c */

/* gives the directory of a store to nginx, and the helper with it */
ngx_int_t ngx_http_seckill_path_init(ngx_conf_t *cf,
    ngx_http_seckill_zone_t *zone);

/* whether two stores are one file, as far as they are there */
ngx_uint_t ngx_http_seckill_path_same(ngx_str_t *one, ngx_str_t *two);

/* ngx_http_seckill_zone.c */

char *ngx_http_seckill_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_seckill_init_zones(ngx_conf_t *cf);
/* the zone of that name, to be declared before or after */
ngx_http_seckill_zone_t *ngx_http_seckill_zone_get(ngx_conf_t *cf,
    ngx_str_t *name);
/* whether a zone takes claims now: NGX_OK, or NGX_ERROR with the reason */
ngx_int_t ngx_http_seckill_health(sk_zone_t *zone, char *reason);

/* ngx_http_seckill_key.c */

ngx_array_t *ngx_http_seckill_keys_read(ngx_conf_t *cf, ngx_str_t *file);
/* the key of an Authorization header, or NULL */
ngx_http_seckill_key_t *ngx_http_seckill_key_find(ngx_array_t *keys,
    ngx_str_t *authorization);

/* ngx_http_seckill_claim.c */

ngx_int_t ngx_http_seckill_handler(ngx_http_request_t *r);
/* asks the zone; NGX_AGAIN: wait */
ngx_int_t ngx_http_seckill_claim_run(ngx_http_seckill_claim_t *claim,
    sk_answer_t *answer);
/* sends the answer to a claim or a question, and counts it */
ngx_int_t ngx_http_seckill_claim_answer(ngx_http_request_t *r,
    ngx_http_seckill_claim_t *claim, sk_answer_t *answer);

/* ngx_http_seckill_wait.c */

ngx_int_t ngx_http_seckill_wait_init(ngx_http_seckill_zone_t *zone,
    ngx_cycle_t *cycle);
/* parks a request until its ticket is decided */
ngx_int_t ngx_http_seckill_wait(ngx_http_request_t *r,
    ngx_http_seckill_claim_t *claim, sk_answer_t *answer);
/* answers all whose ticket is decided */
void ngx_http_seckill_wait_decided(ngx_http_seckill_zone_t *zone);
/* has those that wait looked after */
void ngx_http_seckill_wait_start(ngx_http_seckill_zone_t *zone);
/* the process leaves: what waits, or has waited, is not of any pool */
void ngx_http_seckill_wait_exit(ngx_http_seckill_zone_t *zone);

/* ngx_http_seckill_process.c */

ngx_int_t ngx_http_seckill_init_process(ngx_cycle_t *cycle);
void ngx_http_seckill_exit_process(ngx_cycle_t *cycle);
ngx_msec_t ngx_http_seckill_helper(void *data);
/* takes the drainer's role if it is free; NGX_OK, NGX_AGAIN */
ngx_int_t ngx_http_seckill_drain_take(ngx_http_seckill_zone_t *zone);
void ngx_http_seckill_drain_leave(ngx_http_seckill_zone_t *zone);
/* an admitted claim is in the queue */
void ngx_http_seckill_drain_wake(ngx_http_seckill_zone_t *zone);
ngx_int_t ngx_http_seckill_watch_fd(ngx_cycle_t *cycle, ngx_fd_t fd,
    ngx_event_handler_pt handler, void *data, ngx_uint_t flags);

/* ngx_http_seckill_reply.c */

/* whether a string is the same in JSON: mostly it is */
ngx_uint_t ngx_http_seckill_plain(ngx_str_t *s);
/* bytes that a string takes in JSON, without the quotes */
size_t ngx_http_seckill_json_len(ngx_str_t *s);
/* always valid JSON: what is no UTF-8 becomes U+FFFD */
u_char *ngx_http_seckill_json(u_char *p, ngx_str_t *s);
ngx_int_t ngx_http_seckill_header(ngx_http_request_t *r, const char *name,
    const char *value);

/* how often a request has a header, and the last one's value */
ngx_int_t ngx_http_seckill_header_in(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);
ngx_int_t ngx_http_seckill_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_buf_t *b);
/* {"code":...,"result":"...","message":"..."} */
ngx_int_t ngx_http_seckill_send_error(ngx_http_request_t *r,
    sk_result_e result, const char *message);
/* the same with another HTTP status, and with "field" if that is not NULL */
ngx_int_t ngx_http_seckill_send_message(ngx_http_request_t *r,
    sk_result_e result, ngx_uint_t status, const char *message,
    const char *field);
/* 405; "methods" is the value of the header Allow */
ngx_int_t ngx_http_seckill_not_allowed(ngx_http_request_t *r,
    const char *methods);

extern ngx_str_t  ngx_http_seckill_json_type;

/* ngx_http_seckill_api.c */

ngx_int_t ngx_http_seckill_api_handler(ngx_http_request_t *r);

/* ngx_http_seckill_ask.c */

/* answers requests of the API that have waited long enough */
void ngx_http_seckill_ask_look(ngx_http_seckill_zone_t *zone);

/* whether one of them waits for the drainer */
ngx_uint_t ngx_http_seckill_ask_drains(ngx_http_seckill_zone_t *zone);

/* ngx_http_seckill_page.c */

/* the handler of zone->next_page */
void ngx_http_seckill_page_next(ngx_event_t *ev);

/* ngx_http_seckill_reader.c */

/* the process leaves */
void ngx_http_seckill_page_exit(ngx_http_seckill_zone_t *zone);

/* ngx_http_seckill_thread.c */

/*
 * Has a task run in a thread of the worker's, and then done, in an event of its
 * own.  NGX_ERROR: there is no thread, the caller is to do it.
 */
ngx_int_t ngx_http_seckill_thread_post(ngx_http_seckill_task_t *task,
    ngx_log_t *log);
/* the process leaves: what runs is waited for, and nothing is done any more */
void ngx_http_seckill_thread_exit(void);

/* ngx_http_seckill_metrics.c */

ngx_int_t ngx_http_seckill_metrics_handler(ngx_http_request_t *r);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_H_INCLUDED_ */
