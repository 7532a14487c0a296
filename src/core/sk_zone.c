#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <sodium.h>

#include "sk_mutex.h"
#include "sk_zone.h"


/* a sale for each 32K of the zone, one sixteenth of it for the queue */

#define SK_ZONE_QUEUE_SHARE        16

#define SK_ZONE_SIZE_STEP  ((size_t) 1024 * 1024)

#define sk_align(size)                                                       \
    (((size) + SK_CACHE_LINE - 1) & ~((size_t) SK_CACHE_LINE - 1))


static size_t sk_zone_fixed_size(const sk_zone_plan_t *plan);


static const double  sk_hist_seconds_bounds[] = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1, 2.5
};

static const double  sk_hist_claims_bounds[] = {
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024
};

const sk_hist_def_t  sk_hist_seconds = {
    sk_hist_seconds_bounds,
    sizeof(sk_hist_seconds_bounds) / sizeof(sk_hist_seconds_bounds[0])
};

const sk_hist_def_t  sk_hist_claims = {
    sk_hist_claims_bounds,
    sizeof(sk_hist_claims_bounds) / sizeof(sk_hist_claims_bounds[0])
};


void
sk_zone_plan(sk_zone_plan_t *plan, size_t size, uint32_t workers,
    uint32_t queue, uint32_t sales)
{
    size_t  fixed, n;

    plan->queue_told = queue;

    n = size / SK_ZONE_BYTES_PER_SALE;
    n = (n < SK_SALES_MIN) ? SK_SALES_MIN : n;
    n = (n < sales) ? sales : n;
    plan->sales = (n > SK_SALES_MAX) ? SK_SALES_MAX : (uint32_t) n;

    if (queue == 0) {
        n = size / SK_ZONE_QUEUE_SHARE / sizeof(sk_cell_t);
        n = (n < SK_QUEUE_MIN) ? SK_QUEUE_MIN : n;
        queue = (n > SK_QUEUE_DEFAULT) ? SK_QUEUE_DEFAULT : (uint32_t) n;
    }

    plan->queue = queue;

    plan->workers = (workers > SK_WORKERS_MAX) ? SK_WORKERS_MAX : workers;

    fixed = sk_zone_fixed_size(plan);

    if (size <= fixed + sk_units_size(1)) {
        plan->units = 0;
        return;
    }

    plan->units = sk_units_room(size - fixed);
}


static size_t
sk_zone_fixed_size(const sk_zone_plan_t *plan)
{
    return sizeof(sk_zone_t)
           + sk_sales_size(plan->sales)
           + sk_align(plan->queue * sizeof(sk_cell_t))
           + plan->workers * (plan->sales + 1) * sizeof(sk_counters_t);
}


size_t
sk_zone_size_for(uint64_t units, uint32_t workers, uint32_t queue,
    uint32_t sales)
{
    size_t          size, low, middle, high;
    sk_zone_plan_t  plan;

    /* the fixed part grows with the size too: look for the first that does */

    low = 0;
    high = 1 + 2 * (sk_units_size(units) + sk_sales_size(sales))
               / SK_ZONE_SIZE_STEP;

    for ( ;; ) {
        size = high * SK_ZONE_SIZE_STEP;

        sk_zone_plan(&plan, sk_zone_net(size), workers, queue, sales);

        if (plan.units >= units && plan.units) {
            break;
        }

        low = high;
        high *= 2;
    }

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        size = middle * SK_ZONE_SIZE_STEP;

        sk_zone_plan(&plan, sk_zone_net(size), workers, queue, sales);

        if (plan.units >= units && plan.units) {
            high = middle;

        } else {
            low = middle;
        }
    }

    return high * SK_ZONE_SIZE_STEP;
}


