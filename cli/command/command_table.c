#include "command.h"
#include "command_options.h"
#include "nouns.h"


/* which options a command has of its own, as its usage shows them */

static const unsigned  command_product_add[] = {
    OPTION_NAME|COMMAND_NEEDED, OPTION_PRICE|COMMAND_NEEDED,
    OPTION_CURRENCY|COMMAND_NEEDED, OPTION_DESCRIPTION, OPTION_ATTRIBUTES, 0
};

static const unsigned  command_product_edit[] = {
    OPTION_NAME, OPTION_PRICE, OPTION_CURRENCY, OPTION_DESCRIPTION,
    OPTION_ATTRIBUTES, 0
};

static const unsigned  command_sale_add[] = {
    OPTION_STOCK|COMMAND_NEEDED, OPTION_LIMIT, OPTION_HOLD, OPTION_EXTEND,
    OPTION_START, OPTION_END, OPTION_SHUFFLE, OPTION_WAITLIST, OPTION_PRODUCT,
    OPTION_GROUP, OPTION_PAUSED, 0
};

static const unsigned  command_sale_edit[] = {
    OPTION_STOCK, OPTION_ADD_STOCK|COMMAND_OR, OPTION_LIMIT, OPTION_HOLD,
    OPTION_EXTEND, OPTION_START, OPTION_END, OPTION_SHUFFLE, OPTION_WAITLIST,
    OPTION_PRODUCT, 0
};

static const unsigned  command_sale_beacon[] = {
    OPTION_ROUND|COMMAND_NEEDED, OPTION_VALUE|COMMAND_NEEDED, 0
};

static const unsigned  command_sale_watch[] = { OPTION_EVERY, OPTION_LOOKS, 0 };

static const unsigned  command_order_list[] = {
    OPTION_SALE, OPTION_USER, OPTION_STATE, OPTION_ALL,
    OPTION_ORDERS|COMMAND_OR, OPTION_AFTER_ORDER, 0
};

static const unsigned  command_order_confirm[] = {
    OPTION_OF_USER, OPTION_LATE, 0
};

static const unsigned  command_order_cancel[] = {
    OPTION_OF_USER, OPTION_NO_RESTOCK, 0
};

static const unsigned  command_order_extend[] = { OPTION_OF_USER, 0 };

static const unsigned  command_events_follow[] = {
    OPTION_AFTER, OPTION_AT, OPTION_WAIT, OPTION_COUNT, 0
};

static const unsigned  command_events_list[] = {
    OPTION_AFTER, OPTION_AT, OPTION_EVENTS, 0
};

static const unsigned  command_events_push[] = {
    OPTION_SECRET_FILE|COMMAND_NEEDED, OPTION_STATE_FILE|COMMAND_NEEDED,
    OPTION_AFTER_PUSH, OPTION_TYPES, OPTION_TIMEOUT, OPTION_RETRY_MAX,
    OPTION_COUNT_PUSH, OPTION_ONCE, OPTION_RESUME, 0
};

static const unsigned  command_head[] = { OPTION_SIGNED, 0 };
static const unsigned  command_backup[] = { OPTION_FORCE_BACKUP, 0 };
static const unsigned  command_restore[] = { OPTION_FORCE_RESTORE, 0 };
static const unsigned  command_verify[] = { OPTION_RECEIPTS, OPTION_KEYS, 0 };


const char  command_exit[] =
    "Exits with 0: done; 1: refused, or a check failed; 2: wrong usage; 3: the"
    " server is away or cannot do it now.";


const command_noun_t  command_nouns[] = {
    { "product", "what is sold",
      "A product is named by its number, or by its name: one of digits alone is"
      " a number." },
    { "sale", "when, and how many", NULL },
    { "order", "who has won, and paid",
      "With several orders it goes on after one that is refused, and exits with"
      " 1." },
    { "events", "all that happens, in order", NULL },
    { "machine", "who shares the ledger",
      "The machines that share the server's ledger by way of Redis." },
    { "health", "whether the server takes claims", NULL },
    { "head", "the head of its ledger, signed", NULL },
    { "backup", "copy the store while sales run", NULL },
    { "restore", "make a store from a backup", NULL },
    { "verify", "check the whole ledger", NULL },
    { "completion", "what completes this in a shell", NULL },
    { "manual", "the manual page, as roff", NULL },
    { NULL, NULL, NULL }
};


