/*
 * Values of many keys: past the map, as a read transaction gets them, against LMDB's own cursor, as
 * a write transaction does.
 */
#include "tests/unit/chain_fixture.h"

#include <fcntl.h>

#include "ledger/chain/store.h"
#include "lib/base/file.h"

static char base[64], dir[96];
static struct bf_store *s;
static uint32_t seed;

static uint32_t next_random(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static int make_store(void **state)
{
    struct bf_error err;

    (void)state;
    seed = 7;
    fixture_dir(base);
    snprintf(dir, sizeof dir, "%s/a", base);
    OK(bf_store_open(&s, dir, true, false, &err));
    return 0;
}

static int remove_store(void **state)
{
    (void)state;
    bf_store_close(&s);
    fixture_remove(dir);
    fixture_remove(base);
    return 0;
}

enum { N_KEYS = 6000 };

static void key_of(uint8_t *key, size_t key_len, size_t i)
{
    uint8_t full[8];

    bf_put_be64(full, (uint64_t)i * 2);
    memcpy(key, full + 8 - key_len, key_len);
}

/* Of most keys a few values, of some a page of them, of one a deep tree. */
static size_t values_of(size_t i)
{
    if (i == 77)
        return 160000;
    return i % 1000 == 5 ? 5000 : i % 100 == 3 ? 600 : i % 10 == 9 ? 60 : i % 4 + 1;
}

static void fill(size_t key_len, size_t size)
{
    uint8_t key[8], value[40] = {0};
    struct bf_txn *t = NULL;
    struct bf_error err;
    enum bf_err rc;
    size_t i, k;

    do {
        OK(bf_store_begin_write(&t, s, &err));
        rc = BF_OK;
        for (i = 0; i < N_KEYS && rc == BF_OK; i++)
            for (k = 0; k < values_of(i) && rc == BF_OK; k++) {
                key_of(key, key_len, i);
                bf_put_be32(value, (uint32_t)(k * 2654435761u));
                rc = bf_txn_put(t, BF_TABLE_CODES, key, key_len, value, size, &err);
            }
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, &err);
        bf_txn_abort(&t);
    } while (rc == BF_ERR_LIMIT && bf_store_wants_retry(s));
    OK(rc);
}

struct sums {
    uint64_t n, stop_at;
    uint64_t of[64];
};

static bool add(void *ctx, size_t i, const void *values, size_t size, size_t n)
{
    struct sums *c = ctx;
    const uint8_t *p = values;
    size_t k;

    assert_true(i < 64);
    for (k = 0; k < n; k++)
        c->of[i] += (uint64_t)bf_get_be32(p + k * size) * 3 + size;
    c->n += n;
    return c->n < c->stop_at;
}

static void compare(size_t key_len, bool ordered)
{
    struct sums ours = {.stop_at = UINT64_MAX}, theirs = {.stop_at = UINT64_MAX};
    uint8_t keys[64 * 8];
    struct bf_txn *w = NULL, *r = NULL;
    struct bf_error err;
    size_t n = 1 + next_random() % 64, i, at = next_random() % N_KEYS;

    for (i = 0; i < n; i++) {
        at = ordered ? at + next_random() % 4 : next_random() % (N_KEYS + 50);
        key_of(keys + i * key_len, key_len, at);
        if (next_random() % 5 == 0)
            keys[(i + 1) * key_len - 1] |= 1; /* none has this key */
    }
    OK(bf_store_begin_write(&w, s, &err));
    OK(bf_txn_dups_of(w, BF_TABLE_CODES, keys, key_len, n, add, &theirs, &err));
    bf_txn_abort(&w);
    OK(bf_store_begin_read(&r, s, &err));
    OK(bf_txn_dups_of(r, BF_TABLE_CODES, keys, key_len, n, add, &ours, &err));
    assert_true(ours.n == theirs.n);
    assert_memory_equal(ours.of, theirs.of, sizeof ours.of);
    if (ours.n > 1) {
        struct sums cut = {.stop_at = 1};

        OK(bf_txn_dups_of(r, BF_TABLE_CODES, keys, key_len, n, add, &cut, &err));
        assert_true(cut.n >= 1 && cut.n <= ours.n);
    }
    bf_txn_abort(&r);
}

static void as_the_cursor(size_t key_len, size_t size)
{
    struct bf_txn *r = NULL;
    struct bf_error err;
    struct sums none = {.stop_at = UINT64_MAX};
    unsigned round;

    OK(bf_store_begin_read(&r, s, &err));
    OK(bf_txn_dups_of(r, BF_TABLE_CODES, "abcdefgh", key_len, 1, add, &none, &err));
    bf_txn_abort(&r);
    assert_true(none.n == 0);
    fill(key_len, size);
    for (round = 0; round < 400; round++)
        compare(key_len, round % 2);
}

static void short_keys(void **state)
{
    (void)state;
    as_the_cursor(3, 8);
}

static void long_keys(void **state)
{
    (void)state;
    as_the_cursor(8, 40);
}

