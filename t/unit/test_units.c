/* the table of units */

#include <pthread.h>

#include "sk_test.h"


static uint64_t  seed = 88172645463325252ull;


static uint64_t
random_number(uint64_t n)
{
    /* xorshift64, G. Marsaglia, Xorshift RNGs, 2003 */

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed % n;
}


/*
 * The table against a plain list, with keys that fall into few places, so
 * that clusters grow, wrap around the end and are taken apart again.
 */

#define MODEL_N     60
#define MODEL_KEYS  12
#define MODEL_SIZE  (64 * sizeof(sk_unit_t) + 64 * SK_UNITS_FILTER_BITS / 8 + 8)

static void
test_units_follow_model(void **state)
{
    int            rc, i, n, k, step;
    alignas(SK_CACHE_LINE)
    char           memory[MODEL_SIZE];
    uint64_t       number, values[MODEL_N];
    sk_key_t       key, keys[MODEL_N];
    sk_unit_t     *u;
    sk_units_t     t;
    sk_holding_t   h;
    unsigned       n_won, n_undecided;
    uint64_t       first;

    (void) state;

    memset(memory, 0, sizeof(memory));
    sk_units_init(&t, memory, MODEL_SIZE);
    assert_int_equal(t.n, 64);

    n = 0;
    number = 1;

    for (step = 0; step < 200000; step++) {

        if (n == 0 || (n < MODEL_N && random_number(2))) {
            keys[n].hi = random_number(MODEL_KEYS)
                         * (UINT64_MAX / MODEL_KEYS) + random_number(3);
            keys[n].lo = random_number(2);
            values[n] = sk_unit_value(1 + random_number(3), number++);

            rc = sk_units_insert(&t, keys[n], n, values[n], 0);
            assert_int_equal(rc, SK_OK);
            n++;

        } else {
            i = (int) random_number(n);

            u = sk_units_get(&t, keys[i], values[i]);
            assert_non_null(u);

            sk_units_remove(&t, u);
            assert_null(sk_units_get(&t, keys[i], values[i]));

            n--;
            keys[i] = keys[n];
            values[i] = values[n];
        }

        assert_int_equal(sk_test_filter(&t), 0);

        key = keys[random_number(n + 1) % (n ? n : 1)];
        n_won = n_undecided = 0;
        first = UINT64_MAX;

        for (k = 0; k < n; k++) {
            assert_non_null(sk_units_get(&t, keys[k], values[k]));

            if (keys[k].hi != key.hi || keys[k].lo != key.lo) {
                continue;
            }

            if (sk_unit_state(values[k]) == SK_UNIT_UNDECIDED) {
                n_undecided++;

            } else {
                n_won++;
                first = (sk_unit_number(values[k]) < first)
                        ? sk_unit_number(values[k]) : first;
            }
        }

        assert_int_equal(sk_units_find(&t, key, &h), SK_OK);

        if (n) {
            assert_int_equal(h.n_won, n_won);
            assert_int_equal(h.n_undecided, n_undecided);

            if (n_won) {
                assert_int_equal(h.order, first);
            }
        }
    }
}


/*
 * Tables of each small size, filled to the last but one entry and emptied
 * again in many orders; most homes are near the end, so clusters wrap around.
 */

#define SMALL_N  70

static sk_key_t
small_key(uint64_t n)
{
    uint64_t  home;
    sk_key_t  key;

    home = random_number(3) ? random_number(n)
                            : n - 1 - random_number((n < 3) ? n : 3);

    /* one of eight hashes of that home: some have a bit in common */

    key.hi = (uint64_t) (((unsigned __int128) home << 64) / n)
             + (1 + random_number(8)) * (UINT64_MAX / n / 9);
    key.lo = random_number(2);

    return key;
}


static void
small_check(sk_units_t *t, const sk_key_t *keys, int n, sk_key_t key)
{
    int            i;
    unsigned       n_won;
    sk_holding_t   h;

    for (i = 0, n_won = 0; i < n; i++) {
        n_won += (keys[i].hi == key.hi && keys[i].lo == key.lo);
    }

    assert_int_equal(sk_units_find(t, key, &h), SK_OK);
    assert_int_equal(h.n_won, n_won);
}