sk_zone_t *
sk_zone_init(void *memory, size_t size, const sk_zone_plan_t *plan)
{
    char       *p;
    uint64_t    first;
    sk_zone_t  *zone;

    if (plan->units == 0 || size <= sk_zone_fixed_size(plan)
        || sodium_init() == -1)
    {
        return NULL;
    }

    zone = memory;

    zone->size = size;
    sk_store(&zone->expires_s, UINT32_MAX);
    zone->workers_n = plan->workers;
    zone->queue_told = plan->queue_told;

    randombytes_buf(zone->hash_key, SK_HASH_KEY_SIZE);

    if (sk_mutex_init(&zone->mutex) != SK_OK
        || sk_mutex_init(&zone->role) != SK_OK)
    {
        return NULL;
    }

    p = (char *) memory + sizeof(sk_zone_t);

    sk_sales_init(&zone->sales, p, plan->sales);
    p += sk_sales_size(plan->sales);

    zone->counters = (sk_counters_t *) p;
    p += plan->workers * (plan->sales + 1) * sizeof(sk_counters_t);

    zone->queue.cells = (sk_cell_t *) p;
    zone->queue.n = plan->queue;
    p += sk_align(plan->queue * sizeof(sk_cell_t));

    /* 2^29 starting points, with 2^32 tickets each before the next one's */

    first = (uint64_t) (1 + randombytes_uniform((1 << 29) - 1)) << 32;

    sk_store(&zone->queue.head, first);
    sk_store(&zone->queue.tail, first);

    sk_units_init(&zone->units, p, size - (size_t) (p - (char *) memory));

    return zone;
}


void
sk_zone_populate(sk_zone_t *zone)
{
    uintptr_t  start, end, page;

    page = (uintptr_t) sysconf(_SC_PAGESIZE);
    start = ((uintptr_t) zone + page - 1) / page * page;
    end = ((uintptr_t) zone + zone->size) / page * page;

#ifdef MADV_HUGEPAGE
    /* where /sys/kernel/mm/transparent_hugepage/shmem_enabled allows it */
    (void) madvise((void *) start, end - start, MADV_HUGEPAGE);
#endif

#ifdef MADV_POPULATE_WRITE
    (void) madvise((void *) start, end - start, MADV_POPULATE_WRITE);
#endif
}


size_t
sk_zone_touch(const sk_zone_t *zone, size_t offset, size_t n)
{
    size_t                end, page;
    const volatile char  *p;

    page = (size_t) sysconf(_SC_PAGESIZE);
    end = (n < zone->size - offset) ? offset + n : zone->size;
    p = (const volatile char *) zone;

    for ( ; offset < end; offset += page) {
        (void) p[offset];
    }

    return end;
}


void
sk_zone_lock(sk_zone_t *zone)
{
    if (pthread_mutex_lock(&zone->mutex) == EOWNERDEAD) {
        sk_zone_repair(zone);
        sk_add(&zone->repairs, 1);
        (void) pthread_mutex_consistent(&zone->mutex);
    }
}


void
sk_zone_unlock(sk_zone_t *zone)
{
    (void) pthread_mutex_unlock(&zone->mutex);
}


int
sk_zone_role_take(sk_zone_t *zone)
{
    switch (pthread_mutex_trylock(&zone->role)) {

    case 0:
        break;

    case EOWNERDEAD:
        /* nothing to mend: the next drainer reads the ledger's tail anyway */
        (void) pthread_mutex_consistent(&zone->role);
        break;

    default:
        return SK_AGAIN;
    }

    return SK_OK;
}


void
sk_zone_role_leave(sk_zone_t *zone)
{
    (void) pthread_mutex_unlock(&zone->role);
}


int
sk_zone_reserve(sk_zone_t *zone, int64_t entries)
{
    if (entries > 0
        && zone->reserved + (uint64_t) entries > zone->units.n_max)
    {
        return SK_FULL;
    }

    zone->reserved += (uint64_t) entries;

    return SK_OK;
}


sk_key_t
sk_zone_user_key(sk_zone_t *zone, uint64_t key_id, const char *user,
    size_t len)
{
    char      buf[sizeof(uint64_t) + SK_USER_SIZE_MAX];
    sk_key_t  key;

    memcpy(buf, &key_id, sizeof(uint64_t));
    memcpy(buf + sizeof(uint64_t), user, len);

    (void) crypto_shorthash_siphashx24((uint8_t *) &key, (uint8_t *) buf,
                                       sizeof(uint64_t) + len,
                                       zone->hash_key);
    return key;
}


void
sk_zone_holding(sk_zone_t *zone, sk_key_t key, sk_holding_t *h)
{
    if (sk_units_find(&zone->units, key, h) == SK_OK) {
        return;
    }

    /* to take the mutex is to repair what a killed process left */

    sk_zone_lock(zone);
    (void) sk_units_find(&zone->units, key, h);
    sk_zone_unlock(zone);
}


