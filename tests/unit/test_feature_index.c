/*
 * The index of local features against a list of the same features.
 */
#include "tests/unit/chain_fixture.h"

#include "ledger/match/feature_index.h"

#define N_ENTRIES 5000

static char dir[64];
static struct bf_store *store;
static struct bf_txn *txn;
static uint64_t seed;
static struct bf_feature_entry entries[N_ENTRIES];

static uint64_t next_random(void)
{
    uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static int open_store(void **state)
{
    struct bf_error err;

    (void)state;
    seed = 1;
    fixture_dir(dir);
    OK(bf_store_open(&store, dir, true, false, &err));
    OK(bf_store_begin_write(&txn, store, &err));
    return 0;
}

static int remove_store(void **state)
{
    (void)state;
    bf_txn_abort(&txn);
    bf_store_close(&store);
    fixture_remove(dir);
    return 0;
}

static bool same(const struct bf_feature_entry *a, const struct bf_feature_entry *b)
{
    return a->key == b->key && a->sketch == b->sketch && a->record == b->record &&
           a->time_ds == b->time_ds && a->x == b->x && a->y == b->y && a->scale == b->scale &&
           a->polarity == b->polarity;
}

struct wanted {
    uint32_t key;
    uint64_t sketch;
    unsigned max_distance;
    size_t n, stop_at;
    uint64_t last;
};

static bool visit(void *ctx, const struct bf_feature_entry *e, unsigned distance)
{
    struct wanted *w = ctx;
    uint64_t order = (uint64_t)e->record << 24 | e->time_ds;
    size_t i;

    assert_int_equal(e->key, w->key);
    assert_int_equal(distance, __builtin_popcountll(e->sketch ^ w->sketch));
    assert_true(distance <= w->max_distance);
    assert_true(w->n == 0 || order >= w->last);
    w->last = order;
    w->n++;
    for (i = 0; i < N_ENTRIES && !same(&entries[i], e); i++)
        ;
    assert_true(i < N_ENTRIES);
    return w->n != w->stop_at;
}

static size_t count(uint32_t key, uint64_t sketch, unsigned max_distance)
{
    size_t i, n = 0;

    for (i = 0; i < N_ENTRIES; i++)
        n += entries[i].key == key &&
             (unsigned)__builtin_popcountll(entries[i].sketch ^ sketch) <= max_distance;
    return n;
}

/* Keys of one entry, of some, and of thousands. */
static void as_the_list(void **state)
{
    static const uint32_t keys[] = {0, 1, 0xABCDEF, 0xFFFFFF};
    const uint64_t mask = (UINT64_C(1) << 40) - 1;
    struct bf_error err;
    size_t i, n_found = 0;
    enum bf_err rc;

    (void)state;
    for (i = 0; i < N_ENTRIES; i++)
        entries[i] = (struct bf_feature_entry){
            .key = i == 0 ? keys[0] : keys[1 + (i % 100 > 0) + (i % 100 > 3)],
            .sketch = i % 3 ? next_random() & mask : UINT64_C(0xFF00FF00FF) ^ i,
            .record = i % 2 ? UINT32_MAX - (uint32_t)i : (uint32_t)next_random(),
            .time_ds = i % 50 ? (uint32_t)next_random() & 0xFFFFFF : 0xFFFFFF,
            .x = (uint8_t)next_random(),
            .y = (uint8_t)next_random(),
            .scale = (uint8_t)next_random(),
            .polarity = (uint8_t)i,
        };
    do {
        for (i = 0, rc = BF_OK; i < N_ENTRIES && rc == BF_OK; i++)
            rc = bf_feature_index_put(txn, entries[i].record, &entries[i], &err);
        if (rc != BF_OK) {
            assert_true(bf_store_wants_retry(store));
            bf_txn_abort(&txn);
            OK(bf_store_begin_write(&txn, store, &err));
        }
    } while (rc != BF_OK);
    /* The same once more is one. */
    OK(bf_feature_index_put(txn, entries[7].record, &entries[7], &err));
    for (i = 0; i < 400; i++) {
        struct wanted w = {.key = i % 5 < 4 ? keys[i % 4] : 77,
                           .sketch = i % 2 ? entries[next_random() % N_ENTRIES].sketch
                                           : next_random() & mask,
                           .max_distance = (unsigned)(next_random() % 41)};
        size_t want = count(w.key, w.sketch, w.max_distance);

        OK(bf_feature_index_get(txn, w.key, w.sketch, w.max_distance, visit, &w, &err));
        assert_int_equal(w.n, want);
        n_found += want;
        if (want > 1) {
            w.n = 0;
            w.stop_at = 1 + next_random() % want;
            OK(bf_feature_index_get(txn, w.key, w.sketch, w.max_distance, visit, &w, &err));
            assert_int_equal(w.n, w.stop_at);
        }
    }
    assert_true(n_found > 10000);
}

static void limits(void **state)
{
    struct bf_feature_entry e = {.key = 0xFFFFFF, .time_ds = BF_FEATURE_TIME_MAX};
    struct bf_error err;

    (void)state;
    OK(bf_feature_index_put(txn, UINT32_MAX, &e, &err));
    assert_int_equal(bf_feature_index_put(txn, UINT64_C(1) << 32, &e, &err), BF_ERR_LIMIT);
    assert_non_null(strstr(err.text, "2^32 records"));
    e.time_ds++;
    assert_int_equal(bf_feature_index_put(txn, 0, &e, &err), BF_ERR_LIMIT);
    e.time_ds = 0;
    e.key++;
    assert_int_equal(bf_feature_index_put(txn, 0, &e, &err), BF_ERR_USAGE);
    e.key = 0;
    e.sketch = UINT64_C(1) << 40;
    assert_int_equal(bf_feature_index_put(txn, 0, &e, &err), BF_ERR_USAGE);
    assert_int_equal(bf_feature_index_get(txn, 0, e.sketch, 0, visit, NULL, &err), BF_ERR_USAGE);
}

static void damaged(void **state)
{
    static const size_t sizes[] = {1, 8, 15, 17, 40};
    const uint8_t key[3] = {0}, zeros[64] = {0};
    struct wanted w = {0};
    struct bf_error err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        OK(bf_txn_put(txn, BF_TABLE_FEATURES, key, sizeof key, zeros, sizes[i], &err));
        assert_int_equal(bf_feature_index_get(txn, 0, 0, 40, visit, &w, &err), BF_ERR_FORMAT);
        assert_non_null(strstr(err.text, "wrong size"));
        bf_txn_abort(&txn);
        OK(bf_store_begin_write(&txn, store, &err));
    }
    assert_int_equal(w.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_the_list, open_store, remove_store),
        cmocka_unit_test_setup_teardown(limits, open_store, remove_store),
        cmocka_unit_test_setup_teardown(damaged, open_store, remove_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
