/*
 * Streams: clients that hear of a sale, and of their own order, while that
 * changes, as server-sent events (WHATWG HTML, 9.2).  A frame says how it is,
 * never what has happened: so a client that cannot be written to misses nothing
 * but what is over, one that comes back has no gap, and no stream needs more
 * memory than for one frame of each kind.
 *
 * Each worker has its streams of a zone in a queue and goes round it, a slice
 * in each tick, so that many of them take no more of its time than it can spare
 * for them.
 */


#ifndef _NGX_HTTP_SECKILL_STREAM_H_INCLUDED_
#define _NGX_HTTP_SECKILL_STREAM_H_INCLUDED_


#include "ngx_http_seckill.h"
#include "sk_time.h"


#pragma GCC visibility push(hidden)


#define NGX_HTTP_SECKILL_STREAM_TICK_MS         10
#define NGX_HTTP_SECKILL_STREAM_LOOKS          256  /* in a tick, at users */
#define NGX_HTTP_SECKILL_STREAM_ROUND          500  /* ticks, once round users
                                                       without news, */
#define NGX_HTTP_SECKILL_STREAM_ROUND_ALL       50  /* and once round all */
#define NGX_HTTP_SECKILL_STREAM_SENDS          128  /* in a tick, */
#define NGX_HTTP_SECKILL_STREAM_ORDERS          64  /* of orders first */
#define NGX_HTTP_SECKILL_STREAM_PACE_MS       1000  /* of what changes often */
#define NGX_HTTP_SECKILL_STREAM_REST_MS       5000  /* between two looks without
                                                       an event */
#define NGX_HTTP_SECKILL_STREAM_HEARTBEAT_MS 15000
#define NGX_HTTP_SECKILL_STREAM_RESUME_MS     5000  /* for the ledger to come to
                                                       Last-Event-ID */
#define NGX_HTTP_SECKILL_STREAM_RETRY_MIN_MS  1000
#define NGX_HTTP_SECKILL_STREAM_RETRY_MAX_MS  5000
#define NGX_HTTP_SECKILL_STREAM_UNSENT       16384  /* bytes that the kernel
                                                       keeps for a client */


typedef struct ngx_http_seckill_streams_s      ngx_http_seckill_streams_t;


/* what a frame says of a sale */

typedef struct {
    int64_t                          start_ms;
    int64_t                          end_ms;
    int64_t                          state;
} ngx_http_seckill_stream_window_t;


typedef struct {
    int64_t                          stock;
    int64_t                          free;
    int64_t                          undecided;
    int64_t                          held;
    int64_t                          sold;
    int64_t                          waiting;
} ngx_http_seckill_stream_counts_t;


#define NGX_HTTP_SECKILL_STREAM_SALE_SIZE                                    \
    (sizeof("event: sale\nid: \ndata: {\"sale\":\"\",\"sale_state\":\"\","   \
            "\"stock\":,\"free\":,\"undecided\":,\"held\":,\"sold\":,"       \
            "\"waiting\":,\"start\":\"\",\"end\":\"\",\"now\":\"\"}\n\n")    \
     + SK_NAME_SIZE_MAX + sizeof("scheduled") + 7 * NGX_INT64_LEN            \
     + 3 * SK_TIME_SIZE)


/* a sale that streams are of: looked at once for all of them */

typedef struct {
    ngx_queue_t                       queue;    /* of all->sales */
    sk_sale_t                        *sale;
    ngx_uint_t                        refs;
    ngx_msec_t                        looked;
    uint64_t                          seq;      /* of the ledger, then */
    uint64_t                          version;  /* of the window, */
    uint64_t                          counted;  /* of window or counts */
    ngx_http_seckill_stream_window_t  window;
    ngx_http_seckill_stream_counts_t  counts;
} ngx_http_seckill_stream_sale_t;


/* those of a zone in this process */

