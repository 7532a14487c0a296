#include "ngx_seckill.h"

#include <sys/eventfd.h>

#include "sk_thread.h"


/*
 * A worker's threads.  nginx's own pools are a matter of the configuration:
 * the one that is there without a directive brings 32 threads to each worker,
 * when it starts.  These are started when the first page is to be read, one for
 * each that finds the others at work, and there are none in nginx's eyes: it
 * may have been built without threads.
 */

typedef struct {
    pthread_mutex_t             mutex;
    pthread_cond_t              cond;       /* there is something to do */
    ngx_queue_t                 tasks;      /* to be run */
    ngx_queue_t                 done;
    ngx_uint_t                  stopping;

    /* the worker's alone */

    pthread_t                   threads[NGX_SECKILL_THREADS_MAX];
    ngx_uint_t                  n_threads;
    ngx_uint_t                  n_tasks;    /* posted, and not done */
    ngx_fd_t                    fd;         /* something is done */
    ngx_msec_t                  failed;     /* when none could be started */
    unsigned                    ready:1;
    unsigned                    told:1;     /* that none can be */
} ngx_seckill_threads_t;


static ngx_int_t ngx_seckill_thread_init(void);
static ngx_int_t ngx_seckill_thread_start(ngx_log_t *log);
static void *ngx_seckill_thread_main(void *data);
static void ngx_seckill_thread_event(ngx_event_t *ev);


static ngx_seckill_threads_t  ngx_seckill_threads = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .cond = PTHREAD_COND_INITIALIZER,
};


ngx_int_t
ngx_seckill_thread_post(ngx_seckill_task_t *task, ngx_log_t *log)
{
    ngx_seckill_threads_t  *t;

    sk_assert(task->run && task->done);

    t = &ngx_seckill_threads;

    if (t->n_tasks >= t->n_threads
        && t->n_threads < NGX_SECKILL_THREADS_MAX
        && ngx_seckill_thread_start(log) != NGX_OK
        && t->n_threads == 0)
    {
        return NGX_ERROR;
    }

    t->n_tasks++;

    (void) pthread_mutex_lock(&t->mutex);

    ngx_queue_insert_tail(&t->tasks, &task->queue);

    (void) pthread_cond_signal(&t->cond);
    (void) pthread_mutex_unlock(&t->mutex);

    return NGX_OK;
}


/* one more; said once if that cannot be, and tried again after a while */

static ngx_int_t
ngx_seckill_thread_start(ngx_log_t *log)
{
    int                     err;
    ngx_seckill_threads_t  *t;

    t = &ngx_seckill_threads;

    if (t->told
        && ngx_current_msec - t->failed < NGX_SECKILL_RETRY_MS)
    {
        return NGX_ERROR;
    }

    if (!t->ready && ngx_seckill_thread_init() != NGX_OK) {
        err = ngx_errno;

    } else {
        err = sk_thread_start(&t->threads[t->n_threads],
                              ngx_seckill_thread_main, t);
    }

    if (err) {
        t->failed = ngx_current_msec;

        if (!t->told) {
            t->told = 1;
            ngx_log_error(NGX_LOG_ERR, log, err,
                          "seckill cannot start a thread to read pages of "
                          "the API, this process has %ui", t->n_threads);
        }

        return NGX_ERROR;
    }

    t->told = 0;
    t->n_threads++;

    return NGX_OK;
}


static ngx_int_t
ngx_seckill_thread_init(void)
{
    ngx_seckill_threads_t  *t;

    t = &ngx_seckill_threads;

    t->fd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    if (t->fd == -1) {
        return NGX_ERROR;
    }

    if (ngx_seckill_wake_watch((ngx_cycle_t *) ngx_cycle, t->fd,
                               ngx_seckill_thread_event, t, 0)
        != NGX_OK)
    {
        (void) close(t->fd);
        ngx_set_errno(NGX_ENOMEM);
        return NGX_ERROR;
    }

    ngx_queue_init(&t->tasks);
    ngx_queue_init(&t->done);

    t->ready = 1;

    return NGX_OK;
}


static void *
ngx_seckill_thread_main(void *data)
{
    ngx_seckill_threads_t  *t = data;

    ngx_queue_t         *q;
    ngx_seckill_task_t  *task;

    (void) pthread_mutex_lock(&t->mutex);

    for ( ;; ) {

        while (ngx_queue_empty(&t->tasks) && !t->stopping) {
            (void) pthread_cond_wait(&t->cond, &t->mutex);
        }

        if (t->stopping) {
            break;
        }

        q = ngx_queue_head(&t->tasks);
        ngx_queue_remove(q);

        (void) pthread_mutex_unlock(&t->mutex);

        task = ngx_queue_data(q, ngx_seckill_task_t, queue);
        task->run(task->data);

        (void) pthread_mutex_lock(&t->mutex);

        ngx_queue_insert_tail(&t->done, q);
        (void) eventfd_write(t->fd, 1);
    }

    (void) pthread_mutex_unlock(&t->mutex);

    return NULL;
}


static void
ngx_seckill_thread_event(ngx_event_t *ev)
{
    uint64_t                n;
    ngx_queue_t             done, *q;
    ngx_connection_t       *c;
    ngx_seckill_task_t     *task;
    ngx_seckill_threads_t  *t;

    c = ev->data;
    t = c->data;

    (void) eventfd_read(t->fd, &n);

    ngx_queue_init(&done);

    (void) pthread_mutex_lock(&t->mutex);

    if (!ngx_queue_empty(&t->done)) {
        ngx_queue_add(&done, &t->done);
        ngx_queue_init(&t->done);
    }

    (void) pthread_mutex_unlock(&t->mutex);

    while (!ngx_queue_empty(&done)) {
        q = ngx_queue_head(&done);
        ngx_queue_remove(q);

        sk_assert(t->n_tasks > 0);

        t->n_tasks--;

        task = ngx_queue_data(q, ngx_seckill_task_t, queue);
        task->done(task->data);
    }
}


void
ngx_seckill_thread_exit(void)
{
    ngx_seckill_threads_t  *t;

    t = &ngx_seckill_threads;

    (void) pthread_mutex_lock(&t->mutex);
    t->stopping = 1;
    (void) pthread_cond_broadcast(&t->cond);
    (void) pthread_mutex_unlock(&t->mutex);

    while (t->n_threads) {
        (void) pthread_join(t->threads[--t->n_threads], NULL);
    }
}
