#include "command.h"
#include "command_options.h"


const command_option_t  command_options[] = {

    [OPTION_NAME] = { "name", "N", COMMAND_VALUE,
        "unlike that of any other product" },
    [OPTION_PRICE] = { "price", "MINOR", COMMAND_VALUE,
        "in the currency's minor unit: 1999 is 19.99 EUR" },
    [OPTION_CURRENCY] = { "currency", "EUR", COMMAND_VALUE,
        "an ISO 4217 code" },
    [OPTION_DESCRIPTION] = { "description", "D", COMMAND_VALUE, "text" },
    [OPTION_ATTRIBUTES] = { "attributes", "JSON", COMMAND_VALUE,
        "an object, '{\"colour\":\"red\"}'" },

    [OPTION_STOCK] = { "stock", "N", COMMAND_VALUE,
        "units in all, what is held and sold included" },
    [OPTION_ADD_STOCK] = { "add-stock", "N", COMMAND_VALUE,
        "units to add; below 0: to withdraw" },
    [OPTION_LIMIT] = { "limit", "N", COMMAND_VALUE, "units of one user (1)" },
    [OPTION_HOLD] = { "hold", "TIME", COMMAND_VALUE,
        "how long a buyer has to pay: seconds, or 90s, 15m, 2h, 1d, 1h30m; 0:"
        " orders are sold at once" },
    [OPTION_EXTEND] = { "extend", "TIME", COMMAND_VALUE,
        "how much longer \"order extend\" makes it; 0: not at all" },
    [OPTION_START] = { "start", "T", COMMAND_TIME,
        "RFC 3339, 2026-11-27T09:00:00Z; edit: or none" },
    [OPTION_END] = { "end", "T", COMMAND_TIME, "the same" },
    [OPTION_SHUFFLE] = { "shuffle", "TIME", COMMAND_VALUE,
        "how long after the start users' own openings are spread: within that,"
        " speed buys nothing; wants a start (0)" },
    [OPTION_WAITLIST] = { "waitlist", "N", COMMAND_VALUE,
        "users who may wait for a unit that returns; wants a hold (0)" },
    [OPTION_PRODUCT] = { "product", "P", COMMAND_VALUE,
        "what is sold, its number or its name; edit: or none" },
    [OPTION_GROUP] = { "group", "G", COMMAND_VALUE,
        "the limit counts over all sales of this group" },
    [OPTION_PAUSED] = { "paused", NULL, COMMAND_NONE,
        "takes no claims until \"seckill sale resume NAME\"" },
    [OPTION_EVERY] = { "every", "S", COMMAND_VALUE,
        "seconds between two looks (1)" },
    [OPTION_LOOKS] = { "count", "N", COMMAND_VALUE,
        "looks, then it ends; the default is until Ctrl-C" },
    [OPTION_ROUND] = { "round", "N", COMMAND_VALUE,
        "the beacon's round, by those who publish it" },
    [OPTION_VALUE] = { "value", "HEX", COMMAND_VALUE,
        "its value, in hexadecimal" },

    [OPTION_SALE] = { "sale", "S", COMMAND_VALUE, "of this sale" },
    [OPTION_USER] = { "user", "U", COMMAND_VALUE, "of this user" },
    [OPTION_STATE] = { "state", "ST", COMMAND_STATE,
        "sold, held, paid, expired or cancelled" },
    [OPTION_ORDERS] = { "limit", "N", COMMAND_VALUE, "orders at most (100)" },
    [OPTION_ALL] = { "all", NULL, COMMAND_NONE, "all of them" },
    [OPTION_AFTER_ORDER] = { "after", "N", COMMAND_VALUE,
        "only orders with a greater number" },
    [OPTION_OF_USER] = { "user", "U", COMMAND_VALUE,
        "confirm, cancel, extend: refused, if an order is another's" },
    [OPTION_LATE] = { "late", NULL, COMMAND_NONE,
        "also if it has expired: it is paid, if a unit is free and the limit"
        " allows it" },
    [OPTION_NO_RESTOCK] = { "no-restock", NULL, COMMAND_NONE,
        "the unit does not go on sale again: the stock is one less" },

    [OPTION_AFTER] = { "after", "SEQ", COMMAND_VALUE,
        "events after this one; \"follow\": from now on, if it is not given;"
        " \"list\": from the first" },
    [OPTION_AT] = { "at", "TIME", COMMAND_VALUE,
        "with --after, the \"at\" of that event: refused, if it is another"
        " event now" },
    [OPTION_WAIT] = { "wait", "S", COMMAND_VALUE,
        "0 to 55 seconds that a request waits for the next event (30)" },
    [OPTION_COUNT] = { "count", "N", COMMAND_VALUE,
        "events, then it ends; the default is until Ctrl-C" },
    [OPTION_EVENTS] = { "limit", "N", COMMAND_VALUE, "events at most (100)" },

    [OPTION_SIGNED] = { "signed", NULL, COMMAND_NONE,
        "the signed head alone, as a JWT: a line for a file of them" },
    [OPTION_FORCE_BACKUP] = { "force", NULL, COMMAND_NONE, "replace FILE" },
    [OPTION_FORCE_RESTORE] = { "force", NULL, COMMAND_NONE,
        "replace STORE; the old one is kept as STORE.before-restore-TIME" },
    [OPTION_RECEIPTS] = { "receipts", "FILE", COMMAND_FILE,
        "receipts that were collected, and signed heads, one in a line, are to"
        " agree with the ledger; - is the standard input" },
    [OPTION_KEYS] = { "keys", "FILE|URL", COMMAND_FILE,
        "with --receipts, the set of keys that they are checked with; the"
        " default is what the server shows, see --url" },

    [OPTION_AFTER_PUSH] = { "after", "SEQ", COMMAND_VALUE,
        "the first time: events after this one, 0 for all; else from now on" },
    [OPTION_SECRET_FILE] = { "secret-file", "F", COMMAND_FILE,
        "the secret, \"whsec_\" and base64; several, one in a line, sign all,"
        " so that one can be exchanged" },
    [OPTION_STATE_FILE] = { "state", "F", COMMAND_FILE,
        "where it is kept what was taken: of this URL alone" },
    [OPTION_TYPES] = { "types", "T,...", COMMAND_VALUE,
        "events of these types alone: won,paid,expired,cancelled" },
    [OPTION_TIMEOUT] = { "timeout", "S", COMMAND_VALUE,
        "seconds for an answer of the receiver's (15)" },
    [OPTION_RETRY_MAX] = { "retry-max", "S", COMMAND_VALUE,
        "seconds between two tries at most (300)" },
    [OPTION_COUNT_PUSH] = { "count", "N", COMMAND_VALUE,
        "events that are taken, then it ends; the default is until Ctrl-C" },
    [OPTION_ONCE] = { "once", NULL, COMMAND_NONE,
        "ends when there are no more events" },
    [OPTION_RESUME] = { "resume", NULL, COMMAND_NONE,
        "also to a receiver that has answered with 410" },

    [OPTION_URL] = { "url", "URL", COMMAND_VALUE,
        "of the API (http://127.0.0.1:8080/api); or SECKILL_URL" },
    [OPTION_KEY_FILE] = { "key-file", "FILE", COMMAND_FILE,
        "its first word is the key for the API, as in the server's file of"
        " keys; or SECKILL_KEY_FILE, or the key itself in SECKILL_KEY" },
    [OPTION_IDEMPOTENCY_KEY] = { "idempotency-key", "K", COMMAND_VALUE,
        "of a write that shall not be done twice; the default is a new one for"
        " each command" },
    [OPTION_JSON] = { "json", NULL, COMMAND_NONE,
        "print the data as JSON, not as a table" },
    [OPTION_HELP] = { "help", NULL, COMMAND_NONE,
        "also of a command: seckill sale --help, seckill sale add --help" },

    [OPTION_N] = { NULL, NULL, COMMAND_NONE, NULL }
};


const unsigned  command_options_api[] = { OPTION_URL, OPTION_KEY_FILE, 0 };
const unsigned  command_options_write[] = { OPTION_IDEMPOTENCY_KEY, 0 };
const unsigned  command_options_all[] = { OPTION_JSON, OPTION_HELP, 0 };
