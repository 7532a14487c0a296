#include <stdarg.h>

#include "verify_state.h"


static const char  *verify_states[] = {
#define X(constant, name)  [constant] = name,
    VERIFY_STATE_TABLE(X)
#undef X
};


static int verify_bad_line(verify_state_t *v, verify_check_t *check,
    const verify_bad_t *bad);
static int verify_bad_life(verify_state_t *v, verify_check_t *check,
    const verify_bad_t *bad);


verify_bad_t *
verify_bad(verify_state_t *v, verify_check_e check, const verify_event_t *e,
    const char *fmt, ...)
{
    va_list        args;
    verify_bad_t  *bad;

    if (v->n_bad[check] == VERIFY_LINES_MAX) {
        return NULL;
    }

    bad = &v->bad[check][v->n_bad[check]++];

    memset(bad, 0, sizeof(verify_bad_t));

    bad->seq = e->row->seq;

    va_start(args, fmt);
    (void) vsnprintf(bad->text, sizeof(bad->text), fmt, args);
    va_end(args);

    return bad;
}


const char *
verify_bad_type(const sk_row_t *row, char text[64])
{
    size_t  i;

    for (i = 0; i < row->type.len && i < 63; i++) {
        text[i] = row->type.data[i];

        if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = '?';
        }
    }

    text[i] = '\0';

    return text;
}


int
verify_bad_report(verify_state_t *v, verify_check_e i, verify_check_t *check)
{
    unsigned  n;

    for (n = 0; n < v->n_bad[i]; n++) {
        if (verify_bad_line(v, check, &v->bad[i][n]) != SK_OK) {
            return SK_ERROR;
        }
    }

    return SK_OK;
}


static int
verify_bad_line(verify_state_t *v, verify_check_t *check,
    const verify_bad_t *bad)
{
    char  more[VERIFY_NUMBER_SIZE];

    if (bad->unborn) {
        return verify_bad_life(v, check, bad);
    }

    if (bad->to == VERIFY_NOTHING) {
        return verify_check_line(check, 1, "%s", bad->text);
    }

    if (bad->more == 0) {
        return verify_check_line(check, 1, "%s was %s, and became %s",
                                 bad->text, verify_states[bad->from],
                                 verify_states[bad->to]);
    }

    return verify_check_line(check, 1, "%s was %s, and became %s, and %s more "
                             "of sale %" PRId64, bad->text,
                             verify_states[bad->from], verify_states[bad->to],
                             verify_number(more, (int64_t) bad->more),
                             v->sales.elts[bad->sale].id);
}


/* it was not there yet: by now it is known whether it ever was */

static int
verify_bad_life(verify_state_t *v, verify_check_t *check,
    const verify_bad_t *bad)
{
    uint32_t     i;
    const char  *what;

    what = (bad->life == VERIFY_LIFE_PRODUCT) ? "product" : "sale";

    i = verify_sales_get(&v->sales, bad->id);

    if (i == UINT32_MAX) {
        return SK_ERROR;
    }

    return (v->sales.elts[i].life == bad->life)
           ? verify_check_line(check, 1, "%s before %s %" PRId64 " was added",
                               bad->text, what, bad->id)
           : verify_check_line(check, 1, "%s of a %s %" PRId64 " that was never"
                               " added", bad->text, what, bad->id);
}
