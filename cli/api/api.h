/*
 * The operator's API of a server, asked over HTTP with libcurl: one handle, one
 * connection that is kept.  The key never stands in a command line, where every
 * user of the machine could read it.
 */


#ifndef _API_H_INCLUDED_
#define _API_H_INCLUDED_


#include <curl/curl.h>
#include <jansson.h>

#include "command.h"


#define API_PAGE_MAX       1000         /* rows */
#define API_PATIENCE_S     30           /* for an answer; orders may take 5 */
#define API_CONNECT_S      5
#define API_TRIES_MAX      4            /* of a write that has no answer */
#define API_ANSWER_MAX     (64 << 20)   /* bytes */


typedef struct {
    CURL               *curl;
    const char         *base;           /* the API's URL, no last slash */
    const char         *hint;           /* behind "does not answer", or "" */
    char               *key;            /* NULL: there is none */
    long                patience_s;

    const char         *body;           /* of the next request; NULL: none */
    const char         *idempotency;

    long                status;
    json_t             *answer;         /* NULL: none of the API */
    char               *text;           /* as it came */
    size_t              len;
    char                message[1024];  /* what went wrong */
} api_t;


/* for the command's --url and --key-file, or what stands for them; misuse ends
   it.  To be closed. */
void api_open(api_t *api, const command_line_t *line);
void api_close(api_t *api);

/* the same without a command line: "key" is copied, and may be NULL */
void api_init(api_t *api, const char *url, const char *key);

/*
 * One request, with body and idempotency.  SAY_DONE: the answer is there, till
 * the next one; SAY_REFUSED; SAY_AWAY: nobody is there, or not now; then
 * "message" says why.
 */
int api_ask(api_t *api, const char *method, const char *path);

/* the same, of whatever answers: "text" and "status" are there, and are not
   looked at; SAY_DONE or SAY_AWAY */
int api_exchange(api_t *api, const char *method, const char *path);

/* what an answer has as "data", of who has asked */
json_t *api_data(api_t *api);

/* a GET, and what is wrong with it is said */
int api_get(api_t *api, const char *path);

/*
 * A write, sent again while it is not known whether it was done, with the same
 * idempotency key: that of the command line, or a new one.  "body" may be NULL.
 * What is wrong is said, behind "about".
 */
int api_write(api_t *api, const command_line_t *line, const char *method,
    const char *path, json_t *body, const char *about);

/* whom to trust, by the environment, as curl's command has it */
void api_authorities(CURL *curl);

/* adds to a query, percent-encoded: "&name=value"; "*query" is allocated */
void api_argument(char **query, const char *name, const char *value);

/* a string like that of printf(), allocated */
char *api_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));


#endif /* _API_H_INCLUDED_ */
