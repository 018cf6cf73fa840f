#include "tests/unit/chain_fixture.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "ledger/chain/store.h"
#include "ledger/chain/store_check.h"

static char base[64], dir[96];

static int make_dir(void **state)
{
    (void)state;
    fixture_dir(base);
    snprintf(dir, sizeof dir, "%s/a", base);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    fixture_remove(dir);
    fixture_remove(base);
    return 0;
}

static const char *data_file(void)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/data.mdb", dir);
    return path;
}

/* Put n values of size bytes, growing as needed. */
static void fill(struct bf_store *s, enum bf_table table, uint64_t from, uint64_t n, size_t size)
{
    uint8_t *value = malloc(size), key[8];
    struct bf_txn *t = NULL;
    struct bf_error err;
    enum bf_err rc;
    uint64_t i;

    memset(value, 'v', size);
    do {
        OK(bf_store_begin_write(&t, s, &err));
        rc = BF_OK;
        for (i = from; rc == BF_OK && i < from + n; i++) {
            bf_put_be64(key, i);
            rc = bf_txn_put(t, table, key, 8, value, size, &err);
        }
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, &err);
        bf_txn_abort(&t);
    } while (rc == BF_ERR_LIMIT && bf_store_wants_retry(s));
    OK(rc);
    free(value);
}

static void created_once(void **state)
{
    struct bf_store *s = NULL;
    struct bf_error err;
    struct bf_txn *t = NULL;
    struct stat st;
    const void *p;
    size_t n;

    (void)state;
    assert_int_equal(bf_store_open(&s, dir, false, false, &err), BF_ERR_NOT_FOUND);
    OK(bf_store_open(&s, dir, true, false, &err));
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    fill(s, BF_TABLE_META, 0, 1, 1);
    bf_store_close(&s);
    assert_int_equal(bf_store_open(&s, dir, true, false, &err), BF_ERR_EXISTS);
    assert_null(s);
    OK(bf_store_open(&s, dir, false, true, &err));
    assert_int_equal(bf_store_begin_write(&t, s, &err), BF_ERR_USAGE);
    OK(bf_store_begin_read(&t, s, &err));
    assert_int_equal(bf_txn_get(t, BF_TABLE_META, "none", 4, &p, &n, &err), BF_ERR_NOT_FOUND);
    bf_txn_abort(&t);
    bf_txn_abort(&t);
    bf_store_close(&s);
    bf_store_close(&s);
}

static void aborted(void **state)
{
    struct bf_store *s = NULL;
    struct bf_error err;
    struct bf_txn *t = NULL;
    uint64_t n;

    (void)state;
    OK(bf_store_open(&s, dir, true, false, &err));
    OK(bf_store_begin_write(&t, s, &err));
    OK(bf_txn_put(t, BF_TABLE_META, "k", 1, "v", 1, &err));
    bf_txn_abort(&t);
    OK(bf_store_begin_read(&t, s, &err));
    OK(bf_txn_count(t, BF_TABLE_META, &n, &err));
    assert_true(n == 0);
    bf_txn_abort(&t);
    bf_store_close(&s);
}

struct seen {
    uint64_t n, last;
    bool ordered;
    uint64_t stop_at;
};

static bool visit(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct seen *s = ctx;
    uint64_t v = bf_get_be64(key);

    (void)p, (void)n;
    assert_int_equal(key_len, 8);
    s->ordered &= s->n == 0 || v > s->last;
    s->last = v;
    return ++s->n != s->stop_at;
}

static bool visit_dups(void *ctx, const void *values, size_t size, size_t n)
{
    struct seen *s = ctx;
    const uint8_t *p = values;
    size_t i;

    assert_int_equal(size, 8);
    for (i = 0; i < n; i++) {
        uint64_t v = bf_get_be64(p + 8 * i);

        s->ordered &= s->n == 0 || v > s->last;
        s->last = v;
        s->n++;
    }
    return s->n < s->stop_at;
}

