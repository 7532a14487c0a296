#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "sk_time.h"
#include "sk_utf8.h"
#include "sk_command.h"
#include "sk_body.h"


struct sk_body_s {
    sqlite3_stmt  *valid;
    sqlite3_stmt  *each;
    sqlite3_stmt  *tree;
    size_t         used;
    char           text[SK_COMMAND_BODY_SIZE_MAX];
};


/* where a scan of a body is */

typedef struct {
    const char    *p;
    const char    *last;
    unsigned       depth;
    unsigned       value:1;     /* of the outermost object, behind a colon */
    const char    *key;         /* of that value; "key_len" 0: none yet */
    size_t         key_len;
} sk_scan_t;


static int sk_body_scan(sk_scan_t *s, sk_wrong_t *wrong);
static int sk_body_scan_string(sk_scan_t *s, sk_wrong_t *wrong);
static int sk_body_scan_escape(sk_scan_t *s);
static int sk_body_hex(const char *p, unsigned *code);
static int sk_body_scan_wrong(sk_scan_t *s, sk_wrong_t *wrong,
    const char *allowed);
static int sk_body_each(sk_body_t *b, const sk_field_t *fields, unsigned n,
    sk_value_t *values, sk_wrong_t *wrong);
static int sk_body_value(sk_body_t *b, const sk_field_t *field,
    sk_value_t *value, sk_wrong_t *wrong);
static int sk_body_text(sk_body_t *b, const sk_field_t *field,
    sk_value_t *value, int column);
static int sk_body_object(sk_body_t *b, const sk_field_t *field,
    sk_value_t *value, sk_wrong_t *wrong);


sk_body_t *
sk_body_create(sqlite3 *db)
{
    sk_body_t  *b;

    b = calloc(1, sizeof(sk_body_t));
    if (b == NULL) {
        return NULL;
    }

    if (sqlite3_prepare_v2(db, "SELECT CASE WHEN json_valid(?1)"
                           " THEN json_type(?1) END", -1, &b->valid, NULL)
        == SQLITE_OK
        && sqlite3_prepare_v2(db, "SELECT key, type, atom, value"
                              " FROM json_each(?1)", -1, &b->each, NULL)
           == SQLITE_OK
        && sqlite3_prepare_v2(db, "SELECT count(*) > 1"
                              " OR max(type = 'integer' AND NOT (atom"
                              " BETWEEN -9007199254740991"
                              " AND 9007199254740991) OR type = 'real'"
                              " AND abs(atom) > 9007199254740991),"
                              " count(*) > 1"
                              " FROM json_tree(?1) WHERE key IS NOT NULL"
                              " GROUP BY parent, key ORDER BY 1 DESC LIMIT 1",
                              -1, &b->tree, NULL)
           == SQLITE_OK)
    {
        return b;
    }

    sk_body_destroy(b);

    return NULL;
}


void
sk_body_destroy(sk_body_t *b)
{
    if (b == NULL) {
        return;
    }

    (void) sqlite3_finalize(b->valid);
    (void) sqlite3_finalize(b->each);
    (void) sqlite3_finalize(b->tree);

    free(b);
}


int
sk_body_wrong(sk_wrong_t *wrong, const char *field, const char *allowed)
{
    (void) snprintf(wrong->field, sizeof(wrong->field), "%s", field);
    (void) snprintf(wrong->message, sizeof(wrong->message),
                    "%s: %s", wrong->field, allowed);

    return SK_ERROR;
}


int
sk_body_read(sk_body_t *b, const char *json, size_t len,
    const sk_field_t *fields, unsigned n, sk_value_t *values,
    sk_wrong_t *wrong)
{
    int        rc;
    sk_scan_t  scan;

    memset(values, 0, n * sizeof(sk_value_t));
    memset(&scan, 0, sizeof(sk_scan_t));

    b->used = 0;

    scan.p = json;
    scan.last = json + len;

    rc = sk_body_scan(&scan, wrong);

    if (rc != SK_OK) {
        return rc;
    }

    (void) sqlite3_bind_text(b->valid, 1, json, (int) len, SQLITE_STATIC);

    rc = sqlite3_step(b->valid);

    if (rc == SQLITE_ROW && sqlite3_column_type(b->valid, 0) == SQLITE_NULL) {
        rc = sk_body_wrong(wrong, "body", "no valid JSON");

    } else if (rc == SQLITE_ROW
               && strcmp((const char *) sqlite3_column_text(b->valid, 0),
                         "object") != 0)
    {
        rc = sk_body_wrong(wrong, "body", "a JSON object is allowed");

    } else {
        rc = (rc == SQLITE_ROW) ? SK_OK : SK_FULL;
    }

    (void) sqlite3_reset(b->valid);

    if (rc != SK_OK) {
        return rc;
    }

    (void) sqlite3_bind_text(b->each, 1, json, (int) len, SQLITE_STATIC);

    rc = sk_body_each(b, fields, n, values, wrong);

    (void) sqlite3_reset(b->each);

    return rc;
}


