#include <sodium.h>

#include "receipts_said.h"
#include "sk_token.h"


static const char *receipts_said_result(json_t *claims, receipts_said_t *said);
static const char *receipts_said_order(json_t *claims, receipts_said_t *said);
static int receipts_said_head(json_t *head, receipts_said_t *said);
static const char *receipts_said_text(json_t *claims, const char *name,
    size_t *len);
static int receipts_said_number(json_t *claims, const char *name, int64_t max,
    int64_t *number);


const char *
receipts_said_read(json_t *claims, receipts_said_t *said)
{
    json_t  *head;

    memset(said, 0, sizeof(receipts_said_t));

    if (receipts_said_number(claims, "iat", SK_TOKEN_TIME_MAX, &said->iat)
        != SK_OK)
    {
        return "it is neither a receipt nor a head: it has no good \"iat\"";
    }

    head = json_object_get(claims, "head");

    if (head && receipts_said_head(head, said) != SK_OK) {
        return "its \"head\" is none";
    }

    if (head && json_object_get(claims, "sub") == NULL) {
        said->is_head = 1;

        return (json_object_get(claims, "result")
                || json_object_get(claims, "order"))
               ? "it is neither a receipt nor a head: it has no \"sub\"" : NULL;
    }

    if (receipts_said_number(claims, "exp", SK_TOKEN_TIME_MAX, &said->exp)
        != SK_OK)
    {
        return "it is neither a receipt nor a head: it has no good \"exp\"";
    }

    said->user = receipts_said_text(claims, "sub", &said->user_len);
    said->sale = receipts_said_text(claims, "sale", &said->sale_len);

    if (said->user == NULL || said->sale == NULL) {
        return "it is neither a receipt nor a head: it has no \"sub\" or no"
               " \"sale\"";
    }

    return receipts_said_result(claims, said);
}


static const char *
receipts_said_result(json_t *claims, receipts_said_t *said)
{
    size_t       len;
    const char  *result;

    result = receipts_said_text(claims, "result", &len);

    for (said->result = 0; said->result < SK_RESULT_N; said->result++) {
        if (result && strcmp(sk_results[said->result].name, result) == 0) {
            break;
        }
    }

    if (said->result == SK_RESULT_N
        || sk_results[said->result].status != SK_STATUS_OK)
    {
        return "its \"result\" is none that is signed";
    }

    if (said->result == SK_WON || said->result == SK_ALREADY) {
        return receipts_said_order(claims, said);
    }

    return (json_object_get(claims, "order") || json_object_get(claims, "state")
            || json_object_get(claims, "order_sale"))
           ? "it has an order, which its \"result\" has not" : NULL;
}


static const char *
receipts_said_order(json_t *claims, receipts_said_t *said)
{
    size_t       len;
    int64_t      order;
    unsigned     i;
    const char  *state;

    if (receipts_said_number(claims, "order", INT64_MAX, &order) != SK_OK
        || order == 0)
    {
        return "it has no good \"order\"";
    }

    said->order = (uint64_t) order;

    state = receipts_said_text(claims, "state", &len);

    for (i = 0; i < SK_STATE_N; i++) {
        if (state && strcmp(sk_states[i], state) == 0) {
            said->state = sk_states[i];
        }
    }

    if (said->state == NULL) {
        return "it has no good \"state\"";
    }

    said->order_sale = receipts_said_text(claims, "order_sale",
                                          &said->order_sale_len);

    return (json_object_get(claims, "order_sale")
            && (said->order_sale == NULL || said->result != SK_ALREADY))
           ? "it has no good \"order_sale\"" : NULL;
}


static int
receipts_said_head(json_t *head, receipts_said_t *said)
{
    size_t       len, size;
    int64_t      number;
    const char  *chain, *end;

    chain = receipts_said_text(head, "chain", &len);

    if (chain == NULL || len != SK_CHAIN_HEX_SIZE - 1
        || receipts_said_number(head, "number", INT64_MAX, &number) != SK_OK
        || sodium_hex2bin(said->head.chain, SK_CHAIN_SIZE, chain, len, NULL,
                          &size, &end)
           != 0
        || size != SK_CHAIN_SIZE || *end)
    {
        return SK_ERROR;
    }

    said->head.number = (uint64_t) number;
    said->has_head = 1;

    return SK_OK;
}


static const char *
receipts_said_text(json_t *claims, const char *name, size_t *len)
{
    json_t  *member;

    member = json_object_get(claims, name);
    *len = json_string_length(member);

    return json_string_value(member);
}


static int
receipts_said_number(json_t *claims, const char *name, int64_t max,
    int64_t *number)
{
    json_t  *member;

    member = json_object_get(claims, name);
    *number = json_integer_value(member);

    return (json_is_integer(member) && *number >= 0 && *number <= max)
           ? SK_OK : SK_ERROR;
}
