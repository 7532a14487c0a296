/*
 * Zones at run time, without a protocol: memory, store, waking, waiting, the
 * drainer's role.  A module that speaks HTTP, or something else, asks for a
 * zone while it reads its configuration (ngx_seckill_conf_zone()), claims from
 * it (ngx_seckill_claim()), and lets wait what is not decided yet
 * (ngx_seckill_claim_wait(), ngx_seckill_wait()).  What is decided, and how, is
 * the engine's.
 */


#ifndef _NGX_SECKILL_H_INCLUDED_
#define _NGX_SECKILL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <pthread.h>

#include "sk_drain.h"
#include "sk_gate.h"
#include "sk_machines.h"
#include "sk_query.h"


#pragma GCC visibility push(hidden)


#define NGX_SECKILL_TIMEOUT_MAX_MS   3600000    /* of who waits */
#define NGX_SECKILL_WATCH_MS              10    /* look after who waits */
#define NGX_SECKILL_RETRY_MS            1000    /* what could not be had */
#define NGX_SECKILL_STAND_IN_MS         1000    /* nobody drains for so long */
#define NGX_SECKILL_ROLE_RETRY_MS         10    /* another one drains */
#define NGX_SECKILL_HELPER_MS  (60 * 60 * 1000)     /* it has own timers */
#define NGX_SECKILL_THREADS_MAX            4    /* of a worker */
#define NGX_SECKILL_GATHER                16    /* claims decided at once: the
                                                   next ones wait for more, */
#define NGX_SECKILL_GATHER_MS              1    /* but no longer */
#define NGX_SECKILL_QUIET_MS               5    /* before other machines are
                                                   listened to */
#define NGX_SECKILL_MEMORY_KEPT  (16 * 1024 * 1024)     /* free, of a process */
#define NGX_SECKILL_TOUCH         (256 * 1024)      /* of a zone, in bytes, at
                                                       once */
#define NGX_SECKILL_TOUCH_MS               1


typedef struct ngx_seckill_zone_s   ngx_seckill_zone_t;
typedef struct ngx_seckill_wait_s   ngx_seckill_wait_t;
typedef struct ngx_seckill_claim_s  ngx_seckill_claim_t;


/*
 * How processes wake each other: one eventfd for the drainer and one, edge
 * triggered in each worker, for all who wait; and what operators command.  Made
 * by the master before it forks, kept over reloads while the zone's memory is.
 */

typedef struct {
    ngx_fd_t                 drainer;
    ngx_fd_t                 workers;
    sk_commands_t           *commands;
    ngx_uint_t               refs;          /* cycles that use it */
} ngx_seckill_wake_t;


/* the thread that drains a zone, see ngx_seckill_drainer.c */

typedef struct {
    /* the main thread's */

    pthread_t                thread;
    unsigned                 started:1;     /* and not joined */
    unsigned                 told:1;        /* that it cannot be started */

    /* both see them */

    _Atomic uint32_t         stopping;      /* it is to end */
    _Atomic uint32_t         leaving;       /* the worker is exiting: what its
                                               configuration has may be old */
    _Atomic uint32_t         ended;
    _Atomic(_Atomic uint64_t *)  seq;       /* once the main thread has it */

    /* the thread's */

    sk_machines_t           *machines;
} ngx_seckill_drainer_t;


/* what somebody may wait for: until the zone's number has come to his */

typedef enum {
    NGX_SECKILL_CURRENT = 0,    /* none: the zone has seen what was told of its
                                   store, or that fails */
    NGX_SECKILL_DECIDED,        /* a claim's ticket */
    NGX_SECKILL_COMMANDED,      /* a command's ticket */
    NGX_SECKILL_APPLIED,        /* an event's, in the zone */
    NGX_SECKILL_FILLED,         /* an event's, in the query tables */
    NGX_SECKILL_TIME,           /* none, until the deadline */
    NGX_SECKILL_WAITS
} ngx_seckill_wait_e;


