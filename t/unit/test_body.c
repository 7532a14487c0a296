/* bodies that are none: each gets "invalid", with the field that is wrong; and
   the JSON of sales */

#include "sk_test_operator.h"
#include "sk_json.h"


static const struct {
    const char  *body;
    const char  *field;
} wrong[] = {
    { "", "body" },
    { "[]", "body" },
    { "17", "body" },
    { "{\"stock\":1", "body" },
    { "{\"stock\":1}x", "body" },
    { "{'stock':1}", "body" },
    { "{\"stock\":1,}", "body" },
    { "\xef\xbb\xbf{}", "body" },
    { "{\"stok\":1}", "stok" },
    { "{\"stock\":1,\"stock\":2}", "stock" },
    { "{\"stock\":1,\"st\\u006fck\":2}", "stock" },
    { "{\"stock\":\"1\"}", "stock" },
    { "{\"stock\":1.0}", "stock" },
    { "{\"stock\":1e3}", "stock" },
    { "{\"stock\":true}", "stock" },
    { "{\"stock\":null}", "stock" },
    { "{\"stock\":-1}", "stock" },
    { "{\"stock\":1000000001}", "stock" },
    { "{\"stock\":9007199254740993}", "stock" },
    { "{\"stock\":99999999999999999999999}", "stock" },
    { "{\"limit\":0}", "limit" },
    { "{\"hold\":2592001}", "hold" },
    { "{\"start\":5}", "start" },
    { "{\"start\":\"tomorrow\"}", "start" },
    { "{\"start\":\"2026-02-30T00:00:00Z\"}", "start" },
    { "{\"end\":\"2026-02-28T00:00:00\"}", "end" },
    { "{\"product\":9}", "product" },
    { "{\"product\":0}", "product" },
    { "{\"name\":\"new\"}", "name" },
    { "{\"add_stock\":1.5}", "add_stock" },
    { "{\"stock\":1}\xff", "body" },
};


static const struct {
    const char  *body;
    const char  *field;
} product[] = {
    { "{\"name\":\"\"}", "name" },
    { "{\"name\":\"a\\nb\"}", "name" },
    { "{\"name\":\"a\\u0000b\"}", "name" },
    { "{\"name\":\"\\ud800\"}", "name" },
    { "{\"name\":\"\\udc00\\ud800\"}", "name" },
    { "{\"name\":\"\xff\"}", "name" },
    { "{\"name\":\"\xed\xa0\x80\"}", "name" },
    { "{\"price\":9007199254740992}", "price" },
    { "{\"price\":19.99}", "price" },
    { "{\"currency\":\"eur\"}", "currency" },
    { "{\"currency\":\"EU\"}", "currency" },
    { "{\"currency\":\"ABC\"}", "currency" },
    { "{\"currency\":\" AE\"}", "currency" },
    { "{\"attributes\":[]}", "attributes" },
    { "{\"attributes\":{\"a\":1,\"a\":2}}", "attributes" },
    { "{\"attributes\":{\"a\":{\"b\":1,\"\\u0062\":2}}}", "attributes" },
    { "{\"attributes\":{\"a\":[9007199254740993]}}", "attributes" },
    { "{\"attributes\":{\"a\":[1e999]}}", "attributes" },
    { "{\"attributes\":{\"a\":-1e17}}", "attributes" },
    { "{\"name\":\"a\",\"pri\xff\":1}", "body" },
    { "{\"name\":\"a\",\"price\":\"\xff\"}", "price" },
    { "{\"name\":\"a\",\"attributes\":{\"b\":\"c\",\"\xff\":1}}",
      "attributes" },
    { "{\"description\":7}", "description" },
};


static void
refused(sk_command_e type, const char *what, const char *body,
    const char *field)
{
    char  text[64];

    assert_int_equal(command(type, what, body), 400);

    (void) snprintf(text, sizeof(text), "\"field\":\"%s\"", field);
    says(text);
    says("\"result\":\"invalid\"");
}