/* The snapshot stays, whatever is committed meanwhile. */
static void snapshot(void **state)
{
    struct sums before = {.stop_at = UINT64_MAX}, after = {.stop_at = UINT64_MAX};
    struct bf_txn *r = NULL;
    struct bf_error err;
    uint8_t keys[2 * 3];

    (void)state;
    fill(3, 8);
    key_of(keys, 3, 77);
    key_of(keys + 3, 3, 100);
    OK(bf_store_begin_read(&r, s, &err));
    OK(bf_txn_dups_of(r, BF_TABLE_CODES, keys, 3, 2, add, &before, &err));
    bf_txn_abort(&r);
    OK(bf_store_begin_read(&r, s, &err));
    {
        struct bf_txn *w = NULL;

        OK(bf_store_begin_write(&w, s, &err));
        OK(bf_txn_del(w, BF_TABLE_CODES, keys, 3, &err));
        OK(bf_txn_put(w, BF_TABLE_CODES, keys + 3, 3, "changed!", 8, &err));
        OK(bf_txn_commit(&w, &err));
    }
    OK(bf_txn_dups_of(r, BF_TABLE_CODES, keys, 3, 2, add, &after, &err));
    bf_txn_abort(&r);
    assert_memory_equal(&before, &after, sizeof before);
}

static long mapped_kb(void)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    long kb = 0;

    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "RssFile:", 8) == 0)
            kb = strtol(line + 8, NULL, 10);
    fclose(f);
    return kb;
}

/* What was read stays where it is, and less of the map is in memory. */
static void trimmed(void **state)
{
    static uint8_t big[3 << 20];
    struct bf_txn *t = NULL;
    struct bf_error err;
    enum bf_err rc;
    const void *p;
    long before;
    size_t n, i;

    (void)state;
    for (i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)next_random();
    do {
        OK(bf_store_begin_write(&t, s, &err));
        rc = bf_txn_put(t, BF_TABLE_BLOBS, "k", 1, big, sizeof big, &err);
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, &err);
        bf_txn_abort(&t);
    } while (rc == BF_ERR_LIMIT && bf_store_wants_retry(s));
    OK(rc);
    OK(bf_store_begin_read(&t, s, &err));
    OK(bf_txn_get(t, BF_TABLE_BLOBS, "k", 1, &p, &n, &err));
    assert_true(n == sizeof big && memcmp(p, big, n) == 0);
    bf_store_trim(s, SIZE_MAX);
    before = mapped_kb();
    bf_store_trim(bf_txn_store(t), 0);
    assert_true(mapped_kb() < before - 2000);
    assert_memory_equal(p, big, n);
    bf_txn_abort(&t);
}

static bool touch(void *ctx, size_t i, const void *values, size_t size, size_t n)
{
    const uint8_t *p = values;
    uint64_t *sum = ctx;
    size_t k;

    for (k = 0; k < size * n; k++)
        *sum += p[k] + i;
    return true;
}

/* Pages written over under an open transaction: an error or other values, never a fall. */
static void damaged(void **state)
{
    char path[128];
    struct bf_buf good = {0};
    struct bf_error err;
    unsigned round, n_refused = 0;
    uint64_t sum = 0;
    int fd;

    (void)state;
    fill(3, 8);
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    OK(bf_file_read(&good, path, 1 << 26, &err));
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (round = 0; round < 60; round++) {
        struct bf_txn *r = NULL;
        uint8_t key[3], byte;
        size_t i, page, k;

        /* LMDB is left the table's root, found before the damage. */
        OK(bf_store_begin_read(&r, s, &err));
        key_of(key, 3, 0);
        OK(bf_txn_dups_of(r, BF_TABLE_CODES, key, 3, 1, touch, &sum, &err));
        for (page = 2; page < good.len / 4096; page++)
            for (k = 0; k < 3; k++) {
                byte = (uint8_t)next_random();
                if (next_random() % 2)
                    assert_int_equal(
                        pwrite(fd, &byte, 1,
                               (off_t)(page * 4096 + next_random() % (round % 2 ? 4096 : 40))),
                        1);
            }
        for (i = 0; i < N_KEYS; i += 13) {
            key_of(key, 3, i);
            if (bf_txn_dups_of(r, BF_TABLE_CODES, key, 3, 1, touch, &sum, &err) != BF_OK) {
                assert_int_equal(err.code, BF_ERR_FORMAT);
                n_refused++;
            }
        }
        bf_txn_abort(&r);
        assert_int_equal(pwrite(fd, good.data, good.len, 0), (ssize_t)good.len);
    }
    close(fd);
    bf_buf_release(&good);
    assert_true(n_refused > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(short_keys, make_store, remove_store),
        cmocka_unit_test_setup_teardown(long_keys, make_store, remove_store),
        cmocka_unit_test_setup_teardown(snapshot, make_store, remove_store),
        cmocka_unit_test_setup_teardown(trimmed, make_store, remove_store),
        cmocka_unit_test_setup_teardown(damaged, make_store, remove_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