static void walks(void **state)
{
    static const uint64_t counts[] = {1, 2, 100, 511, 3000};
    struct bf_store *s = NULL;
    struct bf_error err;
    struct bf_txn *t = NULL;
    const void *key, *p;
    uint8_t from[8], value[8];
    uint64_t n, i, k;
    size_t key_len, len;

    (void)state;
    OK(bf_store_open(&s, dir, true, false, &err));
    fill(s, BF_TABLE_RECORDS, 0, 1000, 10);
    OK(bf_store_begin_write(&t, s, &err));
    for (k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        bf_put_be64(from, k);
        for (i = counts[k]; i-- > 0;) {
            bf_put_be64(value, i);
            OK(bf_txn_put(t, BF_TABLE_CODES, from, 8, value, 8, &err));
        }
    }
    OK(bf_txn_commit(&t, &err));
    OK(bf_store_begin_read(&t, s, &err));
    {
        struct seen all = {.ordered = true}, some = {.ordered = true, .stop_at = 5},
                    late = {.ordered = true};

        OK(bf_txn_each(t, BF_TABLE_RECORDS, NULL, 0, visit, &all, &err));
        assert_true(all.n == 1000 && all.ordered && all.last == 999);
        bf_put_be64(from, 990);
        OK(bf_txn_each(t, BF_TABLE_RECORDS, from, 8, visit, &some, &err));
        assert_true(some.n == 5 && some.last == 994);
        bf_put_be64(from, 5000);
        OK(bf_txn_each(t, BF_TABLE_RECORDS, from, 8, visit, &late, &err));
        assert_true(late.n == 0);
    }
    for (k = 0; k <= sizeof counts / sizeof counts[0]; k++) {
        struct seen d = {.ordered = true, .stop_at = UINT64_MAX};

        bf_put_be64(from, k);
        OK(bf_txn_dups(t, BF_TABLE_CODES, from, 8, visit_dups, &d, &err));
        assert_true(d.ordered);
        assert_true(d.n == (k < sizeof counts / sizeof counts[0] ? counts[k] : 0));
    }
    OK(bf_txn_last(t, BF_TABLE_RECORDS, &key, &key_len, &p, &len, &err));
    assert_true(bf_get_be64(key) == 999 && len == 10);
    assert_int_equal(bf_txn_last(t, BF_TABLE_META, &key, &key_len, &p, &len, &err),
                     BF_ERR_NOT_FOUND);
    bf_txn_abort(&t);
    OK(bf_store_begin_write(&t, s, &err));
    bf_put_be64(from, 4);
    OK(bf_txn_del(t, BF_TABLE_CODES, from, 8, &err));
    assert_int_equal(bf_txn_del(t, BF_TABLE_CODES, from, 8, &err), BF_ERR_NOT_FOUND);
    OK(bf_txn_count(t, BF_TABLE_CODES, &n, &err));
    assert_true(n == 1 + 2 + 100 + 511);
    OK(bf_txn_commit(&t, &err));
    OK(bf_store_check(s, &err));
    bf_store_close(&s);
}

