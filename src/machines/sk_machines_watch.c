#include <inttypes.h>
#include <stdio.h>

#include "sk_machines_log.h"


/* the log is watched while there is nothing else to do */


static void sk_machines_watch_failed(sk_machines_t *m, int64_t took_ms);


/* what the watch says: what this machine knows already is nothing new */

void
sk_machines_watch_hear(sk_machines_t *m)
{
    int       rc;
    uint64_t  number;

    if (sk_redis_watch_fd(m->redis) == -1) {
        return;
    }

    rc = sk_redis_watch_read(m->redis, &number);

    if (rc == SK_OK) {
        m->watch_told = 0;
    }

    if (rc == SK_ERROR) {
        sk_machines_watch_failed(m, 0);
    }

    if (rc == SK_ERROR || (rc == SK_OK && number > m->last)) {
        m->woken = 1;
    }
}


/* what is to be polled: without it, others are seen with the next report */

int
sk_machines_watch_fd(void *ctx)
{
    sk_machines_t *m = ctx;

    char     last[24];
    int64_t  now_ms;

    now_ms = sk_machines_boot_ms();

    if (m->appended) {

        /* a watch would be woken by this machine's next commit */

        m->appended = 0;

    } else if (m->settled && now_ms >= m->watch_ms) {
        (void) snprintf(last, sizeof(last), "%" PRIu64, m->last);

        if (sk_redis_watch(m->redis, m->keys[1], last) != SK_OK) {
            sk_machines_watch_failed(m, sk_machines_boot_ms() - now_ms);
        }
    }

    return sk_redis_watch_fd(m->redis);
}


/* it is a help: to ask for one that fails takes a tenth of the time at most */

static void
sk_machines_watch_failed(sk_machines_t *m, int64_t took_ms)
{
    m->watch_ms = sk_machines_boot_ms() + SK_MACHINES_BEAT_MIN_MS
                  + 10 * took_ms;

    if (!m->watch_told) {
        m->watch_told = 1;
        sk_log(m->log, SK_LOG_NOTICE, "the log is not watched: %s",
               sk_redis_error(m->redis));
    }
}
