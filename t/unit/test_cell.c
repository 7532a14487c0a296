/* what people see of a value, and times that they give */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "cell.h"
#include "command.h"
#include "command_options.h"


/* texts that are alike on a terminal, or do something there, and what stands
   for them */

static void
test_cell_quotes(void **state)
{
    char      *text;
    unsigned   i;

    static const char  *cases[][2] = {
        { "alice", "alice" },
        { "a b", "a b" },
        { "Ph\xc3\xb6ne 2026", "Ph\xc3\xb6ne 2026" },
        { "\xe7\x94\xb5\xe8\xaf\x9d", "\xe7\x94\xb5\xe8\xaf\x9d" },
        { "e\xcc\x81", "e\xcc\x81" },
        { "", "" },
        { "-", "\"-\"" },
        { "--", "--" },
        { "\"alice\"", "\"\\\"alice\\\"\"" },
        { "5\" disk", "5\" disk" },
        { "a\\u202e", "a\\u202e" },
        { " alice", "\" alice\"" },
        { "alice ", "\"alice \"" },
        { "al\\ice ", "\"al\\\\ice \"" },
        { "a\tb", "\"a\\u0009b\"" },
        { "a\nb", "\"a\\u000ab\"" },
        { "\x1b[2J", "\"\\u001b[2J\"" },
        { "a\x7f", "\"a\\u007f\"" },
        { "\xc2\x9b" "2J", "\"\\u009b2J\"" },
        { "a\xc2\xa0", "\"a\\u00a0\"" },
        { "a\xc2\xad" "b", "\"a\\u00adb\"" },
        { "\xe2\x80\xae" "ecila", "\"\\u202eecila\"" },
        { "\xe2\x80\xaa" "a", "\"\\u202aa\"" },
        { "a\xe2\x81\xa6", "\"a\\u2066\"" },
        { "a\xe2\x81\xa9", "\"a\\u2069\"" },
        { "a\xe2\x80\x8b", "\"a\\u200b\"" },
        { "a\xe2\x80\x8d" "b", "\"a\\u200db\"" },
        { "a\xe2\x80\xa8" "b", "\"a\\u2028b\"" },
        { "\xef\xbb\xbf" "a", "\"\\ufeffa\"" },
        { "a\xe3\x80\x80", "\"a\\u3000\"" },
        { "\xcc\x81" "a", "\"\\u0301a\"" },
        { "a\xf3\xa0\x81\x81", "\"a\\udb40\\udc41\"" },
        { "\xf0\x9f\x93\xb1", "\xf0\x9f\x93\xb1" },
        { "\xf0\x9f\x93\xb1 ", "\"\xf0\x9f\x93\xb1 \"" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text = cell_quote(cases[i][0], strlen(cases[i][0]));
        assert_string_equal(text, cases[i][1]);
        free(text);
    }

    text = cell_quote("a\0b", 3);
    assert_string_equal(text, "\"a\\u0000b\"");
    free(text);
}


/* no two texts look the same: what is quoted can be read back, and differs from
   all that is not */

static void
test_cell_is_reversible(void **state)
{
    char     *text, from[8];
    json_t   *back;
    unsigned  i, n;

    static const char  *parts[] = {
        "a", "\"", "\\", " ", "-", "\xe2\x80\xae", "\t", "u202e"
    };

    (void) state;

    for (i = 0; i < 8 * 8 * 8; i++) {
        from[0] = '\0';

        for (n = i; n; n /= 8) {
            if (strlen(from) + strlen(parts[n % 8]) < sizeof(from)) {
                (void) strcat(from, parts[n % 8]);
            }
        }

        text = cell_quote(from, strlen(from));

        if (text[0] == '"') {
            back = json_loads(text, JSON_DECODE_ANY, NULL);
            assert_string_equal(json_string_value(back), from);
            json_decref(back);

        } else {
            assert_string_equal(text, from);
            assert_true(from[0] != ' ');
            assert_true(i == 0 || from[strlen(from) - 1] != ' ');
        }

        free(text);
    }
}


static void
test_cell_bad_utf8(void **state)
{
    char      *text;
    unsigned   i;

    /* half of a character, too long a form, a surrogate, beyond Unicode */

    static const char  *cases[] = {
        "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xff", "\x80"
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text = cell_quote(cases[i], strlen(cases[i]));
        assert_non_null(text);
        assert_true(cell_width(text) > 0);
        free(text);
    }
}


static void
test_cell_values(void **state)
{
    char      *text;
    json_t    *value;
    unsigned   i;

    static const char  *cases[][2] = {
        { "null", "-" }, { "17", "17" }, { "true", "true" },
        { "0.1", "0.1" }, { "1e300", "1e300" },
        { "0.30000000000000004", "0.30000000000000004" },
        { "9007199254740993", "9007199254740993" },
        { "{\"b\":1,\"a\":[2,null]}", "{\"b\":1,\"a\":[2,null]}" },
        { "{\"a\":\"\xc3\xb6\"}", "{\"a\":\"\xc3\xb6\"}" },
        { "{\"a\":\"\xe2\x80\xae\"}", "{\"a\":\"\\u202E\"}" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        value = json_loads(cases[i][0], JSON_DECODE_ANY, NULL);
        text = cell_text(value);
        assert_string_equal(text, cases[i][1]);
        free(text);
        json_decref(value);
    }

    text = cell_text(NULL);
    assert_string_equal(text, "-");
    free(text);
}


static void
test_cell_width(void **state)
{
    (void) state;

    assert_int_equal(cell_width(""), 0);
    assert_int_equal(cell_width("alice"), 5);
    assert_int_equal(cell_width("Ph\xc3\xb6ne"), 5);
    assert_int_equal(cell_width("e\xcc\x81"), 1);
    assert_int_equal(cell_width("\xe7\x94\xb5\xe8\xaf\x9d"), 4);
}


static void
test_body_seconds(void **state)
{
    unsigned  i;

    static const struct {
        const char  *text;
        long long    seconds;
    } cases[] = {
        { "0", 0 }, { "900", 900 }, { "90s", 90 }, { "15m", 900 },
        { "2h", 7200 }, { "1d", 86400 }, { "1h30m", 5400 }, { "1h30", 3630 },
        { "007", 7 }, { "010m", 600 }, { "999999999d", 86399999913600 },
        { "", -1 }, { "m", -1 }, { "5y", -1 }, { "-5", -1 }, { "1 h", -1 },
        { "1hm", -1 }, { "9999999999", -1 }, { "1.5h", -1 }, { "x", -1 },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(body_seconds(cases[i].text), cases[i].seconds);
    }
}


/* each command of the table has a noun, and options that are there; its help
   fits a terminal */

static void
test_command_table(void **state)
{
    char                  *text, *line, *rest;
    FILE                  *out;
    size_t                 size;
    unsigned               i, n, ids[OPTION_N];
    const command_t       *c;
    const command_noun_t  *noun;

    (void) state;

    for (i = 1; i < OPTION_N; i++) {
        assert_non_null(command_options[i].name);
        assert_int_equal(command_options[i].value == NULL,
                         command_options[i].kind == COMMAND_NONE);
    }

    for (c = commands; c->noun; c++) {

        for (noun = command_nouns; noun->name; noun++) {
            if (strcmp(noun->name, c->noun) == 0) {
                break;
            }
        }

        assert_non_null(noun->name);
        assert_non_null(c->run);
        assert_true(c->min <= c->max);
        assert_int_equal(c->args == NULL, c->max == 0);

        n = command_ids(c, ids);
        assert_true(n < OPTION_N);

        out = open_memstream(&text, &size);
        command_help(out, noun, c);
        (void) fclose(out);

        for (line = strtok_r(text, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
        {
            assert_true(strlen(line) <= COMMAND_WIDTH);
        }

        free(text);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_cell_quotes),
        cmocka_unit_test(test_cell_is_reversible),
        cmocka_unit_test(test_cell_bad_utf8),
        cmocka_unit_test(test_cell_values),
        cmocka_unit_test(test_cell_width),
        cmocka_unit_test(test_body_seconds),
        cmocka_unit_test(test_command_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