static void
prepare(void)
{
    (void) command(SK_SALE_ADD, "", "{\"name\":\"phone\",\"stock\":1}");
    (void) command(SK_PRODUCT_ADD, "", PHONE);
}


static void
test_fields(void **state)
{
    unsigned  i;

    (void) state;

    prepare();

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        refused(SK_SALE_EDIT, "phone", wrong[i].body, wrong[i].field);
    }

    for (i = 0; i < sizeof(product) / sizeof(product[0]); i++) {
        refused(SK_PRODUCT_EDIT, "2", product[i].body, product[i].field);
    }

    assert_int_equal(events(), 2);
}


/* nested 1,000 deep, in a field and without one */

static void
test_nesting(void **state)
{
    char  deep[4096], *p;

    (void) state;

    prepare();

    p = deep + sprintf(deep, "{\"attributes\":{\"a\":");
    memset(p, '[', 1000);
    memset(p + 1000, ']', 1000);
    (void) strcpy(p + 2000, "}}");
    refused(SK_PRODUCT_EDIT, "2", deep, "attributes");

    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    deep[2000] = '\0';
    refused(SK_PRODUCT_EDIT, "2", deep, "body");
}


/* 32 levels in a field are good, 33 are not */

static void
test_levels(void **state)
{
    char      body[256];
    unsigned  levels;

    (void) state;

    prepare();

    for (levels = 32; levels <= 33; levels++) {
        (void) snprintf(body, sizeof(body), "{\"attributes\":{\"a\":%.*s%.*s}}",
                        (int) levels - 1,
                        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                        (int) levels - 1,
                        "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");

        assert_int_equal(command(SK_PRODUCT_EDIT, "2", body),
                         (levels == 32) ? 200 : 400);
    }

    says("\"message\":\"attributes: at most 32 levels are allowed\"");
}


static void
test_messages(void **state)
{
    unsigned  i;

    static const struct {
        const char  *body;
        const char  *message;
    } m[] = {
        { "{\"price\":1,\"price\":1}", "price: is there twice" },
        { "{\"attributes\":{\"a\":1,\"a\":1}}",
          "attributes: has a key that is there twice" },
        { "{\"attributes\":{\"a\":99999999999999999999}}",
          "attributes: has a number over 2^53 - 1" },
        { "{\"price\":99999999999999999999}",
          "price: an integer from 0 to 9007199254740991 is allowed, in the "
          "currency's minor unit" },
        { "{\"name\":\"\xff\"}", "name: UTF-8 is allowed" },
        { "{\"name\":\"\\u0000\"}",
          "name: valid characters are allowed, but not \\\\u0000" },
        { "{\"name\" \"a\"}", "body: no valid JSON" },
        { "[]", "body: a JSON object is allowed" },
    };

    (void) state;

    prepare();

    for (i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
        assert_int_equal(command(SK_PRODUCT_EDIT, "2", m[i].body), 400);
        says(m[i].message);
    }
}


/* an object is kept as it was written, but for white space */

static void
test_object(void **state)
{
    (void) state;

    prepare();

    assert_int_equal(command(SK_PRODUCT_EDIT, "2",
                             " { \"attributes\" : { \"a b\" : \"\\\" \\\\\" ,\n"
                             "\"c\" : [ 1.50, 1E2 ,19.99 ] }\t, "
                             "\"price\":\r7 } "), 200);
    says("\"price\":7,");
    says("\"attributes\":{\"a b\":\"\\\" \\\\\",\"c\":[1.50,1E2,19.99]}");
}