/* "reached" is 0 if it was not until the deadline; the record is free again */

typedef void (*ngx_seckill_wait_pt)(ngx_seckill_wait_t *w, ngx_uint_t reached);


/* one who waits: a member of what he is, in memory of his */

struct ngx_seckill_wait_s {
    ngx_queue_t              queue;         /* of the zone's, by number */
    ngx_seckill_zone_t      *zone;
    uint64_t                 number;
    ngx_msec_t               deadline;
    ngx_seckill_wait_pt      done;
    unsigned                 what:4;        /* ngx_seckill_wait_e */
    unsigned                 waiting:1;
    unsigned                 idle:1;        /* no longer than the process
                                               serves: set by the caller */
};


struct ngx_seckill_zone_s {
    ngx_str_t                name;
    ngx_str_t                store;         /* full path */
    size_t                   size;
    ngx_uint_t               queue;         /* 0: the default */
    ngx_uint_t               workers;       /* sets of counters */
    ngx_core_conf_t         *core;          /* whose they are */
    ngx_flag_t               full;          /* fsync before each answer */
    sk_machines_conf_t      *machines;      /* that share it, or NULL */
    ngx_uint_t               alone;         /* even if others shared it */
    sk_secret_t             *secret;        /* of seeds, or NULL */
    ngx_array_t              sales;         /* sk_sale_def_t, declared */
    u_char                  *conf_file;     /* of its first use */
    ngx_uint_t               line;

    ngx_shm_zone_t          *shm_zone;      /* NULL: not declared */
    sk_zone_t               *shm;
    ngx_seckill_wake_t      *wake;

    /* the process's own */

    _Atomic uint64_t        *seq;           /* the ledger's end, or NULL */
    ngx_event_t              seq_event;     /* tries to get it */

    ngx_queue_t              waits[NGX_SECKILL_WAITS];
    ngx_uint_t               n_waits[NGX_SECKILL_WAITS];
    ngx_uint_t               n_busy;        /* what a worker that exits has to
                                               end, and does not wait here */
    ngx_msec_t               deadline;      /* no one's is earlier */
    ngx_msec_t               waited;        /* when a claim had to, last */
    ngx_event_t              watch;

    sk_sale_t               *last_sale;

    ngx_event_t              drain_event;   /* starts the drainer: at once,
                                               or where there is none */
    ngx_seckill_drainer_t    drainer;
    sk_drain_t               drain;         /* that thread's, while it is */
    sk_filler_t             *filler;        /* of the query tables */
    ngx_event_t              filler_event;  /* tries to start it */

    ngx_event_t              wake_event;    /* at the end of a turn */

    ngx_event_t              touch_event;   /* gets the zone's pages */
    size_t                   touched;       /* in bytes, of shm */

    void                    *pages;         /* the HTTP module's */
    void                    *streams;       /* likewise */

    unsigned                 deserted:1;    /* nobody drained a second ago */
    unsigned                 complete:1;    /* has all declared sales */
    unsigned                 seq_told:1;    /* that it cannot be had */
    unsigned                 filler_told:1;
};


/* a claim or a question, of any protocol; all zero before it is filled in */

typedef void (*ngx_seckill_claim_pt)(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);


struct ngx_seckill_claim_s {
    ngx_seckill_wait_t       wait;          /* the first member */
    ngx_seckill_zone_t      *zone;
    ngx_str_t                sale_name;
    ngx_str_t                user;          /* SK_INVALID if it is none of 1 to
                                               SK_USER_SIZE_MAX bytes */
    sk_sale_t               *sale;          /* NULL: not looked up yet */
    ngx_msec_t               timeout;
    uint32_t                 want;          /* units in all, to SK_LIMIT_MAX;
                                               0: as many as allowed */
    ngx_uint_t               states;        /* of orders that are meant, see
                                               sk_claim_t */
    int64_t                  start_us;      /* when it was admitted, */
    int64_t                  waited_us;     /* and how long it waited then */
    ngx_seckill_claim_pt     done;
    unsigned                 ask:1;         /* a question */
    unsigned                 admitted:1;
};


