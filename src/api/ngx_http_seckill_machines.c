#include "ngx_http_seckill_api.h"
#include "sk_time.h"


/*
 * The machines that share a zone's ledger.  All is answered from the zone's
 * memory, and nothing is a command to the drainer: that takes none while the
 * zone does not serve, and then a machine may have to be forgotten.
 */


#define NGX_HTTP_SECKILL_MACHINE_SIZE                                        \
    (sizeof("{\"name\":\"\",\"member\":false,\"self\":false,\"seen_at\":\"\"," \
            "\"number\":,\"forgotten\":false},") - 1                         \
     + SK_MACHINE_NAME_SIZE_MAX + SK_TIME_SIZE + NGX_INT64_LEN)


static ngx_int_t ngx_http_seckill_machines_start(ngx_http_seckill_call_t *call,
    ngx_int_t *rc);
static int ngx_libc_cdecl ngx_http_seckill_machines_compare(const void *one,
    const void *two);
static u_char *ngx_http_seckill_machines_write(u_char *p,
    const sk_machine_t *machine, const char *self);
static void ngx_http_seckill_machines_said(ngx_http_seckill_call_t *call,
    const char *name, const char *what);
static ngx_int_t ngx_http_seckill_machines_send(ngx_http_seckill_call_t *call,
    const sk_machine_t *machine, const char *self);
static ngx_int_t ngx_http_seckill_machines_refuse(
    ngx_http_seckill_call_t *call, const sk_shared_t *shared,
    const sk_machine_t *machine);


ngx_int_t
ngx_http_seckill_machines_handler(ngx_http_seckill_call_t *call)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_uint_t    i;
    sk_shared_t   shared;

    if (ngx_http_seckill_machines_start(call, &rc) != NGX_OK) {
        return rc;
    }

    sk_zone_shared_copy(call->zone->shm, &shared);

    if (!sk_load(&shared.used)) {
        shared.n = 0;
    }

    b = ngx_create_temp_buf(call->request->pool,
                            sizeof("{\"code\":0,\"data\":[]}\n")
                            + shared.n * NGX_HTTP_SECKILL_MACHINE_SIZE);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_qsort(shared.machines, shared.n, sizeof(sk_machine_t),
              ngx_http_seckill_machines_compare);

    b->last = ngx_cpymem(b->last, "{\"code\":0,\"data\":[", 18);

    for (i = 0; i < shared.n; i++) {
        if (i) {
            *b->last++ = ',';
        }

        b->last = ngx_http_seckill_machines_write(b->last, &shared.machines[i],
                                                  shared.name);
    }

    b->last = ngx_cpymem(b->last, "]}\n", 3);

    return ngx_http_seckill_reply_send(call->request, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}


ngx_int_t
ngx_http_seckill_machines_forget_handler(ngx_http_seckill_call_t *call)
{
    char          name[SK_MACHINE_NAME_SIZE_MAX + 1];
    ngx_int_t     rc;
    sk_shared_t   shared;
    sk_machine_t  machine;

    if (ngx_http_seckill_machines_start(call, &rc) != NGX_OK) {
        return rc;
    }

    (void) ngx_snprintf((u_char *) name, sizeof(name), "%V%Z", &call->name);

    sk_zone_shared_copy(call->zone->shm, &shared);

    switch (sk_zone_shared_forget(call->zone->shm, name, &machine)) {

    case SK_OK:
        break;

    case SK_NOT_FOUND:
        return ngx_http_seckill_reply_error(call->request, SK_STATUS_NOT_FOUND,
                                            "there is no such machine", NULL);

    case SK_REFUSED:
        return ngx_http_seckill_machines_refuse(call, &shared, &machine);

    default: /* SK_AGAIN */
        return ngx_http_seckill_reply_error(call->request,
                   SK_STATUS_UNAVAILABLE, sk_load(&shared.up)
                   ? "another machine is being forgotten; nothing was done"
                   : "Redis does not answer, and may yet know that the machine "
                     "is alive; nothing was done", NULL);
    }

    ngx_http_seckill_machines_said(call, machine.name, "be forgotten");

    return ngx_http_seckill_machines_send(call, &machine, shared.name);
}


