#include "ngx_seckill.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "sk_thread.h"


/*
 * The thread that drains a zone, in whichever process does.  It may wait for a
 * disk, or for whom it has to ask, and holds up nobody: no other zone's, no
 * request of a worker that stands in.
 *
 * The role is a mutex, which has a thread for its owner: the thread takes and
 * leaves it.  While it is there, zone->drain is its own; with the main thread
 * it shares what zone->drainer has that is atomic.  Of nginx it calls the log
 * alone: timers, posted events and pools are the main thread's.
 *
 * A process that is killed, or that ends without a word, ends it between two
 * steps or in the middle of one; as it may be ended anyway.
 */


static void *ngx_seckill_drainer_run(void *data);
static ngx_int_t ngx_seckill_drainer_take(ngx_seckill_zone_t *zone);
static void ngx_seckill_drainer_taken(ngx_seckill_zone_t *zone);
static ngx_int_t ngx_seckill_drainer_machines(ngx_seckill_zone_t *zone);
static void ngx_seckill_drainer_leave(ngx_seckill_zone_t *zone);
static ngx_uint_t ngx_seckill_drainer_goes_on(ngx_seckill_zone_t *zone);
static void ngx_seckill_drainer_seq(ngx_seckill_zone_t *zone);
static int ngx_seckill_drainer_step(ngx_seckill_zone_t *zone);
static void ngx_seckill_drainer_clocks(int64_t *now_ms, int64_t *boot_ms);
static void ngx_seckill_drainer_rest(ngx_seckill_zone_t *zone, int ms);


ngx_int_t
ngx_seckill_drainer_start(ngx_seckill_zone_t *zone, ngx_log_t *log)
{
    int                     err;
    ngx_seckill_drainer_t  *d;

    d = &zone->drainer;

    if (d->started) {

        if (!sk_load_acquire(&d->ended)) {
            return NGX_OK;
        }

        ngx_seckill_drainer_join(zone);
    }

    sk_store(&d->stopping, 0);
    sk_store(&d->ended, 0);

    /* an exiting worker's configuration may be an old one */

    sk_store(&d->leaving, ngx_exiting ? 1 : 0);

    zone->drain.declare.sales = zone->sales.elts;
    zone->drain.declare.n_sales = ngx_exiting ? 0 : zone->sales.nelts;

    err = sk_thread_start(&d->thread, ngx_seckill_drainer_run, zone);

    if (err) {

        if (!d->told) {
            d->told = 1;
            ngx_log_error(NGX_LOG_ERR, log, err,
                          "seckill zone \"%V\" cannot start its drainer thread",
                          &zone->name);
        }

        return NGX_ERROR;
    }

    d->started = 1;

    if (d->told) {
        d->told = 0;
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "seckill zone \"%V\" has started its drainer thread",
                      &zone->name);
    }

    return NGX_OK;
}


void
ngx_seckill_drainer_stop(ngx_seckill_zone_t *zone)
{
    if (!zone->drainer.started || sk_load(&zone->drainer.stopping)) {
        return;
    }

    sk_store(&zone->drainer.stopping, 1);

    /* another process's thread that this wakes instead looks in vain, once;
       only one that has the role waits for it, others come back soon anyway */

    ngx_seckill_wake_signal(zone->wake->drainer, ngx_cycle->log);
}


void
ngx_seckill_drainer_join(ngx_seckill_zone_t *zone)
{
    if (!zone->drainer.started) {
        return;
    }

    ngx_seckill_drainer_stop(zone);

    (void) pthread_join(zone->drainer.thread, NULL);

    zone->drainer.started = 0;
}


static void *
ngx_seckill_drainer_run(void *data)
{
    ngx_seckill_zone_t  *zone = data;

    int         delay_ms;
    u_char      name[sizeof("drain 123456789")];
    ngx_uint_t  go_on;

    /* for top(1): prctl(2) wants 15 characters at most */

    *ngx_snprintf(name, sizeof(name) - 1, "drain %V", &zone->name) = '\0';
    (void) prctl(PR_SET_NAME, name);

    if (ngx_seckill_drainer_take(zone) == NGX_OK) {

        ngx_seckill_drainer_taken(zone);

        go_on = (ngx_seckill_drainer_machines(zone) == NGX_OK);

        while (go_on) {
            ngx_seckill_drainer_seq(zone);

            delay_ms = ngx_seckill_drainer_step(zone);

            if (delay_ms) {
                ngx_seckill_drainer_rest(zone, delay_ms);
            }

            go_on = ngx_seckill_drainer_goes_on(zone);
        }

        ngx_seckill_drainer_leave(zone);
    }

    sk_store_release(&zone->drainer.ended, 1);

    return NULL;
}


