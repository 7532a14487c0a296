#include "ngx_seckill.h"

#include <sys/eventfd.h>


ngx_int_t
ngx_seckill_wake_init(ngx_seckill_zone_t *zone, ngx_log_t *log)
{
    ngx_seckill_wake_t  *wake;

    wake = ngx_alloc(sizeof(ngx_seckill_wake_t), log);
    if (wake == NULL) {
        return NGX_ERROR;
    }

    wake->refs = 1;
    wake->drainer = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    wake->workers = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    wake->commands = sk_commands_map();

    zone->wake = wake;

    if (wake->commands == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "seckill zone \"%V\" cannot map its commands",
                      &zone->name);
        return NGX_ERROR;
    }

    if (wake->drainer == -1 || wake->workers == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno, "eventfd() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* by a cycle that used it; the last one's has it go */

void
ngx_seckill_wake_free(ngx_seckill_wake_t *wake)
{
    if (--wake->refs) {
        return;
    }

    if (wake->drainer != -1) {
        (void) close(wake->drainer);
    }

    if (wake->workers != -1) {
        (void) close(wake->workers);
    }

    if (wake->commands) {
        sk_commands_unmap(wake->commands);
    }

    ngx_free(wake);
}


void
ngx_seckill_wake_signal(ngx_fd_t fd, ngx_log_t *log)
{
    sk_assert(fd != -1);

    /* EAGAIN: it was written to 2^64 times, and nobody reads */

    if (eventfd_write(fd, 1) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "eventfd_write() failed");
    }
}


ngx_int_t
ngx_seckill_wake_watch(ngx_cycle_t *cycle, ngx_fd_t fd,
    ngx_event_handler_pt handler, void *data, ngx_uint_t flags)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = data;
    c->log = cycle->log;
    c->read->handler = handler;
    c->read->log = cycle->log;
    c->write->log = cycle->log;

    /* as ngx_add_channel_event(): an exiting worker does not miss it */

    c->read->channel = 1;
    c->write->channel = 1;

    if (ngx_add_event(c->read, NGX_READ_EVENT, flags) != NGX_OK) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NGX_ERROR;
    }

    return NGX_OK;
}
