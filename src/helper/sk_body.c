#include <stdio.h>
#include <jansson.h>

#include "sk_time.h"
#include "sk_body.h"


#define sk_body_blank(ch)                                                    \
    ((ch) == ' ' || (ch) == '\t' || (ch) == '\r' || (ch) == '\n')


/* a body while it is read */

typedef struct {
    const char        *p;
    const char        *last;
    const sk_field_t  *fields;
    unsigned           n;
    unsigned           when;
    sk_value_t        *values;
    char              *text;            /* where the next one goes */
    sk_wrong_t        *wrong;
} sk_body_t;


static int sk_body_says(sk_wrong_t *wrong, const char *field,
    const char *what, const char *allowed);
static int sk_body_field(sk_body_t *b);
static int sk_body_complete(sk_body_t *b);
static int sk_body_known(sk_body_t *b, const char *key);
static int sk_body_value(sk_body_t *b, const sk_field_t *field,
    sk_value_t *value, json_t *json, const char *raw);
static int sk_body_text(sk_body_t *b, const sk_field_t *field,
    sk_value_t *value, const char *text, size_t len);
static size_t sk_body_compact(char *dst, const char *p, const char *last);
static const char *sk_body_deep(json_t *json, unsigned depth);
static json_t *sk_body_next(sk_body_t *b, const char **why);
static int sk_body_token(sk_body_t *b, char token);
static void sk_body_space(sk_body_t *b);


int
sk_body_wrong(sk_wrong_t *wrong, const char *field, const char *allowed)
{
    return sk_body_says(wrong, field, "", allowed);
}


static int
sk_body_says(sk_wrong_t *wrong, const char *field, const char *what,
    const char *allowed)
{
    (void) snprintf(wrong->field, sizeof(wrong->field), "%s", field);
    (void) snprintf(wrong->message, sizeof(wrong->message),
                    "%s: %s%s", wrong->field, what, allowed);

    return SK_ERROR;
}


/*
 * The outermost object is taken apart here, each of its keys and values by
 * jansson: so an error has a field, and an object its text as it was sent.
 */

int
sk_body_read(const char *json, size_t len, const sk_field_t *fields,
    unsigned n, unsigned when, sk_value_t *values, char *text,
    sk_wrong_t *wrong)
{
    int  rc;
    sk_body_t  b = { json, json + len, fields, n, when, values, text, wrong };

    memset(values, 0, n * sizeof(sk_value_t));

    if (!sk_body_token(&b, '{')) {
        return sk_body_wrong(wrong, "body", "a JSON object is allowed");
    }

    if (!sk_body_token(&b, '}')) {

        do {
            rc = sk_body_field(&b);

            if (rc != SK_OK) {
                return rc;
            }

        } while (sk_body_token(&b, ','));

        if (!sk_body_token(&b, '}')) {
            return sk_body_wrong(wrong, "body", "no valid JSON");
        }
    }

    sk_body_space(&b);

    return (b.p == b.last) ? sk_body_complete(&b)
                           : sk_body_wrong(wrong, "body", "no valid JSON");
}


static int
sk_body_complete(sk_body_t *b)
{
    unsigned           i;
    const sk_field_t  *field;

    for (i = 0; i < b->n; i++) {
        field = &b->fields[i];

        if (b->when == SK_FIELD_ADD && (field->when & SK_FIELD_NEEDED)
            && !b->values[i].given)
        {
            return sk_body_says(b->wrong, field->name, "is needed, ",
                                field->allowed);
        }
    }

    return SK_OK;
}


static int
sk_body_field(sk_body_t *b)
{
    int          i, rc;
    json_t      *key, *json;
    const char  *raw, *why;

    key = sk_body_next(b, &why);

    if (!json_is_string(key)) {
        rc = why ? sk_body_wrong(b->wrong, "body", why) : SK_FULL;
        json_decref(key);
        return rc;
    }

    i = sk_body_known(b, json_string_value(key));
    rc = (i == SK_ERROR) ? SK_ERROR : SK_OK;

    if (rc == SK_OK && !sk_body_token(b, ':')) {
        rc = sk_body_wrong(b->wrong, "body", "no valid JSON");
    }

    json_decref(key);

    if (rc != SK_OK) {
        return rc;
    }

    raw = b->p;
    json = sk_body_next(b, &why);

    if (json == NULL && why == NULL) {
        return SK_FULL;
    }

    /* more digits than 64 bits have: the field says what it takes */

    if (json == NULL && why[0] == '\0') {
        why = (b->fields[i].type == SK_FIELD_OBJECT)
              ? "has a number over 2^53 - 1" : b->fields[i].allowed;
    }

    rc = json ? sk_body_value(b, &b->fields[i], &b->values[i], json, raw)
              : sk_body_wrong(b->wrong, b->fields[i].name, why);

    json_decref(json);

    return rc;
}


/* the place of a field, or SK_ERROR: it may not be here */

static int
sk_body_known(sk_body_t *b, const char *key)
{
    unsigned  i;

    for (i = 0; i < b->n; i++) {

        if (strcmp(b->fields[i].name, key) != 0
            || !(b->fields[i].when & b->when))
        {
            continue;
        }

        if (b->values[i].given) {
            return sk_body_wrong(b->wrong, key, "is there twice");
        }

        b->values[i].given = 1;

        return (int) i;
    }

    return sk_body_wrong(b->wrong, key, "there is no such field here");
}


