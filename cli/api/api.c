#include <stdlib.h>
#include <string.h>

#include "api.h"


static size_t api_receive(char *data, size_t size, size_t n, void *ctx);
static CURLcode api_send(api_t *api, const char *method, const char *path);
static struct curl_slist *api_header(struct curl_slist *list, const char *name,
    const char *value);
static int api_judge(api_t *api);
static const char *api_advice(api_t *api, const char *result);
static int api_unlike(api_t *api);
static int api_busy(long status);


void
api_init(api_t *api, const char *url, const char *key)
{
    char    *base;
    size_t   len;

    memset(api, 0, sizeof(api_t));

    (void) curl_global_init(CURL_GLOBAL_DEFAULT);

    base = say_memory(strdup(url));
    len = strlen(base);

    if (len && base[len - 1] == '/') {
        base[len - 1] = '\0';
    }

    api->base = base;
    api->hint = "";
    api->key = key ? say_memory(strdup(key)) : NULL;
    api->patience_s = API_PATIENCE_S;
    api->curl = say_memory(curl_easy_init());

    (void) curl_easy_setopt(api->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(api->curl, CURLOPT_CONNECTTIMEOUT, API_CONNECT_S);
    (void) curl_easy_setopt(api->curl, CURLOPT_USERAGENT, "seckill");
    (void) curl_easy_setopt(api->curl, CURLOPT_WRITEFUNCTION, api_receive);
    (void) curl_easy_setopt(api->curl, CURLOPT_WRITEDATA, api);

    api_authorities(api->curl);
}


/* whom to trust, as curl's command has it */

void
api_authorities(CURL *curl)
{
    const char  *file, *dir;

    file = getenv("CURL_CA_BUNDLE");
    file = (file && *file) ? file : getenv("SSL_CERT_FILE");
    dir = getenv("SSL_CERT_DIR");

    if (file && *file) {
        (void) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
    }

    if (dir && *dir) {
        (void) curl_easy_setopt(curl, CURLOPT_CAPATH, dir);
    }
}


void
api_close(api_t *api)
{
    curl_easy_cleanup(api->curl);
    json_decref(api->answer);
    free(api->text);
    free((char *) api->base);
    free(api->key);
    curl_global_cleanup();
}


static size_t
api_receive(char *data, size_t size, size_t n, void *ctx)
{
    char   *text;
    api_t  *api = ctx;

    n *= size;

    if (n > API_ANSWER_MAX - api->len) {
        return 0;
    }

    text = realloc(api->text, api->len + n + 1);
    if (text == NULL) {
        return 0;
    }

    memcpy(text + api->len, data, n);

    api->text = text;
    api->len += n;
    text[api->len] = '\0';

    return n;
}


int
api_ask(api_t *api, const char *method, const char *path)
{
    if (api_exchange(api, method, path) != SAY_DONE) {
        return SAY_AWAY;
    }

    api->answer = json_loadb(api->text ? api->text : "", api->len, 0, NULL);

    return api_judge(api);
}


int
api_exchange(api_t *api, const char *method, const char *path)
{
    char      error[CURL_ERROR_SIZE];
    CURLcode  rc;

    error[0] = '\0';
    api->len = 0;
    api->status = 0;

    json_decref(api->answer);
    api->answer = NULL;

    (void) curl_easy_setopt(api->curl, CURLOPT_ERRORBUFFER, error);

    rc = api_send(api, method, path);

    (void) curl_easy_setopt(api->curl, CURLOPT_ERRORBUFFER, NULL);

    if (rc != CURLE_OK) {
        (void) snprintf(api->message, sizeof(api->message),
                        "%s does not answer: %s%s", api->base,
                        error[0] ? error : curl_easy_strerror(rc), api->hint);
        return SAY_AWAY;
    }

    (void) curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &api->status);

    return SAY_DONE;
}


static CURLcode
api_send(api_t *api, const char *method, const char *path)
{
    char               *url, *bearer;
    CURLcode            rc;
    struct curl_slist  *headers;

    headers = NULL;
    url = api_format("%s%s", api->base, path);

    if (api->key) {
        bearer = api_format("Bearer %s", api->key);
        headers = api_header(headers, "Authorization", bearer);
        free(bearer);
    }

    if (api->idempotency) {
        headers = api_header(headers, "Idempotency-Key", api->idempotency);
    }

    if (api->body) {
        headers = api_header(headers, "Content-Type", "application/json");
        (void) curl_easy_setopt(api->curl, CURLOPT_POST, 1L);
        (void) curl_easy_setopt(api->curl, CURLOPT_POSTFIELDS, api->body);

    } else {
        (void) curl_easy_setopt(api->curl, CURLOPT_HTTPGET, 1L);
    }

    (void) curl_easy_setopt(api->curl, CURLOPT_CUSTOMREQUEST, method);
    (void) curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers);
    (void) curl_easy_setopt(api->curl, CURLOPT_URL, url);
    (void) curl_easy_setopt(api->curl, CURLOPT_TIMEOUT, api->patience_s);

    rc = curl_easy_perform(api->curl);

    (void) curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, NULL);

    curl_slist_free_all(headers);
    free(url);

    return rc;
}


static struct curl_slist *
api_header(struct curl_slist *list, const char *name, const char *value)
{
    char  *line;

    line = api_format("%s: %s", name, value);
    list = say_memory(curl_slist_append(list, line));
    free(line);

    return list;
}


/* what an answer means; a message has nothing that moves a cursor */

static int
api_judge(api_t *api)
{
    char        *p;
    json_t      *code;
    const char  *result, *message;

    code = json_object_get(api->answer, "code");

    if (!json_is_integer(code)) {
        return api_unlike(api);
    }

    if (json_integer_value(code) == 0) {
        return SAY_DONE;
    }

    result = json_string_value(json_object_get(api->answer, "result"));
    message = json_string_value(json_object_get(api->answer, "message"));

    (void) snprintf(api->message, sizeof(api->message), "%s%s%s%s",
                    result ? result : "", message ? ": " : "",
                    message ? message : "", api_advice(api, result));

    for (p = api->message; *p; p++) {
        if ((unsigned char) *p < ' ' || *p == 0x7f) {
            *p = ' ';
        }
    }

    return api_busy(api->status) ? SAY_AWAY : SAY_REFUSED;
}


/* what to do about it, where that is known */

static const char *
api_advice(api_t *api, const char *result)
{
    if ((api->status == 401 || api->status == 403) && api->key == NULL) {
        return " (--key-file, or SECKILL_KEY)";
    }

    return (result && strcmp(result, "unknown_sale") == 0)
           ? "; \"seckill sale list\" has them" : "";
}


static int
api_unlike(api_t *api)
{
    (void) snprintf(api->message, sizeof(api->message),
                    "status %ld from %s, which is no answer of the API; does "
                    "its URL end in /api?",
                    api->status, api->base);

    return api_busy(api->status) ? SAY_AWAY : SAY_REFUSED;
}


static int
api_busy(long status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}


json_t *
api_data(api_t *api)
{
    return json_object_get(api->answer, "data");
}
