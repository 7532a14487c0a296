#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "receipts_check.h"
#include "receipts_said.h"


static int receipts_check_said(receipts_check_t *c, receipts_said_t *said);
static int receipts_check_head(receipts_check_t *c, receipts_said_t *said);
static int receipts_check_order(receipts_check_t *c, receipts_said_t *said);
static int receipts_check_group(receipts_check_t *c,
    const receipts_said_t *said, const receipts_order_t *order);
static unsigned receipts_check_state(const receipts_said_t *said,
    const receipts_order_t *order);
static int receipts_check_none(receipts_check_t *c,
    const receipts_said_t *said);
static unsigned receipts_check_counts(const receipts_said_t *said,
    const receipts_sale_t *sale, const receipts_order_t *order);
static int64_t receipts_check_limit(const receipts_said_t *said,
    const receipts_sale_t *sale);
static receipts_sale_t *receipts_check_sale(receipts_check_t *c,
    const receipts_said_t *said);
static unsigned receipts_check_grouped(const receipts_sale_t *one,
    const receipts_sale_t *two);
static unsigned receipts_check_same(const char *one, size_t one_len,
    const char *two, size_t two_len);
static int receipts_check_bad(receipts_check_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


/* whether what happened then was seen by whoever has answered */

#define receipts_check_settled(said, at_ms)                                  \
    ((at_ms) <= (said)->seen_ms - RECEIPTS_LAG_MS)


int
receipts_check(receipts_check_t *c, const char *text, size_t len)
{
    int                rc;
    json_t            *claims;
    const char        *wrong;
    receipts_said_t    said;
    sk_token_error_e   error;

    c->n++;

    error = sk_token_receipt(c->keys, text, len, &claims);

    if (error != SK_TOKEN_OK) {
        return receipts_check_bad(c, "%s", sk_token_errors[error].text);
    }

    wrong = receipts_said_read(claims, &said);

    rc = wrong ? receipts_check_bad(c, "%s", wrong)
               : receipts_check_said(c, &said);

    json_decref(claims);

    if (rc != SK_OK) {
        return rc;
    }

    c->n_good++;

    if (said.is_head) {
        c->n_heads++;

    } else {
        c->n_expired += (said.exp <= c->now_s);
        c->n_headless += !said.has_head;
    }

    return SK_OK;
}


static int
receipts_check_said(receipts_check_t *c, receipts_said_t *said)
{
    int  rc;

    if (said->has_head) {
        rc = receipts_check_head(c, said);

        if (rc != SK_OK || said->is_head) {
            return rc;
        }
    }

    if (said->order) {
        return receipts_check_order(c, said);
    }

    /* without a head, nobody knows what was in the ledger then */

    return said->has_head ? receipts_check_none(c, said) : SK_OK;
}


static int
receipts_check_head(receipts_check_t *c, receipts_said_t *said)
{
    int                 rc;
    int64_t             at_ms;
    sk_head_t           head;
    receipts_ledger_t  *l;

    l = &c->ledger;

    if (said->head.number > l->head.number) {
        return receipts_check_bad(c, l->broken
                                  ? "its head is event %" PRIu64 ", but the"
                                    " chain is broken after event %" PRIu64
                                  : "its head is event %" PRIu64 ", but the"
                                    " ledger ends with event %" PRIu64,
                                  said->head.number, l->head.number);
    }

    rc = sk_ledger_head_at(l->ledger, said->head.number, &head);

    if (rc != SK_OK) {
        (void) snprintf(l->error, sizeof(l->error), "%s",
                        sk_ledger_error(l->ledger));
        return SK_ERROR;
    }

    if (head.number != said->head.number) {
        return receipts_check_bad(c, "its head is event %" PRIu64 ", with which"
                                  " no commit of the ledger ends",
                                  said->head.number);
    }

    if (!sk_head_equal(&head, &said->head)) {
        return receipts_check_bad(c, "the ledger has another history up to its"
                                  " head, event %" PRIu64, head.number);
    }

    said->seen_ms = said->iat * 1000;

    if (head.number == 0) {
        return SK_OK;
    }

    /* a clock that was set back is behind the ledger's time */

    rc = receipts_order_at(l, head.number, &at_ms);

    if (rc == SK_OK && at_ms > said->seen_ms) {
        said->seen_ms = at_ms;
    }

    return (rc == SK_OK) ? SK_OK : SK_ERROR;
}


static int
receipts_check_order(receipts_check_t *c, receipts_said_t *said)
{
    int               rc;
    size_t            len;
    const char       *name;
    receipts_order_t  order;

    if (said->has_head && said->order > said->head.number) {
        return receipts_check_bad(c, "order %" PRIu64 " is behind its head,"
                                  " event %" PRIu64, said->order,
                                  said->head.number);
    }

    rc = (said->order > c->ledger.head.number)
         ? SK_NOT_FOUND
         : receipts_order_find(&c->ledger, said->order, &order);

    if (rc == SK_NOT_FOUND) {
        return receipts_check_bad(c, "there is no order %" PRIu64,
                                  said->order);
    }

    if (rc != SK_OK) {
        return SK_ERROR;
    }

    name = said->order_sale ? said->order_sale : said->sale;
    len = said->order_sale ? said->order_sale_len : said->sale_len;

    if (!receipts_check_same(order.user, order.user_len, said->user,
                             said->user_len))
    {
        return receipts_check_bad(c, "order %" PRIu64 " is another user's",
                                  said->order);
    }

    if (!receipts_check_same(order.sale->name, order.sale->name_len, name,
                             len))
    {
        return receipts_check_bad(c, "order %" PRIu64 " is of another sale",
                                  said->order);
    }

    if (!said->has_head) {
        return SK_OK;
    }

    if (!receipts_check_state(said, &order)) {
        return receipts_check_bad(c, "order %" PRIu64 " was not %s then, at"
                                  " event %" PRIu64, said->order, said->state,
                                  said->head.number);
    }

    return said->order_sale ? receipts_check_group(c, said, &order) : SK_OK;
}


/* an order of another sale is told of where both have one limit */

static int
receipts_check_group(receipts_check_t *c, const receipts_said_t *said,
    const receipts_order_t *order)
{
    receipts_sale_t  *sale;

    sale = receipts_check_sale(c, said);

    return (sale && receipts_check_grouped(sale, order->sale))
           ? SK_OK
           : receipts_check_bad(c, "order %" PRIu64 " is of a sale that is in"
                                " no group with its own", order->number);
}


/* an order in force that was this at the head, or until just before */

static unsigned
receipts_check_state(const receipts_said_t *said,
    const receipts_order_t *order)
{
    unsigned                i;
    const receipts_span_t  *span;

    for (i = 0; i < order->n_spans; i++) {
        span = &order->spans[i];

        if (strcmp(span->state, said->state) == 0
            && span->from <= said->head.number
            && (span->to == 0 || span->to > said->head.number
                || !receipts_check_settled(said, span->to_ms)))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * "none" is not said of who has an order of the sale; and whoever has all that
 * the limit allows is told so, before anything else is looked at.  But
 * "queued", and "none", may be what a question of one sale of a group was
 * answered.
 */

static int
receipts_check_none(receipts_check_t *c, const receipts_said_t *said)
{
    int                      rc;
    size_t                   i, n;
    int64_t                  limit, had;
    receipts_sale_t         *sale;
    receipts_order_t         order;
    const receipts_index_t  *index;

    sale = receipts_check_sale(c, said);

    if (sale == NULL) {
        return receipts_check_bad(c, "there was no such sale then, at event %"
                                  PRIu64, said->head.number);
    }

    limit = (said->result == SK_NONE) ? 1 : receipts_check_limit(said, sale);
    had = 0;

    n = receipts_ledger_user(&c->ledger, said->user, said->user_len, &index);

    for (i = 0; i < n && index[i].order <= said->head.number; i++) {

        rc = receipts_order_find(&c->ledger, index[i].order, &order);

        if (rc == SK_ERROR) {
            return rc;
        }

        if (rc != SK_OK || !receipts_check_counts(said, sale, &order)) {
            continue;
        }

        if (++had >= limit) {
            return receipts_check_bad(c, "it says \"%s\", but its user had"
                                      " order %" PRIu64 "%s",
                                      sk_results[said->result].name,
                                      order.number,
                                      (limit > 1) ? ", and all that the limit"
                                                    " allows" : "");
        }
    }

    return SK_OK;
}


/* an order of this user that had been in force for long enough to be seen */

static unsigned
receipts_check_counts(const receipts_said_t *said, const receipts_sale_t *sale,
    const receipts_order_t *order)
{
    int64_t                 since_ms;
    unsigned                i;
    const receipts_span_t  *span;

    if (!receipts_check_same(order->user, order->user_len, said->user,
                             said->user_len)
        || !(order->sale == sale
             || (said->result != SK_NONE && said->result != SK_QUEUED
                 && receipts_check_grouped(sale, order->sale)))
        || (order->sale->removed && order->sale->removed <= said->head.number))
    {
        return 0;
    }

    since_ms = 0;

    for (i = 0; i < order->n_spans; i++) {
        span = &order->spans[i];

        if (i == 0 || span->from != order->spans[i - 1].to) {
            since_ms = span->from_ms;
        }

        if (span->from <= said->head.number
            && (span->to == 0 || span->to > said->head.number))
        {
            return receipts_check_settled(said, since_ms);
        }
    }

    return 0;
}


/* the largest that it may have been */

static int64_t
receipts_check_limit(const receipts_said_t *said, const receipts_sale_t *sale)
{
    int64_t                  limit;
    unsigned                 i;
    const receipts_limit_t  *l;

    limit = 1;

    for (i = sale->n_limits; i > 0; i--) {
        l = &sale->limits[i - 1];

        if (l->seq > said->head.number) {
            continue;
        }

        limit = (l->limit > limit) ? l->limit : limit;

        if (receipts_check_settled(said, l->at_ms)) {
            break;
        }
    }

    return limit;
}


/* the sale that had this name then, or until just before */

static receipts_sale_t *
receipts_check_sale(receipts_check_t *c, const receipts_said_t *said)
{
    size_t            i;
    receipts_sale_t  *sale;

    for (i = c->ledger.n_sales; i > 0; i--) {
        sale = &c->ledger.sales[i - 1];

        if (sale->id <= said->head.number
            && receipts_check_same(sale->name, sale->name_len, said->sale,
                                   said->sale_len)
            && (sale->removed == 0 || sale->removed > said->head.number
                || !receipts_check_settled(said, sale->removed_ms)))
        {
            return sale;
        }
    }

    return NULL;
}


static unsigned
receipts_check_grouped(const receipts_sale_t *one, const receipts_sale_t *two)
{
    return one->group_len
           && receipts_check_same(one->group, one->group_len, two->group,
                                  two->group_len);
}


static unsigned
receipts_check_same(const char *one, size_t one_len, const char *two,
    size_t two_len)
{
    return one_len == two_len && memcmp(one, two, one_len) == 0;
}


static int
receipts_check_bad(receipts_check_t *c, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(c->why, sizeof(c->why), fmt, args);
    va_end(args);

    return SK_REFUSED;
}
