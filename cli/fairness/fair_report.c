#include <time.h>

#include "fair.h"


static json_t *fair_report_sale(fair_t *f, const char *seed);
static json_t *fair_report_windows(fair_t *f, json_t *notes);
static json_t *fair_report_start(const fair_window_t *w);
static json_t *fair_report_checks(fair_t *f, const char *seed);
static json_t *fair_report_check(fair_t *f, fair_check_e check,
    const char *what);
static void fair_report_note(json_t *notes, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


int
fair_report(fair_t *f)
{
    char           hex[FAIR_HEX + 1];
    unsigned       i, broken;
    unsigned char  hash[FAIR_SIZE];

    hex[0] = '\0';

    if (f->revealed) {
        (void) crypto_hash_sha256(hash, f->seed, FAIR_SIZE);
        (void) sodium_bin2hex(hex, sizeof(hex), hash, FAIR_SIZE);

        if (strcmp(hex, f->commitment) != 0) {
            fair_event_bad(f, FAIR_COMMITMENT, f->id,
                           "commits to another seed");
        }

        (void) sodium_bin2hex(hex, sizeof(hex), f->seed, FAIR_SIZE);
    }

    if (json_array_append_new(f->sales, fair_report_sale(f, hex)) == -1) {
        return FAIR_TROUBLE;
    }

    if (f->commitment[0] == '\0' && f->bad[FAIR_COMMITMENT] == 0) {
        return FAIR_YES;
    }

    for (i = 0, broken = 0; i < FAIR_CHECKS; i++) {
        broken |= f->bad[i];
    }

    return broken ? FAIR_NO : f->revealed ? FAIR_YES : FAIR_NOT_YET;
}


static json_t *
fair_report_sale(fair_t *f, const char *seed)
{
    int      never;
    json_t  *sale, *notes, *beacon;

    never = (f->commitment[0] == '\0' && f->bad[FAIR_COMMITMENT] == 0);
    notes = json_array();
    beacon = f->has_beacon ? json_integer(f->beacon) : json_null();

    sale = json_pack("{s:I, s:I, s:I, s:i, s:o, s:o, s:o, s:o}",
                     "id", (json_int_t) f->id,
                     "orders", (json_int_t) f->orders,
                     "in_window", (json_int_t) f->in_window,
                     "early", (int) f->bad[FAIR_OPENINGS],
                     "seed", *seed ? json_string(seed) : json_null(),
                     "beacon", beacon,
                     "windows", never ? json_array()
                                      : fair_report_windows(f, notes),
                     "checks", never ? json_array()
                                     : fair_report_checks(f, seed));

    if (never) {
        fair_report_note(notes, "it never had \"shuffle\": there is nothing to"
                         " check");

    } else if (f->lowered_seq && f->bad[FAIR_SHUFFLE] == 0) {
        fair_report_note(notes, "shuffle is %" PRId64 " s since event %" PRId64
                         ", %" PRId64 " s were promised; nobody has won since",
                         f->shuffle_s, f->lowered_seq, f->promised_s);
    }

    if (!never && !f->revealed) {
        fair_report_note(notes, "the seed has not been revealed yet: the"
                         " openings of %" PRId64 " orders cannot be checked",
                         f->orders);
    }

    (void) json_object_set_new(sale, "notes", notes);

    return sale;
}


static json_t *
fair_report_windows(fair_t *f, json_t *notes)
{
    json_t         *windows;
    int64_t         orders;
    unsigned        i;
    fair_window_t  *w;

    windows = json_array();
    orders = f->orders;

    for (i = 0; i < f->n_windows; i++) {
        w = &f->windows[i];
        orders -= w->orders;

        (void) json_array_append_new(windows,
                   json_pack("{s:o, s:I, s:I, s:I}",
                             "start", fair_report_start(w),
                             "shuffle", (json_int_t) w->shuffle_s,
                             "orders", (json_int_t) w->orders,
                             "in_window", (json_int_t) w->in_window));
    }

    if (orders) {
        fair_report_note(notes, "%" PRId64 " orders are of windows after the"
                         " first %u", orders, FAIR_WINDOWS);
    }

    return windows;
}


static json_t *
fair_report_start(const fair_window_t *w)
{
    char       start[40], text[48];
    time_t     sec;
    struct tm  tm;

    sec = (time_t) (w->start_ms / 1000);

    if (w->start_ms <= 0 || gmtime_r(&sec, &tm) == NULL
        || strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
    {
        return json_null();
    }

    (void) snprintf(text, sizeof(text), "%s.%03dZ", start,
                    (int) (w->start_ms % 1000));

    return json_string(text);
}


static json_t *
fair_report_checks(fair_t *f, const char *seed)
{
    char     text[FAIR_CHECKS][160];
    json_t  *checks;
    unsigned i;

    (void) snprintf(text[FAIR_COMMITMENT], sizeof(text[0]),
                    "commitment: %s%s", f->revealed ? "the seed's, " : "",
                    f->commitment);
    (void) snprintf(text[FAIR_SHUFFLE], sizeof(text[0]),
                    "shuffle: never shorter than was promised");
    (void) snprintf(text[FAIR_REVEALED], sizeof(text[0]),
                    "seed: revealed after the window, %s", seed);
    (void) snprintf(text[FAIR_OPENINGS], sizeof(text[0]), "openings: %" PRId64
                    " orders, %" PRId64 " in the window, none before its "
                    "user's time", f->orders, f->in_window);

    if (f->has_beacon) {
        (void) snprintf(text[FAIR_BEACON], sizeof(text[0]), "beacon: before the"
                        " start, round %" PRId64, f->beacon);
    } else {
        (void) strcpy(text[FAIR_BEACON], "beacon: none");
    }

    checks = json_array();

    for (i = 0; i < FAIR_CHECKS; i++) {
        if (i < FAIR_REVEALED || f->revealed) {
            (void) json_array_append_new(checks,
                                         fair_report_check(f, i, text[i]));
        }
    }

    return checks;
}


static json_t *
fair_report_check(fair_t *f, fair_check_e check, const char *what)
{
    json_t    *bad;
    unsigned   n;

    bad = json_array();

    for (n = 0; n < f->bad[check] && n < FAIR_BAD_MAX; n++) {
        (void) json_array_append_new(bad, json_string(f->why[check][n]));
    }

    return json_pack("{s:s, s:b, s:o}", "what", what, "ok",
                     (int) (f->bad[check] == 0), "bad", bad);
}


static void
fair_report_note(json_t *notes, const char *fmt, ...)
{
    char     text[256];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    (void) json_array_append_new(notes, json_string(text));
}
