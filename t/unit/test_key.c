/* idempotency keys: an event has its request's, and answers it again */

#include <jansson.h>

#include "sk_ledger_db.h"
#include "sk_test_operator.h"


#define ASKED_MAX  32


typedef struct {
    sk_command_e   type;
    char           what[16];
    const char    *body;
    const char    *key;
    unsigned       status;
    char           path[SK_COMMAND_PATH_SIZE_MAX];
    char           reply[2048];
} asked_t;


static asked_t   asked[ASKED_MAX];
static unsigned  n_asked;

/* what the authority was shown last */

static unsigned     shown;
static sk_event_e   shown_type;
static char         shown_key[SK_COMMAND_KEY_SIZE_MAX + 1];
static uint8_t      shown_hash[SK_COMMAND_HASH_SIZE];
static char         shown_name[SK_NAME_SIZE_MAX + 1];


static void
ask(sk_command_e type, const char *what, const char *body, const char *key,
    uint8_t hash)
{
    uint64_t  ticket;

    ticket = post(type, what, body, key, hash);
    assert_int_equal(settle(&d), SK_OK);
    collect(ticket);
    sk_test_conserved(zone);
}


/* all of it, but a sale's state and units, which may have changed since */

static void
check_same(const asked_t *a, unsigned moved)
{
    char  *end;

    assert_int_equal(reply.status, a->status);
    assert_string_equal(reply.path, a->path);

    end = moved ? strstr(a->reply, "\"state\":") : NULL;

    if (end && a->type != SK_ORDER_CONFIRM && a->type != SK_ORDER_CANCEL) {
        assert_memory_equal(reply.body, a->reply, (size_t) (end - a->reply));

    } else {
        assert_string_equal(reply.body, a->reply);
    }
}


static void
ask_twice(sk_command_e type, const char *what, const char *body,
    unsigned status)
{
    int       n;
    asked_t  *a;

    static const char *const  keys[] = {
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
        "o", "p"
    };

    a = &asked[n_asked];

    a->type = type;
    (void) snprintf(a->what, sizeof(a->what), "%s", what);
    a->body = body;
    a->key = keys[n_asked++];
    a->status = status;

    n = events();
    ask(type, what, body, a->key, 1);
    assert_int_equal(reply.status, status);
    assert_int_equal(events(), n + 1);

    (void) snprintf(a->path, sizeof(a->path), "%s", reply.path);
    assert_in_range(reply.len, 1, sizeof(a->reply) - 1);
    memcpy(a->reply, reply.body, reply.len + 1);

    ask(type, what, body, a->key, 1);
    check_same(a, type == SK_SALE_REMOVE);

    ask(type, what, body, a->key, 2);
    assert_int_equal(reply.status, 409);
    says("another request had this Idempotency-Key");
    assert_string_equal(reply.path, "");

    assert_int_equal(events(), n + 1);
}


static void
ask_all_again(void)
{
    int       n;
    unsigned  i;

    n = events();

    for (i = 0; i < n_asked; i++) {
        ask(asked[i].type, asked[i].what, asked[i].body, asked[i].key, 1);
        check_same(&asked[i], 1);

        ask(asked[i].type, asked[i].what, asked[i].body, asked[i].key, 2);
        assert_int_equal(reply.status, 409);
    }

    assert_int_equal(events(), n);
}


static void
test_each_command(void **state)
{
    unsigned  i;
    char      order[2][16];

    (void) state;

    n_asked = 0;

    ask_twice(SK_PRODUCT_ADD, "", PHONE, 201);
    assert_string_equal(reply.path, "");
    ask_twice(SK_PRODUCT_EDIT, "1", "{\"price\":5}", 200);
    ask_twice(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":5,\"hold\":10}",
              201);
    ask_twice(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", 200);

    /* of what changes nothing, the key is known too */

    ask_twice(SK_PRODUCT_EDIT, "1", "{\"price\":5}", 200);
    ask_twice(SK_SALE_EDIT, "phone", "{\"stock\":10}", 200);
    ask_twice(SK_SALE_RESUME, "phone", "", 200);

    ask_twice(SK_SALE_PAUSE, "phone", "", 200);
    ask_twice(SK_SALE_RESUME, "phone", "", 200);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->free), 10);

    sell(&d, "phone", "u", 2);

    for (i = 0; i < 2; i++) {
        (void) snprintf(order[i], sizeof(order[i]), "%d", events() - (int) i);
    }

    ask_twice(SK_ORDER_CONFIRM, order[0], "", 200);
    ask_twice(SK_ORDER_CANCEL, order[1], "", 200);

    /* as it was then: the order's state too */

    (void) command(SK_ORDER_CANCEL, order[0], "");
    ask(SK_ORDER_CONFIRM, order[0], "", asked[n_asked - 2].key, 1);
    says("\"state\":\"paid\"");

    /* the units are those of now */

    sell(&d, "phone", "v", 1);
    (void) snprintf(order[0], sizeof(order[0]), "%d", events());
    (void) command(SK_ORDER_CONFIRM, order[0], "");
    ask(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", asked[3].key, 1);
    says("\"stock\":10,");
    says("\"free\":9,\"undecided\":0,\"held\":0,\"sold\":1");

    ask_all_again();
    restart(NULL, 0);
    ask_all_again();

    ask_twice(SK_SALE_END, "phone", "", 200);
    ask_twice(SK_SALE_REMOVE, "phone", "", 200);
    ask_twice(SK_PRODUCT_REMOVE, "1", "", 200);

    /* of a sale that is gone nothing is free or sold */

    ask(SK_SALE_REMOVE, "phone", "", asked[n_asked - 2].key, 1);
    says("\"stock\":10,");
    says("\"free\":0,\"undecided\":0,\"held\":0,\"sold\":0");

    ask_all_again();
    restart(NULL, 0);
    ask_all_again();

    /* nor is it another one's of the name */

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":3}");
    (void) command(SK_PRODUCT_ADD, "", PHONE);
    ask_all_again();
    ask(SK_SALE_REMOVE, "phone", "", asked[n_asked - 2].key, 1);
    says("\"free\":0,");
    assert_non_null(sk_zone_sale(zone, "phone", 5));
    restart(NULL, 0);
    ask_all_again();
}


