#include <string.h>

#include "command.h"
#include "command_options.h"


/* the manual page, as roff with the macros of man(7) */


static void command_manual_nouns(FILE *out);
static void command_manual_command(FILE *out, const command_t *c);
static void command_manual_options(FILE *out, const command_noun_t *noun);
static void command_manual_option(FILE *out, unsigned id);
static void command_manual_text(FILE *out, const char *text);


static const char  command_manual_head[] =
    ".TH SECKILL 1 \"\" \"ngx_http_seckill_module\" \"User Commands\"\n"
    ".ad l\n"
    ".nh\n"
    ".SH NAME\n"
    "seckill \\- operate flash sales of an nginx with ngx_http_seckill_module\n"
    ".SH SYNOPSIS\n"
    ".B seckill\n"
    ".I COMMAND\n"
    ".RI [ OPTIONS ]\n"
    ".br\n"
    ".B seckill\n"
    ".I COMMAND\n"
    ".B \\-\\-help\n"
    ".SH DESCRIPTION\n"
    "Products, sales, orders and events of a server through its API, and\n"
    "backup, restore and verification of its store.\n"
    "Options may stand before, between and behind a command's words, as\n"
    ".BI \\-\\-name= value\n"
    "or\n"
    ".B \\-\\-name\n"
    ".IR value .\n"
    ".PP\n"
    "A write that gets no answer is sent again, three times, with the same\n"
    "idempotency key: it is done once.\n"
    "Texts with characters that are not seen, or with blanks at their ends, are"
    " quoted in tables, as JSON has them: \"\\eu202eecila\".\n"
    ".SH COMMANDS\n";

static const char  command_manual_tail[] =
    ".SH ENVIRONMENT\n"
    ".TP\n"
    ".B SECKILL_URL\n"
    "The API's URL, where\n"
    ".B \\-\\-url\n"
    "is not given.\n"
    ".TP\n"
    ".BR SECKILL_KEY ,\\  SECKILL_KEY_FILE\n"
    "The key for the API, or a file whose first word it is, where\n"
    ".B \\-\\-key\\-file\n"
    "is not given.\n"
    "A key has no option: every user of the machine can read command lines.\n"
    ".TP\n"
    ".BR CURL_CA_BUNDLE ,\\  SSL_CERT_FILE ,\\  SSL_CERT_DIR\n"
    "Whom to trust, as\n"
    ".BR curl (1)\n"
    "has it; also its variables for proxies.\n"
    ".SH EXAMPLES\n"
    ".EX\n"
    "seckill product add \\-\\-name \"Phone 2026\" \\-\\-price 49900"
    " \\-\\-currency EUR\n"
    "seckill sale add drop \\-\\-stock 1000 \\-\\-hold 15m \\-\\-product"
    " \"Phone 2026\"\n"
    "seckill sale watch drop\n"
    "seckill order list \\-\\-sale drop \\-\\-state held \\-\\-all\n"
    "seckill order confirm 17 \\-\\-user 42\n"
    "seckill backup /var/lib/seckill/drop.db /backup/drop.db\n"
    ".EE\n"
    ".SH SEE ALSO\n"
    ".BR nginx (8),\\  curl (1),\\  sqlite3 (1)\n";


int
command_manual(command_line_t *line)
{
    (void) line;

    (void) fputs(command_manual_head, stdout);

    command_manual_nouns(stdout);

    (void) fputs(".SH OPTIONS\n", stdout);
    command_manual_option(stdout, OPTION_URL);
    command_manual_option(stdout, OPTION_KEY_FILE);
    command_manual_option(stdout, OPTION_JSON);
    command_manual_option(stdout, OPTION_IDEMPOTENCY_KEY);
    command_manual_option(stdout, OPTION_HELP);

    (void) fputs(".SH EXIT STATUS\n", stdout);
    command_manual_text(stdout, command_exit);
    (void) fputc('\n', stdout);
    (void) fputs(command_manual_tail, stdout);

    return SAY_DONE;
}


static void
command_manual_nouns(FILE *out)
{
    const command_t       *c;
    const command_noun_t  *noun;

    for (noun = command_nouns; noun->name; noun++) {
        (void) fprintf(out, ".SS %s: ", noun->name);
        command_manual_text(out, noun->title);
        (void) fputc('\n', out);

        if (noun->text) {
            command_manual_text(out, noun->text);
            (void) fputc('\n', out);
        }

        for (c = commands; c->noun; c++) {
            if (strcmp(c->noun, noun->name) == 0) {
                command_manual_command(out, c);
            }
        }

        command_manual_options(out, noun);
    }
}


static void
command_manual_command(FILE *out, const command_t *c)
{
    char             text[80];
    const unsigned  *id;

    (void) fprintf(out, ".TP\n\\fBseckill %s%s%s\\fR", c->noun,
                   c->verb ? " " : "", c->verb ? c->verb : "");

    if (c->args) {
        (void) fprintf(out, " \\fI%s\\fR", c->args);
    }

    for (id = c->options; id && *id; id++) {
        command_usage(text, sizeof(text), id);
        (void) fputc(' ', out);
        command_manual_text(out, text);

        while (id[1] & COMMAND_OR) {
            id++;
        }
    }

    (void) fputc('\n', out);

    if (c->text) {
        command_manual_text(out, c->text);
        (void) fputc('\n', out);
    }
}


/* each of them once, behind the noun's commands */

static void
command_manual_options(FILE *out, const command_noun_t *noun)
{
    unsigned          i, n, ids[OPTION_N];
    const unsigned   *id;
    const command_t  *c;

    for (n = 0, c = commands; c->noun; c++) {

        if (strcmp(c->noun, noun->name) != 0) {
            continue;
        }

        for (id = c->options; id && *id; id++) {

            for (i = 0; i < n && ids[i] != COMMAND_ID(*id); i++) {
                /* void */
            }

            if (i == n) {
                ids[n++] = COMMAND_ID(*id);
                command_manual_option(out, ids[i]);
            }
        }
    }
}


static void
command_manual_option(FILE *out, unsigned id)
{
    const command_option_t  *o;

    o = &command_options[id];

    (void) fputs(".TP\n\\fB\\-\\-", out);
    command_manual_text(out, o->name);

    if (o->value) {
        (void) fputs("\\fR \\fI", out);
        command_manual_text(out, o->value);
    }

    (void) fputs("\\fR\n", out);
    command_manual_text(out, o->text);
    (void) fputc('\n', out);
}


/* nothing that roff could take for its own; a sentence ends a line */

static void
command_manual_text(FILE *out, const char *text)
{
    const char  *p;

    for (p = text; *p; p++) {

        if (*p == '\\') {
            (void) fputs("\\e", out);

        } else if (*p == '-') {
            (void) fputs("\\-", out);

        } else if (strncmp(p, ".  ", 3) == 0) {
            (void) fputs(".\n", out);
            p += 2;

        } else {
            if (p == text && (*p == '.' || *p == '\'')) {
                (void) fputs("\\&", out);
            }
            (void) fputc(*p, out);
        }
    }
}
