/*
 * What the files of the operator's API share: its routes, and a request while
 * it is answered.  Pages are read in threads; commands are done by the drainer;
 * meanwhile the request waits.
 */


#ifndef _NGX_HTTP_SECKILL_API_H_INCLUDED_
#define _NGX_HTTP_SECKILL_API_H_INCLUDED_


#include "ngx_http_seckill.h"
#include "sk_body.h"


#pragma GCC visibility push(hidden)


typedef struct ngx_http_seckill_call_s  ngx_http_seckill_call_t;


/* connections that pages are read through, one page at a time */

typedef struct {
    ngx_queue_t                 queue;      /* of pages->readers */
    sk_reader_t                *reader;
} ngx_http_seckill_reader_t;


/* what reads pages of a zone in this process */

typedef struct {
    ngx_queue_t                 queue;      /* of the process's */
    ngx_seckill_zone_t         *zone;
    ngx_queue_t                 readers;    /* that are free */
    ngx_uint_t                  n_readers;
    ngx_queue_t                 parked;     /* that wait for one */
    ngx_event_t                 next;       /* there is one for them */
    int64_t                     events_us;  /* none are read before, while
                                               claims wait */
} ngx_http_seckill_pages_t;


/* what follows a collection's name in the path */

typedef enum {
    NGX_HTTP_SECKILL_ALL = 0,
    NGX_HTTP_SECKILL_NUMBER,
    NGX_HTTP_SECKILL_NAME
} ngx_http_seckill_object_e;


typedef struct {
    ngx_str_t                   collection;
    ngx_http_seckill_object_e   object;
    ngx_str_t                   verb;
    ngx_uint_t                  method;
    ngx_int_t                 (*handler)(ngx_http_seckill_call_t *call);
    ngx_uint_t                  what;       /* sk_page_e, sk_command_e */
} ngx_http_seckill_route_t;


struct ngx_http_seckill_call_s {
    ngx_seckill_wait_t          wait;       /* the first member */
    ngx_http_request_t         *request;
    ngx_seckill_zone_t         *zone;
    ngx_http_seckill_route_t   *route;
    ngx_str_t                   by;         /* SK_COMMAND_BY_SIZE_MAX at most */

    void                      (*resume)(ngx_http_seckill_call_t *call,
                                        ngx_uint_t reached);
    ngx_msec_t                  limit;      /* of a page, in all its waits */

    uint64_t                    id;         /* of the path */
    ngx_str_t                   name;

    /* a page */

    sk_page_t                   page;
    ngx_msec_t                  patience;   /* for events, 0: none */
    int64_t                     took_us;    /* to read it */
    ngx_http_seckill_pages_t   *pages;
    ngx_http_seckill_reader_t  *reader;
    ngx_queue_t                 queue;      /* of pages->parked */
    ngx_seckill_task_t          task;

    /* a command */

    ngx_str_t                   key;        /* of idempotency */
    uint64_t                    ticket;     /* 0: not posted yet */
    u_char                     *body;
    size_t                      body_len;
    size_t                      body_max;   /* that there is memory for */

    unsigned                    parked:1;   /* until a reader is free */
    unsigned                    running:1;  /* in a thread */
    unsigned                    gone:1;     /* its client has left */
    unsigned                    last:1;     /* it waits no more */
    unsigned                    read_only:1;    /* its key may only read */
};


/* ngx_http_seckill_api.c */

/* whether this is all that a request's path has after the location's */
ngx_uint_t ngx_http_seckill_api_is(ngx_http_request_t *r, const char *name);

/* ngx_http_seckill_access.c */

/* NGX_DECLINED: the caller may, and call->by says who it is; else it is
   answered */
ngx_int_t ngx_http_seckill_access(ngx_http_seckill_call_t *call);

/* ngx_http_seckill_call.c */

/* has it wait, see ngx_seckill_wait(): then "resume" is called */
void ngx_http_seckill_call_wait(ngx_http_seckill_call_t *call,
    ngx_seckill_wait_e what, uint64_t number, ngx_msec_t timeout,
    void (*resume)(ngx_http_seckill_call_t *call, ngx_uint_t reached));

/* what is left until a time, in ms; 0: it is over */
ngx_msec_t ngx_http_seckill_call_left(ngx_msec_t until);

