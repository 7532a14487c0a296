#include <time.h>

#include "fair.h"


static void fair_report_windows(fair_t *f);
static int fair_report_checks(fair_t *f, const char *seed);


int
fair_report(fair_t *f)
{
    int            broken;
    char           hex[FAIR_HEX + 1];
    unsigned char  hash[FAIR_SIZE];

    if (f->commitment[0] == '\0' && f->bad[FAIR_COMMITMENT] == 0) {
        (void) printf("sale\t%" PRId64 "\t%" PRId64 "\t0\t0\tnone\tnone\n",
                      f->id, f->orders);
        (void) printf("note\tit never had \"shuffle\": there is nothing to "
                      "check\n");
        return FAIR_YES;
    }

    if (f->revealed) {
        (void) crypto_hash_sha256(hash, f->seed, FAIR_SIZE);
        (void) sodium_bin2hex(hex, sizeof(hex), hash, FAIR_SIZE);

        if (strcmp(hex, f->commitment) != 0) {
            fair_event_bad(f, FAIR_COMMITMENT, f->id,
                           "commits to another seed");
        }

        (void) sodium_bin2hex(hex, sizeof(hex), f->seed, FAIR_SIZE);

    } else {
        (void) strcpy(hex, "none");
    }

    (void) printf("sale\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%u\t%s\t%s\n",
                  f->id, f->orders, f->in_window, f->bad[FAIR_OPENINGS], hex,
                  f->beacon);

    fair_report_windows(f);

    broken = fair_report_checks(f, hex);

    if (f->lowered_seq && f->bad[FAIR_SHUFFLE] == 0) {
        (void) printf("note\tshuffle is %" PRId64 " s since event %" PRId64
                      ", %" PRId64 " s were promised; nobody has won since\n",
                      f->shuffle_s, f->lowered_seq, f->promised_s);
    }

    if (!f->revealed) {
        (void) printf("note\tthe seed has not been revealed yet: the openings "
                      "of %" PRId64 " orders cannot be checked\n", f->orders);
    }

    return broken ? FAIR_NO : f->revealed ? FAIR_YES : FAIR_NOT_YET;
}


static void
fair_report_windows(fair_t *f)
{
    char            start[40];
    time_t          sec;
    int64_t         orders;
    unsigned        i;
    struct tm       tm;
    fair_window_t  *w;

    orders = f->orders;

    for (i = 0; i < f->n_windows; i++) {
        w = &f->windows[i];
        sec = (time_t) (w->start_ms / 1000);
        orders -= w->orders;

        (void) printf("window\t");

        if (w->start_ms > 0 && gmtime_r(&sec, &tm)
            && strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%S", &tm))
        {
            (void) printf("%s.%03dZ", start, (int) (w->start_ms % 1000));

        } else {
            (void) printf("none");
        }

        (void) printf("\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n",
                      w->shuffle_s, w->orders, w->in_window);
    }

    if (orders) {
        (void) printf("note\t%" PRId64 " orders are of windows after the first "
                      "%u\n", orders, FAIR_WINDOWS);
    }
}


/* whether one of them is broken */

static int
fair_report_checks(fair_t *f, const char *seed)
{
    char      text[FAIR_CHECKS][160];
    unsigned  i, n, broken;

    (void) snprintf(text[FAIR_COMMITMENT], sizeof(text[0]),
                    "commitment: %s%s", f->revealed ? "the seed's, " : "",
                    f->commitment);
    (void) snprintf(text[FAIR_BEACON], sizeof(text[0]), "beacon: %s%s",
                    strcmp(f->beacon, "none") ? "before the start, round " : "",
                    f->beacon);
    (void) snprintf(text[FAIR_SHUFFLE], sizeof(text[0]),
                    "shuffle: never shorter than was promised");
    (void) snprintf(text[FAIR_REVEALED], sizeof(text[0]),
                    "seed: revealed after the window, %s", seed);
    (void) snprintf(text[FAIR_OPENINGS], sizeof(text[0]), "openings: %" PRId64
                    " orders, %" PRId64 " in the window, none before its "
                    "user's time", f->orders, f->in_window);

    broken = 0;

    for (i = 0; i < FAIR_CHECKS; i++) {

        if (i >= FAIR_REVEALED && !f->revealed) {
            continue;
        }

        (void) printf("check\t%s\t%s\n", f->bad[i] ? "BROKEN" : "ok", text[i]);

        for (n = 0; n < f->bad[i] && n < FAIR_BAD_MAX; n++) {
            (void) printf("bad\t%s\n", f->why[i][n]);
        }

        broken += f->bad[i];
    }

    return broken ? 1 : 0;
}