static void
test_units_small(void **state)
{
    int            i, k, n, turn;
    void          *memory;
    size_t         size;
    uint64_t       number, values[SMALL_N];
    sk_key_t       key, keys[SMALL_N];
    sk_units_t     t;

    (void) state;

    for (size = sizeof(sk_unit_t) + 16; ; size += 8) {
        memory = aligned_alloc(SK_CACHE_LINE, (size + 63) / 64 * 64);
        memset(memory, 0, size);
        sk_units_init(&t, memory, size);
        assert_in_range(t.n, 1, SMALL_N + 1);

        if (t.n > SMALL_N) {
            free(memory);
            break;
        }

        number = 1;

        for (turn = 0, n = 0; turn < 24; turn++) {

            while (n + 1 < (int) t.n) {
                keys[n] = small_key(t.n);
                values[n] = sk_unit_value(SK_UNIT_SOLD, number++);
                assert_int_equal(sk_units_insert(&t, keys[n], 0, values[n], 0),
                                 SK_OK);
                n++;
                assert_int_equal(sk_test_filter(&t), 0);
            }

            /* one is empty, so that every search ends */

            key = small_key(t.n);
            assert_int_equal(sk_units_insert(&t, key, 0,
                                             sk_unit_value(SK_UNIT_SOLD,
                                                           number), 0),
                             SK_FULL);
            assert_int_equal(sk_test_filter(&t), 0);
            small_check(&t, keys, n, key);

            /* the first first, the last first, any, or any and not all */

            for (k = (turn % 4 == 3) ? n / 2 : n; k; k--) {
                i = (turn % 4 == 0) ? 0 : (turn % 4 == 1) ? n - 1
                    : (int) random_number(n);

                key = keys[i];
                sk_units_remove(&t, sk_units_get(&t, key, values[i]));

                n--;
                memmove(&keys[i], &keys[i + 1], (n - i) * sizeof(sk_key_t));
                memmove(&values[i], &values[i + 1],
                        (n - i) * sizeof(uint64_t));

                assert_int_equal(sk_test_filter(&t), 0);
                small_check(&t, keys, n, key);

                for (i = 0; i < n; i++) {
                    assert_non_null(sk_units_get(&t, keys[i], values[i]));
                    small_check(&t, keys, n, keys[i]);
                }
            }
        }

        free(memory);
    }
}


/*
 * Units of a full table change hands, ten times over.  The filter lets as many
 * of those pass who have nothing as in a table that was filled once.
 */

#define TURNS   10
#define ABSENT  100000

static sk_key_t
random_key(void)
{
    sk_key_t  key;

    key.hi = random_number(UINT64_MAX);
    key.lo = random_number(UINT64_MAX);

    return key;
}


/* of those who have nothing, those whose search the filter does not end */

static double
share_that_passes(sk_units_t *t)
{
    int       i, n;
    uint64_t  bit;

    for (i = 0, n = 0; i < ABSENT; i++) {
        bit = (uint64_t) (((unsigned __int128) random_key().hi * t->n
                           * SK_UNITS_FILTER_BITS) >> 64);
        n += (int) (sk_load(&t->filter[bit / 64]) >> bit % 64 & 1);
    }

    return (double) n / ABSENT;
}


static void
test_units_turn_over(void **state)
{
    size_t       size;
    uint64_t     i, k, n, number, turn, *values;
    sk_key_t    *keys;
    sk_units_t   t, fresh;

    (void) state;

    n = 7000;
    size = (sk_units_size(n) + 63) / 64 * 64;
    keys = calloc(n, sizeof(sk_key_t));
    values = calloc(n, sizeof(uint64_t));
    sk_units_init(&t, memset(aligned_alloc(64, size), 0, size), size);
    sk_units_init(&fresh, memset(aligned_alloc(64, size), 0, size), size);
    assert_in_range(t.n_max, n, n + 10);

    number = 1;

    for (turn = 0; turn <= TURNS; turn++) {

        for (i = 0; i < n; i++) {
            k = (turn % 2) ? i : random_number(n);

            if (turn) {
                sk_units_remove(&t, sk_units_get(&t, keys[k], values[k]));
            }

            k = turn ? k : i;
            keys[k] = random_key();
            values[k] = sk_unit_value(SK_UNIT_HELD, number++);
            assert_int_equal(sk_units_insert(&t, keys[k], 0, values[k], 0),
                             SK_OK);
        }
    }

    for (i = 0; i < n; i++) {
        assert_int_equal(sk_units_insert(&fresh, keys[i], 0, values[i], 0),
                         SK_OK);
    }

    for (i = 0; i < (t.n * SK_UNITS_FILTER_BITS + 63) / 64; i++) {
        assert_int_equal(sk_load(&t.filter[i]), sk_load(&fresh.filter[i]));
    }

    /* 1 - exp(-0.7 / 4), as sk_units.h says: one in six */

    assert_in_range(share_that_passes(&t) * 1000, 155, 167);

    free(t.elts);
    free(fresh.elts);
    free(keys);
    free(values);
}