/* NGX_AGAIN: a worker sees that it is not needed, or the thread is to stop */

static ngx_int_t
ngx_seckill_drainer_take(ngx_seckill_zone_t *zone)
{
    int  rc;

    rc = sk_zone_role_take(zone->shm);

    if (ngx_process == NGX_PROCESS_WORKER) {
        return (rc == SK_OK) ? NGX_OK : NGX_AGAIN;
    }

    /* first of all the role: to take a gigabyte of memory takes a second, and a
       worker is to see that somebody is there */

    sk_zone_populate(zone->shm);

    while (rc != SK_OK) {

        if (sk_load(&zone->drainer.stopping)) {
            return NGX_AGAIN;
        }

        /* the helper of the configuration before has not left yet, or a worker
           has stood in for one that was killed: that one may rest */

        if (atomic_exchange(&zone->shm->role_wanted, 1) == 0) {
            ngx_seckill_wake_signal(zone->wake->drainer, ngx_cycle->log);
        }

        (void) poll(NULL, 0, NGX_SECKILL_ROLE_RETRY_MS);

        rc = sk_zone_role_take(zone->shm);
    }

    return NGX_OK;
}


static void
ngx_seckill_drainer_taken(ngx_seckill_zone_t *zone)
{
    sk_add(&zone->shm->drainers, 1);

    /* by this one, or by a helper that is no more; else it is wanted again */
    sk_store(&zone->shm->role_wanted, 0);

    sk_log(&zone->drain.writer.log, SK_LOG_DEBUG, "role taken");

    if (ngx_process != NGX_PROCESS_WORKER || sk_load(&zone->drainer.leaving)) {
        return;
    }

    sk_zone_set_lists(zone->shm, "query tables: there is no helper to fill "
                      "them");

    ngx_time_update();

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "seckill zone \"%V\" has no helper: this worker does its "
                  "work, reload nginx to have one started", &zone->name);
}


/*
 * Who decides beside the ledger's file, if anybody does.  NGX_ERROR: it is not
 * to be gone on without him.
 */

static ngx_int_t
ngx_seckill_drainer_machines(ngx_seckill_zone_t *zone)
{
    sk_writer_t  *w;
    sk_shared_t  *shared;

    w = &zone->drain.writer;
    w->authority = NULL;
    zone->drain.unshared = (zone->machines == NULL && !zone->alone);

    shared = &zone->shm->shared;

    /* an exiting worker's configuration may be an old one, and that of another
       machine, or of none */

    if (sk_load(&zone->drainer.leaving)
        && (sk_load(&shared->used) != (zone->machines != NULL)
            || (zone->machines
                && ngx_strcmp(zone->machines->name, shared->name) != 0)))
    {
        return NGX_ERROR;
    }

    if (zone->machines == NULL) {

        /* a configuration before may have had them */

        sk_store(&shared->used, 0);

        return NGX_OK;
    }

    while (zone->drainer.machines == NULL
           && !sk_load(&zone->drainer.stopping))
    {
        zone->drainer.machines = sk_machines_create(zone->machines, zone->shm,
                                                    &w->log);

        if (zone->drainer.machines == NULL) {
            sk_log(&w->log, SK_LOG_ERR, "out of memory");
            (void) poll(NULL, 0, NGX_SECKILL_RETRY_MS);
            continue;
        }

        w->authority = sk_machines_authority(zone->drainer.machines);
    }

    return w->authority ? NGX_OK : NGX_ERROR;
}


static void
ngx_seckill_drainer_leave(ngx_seckill_zone_t *zone)
{
    sk_drain_close(&zone->drain);

    if (zone->drainer.machines) {
        sk_machines_destroy(zone->drainer.machines);

        zone->drainer.machines = NULL;
        zone->drain.writer.authority = NULL;
    }

    sk_zone_role_leave(zone->shm);

    sk_log(&zone->drain.writer.log, SK_LOG_DEBUG, "role left");
}


/* a worker drains until there is a helper that wants to */

