/*
 * The glue between nginx and the engine: configuration, requests, processes.
 * What is decided, and how, is in src/core and src/helper; here is who calls it
 * and when.
 */


#ifndef _NGX_HTTP_SECKILL_H_INCLUDED_
#define _NGX_HTTP_SECKILL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_seckill.h"
#include "sk_page.h"


#pragma GCC visibility push(hidden)


#define NGX_HTTP_SECKILL_VERSION       "0.1.0"

#define NGX_HTTP_SECKILL_TIMEOUT_MS       5000  /* default of timeout= */
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
#define NGX_HTTP_SECKILL_KEY_FILE_MAX    65536  /* bytes */
#define NGX_HTTP_SECKILL_KEY_HASH_SIZE      32
#define NGX_HTTP_SECKILL_KEY_MIN            16  /* bytes */
#define NGX_HTTP_SECKILL_RETRY_AFTER       "1"  /* seconds */
#define NGX_HTTP_SECKILL_QUEUED_RETRY       10  /* seconds */
#define NGX_HTTP_SECKILL_STREAMS_MAX     20000  /* default of max= */


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


/* what a directive says of the claims that requests are */

typedef struct {
    ngx_seckill_zone_t         *zone;
    ngx_http_seckill_value_t    sale;
    ngx_http_seckill_value_t    user;
    ngx_msec_t                  timeout;    /* 0: not said yet */
    unsigned                    cross_site:1;   /* another site's page may */
    unsigned                    anonymous:1;    /* there need be no user */
} ngx_http_seckill_claim_conf_t;


typedef struct ngx_http_seckill_token_conf_s  ngx_http_seckill_token_conf_t;
typedef struct ngx_http_seckill_receipt_conf_s
    ngx_http_seckill_receipt_conf_t;


typedef struct {
    ngx_http_seckill_claim_conf_t   claim;
    ngx_uint_t                      claims;     /* on POST */
    ngx_uint_t                      states;     /* sk_state_bit() of orders that
                                                   let pass */
} ngx_http_seckill_gate_conf_t;


typedef struct {
    ngx_uint_t                      variables;  /* how many are used */
    ngx_uint_t                      receipts;   /* $seckill_receipt is one */
} ngx_http_seckill_main_conf_t;


typedef struct {
    ngx_seckill_zone_t             *zone;
    ngx_http_handler_pt             handler;
    ngx_http_seckill_gate_conf_t   *gate;       /* in effect, NULL: none; */
    ngx_http_seckill_gate_conf_t   *gate_inside;    /* and for locations inside
                                                   of this one */

    ngx_http_seckill_claim_conf_t   claim;
    unsigned                        auth:1;     /* status=auth */
    unsigned                        intercept:1;
    ngx_array_t                    *keys;   /* NULL: key=off */
    ngx_http_complex_value_t       *by;     /* who it is, without a key */
    ngx_uint_t                      json;   /* metrics */
    ngx_uint_t                      streams_max;    /* of a worker */
    unsigned                        counts:1;   /* streams tell them */
    ngx_str_t                       console;    /* its config.json */

    ngx_http_seckill_token_conf_t  *token;  /* NULL: seckill_token off */
    ngx_http_seckill_receipt_conf_t
                                   *receipt;    /* NULL: off */
} ngx_http_seckill_loc_conf_t;


/* what a request was answered */

typedef struct {
    ngx_http_request_t         *request;
    ngx_seckill_zone_t         *zone;
    ngx_str_t                   sale;
    ngx_str_t                   user;
    int64_t                     waited_us;  /* 0: it was not admitted */
    sk_answer_t                 answer;
    ngx_uint_t                  states;     /* as of ngx_seckill_claim_t */
    time_t                      at;         /* when it was decided, and the */
    sk_head_t                   head;       /* ledger's head then; number 0:
                                               nobody has looked */
    ngx_int_t                   refused;    /* HTTP status; 0: it was asked */
    unsigned                    known:1;
    unsigned                    asked:1;    /* it was no claim */
    unsigned                    waited:1;   /* and was not looked at since */
} ngx_http_seckill_outcome_t;


/* a buyer's request, while it is looked at or waits */

typedef struct {
    ngx_seckill_claim_t         claim;      /* the first member */
    ngx_http_request_t         *request;
    ngx_http_seckill_outcome_t *outcome;    /* or NULL: nobody asks for it */
    ngx_int_t                   refused;    /* HTTP status, where it is none */
    unsigned                    plain:1;    /* the user is the same in JSON */
    unsigned                    token:1;    /* no user, for want of a token */
    unsigned                    nobody:1;   /* no user, nor a token that is
                                               not good */
} ngx_http_seckill_claim_t;