ngx_int_t
ngx_http_seckill_machines_begin_handler(ngx_http_seckill_call_t *call)
{
    size_t        len;
    ngx_int_t     rc;
    sk_shared_t   shared;
    sk_machine_t  machine;

    if (ngx_http_seckill_machines_start(call, &rc) != NGX_OK) {
        return rc;
    }

    sk_zone_shared_copy(call->zone->shm, &shared);

    len = ngx_strlen(shared.name);

    if (!sk_load(&shared.used) || call->name.len != len
        || ngx_memcmp(call->name.data, shared.name, len) != 0)
    {
        return ngx_http_seckill_reply_error(call->request, SK_STATUS_NOT_FOUND,
                                            "this is another machine: ask that "
                                            "one", NULL);
    }

    switch (sk_zone_shared_begin(call->zone->shm)) {

    case SK_OK:
        break;

    case SK_REFUSED:
        return ngx_http_seckill_reply_error(call->request, SK_STATUS_CONFLICT,
                   "there is a log, or this machine has a ledger: nothing is "
                   "to begin", NULL);

    default: /* SK_AGAIN */
        return ngx_http_seckill_reply_error(call->request,
                   SK_STATUS_UNAVAILABLE,
                   "Redis does not answer; nothing was done", NULL);
    }

    ngx_http_seckill_machines_said(call, shared.name, "begin the log");

    ngx_memzero(&machine, sizeof(machine));
    ngx_memcpy(machine.name, shared.name, len);
    machine.seen_ms = shared.now_ms;

    return ngx_http_seckill_machines_send(call, &machine, shared.name);
}


/* for the log; and the drainer is to see to it at once */

static void
ngx_http_seckill_machines_said(ngx_http_seckill_call_t *call, const char *name,
    const char *what)
{
    ngx_str_t  by = ngx_string("?");

    if (ngx_http_seckill_reply_plain(&call->by)) {
        by = call->by;
    }

    ngx_log_error(NGX_LOG_WARN, call->request->connection->log, 0,
                  "seckill zone \"%V\": machine \"%s\" is to %s, says \"%V\"",
                  &call->zone->name, name, what, &by);

    ngx_seckill_drain_wake(call->zone);
}


static ngx_int_t
ngx_http_seckill_machines_send(ngx_http_seckill_call_t *call,
    const sk_machine_t *machine, const char *self)
{
    ngx_buf_t  *b;

    b = ngx_create_temp_buf(call->request->pool,
                            sizeof("{\"code\":0,\"data\":}\n")
                            + NGX_HTTP_SECKILL_MACHINE_SIZE);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, "{\"code\":0,\"data\":", 17);
    b->last = ngx_http_seckill_machines_write(b->last, machine, self);
    b->last = ngx_cpymem(b->last, "}\n", 2);

    return ngx_http_seckill_reply_send(call->request, SK_STATUS_OK,
                                       &ngx_http_seckill_reply_json_type, b);
}


/* none has a body or an argument; where it is not NGX_OK, "rc" is the
   request's */

static ngx_int_t
ngx_http_seckill_machines_start(ngx_http_seckill_call_t *call, ngx_int_t *rc)
{
    sk_wrong_t  wrong;

    *rc = ngx_http_discard_request_body(call->request);

    if (*rc == NGX_OK
        && ngx_http_seckill_args(call, 0, &wrong) != NGX_OK)
    {
        *rc = ngx_http_seckill_args_send(call->request, &wrong);
        return NGX_DONE;
    }

    return *rc;
}


static int ngx_libc_cdecl
ngx_http_seckill_machines_compare(const void *one, const void *two)
{
    const sk_machine_t *a = one;
    const sk_machine_t *b = two;

    return ngx_strcmp(a->name, b->name);
}


/* a name is as in the configuration, and needs no escaping */

static u_char *
ngx_http_seckill_machines_write(u_char *p, const sk_machine_t *machine,
    const char *self)
{
    char  time[SK_TIME_SIZE + 1];

    p = ngx_sprintf(p, "{\"name\":\"%s\",\"member\":%s,\"self\":%s,"
                    "\"seen_at\":", machine->name,
                    machine->member ? "true" : "false",
                    ngx_strcmp(machine->name, self) == 0 ? "true" : "false");

    if (machine->seen_ms) {
        sk_time_format(time, machine->seen_ms);
        p = ngx_sprintf(p, "\"%s\"", time);

    } else {
        p = ngx_cpymem(p, "null", 4);
    }

    return ngx_sprintf(p, ",\"number\":%uL,\"forgotten\":%s}", machine->number,
                       machine->forgotten ? "true" : "false");
}


static ngx_int_t
ngx_http_seckill_machines_refuse(ngx_http_seckill_call_t *call,
    const sk_shared_t *shared, const sk_machine_t *machine)
{
    const char  *why;

    why = (ngx_strcmp(machine->name, shared->name) == 0)
          ? "that is this machine"
          : !machine->member
          ? "that machine is no member: nobody waits for it"
          : "that machine is alive: it can be forgotten when it was silent for "
            "as long as gone= says";

    return ngx_http_seckill_reply_error(call->request, SK_STATUS_CONFLICT, why,
                                        NULL);
}