unsigned
sk_zone_order(sk_zone_t *zone, sk_key_t key, uint64_t order,
    uint32_t *expires_s)
{
    unsigned    state;
    sk_unit_t  *u;

    state = SK_UNIT_HELD;

    sk_zone_lock(zone);

    u = sk_units_get(&zone->units, key, sk_unit_value(SK_UNIT_HELD, order));

    if (u) {
        *expires_s = sk_load(&u->expires_s);

    } else if (sk_units_get(&zone->units, key,
                            sk_unit_value(SK_UNIT_SOLD, order)))
    {
        state = SK_UNIT_SOLD;

    } else {
        state = SK_UNIT_EMPTY;
    }

    sk_zone_unlock(zone);

    return state;
}


int64_t
sk_zone_time(sk_zone_t *zone, int64_t clock_ms, int64_t boot_ms)
{
    int64_t  since_ms, time_ms;

    since_ms = boot_ms - sk_load(&zone->time_boot_ms);
    time_ms = sk_load(&zone->time_ms) + ((since_ms > 0) ? since_ms : 0);

    return (clock_ms > time_ms) ? clock_ms : time_ms;
}


void
sk_zone_time_set(sk_zone_t *zone, int64_t at_ms, int64_t boot_ms)
{
    /* another process may have written it by a clock that is behind ours */

    if (at_ms < sk_zone_time(zone, 0, boot_ms)) {
        return;
    }

    /* killed between the two, the event is seen again, and its time set */

    sk_store_release(&zone->time_boot_ms, boot_ms);
    sk_store_release(&zone->time_ms, at_ms);
}


void
sk_zone_expect(sk_zone_t *zone, uint32_t expires_s)
{
    if (expires_s < sk_load(&zone->expires_s)) {
        sk_store(&zone->expires_s, expires_s);
    }
}


uint64_t
sk_zone_name_hash(sk_zone_t *zone, const char *name, size_t len)
{
    uint64_t  hash;

    (void) crypto_shorthash((uint8_t *) &hash, (const uint8_t *) name, len,
                            zone->hash_key);
    return hash;
}


sk_sale_t *
sk_zone_sale(sk_zone_t *zone, const char *name, size_t len)
{
    return sk_sales_find(&zone->sales, sk_zone_name_hash(zone, name, len),
                         name, len);
}


void
sk_zone_sale_copy(sk_zone_t *zone, const sk_sale_t *sale, sk_sale_t *copy)
{
    sk_zone_lock(zone);
    memcpy(copy, sale, sizeof(sk_sale_t));
    sk_zone_unlock(zone);
}


unsigned
sk_zone_sales_copy(sk_zone_t *zone, uint32_t *slot, sk_sale_t *copies,
    unsigned n)
{
    uint32_t    last;
    unsigned    copied;
    sk_sale_t  *sale;

    copied = 0;

    sk_zone_lock(zone);

    last = sk_load(&zone->sales.n);
    last = (last - *slot > n) ? *slot + n : last;

    for ( /* void */ ; *slot < last; (*slot)++) {
        sale = &zone->sales.elts[*slot];

        if (!sk_sale_removed(sale)) {
            memcpy(&copies[copied++], sale, sizeof(sk_sale_t));
        }
    }

    sk_zone_unlock(zone);

    return copied;
}


sk_sale_t *
sk_zone_sale_by_id(sk_zone_t *zone, uint64_t id)
{
    uint32_t    slot;
    sk_sale_t  *sale;

    slot = sk_zone_sale_from(zone, id);

    if (slot == sk_load(&zone->sales.n)) {
        return NULL;
    }

    sale = &zone->sales.elts[slot];

    return (sk_load(&sale->id) == id) ? sale : NULL;
}


uint32_t
sk_zone_sale_from(sk_zone_t *zone, uint64_t id)
{
    uint32_t  low, high, slot;

    /* sales are added in the order of their events */

    low = 0;
    high = sk_load_acquire(&zone->sales.n);

    while (low < high) {
        slot = low + (high - low) / 2;

        if (sk_load(&zone->sales.elts[slot].id) < id) {
            low = slot + 1;

        } else {
            high = slot;
        }
    }

    return low;
}


void
sk_zone_count(sk_zone_t *zone, unsigned worker, sk_sale_t *sale,
    sk_result_e result)
{
    size_t  row, slot;

    if (worker >= zone->workers_n) {
        worker %= zone->workers_n;
    }

    row = (size_t) worker * (zone->sales.n_max + 1);
    slot = sale ? sk_sale_slot(&zone->sales, sale) : zone->sales.n_max;

    sk_add(&zone->counters[row + slot].results[result], 1);
}