/* what a thread does, and the worker when that is done */

typedef struct {
    ngx_queue_t              queue;
    void                   (*run)(void *data);
    void                   (*done)(void *data);
    void                    *data;
} ngx_seckill_task_t;


/* what a directive says of a zone */

typedef struct {
    ngx_str_t                name;
    ssize_t                  size;
    ngx_str_t                store;         /* empty: seckill/NAME.db */
    ngx_uint_t               queue;
    ngx_flag_t               full;
    sk_machines_conf_t      *machines;      /* NULL: it is the only one */
    ngx_uint_t               alone;         /* even if others shared it */
    sk_secret_t             *secret;        /* of seeds; NULL: the store's */
} ngx_seckill_params_t;


/* the zones of a cycle */

typedef struct {
    ngx_array_t              zones;         /* ngx_seckill_zone_t * */
    ngx_path_t              *path;          /* that has the manager */
    ngx_uint_t               started;       /* the helper */
} ngx_seckill_conf_t;


extern ngx_module_t  ngx_seckill_module;


/* ngx_seckill_conf.c */

/* the zone of that name, to be declared before or after; NULL: it is logged */
ngx_seckill_zone_t *ngx_seckill_conf_zone(ngx_conf_t *cf, ngx_str_t *name);

/* declares it: NGX_CONF_OK, NGX_CONF_ERROR */
char *ngx_seckill_conf_declare(ngx_conf_t *cf, ngx_seckill_params_t *params);

/*
 * Declares a sale of a zone, whose fields are within their bounds: NGX_CONF_OK,
 * NGX_CONF_ERROR, or what is wrong with it.
 */
char *ngx_seckill_conf_sale(ngx_conf_t *cf, ngx_seckill_zone_t *zone,
    const sk_sale_def_t *def);

/* after all of the configuration was read */
char *ngx_seckill_conf_init(ngx_cycle_t *cycle, void *conf);

/* the first sale that is declared and that the zone does not have, or NULL */
const sk_sale_def_t *ngx_seckill_conf_missing(ngx_seckill_zone_t *zone);

/* of a sale that is declared and that the zone does not have yet */
ngx_uint_t ngx_seckill_conf_pending(ngx_seckill_zone_t *zone,
    ngx_str_t *sale_name);


/* ngx_seckill_path.c */

/* gives the directory of a store to nginx, and the helper with it */
ngx_int_t ngx_seckill_path_add(ngx_cycle_t *cycle, ngx_seckill_conf_t *conf,
    ngx_seckill_zone_t *zone);

/* whether the worker user may write a store, or make it; logs why not */
ngx_int_t ngx_seckill_path_writable(ngx_seckill_zone_t *zone, ngx_log_t *log);

/* whether two stores are one file, as far as they are there */
ngx_uint_t ngx_seckill_path_same(ngx_str_t *one, ngx_str_t *two);


/* ngx_seckill_zone.c */

/* lays the zone out in shared memory, or takes over what is there */
ngx_int_t ngx_seckill_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/* a cycle's pool is destroyed */
void ngx_seckill_zone_cleanup(void *data);

/* whether it takes claims now: NGX_OK, or NGX_ERROR with the reason, in
   SK_REASON_SIZE_MAX bytes */
ngx_int_t ngx_seckill_zone_health(ngx_seckill_zone_t *zone, char *reason);


/* ngx_seckill_process.c */

ngx_int_t ngx_seckill_process_init(ngx_cycle_t *cycle);
void ngx_seckill_process_exit(ngx_cycle_t *cycle);
/* the manager of the stores' path */
ngx_msec_t ngx_seckill_process_helper(void *data);


/* ngx_seckill_drain.c */