/* who is answered so is told when to come back */
#define ngx_http_seckill_again(result)                                       \
    ((result) == SK_NOT_STARTED || (result) == SK_WAITING                    \
     || (result) == SK_QUEUED)

#define ngx_http_seckill_won(answer)                                         \
    ((answer)->result == SK_WON || (answer)->result == SK_ALREADY)


extern ngx_module_t  ngx_http_seckill_module;


/* ngx_http_seckill_conf.c */

void *ngx_http_seckill_conf_create_main(ngx_conf_t *cf);
/* after all of the configuration was read */
ngx_int_t ngx_http_seckill_conf_init(ngx_conf_t *cf);
void *ngx_http_seckill_conf_create_loc(ngx_conf_t *cf);
char *ngx_http_seckill_conf_merge_loc(ngx_conf_t *cf, void *parent,
    void *child);
/* the location is this handler's */
char *ngx_http_seckill_conf_begin(ngx_conf_t *cf,
    ngx_http_seckill_loc_conf_t *slcf, ngx_http_handler_pt handler);
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

/* ngx_http_seckill_sale.c */

char *ngx_http_seckill_sale(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_zone.c */

char *ngx_http_seckill_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_zone_redis.c */

typedef struct {
    sk_machines_conf_t       machines;
    ngx_str_t                url;       /* the parameters, as they are there: */
    ngx_str_t                other;     /* one that needs the first */
    ngx_uint_t               off;       /* "redis=off" */
} ngx_http_seckill_zone_redis_t;

void ngx_http_seckill_zone_redis_init(ngx_http_seckill_zone_redis_t *redis);

/* NGX_OK; NGX_DECLINED: not one of these parameters; NGX_ERROR: it is logged */
ngx_int_t ngx_http_seckill_zone_redis(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_zone_redis_t *redis);

/* all were read: NGX_CONF_OK, NGX_CONF_ERROR */
char *ngx_http_seckill_zone_redis_end(ngx_conf_t *cf,
    ngx_http_seckill_zone_redis_t *redis, ngx_seckill_params_t *params);

/* ngx_http_seckill_key.c */

ngx_array_t *ngx_http_seckill_keys_read(ngx_conf_t *cf, ngx_str_t *file);
/*
 * What is in a file with keys, or "what" it is, of the temporary pool; NULL:
 * it is logged.  One that everyone may read is refused, or, if "everyone" is
 * not NULL, said to be one: that is for public keys.
 */
u_char *ngx_http_seckill_key_file(ngx_conf_t *cf, ngx_str_t *name,
    const char *what, size_t *size, ngx_uint_t *everyone);
/* the secret of seeds; NULL: what is wrong with it is logged */
sk_secret_t *ngx_http_seckill_key_secret(ngx_conf_t *cf, ngx_str_t *file);
/* the key of an Authorization header, or NULL */
ngx_http_seckill_key_t *ngx_http_seckill_key_find(ngx_array_t *keys,
    ngx_str_t *authorization);

/* ngx_http_seckill_token_conf.c */

char *ngx_http_seckill_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_token.c */

/* adds $seckill_token_user and $seckill_token_error */
ngx_int_t ngx_http_seckill_token_variables(ngx_conf_t *cf);

/*
 * For an answer of 401: where a seckill_token is in effect, adds the header
 * WWW-Authenticate, which says what is wrong with the token of the request.
 * NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_seckill_token_challenge(ngx_http_request_t *r);

/* what is wrong with the token of a request, for people; NULL: nothing, or no
   seckill_token is in effect */
const char *ngx_http_seckill_token_wrong(ngx_http_request_t *r);

/* whether one was sent, good or not; never where no seckill_token is in
   effect */
ngx_uint_t ngx_http_seckill_token_sent(ngx_http_request_t *r);

/* ngx_http_seckill_receipt.c */

char *ngx_http_seckill_receipt_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* $seckill_receipt */
ngx_int_t ngx_http_seckill_receipt_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
/* whether an answer can have a receipt, here */
ngx_uint_t ngx_http_seckill_receipt_possible(ngx_http_request_t *r,
    sk_answer_t *answer);
/*
 * Signs what a request is answered, when that was decided; "text" is the
 * request's.  NGX_DECLINED: it cannot have a receipt.
 */
ngx_int_t ngx_http_seckill_receipt(ngx_http_request_t *r,
    ngx_http_seckill_outcome_t *outcome, ngx_str_t *text);

/* the public keys of those that sign here, as a JWK set; NULL: no
   seckill_receipt is in effect */
const char *ngx_http_seckill_receipt_keys(ngx_http_request_t *r);
/*
 * Signs a head of a zone's ledger, which is its head now; "text" is the
 * request's.  NGX_DECLINED: no seckill_receipt is in effect.
 */
ngx_int_t ngx_http_seckill_receipt_head(ngx_http_request_t *r, ngx_str_t *zone,
    const sk_head_t *head, ngx_str_t *text);

/* ngx_http_seckill_claim.c */

ngx_int_t ngx_http_seckill_claim_handler(ngx_http_request_t *r);

/*
 * Has a request wait for what is not decided yet: NGX_AGAIN, and "done" gets a
 * copy of its claim, unless the request ends before.  What that means for the
 * request's phases is the caller's.  NGX_ERROR: there is no memory.
 */
ngx_int_t ngx_http_seckill_claim_wait(ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer, ngx_seckill_claim_pt done);

/* counts one that is none, and sets hc->outcome, if there is one */
void ngx_http_seckill_claim_refuse(ngx_http_seckill_claim_t *hc);

/* ngx_http_seckill_claim_read.c */

/*
 * Reads a claim or a question from a request, for ngx_seckill_claim().
 * NGX_DECLINED: it is none, "wrong" says why, and hc->refused what the gate
 * makes of that; NGX_ERROR.
 */
ngx_int_t ngx_http_seckill_claim_read(ngx_http_request_t *r,
    ngx_http_seckill_claim_conf_t *conf, ngx_uint_t ask,
    ngx_http_seckill_claim_t *hc, const char **wrong);

/* ngx_http_seckill_claim_send.c */

ngx_int_t ngx_http_seckill_claim_send(ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer);
/* for one that is none, "wrong" says why */
ngx_int_t ngx_http_seckill_claim_send_refused(ngx_http_seckill_claim_t *hc,
    const char *wrong);
/* whether "error_page" answers in place of what would be sent with a status */
ngx_uint_t ngx_http_seckill_claim_send_intercepted(ngx_http_request_t *r,
    ngx_uint_t status);

/* ngx_http_seckill_claim_print.c */

/* bytes that an answer takes at most, as far as it is printed here */
size_t ngx_http_seckill_claim_print_len(ngx_http_seckill_claim_t *hc);
/* the JSON of an answer, but for its end, "}" */
u_char *ngx_http_seckill_claim_print(u_char *p, ngx_http_seckill_claim_t *hc,
    sk_answer_t *answer);

/* ngx_http_seckill_claim_conf.c */

/* one parameter of a directive; NGX_DECLINED: it is none of these; NGX_ERROR */
ngx_int_t ngx_http_seckill_claim_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_seckill_claim_conf_t *conf);

