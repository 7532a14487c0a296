#include "sk_clock.h"


#define sk_clock_at(clock, n)  (&(clock)->steps[(n) % SK_CLOCK_STEPS])


void
sk_clock_set(sk_clock_t *clock, uint64_t seq, int64_t by_ms)
{
    int64_t           before_ms;
    uint64_t          n;
    sk_clock_step_t  *step;

    n = sk_load(&clock->n);
    before_ms = 0;

    if (n) {
        step = sk_clock_at(clock, n - 1);

        if (sk_load(&step->seq) >= seq) {
            return;
        }

        before_ms = sk_load(&step->after_ms);
    }

    step = sk_clock_at(clock, n);

    sk_store(&step->seq, seq);
    sk_store(&step->before_ms, before_ms);
    sk_store(&step->after_ms, before_ms + by_ms);

    sk_store_release(&clock->n, n + 1);
}


uint32_t
sk_clock_end(sk_clock_t *clock, uint64_t order, uint32_t expires_s)
{
    int64_t           now_ms, won_ms, end_s;
    uint64_t          n, first;
    sk_clock_step_t  *step;

    n = sk_load_acquire(&clock->n);

    if (n == 0) {
        return expires_s;
    }

    first = (n > SK_CLOCK_STEPS) ? n - SK_CLOCK_STEPS : 0;

    now_ms = sk_load(&sk_clock_at(clock, n - 1)->after_ms);
    won_ms = now_ms;

    while (n > first) {
        step = sk_clock_at(clock, --n);

        if (sk_load(&step->seq) < order) {
            break;
        }

        won_ms = sk_load(&step->before_ms);
    }

    if (now_ms >= won_ms) {
        return expires_s;
    }

    end_s = (int64_t) expires_s - (won_ms - now_ms) / 1000;

    return (end_s > 0) ? (uint32_t) end_s : 1;
}
