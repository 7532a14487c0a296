/* the table of units */

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
        cmocka_unit_test(test_units_fill_up),
        cmocka_unit_test(test_bytes_of_a_unit),
    };

    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