/* one who has a unit is found in every moment, whatever comes and goes */

#define READS  200000

static void *
read_always(void *data)
{
    int            i;
    sk_key_t       key;
    sk_units_t    *t = data;
    sk_holding_t   h;

    /* in the middle: the writer's neighbour, in the same bit */

    key.hi = UINT64_MAX / 2;
    key.lo = 1;

    for (i = 0; i < READS; i++) {
        if (sk_units_find(t, key, &h) == SK_OK && h.n_won != 1) {
            return t;
        }
    }

    return NULL;
}


static void
test_units_found_always(void **state)
{
    int         i;
    void       *memory, *failed;
    sk_key_t    key;
    pthread_t   reader;
    sk_units_t  t;

    (void) state;

    memory = memset(aligned_alloc(64, 4096), 0, 4096);
    sk_units_init(&t, memory, 4096);

    key.hi = UINT64_MAX / 2;

    for (i = 0; i < 3; i++) {
        key.lo = (uint64_t) i;
        assert_int_equal(sk_units_insert(&t, key, 0,
                                     sk_unit_value(SK_UNIT_SOLD, i + 1), 0),
                         SK_OK);
    }

    assert_int_equal(pthread_create(&reader, NULL, read_always, &t), 0);

    for (i = 0; i < READS; i++) {
        key.lo = (i & 1) ? 2 : 0;
        sk_units_remove(&t, sk_units_get(&t, key,
                                         sk_unit_value(SK_UNIT_SOLD,
                                                       key.lo + 1)));
        assert_int_equal(sk_units_insert(&t, key, 0,
                                         sk_unit_value(SK_UNIT_SOLD,
                                                       key.lo + 1), 0),
                         SK_OK);
    }

    assert_int_equal(pthread_join(reader, &failed), 0);
    assert_null(failed);

    free(memory);
}


static void
test_units_fill_up(void **state)
{
    char          *memory;
    uint64_t       i;
    sk_key_t       key;
    sk_units_t     t;
    sk_holding_t   h;

    (void) state;

    memory = aligned_alloc(SK_CACHE_LINE, 1024);
    memset(memory, 0, 1024);
    sk_units_init(&t, memory, 1024);

    for (i = 0; i + 1 < t.n; i++) {
        key.hi = UINT64_MAX - i;
        key.lo = i;
        assert_int_equal(sk_units_insert(&t, key, 0,
                                     sk_unit_value(SK_UNIT_SOLD, i + 1), 0),
                         SK_OK);
    }

    /* one stays empty: searches end */

    key.lo = i;
    assert_int_equal(sk_units_insert(&t, key, 0,
                                     sk_unit_value(SK_UNIT_SOLD, i + 1), 0),
                     SK_FULL);
    assert_int_equal(sk_units_find(&t, key, &h), SK_OK);
    assert_int_equal(h.n_won, 0);

    free(memory);
}


static void
test_bytes_of_a_unit(void **state)
{
    size_t          size;
    uint64_t        units, words;
    sk_units_t      t;
    sk_zone_plan_t  plan;

    alignas(SK_CACHE_LINE)
    static char     memory[256 * 1024];

    (void) state;

    /* what the README says: below 48 bytes for a unit, at any size */

    assert_true(sk_units_size(1000000) <= 48 * 1000000);

    for (units = 1; units < 3000; units++) {
        size = sk_units_size(units);
        assert_true(sk_units_room(size) >= units);
        sk_units_init(&t, memory, size);
        words = (t.n * SK_UNITS_FILTER_BITS + 63) / 64;
        assert_true((char *) (t.filter + words) <= memory + size);
    }

    /* and the zone as a whole, with its queue, sales and counters */

    sk_zone_plan(&plan, 64 << 20, 2, 0, 0);
    assert_true((64 << 20) / plan.units <= 64);

    sk_zone_plan(&plan, (size_t) 600 << 20, 2, 0, 0);
    assert_true(((size_t) 600 << 20) / plan.units <= 48);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_units_follow_model),
        cmocka_unit_test(test_units_small),
        cmocka_unit_test(test_units_turn_over),
        cmocka_unit_test(test_units_found_always),
        cmocka_unit_test(test_units_fill_up),
        cmocka_unit_test(test_bytes_of_a_unit),
    };

    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
