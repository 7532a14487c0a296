#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "sk_machines_log.h"


/*
 * The script is sk_machines.lua, as it is: the assembler looks for it where the
 * compiler is told that headers are.
 */

__asm__(
    ".pushsection .rodata\n"
    "sk_machines_call_text_start:\n"
    ".incbin \"sk_machines.lua\"\n"
    ".byte 0\n"
    ".popsection\n"
);

extern const char  sk_machines_call_text_start[];


typedef struct {
    unsigned      n;
    const char   *argv[SK_MACHINES_ARGS_MAX];
    size_t        len[SK_MACHINES_ARGS_MAX];
    char          reign[SK_REIGN_SIZE];
    char          found[SK_REIGN_SIZE];
    char          gone[24];
    char          at[24];
    char          keep[24];
    char          fetch[24];
    char          until[24];
    sk_machines_head_t  head;
} sk_machines_args_t;


static void sk_machines_call_begin(sk_machines_t *m, sk_machines_args_t *a,
    const char *op, const sk_head_t *head);
static const char *sk_machines_call_reign(const char *reign, char *text);
static void sk_machines_call_arg(sk_machines_args_t *a, const char *text);
static void sk_machines_call_commit(sk_machines_t *m, sk_machines_args_t *a,
    const sk_commit_t *commit, const char *joined);
static int sk_machines_call_run(sk_machines_t *m, sk_machines_args_t *a,
    redisReply **reply);
static int sk_machines_call_end(sk_machines_t *m, sk_machines_args_t *a);


void
sk_machines_call_init(sk_machines_t *m)
{
    m->script.text = sk_machines_call_text_start;
}


void
sk_machines_call_text(const sk_head_t *head, sk_machines_head_t *text)
{
    (void) snprintf(text->number, sizeof(text->number), "%" PRIu64,
                    head->number);
    (void) sodium_bin2hex(text->chain, sizeof(text->chain), head->chain,
                          SK_CHAIN_SIZE);
}


static void
sk_machines_call_begin(sk_machines_t *m, sk_machines_args_t *a, const char *op,
    const sk_head_t *head)
{
    unsigned  i;

    a->n = 0;

    for (i = 0; i < SK_MACHINES_KEYS; i++) {
        sk_machines_call_arg(a, m->keys[i]);
    }

    m->from = *head;
    sk_machines_call_text(head, &m->from_text);

    (void) snprintf(a->gone, sizeof(a->gone), "%" PRId64, m->conf.gone_ms);

    sk_machines_call_arg(a, op);
    sk_machines_call_arg(a, m->conf.name);
    sk_machines_call_arg(a, m->machine.id);
    sk_machines_call_arg(a, a->gone);
    sk_machines_call_arg(a, sk_machines_call_reign(m->answer.reign, a->reign));
    sk_machines_call_arg(a, m->from_text.number);
    sk_machines_call_arg(a, m->from_text.chain);
}


/* as the script knows it: without the database */

static const char *
sk_machines_call_reign(const char *reign, char *text)
{
    size_t  len;

    len = strcspn(reign, "/");

    memcpy(text, reign, len);
    text[len] = '\0';

    return text;
}


static void
sk_machines_call_arg(sk_machines_args_t *a, const char *text)
{
    sk_assert(a->n < SK_MACHINES_ARGS_MAX);

    a->argv[a->n] = text;
    a->len[a->n++] = strlen(text);
}


/* what the script's add() takes; without data nothing is to be added */

static void
sk_machines_call_commit(sk_machines_t *m, sk_machines_args_t *a,
    const sk_commit_t *commit, const char *joined)
{
    uint64_t  keep, last;

    last = commit->head.number;
    keep = m->conf.keep;
    a->keep[0] = '\0';

    if (keep && last > keep) {
        (void) snprintf(a->keep, sizeof(a->keep), "%" PRIu64, last - keep + 1);
    }

    sk_machines_call_text(&commit->head, &a->head);
    (void) snprintf(a->at, sizeof(a->at), "%" PRId64, commit->at_ms);

    sk_machines_call_arg(a, a->head.number);
    sk_machines_call_arg(a, a->head.chain);
    sk_machines_call_arg(a, a->at);
    sk_machines_call_arg(a, commit->data.data ? commit->data.data : "");
    a->len[a->n - 1] = commit->data.len;
    sk_machines_call_arg(a, joined);
    sk_machines_call_arg(a, (joined == m->conf.name) ? m->machine.id
                                                     : commit->id);
    sk_machines_call_arg(a, commit->left);
    sk_machines_call_arg(a, a->keep);
}


int
sk_machines_call_append(sk_machines_t *m, const sk_commit_t *commit)
{
    sk_machines_args_t  a;

    sk_machines_call_begin(m, &a, "append", &commit->before);
    sk_machines_call_commit(m, &a, commit, "");
    sk_machines_call_arg(&a, m->answer.member);

    (void) snprintf(a.fetch, sizeof(a.fetch), "%d", SK_MACHINES_FETCH);
    sk_machines_call_arg(&a, a.fetch);

    return sk_machines_call_end(m, &a);
}


int
sk_machines_call_restore(sk_machines_t *m, const sk_commit_t *commit)
{
    sk_machines_args_t  a;

    sk_machines_call_begin(m, &a, "restore", &commit->before);
    sk_machines_call_commit(m, &a, commit, commit->joined);

    return sk_machines_call_end(m, &a);
}


int
sk_machines_call_join(sk_machines_t *m, const sk_commit_t *commit,
    unsigned founds)
{
    sk_machines_args_t  a;

    sk_machines_call_begin(m, &a, "join", &commit->before);
    sk_machines_call_commit(m, &a, commit, m->conf.name);
    sk_machines_call_arg(&a, founds ? "1" : "0");

    return sk_machines_call_end(m, &a);
}


