/*
 * Commands: what operators want done.  A worker posts one, the drainer does it
 * and leaves a reply, the worker collects that.  They lie in a ring of their
 * own, in memory that all processes of a zone share beside the zone; a command
 * is known by its ticket.
 *
 *   free -> queued -> begun -> done -> free
 *
 * A command that was begun by a drainer that then died may be done or not: who
 * asks again with the same idempotency key finds out.  A worker that died does
 * not collect its replies: their places are used again when its process is
 * gone.  One that lives has SK_COMMAND_KEEP_US to collect a reply, and its
 * place is passed by meanwhile; that is also the limit if another process has
 * got the dead one's number.
 */


#ifndef _SK_COMMAND_H_INCLUDED_
#define _SK_COMMAND_H_INCLUDED_


#include <pthread.h>
#include <sys/types.h>

#include "sk_result.h"


#pragma GCC visibility push(hidden)


#define SK_COMMANDS_MAX               64     /* waiting at a time */
#define SK_COMMAND_BODY_SIZE_MAX   65536
#define SK_COMMAND_REPLY_SIZE_MAX  65536
#define SK_COMMAND_BY_SIZE_MAX       128     /* bytes of who it is */
#define SK_COMMAND_KEY_SIZE_MAX      255     /* of an idempotency key */
#define SK_COMMAND_HASH_SIZE          16
#define SK_COMMAND_PATH_SIZE_MAX      80     /* "sales/NAME" */
#define SK_COMMAND_KEEP_US      10000000     /* a reply that nobody collects */


/*
 * The object of a command is a product or an order, by its number, or a sale,
 * by its name.  sk_operator_...() does it; one that takes no fields may have an
 * empty object for a body, and nothing else.
 */

/*    constant, sk_operator_...(), whether it takes fields */
#define SK_COMMAND_TABLE(X)                                                  \
    X(SK_PRODUCT_ADD,     product_add,     1)                                \
    X(SK_PRODUCT_EDIT,    product_edit,    1)                                \
    X(SK_PRODUCT_REMOVE,  product_remove,  0)                                \
    X(SK_SALE_ADD,        sale_add,        1)                                \
    X(SK_SALE_EDIT,       sale_edit,       1)                                \
    X(SK_SALE_REMOVE,     sale_remove,     0)                                \
    X(SK_SALE_PAUSE,      sale_pause,      0)                                \
    X(SK_SALE_RESUME,     sale_resume,     0)                                \
    X(SK_SALE_END,        sale_end,        0)                                \
    X(SK_ORDER_CONFIRM,   order_confirm,   1)                                \
    X(SK_ORDER_CANCEL,    order_cancel,    1)                                \
    X(SK_ORDER_EXTEND,    order_extend,    1)                                \
    X(SK_SALE_BEACON,     sale_beacon,     1)


typedef enum {
#define X(constant, function, fields)  constant,
    SK_COMMAND_TABLE(X)
#undef X
    SK_COMMAND_N
} sk_command_e;


#define sk_command_of_order(type)                                            \
    ((type) == SK_ORDER_CONFIRM || (type) == SK_ORDER_CANCEL                 \
     || (type) == SK_ORDER_EXTEND)


typedef enum {
    SK_COMMAND_FREE = 0,
    SK_COMMAND_QUEUED,
    SK_COMMAND_BEGUN,
    SK_COMMAND_DONE
} sk_command_state_e;


typedef struct {
    sk_command_e      type;
    uint64_t          id;               /* of a product, an order */
    uint32_t          name_len;
    char              name[SK_NAME_SIZE_MAX];       /* of a sale */
    uint32_t          by_len;
    char              by[SK_COMMAND_BY_SIZE_MAX];
    uint32_t          key_len;          /* 0: no idempotency key */
    char              key[SK_COMMAND_KEY_SIZE_MAX];
    uint8_t           hash[SK_COMMAND_HASH_SIZE];   /* of all it asks for */
    uint32_t          body_len;
    const char       *body;             /* JSON, or nothing */
} sk_command_t;


typedef struct {
    sk_status_e       status;
    char              path[SK_COMMAND_PATH_SIZE_MAX];   /* of what was made */
    uint32_t          len;              /* 0: SQLite could not make it */
    char              body[SK_COMMAND_REPLY_SIZE_MAX];  /* JSON, complete */
} sk_reply_t;


typedef struct {
    _Atomic uint64_t  ticket;
    _Atomic uint32_t  state;
    pid_t             owner;            /* the process that has posted it */
    uint32_t          left;             /* nobody waits for the reply */
    uint32_t          again;            /* was begun by one that is gone */
    int64_t           done_us;
    sk_command_t      command;
    char              body[SK_COMMAND_BODY_SIZE_MAX];
    sk_reply_t        reply;
} sk_command_cell_t;


typedef struct {
    pthread_mutex_t    mutex;           /* robust */
    _Atomic uint64_t   head;            /* all tickets below are done */
    _Atomic uint64_t   tail;            /* the next ticket */
    sk_command_cell_t  cells[SK_COMMANDS_MAX];
} sk_commands_t;


#define sk_command_cell(c, ticket)  (&(c)->cells[(ticket) % SK_COMMANDS_MAX])
#define sk_command_pending(c)                                                \
    (sk_load_acquire(&(c)->tail) != sk_load(&(c)->head))


/* maps the memory, before the processes fork; NULL: there is none */
sk_commands_t *sk_commands_map(void);
void sk_commands_unmap(sk_commands_t *c);

/*
 * For workers.  Posts a command; returns its ticket, or 0 if as many wait as
 * may.  "now_us" is monotonic.
 */
uint64_t sk_command_post(sk_commands_t *c, const sk_command_t *command,
    int64_t now_us);

/*
 * The reply to a command: SK_OK and a copy of it, SK_AGAIN if there is none
 * yet, SK_ERROR if it is lost.  Ends the command.
 */
int sk_command_collect(sk_commands_t *c, uint64_t ticket, sk_reply_t *reply);

/*
 * Takes a command back that was not begun: SK_OK, it will not be done.
 * SK_ERROR: it was begun.  Nobody will collect the reply.
 */
int sk_command_withdraw(sk_commands_t *c, uint64_t ticket);

/* nobody will collect the reply; the command is done all the same */
void sk_command_leave(sk_commands_t *c, uint64_t ticket);

/*
 * For the drainer.  Begins the command with a ticket, and says what to do:
 * SK_OK; SK_AGAIN: a drainer that is gone has begun it, and may have done it;
 * SK_MORE: nothing, go on to the next; SK_ERROR: there is none.
 */
int sk_command_begin(sk_commands_t *c, uint64_t ticket,
    sk_command_cell_t **cell);

/* the reply is filled in, or there was nothing to do */
void sk_command_done(sk_commands_t *c, uint64_t ticket, int64_t now_us);

/* it was not done after all */
void sk_command_postpone(sk_commands_t *c, uint64_t ticket);


#pragma GCC visibility pop


#endif /* _SK_COMMAND_H_INCLUDED_ */