/* a key is its owner's, who may be no UTF-8, or nobody */

static void
test_each_has_its_own(void **state)
{
    unsigned  i;

    static const char *const  names[] = { "ops", "web", "caf\xff", "" };

    (void) state;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");

    for (i = 0; i < 8; i++) {
        who = names[i % 4];
        ask(SK_SALE_EDIT, "phone", "{\"add_stock\":5}", "k", 1);
        assert_int_equal(reply.status, 200);
    }

    who = "ops";
    assert_int_equal(events(), 1 + 4);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "phone", 5)->stock), 21);
}


static void
test_a_day_later(void **state)
{
    int64_t   now_ms;
    uint64_t  ticket;

    (void) state;

    (void) command(SK_PRODUCT_ADD, "", PHONE);
    ask(SK_PRODUCT_EDIT, "1", "{\"price\":5}", "k", 1);
    (void) command(SK_PRODUCT_EDIT, "1", "{\"price\":6}");
    assert_int_equal(events(), 3);

    for (now_ms = SK_TEST_NOW + SK_OPERATOR_KEEP_MS - 1;
         now_ms <= SK_TEST_NOW + SK_OPERATOR_KEEP_MS; now_ms++)
    {
        ticket = post(SK_PRODUCT_EDIT, "1", "{\"price\":5}", "k", 1);
        settle_at(&d, now_ms);
        collect(ticket);
        assert_int_equal(reply.status, 200);
        says("\"price\":5,");
        assert_int_equal(events(),
                         3 + (now_ms == SK_TEST_NOW + SK_OPERATOR_KEEP_MS));
    }

    /* of two events with the key, the last one answers, to both hashes */

    ticket = post(SK_PRODUCT_EDIT, "1", "{\"price\":5}", "k", 2);
    settle_at(&d, now_ms);
    collect(ticket);
    assert_int_equal(reply.status, 409);
    assert_int_equal(events(), 4);
}


/* what was refused makes no event, and is decided again */

static void
test_refusals(void **state)
{
    int       n;
    char      order[16];
    uint64_t  ticket;

    (void) state;

    (void) command(SK_SALE_ADD, "",
                   "{\"name\":\"phone\",\"stock\":5,\"hold\":10}");

    ask(SK_SALE_REMOVE, "phone", "", "k", 1);
    assert_int_equal(reply.status, 409);
    (void) command(SK_SALE_END, "phone", "");
    ask(SK_SALE_REMOVE, "phone", "", "k", 1);
    assert_int_equal(reply.status, 200);

    /* one that comes too late ends the hold: it has not confirmed it */

    (void) command(SK_SALE_ADD, "",
                   "{\"name\":\"phone\",\"stock\":5,\"hold\":10}");
    sell(&d, "phone", "u", 2);
    n = events();

    ticket = post(SK_ORDER_CONFIRM, "6", "", "late", 1);
    sk_store(&zone->expires_s, UINT32_MAX);
    settle_at(&d, SK_TEST_NOW + 10000);
    collect(ticket);
    assert_int_equal(reply.status, 409);
    assert_int_equal(events(), n + 1);
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE key = 'late'"), 0);

    ask(SK_ORDER_CONFIRM, "6", "", "late", 1);
    assert_int_equal(reply.status, 409);
    says("the order has expired");

    /* what is done already is not done by this one */

    restart(NULL, 0);
    sell(&d, "phone", "v", 1);
    n = events();
    (void) snprintf(order, sizeof(order), "%d", n);
    ask(SK_ORDER_CONFIRM, order, "", "", 0);
    ask(SK_ORDER_CONFIRM, order, "", "done", 1);
    assert_int_equal(reply.status, 200);
    says("\"state\":\"paid\"");
    assert_int_equal(events(), n + 1);
}


