#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sk_machines_log.h"


static int sk_machines_commit(void *ctx, sk_ledger_t *ledger,
    const sk_commit_t *commit);
static int sk_machines_beat(sk_machines_t *m, const sk_head_t *head);
static int sk_machines_follow(void *ctx, sk_ledger_t *ledger);
static int sk_machines_ask(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);
static int sk_machines_forget(sk_machines_t *m);
static int sk_machines_report(sk_machines_t *m, sk_ledger_t *ledger,
    const sk_head_t *head);
static void sk_machines_settled(sk_machines_t *m);
static int sk_machines_due(sk_machines_t *m);
static int64_t sk_machines_clock(void *ctx, int64_t clock_ms, int64_t boot_ms);
static const char *sk_machines_error(void *ctx);


sk_machines_t *
sk_machines_create(const sk_machines_conf_t *conf, sk_zone_t *zone,
    const sk_log_t *log)
{
    unsigned        i;
    sk_machines_t  *m;

    static const char *const  keys[SK_MACHINES_KEYS] = {
        "tail", "log", "members", "machines"
    };

    m = calloc(1, sizeof(sk_machines_t));
    if (m == NULL) {
        return NULL;
    }

    m->conf = *conf;
    m->zone = zone;
    m->log = log;

    for (i = 0; i < SK_MACHINES_KEYS; i++) {
        (void) snprintf(m->keys[i], sizeof(m->keys[i]), "seckill:{%s}:%s",
                        conf->zone, keys[i]);
    }

    sk_machines_call_init(m);

    m->redis = sk_redis_create(&m->conf.redis);

    if (m->redis == NULL) {
        free(m);
        return NULL;
    }

    m->authority.commit = sk_machines_commit;
    m->authority.follow = sk_machines_follow;
    m->authority.fd = sk_machines_watch_fd;
    m->authority.clock = sk_machines_clock;
    m->authority.error = sk_machines_error;
    m->authority.ctx = m;

    sk_machines_tell_down(m);

    return m;
}


void
sk_machines_destroy(sk_machines_t *m)
{
    sk_machines_answer_drop(m);
    sk_redis_destroy(m->redis);
    free(m);
}


const sk_authority_t *
sk_machines_authority(sk_machines_t *m)
{
    return &m->authority;
}


int
sk_machines_fail(sk_machines_t *m, int rc, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(m->error, sizeof(m->error), fmt, args);
    va_end(args);

    m->settled = 0;

    return rc;
}


int
sk_machines_fail_ledger(sk_machines_t *m, int rc)
{
    m->error[0] = '\0';
    m->settled = 0;

    return rc;
}


int64_t
sk_machines_boot_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_BOOTTIME, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/*
 * While things are as they were, one call decides.  Whatever else is to be done
 * is done by sk_machines_follow(), which the writer calls next.
 */

static int
sk_machines_commit(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    sk_machines_t *m = ctx;

    int  rc;

    if (!m->settled || sk_machines_ledger_here(m, ledger) != SK_OK) {
        return SK_BEHIND;
    }

    rc = sk_machines_due(m) ? sk_machines_beat(m, &commit->before) : SK_OK;

    if (rc != SK_OK) {
        return rc;
    }

    rc = sk_machines_call_append(m, commit);

    switch (rc) {

    case SK_OK:
        /* who is there now is known of a report */

        m->settled = (commit->left[0] == '\0');

        m->appended = (commit->data.len != 0);
        m->last = commit->data.len ? commit->head.number
                                   : commit->before.number;
        sk_add(&m->zone->shared.appends_ok, 1);
        break;

    case SK_BEHIND:
        m->settled = 0;
        sk_add(&m->zone->shared.appends_behind, 1);

        if (m->conf.wait) {

            /* what N replicas have is known of a report alone */

            sk_machines_answer_drop(m);
        }

        break;

    default:
        sk_add(&m->zone->shared.appends_failed, 1);
    }

    return rc;
}


/* others hear of this machine while it is busy, too */

static int
sk_machines_beat(sk_machines_t *m, const sk_head_t *head)
{
    int  rc;

    rc = sk_machines_call_report(m, head);

    if (rc == SK_BEHIND) {
        m->beat_ms = sk_machines_boot_ms();

        if (m->answer.standing
            && strcmp(m->answer.opened, m->answer.reign) == 0
            && sk_head_equal(&m->answer.tail, head))
        {
            sk_machines_answer_drop(m);
            return SK_OK;
        }
    }

    m->settled = 0;

    /* what it is, if another machine has this name, is said by the next one */

    return (rc == SK_ERROR) ? SK_ERROR : SK_BEHIND;
}


