/*
 * What the files of the machines share: what this machine knows, the calls of
 * the script, and what follows from an answer.
 *
 *   sk_machines.c          the authority's functions
 *   sk_machines_call.c     the script's calls
 *   sk_machines_answer.c   what it answers
 *   sk_machines_turn.c     from an answer to the next step
 *   sk_machines_ledger.c   what is done to this machine's ledger
 *   sk_machines_restore.c  from the ledger, what the log has lost
 *   sk_machines_parted.c   where this machine's ledger and the log part
 *   sk_machines_watch.c    whether the log has grown
 *   sk_machines_tell.c     what the zone knows of all this
 */


#ifndef _SK_MACHINES_LOG_H_INCLUDED_
#define _SK_MACHINES_LOG_H_INCLUDED_


#include "sk_machines.h"


#pragma GCC visibility push(hidden)


#define SK_MACHINES_KEYS           4
#define SK_MACHINES_KEY_SIZE_MAX  (SK_MACHINES_ZONE_SIZE_MAX + 32)
#define SK_MACHINES_ARGS_MAX      (32 + 2 * SK_MACHINES_MAX)
#define SK_MACHINES_ERROR_SIZE     512
#define SK_MACHINES_TEXT_SIZE     2048
#define SK_MACHINES_MEMBER_SIZE   (24 + SK_LEDGER_ID_SIZE)
#define SK_MACHINES_LIST_SIZE                                                \
    (SK_MACHINES_MAX * (SK_MACHINE_NAME_SIZE_MAX + 1))


/* a head as text: what the script compares */

typedef struct {
    char              number[24];
    char              chain[SK_CHAIN_HEX_SIZE];
} sk_machines_head_t;


/* what an answer says */

typedef struct {
    char              reign[SK_REIGN_SIZE];     /* of the server, now */
    char              opened[SK_REIGN_SIZE];    /* in which the log was */
    sk_head_t         tail;
    int64_t           at_ms;                    /* of its last event */
    char              member[SK_MACHINES_MEMBER_SIZE];  /* "": it is none */
    unsigned          reported:1;       /* it is one to a report */
    unsigned          members:1;        /* there are some */
    unsigned          standing:1;       /* another one holds that it joined */
    char              waiting[SK_MACHINES_TEXT_SIZE];   /* for whom, " a b" */
    char              mine[SK_CHAIN_HEX_SIZE];  /* chain at the ledger's end */
    uint64_t          first;            /* number in the log; 0: none */
} sk_machines_answer_t;


struct sk_machines_s {
    sk_machines_conf_t    conf;
    sk_authority_t        authority;
    sk_zone_t            *zone;
    const sk_log_t       *log;
    sk_redis_t           *redis;
    sk_redis_script_t     script;
    char                  keys[SK_MACHINES_KEYS][SK_MACHINES_KEY_SIZE_MAX];

    sk_ledger_machine_t   machine;      /* which one the store is, */
    unsigned              known:1;      /* if that was read */
    unsigned              settled:1;    /* the ledger ends with the log, which
                                           is open, and may be appended to */
    unsigned              woken:1;      /* the log may have grown */
    unsigned              watch_told:1; /* that it cannot be watched */
    unsigned              appended:1;   /* since it was asked what to poll */
    uint64_t              last;         /* number up to which it is known */
    int64_t               watch_ms;     /* not watched before that time */

    sk_machines_answer_t  answer;
    redisReply           *reply;        /* has the commits that come next */
    size_t                entry;        /* of these */

    char                  joined[SK_MACHINES_MEMBER_SIZE];  /* this
                                           machine's event that another holds */
    char                  found_reign[SK_REIGN_SIZE];   /* the log goes on from
                                           the ledger in it, up to "found" */
    sk_head_t             found;
    char                  entered[SK_REIGN_SIZE];   /* this reign, durably */
    char                  members[SK_MACHINES_LIST_SIZE];   /* at the ledger's
                                           end, with commas */

    int64_t               beat_ms;      /* the last report, by that clock */
    int64_t               offset_ms;    /* from that clock to Redis' */
    unsigned              offset_known:1;
    uint64_t              parted;       /* 0: it does not */
    sk_head_t             parted_tail;
    char                  parted_said[SK_REASON_SIZE_MAX];

    sk_head_t             from;         /* the head that was said in a call */
    sk_machines_head_t    from_text;
    char                  error[SK_MACHINES_ERROR_SIZE];
};