/* after the last: what was not said is as by default, or missing */
char *ngx_http_seckill_claim_conf_end(ngx_conf_t *cf,
    ngx_http_seckill_claim_conf_t *conf);

#define NGX_HTTP_SECKILL_CLAIM_PARAMS                                        \
    "zone=name, sale=value, user=value, timeout=time, cross_site=on, "       \
    "cross_site=off"

/* ngx_http_seckill_gate.c */

/* in the access phase, for requests */
ngx_int_t ngx_http_seckill_gate_handler(ngx_http_request_t *r);
/* in the precontent phase, for subrequests */
ngx_int_t ngx_http_seckill_gate_subrequest(ngx_http_request_t *r);

/* ngx_http_seckill_gate_conf.c */

char *ngx_http_seckill_gate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_outcome.c */

/* an outcome that is not known yet; NULL: there is no memory */
ngx_http_seckill_outcome_t *ngx_http_seckill_outcome_add(ngx_http_request_t *r);
/*
 * Decided now.  The ledger's head, which takes the zone's mutex, is looked at
 * only where $seckill_receipt may be asked for: where the configuration uses
 * it, and a seckill_receipt is in effect for the request.
 */
void ngx_http_seckill_outcome_set(ngx_http_seckill_outcome_t *outcome,
    ngx_seckill_claim_t *claim, sk_answer_t *answer);
/* the same as another one, which was decided before */
void ngx_http_seckill_outcome_repeat(ngx_http_seckill_outcome_t *outcome,
    ngx_seckill_claim_t *claim, ngx_http_seckill_outcome_t *last);
/* the last one of a request that is known, or NULL */
ngx_http_seckill_outcome_t *ngx_http_seckill_outcome_own(ngx_http_request_t *r);
/* the same, or else that of the request which it is a part of */
ngx_http_seckill_outcome_t *ngx_http_seckill_outcome_get(ngx_http_request_t *r);
/*
 * As an HTTP status: 204, the user has an order in one of these states; 401,
 * nobody knows who it is; 403, 503; 400 where the request is wrong.
 */
