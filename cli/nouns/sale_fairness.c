#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "fair.h"
#include "nouns.h"
#include "sale.h"
#include "show.h"
#include "store_file.h"


static int sale_fairness_store(command_line_t *line, const store_file_t *file);
static void sale_fairness_sale(json_t *sale);
static void sale_fairness_check(json_t *check);
static void sale_fairness_json(int rc, json_t *sales);


int
sale_fairness(command_line_t *line)
{
    int            rc;
    store_file_t   file;

    sale_name(line, line->words[0]);

    rc = store_file_check(&file, line->words[1]);

    if (rc == SAY_DONE) {
        rc = sale_fairness_store(line, &file);
    }

    store_file_free(&file);

    return rc;
}


/* what fair_check() returns is what the command exits with, but for trouble */

static int
sale_fairness_store(command_line_t *line, const store_file_t *file)
{
    int      rc;
    char     error[512];
    size_t   i;
    json_t  *sales, *sale;

    store_file_yield();

    if (sodium_init() == -1) {
        return say_refused("libsodium does not start");
    }

    rc = fair_check(file->path, line->words[0], &sales, error, sizeof(error));

    if (rc == FAIR_TROUBLE) {
        say("\"%s\": %s", file->shown, error);

    } else if (line->json) {
        sale_fairness_json(rc, sales);

    } else {
        json_array_foreach(sales, i, sale) {
            (void) fputs(i ? "\n" : "", stdout);
            sale_fairness_sale(sale);
        }

        (void) fputs((rc == FAIR_YES) ? "\nthe opening was fair\n"
                     : (rc == FAIR_NO) ? "\nthe opening was NOT fair\n" : "",
                     stdout);
    }

    json_decref(sales);

    return (rc == FAIR_TROUBLE) ? SAY_REFUSED
           : (rc == FAIR_NOT_YET) ? SAY_AWAY : rc;
}


static void
sale_fairness_sale(json_t *sale)
{
    size_t        i;
    json_t       *member;
    json_int_t    shuffle;
    const char   *start;

    (void) printf("sale    %" JSON_INTEGER_FORMAT "\n",
                  json_integer_value(json_object_get(sale, "id")));

    json_array_foreach(json_object_get(sale, "windows"), i, member) {
        start = json_string_value(json_object_get(member, "start"));
        shuffle = json_integer_value(json_object_get(member, "shuffle"));

        (void) printf("window  %s%s, ", start ? "start " : "no start",
                      start ? start : "");

        if (shuffle) {
            (void) printf("shuffle %" JSON_INTEGER_FORMAT " s", shuffle);

        } else {
            (void) printf("NO shuffle");
        }

        (void) printf(": %" JSON_INTEGER_FORMAT " orders, %"
                      JSON_INTEGER_FORMAT " in it\n",
                      json_integer_value(json_object_get(member, "orders")),
                      json_integer_value(json_object_get(member,
                                                         "in_window")));
    }

    json_array_foreach(json_object_get(sale, "checks"), i, member) {
        sale_fairness_check(member);
    }

    json_array_foreach(json_object_get(sale, "notes"), i, member) {
        (void) printf("        %s\n", json_string_value(member));
    }
}


static void
sale_fairness_check(json_t *check)
{
    size_t   i;
    json_t  *bad;

    (void) printf("%-6s  %s\n",
                  json_is_true(json_object_get(check, "ok")) ? "ok" : "BROKEN",
                  json_string_value(json_object_get(check, "what")));

    json_array_foreach(json_object_get(check, "bad"), i, bad) {
        (void) printf("        %s\n", json_string_value(bad));
    }
}


/* the checks of all sales of the name are in one list, as are what breaks
   them */

static void
sale_fairness_json(int rc, json_t *sales)
{
    size_t   i, n;
    json_t  *all, *checks, *bad, *sale, *check;

    checks = json_array();
    bad = json_array();

    json_array_foreach(sales, i, sale) {

        json_array_foreach(json_object_get(sale, "checks"), n, check) {
            (void) json_array_extend(bad, json_object_get(check, "bad"));
            (void) json_object_del(check, "bad");
            (void) json_array_append(checks, check);
        }

        (void) json_object_del(sale, "checks");
        (void) json_object_del(sale, "notes");
    }

    all = say_memory(json_pack("{s:o, s:O, s:o, s:o}", "fair",
                               (rc == FAIR_YES) ? json_true()
                               : (rc == FAIR_NO) ? json_false() : json_null(),
                               "sales", sales, "checks", checks, "bad", bad));
    show_json(all);
    json_decref(all);
}