uint64_t
sk_zone_counted(sk_zone_t *zone, sk_sale_t *sale, sk_result_e result)
{
    size_t    row, slot;
    uint32_t  i;
    uint64_t  n;

    slot = sale ? sk_sale_slot(&zone->sales, sale) : zone->sales.n_max;

    n = 0;

    for (i = 0; i < zone->workers_n; i++) {
        row = (size_t) i * (zone->sales.n_max + 1);
        n += sk_load(&zone->counters[row + slot].results[result]);
    }

    return n;
}


void
sk_zone_set_head(sk_zone_t *zone, const sk_head_t *head)
{
    sk_zone_lock(zone);
    zone->head = *head;
    sk_zone_unlock(zone);
}


void
sk_zone_head(sk_zone_t *zone, sk_head_t *head)
{
    sk_zone_lock(zone);
    *head = zone->head;
    sk_zone_unlock(zone);
}


void
sk_zone_set_reason(sk_zone_t *zone, const char *reason)
{
    sk_zone_lock(zone);
    (void) snprintf(zone->reason, SK_REASON_SIZE_MAX, "%s", reason);
    sk_zone_unlock(zone);
}


void
sk_zone_set_lists(sk_zone_t *zone, const char *reason)
{
    sk_zone_lock(zone);
    (void) snprintf(zone->lists, SK_REASON_SIZE_MAX, "%s", reason);
    sk_zone_unlock(zone);
}


int
sk_zone_lists(sk_zone_t *zone, char *reason)
{
    sk_zone_lock(zone);
    memcpy(reason, zone->lists, SK_REASON_SIZE_MAX);
    sk_zone_unlock(zone);

    return reason[0] ? SK_ERROR : SK_OK;
}


void
sk_zone_set_seeds(sk_zone_t *zone, const char *reason)
{
    sk_zone_lock(zone);
    (void) snprintf(zone->seeds, SK_REASON_SIZE_MAX, "%s", reason);
    sk_zone_unlock(zone);
}


int
sk_zone_seeds(sk_zone_t *zone, char *reason)
{
    sk_zone_lock(zone);
    memcpy(reason, zone->seeds, SK_REASON_SIZE_MAX);
    sk_zone_unlock(zone);

    return reason[0] ? SK_ERROR : SK_OK;
}


int
sk_zone_health(sk_zone_t *zone, int64_t now_us, int64_t now_ms, char *reason)
{
    const char  *why;

    sk_zone_lock(zone);
    memcpy(reason, zone->reason, SK_REASON_SIZE_MAX);
    sk_zone_unlock(zone);

    if (reason[0]) {
        return SK_ERROR;
    }

    why = NULL;

    if (sk_load_acquire(&zone->state) != SK_ZONE_READY) {
        why = "the ledger is being read";

    } else if (sk_zone_role_take(zone) == SK_OK) {

        /* the role is free: no helper, or it has just been killed */

        sk_zone_role_leave(zone);
        why = "no helper (nginx's cache manager process) runs: a worker does "
              "its work in two seconds; if none does, the error log says why";

    } else if (now_us - sk_load(&zone->beat_us)
               > SK_BEAT_MAX_US + sk_load(&zone->shared.timeout_us))
    {
        why = "the helper (nginx's cache manager process) hangs: does it wait "
              "for a disk? If not, kill -9 it, and nginx starts another one; a "
              "reload does not help";

    } else if (sk_load(&zone->expires_s) && sk_zone_overdue(zone, now_ms)) {
        why = "the end of a hold is overdue: the helper (nginx's cache manager "
              "process) is late; are commits slow, or was the clock set?";
    }

    if (why == NULL) {
        return SK_OK;
    }

    (void) snprintf(reason, SK_REASON_SIZE_MAX, "%s", why);

    return SK_ERROR;
}


void
sk_zone_observe(sk_hist_t *h, const sk_hist_def_t *def, double value,
    uint64_t addend)
{
    unsigned  i;

    for (i = 0; i < def->n && value > def->bounds[i]; i++) { /* void */ }

    sk_add(&h->buckets[i], 1);
    sk_add(&h->sum, addend);
}
