#include <sodium.h>

#include "sk_writer.h"


/* seeds of sales with a shuffled opening: see sk_opening.h */


static int sk_writer_opening_make(sk_writer_t *w, const sk_sale_def_t *def,
    sk_opening_def_t *opening);
static int sk_writer_opening_try(const sk_secret_t *secret, const char *name,
    size_t len, const sk_opening_def_t *opening, uint8_t *seed);


/* once a sale has a commitment it keeps that, whatever is edited */

int
sk_writer_opening(sk_writer_t *w, sk_event_t *e)
{
    sk_sale_t  *sale;

    sale = sk_zone_sale_by_id(w->zone, e->sale_id);

    if (sale && sale->opening.def.given) {
        e->opening = sale->opening.def;
        return SK_OK;
    }

    return (e->def.shuffle_s && sk_event_has_def(e->type))
           ? sk_writer_opening_make(w, &e->def, &e->opening) : SK_OK;
}


static int
sk_writer_opening_make(sk_writer_t *w, const sk_sale_def_t *def,
    sk_opening_def_t *opening)
{
    int                 rc;
    uint8_t             seed[SK_SEED_SIZE];
    sk_secret_t         own;
    const sk_secret_t  *secret;

    secret = w->secret;

    if (secret == NULL) {

        /* of several machines, no other one would have it */

        if (w->authority) {
            return SK_REFUSED;
        }

        rc = sk_ledger_secret(w->ledger, 1, &own);

        if (rc != SK_OK) {
            return sk_writer_failed(w, rc);
        }

        secret = &own;
    }

    opening->given = 1;
    randombytes_buf(opening->nonce, SK_NONCE_SIZE);

    sk_opening_derive(secret, def->name, def->name_len, opening->nonce, seed);
    sk_opening_commit(seed, opening->commitment);

    sodium_memzero(seed, sizeof(seed));

    return SK_OK;
}


int
sk_writer_opening_seed(sk_writer_t *w, const sk_sale_t *sale, uint8_t *seed)
{
    int          rc;
    size_t       len;
    sk_secret_t  own;

    len = sk_load(&sale->name_len);

    if (w->secret && sk_writer_opening_try(w->secret, sale->name, len,
                                           &sale->opening.def, seed)
                     == SK_OK)
    {
        return SK_OK;
    }

    /* a store that is shared now, or has got a file since, may have its own */

    rc = sk_ledger_secret(w->ledger, 0, &own);

    if (rc == SK_OK) {
        return sk_writer_opening_try(&own, sale->name, len, &sale->opening.def,
                                     seed);
    }

    return (rc == SK_NOT_FOUND) ? SK_NOT_FOUND : sk_writer_failed(w, rc);
}


static int
sk_writer_opening_try(const sk_secret_t *secret, const char *name, size_t len,
    const sk_opening_def_t *opening, uint8_t *seed)
{
    uint8_t  commitment[SK_SEED_SIZE];

    sk_opening_derive(secret, name, len, opening->nonce, seed);
    sk_opening_commit(seed, commitment);

    return (memcmp(commitment, opening->commitment, SK_SEED_SIZE) == 0)
           ? SK_OK : SK_NOT_FOUND;
}
