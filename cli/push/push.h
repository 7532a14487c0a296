/*
 * Events of the ledger, sent to somebody's URL as Standard Webhooks: in the
 * ledger's order, one at a time, each until it was taken.  What was taken is in
 * a file, so that a restart goes on from there; an event that was taken just
 * before a kill is sent once more, with the same id and the same body.
 */


#ifndef _PUSH_H_INCLUDED_
#define _PUSH_H_INCLUDED_


#include "api.h"


#define PUSH_SECRETS_MAX      8
#define PUSH_SECRET_MIN      24         /* bytes, as Standard Webhooks has it */
#define PUSH_SECRET_MAX      64
#define PUSH_STORE_SIZE      17         /* 16 hex digits and a zero */
#define PUSH_ANSWER_MAX   65536         /* bytes of an answer that are read */
#define PUSH_WHY_SIZE       512

#define PUSH_ID_SIZE         96
#define PUSH_AWAY_S           1         /* between two tries of the API */
#define PUSH_WAIT_S          30         /* that the API waits for an event */
#define PUSH_TIMEOUT_S       15         /* for an answer of the receiver's */
#define PUSH_RETRY_MAX_S    300         /* between two tries */
#define PUSH_AFTER_MAX_S  86400         /* that a receiver may ask for */


typedef struct {
    unsigned char       key[PUSH_SECRET_MAX];
    size_t              len;
} push_secret_t;


/* the newest is the first; a receiver takes any of them */

typedef struct {
    push_secret_t       secrets[PUSH_SECRETS_MAX];
    unsigned            n;
} push_secrets_t;


/* what was taken, as the file has it */

typedef struct {
    const char         *path;
    int                 lock;           /* a descriptor */
    int                 dir;
    unsigned            known:1;        /* there was a file */
    char                store[PUSH_STORE_SIZE];     /* "": not known yet */
    json_int_t          after;          /* the last event */
    char               *at;             /* its time; NULL: not known */
    char               *gone_url;       /* who wants no more; NULL: nobody */
    char               *gone_at;
} push_state_t;


/* the receiver */

typedef struct {
    CURL               *curl;
    const char         *url;
    const push_secrets_t  *secrets;
    size_t              received;
} push_target_t;


typedef enum {
    PUSH_TAKEN = 0,
    PUSH_GONE,                          /* 410: never again */
    PUSH_AGAIN                          /* anything else */
} push_result_e;


typedef struct {
    api_t                api;
    push_state_t         state;
    push_secrets_t       secrets;
    push_target_t        target;
    const char          *types;         /* "won,paid"; NULL: all */
    unsigned long long   count;         /* to be sent; 0: without an end */
    unsigned long long   sent;
    unsigned             retry_max_s;
    unsigned             once:1;        /* ends where the ledger does */
    unsigned             resume:1;
    unsigned             away:1;        /* the API, which was said */
} push_t;


/* SAY_DONE, or what is wrong has been said */
int push_secrets_read(push_secrets_t *s, const char *file);

/* the header of an id, a time and a body: allocated */
char *push_secrets_sign(const push_secrets_t *s, const char *id,
    long long now_s, const char *body);

/*
 * Takes the file for this process alone, and reads it.  SAY_DONE, also if it is
 * not there yet; else what is wrong has been said.  To be closed in any case.
 */
int push_state_open(push_state_t *s, const char *path);
void push_state_close(push_state_t *s);

/* SAY_DONE: it is on disk; SAY_AWAY: what is wrong has been said */
int push_state_save(push_state_t *s);

/* "at" is copied, and may be NULL */
void push_state_move(push_state_t *s, json_int_t after, const char *at);
void push_state_gone(push_state_t *s, const char *url, const char *at);

/* misuse is no matter of these: the URL begins with http:// or https:// */
void push_target_open(push_target_t *t, const char *url,
    const push_secrets_t *secrets, long timeout_s);
void push_target_close(push_target_t *t);

/*
 * Sends once.  "why" says why it was not taken; "after_s" is how long the
 * receiver wants to be left alone, 0: nothing was said.
 */
push_result_e push_target_send(push_target_t *t, const char *id,
    const char *body, char why[PUSH_WHY_SIZE], long *after_s);

/*
 * Asks the API until it answers.  SAY_DONE; SAY_REFUSED, which has been said.
 */
int push_source_ask(push_t *p, const char *path);

/* where to begin: after the event "first", or, NULL, at the ledger's end; the
   same */
int push_source_place(push_t *p, const char *first);

/* whether it is the store of the state, which has that from now on; the same */
int push_source_store(push_t *p);

/*
 * The event after the last one, sent until it is taken, if anybody wants it.
 * SAY_DONE: so it is, and on disk; else it has been said why there are no more
 * to be sent.
 */
int push_event(push_t *p, json_t *event);


#endif /* _PUSH_H_INCLUDED_ */
