#include <stdlib.h>

#include "sk_json.h"
#include "sk_time.h"
#include "verify.h"


static void verify_print_last(const verify_report_t *report, FILE *out);
static void verify_print_sale(const verify_sum_t *sum, FILE *out);
static json_t *verify_print_checks(const verify_report_t *report);
static json_t *verify_print_bad(const verify_report_t *report);
static json_t *verify_print_head(const verify_report_t *report);
static json_t *verify_print_event(const verify_report_t *report);
static json_t *verify_print_sales(const verify_report_t *report);


static const char  *verify_verdicts[] = { "ok", "BROKEN", "BAD", "none" };


void
verify_text(const verify_report_t *report, FILE *out)
{
    size_t                 i;
    unsigned               n;
    const verify_check_t  *check;

    for (i = 0; i < report->n_checks; i++) {
        check = &report->checks[i];

        (void) fprintf(out, "%-6s  %s\n", verify_verdicts[check->verdict],
                       check->what);

        for (n = 0; n < check->n_lines; n++) {
            (void) fprintf(out, "          %s\n", check->lines[n].text);
        }
    }

    verify_print_last(report, out);

    if (report->n_sales) {
        (void) fprintf(out, "\n%-24s %10s %10s %10s %10s %10s %10s\n", "sale",
                       "stock", "sold", "held", "paid", "expired",
                       "cancelled");
    }

    for (i = 0; i < report->n_sales; i++) {
        verify_print_sale(&report->sales[i], out);
    }

    (void) fputs(verify_has(report, VERIFY_CHECK_BROKEN)
                 ? "\nthe ledger is BROKEN\n"
                 : verify_has(report, VERIFY_CHECK_BAD)
                   ? "\nthe ledger is sound, but NOT all receipts are good\n"
                   : "\nthe ledger is sound\n", out);
}


/* a file without its log of writes looks like one that was closed */

static void
verify_print_last(const verify_report_t *report, FILE *out)
{
    char  time[SK_TIME_SIZE + 1];

    if (report->last == 0) {
        (void) fputs("last    there is no event\n", out);

    } else if (report->last_ms < 0 || report->last_ms > SK_LEDGER_AT_MAX) {
        (void) fprintf(out, "last    event %" PRIu64 "\n", report->last);

    } else {
        sk_time_format(time, report->last_ms);
        (void) fprintf(out, "last    event %" PRIu64 ", %s\n", report->last,
                       time);
    }

    if (report->wal) {
        return;
    }

    (void) fputs("          whether there were others after it cannot be known"
                 " from this file: a store\n"
                 "          that was copied without its \"-wal\" looks like"
                 " this, too.  Compare with the\n"
                 "          head in \"seckill health\", or with heads that"
                 " were signed\n", out);
}


static void
verify_print_sale(const verify_sum_t *sum, FILE *out)
{
    int     width;
    char    name[SK_NAME_SIZE_MAX + 1], stock[VERIFY_NUMBER_SIZE];
    size_t  i;

    width = 24;

    for (i = 0; i < sum->name_len; i++) {
        name[i] = sum->name[i];

        if ((unsigned char) name[i] < 0x20 || name[i] == 0x7f) {
            name[i] = '?';
        }

        /* a character is as wide as its first byte */

        width += ((name[i] & 0xc0) == 0x80);
    }

    name[i] = '\0';
    stock[0] = '\0';

    if (sum->stock >= 0) {
        (void) snprintf(stock, sizeof(stock), "%" PRId64, sum->stock);
    }

    (void) fprintf(out, "%-*s %10s %10" PRId64 " %10" PRId64 " %10" PRId64
                   " %10" PRId64 " %10" PRId64 "%s\n", width, name, stock,
                   sum->sold, sum->held, sum->paid, sum->expired,
                   sum->cancelled, sum->removed ? "  removed" : "");
}


int
verify_json(const verify_report_t *report, FILE *out)
{
    int      rc;
    char    *text;
    json_t  *json;

    json = json_object();

    rc = json_object_set_new(json, "sound",
                 json_boolean(!verify_has(report, VERIFY_CHECK_BROKEN)));
    rc |= json_object_set_new(json, "checks", verify_print_checks(report));
    rc |= json_object_set_new(json, "bad", verify_print_bad(report));
    rc |= json_object_set_new(json, "head", verify_print_head(report));
    rc |= json_object_set_new(json, "uncommitted", report->chained
                              ? json_integer((json_int_t) report->uncommitted)
                              : json_null());
    rc |= json_object_set_new(json, "last", verify_print_event(report));
    rc |= json_object_set_new(json, "wal", json_boolean(report->wal));
    rc |= json_object_set_new(json, "sales", verify_print_sales(report));

    if (report->extra) {
        rc |= json_object_update(json, report->extra);
    }

    text = (rc == 0) ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);

    if (text == NULL) {
        return SK_ERROR;
    }

    (void) fprintf(out, "%s\n", text);

    free(text);

    return SK_OK;
}


static json_t *
verify_print_checks(const verify_report_t *report)
{
    json_t                *list;
    unsigned               i;
    const verify_check_t  *check;

    list = json_array();

    for (i = 0; i < report->n_checks; i++) {
        check = &report->checks[i];

        if (check->verdict != VERIFY_CHECK_NONE
            && json_array_append_new(list,
                   json_pack("{s:s, s:b}", "what", check->what, "ok",
                             check->verdict == VERIFY_CHECK_OK))
               != 0)
        {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
verify_print_bad(const verify_report_t *report)
{
    json_t                *list;
    unsigned               i, n;
    const verify_line_t   *line;

    list = json_array();

    for (i = 0; i < report->n_checks; i++) {
        for (n = 0; n < report->checks[i].n_lines; n++) {
            line = &report->checks[i].lines[n];

            if (line->bad
                && json_array_append_new(list,
                       sk_json_text(line->text, strlen(line->text)))
                   != 0)
            {
                json_decref(list);
                return NULL;
            }
        }
    }

    return list;
}


static json_t *
verify_print_head(const verify_report_t *report)
{
    char  hex[SK_CHAIN_HEX_SIZE];

    if (!report->chained) {
        return json_null();
    }

    return json_pack("{s:I, s:s}", "number",
                     (json_int_t) report->head.number, "chain",
                     verify_hex(&report->head, hex));
}


static json_t *
verify_print_event(const verify_report_t *report)
{
    char  time[SK_TIME_SIZE + 1];

    if (report->last == 0) {
        return json_null();
    }

    if (report->last_ms < 0 || report->last_ms > SK_LEDGER_AT_MAX) {
        return json_pack("{s:I, s:n}", "seq", (json_int_t) report->last, "at");
    }

    sk_time_format(time, report->last_ms);

    return json_pack("{s:I, s:s}", "seq", (json_int_t) report->last, "at",
                     time);
}


static json_t *
verify_print_sales(const verify_report_t *report)
{
    size_t               i;
    json_t              *list;
    const verify_sum_t  *s;

    list = json_array();

    for (i = 0; i < report->n_sales; i++) {
        s = &report->sales[i];

        if (json_array_append_new(list,
                json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:b}",
                          "id", (json_int_t) s->id,
                          "sale", sk_json_text(s->name, s->name_len),
                          "stock", (s->stock >= 0) ? json_integer(s->stock)
                                                   : json_null(),
                          "sold", (json_int_t) s->sold,
                          "held", (json_int_t) s->held,
                          "paid", (json_int_t) s->paid,
                          "expired", (json_int_t) s->expired,
                          "cancelled", (json_int_t) s->cancelled,
                          "removed", (int) s->removed))
            != 0)
        {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}