int
sk_machines_call_seed(sk_machines_t *m, const sk_commit_t *commit,
    const sk_ledger_member_t *members, unsigned n)
{
    unsigned            i;
    char                values[SK_MACHINES_MAX][SK_MACHINES_MEMBER_SIZE];
    sk_machines_args_t  a;

    sk_machines_call_begin(m, &a, "seed", &commit->before);
    sk_machines_call_text(&commit->head, &a.head);
    (void) snprintf(a.at, sizeof(a.at), "%" PRId64, commit->at_ms);

    sk_machines_call_arg(&a, a.head.number);
    sk_machines_call_arg(&a, a.head.chain);
    sk_machines_call_arg(&a, a.at);

    for (i = 0; i < n; i++) {
        (void) snprintf(values[i], sizeof(values[i]), "%" PRIu64 ":%s",
                        members[i].number, members[i].id);
        sk_machines_call_arg(&a, members[i].name);
        sk_machines_call_arg(&a, values[i]);
    }

    return sk_machines_call_end(m, &a);
}


int
sk_machines_call_forget(sk_machines_t *m, const char *name)
{
    sk_machines_args_t  a;

    sk_machines_call_begin(m, &a, "forget", &m->from);
    sk_machines_call_arg(&a, name);

    return sk_machines_call_end(m, &a);
}


int
sk_machines_call_look(sk_machines_t *m, uint64_t number,
    char chain[SK_CHAIN_HEX_SIZE], uint64_t *first)
{
    int                 rc;
    char                text[24];
    redisReply         *reply;
    sk_machines_args_t  a;

    chain[0] = '\0';
    *first = 0;

    sk_machines_call_begin(m, &a, "look", &m->from);
    (void) snprintf(text, sizeof(text), "%" PRIu64, number);
    sk_machines_call_arg(&a, text);

    rc = sk_machines_call_run(m, &a, &reply);

    if (rc == SK_OK && reply->elements == 3
        && reply->element[2]->type == REDIS_REPLY_STRING)
    {
        (void) sk_machines_answer_copy(reply->element[1], chain,
                                       SK_CHAIN_HEX_SIZE);
        *first = strtoull(reply->element[2]->str, NULL, 10);
    }

    if (rc == SK_OK) {
        freeReplyObject(reply);
    }

    return rc;
}


int
sk_machines_call_report(sk_machines_t *m, const sk_head_t *head)
{
    int                 rc;
    sk_machines_args_t  a;

    sk_machines_call_begin(m, &a, "report", head);
    sk_machines_call_text(&m->found, &a.head);

    a.until[0] = '\0';

    if (m->offset_known) {
        (void) snprintf(a.until, sizeof(a.until), "%" PRId64,
                        sk_machines_boot_ms() + m->offset_ms
                        + m->conf.redis.timeout_ms);
    }

    (void) snprintf(a.fetch, sizeof(a.fetch), "%d", SK_MACHINES_FETCH);

    sk_machines_call_arg(&a, sk_machines_call_reign(m->found_reign, a.found));
    sk_machines_call_arg(&a, a.head.number);
    sk_machines_call_arg(&a, a.head.chain);
    sk_machines_call_arg(&a, m->members);
    sk_machines_call_arg(&a, m->joined);
    sk_machines_call_arg(&a, a.fetch);
    sk_machines_call_arg(&a, a.until);

    rc = sk_machines_call_end(m, &a);

    m->answer.reported = (rc == SK_BEHIND);

    return rc;
}


static int
sk_machines_call_run(sk_machines_t *m, sk_machines_args_t *a,
    redisReply **reply)
{
    long long  replicas;

    sk_store(&m->zone->beat_us, sk_monotonic_us());

    if (sk_redis_script(m->redis, &m->script, SK_MACHINES_KEYS,
                        a->n, a->argv, a->len, m->conf.wait, reply, &replicas)
        != SK_OK)
    {
        sk_machines_tell_down(m);

        return sk_machines_fail(m, SK_ERROR, "%s", sk_redis_error(m->redis));
    }

    sk_zone_observe(&m->zone->round_trip_seconds, &sk_hist_seconds,
                    (double) sk_redis_round_trip_us(m->redis) / 1e6,
                    (uint64_t) sk_redis_round_trip_us(m->redis));

    if ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements == 0
        || (*reply)->element[0]->type != REDIS_REPLY_STRING)
    {
        freeReplyObject(*reply);
        return sk_machines_fail(m, SK_ERROR, "%s: not an answer of the script",
                                sk_redis_address(m->redis));
    }

    if (m->conf.wait && replicas < (long long) m->conf.wait) {
        freeReplyObject(*reply);

        /* an old primary has none any more, and answers all the same */

        sk_redis_doubt(m->redis);

        return sk_machines_fail(m, SK_ERROR, "%s: %lld replicas have it, %u "
                                "are wanted", sk_redis_address(m->redis),
                                replicas, m->conf.wait);
    }

    return SK_OK;
}


/* an answer to a call that wants to change something, or to know how it is */

static int
sk_machines_call_end(sk_machines_t *m, sk_machines_args_t *a)
{
    int          rc;
    redisReply  *reply;
    const char  *status;

    rc = sk_machines_call_run(m, a, &reply);

    if (rc != SK_OK) {
        return rc;
    }

    status = reply->element[0]->str;

    if (strcmp(status, "state") == 0) {
        return sk_machines_answer_read(m, reply);
    }

    rc = (strcmp(status, "ok") == 0) ? SK_OK : SK_REFUSED;

    freeReplyObject(reply);

    return rc;
}