const command_t  commands[] = {

    { "product", "add", NULL, 0, 0, COMMAND_WRITE, command_product_add,
      product_add, NULL },
    { "product", "list", NULL, 0, 0, COMMAND_API, NULL, product_list, NULL },
    { "product", "show", "PRODUCT", 1, 1, COMMAND_API, NULL, product_show,
      NULL },
    { "product", "edit", "PRODUCT", 1, 1, COMMAND_WRITE, command_product_edit,
      product_edit, NULL },
    { "product", "remove", "PRODUCT", 1, 1, COMMAND_WRITE, NULL,
      product_remove, "A product that a sale has cannot be removed." },

    { "sale", "add", "NAME", 1, 1, COMMAND_WRITE, command_sale_add, sale_add,
      NULL },
    { "sale", "list", NULL, 0, 0, COMMAND_API, NULL, sale_list, NULL },
    { "sale", "show", "NAME", 1, 1, COMMAND_API, NULL, sale_show, NULL },
    { "sale", "edit", "NAME", 1, 1, COMMAND_WRITE, command_sale_edit,
      sale_edit, NULL },
    { "sale", "pause", "NAME", 1, 1, COMMAND_WRITE, NULL, sale_pause, NULL },
    { "sale", "resume", "NAME", 1, 1, COMMAND_WRITE, NULL, sale_resume, NULL },
    { "sale", "end", "NAME", 1, 1, COMMAND_WRITE, NULL, sale_end,
      "\"end\" makes the end now." },
    { "sale", "remove", "NAME", 1, 1, COMMAND_WRITE, NULL, sale_remove,
      "\"remove\" wants a sale that has ended, with nothing undecided or"
      " held." },
    { "sale", "beacon", "NAME", 1, 1, COMMAND_WRITE, command_sale_beacon,
      sale_beacon,
      "\"beacon\" mixes a public value into the seed of a sale with a shuffled"
      " opening, once, before its start: --value, in hexadecimal, of round"
      " --round of those who publish it." },
    { "sale", "fairness", "NAME STORE", 2, 2, 0, NULL, sale_fairness,
      "\"fairness\" computes each winner's opening again from the ledger of a"
      " store, or of a backup, and the seed that was revealed after the window,"
      " and prints the start and the shuffle that were in force: exits with 1"
      " if anybody was let in before his time, by a shorter shuffle than was"
      " promised, or when the seed was known, if lots were drawn twice, or the"
      " seed is not the one that was committed to; with 3 if it has not been"
      " revealed yet.  The sale may also be named by its number, that of the"
      " event that has added it." },
    { "sale", "watch", "[NAME...|all]", 0, 64, COMMAND_API, command_sale_watch,
      sale_watch,
      "\"watch\" draws its table in place on a terminal; elsewhere it prints a"
      " line a sale and look.  \"taken/s\" is the change of held and sold"
      " units." },

    { "order", "list", NULL, 0, 0, COMMAND_API, command_order_list, order_list,
      NULL },
    { "order", "show", "N", 1, 1, COMMAND_API, NULL, order_show, NULL },
    { "order", "confirm", "N...", 1, COMMAND_WORDS_MAX, COMMAND_WRITE,
      command_order_confirm, order_confirm,
      "\"confirm\" says that a held order is paid." },
    { "order", "cancel", "N...", 1, COMMAND_WORDS_MAX, COMMAND_WRITE,
      command_order_cancel, order_cancel,
      "\"cancel\" puts the unit on sale again." },
    { "order", "extend", "N...", 1, COMMAND_WORDS_MAX, COMMAND_WRITE,
      command_order_extend, order_extend,
      "\"extend\" makes a hold longer, once, by what the sale says." },

    { "events", "follow", NULL, 0, 0, COMMAND_API, command_events_follow,
      events_follow,
      "\"follow\" prints an event a line, as JSON.  It keeps its place while"
      " the server is away: every event is printed once.  It ends with an error"
      " when the server's store is another one, or was restored from a backup"
      " that had not what it has printed." },
    { "events", "list", NULL, 0, 0, COMMAND_API, command_events_list,
      events_list, NULL },
    { "events", "push", "TARGET", 1, 1, COMMAND_API, command_events_push,
      events_push,
      "\"push\" sends each event to the URL TARGET, in order, as Standard"
      " Webhooks: signed, again until it is taken, and never twice with another"
      " id.  After a 410 it ends, and does not begin again without --resume." },

    { "machine", "list", NULL, 0, 0, COMMAND_API, NULL, machine_list, NULL },
    { "machine", "begin", "NAME", 1, 1, COMMAND_API, NULL, machine_begin,
      "\"begin\" says that there is no ledger yet, and that this machine, which"
      " has to be the one that is asked, makes the first one.  To be said once,"
      " to one of them: if another machine has a ledger and is away, what it"
      " has sold would be sold anew." },
    { "machine", "forget", "NAME", 1, 1, COMMAND_API, NULL, machine_forget,
      "\"forget\" says that a machine is gone for good, when the others wait"
      " for it, as \"seckill health\" tells: the log is opened without it. "
      " What that machine alone may have told somebody is given up.  Refused"
      " while it is alive." },

    { "health", NULL, NULL, 0, 0, COMMAND_API, NULL, health_show,
      "Exits with 0 when the server takes claims, with 3 when not." },
    { "head", NULL, NULL, 0, 0, COMMAND_API, command_head, head_show,
      "The head of the server's ledger, signed with the key of its receipts: to"
      " keep, for \"seckill verify --receipts\" to compare with the ledger"
      " later.  It needs no key." },

    { "backup", NULL, "STORE FILE", 2, 2, 0, command_backup, backup_run,
      "Copies the store to FILE, while sales run: one read transaction, which"
      " holds up nobody, though the store's log grows meanwhile.  The copy is"
      " checked before it gets its name.  To be run on the server's machine, by"
      " root or the worker user." },
    { "restore", NULL, "FILE STORE", 2, 2, 0, command_restore, restore_run,
      "Makes STORE from a backup, for the owner of its directory, who alone may"
      " read it; in place of another one, with that one's owner, if that is not"
      " root, and mode.  Refused while nginx has STORE open: stop it first." },
    { "verify", NULL, "STORE", 1, 1, COMMAND_API, command_verify, verify_cli,
      "Reads the whole ledger of a store, or of a backup, and checks that it is"
      " sound: also while sales run, as of one moment.  The log of a store in"
      " use grows meanwhile.  Prints a line a check and a line a sale, \"sold\""
      " being orders without a hold; exits with 1 if a check failed, with the"
      " first events that break it.\n"
      "The chain is made again from the rows; its line has the head, the number"
      " of the last event and the chain there.  So has \"seckill health\" of"
      " the server, and whoever has the same history has the same head." },

    { "completion", NULL, "bash|zsh", 1, 1, 0, NULL, command_complete,
      "Prints what completes this command in a shell:"
      " \". <(seckill completion bash)\", or put it where the shell looks for"
      " it." },
    { "manual", NULL, NULL, 0, 0, 0, NULL, command_manual,
      "Prints the manual page, seckill(1): \"seckill manual | man -l -\"." },

    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