static int
sk_machines_follow(void *ctx, sk_ledger_t *ledger)
{
    sk_machines_t *m = ctx;

    int        rc;
    unsigned   n;
    sk_head_t  head;

    sk_machines_watch_hear(m);

    rc = sk_machines_forget(m);

    if (rc != SK_OK) {
        return rc;
    }

    if (m->settled && !m->woken && !sk_machines_due(m)) {
        return SK_OK;
    }

    for (n = 0; n < SK_MACHINES_STEPS_MAX; n++) {
        sk_store(&m->zone->beat_us, sk_monotonic_us());

        rc = sk_ledger_head(ledger, &head);

        if (rc != SK_OK) {
            return sk_machines_fail_ledger(m, rc);
        }

        rc = sk_machines_ask(m, ledger, &head);

        if (rc == SK_BEHIND) {
            m->last = m->answer.tail.number;
            rc = sk_machines_turn(m, ledger, &head);
        }

        if (rc == SK_OK) {
            sk_machines_settled(m);
            return SK_OK;
        }

        if (rc != SK_MORE) {
            sk_machines_answer_drop(m);
            m->settled = 0;
            return rc;
        }
    }

    return SK_MORE;
}


/* how things are: SK_BEHIND; SK_OK: the ledger still ends with the log */

static int
sk_machines_ask(sk_machines_t *m, sk_ledger_t *ledger, const sk_head_t *head)
{
    int          rc;
    sk_commit_t  none;

    if (m->reply) {

        /* it came with the answer to a commit */

        return SK_BEHIND;
    }

    if (!m->settled || sk_machines_due(m) || m->conf.wait) {
        return sk_machines_report(m, ledger, head);
    }

    /* it goes on from what is known: that needs no report */

    m->woken = 0;

    memset(&none, 0, sizeof(none));
    none.before = *head;

    rc = sk_machines_call_append(m, &none);

    m->settled = (rc == SK_OK);

    if (rc == SK_OK) {
        m->last = head->number;
    }

    return rc;
}


static void
sk_machines_settled(sk_machines_t *m)
{
    char  *p;

    m->settled = 1;
    m->parted = 0;
    m->error[0] = '\0';

    (void) snprintf(m->joined, sizeof(m->joined), "%s", m->answer.member);

    p = strchr(m->joined, ':');

    if (p) {
        *p = '\0';
    }
}


/*
 * Somebody has said that a machine is not to be waited for.  That is asked of
 * the log itself, at once: while it is not open it takes no event.
 */

static int
sk_machines_forget(sk_machines_t *m)
{
    int   rc;
    char  name[SK_MACHINE_NAME_SIZE_MAX + 1];

    sk_zone_shared_to_forget(m->zone, name);

    if (name[0] == '\0') {
        return SK_OK;
    }

    rc = sk_machines_call_forget(m, name);

    if (rc == SK_REFUSED) {
        sk_log(m->log, SK_LOG_WARN, "machine \"%s\" is not forgotten: it has "
               "been heard of", name);
        sk_zone_shared_forgotten(m->zone, name);
        return SK_OK;
    }

    if (rc != SK_OK) {
        sk_machines_answer_drop(m);
        m->settled = 0;
        return rc;
    }

    sk_log(m->log, SK_LOG_NOTICE, "machine \"%s\" is forgotten", name);
    sk_zone_shared_forgotten(m->zone, name);

    /* with a report, what follows from that is seen */

    m->settled = 0;

    return SK_OK;
}


static int
sk_machines_report(sk_machines_t *m, sk_ledger_t *ledger, const sk_head_t *head)
{
    int  rc, held;

    rc = m->known ? SK_OK : sk_machines_ledger_known(m, ledger);

    if (rc != SK_OK) {
        return rc;
    }

    m->woken = 0;

    rc = sk_machines_ledger_members(m, ledger, head);

    if (rc != SK_OK) {
        return rc;
    }

    /* what it has found is a promise: no other nginx on this store is to go on
       to another reign meanwhile */

    held = (m->found_reign[0] != '\0');
    rc = held ? sk_machines_ledger_hold(m, ledger) : SK_OK;

    if (rc != SK_OK) {
        return rc;
    }

    rc = sk_machines_call_report(m, head);

    if (held) {
        sk_ledger_rollback(ledger);
    }

    switch (rc) {

    case SK_BEHIND:
        m->beat_ms = sk_machines_boot_ms();
        return SK_BEHIND;

    case SK_REFUSED:
        return sk_machines_fail(m, SK_ERROR, "a machine \"%s\" is there, with "
                   "another store: it waits until that has left; or give this "
                   "one a name of its own, machine=", m->conf.name);

    default:
        return rc;
    }
}


/* whether others want to hear of this machine */

static int
sk_machines_due(sk_machines_t *m)
{
    int64_t  every_ms;

    every_ms = m->conf.gone_ms / 5;
    every_ms = (every_ms > SK_MACHINES_BEAT_MAX_MS) ? SK_MACHINES_BEAT_MAX_MS
               : (every_ms < SK_MACHINES_BEAT_MIN_MS) ? SK_MACHINES_BEAT_MIN_MS
               : every_ms;

    return sk_machines_boot_ms() - m->beat_ms >= every_ms;
}


static int64_t
sk_machines_clock(void *ctx, int64_t clock_ms, int64_t boot_ms)
{
    sk_machines_t *m = ctx;

    return m->offset_known ? boot_ms + m->offset_ms : clock_ms;
}


static const char *
sk_machines_error(void *ctx)
{
    sk_machines_t *m = ctx;

    return m->error[0] ? m->error : NULL;
}
