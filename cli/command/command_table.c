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

static const unsigned  command_head[] = { OPTION_SIGNED, 0 };


const char  command_exit[] =
    "Exits with 0: done; 1: refused, or a check failed; 2: wrong usage; 3: the"
    " server is away or cannot do it now.";


const command_noun_t  command_nouns[] = {
    { "product", "what is sold",
      "A product is named by its number, or by its name: one of digits alone is"
      " a number." },
    { "health", "whether the server takes claims", NULL },
    { "head", "the head of its ledger, signed", NULL },
    { "completion", "for a shell: . <(seckill completion bash)", NULL },
    { NULL, NULL, NULL }
};


const command_t  commands[] = {

    { "product", "add", NULL, 0, 0, COMMAND_WRITE, command_product_add,
      product_add, NULL },
    { "product", "list", NULL, 0, 0, COMMAND_API, NULL,
      product_list, NULL },
    { "product", "show", "PRODUCT", 1, 1, COMMAND_API, NULL,
      product_show, NULL },
    { "product", "edit", "PRODUCT", 1, 1, COMMAND_WRITE, command_product_edit,
      product_edit, NULL },
    { "product", "remove", "PRODUCT", 1, 1, COMMAND_WRITE, NULL,
      product_remove, "A product that a sale has cannot be removed." },

    { "health", NULL, NULL, 0, 0, COMMAND_API, NULL, health_show,
      "Exits with 0 when the server takes claims, with 3 when not." },
    { "head", NULL, NULL, 0, 0, COMMAND_API, command_head, head_show,
      "The head of the server's ledger, signed with the key of its receipts: to"
      " keep, for \"seckill verify --receipts\" to compare with the ledger"
      " later.  It needs no key." },

    { "completion", NULL, "bash|zsh", 1, 1, 0, NULL, command_complete,
      "Prints what completes this command in a shell, made of the same table as"
      " this help." },
    { "manual", NULL, NULL, 0, 0, 0, NULL, command_manual,
      "Prints the manual page, seckill(1), as roff." },

    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
