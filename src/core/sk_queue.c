#include "sk_queue.h"


int
sk_queue_outcome(sk_queue_t *q, uint64_t ticket, sk_outcome_e *outcome,
    uint64_t *order, uint32_t *expires_s)
{
    sk_cell_t  *cell;

    sk_assert(ticket < sk_load_acquire(&q->head));

    cell = sk_queue_cell(q, ticket);

    if (sk_load_acquire(&cell->ticket) != ticket) {
        return SK_ERROR;
    }

    *outcome = sk_load(&cell->outcome);
    *order = sk_load(&cell->order);
    *expires_s = sk_load(&cell->expires_s);

    atomic_thread_fence(memory_order_acquire);

    return (sk_load(&cell->ticket) == ticket) ? SK_OK : SK_ERROR;
}