/* The map starts at 1 MiB; another process that holds it follows when it has grown. */
static void grows(void **state)
{
    struct bf_store *s = NULL;
    struct bf_error err;
    struct bf_txn *t = NULL;
    uint64_t n = 0;
    int status = 1;
    pid_t child;

    (void)state;
    OK(bf_store_open(&s, dir, true, false, &err));
    fill(s, BF_TABLE_META, 0, 1, 1);
    child = fork();
    if (child == 0) {
        struct bf_store *mine = NULL;

        if (bf_store_open(&mine, dir, false, false, &err) != BF_OK)
            _exit(2);
        fill(mine, BF_TABLE_BLOBS, 0, 40, 100000);
        bf_store_close(&mine);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    OK(bf_store_begin_read(&t, s, &err));
    OK(bf_txn_count(t, BF_TABLE_BLOBS, &n, &err));
    assert_true(n == 40);
    bf_txn_abort(&t);
    fill(s, BF_TABLE_BLOBS, 40, 60, 100000);
    OK(bf_store_check(s, &err));
    bf_store_close(&s);
}

static void damaged(void **state)
{
    struct bf_store *s = NULL;
    struct bf_error err;
    struct stat st;
    off_t sizes[6];
    size_t i;
    int fd;

    (void)state;
    OK(bf_store_open(&s, dir, true, false, &err));
    fill(s, BF_TABLE_META, 0, 1, 1);
    fill(s, BF_TABLE_RECORDS, 0, 500, 400);
    bf_store_close(&s);
    assert_int_equal(stat(data_file(), &st), 0);
    sizes[0] = st.st_size - 1;
    sizes[1] = st.st_size - 4096;
    sizes[2] = 8192;
    sizes[3] = 4096;
    sizes[4] = 100;
    sizes[5] = 1;
    for (i = 0; i < 6; i++) {
        assert_int_equal(truncate(data_file(), sizes[i]), 0);
        if (bf_store_open(&s, dir, false, i % 2, &err) != BF_ERR_FORMAT)
            fail_msg("cut to %lld bytes: %s", (long long)sizes[i], err.text);
        assert_non_null(strstr(err.text, "is damaged"));
    }
    /* nothing in it is nothing there */
    assert_int_equal(truncate(data_file(), 0), 0);
    assert_int_equal(bf_store_open(&s, dir, false, false, &err), BF_ERR_NOT_FOUND);
    fd = open(data_file(), O_WRONLY);
    for (i = 0; i < 20000; i++)
        assert_int_equal(write(fd, "garbage", 7), 7);
    close(fd);
    assert_int_equal(bf_store_open(&s, dir, false, false, &err), BF_ERR_FORMAT);
    unlink(data_file());
    assert_int_equal(mkdir(data_file(), 0700), 0);
    assert_int_equal(bf_store_open(&s, dir, false, false, &err), BF_ERR_FORMAT);
    rmdir(data_file());
}

/* Pages that something wrote over, at random: never a crash, whatever the answer. */
static void written_over(void **state)
{
    struct bf_store *s = NULL;
    struct bf_error err;
    struct bf_buf good = {0};
    uint32_t seed = 12345;
    unsigned round, n_refused = 0;

    (void)state;
    OK(bf_store_open(&s, dir, true, false, &err));
    fill(s, BF_TABLE_META, 0, 1, 1);
    fill(s, BF_TABLE_RECORDS, 0, 300, 400);
    fill(s, BF_TABLE_CODES, 0, 300, 8);
    fill(s, BF_TABLE_BY_FRAMES, 0, 300, 8);
    fill(s, BF_TABLE_BLOBS, 0, 5, 20000);
    bf_store_close(&s);
    OK(bf_file_read(&good, data_file(), 1 << 24, &err));
    for (round = 0; round < 200; round++) {
        struct seen all = {.ordered = true};
        struct bf_txn *t = NULL;
        int fd, k;

        fd = open(data_file(), O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, good.data, good.len), good.len);
        for (k = 0; k < 8; k++) {
            uint8_t byte;

            seed = seed * 1664525 + 1013904223;
            byte = (uint8_t)(seed >> 24);
            /* heads and tails of pages, where structure is */
            assert_int_equal(
                pwrite(fd, &byte, 1,
                       (off_t)((seed >> 8) % (good.len / 4096) * 4096 + (seed >> 4) % 64)),
                1);
        }
        close(fd);
        if (bf_store_open(&s, dir, false, true, &err) != BF_OK) {
            n_refused++;
            continue;
        }
        if (bf_store_begin_read(&t, s, &err) == BF_OK)
            bf_txn_each(t, BF_TABLE_RECORDS, NULL, 0, visit, &all, &err);
        bf_txn_abort(&t);
        bf_store_close(&s);
    }
    assert_true(n_refused > 100);
    bf_buf_release(&good);
}

/* A writer killed right after its commit may leave pages unwritten that its header counts and
 * nothing uses. */
static void short_and_whole(void **state)
{
    /* mm_last_pg behind the page's head, magic, version, address, map size and two trees */
    enum { LAST_PAGE_AT = 16 + 24 + 96, PAGE = 4096 };
    struct bf_store *s = NULL;
    struct bf_txn *t = NULL;
    struct bf_error err = {0};
    uint64_t n, last;
    int fd, meta, round;

    (void)state;
    OK(bf_store_open(&s, dir, true, false, &err));
    fill(s, BF_TABLE_RECORDS, 0, 50, 100);
    bf_store_close(&s);
    fd = open(data_file(), O_RDWR);
    assert_true(fd >= 0);
    for (meta = 0; meta < 2; meta++) {
        assert_int_equal(pread(fd, &last, sizeof last, meta * PAGE + LAST_PAGE_AT), sizeof last);
        last += 3;
        assert_int_equal(pwrite(fd, &last, sizeof last, meta * PAGE + LAST_PAGE_AT), sizeof last);
    }
    close(fd);
    for (round = 0; round < 3; round++) {
        OK(bf_store_open(&s, dir, false, round != 1, &err));
        OK(bf_store_begin_read(&t, s, &err));
        OK(bf_txn_count(t, BF_TABLE_RECORDS, &n, &err));
        assert_int_equal(n, round < 2 ? 50 : 60);
        bf_txn_abort(&t);
        if (round == 1)
            fill(s, BF_TABLE_RECORDS, 50, 10, 100);
        bf_store_close(&s);
    }
}

static void refused_places(void **state)
{
    struct bf_store *s = NULL;
    struct bf_error err;

    (void)state;
    assert_int_equal(bf_store_open(&s, "/dev/null/x", true, false, &err), BF_ERR_IO);
    assert_int_equal(bf_store_open(&s, "/proc/bonafide", true, false, &err), BF_ERR_IO);
    assert_non_null(strstr(err.text, "cannot make the folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(created_once, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(aborted, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(walks, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(grows, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(damaged, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(written_over, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(short_and_whole, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(refused_places, make_dir, remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