void ngx_seckill_drain_init(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle);
/* drains, and has the query tables filled; a worker, if nobody else does */
void ngx_seckill_drain_start(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle);
/* for an exiting worker in which somebody waits: drains if nobody else does */
void ngx_seckill_drain_last(ngx_seckill_zone_t *zone);
/* what waits for it is in the queue */
void ngx_seckill_drain_wake(ngx_seckill_zone_t *zone);
void ngx_seckill_drain_exit(ngx_seckill_zone_t *zone);


/* ngx_seckill_drainer.c */

/* unless it runs; NGX_ERROR: it cannot be started, which was said */
ngx_int_t ngx_seckill_drainer_start(ngx_seckill_zone_t *zone, ngx_log_t *log);
/* has it leave the role and end, after the step that it is in */
void ngx_seckill_drainer_stop(ngx_seckill_zone_t *zone);
/* the same, and waits for that */
void ngx_seckill_drainer_join(ngx_seckill_zone_t *zone);


/* ngx_seckill_wake.c */

ngx_int_t ngx_seckill_wake_init(ngx_seckill_zone_t *zone, ngx_log_t *log);
void ngx_seckill_wake_free(ngx_seckill_wake_t *wake);
void ngx_seckill_wake_signal(ngx_fd_t fd, ngx_log_t *log);
ngx_int_t ngx_seckill_wake_watch(ngx_cycle_t *cycle, ngx_fd_t fd,
    ngx_event_handler_pt handler, void *data, ngx_uint_t flags);


/* ngx_seckill_wait.c */

ngx_int_t ngx_seckill_wait_init(ngx_seckill_zone_t *zone, ngx_cycle_t *cycle);

/*
 * Calls w->done() when the number is reached, or when "timeout" is over; never
 * at once.
 */
void ngx_seckill_wait(ngx_seckill_zone_t *zone, ngx_seckill_wait_t *w,
    ngx_seckill_wait_e what, uint64_t number, ngx_msec_t timeout,
    ngx_seckill_wait_pt done);

/* he waits no more, if he did */
void ngx_seckill_wait_end(ngx_seckill_wait_t *w);

ngx_uint_t ngx_seckill_wait_reached(ngx_seckill_zone_t *zone,
    ngx_seckill_wait_e what, uint64_t number);

/* calls those whose number is reached */
void ngx_seckill_wait_look(ngx_seckill_zone_t *zone);

/* whether somebody waits for the drainer */
ngx_uint_t ngx_seckill_wait_drains(ngx_seckill_zone_t *zone);

/* has what is busy looked after: a worker that exits waits for it */
void ngx_seckill_wait_watch(ngx_seckill_zone_t *zone);


/* ngx_seckill_claim.c */

/*
 * Asks the zone: NGX_OK, "answer" is final.  NGX_AGAIN: it has to be waited
 * for, by ngx_seckill_claim_wait(); if nobody does, it is decided all the same.
 */
ngx_int_t ngx_seckill_claim(ngx_seckill_claim_t *claim, sk_answer_t *answer);

/*
 * The same for a question that is asked time and again: it is not counted, and
 * need not name a user, who gets SK_NONE then if there is the sale.
 */
ngx_int_t ngx_seckill_claim_look(ngx_seckill_claim_t *claim,
    sk_answer_t *answer);

/*
 * For the metrics: an answer that the protocol gives by itself.  Those of
 * ngx_seckill_claim(), and those that claim->done() gets, are counted.
 */
void ngx_seckill_claim_count(ngx_seckill_claim_t *claim, sk_result_e result);

/* claim->done() gets the answer, unless ngx_seckill_wait_end() is called first;
   the claim and its texts have to live until then */
void ngx_seckill_claim_wait(ngx_seckill_claim_t *claim, sk_answer_t *answer);


/* ngx_seckill_thread.c */

/* NGX_ERROR: there is no thread, and none can be started */
ngx_int_t ngx_seckill_thread_post(ngx_seckill_task_t *task, ngx_log_t *log);

/* the process leaves: ends the threads, which end what they do */
void ngx_seckill_thread_exit(void);


#pragma GCC visibility pop


#endif /* _NGX_SECKILL_H_INCLUDED_ */