/*
 * Looks at the bytes, not at the grammar: SQLite does that, and goes deeper,
 * takes any bytes for UTF-8, and ends a string at its "\u0000".
 */

static int
sk_body_scan(sk_scan_t *s, sk_wrong_t *wrong)
{
    int  rc;

    while (s->p < s->last) {

        switch (*s->p) {

        case '"':
            rc = sk_body_scan_string(s, wrong);

            if (rc != SK_OK) {
                return rc;
            }

            continue;

        case '{':
        case '[':
            if (++s->depth > SK_BODY_DEPTH_MAX) {
                return sk_body_scan_wrong(s, wrong,
                                          "at most 32 levels are allowed");
            }

            break;

        case ':':
        case ',':
            if (s->depth == 1) {
                s->value = (*s->p == ':');
                s->key_len = s->value ? s->key_len : 0;
            }

            break;

        case '}':
        case ']':
            s->depth -= (s->depth > 0);
            break;

        default:
            if ((uint8_t) *s->p >= 0x80 || *s->p == '\0') {
                return sk_body_scan_wrong(s, wrong, "no valid JSON");
            }
        }

        s->p++;
    }

    return SK_OK;
}


static int
sk_body_scan_string(sk_scan_t *s, sk_wrong_t *wrong)
{
    const char     *start;
    const uint8_t  *end;

    start = ++s->p;

    while (s->p < s->last && *s->p != '"') {

        if (*s->p == '\\') {

            if (sk_body_scan_escape(s) != SK_OK) {
                return sk_body_scan_wrong(s, wrong, "valid characters are "
                                          "allowed, but not \\u0000");
            }

            continue;
        }

        end = sk_utf8_end((const uint8_t *) s->p, (const uint8_t *) s->last);

        if (end == (const uint8_t *) s->p || *s->p == '\0') {
            return sk_body_scan_wrong(s, wrong, "UTF-8 is allowed");
        }

        s->p = (const char *) end;
    }

    if (s->depth == 1 && !s->value) {
        s->key = start;
        s->key_len = (size_t) (s->p - start);
    }

    s->p += (s->p < s->last);

    return SK_OK;
}


/* an escape; of a surrogate pair, both halves */

static int
sk_body_scan_escape(sk_scan_t *s)
{
    unsigned  high, low;

    if (s->last - s->p < 6 || s->p[1] != 'u'
        || sk_body_hex(s->p + 2, &high) != SK_OK)
    {
        /* another one, or none: that is SQLite's to say */

        s->p += (s->last - s->p < 2) ? 1 : 2;
        return SK_OK;
    }

    s->p += 6;

    if (high == 0 || (high >= 0xdc00 && high <= 0xdfff)) {
        return SK_ERROR;
    }

    if (high < 0xd800 || high > 0xdbff) {
        return SK_OK;
    }

    if (s->last - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u'
        || sk_body_hex(s->p + 2, &low) != SK_OK
        || low < 0xdc00 || low > 0xdfff)
    {
        return SK_ERROR;
    }

    s->p += 6;

    return SK_OK;
}


static int
sk_body_hex(const char *p, unsigned *code)
{
    unsigned  i;

    *code = 0;

    for (i = 0; i < 4; i++) {

        if (!isxdigit((unsigned char) p[i])) {
            return SK_ERROR;
        }

        *code = *code * 16
                + (unsigned) (isdigit((unsigned char) p[i])
                              ? p[i] - '0' : tolower(p[i]) - 'a' + 10);
    }

    return SK_OK;
}


/* in a field if one has begun: its key was the last string before */

static int
sk_body_scan_wrong(sk_scan_t *s, sk_wrong_t *wrong, const char *allowed)
{
    char    field[SK_BODY_FIELD_MAX + 1];
    size_t  len;

    len = s->depth ? s->key_len : 0;
    len = (len < SK_BODY_FIELD_MAX) ? len : SK_BODY_FIELD_MAX;

    memcpy(field, len ? s->key : "body", len ? len : 4);
    field[len ? len : 4] = '\0';

    return sk_body_wrong(wrong, field, allowed);
}


