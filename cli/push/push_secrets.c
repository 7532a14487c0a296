#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "push.h"
#include "say.h"


#define PUSH_PREFIX  "whsec_"

#define PUSH_BASE64_SIZE                                                     \
    sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES,                  \
                              sodium_base64_VARIANT_ORIGINAL)


static int push_secrets_line(push_secrets_t *s, const char *file, char *line);


int
push_secrets_read(push_secrets_t *s, const char *file)
{
    int     rc;
    char    line[512];
    FILE   *in;

    memset(s, 0, sizeof(push_secrets_t));

    in = fopen(file, "r");

    if (in == NULL) {
        return say_refused("\"%s\": %s", file, strerror(errno));
    }

    rc = SAY_DONE;

    while (rc == SAY_DONE && fgets(line, sizeof(line), in)) {
        rc = push_secrets_line(s, file, line);
    }

    if (rc == SAY_DONE && ferror(in)) {
        rc = say_refused("\"%s\": %s", file, strerror(errno));
    }

    (void) fclose(in);
    sodium_memzero(line, sizeof(line));

    if (rc == SAY_DONE && s->n == 0) {
        return say_refused("there is no secret in \"%s\"", file);
    }

    return rc;
}


/* one in a line; empty ones, and those that begin with "#", are none */

static int
push_secrets_line(push_secrets_t *s, const char *file, char *line)
{
    char           *text;
    const char     *end;
    push_secret_t  *secret;

    text = line + strspn(line, " \t");
    text[strcspn(text, " \t\r\n")] = '\0';

    if (text[0] == '\0' || text[0] == '#') {
        return SAY_DONE;
    }

    if (s->n == PUSH_SECRETS_MAX) {
        return say_refused("\"%s\" has more than %d secrets", file,
                           PUSH_SECRETS_MAX);
    }

    secret = &s->secrets[s->n];

    if (strncmp(text, PUSH_PREFIX, strlen(PUSH_PREFIX)) != 0
        || sodium_base642bin(secret->key, sizeof(secret->key),
                             text + strlen(PUSH_PREFIX),
                             strlen(text + strlen(PUSH_PREFIX)), "",
                             &secret->len, &end,
                             sodium_base64_VARIANT_ORIGINAL)
           != 0
        || *end != '\0' || secret->len < PUSH_SECRET_MIN)
    {
        return say_refused("\"%s\": a secret is \"" PUSH_PREFIX "\" and %d to"
                           " %d bytes in base64", file, PUSH_SECRET_MIN,
                           PUSH_SECRET_MAX);
    }

    s->n++;

    return SAY_DONE;
}


char *
push_secrets_sign(const push_secrets_t *s, const char *id, long long now_s,
    const char *body)
{
    char                            text[64], *all, *more;
    char                            base64[PUSH_BASE64_SIZE];
    unsigned                        i;
    unsigned char                   mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state    state;

    (void) snprintf(text, sizeof(text), ".%lld.", now_s);

    all = say_memory(strdup("webhook-signature:"));

    for (i = 0; i < s->n; i++) {
        (void) crypto_auth_hmacsha256_init(&state, s->secrets[i].key,
                                           s->secrets[i].len);
        (void) crypto_auth_hmacsha256_update(&state,
                   (const unsigned char *) id, strlen(id));
        (void) crypto_auth_hmacsha256_update(&state,
                   (const unsigned char *) text, strlen(text));
        (void) crypto_auth_hmacsha256_update(&state,
                   (const unsigned char *) body, strlen(body));
        (void) crypto_auth_hmacsha256_final(&state, mac);

        (void) sodium_bin2base64(base64, sizeof(base64), mac, sizeof(mac),
                                 sodium_base64_VARIANT_ORIGINAL);

        more = api_format("%s v1,%s", all, base64);
        free(all);
        all = more;
    }

    return all;
}
