/*
 * The lookup index against brute force over the same codes.
 */
#include "tests/unit/chain_fixture.h"

#include "ledger/match/code_index.h"
#include "ledger/match/sketch.h"
#include "lib/base/bytes.h"

#define N_CODES 3000
#define N_RECORDS 60

static char dir[64];
static struct bf_store *store;
static struct bf_txn *txn;
static uint64_t seed;

static uint64_t next_random(void)
{
    uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void random_code(uint8_t code32[32])
{
    size_t i;

    for (i = 0; i < 32; i += 8) {
        uint64_t v = next_random();

        memcpy(code32 + i, &v, 8);
    }
}

/* Turn n different bits. */
static void disturb(uint8_t code32[32], unsigned n)
{
    uint8_t turned[32] = {0};

    while (n > 0) {
        unsigned bit = (unsigned)(next_random() % 256);

        if (turned[bit / 8] >> bit % 8 & 1)
            continue;
        turned[bit / 8] |= (uint8_t)(1u << bit % 8);
        code32[bit / 8] ^= (uint8_t)(1u << bit % 8);
        n--;
    }
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

static uint8_t codes[N_CODES][32];
static struct bf_code_entry entries[N_CODES];
static size_t n_codes;

/* Begins anew in a larger map where the store has grown full. */
static void file_codes(void)
{
    struct bf_error err;
    size_t i;

    for (i = 0; i < n_codes; i++) {
        entries[i] = (struct bf_code_entry){.record = i % N_RECORDS, .pts_us = (int64_t)i * 333333};
        memcpy(entries[i].code32, codes[i], 32);
    }
    for (;;) {
        enum bf_err rc = BF_OK;
        size_t take;

        /* One alone, some, the rest. */
        for (i = 0; i < n_codes && rc == BF_OK; i += take) {
            take = i == 0 ? 1 : i < 300 ? 77 : n_codes - i;
            rc = bf_code_index_put(txn, entries + i, take, &err);
        }
        if (rc == BF_OK)
            return;
        assert_true(bf_store_wants_retry(store));
        bf_txn_abort(&txn);
        OK(bf_store_begin_write(&txn, store, &err));
    }
}

static int by_distance(const void *a, const void *b)
{
    const struct bf_code_found *x = a, *y = b;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    return (x->pts_us > y->pts_us) - (x->pts_us < y->pts_us);
}

/* What is found is what brute force finds, in its order; cut to cap too. Returns how many. */
static size_t same_as_brute(const uint8_t code32[32])
{
    static struct bf_code_found want[N_CODES], found[N_CODES];
    struct bf_error err;
    size_t n_want = 0, n, i, cap;

    for (i = 0; i < n_codes; i++) {
        unsigned d = bf_code_distance(codes[i], code32);

        if (d <= BF_CODE_INDEX_DISTANCE)
            want[n_want++] = (struct bf_code_found){i % N_RECORDS, (int64_t)i * 333333, d};
    }
    qsort(want, n_want, sizeof want[0], by_distance);
    for (cap = N_CODES; cap > 0; cap /= 50) {
        OK(bf_code_index_lookup(found, cap, &n, txn, code32, &err));
        assert_int_equal(n, n_want < cap ? n_want : cap);
        for (i = 0; i < n; i++)
            assert_true(by_distance(&found[i], &want[i]) == 0);
    }
    return n_want;
}

static void exact_to_31_bits(void **state)
{
    uint8_t code32[32];
    unsigned d, k;

    (void)state;
    for (n_codes = 0; n_codes < N_CODES; n_codes++)
        random_code(codes[n_codes]);
    file_codes();
    for (d = 0; d <= BF_CODE_INDEX_DISTANCE; d++)
        for (k = 0; k < 40; k++) {
            memcpy(code32, codes[next_random() % N_CODES], 32);
            disturb(code32, d);
            assert_true(same_as_brute(code32) >= 1);
        }
    for (d = BF_CODE_INDEX_DISTANCE + 1; d < 40; d++) {
        memcpy(code32, codes[next_random() % N_CODES], 32);
        disturb(code32, d);
        same_as_brute(code32);
    }
    for (k = 0; k < 100; k++) {
        random_code(code32);
        same_as_brute(code32);
    }
}

/* Two bits in each slot but one, that has one: 31 bits, found by that slot alone. */
static void found_by_one_slot(void **state)
{
    uint8_t code32[32];
    unsigned s, alone;

    (void)state;
    n_codes = 500;
    for (s = 0; s < n_codes; s++)
        random_code(codes[s]);
    file_codes();
    for (alone = 0; alone < 16; alone++) {
        memcpy(code32, codes[alone], 32);
        for (s = 0; s < 16; s++) {
            code32[2 * s] ^= s == alone ? 0 : 0x10;
            code32[2 * s + 1] ^= 0x02;
        }
        assert_int_equal(bf_code_distance(code32, codes[alone]), 31);
        assert_int_equal(same_as_brute(code32), 1);
    }
}

/* A still that half of the videos show, and codes near to it: every one of them is found. */
static void over_full_keys(void **state)
{
    uint8_t still[32], code32[32];
    unsigned d;
    size_t i;

    (void)state;
    random_code(still);
    n_codes = N_CODES;
    for (i = 0; i < n_codes; i++) {
        memcpy(codes[i], still, 32);
        if (i % 4 == 1)
            disturb(codes[i], (unsigned)(next_random() % 20));
        else if (i % 4 == 3)
            random_code(codes[i]);
    }
    file_codes();
    assert_true(same_as_brute(still) >= N_CODES * 3 / 4);
    for (d = 0; d < 50; d++) {
        memcpy(code32, still, 32);
        disturb(code32, d);
        same_as_brute(code32);
    }
}

static void empty_and_committed(void **state)
{
    struct bf_code_entry e = {.record = UINT32_MAX, .pts_us = -40000};
    struct bf_code_found found[2];
    struct bf_error err;
    uint8_t code32[32];
    size_t n = 9;

    (void)state;
    random_code(code32);
    OK(bf_code_index_lookup(found, 2, &n, txn, code32, &err));
    assert_int_equal(n, 0);
    memcpy(e.code32, code32, 32);
    OK(bf_code_index_put(txn, &e, 1, &err));
    OK(bf_code_index_put(txn, NULL, 0, &err));
    OK(bf_txn_commit(&txn, &err));
    OK(bf_store_begin_read(&txn, store, &err));
    OK(bf_code_index_lookup(found, 2, &n, txn, code32, &err));
    assert_int_equal(n, 1);
    assert_true(found[0].record == UINT32_MAX && found[0].pts_us == -40000 &&
                found[0].distance == 0);
}

static void limits(void **state)
{
    const uint8_t last[4] = {255, 255, 255, 254};
    struct bf_code_entry e[2] = {{.record = 0}, {.record = UINT64_C(1) << 32}};
    struct bf_error err;
    uint8_t anchor[44] = {0};

    (void)state;
    assert_int_equal(bf_code_index_put(txn, e, 2, &err), BF_ERR_LIMIT);
    assert_non_null(strstr(err.text, "2^32 records"));
    assert_int_equal(bf_code_index_add(txn, UINT64_MAX, "x", 1, &err), BF_ERR_LIMIT);
    OK(bf_txn_put(txn, BF_TABLE_ANCHORS, last, 4, anchor, sizeof anchor, &err));
    e[1].record = 0;
    assert_int_equal(bf_code_index_put(txn, e, 2, &err), BF_ERR_LIMIT);
    assert_non_null(strstr(err.text, "2^32 frames"));
    OK(bf_code_index_put(txn, e, 1, &err));
    assert_int_equal(bf_code_index_put(txn, e, 1, &err), BF_ERR_LIMIT);
    assert_non_null(strstr(err.text, "2^32 frames"));
}

static void damaged(void **state)
{
    static const struct {
        size_t posting, frame_key, anchor; /* sizes; 0: not there */
        const char *text;
    } cases[] = {
        {16, 4, 44, "posting has a wrong size"}, {24, 4, 44, "posting has a wrong size"},
        {1, 4, 44, "posting has a wrong size"},  {8, 0, 0, "is not there"},
        {8, 4, 43, "frame has a wrong size"},    {8, 4, 1, "frame has a wrong size"},
    };
    struct bf_error err;
    uint8_t zeros[64] = {0}, key[3] = {0};
    struct bf_code_entry e = {0};
    struct bf_code_found found;
    size_t i, n;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OK(bf_txn_put(txn, BF_TABLE_CODES, key, sizeof key, zeros, cases[i].posting, &err));
        if (cases[i].frame_key > 0)
            OK(bf_txn_put(txn, BF_TABLE_ANCHORS, zeros, cases[i].frame_key, zeros, cases[i].anchor,
                          &err));
        n = 9;
        assert_int_equal(bf_code_index_lookup(&found, 1, &n, txn, zeros, &err), BF_ERR_FORMAT);
        assert_int_equal(n, 0);
        if (strstr(err.text, cases[i].text) == NULL)
            fail_msg("case %zu: %s", i, err.text);
        bf_txn_abort(&txn);
        OK(bf_store_begin_write(&txn, store, &err));
    }
    OK(bf_txn_put(txn, BF_TABLE_ANCHORS, zeros, 8, zeros, 32, &err));
    assert_int_equal(bf_code_index_put(txn, &e, 1, &err), BF_ERR_FORMAT);
}

/* Postings near to the sketch in every way, so that each bound is met from both sides. */
static void scans_agree(void **state)
{
    uint8_t postings[256 * BF_POSTING_SIZE], sketch4[BF_SKETCH_SIZE];
    uint32_t a[256], b[256];
    unsigned round, i, found = 0, sum = 0;

    (void)state;
    for (round = 0; round < 400; round++) {
        size_t n = next_random() % 257, n_a, n_b;

        for (i = 0; i < sizeof postings; i++)
            postings[i] = (uint8_t)(next_random() & next_random() & next_random());
        for (i = 0; i < sizeof sketch4; i++)
            sketch4[i] = (uint8_t)(next_random() & next_random() & next_random());
        n_a = bf_sketch_scan(a, postings, n, sketch4, round % 2);
        n_b = bf_sketch_scan_plain(b, postings, n, sketch4, round % 2);
        assert_int_equal(n_a, n_b);
        assert_memory_equal(a, b, n_a * sizeof a[0]);
        found += (unsigned)n_a;
        sum += (unsigned)n;
    }
    assert_true(found > 100 && found < sum / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exact_to_31_bits, open_store, remove_store),
        cmocka_unit_test_setup_teardown(found_by_one_slot, open_store, remove_store),
        cmocka_unit_test_setup_teardown(over_full_keys, open_store, remove_store),
        cmocka_unit_test_setup_teardown(empty_and_committed, open_store, remove_store),
        cmocka_unit_test_setup_teardown(limits, open_store, remove_store),
        cmocka_unit_test_setup_teardown(damaged, open_store, remove_store),
        cmocka_unit_test(scans_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
