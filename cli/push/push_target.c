#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "push.h"
#include "say.h"


static size_t push_target_receive(char *data, size_t size, size_t n, void *ctx);
static struct curl_slist *push_target_headers(push_target_t *t, const char *id,
    const char *body);
static struct curl_slist *push_target_header(struct curl_slist *list,
    char *line);
static push_result_e push_target_judge(push_target_t *t, long status,
    char why[PUSH_WHY_SIZE], long *after_s);


void
push_target_open(push_target_t *t, const char *url,
    const push_secrets_t *secrets, long timeout_s)
{
    memset(t, 0, sizeof(push_target_t));

    t->url = url;
    t->secrets = secrets;
    t->curl = say_memory(curl_easy_init());

    /* redirects are not followed: whoever can make one is not the receiver */

    (void) curl_easy_setopt(t->curl, CURLOPT_URL, url);
    (void) curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void) curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, timeout_s);
    (void) curl_easy_setopt(t->curl, CURLOPT_TIMEOUT, timeout_s);
    (void) curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "seckill");
    (void) curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION,
                            push_target_receive);
    (void) curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);

    api_authorities(t->curl);
}


void
push_target_close(push_target_t *t)
{
    curl_easy_cleanup(t->curl);
}


/* what it says is of no use, but for its status */

static size_t
push_target_receive(char *data, size_t size, size_t n, void *ctx)
{
    push_target_t  *t = ctx;

    (void) data;

    t->received += size * n;

    return (t->received > PUSH_ANSWER_MAX) ? 0 : size * n;
}


push_result_e
push_target_send(push_target_t *t, const char *id, const char *body,
    char why[PUSH_WHY_SIZE], long *after_s)
{
    char                error[CURL_ERROR_SIZE];
    long                status;
    CURLcode            rc;
    struct curl_slist  *headers;

    headers = push_target_headers(t, id, body);
    error[0] = '\0';
    status = 0;
    *after_s = 0;
    t->received = 0;

    (void) curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, body);
    (void) curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
    (void) curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, error);

    rc = curl_easy_perform(t->curl);

    (void) curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, NULL);
    (void) curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);

    curl_slist_free_all(headers);

    (void) curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);

    /* a status is a word, also if the rest of the answer is too long */

    if (rc != CURLE_OK
        && !(rc == CURLE_WRITE_ERROR && t->received > PUSH_ANSWER_MAX))
    {
        (void) snprintf(why, PUSH_WHY_SIZE, "%s",
                        error[0] ? error : curl_easy_strerror(rc));
        return PUSH_AGAIN;
    }

    return push_target_judge(t, status, why, after_s);
}


/* the body's type, and no "Expect: 100-continue", which costs a second where it
   is not known */

static struct curl_slist *
push_target_headers(push_target_t *t, const char *id, const char *body)
{
    long long           now_s;
    struct curl_slist  *list;

    now_s = (long long) time(NULL);

    list = push_target_header(NULL, api_format("Content-Type: "
                                               "application/json"));
    list = push_target_header(list, api_format("Expect:"));
    list = push_target_header(list, api_format("webhook-id: %s", id));
    list = push_target_header(list, api_format("webhook-timestamp: %lld",
                                               now_s));
    return push_target_header(list, push_secrets_sign(t->secrets, id, now_s,
                                                      body));
}


static struct curl_slist *
push_target_header(struct curl_slist *list, char *line)
{
    list = say_memory(curl_slist_append(list, line));
    free(line);

    return list;
}


static push_result_e
push_target_judge(push_target_t *t, long status, char why[PUSH_WHY_SIZE],
    long *after_s)
{
    curl_off_t   after;

    if (status >= 200 && status < 300) {
        return PUSH_TAKEN;
    }

    if (status == 410) {
        return PUSH_GONE;
    }

    after = 0;

    (void) curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &after);

    *after_s = (after > PUSH_AFTER_MAX_S) ? PUSH_AFTER_MAX_S : (long) after;

    (void) snprintf(why, PUSH_WHY_SIZE, "status %ld%s", status,
                    (status >= 300 && status < 400)
                    ? ": a redirect, which is not followed"
                    : (status == 401 || status == 403)
                      ? ": it does not accept the signature, or the sender"
                      : (status >= 400 && status < 500 && status != 408
                         && status != 425 && status != 429)
                        ? ": it refuses the event" : "");

    return PUSH_AGAIN;
}
