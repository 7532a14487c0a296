#include <stdlib.h>

#include <sodium.h>

#include "sk_machines_log.h"


/* the answer's places, see the end of the script */

enum {
    SK_MACHINES_STATUS = 0,
    SK_MACHINES_REPLID,
    SK_MACHINES_REIGN,
    SK_MACHINES_LAST,
    SK_MACHINES_CHAIN,
    SK_MACHINES_AT,
    SK_MACHINES_NOW,
    SK_MACHINES_MEMBER,
    SK_MACHINES_STANDING,
    SK_MACHINES_WAITING,
    SK_MACHINES_MINE,
    SK_MACHINES_FIRST,
    SK_MACHINES_ENTRIES,
    SK_MACHINES_ALL,
    SK_MACHINES_MEMBERS,
    SK_MACHINES_N
};


static void sk_machines_answer_reign(sk_machines_t *m, char *reign);
static int sk_machines_answer_number(const redisReply *r, uint64_t *n);
static int sk_machines_answer_chain(const redisReply *r, uint8_t *chain);


int
sk_machines_answer_read(sk_machines_t *m, redisReply *reply)
{
    int                    rc;
    uint64_t               at_ms = 0, now_ms = 0;
    redisReply           **e;
    sk_machines_answer_t  *answer;

    sk_machines_answer_drop(m);

    e = reply->element;
    answer = &m->answer;

    rc = (reply->elements != SK_MACHINES_N);
    rc = rc || sk_machines_answer_copy(e[SK_MACHINES_REPLID], answer->reign,
                                       sizeof(answer->reign));
    rc = rc || sk_machines_answer_copy(e[SK_MACHINES_REIGN], answer->opened,
                                       sizeof(answer->opened));
    rc = rc || sk_machines_answer_number(e[SK_MACHINES_LAST],
                                         &answer->tail.number);
    rc = rc || sk_machines_answer_chain(e[SK_MACHINES_CHAIN],
                                        answer->tail.chain);
    rc = rc || sk_machines_answer_number(e[SK_MACHINES_AT], &at_ms);
    rc = rc || sk_machines_answer_number(e[SK_MACHINES_NOW], &now_ms);
    rc = rc || sk_machines_answer_copy(e[SK_MACHINES_MEMBER], answer->member,
                                       sizeof(answer->member));
    rc = rc || sk_machines_answer_copy(e[SK_MACHINES_MINE], answer->mine,
                                       sizeof(answer->mine));
    rc = rc || e[SK_MACHINES_FIRST]->type != REDIS_REPLY_STRING
            || e[SK_MACHINES_STANDING]->type != REDIS_REPLY_STRING
            || e[SK_MACHINES_ENTRIES]->type != REDIS_REPLY_ARRAY
            || e[SK_MACHINES_WAITING]->type != REDIS_REPLY_STRING
            || e[SK_MACHINES_ALL]->type != REDIS_REPLY_ARRAY
            || e[SK_MACHINES_MEMBERS]->type != REDIS_REPLY_ARRAY;

    if (rc) {
        freeReplyObject(reply);
        return sk_machines_fail(m, SK_ERROR, "%s: what is in the log's keys "
                                "cannot be understood",
                                sk_redis_address(m->redis));
    }

    sk_machines_answer_reign(m, answer->reign);
    sk_machines_answer_reign(m, answer->opened);

    (void) snprintf(answer->waiting, sizeof(answer->waiting), "%s",
                    e[SK_MACHINES_WAITING]->str);

    answer->reported = 0;
    answer->members = (e[SK_MACHINES_MEMBERS]->elements != 0);
    answer->at_ms = (int64_t) at_ms;
    answer->standing = (e[SK_MACHINES_STANDING]->str[0] == '1');
    answer->first = strtoull(e[SK_MACHINES_FIRST]->str, NULL, 10);

    m->offset_ms = (int64_t) now_ms - sk_machines_boot_ms();
    m->offset_known = 1;
    m->reply = reply;
    m->entry = 0;

    sk_machines_tell(m, e[SK_MACHINES_ALL], e[SK_MACHINES_MEMBERS]);

    return SK_BEHIND;
}


/* a server has one replication id for all its databases, and a log in each */

static void
sk_machines_answer_reign(sk_machines_t *m, char *reign)
{
    size_t  len;

    len = strlen(reign);

    if (len && m->conf.redis.url.db) {
        (void) snprintf(reign + len, SK_REIGN_SIZE - len, "/%u",
                        m->conf.redis.url.db);
    }
}


static int
sk_machines_answer_number(const redisReply *r, uint64_t *n)
{
    char  *end;

    if (r->type != REDIS_REPLY_STRING || r->len == 0) {
        return SK_ERROR;
    }

    *n = strtoull(r->str, &end, 10);

    return (*end == '\0' && *n <= INT64_MAX) ? SK_OK : SK_ERROR;
}


int
sk_machines_answer_copy(const redisReply *r, char *text, size_t size)
{
    if (r->type != REDIS_REPLY_STRING || (size_t) r->len >= size) {
        return SK_ERROR;
    }

    memcpy(text, r->str, (size_t) r->len + 1);

    return SK_OK;
}


static int
sk_machines_answer_chain(const redisReply *r, uint8_t *chain)
{
    size_t  len;

    return (r->type == REDIS_REPLY_STRING
            && sodium_hex2bin(chain, SK_CHAIN_SIZE, r->str, (size_t) r->len,
                              NULL, &len, NULL)
               == 0
            && len == SK_CHAIN_SIZE)
           ? SK_OK : SK_ERROR;
}


int
sk_machines_answer_entry(sk_machines_t *m, sk_head_t *head, sk_bytes_t *data)
{
    redisReply  *entries, *entry, *fields;

    entries = m->reply ? m->reply->element[SK_MACHINES_ENTRIES] : NULL;

    if (entries == NULL || m->entry == entries->elements) {
        return SK_NOT_FOUND;
    }

    entry = entries->element[m->entry++];
    fields = (entry->type == REDIS_REPLY_ARRAY && entry->elements == 2
              && entry->element[0]->type == REDIS_REPLY_STRING)
             ? entry->element[1] : NULL;

    if (fields == NULL || fields->type != REDIS_REPLY_ARRAY
        || fields->elements < 4
        || fields->element[1]->type != REDIS_REPLY_STRING
        || sk_machines_answer_chain(fields->element[3], head->chain) != SK_OK)
    {
        return sk_machines_fail(m, SK_ERROR, "%s: an entry of the log cannot "
                                "be understood", sk_redis_address(m->redis));
    }

    head->number = strtoull(entry->element[0]->str, NULL, 10);
    data->data = fields->element[1]->str;
    data->len = (size_t) fields->element[1]->len;

    return SK_OK;
}


void
sk_machines_answer_drop(sk_machines_t *m)
{
    if (m->reply) {
        freeReplyObject(m->reply);
        m->reply = NULL;
    }

    m->entry = 0;
}