ngx_int_t ngx_http_seckill_outcome_status(ngx_http_seckill_outcome_t *outcome,
    ngx_uint_t states);

/* ngx_http_seckill_variable.c */

ngx_int_t ngx_http_seckill_variable_add(ngx_conf_t *cf);
/* counts those that the configuration uses */
void ngx_http_seckill_variable_find(ngx_conf_t *cf);

/* ngx_http_seckill_origin.c */

/*
 * Whether another site's page has made a browser send this, as Go's net/http
 * CrossOriginProtection says it: by Sec-Fetch-Site, else by Origin.
 */
ngx_uint_t ngx_http_seckill_origin_cross_site(ngx_http_request_t *r);

/* ngx_http_seckill_reply.c */

/* whether a string is the same in JSON: mostly it is */
ngx_uint_t ngx_http_seckill_reply_plain(ngx_str_t *s);
/* bytes that a string takes in JSON, without the quotes */
size_t ngx_http_seckill_reply_json_len(ngx_str_t *s);
/* always valid JSON: what is no UTF-8 becomes U+FFFD */
u_char *ngx_http_seckill_reply_json(u_char *p, ngx_str_t *s);
/* in the place of another one of that name, which may be there after an
   internal redirect */
ngx_int_t ngx_http_seckill_reply_header(ngx_http_request_t *r, const char *name,
    const char *value);
/* the same, for nginx's own pointers to headers; NULL: there is no memory */
ngx_table_elt_t *ngx_http_seckill_reply_header_set(ngx_http_request_t *r,
    const char *name, const char *value);
/* takes away those whose value begins with this one */
void ngx_http_seckill_reply_header_drop(ngx_http_request_t *r,
    const char *name, const char *value);

/* how often a request has a header, and the last one's value */
ngx_int_t ngx_http_seckill_reply_header_in(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
ngx_int_t ngx_http_seckill_reply_send(ngx_http_request_t *r, sk_status_e status,
    ngx_str_t *type, ngx_buf_t *b);
/* an answer of a status and headers alone */
ngx_int_t ngx_http_seckill_reply_status(ngx_http_request_t *r,
    ngx_uint_t status);
/* the HTTP status of a status */
ngx_uint_t ngx_http_seckill_reply_code(sk_status_e status);
/* adds Retry-After, if asking again may help */
ngx_int_t ngx_http_seckill_reply_retry(ngx_http_request_t *r,
    sk_answer_t *answer);
/* {"code":...,"result":"...","message":"...","field":"..."}; "field" may be
   NULL: then there is none */
ngx_int_t ngx_http_seckill_reply_error(ngx_http_request_t *r,
    sk_status_e status, const char *message, const char *field);
/* the same, with JSON as "data", if that is not NULL */
ngx_int_t ngx_http_seckill_reply_error_data(ngx_http_request_t *r,
    sk_status_e status, const char *message, const char *field,
    ngx_str_t *data);
/* 405; "methods" is the value of the header Allow */
ngx_int_t ngx_http_seckill_reply_not_allowed(ngx_http_request_t *r,
    const char *methods);

extern ngx_str_t  ngx_http_seckill_reply_json_type;

/* ngx_http_seckill_api.c */

ngx_int_t ngx_http_seckill_api_handler(ngx_http_request_t *r);

/* ngx_http_seckill_call.c */

/* a request waits: its client may leave meanwhile */
void ngx_http_seckill_call_park(ngx_http_request_t *r);

/*
 * Ends a request that has returned NGX_DONE, and runs what that posts, which
 * may free it: for events and timers alone, never inside the request's handler
 * or where nginx has called its read or write handler.
 */
void ngx_http_seckill_call_finish(ngx_http_request_t *r, ngx_int_t rc);

/* ngx_http_seckill_reader.c */

/* the process leaves */
void ngx_http_seckill_reader_exit(ngx_cycle_t *cycle);

/* ngx_http_seckill_stream_conf.c */

char *ngx_http_seckill_stream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_stream.c */

ngx_int_t ngx_http_seckill_stream_handler(ngx_http_request_t *r);

/* ngx_http_seckill_console.c */

ngx_int_t ngx_http_seckill_console_handler(ngx_http_request_t *r);

/* ngx_http_seckill_console_conf.c */

char *ngx_http_seckill_console(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ngx_http_seckill_metrics.c */

ngx_int_t ngx_http_seckill_metrics_handler(ngx_http_request_t *r);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_H_INCLUDED_ */