static ngx_uint_t
ngx_seckill_drainer_goes_on(ngx_seckill_zone_t *zone)
{
    if (sk_load(&zone->drainer.stopping)) {
        return 0;
    }

    if (ngx_process != NGX_PROCESS_WORKER || !sk_load(&zone->shm->role_wanted))
    {
        return 1;
    }

    if (!sk_load(&zone->drainer.leaving)) {
        ngx_time_update();

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "seckill zone \"%V\": the helper is back", &zone->name);
    }

    return 0;
}


/* the main thread tries to map it, and may have to do so for long */

static void
ngx_seckill_drainer_seq(ngx_seckill_zone_t *zone)
{
    sk_writer_t  *w;

    w = &zone->drain.writer;

    if (w->seq) {
        return;
    }

    w->seq = sk_load_acquire(&zone->drainer.seq);

    if (w->seq) {

        sk_seq_advance(w->seq, sk_load(&zone->shm->seen_seq));

        /* as at a start: what the file says may be of a ledger that is no
           more */

        w->loaded = 0;
    }
}


/* ms until it is to go on, or until it is woken; 0: at once */

static int
ngx_seckill_drainer_step(ngx_seckill_zone_t *zone)
{
    int          rc;
    int64_t      now_ms, boot_ms;
    uint64_t     head;
    unsigned     decided;
    sk_queue_t  *queue;

    queue = &zone->shm->queue;

    zone->drain.declare.leaving = sk_load(&zone->drainer.leaving);

    sk_store(&zone->shm->idle, 0);

    ngx_seckill_drainer_clocks(&now_ms, &boot_ms);

    head = sk_load(&queue->head);

    rc = sk_drain_work(&zone->drain, now_ms, boot_ms, &decided);

    if (decided) {
        ngx_seckill_wake_signal(zone->wake->workers, ngx_cycle->log);
    }

    switch (rc) {

    case SK_AGAIN:
        return SK_DRAIN_BUSY_RETRY_MS;

    case SK_ERROR:
        return zone->drain.writer.away ? SK_DRAIN_AWAY_RETRY_MS
                                       : SK_DRAIN_RETRY_MS;

    case SK_MORE:

        /* many were decided: as many more are on their way */

        if (sk_load(&queue->head) - head < NGX_SECKILL_GATHER) {
            return 0;
        }
    }

    /* a worker that queues a claim after this sees that it has to wake the
       drainer; one that did so before is seen here */

    sk_store(&zone->shm->idle, 1);
    atomic_thread_fence(memory_order_seq_cst);

    if (sk_command_pending(zone->wake->commands)) {
        return 0;
    }

    if (rc == SK_MORE) {
        return NGX_SECKILL_GATHER_MS;
    }

    return (sk_queue_depth(queue) == 0) ? SK_DRAIN_POLL_MS : 0;
}


/* both at once: what was set, and what nobody sets */

static void
ngx_seckill_drainer_clocks(int64_t *now_ms, int64_t *boot_ms)
{
    struct timespec  now, boot;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    (void) clock_gettime(CLOCK_BOOTTIME, &boot);

    *now_ms = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
    *boot_ms = (int64_t) boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
}


/*
 * Until a worker has something for it, or the main thread has.  Who decides
 * beside the file, and tells of others' events, is listened to when there is
 * nothing else to do: a busy one hears of them with the answers to its own.
 */

static void
ngx_seckill_drainer_rest(ngx_seckill_zone_t *zone, int ms)
{
    int                    ready;
    uint64_t               n;
    struct pollfd          fds[2];
    const sk_authority_t  *a;

    a = zone->drain.writer.authority;

    fds[0].fd = zone->wake->drainer;
    fds[0].events = POLLIN;
    fds[1].fd = -1;
    fds[1].events = POLLIN;

    ready = 0;

    if (a && a->fd && ms == SK_DRAIN_POLL_MS) {
        fds[1].fd = a->fd(a->ctx);

        if (fds[1].fd == -1) {
            ready = poll(fds, 1, NGX_SECKILL_QUIET_MS);
            fds[1].fd = (ready == 0) ? a->fd(a->ctx) : -1;
        }
    }

    if (ready == 0) {
        ready = poll(fds, 2, ms);
    }

    if (ready > 0 && fds[0].revents) {
        (void) eventfd_read(fds[0].fd, &n);
    }
}
