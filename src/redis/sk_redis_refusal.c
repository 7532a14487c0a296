#include <stdio.h>

#include "sk_redis_state.h"


/*
 * What comes before the script, or stops its first write, has written nothing:
 * script.c of Redis 7 and scripting.c of 6.2 look at the role, the replicas,
 * the disk and the memory before a script's first write.  Everything else may
 * come from the middle of one.
 */

static const sk_redis_refusal_t  sk_redis_refusals[] = {

    /* code, closes, untouched, words */

    { "READONLY",    1, 1, "is a replica now" },
    { "LOADING",     1, 1, "is still reading its data" },
    { "MASTERDOWN",  1, 1, "is a replica without its primary" },
    { "UNBLOCKED",   1, 0, "is not the primary any more" },
    { "CLUSTERDOWN", 1, 1, "the cluster is down" },
    { "MOVED",       0, 1, "sends to another node once more" },
    { "ASK",         0, 1, "sends to another node once more" },
    { "TRYAGAIN",    0, 1, "the keys are being moved to another node" },
    { "CROSSSLOT",   0, 1, "the keys belong to different nodes" },
    { "NOSCRIPT",    0, 1, "forgets the script at once" },
    { "BUSY",        0, 1, "is busy with another script" },
    { "OOM",         0, 1, "its memory is full, see maxmemory" },
    { "MISCONF",     0, 1, "cannot save its data" },
    { "NOREPLICAS",  0, 1, "has too few replicas, see min-replicas-to-write" },
    { "NOAUTH",      1, 1, "wants a password" },
    { "WRONGPASS",   1, 1, "does not accept the user and the password" },
    { "NOPERM",      0, 0, "does not allow this to the user" },
    { "",            0, 0, "has refused" }
};


const sk_redis_refusal_t *
sk_redis_refusal(const redisReply *reply)
{
    const sk_redis_refusal_t  *refusal;

    for (refusal = sk_redis_refusals; *refusal->code; refusal++) {
        if (sk_redis_refusal_is(reply, refusal->code)) {
            break;
        }
    }

    return refusal;
}


/*
 * Redis 6.2 wraps what a script has met: "ERR Error running script (call to
 * f_...): @user_script:1: @user_script: 1: -OOM command not ..."
 */

unsigned
sk_redis_refusal_is(const redisReply *reply, const char *code)
{
    size_t       len;
    const char  *text;

    text = reply->str;
    len = strlen(code);

    if (strncmp(text, "ERR Error running script", 24) == 0) {
        text = strstr(text, ": -");

        if (text == NULL) {
            return 0;
        }

        text += 3;
    }

    return strncmp(text, code, len) == 0
           && (text[len] == ' ' || text[len] == '\0');
}


int
sk_redis_refused(sk_redis_t *r, sk_redis_link_t *link, redisReply *reply)
{
    char                       reason[SK_REDIS_ERROR_SIZE];
    const sk_redis_refusal_t  *refusal;

    refusal = sk_redis_refusal(reply);

    (void) snprintf(reason, sizeof(reason), "%s: \"%s\"", refusal->words,
                    reply->str);

    (void) sk_redis_fail_link(r, link, reason);

    if (refusal->closes) {
        sk_redis_link_close(link);
    }

    freeReplyObject(reply);

    return SK_ERROR;
}