static int
show_row(void *ctx, const sk_row_t *row)
{
    json_t  *detail, *name;

    (void) ctx;

    shown_type = sk_ledger_type(&row->type);

    (void) snprintf(shown_key, sizeof(shown_key), "%.*s", (int) row->key.len,
                    row->key.data ? row->key.data : "");

    assert_int_equal(row->key.data == NULL, row->hash.data == NULL);

    if (row->hash.data) {
        assert_int_equal(row->hash.len, SK_COMMAND_HASH_SIZE);
        memcpy(shown_hash, row->hash.data, SK_COMMAND_HASH_SIZE);
    }

    if (sk_event_of_sale(shown_type)) {
        detail = json_loadb(row->detail.data, row->detail.len, 0, NULL);
        name = json_object_get(detail, "name");
        (void) snprintf(shown_name, sizeof(shown_name), "%s",
                        json_string_value(name));
        json_decref(detail);
    }

    return SK_OK;
}


static int
show(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    (void) ledger;

    if (commit->data.data == NULL) {
        return SK_OK;
    }

    shown++;

    return sk_pack_read(&commit->data, show_row, ctx);
}


static int
follow_none(void *ctx, sk_ledger_t *ledger)
{
    (void) ctx;
    (void) ledger;

    return SK_OK;
}


/* who decides beside the file sees all that the answers are made from */

static void
test_authority(void **state)
{
    char        key[8];
    uint8_t     hash[SK_COMMAND_HASH_SIZE];
    sk_event_t  e;

    static const sk_authority_t  authority = { show, follow_none, NULL, NULL };

    (void) state;

    d.writer.authority = &authority;
    shown = 0;

    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":5}");
    assert_string_equal(shown_key, "");
    ask(SK_SALE_END, "phone", "", "end", 7);
    assert_string_equal(shown_key, "end");
    assert_int_equal(shown_hash[0], 7);

    (void) command(SK_SALE_ADD, "", "{\"name\":\"pen\",\"stock\":5}");
    ask(SK_SALE_REMOVE, "phone", "", "remove", 8);
    assert_int_equal(shown_type, SK_EVENT_SALE_REMOVED);
    assert_string_equal(shown_key, "remove");
    assert_int_equal(shown_hash[0], 8);
    assert_string_equal(shown_name, "phone");
    assert_int_equal(shown, 4);

    /* whose texts live no longer than the call */

    memset(&e, 0, sizeof(e));
    (void) snprintf(key, sizeof(key), "short");
    memset(hash, 9, sizeof(hash));

    e.type = SK_EVENT_PRODUCT_REMOVED;
    e.object = 1;
    e.request = key;
    e.request_len = 5;
    e.request_hash = hash;

    assert_int_equal(sk_writer_begin(&d.writer), SK_OK);
    assert_int_equal(sk_writer_append(&d.writer, &e), SK_OK);
    memset(key, 'x', sizeof(key));
    memset(hash, 0, sizeof(hash));
    assert_int_equal(sk_writer_commit(&d.writer), SK_OK);
    assert_string_equal(shown_key, "short");
    assert_int_equal(shown_hash[0], 9);
    assert_int_equal(shown_hash[SK_COMMAND_HASH_SIZE - 1], 9);
}


static void
append(sk_event_e type, uint64_t object, const char *detail)
{
    sk_event_t  e;

    memset(&e, 0, sizeof(e));

    e.type = type;
    e.object = object;
    e.by = "x";
    e.by_len = 1;
    e.detail = detail;
    e.detail_len = detail ? strlen(detail) : 0;

    assert_int_equal(sk_writer_begin(&d.writer), SK_OK);
    assert_int_equal(sk_writer_append(&d.writer, &e), SK_OK);
    assert_int_equal(sk_writer_commit(&d.writer), SK_OK);
}


/* the table of products follows events, whoever appends them */

static void
test_products_follow(void **state)
{
    (void) state;

    append(SK_EVENT_PRODUCT_ADDED, 0, "{\"name\":\"Pen\",\"description\":\"\","
           "\"price\":1,\"currency\":\"EUR\",\"attributes\":{},\"by\":\"x\"}");
    append(SK_EVENT_PRODUCT_EDITED, 1, "{\"name\":\"Ink\",\"description\":\"\","
           "\"price\":2,\"currency\":\"EUR\",\"attributes\":{},\"by\":\"x\"}");

    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{}"), 200);
    says("\"name\":\"Ink\",");
    says("\"price\":2,");

    append(SK_EVENT_PRODUCT_REMOVED, 1, NULL);

    assert_int_equal(command(SK_PRODUCT_EDIT, "1", "{}"), 404);
    assert_int_equal(events(), 3);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_each_command),
        T(test_each_has_its_own),
        T(test_a_day_later),
        T(test_refusals),
        T(test_authority),
        T(test_products_follow),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
