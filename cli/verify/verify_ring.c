#include <stdlib.h>

#include "verify_ring.h"


void
verify_ring_init(verify_ring_t *r)
{
    (void) pthread_mutex_init(&r->mutex, NULL);
    (void) pthread_cond_init(&r->changed, NULL);
}


void
verify_ring_free(verify_ring_t *r)
{
    unsigned  i;

    for (i = 0; i < VERIFY_RING_BATCHES; i++) {
        free(r->batches[i].text);
    }

    (void) pthread_cond_destroy(&r->changed);
    (void) pthread_mutex_destroy(&r->mutex);
}


verify_batch_t *
verify_ring_fill(verify_ring_t *r)
{
    unsigned         i;
    uint64_t         done;
    verify_batch_t  *b;

    (void) pthread_mutex_lock(&r->mutex);

    for ( ;; ) {
        done = r->done[0];

        for (i = 1; i < VERIFY_RING_N; i++) {
            done = (r->done[i] < done) ? r->done[i] : done;
        }

        if (r->stop || r->filled - done < VERIFY_RING_BATCHES) {
            break;
        }

        (void) pthread_cond_wait(&r->changed, &r->mutex);
    }

    b = r->stop ? NULL : &r->batches[r->filled % VERIFY_RING_BATCHES];

    (void) pthread_mutex_unlock(&r->mutex);

    if (b) {
        b->n_rows = 0;
        b->n_commits = 0;
        b->commits_end = 0;
        b->text_len = 0;
    }

    return b;
}


void
verify_ring_filled(verify_ring_t *r)
{
    (void) pthread_mutex_lock(&r->mutex);
    r->filled++;
    (void) pthread_cond_broadcast(&r->changed);
    (void) pthread_mutex_unlock(&r->mutex);
}


void
verify_ring_end(verify_ring_t *r)
{
    (void) pthread_mutex_lock(&r->mutex);
    r->end = 1;
    (void) pthread_cond_broadcast(&r->changed);
    (void) pthread_mutex_unlock(&r->mutex);
}


verify_batch_t *
verify_ring_take(verify_ring_t *r, verify_ring_e who)
{
    verify_batch_t  *b;

    (void) pthread_mutex_lock(&r->mutex);

    while (!r->stop && !r->end && r->done[who] == r->filled) {
        (void) pthread_cond_wait(&r->changed, &r->mutex);
    }

    b = (r->stop || r->done[who] == r->filled)
        ? NULL : &r->batches[r->done[who] % VERIFY_RING_BATCHES];

    (void) pthread_mutex_unlock(&r->mutex);

    return b;
}


void
verify_ring_done(verify_ring_t *r, verify_ring_e who)
{
    (void) pthread_mutex_lock(&r->mutex);
    r->done[who]++;
    (void) pthread_cond_broadcast(&r->changed);
    (void) pthread_mutex_unlock(&r->mutex);
}


void
verify_ring_stop(verify_ring_t *r)
{
    (void) pthread_mutex_lock(&r->mutex);
    r->stop = 1;
    (void) pthread_cond_broadcast(&r->changed);
    (void) pthread_mutex_unlock(&r->mutex);
}


/* rows point to it: it is not moved while it has something in it */

char *
verify_batch_room(verify_batch_t *b, size_t size)
{
    char    *p;
    size_t   room;

    if (b->text_size - b->text_len < size || b->text == NULL) {

        if (b->n_rows) {
            return NULL;
        }

        room = (size > VERIFY_BATCH_TEXT) ? size : VERIFY_BATCH_TEXT;
        p = malloc(room);

        if (p == NULL) {
            return NULL;
        }

        free(b->text);

        b->text = p;
        b->text_size = room;
        b->text_len = 0;
    }

    p = b->text + b->text_len;
    b->text_len += size;

    return p;
}
