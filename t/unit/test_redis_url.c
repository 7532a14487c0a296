/* URLs of Redis: what they say, and what is said of wrong ones */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sk_redis_url.h"


static sk_redis_url_t  url;
static char            reason[256];


static int
parse(const char *text)
{
    char    *copy;
    int      rc;
    size_t   len;

    /* no end, for the sanitizers to see */

    len = strlen(text);
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    strcpy(reason, "untouched");
    rc = sk_redis_url_parse(&url, copy, len, reason, sizeof(reason));

    free(copy);

    return rc;
}


static void
good(const char *text)
{
    if (parse(text) != SK_OK) {
        fail_msg("%s: %s", text, reason);
    }

    assert_string_equal(reason, "untouched");
}


static void
wrong(const char *text, const char *words)
{
    if (parse(text) == SK_OK) {
        fail_msg("%s was accepted", text);
    }

    assert_string_equal(reason, words);
}


static void
host(unsigned i, const char *name, unsigned port)
{
    assert_true(i < url.n_hosts);
    assert_string_equal(url.hosts[i].name, name);
    assert_int_equal(url.hosts[i].port, port);
}


static void
repeat(char *text, const char *piece, unsigned n)
{
    while (n--) {
        strcat(text, piece);
    }
}


static void
test_redis(void **state)
{
    (void) state;

    good("redis://localhost");
    assert_int_equal(url.scheme, SK_REDIS_URL_REDIS);
    assert_int_equal(url.n_hosts, 1);
    host(0, "localhost", 6379);
    assert_string_equal(url.user, "");
    assert_int_equal(url.db, 0);

    good("redis://shop@10.0.0.1:65535/65535");
    host(0, "10.0.0.1", 65535);
    assert_string_equal(url.user, "shop");
    assert_int_equal(url.db, 65535);

    good("redis://[::1]");
    host(0, "::1", 6379);

    good("redis://a.b+c=d~e_f-9@[fe80::1:2]:1/7");
    host(0, "fe80::1:2", 1);
    assert_string_equal(url.user, "a.b+c=d~e_f-9");
    assert_int_equal(url.db, 7);

    good("rediss://redis.example.com:6380/1");
    assert_int_equal(url.scheme, SK_REDIS_URL_REDISS);
    host(0, "redis.example.com", 6380);
    assert_int_equal(url.db, 1);
}


static void
test_unix(void **state)
{
    char  text[256], path[256];

    (void) state;

    good("unix:/run/redis/redis.sock");
    assert_int_equal(url.scheme, SK_REDIS_URL_UNIX);
    assert_int_equal(url.n_hosts, 1);
    host(0, "/run/redis/redis.sock", 0);

    good("unix:/a@b:c,d/e");
    host(0, "/a@b:c,d/e", 0);

    strcpy(path, "/");
    repeat(path, "p", 106);
    strcpy(text, "unix:");
    good(strcat(text, path));
    host(0, path, 0);

    wrong(strcat(text, "p"),
          "has a path of more than 107 bytes; unix:/path is allowed");
    wrong("unix:run/redis.sock",
          "names no absolute path of a socket; unix:/path is allowed");
    wrong("unix:/",
          "names no absolute path of a socket; unix:/path is allowed");
    wrong("unix:",
          "names no absolute path of a socket; unix:/path is allowed");
}


static void
test_sentinel(void **state)
{
    char  text[2048];

    (void) state;

    good("sentinel://a/mymaster");
    assert_int_equal(url.scheme, SK_REDIS_URL_SENTINEL);
    assert_int_equal(url.n_hosts, 1);
    host(0, "a", 26379);
    assert_string_equal(url.master, "mymaster");
    assert_int_equal(url.db, 0);

    good("sentinel://shop@a,b:1,[::2]:3/drop-1.x_y/9");
    assert_int_equal(url.n_hosts, 3);
    host(0, "a", 26379);
    host(1, "b", 1);
    host(2, "::2", 3);
    assert_string_equal(url.user, "shop");
    assert_string_equal(url.master, "drop-1.x_y");
    assert_int_equal(url.db, 9);

    strcpy(text, "sentinel://a");
    repeat(text, ",a", 15);
    good(strcat(text, "/m"));
    assert_int_equal(url.n_hosts, 16);

    strcpy(text, "sentinel://a");
    repeat(text, ",a", 16);

#define FORM  "; sentinel://[user@]host[:port],host[:port]/master[/db] is"    \
              " allowed"
#define NO_MASTER  "does not say what the sentinels call the primary" FORM

    wrong(strcat(text, "/m"), "names more than 16 hosts" FORM);
    wrong("sentinel://a", NO_MASTER);
    wrong("sentinel://a/", NO_MASTER);
    wrong("sentinel://a//1", NO_MASTER);
    wrong("sentinel://a/m+n", "has the invalid primary \"m+n\": letters, digits"
          " and any of ._- are allowed" FORM);
    wrong("sentinel://a/m/x", "has the invalid database \"x\": 0 to 65535 is"
          " allowed" FORM);
    wrong("sentinel://a,/m", "has no host where one is wanted" FORM);
    wrong("sentinel://,a/m", "has no host where one is wanted" FORM);

    strcpy(text, "sentinel://a/");
    repeat(text, "m", 128);
    good(text);
    wrong(strcat(text, "m"),
          "has a primary's name of more than 128 bytes" FORM);

#undef FORM
}


