/* what the tests of operators' commands share: a drainer, commands, replies */


#ifndef _SK_TEST_OPERATOR_H_INCLUDED_
#define _SK_TEST_OPERATOR_H_INCLUDED_


#include <sodium.h>

#include "sk_test_store.h"
#include "sk_operator.h"


static sk_zone_t   *zone;
static sk_drain_t   d;
static sk_reply_t   reply;
static const char  *who = "ops";

/* tests say statuses as HTTP does */

static const unsigned  http[SK_STATUS_N] = {
    [SK_STATUS_OK] = 200, [SK_STATUS_CREATED] = 201,
    [SK_STATUS_INVALID] = 400, [SK_STATUS_NOT_FOUND] = 404,
    [SK_STATUS_UNKNOWN_SALE] = 404, [SK_STATUS_CONFLICT] = 409,
    [SK_STATUS_NO_ROOM] = 507, [SK_STATUS_UNAVAILABLE] = 503
};


static inline int
begin(void **state)
{
    if (setup(state) != 0 || sodium_init() == -1) {
        return -1;
    }

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, NULL, 0);
    d.commands = sk_commands_map();
    assert_non_null(d.commands);
    settle(&d);

    return 0;
}


static inline int
end(void **state)
{
    sk_drain_close(&d);
    sk_commands_unmap(d.commands);
    sk_test_zone_free(zone);

    return teardown(state);
}


static inline void
restart(const sk_sale_def_t *sales, unsigned n)
{
    sk_commands_t  *commands;

    commands = d.commands;

    sk_drain_close(&d);
    sk_test_zone_free(zone);

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, sales, n);
    d.commands = commands;
    settle(&d);
}


/* "what" is a name, or a number; "hash" stands for the rest of the request */

static inline uint64_t
post(sk_command_e type, const char *what, const char *body, const char *key,
    uint8_t hash)
{
    sk_command_t  c;

    memset(&c, 0, sizeof(c));

    c.type = type;
    c.id = strtoull(what, NULL, 10);
    c.name_len = (uint32_t) strlen(what);
    memcpy(c.name, what, c.name_len);
    c.by_len = (uint32_t) strlen(who);
    memcpy(c.by, who, c.by_len);
    c.key_len = (uint32_t) strlen(key);
    memcpy(c.key, key, c.key_len);
    c.hash[0] = hash;
    c.body = body;
    c.body_len = (uint32_t) strlen(body);

    return sk_command_post(d.commands, &c, sk_monotonic_us());
}


static inline void
collect(uint64_t ticket)
{
    assert_int_equal(sk_command_collect(d.commands, ticket, &reply), SK_OK);
    reply.body[reply.len] = '\0';
    reply.status = http[reply.status];
}


static inline unsigned
command(sk_command_e type, const char *what, const char *body)
{
    uint64_t  ticket;

    ticket = post(type, what, body, "", 0);
    assert_int_equal(settle(&d), SK_OK);
    collect(ticket);
    sk_test_conserved(zone);

    return reply.status;
}


static inline void
says(const char *text)
{
    if (strstr(reply.body, text) == NULL) {
        fail_msg("%s is not in %s", text, reply.body);
    }
}


static inline int
events(void)
{
    return count_sql("SELECT count(*) FROM ledger");
}


#define PHONE  "{\"name\":\"Phone\",\"price\":49900,\"currency\":\"EUR\"}"


#endif /* _SK_TEST_OPERATOR_H_INCLUDED_ */