struct ngx_http_seckill_streams_s {
    ngx_seckill_zone_t               *zone;
    ngx_queue_t                       queue;    /* all, next first */
    ngx_uint_t                        n;
    ngx_queue_t                       users;    /* those with a user */
    ngx_uint_t                        n_users;
    uint64_t                          seq;      /* of the ledger, and so many */
    ngx_uint_t                        n_look;   /* are to be looked at since */
    ngx_queue_t                       sales;
    ngx_http_seckill_stream_sale_t  **slots;    /* by the sale's place */
    ngx_event_t                       tick;
};


typedef struct {
    ngx_http_seckill_claim_t          question;
    ngx_http_seckill_streams_t       *all;
    ngx_queue_t                       queue;
    ngx_queue_t                       user;
    ngx_http_seckill_stream_sale_t   *sale;     /* NULL: not known yet */
    ngx_buf_t                        *buf;      /* the frames being sent */

    ngx_msec_t                        began;
    ngx_msec_t                        sent;     /* anything, last */
    uint64_t                          after;    /* Last-Event-ID */

    uint64_t                          version;  /* of the sale, as told */
    ngx_msec_t                        sale_told;

    uint64_t                          seq;      /* of the ledger, at the last */
    ngx_msec_t                        looked;   /* look for the answer; */
    ngx_msec_t                        told;     /* when that was told last, */
    sk_answer_t                       answer;   /* what it was, */
    int64_t                           opens_ms; /* and the opening */

    unsigned                          open:1;   /* in the queues */
    unsigned                          counts:1;
    unsigned                          answered:1;
} ngx_http_seckill_stream_t;


/* ngx_http_seckill_stream.c */

/* sends what is in the buffer: NGX_ERROR, or else */
ngx_int_t ngx_http_seckill_stream_send(ngx_http_seckill_stream_t *stream);
/* whether something of what was sent has still to leave nginx */
ngx_uint_t ngx_http_seckill_stream_blocked(ngx_http_seckill_stream_t *stream);
/* ends it as any answer ends; for the timer alone */
void ngx_http_seckill_stream_end(ngx_http_seckill_stream_t *stream);

/* ngx_http_seckill_stream_walk.c */

/* those of a zone; NULL: there is no memory */
ngx_http_seckill_streams_t *ngx_http_seckill_stream_all(
    ngx_seckill_zone_t *zone);
void ngx_http_seckill_stream_add(ngx_http_seckill_stream_t *stream);
void ngx_http_seckill_stream_remove(ngx_http_seckill_stream_t *stream);

/* ngx_http_seckill_stream_sale.c */

/* of the sale that is there now; NGX_ERROR: there is no memory */
ngx_int_t ngx_http_seckill_stream_sale_bind(ngx_http_seckill_stream_t *stream,
    sk_sale_t *sale);
void ngx_http_seckill_stream_sale_free(ngx_http_seckill_stream_t *stream);
/* looks at those for which it is time */
void ngx_http_seckill_stream_sale_look(ngx_http_seckill_streams_t *all);
/* whether a stream is to be told of it, and no sooner than it should */
ngx_uint_t ngx_http_seckill_stream_sale_due(ngx_http_seckill_stream_t *stream);
/* NGX_HTTP_SECKILL_STREAM_SALE_SIZE bytes at most */
u_char *ngx_http_seckill_stream_sale_print(u_char *p,
    ngx_http_seckill_stream_t *stream);

/* ngx_http_seckill_stream_frame.c */

/* bytes that all frames which are sent at once take at most */
size_t ngx_http_seckill_stream_frame_len(ngx_http_seckill_stream_t *stream);

/* whether there may be something to tell: of the stream's own memory, since
   most that are visited have nothing new */
ngx_uint_t ngx_http_seckill_stream_frame_due(ngx_http_seckill_stream_t *stream,
    ngx_uint_t urgent);

/*
 * Puts into the buffer, which is empty, what the client is to be told now:
 * NGX_OK; NGX_DECLINED, nothing; NGX_DONE, its sale is no more; NGX_ERROR.  If
 * "urgent", only if something of the user's own has changed.
 */
ngx_int_t ngx_http_seckill_stream_frame(ngx_http_seckill_stream_t *stream,
    ngx_uint_t urgent);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_STREAM_H_INCLUDED_ */