/* 503, and why the zone does not serve; "otherwise" if it does */
ngx_int_t ngx_http_seckill_call_unavailable(ngx_http_seckill_call_t *call,
    const char *otherwise);

/* ngx_http_seckill_args.c */

/*
 * The arguments of a page, which is given by its bit as in
 * SK_PAGE_LISTS, 0 for what has none; NGX_ERROR: "wrong" says which
 * one is.
 */
ngx_int_t ngx_http_seckill_args(ngx_http_seckill_call_t *call, ngx_uint_t page,
    sk_wrong_t *wrong);

/* the answer to arguments that are wrong */
ngx_int_t ngx_http_seckill_args_send(ngx_http_request_t *r,
    sk_wrong_t *wrong);

/* ngx_http_seckill_page.c */

ngx_int_t ngx_http_seckill_page_handler(ngx_http_seckill_call_t *call);
/* reads it: NGX_DONE if that is still to come, else the request's end */
ngx_int_t ngx_http_seckill_page_run(ngx_http_seckill_call_t *call);
void ngx_http_seckill_page_cleanup(ngx_http_seckill_call_t *call);
/* a reader is free again, for those that are parked */
void ngx_http_seckill_page_next(ngx_event_t *ev);

/* ngx_http_seckill_events.c */

/* reads a page of events, or waits until it may be read and is worth it */
ngx_int_t ngx_http_seckill_events_begin(ngx_http_seckill_call_t *call);
/* there was none: waits for one */
void ngx_http_seckill_events_more(ngx_http_seckill_call_t *call);
/* a page of events was read: others come first for a while */
void ngx_http_seckill_events_read(ngx_http_seckill_call_t *call);

/* ngx_http_seckill_reader.c */

/* those of a zone; NULL: there is no memory */
ngx_http_seckill_pages_t *ngx_http_seckill_reader_pages(
    ngx_seckill_zone_t *zone, ngx_log_t *log);
/* one that is free, or NULL: NGX_HTTP_SECKILL_READERS_MAX are in use, or there
   is no memory */
ngx_http_seckill_reader_t *ngx_http_seckill_reader_get(
    ngx_http_seckill_pages_t *pages, ngx_log_t *log);

/* ngx_http_seckill_command.c */

ngx_int_t ngx_http_seckill_command_handler(ngx_http_seckill_call_t *call);
void ngx_http_seckill_command_cleanup(ngx_http_seckill_call_t *call);

/* ngx_http_seckill_head.c */

#define NGX_HTTP_SECKILL_HEAD_SIZE                                           \
    (sizeof("{\"number\":,\"chain\":\"\"}") - 1 + NGX_INT64_LEN             \
     + 2 * SK_CHAIN_SIZE)

ngx_int_t ngx_http_seckill_head_handler(ngx_http_seckill_call_t *call);
/* prints a head, NGX_HTTP_SECKILL_HEAD_SIZE bytes at most */
u_char *ngx_http_seckill_head_print(u_char *p, const sk_head_t *head);

/* ngx_http_seckill_health.c */

ngx_int_t ngx_http_seckill_health_handler(ngx_http_seckill_call_t *call);

/* ngx_http_seckill_health_log.c */

/* what is known of the log, as JSON; empty where there is none.  NGX_ERROR:
   there is no memory */
ngx_int_t ngx_http_seckill_health_log(ngx_http_request_t *r, sk_zone_t *zone,
    ngx_str_t *json);

/* ngx_http_seckill_machines.c */

ngx_int_t ngx_http_seckill_machines_handler(ngx_http_seckill_call_t *call);
ngx_int_t ngx_http_seckill_machines_begin_handler(
    ngx_http_seckill_call_t *call);
ngx_int_t ngx_http_seckill_machines_forget_handler(
    ngx_http_seckill_call_t *call);

/* ngx_http_seckill_me.c */

ngx_int_t ngx_http_seckill_me_handler(ngx_http_seckill_call_t *call);

/* ngx_http_seckill_openapi.c */

ngx_int_t ngx_http_seckill_openapi_handler(ngx_http_seckill_call_t *call);

/* ngx_http_seckill_receipt_keys.c */

ngx_int_t ngx_http_seckill_receipt_keys_handler(ngx_http_seckill_call_t *call);
/* answers that no seckill_receipt is in effect */
ngx_int_t ngx_http_seckill_receipt_keys_none(ngx_http_request_t *r);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_API_H_INCLUDED_ */