static int
sk_body_value(sk_body_t *b, const sk_field_t *field, sk_value_t *value,
    json_t *json, const char *raw)
{
    int          rc;
    const char  *why;

    rc = SK_ERROR;

    if (json_is_null(json)) {
        value->null = 1;
        rc = field->nullable ? SK_OK : SK_ERROR;

    } else if ((field->type == SK_FIELD_INTEGER
                || field->type == SK_FIELD_SECONDS)
               && json_is_integer(json))
    {
        value->number = json_integer_value(json);

        if (value->number >= field->min && value->number <= field->max) {
            rc = SK_OK;
        }

    } else if (field->type == SK_FIELD_BOOLEAN && json_is_boolean(json)) {
        value->number = json_is_true(json);
        rc = SK_OK;

    } else if (field->type == SK_FIELD_TEXT && json_is_string(json)) {
        rc = sk_body_text(b, field, value, json_string_value(json),
                          json_string_length(json));

    } else if (field->type == SK_FIELD_TIME && json_is_string(json)) {
        rc = sk_time_parse(json_string_value(json), json_string_length(json),
                           &value->number);

    } else if (field->type == SK_FIELD_OBJECT && json_is_object(json)) {
        why = sk_body_deep(json, 1);

        if (why) {
            return sk_body_wrong(b->wrong, field->name, why);
        }

        /* numbers as they were written: 1.50 would become 1.5 */

        value->len = sk_body_compact(b->text, raw, b->p);
        rc = sk_body_text(b, field, value, b->text, value->len);
    }

    return (rc == SK_OK) ? SK_OK : sk_body_wrong(b->wrong, field->name,
                                                 field->allowed);
}


static int
sk_body_text(sk_body_t *b, const sk_field_t *field, sk_value_t *value,
    const char *text, size_t len)
{
    if ((int64_t) len < field->min || (int64_t) len > field->max) {
        return SK_ERROR;
    }

    value->text = memmove(b->text, text, len);
    value->len = len;

    b->text += len;

    return SK_OK;
}


/* valid JSON without the white space between what it consists of */

static size_t
sk_body_compact(char *dst, const char *p, const char *last)
{
    char      *start;
    unsigned   quoted;

    start = dst;

    for (quoted = 0; p < last; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (quoted && *p == '\\') {
            *dst++ = *p++;

        } else if (!quoted && sk_body_blank(*p)) {
            continue;
        }

        *dst++ = *p;
    }

    return (size_t) (dst - start);
}


/* what is wrong in an object or array; NULL: nothing */

static const char *
sk_body_deep(json_t *json, unsigned depth)
{
    size_t       i;
    double       number;
    json_t      *value;
    const char  *key, *why;

    if (json_is_number(json)) {
        number = json_number_value(json);

        /* 2^53 is the first integer whose double is another's too */

        return (number > SK_NUMBER_MAX || number < -SK_NUMBER_MAX)
               ? "has a number over 2^53 - 1" : NULL;
    }

    if (!json_is_object(json) && !json_is_array(json)) {
        return NULL;
    }

    if (depth > SK_BODY_DEPTH_MAX) {
        return "at most 32 levels are allowed";
    }

    json_array_foreach(json, i, value) {
        why = sk_body_deep(value, depth + 1);

        if (why) {
            return why;
        }
    }

    json_object_foreach(json, key, value) {
        why = sk_body_deep(value, depth + 1);

        if (why) {
            return why;
        }
    }

    return NULL;
}


/*
 * The next key or value.  NULL: "why" says what is wrong, and is "" for a
 * number that is too large, NULL without memory.
 */

static json_t *
sk_body_next(sk_body_t *b, const char **why)
{
    json_t        *json;
    json_error_t   error;

    json = json_loadb(b->p, (size_t) (b->last - b->p),
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY
                      | JSON_DISABLE_EOF_CHECK, &error);
    *why = "no valid JSON";

    if (json) {
        b->p += error.position;
        return json;
    }

    switch (json_error_code(&error)) {

    case json_error_unknown:
    case json_error_out_of_memory:
        *why = NULL;
        break;

    case json_error_stack_overflow:
        *why = "at most 32 levels are allowed";
        break;

    case json_error_invalid_utf8:
        *why = "UTF-8 is allowed";
        break;

    case json_error_null_character:
    case json_error_null_byte_in_key:
        *why = "valid characters are allowed, but not \\u0000";
        break;

    case json_error_duplicate_key:
        *why = "has a key that is there twice";
        break;

    case json_error_numeric_overflow:
        *why = "";
        break;

    default:
        break;
    }

    return NULL;
}


/* whether this is next, behind white space; "p" goes on behind it */

static int
sk_body_token(sk_body_t *b, char token)
{
    sk_body_space(b);

    if (b->p == b->last || *b->p != token) {
        return 0;
    }

    b->p++;

    return 1;
}


static void
sk_body_space(sk_body_t *b)
{
    while (b->p < b->last && sk_body_blank(*b->p)) {
        b->p++;
    }
}