static int
sk_body_each(sk_body_t *b, const sk_field_t *fields, unsigned n,
    sk_value_t *values, sk_wrong_t *wrong)
{
    int          rc;
    unsigned     i;
    const char  *key;

    while ((rc = sqlite3_step(b->each)) == SQLITE_ROW) {

        key = (const char *) sqlite3_column_text(b->each, 0);

        if (key == NULL) {
            return SK_FULL;
        }

        for (i = 0; i < n && strcmp(fields[i].name, key) != 0; i++) {
            /* void */
        }

        if (i == n) {
            return sk_body_wrong(wrong, key, "there is no such field here");
        }

        if (values[i].given) {
            return sk_body_wrong(wrong, key, "is there twice");
        }

        values[i].given = 1;

        rc = sk_body_value(b, &fields[i], &values[i], wrong);

        if (rc != SK_OK) {
            return rc;
        }
    }

    return (rc == SQLITE_DONE) ? SK_OK : SK_FULL;
}


static int
sk_body_value(sk_body_t *b, const sk_field_t *field, sk_value_t *value,
    sk_wrong_t *wrong)
{
    int          rc;
    const char  *type;

    rc = SK_ERROR;
    type = (const char *) sqlite3_column_text(b->each, 1);

    if (strcmp(type, "null") == 0) {
        value->null = 1;
        rc = field->nullable ? SK_OK : SK_ERROR;

    } else if (field->type == SK_FIELD_INTEGER
               && strcmp(type, "integer") == 0
               && sqlite3_column_type(b->each, 2) == SQLITE_INTEGER)
    {
        value->number = sqlite3_column_int64(b->each, 2);

        if (value->number >= field->min && value->number <= field->max) {
            rc = SK_OK;
        }

    } else if (field->type == SK_FIELD_BOOLEAN
               && (strcmp(type, "true") == 0 || strcmp(type, "false") == 0))
    {
        value->number = (type[0] == 't');
        rc = SK_OK;

    } else if (field->type == SK_FIELD_TEXT && strcmp(type, "text") == 0) {
        rc = sk_body_text(b, field, value, 2);

    } else if (field->type == SK_FIELD_TIME && strcmp(type, "text") == 0) {
        rc = sk_time_parse((const char *) sqlite3_column_text(b->each, 2),
                           (size_t) sqlite3_column_bytes(b->each, 2),
                           &value->number);

    } else if (field->type == SK_FIELD_OBJECT && strcmp(type, "object") == 0) {
        rc = sk_body_object(b, field, value, wrong);

        if (rc == SK_REFUSED) {
            return SK_ERROR;
        }
    }

    return (rc == SK_ERROR) ? sk_body_wrong(wrong, field->name, field->allowed)
                            : rc;
}


static int
sk_body_text(sk_body_t *b, const sk_field_t *field, sk_value_t *value,
    int column)
{
    const char  *text;

    text = (const char *) sqlite3_column_text(b->each, column);

    if (text == NULL) {
        return SK_FULL;
    }

    value->len = (size_t) sqlite3_column_bytes(b->each, column);

    if ((int64_t) value->len < field->min || (int64_t) value->len > field->max
        || b->used + value->len > sizeof(b->text))
    {
        return SK_ERROR;
    }

    value->text = memcpy(b->text + b->used, text, value->len);
    b->used += value->len;

    return SK_OK;
}


/* SK_REFUSED: "wrong" is filled in */

static int
sk_body_object(sk_body_t *b, const sk_field_t *field, sk_value_t *value,
    sk_wrong_t *wrong)
{
    int  rc, bad, twice;

    rc = sk_body_text(b, field, value, 3);

    if (rc != SK_OK) {
        return rc;
    }

    (void) sqlite3_bind_text(b->tree, 1, value->text, (int) value->len,
                             SQLITE_STATIC);

    rc = sqlite3_step(b->tree);

    bad = (rc == SQLITE_ROW) ? sqlite3_column_int(b->tree, 0) : 0;
    twice = (rc == SQLITE_ROW) ? sqlite3_column_int(b->tree, 1) : 0;

    (void) sqlite3_reset(b->tree);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return SK_FULL;
    }

    if (bad) {
        (void) sk_body_wrong(wrong, field->name,
                             twice ? "has a key that is there twice"
                                   : "has a number over 2^53 - 1");
        return SK_REFUSED;
    }

    return SK_OK;
}
