#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api.h"
#include "nouns.h"
#include "receipts.h"
#include "store_file.h"
#include "verify.h"


#define VERIFY_CLI_KEYS_MAX  (1 << 20)      /* bytes of a set of keys */


static int verify_cli_store(command_line_t *line, const store_file_t *file);
static int verify_cli_receipts(command_line_t *line, const store_file_t *file,
    verify_report_t *report);
static int verify_cli_keys(command_line_t *line, receipts_conf_t *conf,
    char **text);
static int verify_cli_fetch(const char *url, char **text, size_t *len);
static int verify_cli_read(const char *name, char **text, size_t *len);
static int verify_cli_add(verify_report_t *report, const receipts_t *r,
    int good);
static int verify_cli_lines(verify_check_t *check, const receipts_t *r);
static json_t *verify_cli_counts(const receipts_t *r);


int
verify_cli(command_line_t *line)
{
    int            rc;
    store_file_t   file;

    if (command_value(line, "keys") && command_value(line, "receipts") == NULL)
    {
        command_misuse(line, "--keys: only with --receipts");
    }

    rc = store_file_check(&file, line->words[0]);

    if (rc == SAY_DONE && file.schema > SK_LEDGER_VERSION) {
        rc = say_refused("\"%s\" has schema %d, this command knows %d",
                         file.shown, file.schema, SK_LEDGER_VERSION);
    }

    if (rc == SAY_DONE && command_value(line, "receipts")
        && file.schema < VERIFY_SCHEMA_CHAIN)
    {
        rc = say_refused("\"%s\" has schema %d, receipts are of a ledger with"
                         " a chain: %d", file.shown, file.schema,
                         VERIFY_SCHEMA_CHAIN);
    }

    if (rc == SAY_DONE) {
        rc = verify_cli_store(line, &file);
    }

    store_file_free(&file);

    return rc;
}


static int
verify_cli_store(command_line_t *line, const store_file_t *file)
{
    int              rc;
    verify_conf_t    conf;
    verify_report_t  report;

    if (sodium_init() == -1) {
        return say_refused("libsodium does not start");
    }

    store_file_yield();
    memset(&conf, 0, sizeof(conf));

    conf.store = file->path;
    conf.progress = (isatty(STDERR_FILENO) != 0);

    verify_open(&report);

    if (verify_store(&report, &conf) == VERIFY_FAILED) {
        rc = say_refused("\"%s\": %s", file->shown, report.error);

    } else {
        rc = verify_cli_receipts(line, file, &report);
    }

    if (rc == SAY_DONE && line->json && verify_json(&report, stdout) != SK_OK) {
        rc = say_refused("out of memory");

    } else if (rc == SAY_DONE && !line->json) {
        verify_text(&report, stdout);
    }

    if (rc == SAY_DONE && (verify_has(&report, VERIFY_CHECK_BROKEN)
                           || verify_has(&report, VERIFY_CHECK_BAD)))
    {
        rc = SAY_REFUSED;
    }

    json_decref(report.extra);
    verify_close(&report);

    return rc;
}


/* the keys are read first: receipts may be many */

static int
verify_cli_receipts(command_line_t *line, const store_file_t *file,
    verify_report_t *report)
{
    int               rc;
    char             *keys;
    receipts_t        r;
    receipts_conf_t   conf;

    memset(&conf, 0, sizeof(conf));

    conf.list = command_value(line, "receipts");
    conf.store = file->path;

    if (conf.list == NULL) {
        return SAY_DONE;
    }

    keys = NULL;
    rc = verify_cli_keys(line, &conf, &keys);

    if (rc != SAY_DONE) {
        return rc;
    }

    conf.keys = keys;

    rc = receipts_run(&r, &conf);

    if (rc == RECEIPTS_TROUBLE) {
        rc = say_refused("%s", r.error);

    } else if (verify_cli_add(report, &r, rc == RECEIPTS_GOOD) != SK_OK) {
        rc = say_refused("out of memory");

    } else {
        rc = SAY_DONE;
    }

    json_decref(r.bad);
    free(keys);

    return rc;
}


