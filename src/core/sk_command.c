#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include <sodium.h>

#include "sk_mutex.h"
#include "sk_command.h"


static void sk_commands_lock(sk_commands_t *c);
static void sk_commands_unlock(sk_commands_t *c);
static unsigned sk_command_kept(sk_command_cell_t *cell, int64_t now_us);


sk_commands_t *
sk_commands_map(void)
{
    uint64_t        first;
    sk_commands_t  *c;

    /* pages are taken as they are written to: short bodies take few */

    c = mmap(NULL, sizeof(sk_commands_t), PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);

    if (c == MAP_FAILED) {
        return NULL;
    }

    if (sk_mutex_init(&c->mutex) != SK_OK) {
        sk_commands_unmap(c);
        return NULL;
    }

    /* as those of claims: no two servers' are the same */

    first = (uint64_t) (1 + randombytes_uniform((1 << 30) - 1)) << 32;

    sk_store(&c->head, first);
    sk_store(&c->tail, first);

    return c;
}


void
sk_commands_unmap(sk_commands_t *c)
{
    (void) munmap(c, sizeof(sk_commands_t));
}


/* a change is made by one store at its end: nothing is left half done */

static void
sk_commands_lock(sk_commands_t *c)
{
    if (pthread_mutex_lock(&c->mutex) == EOWNERDEAD) {
        (void) pthread_mutex_consistent(&c->mutex);
    }
}


static void
sk_commands_unlock(sk_commands_t *c)
{
    (void) pthread_mutex_unlock(&c->mutex);
}


/* whether somebody may still collect the reply; EPERM is of one that lives */

static unsigned
sk_command_kept(sk_command_cell_t *cell, int64_t now_us)
{
    return sk_load(&cell->state) == SK_COMMAND_DONE
           && now_us - cell->done_us < SK_COMMAND_KEEP_US
           && (kill(cell->owner, 0) == 0 || errno != ESRCH);
}


uint64_t
sk_command_post(sk_commands_t *c, const sk_command_t *command,
    int64_t now_us)
{
    uint64_t            ticket;
    sk_command_cell_t  *cell;

    sk_commands_lock(c);

    if (command->body_len > SK_COMMAND_BODY_SIZE_MAX) {
        sk_commands_unlock(c);
        return 0;
    }

    for (ticket = sk_load(&c->tail); /* void */ ; ticket++) {

        if (ticket - sk_load(&c->head) >= SK_COMMANDS_MAX) {
            sk_commands_unlock(c);
            return 0;
        }

        cell = sk_command_cell(c, ticket);

        if (!sk_command_kept(cell, now_us)) {
            break;
        }
    }

    cell->command = *command;
    cell->command.body = cell->body;

    if (command->body_len) {
        memcpy(cell->body, command->body, command->body_len);
    }

    cell->owner = getpid();
    cell->left = 0;
    cell->again = 0;
    sk_store(&cell->ticket, ticket);
    sk_store(&cell->state, SK_COMMAND_QUEUED);

    sk_store_release(&c->tail, ticket + 1);

    sk_commands_unlock(c);

    return ticket;
}


int
sk_command_collect(sk_commands_t *c, uint64_t ticket, sk_reply_t *reply)
{
    int                 rc;
    sk_command_cell_t  *cell;

    if (sk_load_acquire(&c->head) <= ticket) {
        return SK_AGAIN;
    }

    sk_commands_lock(c);

    cell = sk_command_cell(c, ticket);

    rc = SK_ERROR;

    if (sk_load(&cell->ticket) == ticket
        && sk_load(&cell->state) == SK_COMMAND_DONE)
    {
        memcpy(reply, &cell->reply,
               offsetof(sk_reply_t, body) + cell->reply.len);
        sk_store(&cell->state, SK_COMMAND_FREE);
        rc = SK_OK;
    }

    sk_commands_unlock(c);

    return rc;
}


int
sk_command_withdraw(sk_commands_t *c, uint64_t ticket)
{
    int                 rc;
    sk_command_cell_t  *cell;

    sk_commands_lock(c);

    cell = sk_command_cell(c, ticket);

    rc = SK_ERROR;

    if (sk_load(&cell->ticket) == ticket) {

        if (sk_load(&cell->state) == SK_COMMAND_QUEUED) {
            sk_store(&cell->state, SK_COMMAND_FREE);

            /* a process that was killed may have done it */

            rc = cell->again ? SK_ERROR : SK_OK;

        } else if (sk_load(&cell->state) == SK_COMMAND_DONE) {
            sk_store(&cell->state, SK_COMMAND_FREE);
        }

        cell->left = 1;
    }

    sk_commands_unlock(c);

    return rc;
}


void
sk_command_leave(sk_commands_t *c, uint64_t ticket)
{
    sk_command_cell_t  *cell;

    sk_commands_lock(c);

    cell = sk_command_cell(c, ticket);

    if (sk_load(&cell->ticket) == ticket) {

        if (sk_load(&cell->state) == SK_COMMAND_DONE) {
            sk_store(&cell->state, SK_COMMAND_FREE);
        }

        cell->left = 1;
    }

    sk_commands_unlock(c);
}


int
sk_command_begin(sk_commands_t *c, uint64_t ticket, sk_command_cell_t **cell)
{
    int                 rc;
    sk_command_cell_t  *p;

    if (sk_load_acquire(&c->tail) == ticket) {
        return SK_ERROR;
    }

    p = sk_command_cell(c, ticket);
    *cell = p;

    sk_commands_lock(c);

    /* withdrawn, or passed by */

    rc = SK_MORE;

    if (sk_load(&p->ticket) == ticket) {

        switch (sk_load(&p->state)) {

        case SK_COMMAND_BEGUN:
            p->again = 1;
            rc = SK_AGAIN;
            break;

        case SK_COMMAND_QUEUED:
            sk_store(&p->state, SK_COMMAND_BEGUN);
            rc = p->again ? SK_AGAIN : SK_OK;
            break;

        default:
            break;
        }
    }

    sk_commands_unlock(c);

    return rc;
}


void
sk_command_done(sk_commands_t *c, uint64_t ticket, int64_t now_us)
{
    sk_command_cell_t  *cell;

    sk_commands_lock(c);

    /* killed behind this, nobody does it again; its reply is lost */

    sk_store_release(&c->head, ticket + 1);

    cell = sk_command_cell(c, ticket);

    if (sk_load(&cell->ticket) == ticket
        && sk_load(&cell->state) != SK_COMMAND_FREE)
    {
        cell->done_us = now_us;
        sk_store(&cell->state, cell->left ? SK_COMMAND_FREE
                                          : SK_COMMAND_DONE);
    }

    sk_commands_unlock(c);
}


void
sk_command_postpone(sk_commands_t *c, uint64_t ticket)
{
    sk_command_cell_t  *cell;

    sk_commands_lock(c);

    cell = sk_command_cell(c, ticket);

    if (sk_load(&cell->ticket) == ticket
        && sk_load(&cell->state) == SK_COMMAND_BEGUN)
    {
        sk_store(&cell->state, SK_COMMAND_QUEUED);
    }

    sk_commands_unlock(c);
}