static void
test_cluster(void **state)
{
    (void) state;

    good("cluster://shop@a,b:7000,[::1]:7001");
    assert_int_equal(url.scheme, SK_REDIS_URL_CLUSTER);
    assert_int_equal(url.n_hosts, 3);
    host(0, "a", 6379);
    host(1, "b", 7000);
    host(2, "::1", 7001);
    assert_string_equal(url.user, "shop");

#define FORM  "; cluster://[user@]host[:port],host[:port] is allowed"

    wrong("cluster://a/0", "has a \"/\" after the hosts: a cluster has one"
          " database, and nothing may follow" FORM);
    wrong("cluster://a/", "has a \"/\" after the hosts: a cluster has one"
          " database, and nothing may follow" FORM);

#undef FORM
}


static void
test_wrong(void **state)
{
    char  text[8192];

    (void) state;

#define FORM  "; redis://[user@]host[:port][/db] is allowed"

    wrong("redis://", "has no host where one is wanted" FORM);
    wrong("redis://:1", "has no host where one is wanted" FORM);
    wrong("redis://a,b", "names more than 1 host" FORM);
    wrong("redis://a b", "has a blank, or a character that is not of ASCII, at"
          " byte 10");
    wrong("redis://\xc3\xa9", "has a blank, or a character that is not of"
          " ASCII, at byte 9");
    wrong("redis://a?b", "has the invalid host \"a?b\": letters, digits and any"
          " of ._- are allowed" FORM);

    wrong("redis://@a", "has no user before the \"@\"" FORM);
    wrong("redis://u%20@a", "has the invalid user \"u%20\": letters, digits"
          " and any of ._~+=- are allowed" FORM);
    wrong("redis://u:secret@a", "has a password, or a \":\" before the \"@\":"
          " only a user is allowed there" FORM);
    wrong("redis://:secret@a", "has a password, or a \":\" before the \"@\":"
          " only a user is allowed there" FORM);

    wrong("redis://a:", "has the invalid port \"\": 1 to 65535 is allowed"
          FORM);
    wrong("redis://a:0", "has the invalid port \"0\": 1 to 65535 is allowed"
          FORM);
    wrong("redis://a:65536", "has the invalid port \"65536\": 1 to 65535 is"
          " allowed" FORM);
    wrong("redis://a:4294967297", "has the invalid port \"4294967297\": 1 to"
          " 65535 is allowed" FORM);
    wrong("redis://a:-1", "has the invalid port \"-1\": 1 to 65535 is allowed"
          FORM);

    wrong("redis://a/", "has the invalid database \"\": 0 to 65535 is allowed"
          FORM);
    wrong("redis://a/65536", "has the invalid database \"65536\": 0 to 65535 is"
          " allowed" FORM);
    wrong("redis://a/1/2", "has the invalid database \"1/2\": 0 to 65535 is"
          " allowed" FORM);

    wrong("redis://::1", "has the invalid host \"::1\": an IPv6 address stands"
          " in brackets" FORM);
    wrong("redis://[::1", "has the invalid host \"[::1\": [address] or"
          " [address]:port is allowed" FORM);
    wrong("redis://[::1]1", "has the invalid host \"[::1]1\": [address] or"
          " [address]:port is allowed" FORM);
    wrong("redis://[10.0.0.1]", "has the invalid host \"[10.0.0.1]\": an IPv6"
          " address is allowed in brackets" FORM);
    wrong("redis://[]", "has no host where one is wanted" FORM);

    strcpy(text, "redis://");
    repeat(text, "a", 253);
    good(text);
    wrong(strcat(text, "a"), "has a host of more than 253 bytes" FORM);

    strcpy(text, "redis://");
    repeat(text, "u", 128);
    strcat(text, "@a");
    good(text);
    strcpy(text, "redis://");
    repeat(text, "u", 129);
    wrong(strcat(text, "@a"), "has a user of more than 128 bytes" FORM);

#undef FORM
}


static void
test_scheme(void **state)
{
    char  text[8192];

    (void) state;

#define SCHEMES  "has to begin with redis://, rediss://, unix:, sentinel://"  \
                 " or cluster://"

    wrong("", SCHEMES);
    wrong("localhost", SCHEMES);
    wrong("redis:/a", SCHEMES);
    wrong("Redis://a", SCHEMES);
    wrong("http://a", SCHEMES);

    strcpy(text, "cluster://a");
    repeat(text, ",", 4086);
    wrong(text, "is longer than 4096 bytes");
}


/* a long value does not take more room than there is */

static void
test_small_reason(void **state)
{
    char  small[16];

    (void) state;

    assert_int_equal(sk_redis_url_parse(&url, "redis://a/xxxxxxxxxxxxxxxxxxxx",
                                        30, small, sizeof(small)),
                     SK_ERROR);
    assert_string_equal(small, "has the invalid");
}


static void
test_address(void **state)
{
    char  address[SK_REDIS_ADDRESS_SIZE], name[SK_REDIS_HOST_SIZE_MAX + 1];

    (void) state;

    good("sentinel://a,[::1]:5/m");
    assert_string_equal(sk_redis_url_address(&url.hosts[0], address),
                        "a:26379");
    assert_string_equal(sk_redis_url_address(&url.hosts[1], address),
                        "[::1]:5");

    good("unix:/run/r");
    assert_string_equal(sk_redis_url_address(&url.hosts[0], address),
                        "unix:/run/r");

    name[0] = '\0';
    repeat(name, ":", SK_REDIS_HOST_SIZE_MAX);
    strcpy(url.hosts[0].name, name);
    url.hosts[0].port = 65535;
    (void) sk_redis_url_address(&url.hosts[0], address);
    assert_string_equal(address + strlen(address) - 7, "]:65535");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_redis),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_sentinel),
        cmocka_unit_test(test_cluster),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_scheme),
        cmocka_unit_test(test_small_reason),
        cmocka_unit_test(test_address)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
