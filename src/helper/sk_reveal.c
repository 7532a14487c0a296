#include <stdio.h>

#include <sodium.h>

#include "sk_reveal.h"


static int sk_reveal_learn(sk_reveal_t *reveal, sk_writer_t *w,
    unsigned *decided);
static int sk_reveal_unknown(sk_writer_t *w, sk_sale_t *sale, unsigned *found);
static void sk_reveal_tell(sk_writer_t *w, sk_sale_t *sale, unsigned again,
    char *reason);
static int64_t sk_reveal_next(sk_zone_t *zone, int64_t now_ms);
static int sk_reveal_due(sk_writer_t *w, unsigned *decided);


/* of a sale with an opening: when its window is over; it has none any more if
   "shuffle" was taken back, but who has won in one before is to be checked */

#define sk_reveal_over(sale)                                                 \
    (sk_load(&(sale)->start_ms) + sk_load(&(sale)->shuffle_s) * 1000)

#define sk_reveal_opens(sale)                                                \
    (!sk_sale_removed(sale)                                                  \
     && sk_load(&(sale)->opening.state) != SK_OPENING_NONE)


int
sk_reveal_work(sk_reveal_t *reveal, sk_writer_t *w, unsigned *decided)
{
    int      rc;
    int64_t  next_ms;

    if (reveal->known && w->clock_ms < sk_load(&w->zone->reveal_ms)) {
        return SK_OK;
    }

    rc = sk_reveal_learn(reveal, w, decided);

    if (rc != SK_OK) {
        return rc;
    }

    reveal->known = 1;

    next_ms = sk_reveal_next(w->zone, w->clock_ms);

    if (w->clock_ms < next_ms) {
        sk_store(&w->zone->reveal_ms, next_ms);
        return SK_OK;
    }

    /* what is applied meanwhile, of other machines too, is looked at then */

    sk_store(&w->zone->reveal_ms, 0);

    rc = sk_reveal_due(w, decided);

    return (rc == SK_OK) ? SK_MORE : rc;
}


/* derives the seeds that are not known; says which ones cannot be */

static int
sk_reveal_learn(sk_reveal_t *reveal, sk_writer_t *w, unsigned *decided)
{
    int         rc;
    char        reason[SK_REASON_SIZE_MAX];
    unsigned    found;
    uint32_t    slot, n;
    sk_sale_t  *sale;

    n = sk_load(&w->zone->sales.n);
    reason[0] = '\0';

    for (slot = 0; slot < n; slot++) {
        sale = &w->zone->sales.elts[slot];

        if (!sk_reveal_opens(sale)
            || sk_load(&sale->opening.state) != SK_OPENING_UNKNOWN)
        {
            continue;
        }

        rc = sk_reveal_unknown(w, sale, &found);

        if (rc != SK_OK) {
            return rc;
        }

        *decided |= found;

        if (!found && w->clock_ms < sk_reveal_over(sale)) {
            sk_reveal_tell(w, sale, !reveal->known, reason);
        }
    }

    if (strcmp(reason, w->zone->seeds) != 0) {
        sk_zone_set_seeds(w->zone, reason);
    }

    return SK_OK;
}


static int
sk_reveal_unknown(sk_writer_t *w, sk_sale_t *sale, unsigned *found)
{
    int      rc;
    uint8_t  seed[SK_SEED_SIZE];

    rc = sk_writer_opening_seed(w, sale, seed);

    *found = (rc == SK_OK);

    if (rc == SK_OK) {
        sk_zone_lock(w->zone);
        (void) sk_opening_set_seed(&sale->opening, seed);
        sk_zone_unlock(w->zone);
    }

    sodium_memzero(seed, sizeof(seed));

    return (rc == SK_NOT_FOUND) ? SK_OK : rc;
}


static void
sk_reveal_tell(sk_writer_t *w, sk_sale_t *sale, unsigned again, char *reason)
{
    int  len;

    len = (int) sk_load(&sale->name_len);

    if (reason[0] == '\0') {
        (void) snprintf(reason, SK_REASON_SIZE_MAX,
                        "the seed of sale \"%.*s\" is not known here: the log "
                        "says why", len, sale->name);
    }

    if (sale->opening.told && !again) {
        return;
    }

    sale->opening.told = 1;

    sk_log(&w->log, SK_LOG_ERR, "the seed of sale \"%.*s\" is not known: no "
           "secret of this machine gives its commitment; claims in its window "
           "get \"unavailable\" until \"secret=\" is what it was where the "
           "sale was made", len, sale->name);
}


/* when there is something to do next: INT64_MAX, never */

static int64_t
sk_reveal_next(sk_zone_t *zone, int64_t now_ms)
{
    int64_t     next_ms, over_ms;
    uint32_t    slot, n;
    sk_sale_t  *sale;

    n = sk_load(&zone->sales.n);
    next_ms = INT64_MAX;

    for (slot = 0; slot < n; slot++) {
        sale = &zone->sales.elts[slot];

        if (!sk_reveal_opens(sale)) {
            continue;
        }

        over_ms = sk_reveal_over(sale);

        /* an unknown one is of no matter once its window is over */

        if (over_ms < next_ms
            && (sk_reveal_may(sale)
                || (sk_load(&sale->opening.state) == SK_OPENING_UNKNOWN
                    && now_ms < over_ms)))
        {
            next_ms = over_ms;
        }
    }

    return next_ms;
}


static int
sk_reveal_due(sk_writer_t *w, unsigned *decided)
{
    int         rc;
    uint32_t    slot, n;
    sk_sale_t  *sale;

    rc = sk_writer_begin(w);

    if (rc != SK_OK) {
        return rc;
    }

    /* another machine may have revealed them meanwhile, or moved a window */

    n = sk_load(&w->zone->sales.n);

    for (slot = 0; slot < n; slot++) {
        sale = &w->zone->sales.elts[slot];

        if (!sk_reveal_opens(sale) || !sk_reveal_may(sale)
            || w->clock_ms < sk_reveal_over(sale))
        {
            continue;
        }

        rc = sk_reveal_append(w, sale);

        if (rc == SK_FULL) {
            break;
        }

        if (rc != SK_OK) {
            return rc;
        }
    }

    rc = sk_writer_commit(w);

    *decided |= (rc == SK_OK);

    return rc;
}


int
sk_reveal_append(sk_writer_t *w, sk_sale_t *sale)
{
    sk_event_t  e;

    sk_assert(sk_reveal_may(sale));

    memset(&e, 0, sizeof(sk_event_t));

    e.type = SK_EVENT_SEED_REVEALED;
    e.sale_id = sk_load(&sale->id);
    memcpy(e.seed, sale->opening.seed, SK_SEED_SIZE);

    return sk_writer_append(w, &e);
}
