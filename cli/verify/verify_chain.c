#include <stdlib.h>

#include "verify_chain.h"


static int verify_chain_batch(verify_chain_t *c, const verify_batch_t *b);
static int verify_chain_row(verify_chain_t *c, const sk_row_t *row);
static int verify_chain_commit(verify_chain_t *c,
    const verify_commit_t *commit);
static int verify_chain_compare(verify_chain_t *c,
    const verify_commit_t *commit, sk_head_t *head);
static int verify_chain_say(verify_chain_t *c, const verify_commit_t *commit,
    int64_t gap);


void *
verify_chain_run(void *data)
{
    verify_batch_t  *b;
    verify_chain_t  *c = data;

    sk_pack_init(&c->packed);

    c->rc = SK_OK;

    while (c->rc == SK_OK
           && (b = verify_ring_take(c->ring, VERIFY_RING_CHAIN)) != NULL)
    {
        c->rc = verify_chain_batch(c, b);
        verify_ring_done(c->ring, VERIFY_RING_CHAIN);
    }

    if (c->rc != SK_OK) {
        verify_ring_stop(c->ring);
    }

    sk_pack_free(&c->packed);

    return NULL;
}


/* rows after the last commit are in none: they have no chain yet */

static int
verify_chain_batch(verify_chain_t *c, const verify_batch_t *b)
{
    int       rc;
    unsigned  i, n;

    rc = SK_OK;

    for (n = 0, i = 0; rc == SK_OK; /* void */ ) {

        if (n < b->n_commits && b->commits[n].row == i) {
            rc = verify_chain_commit(c, &b->commits[n++]);
            continue;
        }

        if (i == b->n_rows || (b->commits_end && n == b->n_commits)) {
            break;
        }

        rc = verify_chain_row(c, &b->rows[i++]);
    }

    return rc;
}


static int
verify_chain_row(verify_chain_t *c, const sk_row_t *row)
{
    if (row->seq != c->before + 1 && c->gap == 0) {
        c->gap = row->seq;
        c->gap_after = c->before;
    }

    c->before = row->seq;
    c->n++;

    if (c->lost) {
        return SK_OK;
    }

    sk_pack_add(&c->packed, row);

    if (c->packed.buffer.size > VERIFY_CHAIN_COMMIT_MAX) {
        c->lost = 1;
        sk_pack_free(&c->packed);
        sk_pack_init(&c->packed);
    }

    return c->packed.failed ? SK_ERROR : SK_OK;
}


static int
verify_chain_commit(verify_chain_t *c, const verify_commit_t *commit)
{
    int        rc;
    sk_head_t  head;

    rc = verify_chain_compare(c, commit, &head);

    if (rc == SK_ERROR) {
        return rc;
    }

    c->broken |= (rc != SK_OK);

    c->head = head;
    c->n = 0;
    c->gap = 0;
    c->lost = 0;
    c->before = commit->last;

    sk_pack_clear(&c->packed);

    return c->packed.failed ? SK_ERROR : SK_OK;
}


/* SK_OK, SK_DAMAGED; "head" is what the next one is checked by */

static int
verify_chain_compare(verify_chain_t *c, const verify_commit_t *commit,
    sk_head_t *head)
{
    int64_t     gap;
    sk_bytes_t  data;

    *head = c->head;
    head->number = (uint64_t) commit->last;

    gap = c->gap ? c->gap
          : (c->n == 0 || c->before != commit->last) ? commit->last : 0;

    if (gap == 0 && !c->lost) {

        if (sk_pack_end(&c->packed, &data) != SK_OK) {
            return SK_ERROR;
        }

        sk_pack_chain(head->chain, &data);

        if (commit->chained
            && memcmp(head->chain, commit->chain, SK_CHAIN_SIZE) == 0)
        {
            return SK_OK;
        }
    }

    if (commit->chained) {
        memcpy(head->chain, commit->chain, SK_CHAIN_SIZE);
    }

    return (c->check.n_lines == VERIFY_LINES_MAX
            || verify_chain_say(c, commit, gap) == SK_OK)
           ? SK_DAMAGED : SK_ERROR;
}


static int
verify_chain_say(verify_chain_t *c, const verify_commit_t *commit, int64_t gap)
{
    char  after[64];

    (void) snprintf(after, sizeof(after), "after event %" PRIu64 ": damaged:",
                    c->head.number);

    if (!commit->chained) {
        return verify_check_line(&c->check, 1, "%s commit %" PRId64
                                 " has no chain", after, commit->last);
    }

    if (gap) {
        return verify_check_line(&c->check, 1, "%s event %" PRId64 " does not "
                                 "follow event %" PRId64, after, gap,
                                 c->gap ? c->gap_after : c->before);
    }

    return verify_check_line(&c->check, 1, "%s the events up to %" PRId64
                             " are not those of which its chain was made",
                             after, commit->last);
}


void
verify_chain_free(verify_chain_t *c)
{
    free(c->check.lines);
}