/* sets the error; returns "rc" */
int sk_machines_fail(sk_machines_t *m, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* the same, where the ledger has an error; returns "rc" */
int sk_machines_fail_ledger(sk_machines_t *m, int rc);

int64_t sk_machines_boot_ms(void);


/* sk_machines_call.c */

void sk_machines_call_init(sk_machines_t *m);

/*
 * Calls.  "head" is the ledger's.  SK_OK: it was done; SK_BEHIND: it was not,
 * and m->answer says how things are; SK_REFUSED: another machine has this name;
 * SK_ERROR: it is not known.
 */
int sk_machines_call_append(sk_machines_t *m, const sk_commit_t *commit);
int sk_machines_call_restore(sk_machines_t *m, const sk_commit_t *commit);
/* "founds": it opens a log that has no members, if need be */
int sk_machines_call_join(sk_machines_t *m, const sk_commit_t *commit,
    unsigned founds);
int sk_machines_call_seed(sk_machines_t *m, const sk_commit_t *commit,
    const sk_ledger_member_t *members, unsigned n);
int sk_machines_call_forget(sk_machines_t *m, const char *name);

/* the chain where a commit ends with that event; "" if none of the log does;
   "first": the log's first commit ends with it, 0 if there is none */
int sk_machines_call_look(sk_machines_t *m, uint64_t number,
    char chain[SK_CHAIN_HEX_SIZE], uint64_t *first);

/* SK_BEHIND: m->answer says how things are; never SK_OK */
int sk_machines_call_report(sk_machines_t *m, const sk_head_t *head);

void sk_machines_call_text(const sk_head_t *head, sk_machines_head_t *text);


/* sk_machines_answer.c */

/* SK_BEHIND: m->answer says how things are, and has the reply; SK_ERROR */
int sk_machines_answer_read(sk_machines_t *m, redisReply *reply);

/* the next commit that came with it: SK_OK, SK_NOT_FOUND, SK_ERROR */
int sk_machines_answer_entry(sk_machines_t *m, sk_head_t *head,
    sk_bytes_t *data);
void sk_machines_answer_drop(sk_machines_t *m);

/* SK_ERROR: it is no string, or one of "size" bytes or more */
int sk_machines_answer_copy(const redisReply *r, char *text, size_t size);


/* sk_machines_turn.c */

/*
 * Does what the answer asks for: SK_OK: the ledger ends with the log; SK_MORE:
 * it is to be asked again; SK_ERROR: somebody or something is waited for.
 */
int sk_machines_turn(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);


/* sk_machines_ledger.c */

/*
 * Appends the commits that came with the answer.  SK_OK: the ledger ends with
 * the log; SK_MORE: it is to be asked again.
 */
int sk_machines_ledger_follow(sk_machines_t *m, sk_ledger_t *ledger);

int sk_machines_ledger_join(sk_machines_t *m, sk_ledger_t *ledger,
    unsigned founds);

/* who were members at the ledger's end */
int sk_machines_ledger_members(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);

/*
 * SK_OK: no other nginx on this store has gone on to another reign; in a write
 * transaction of the ledger none can.  SK_MORE: one has.
 */
int sk_machines_ledger_here(sk_machines_t *m, sk_ledger_t *ledger);

/* the same, and that transaction is begun: to be rolled back */
int sk_machines_ledger_hold(sk_machines_t *m, sk_ledger_t *ledger);

/* from now on it does nothing in a reign before */
int sk_machines_ledger_enter(sk_machines_t *m, sk_ledger_t *ledger);

/* which one of the machines this store is */
int sk_machines_ledger_known(sk_machines_t *m, sk_ledger_t *ledger);

/* whether the first commit that came with the answer goes on from the ledger */
int sk_machines_ledger_links(sk_machines_t *m);


/* sk_machines_restore.c */

/* puts back what the log lacks: SK_OK: all of it, SK_MORE */
int sk_machines_restore(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);


/* sk_machines_parted.c */

/* the first event that the ledger has and the log has not, or another one */
int sk_machines_parted(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);


/* sk_machines_watch.c */

void sk_machines_watch_hear(sk_machines_t *m);

/* an authority's "fd" */
int sk_machines_watch_fd(void *ctx);


/* sk_machines_tell.c */

void sk_machines_tell(sk_machines_t *m, const redisReply *machines,
    const redisReply *members);
void sk_machines_tell_down(sk_machines_t *m);


#pragma GCC visibility pop


#endif /* _SK_MACHINES_LOG_H_INCLUDED_ */