static int
verify_cli_keys(command_line_t *line, receipts_conf_t *conf, char **text)
{
    int          rc;
    char        *url;
    size_t       len;
    const char  *name;

    name = command_value(line, "keys");

    if (name && strncasecmp(name, "http://", 7) != 0
        && strncasecmp(name, "https://", 8) != 0)
    {
        conf->keys_name = name;
        return verify_cli_read(name, text, &conf->keys_len);
    }

    conf->keys_name = name ? name : "receipt-keys";
    len = strlen(line->url);

    url = name ? api_format("%s", name)
               : api_format("%s%sreceipt-keys", line->url,
                            (len && line->url[len - 1] == '/') ? "" : "/");

    rc = verify_cli_fetch(url, text, &conf->keys_len);

    free(url);

    return rc;
}


static int
verify_cli_fetch(const char *url, char **text, size_t *len)
{
    int    rc;
    api_t  api;

    api_init(&api, url, NULL);

    rc = api_exchange(&api, "GET", "");

    if (rc != SAY_DONE) {
        say("no keys: %s", api.message);

    } else if (api.status != 200) {
        rc = say_refused("no keys: status %ld from %s", api.status, url);

    } else {
        *text = api.text;
        *len = api.len;
        api.text = NULL;
    }

    api_close(&api);

    return (rc == SAY_DONE) ? rc : SAY_REFUSED;
}


static int
verify_cli_read(const char *name, char **text, size_t *len)
{
    int    error;
    FILE  *in;

    *text = say_memory(malloc(VERIFY_CLI_KEYS_MAX));

    in = fopen(name, "r");
    *len = in ? fread(*text, 1, VERIFY_CLI_KEYS_MAX, in) : 0;
    error = (in == NULL || ferror(in)) ? errno : 0;

    if (in) {
        (void) fclose(in);
    }

    if (error) {
        free(*text);
        return say_refused("\"%s\": %s", name, strerror(error));
    }

    return SAY_DONE;
}


static int
verify_cli_add(verify_report_t *report, const receipts_t *r, int good)
{
    verify_check_t  *check;

    check = verify_check_add(report, good ? VERIFY_CHECK_OK : VERIFY_CHECK_BAD,
                             "receipts: %" PRIu64 " of %" PRIu64 " %s good",
                             r->n_good, r->n, (r->n == 1) ? "is" : "are");

    report->extra = json_pack("{s:o}", "receipts", verify_cli_counts(r));

    return (check && report->extra) ? verify_cli_lines(check, r) : SK_ERROR;
}


static int
verify_cli_lines(verify_check_t *check, const receipts_t *r)
{
    int      rc;
    size_t   i;
    json_t  *bad;

    rc = SK_OK;

    if (r->n_heads) {
        rc |= verify_check_line(check, 0, "%" PRIu64 " %s", r->n_heads,
                                (r->n_heads == 1) ? "is a head" : "are heads");
    }

    if (r->n_expired) {
        rc |= verify_check_line(check, 0, "%" PRIu64 " %s expired by now, and"
                                " good", r->n_expired,
                                (r->n_expired == 1) ? "has" : "have");
    }

    if (r->n_headless) {
        rc |= verify_check_line(check, 0, "%" PRIu64 " %s no head: only the"
                                " order is checked", r->n_headless,
                                (r->n_headless == 1) ? "has" : "have");
    }

    json_array_foreach(r->bad, i, bad) {
        rc |= verify_check_line(check, 1, "%s", json_string_value(bad));
    }

    return rc ? SK_ERROR : SK_OK;
}


static json_t *
verify_cli_counts(const receipts_t *r)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}",
                     "lines", (json_int_t) r->n,
                     "good", (json_int_t) r->n_good,
                     "heads", (json_int_t) r->n_heads,
                     "expired", (json_int_t) r->n_expired,
                     "without_head", (json_int_t) r->n_headless);
}
