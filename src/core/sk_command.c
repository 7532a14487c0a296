#include <errno.h>
#include <sys/mman.h>
#include <sodium.h>

#include "sk_mutex.h"
#include "sk_command.h"


static void sk_commands_lock(sk_commands_t *c);
static void sk_commands_unlock(sk_commands_t *c);


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


/* every change ends with the store of a state: nothing is left half done */

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


uint64_t
sk_command_post(sk_commands_t *c, const sk_command_t *command,
    int64_t now_us)
{
    uint64_t            ticket;
    uint32_t            state;
    sk_command_cell_t  *cell;

    sk_commands_lock(c);

    ticket = sk_load(&c->tail);
    cell = sk_command_cell(c, ticket);
    state = sk_load(&cell->state);

    if (command->body_len > SK_COMMAND_BODY_SIZE_MAX
        || ticket - sk_load(&c->head) >= SK_COMMANDS_MAX
        || (state == SK_COMMAND_DONE
            && now_us - cell->done_us < SK_COMMAND_KEEP_US))
    {
        sk_commands_unlock(c);
        return 0;
    }

    cell->command = *command;
    cell->command.body = cell->body;

    if (command->body_len) {
        memcpy(cell->body, command->body, command->body_len);
    }

    cell->left = 0;
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
            rc = SK_OK;

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


sk_command_cell_t *
sk_command_begin(sk_commands_t *c, uint64_t ticket, unsigned *again)
{
    uint32_t            state;
    sk_command_cell_t  *cell;

    if (sk_load_acquire(&c->tail) == ticket) {
        return NULL;
    }

    cell = sk_command_cell(c, ticket);

    sk_commands_lock(c);

    state = sk_load(&cell->state);
    *again = (state == SK_COMMAND_BEGUN);

    if (state == SK_COMMAND_QUEUED) {
        sk_store(&cell->state, SK_COMMAND_BEGUN);
    }

    sk_commands_unlock(c);

    return cell;
}


void
sk_command_done(sk_commands_t *c, sk_command_cell_t *cell, int64_t now_us)
{
    sk_commands_lock(c);

    cell->done_us = now_us;

    if (sk_load(&cell->state) != SK_COMMAND_FREE) {
        sk_store(&cell->state, cell->left ? SK_COMMAND_FREE
                                          : SK_COMMAND_DONE);
    }

    sk_store_release(&c->head, sk_load(&cell->ticket) + 1);

    sk_commands_unlock(c);
}


void
sk_command_postpone(sk_commands_t *c, sk_command_cell_t *cell)
{
    sk_commands_lock(c);

    if (sk_load(&cell->state) == SK_COMMAND_BEGUN) {
        sk_store(&cell->state, SK_COMMAND_QUEUED);
    }

    sk_commands_unlock(c);
}