static void
test_what_is_needed(void **state)
{
    (void) state;

    prepare();

    /* what needs no body takes none */

    refused(SK_SALE_PAUSE, "phone", "{\"paused\":true}", "paused");
    refused(SK_SALE_PAUSE, "phone", "\xff", "body");

    refused(SK_SALE_ADD, "", "{\"name\":\"a b\",\"stock\":1}", "name");
    refused(SK_SALE_ADD, "", "{\"name\":\"..\",\"stock\":1}", "name");
    refused(SK_SALE_ADD, "", "{\"stock\":1}", "name");
    says("\"message\":\"name: is needed, 1 to 64 of ");
    refused(SK_SALE_ADD, "", "{}", "name");
    refused(SK_SALE_ADD, "", "{\"name\":\"x\"}", "stock");
    says("\"message\":\"stock: is needed, an integer from 0 to 1000000000 is ");
    refused(SK_PRODUCT_ADD, "", "{\"name\":\"x\"}", "price");

    assert_int_equal(events(), 2);

    /* what is good, at its bounds */

    assert_int_equal(command(SK_PRODUCT_EDIT, "2", "{\"name\":"
                             "\"\\ud83d\\ude00 \xc3\xa9\","
                             "\"price\":9007199254740991}"), 200);
    says("\"price\":9007199254740991,");
}


/* what the ledger has of a sale: as it is written, and as it was */

static void
stored(const char *text, int rc, sk_sale_def_t *def)
{
    json_t  *json;

    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(sk_json_sale_read(json, def), rc);
    json_decref(json);
}


static void
test_stored(void **state)
{
    char           *text;
    unsigned        i;
    sk_sale_def_t   def, read;

    static const char *const  none[] = {
        "{\"name\":\"s\"}",
        "{\"name\":\"s\",\"stock\":\"1\"}",
        "{\"name\":\"s\",\"stock\":1000000001}",
        "{\"name\":\"s\",\"stock\":1,\"limit\":0}",
        "{\"name\":\"s\",\"stock\":1,\"hold_s\":2592001}",
    };

    (void) state;

    def = sk_test_def("s", 7, 2);
    def.hold_s = 60;
    def.end_ms = 5;
    def.product = 3;
    def.paused = 1;
    def.extend_s = 30;

    text = sk_json_end(sk_json_sale(&def, SK_FIELD_ADD, 1));
    assert_string_equal(text, "{\"name\":\"s\",\"product\":3,\"stock\":7,"
                        "\"limit\":2,\"hold_s\":60,\"start_ms\":null,"
                        "\"end_ms\":5,\"paused\":1,\"extend_s\":30,"
                        "\"shuffle_s\":0,\"waitlist\":0}");
    stored(text, SK_OK, &read);
    assert_true(sk_sale_def_equal(&read, &def));
    free(text);

    text = sk_json_end(sk_json_sale(&def, SK_FIELD_ADD, 0));
    assert_string_equal(text, "{\"name\":\"s\",\"product\":3,\"stock\":7,"
                        "\"limit\":2,\"hold\":60,\"start\":null,"
                        "\"end\":\"1970-01-01T00:00:00.005Z\","
                        "\"paused\":true,\"extend\":30,\"shuffle\":0,"
                        "\"waitlist\":0,"
                        "\"group\":null}");
    free(text);

    /* of a group */

    def.group_len = 2;
    memcpy(def.group, "g1", 2);
    text = sk_json_end(sk_json_sale(&def, SK_FIELD_ADD, 1));
    assert_non_null(strstr(text, ",\"shuffle_s\":0,\"waitlist\":0,"
                           "\"group\":\"g1\"}"));
    stored(text, SK_OK, &read);
    assert_int_equal(read.group_len, 2);
    assert_memory_equal(read.group, "g1", 2);
    free(text);
    text = sk_json_end(sk_json_sale(&def, SK_FIELD_ADD, 0));
    assert_non_null(strstr(text, ",\"shuffle\":0,\"waitlist\":0,"
                           "\"group\":\"g1\"}"));
    free(text);
    def.group_len = 0;

    /* of the first version */

    stored("{\"name\":\"s\",\"stock\":7,\"limit\":2,\"start_ms\":null,"
           "\"end_ms\":5,\"paused\":1}", SK_OK, &read);
    def.hold_s = 0;
    def.product = 0;
    def.extend_s = 0;
    assert_true(sk_sale_def_equal(&read, &def));

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        stored(none[i], SK_ERROR, &read);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, begin, end)
        T(test_fields),
        T(test_nesting),
        T(test_levels),
        T(test_messages),
        T(test_object),
        T(test_what_is_needed),
        T(test_stored),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
