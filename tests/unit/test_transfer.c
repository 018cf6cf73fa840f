#include "tests/unit/chain_fixture.h"

#include <fcntl.h>

static struct bf_key key, other;
static struct bf_ledger *l;
static char dir[64], base[64], to[96], file[96];

static bool check_blob(const uint8_t digest32[32], const void *p, size_t n)
{
    uint8_t hash[32];

    bf_sha256(hash, p, n);
    return memcmp(hash, digest32, 32) == 0;
}

static void put_blob(size_t n, int fill)
{
    uint8_t *p = malloc(n), digest[32];
    struct bf_error err;

    memset(p, fill, n);
    bf_sha256(digest, p, n);
    OK(bf_ledger_put_blob(l, digest, p, n, &err));
    free(p);
}

static int make(void **state)
{
    (void)state;
    fixture_key(&key, 1, "Example Newsroom");
    fixture_key(&other, 60, "Other");
    fixture_ledger(&l, dir, 12, 5, &key);
    fixture_append(l, 12, 1, 1, &other);
    put_blob(100, 1);
    put_blob(BF_BLOB_CHUNK + 7, 2);
    fixture_dir(base);
    snprintf(to, sizeof to, "%s/to", base);
    snprintf(file, sizeof file, "%s/export", base);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    bf_ledger_close(&l);
    fixture_remove(dir);
    fixture_remove(base);
    return 0;
}

static void export(void)
{
    struct bf_output *out = NULL;
    struct bf_error err;

    OK(bf_output_open(&out, file, BF_OUTPUT_FORCE, &err));
    OK(bf_ledger_export(l, out, NULL, &err));
    OK(bf_output_commit(out, &err));
    bf_output_close(&out);
}

struct after {
    uint64_t n;
    enum bf_err rc;
};

static enum bf_err after_record(void *ctx, struct bf_txn *t, uint64_t index,
                                const struct bf_record *r, struct bf_error *err)
{
    struct after *a = ctx;

    (void)t;
    assert_true(index == r->index);
    a->n++;
    return a->rc == BF_OK ? BF_OK : bf_error_set(err, a->rc, "hook");
}

static enum bf_err import(const char *into, uint64_t *n_new, struct after *a, struct bf_error *err)
{
    struct bf_import_hooks hooks = {check_blob, after_record, a};
    int fd = open(file, O_RDONLY);
    enum bf_err rc;

    assert_true(fd >= 0);
    rc = bf_ledger_import(into, fd, "export", n_new, &hooks, NULL, err);
    close(fd);
    return rc;
}

static void assert_same(const char *a_dir, uint64_t size)
{
    struct bf_ledger *copy = NULL;
    struct bf_audit audit;
    struct bf_error err;

    OK(bf_ledger_open(&copy, a_dir, true, &err));
    OK(bf_ledger_audit(&audit, copy, check_blob, NULL, &err));
    assert_true(audit.clean);
    assert_true(audit.n_records == size);
    assert_int_equal(audit.n_blobs, 2);
    assert_string_equal(bf_ledger_origin(copy), FIXTURE_ORIGIN);
    bf_ledger_close(&copy);
}

static void moved_and_extended(void **state)
{
    struct after a = {0};
    struct bf_error err;
    uint64_t n;

    (void)state;
    export();
    OK(import(to, &n, &a, &err));
    assert_true(n == 13 && a.n == 13);
    assert_same(to, 13);
    OK(import(to, &n, &a, &err));
    assert_true(n == 0);
    fixture_append(l, 13, 3000, 1500, &key);
    export();
    a.n = 0;
    OK(import(to, &n, &a, &err));
    assert_true(n == 3000 && a.n >= 3000);
    assert_same(to, 3013);
    /* what is there already brings nothing, and is no fork */
    OK(import(dir, &n, &a, &err));
    assert_true(n == 0);
}

static void forks_refused(void **state)
{
    struct bf_ledger *copy = NULL;
    struct after a = {0};
    struct bf_error err;
    uint64_t n;

    (void)state;
    export();
    OK(import(to, &n, &a, &err));
    OK(bf_ledger_open(&copy, to, false, &err));
    fixture_append(copy, 100, 1, 1, &key);
    bf_ledger_close(&copy);
    fixture_append(l, 13, 3, 1, &key);
    export();
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_EXISTS);
    assert_non_null(strstr(err.text, "record 13 of 'export' differs"));
    assert_true(n == 0);
    assert_same(to, 14);
}

static void other_ledger_refused(void **state)
{
    struct after a = {0};
    struct bf_error err;
    uint64_t n;

    (void)state;
    export();
    OK(bf_ledger_init(to, "example.net/other", &err));
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "example.net/other"));
}

static void hook_refuses(void **state)
{
    struct after a = {.rc = BF_ERR_USAGE};
    struct bf_ledger *copy = NULL;
    struct bf_audit audit;
    struct bf_error err;
    uint64_t n;

    (void)state;
    export();
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_USAGE);
    OK(bf_ledger_open(&copy, to, true, &err));
    OK(bf_ledger_audit(&audit, copy, check_blob, NULL, &err));
    assert_true(audit.clean && audit.n_records == 0);
    bf_ledger_close(&copy);
}

/* Every byte flipped and every length cut: refused, and nothing is written. */
static void damaged(void **state)
{
    struct bf_buf b = {0};
    struct after a = {0};
    struct bf_error err;
    struct stat st;
    uint64_t n;
    size_t i;
    int fd;

    (void)state;
    export();
    OK(bf_file_read(&b, file, 1 << 22, &err));
    for (i = 0; i<b.len; i += i> 300 && i < 262600 ? 997 : b.len > 200 && i > 262600 ? 13 : 1) {
        fd = open(file, O_WRONLY);
        b.data[i] ^= 0x04;
        assert_int_equal(pwrite(fd, b.data + i, 1, (off_t)i), 1);
        if (import(to, &n, &a, &err) != BF_ERR_FORMAT)
            fail_msg("byte %zu may be flipped: %s", i, err.text);
        b.data[i] ^= 0x04;
        assert_int_equal(pwrite(fd, b.data + i, 1, (off_t)i), 1);
        close(fd);
    }
    for (i = 0; i < b.len; i += 1 + b.len / 60) {
        assert_int_equal(truncate(file, (off_t)i), 0);
        assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
        fd = open(file, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, b.data, b.len), b.len);
        close(fd);
    }
    fd = open(file, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "something follows"));
    assert_int_equal(a.n, 0);
    assert_int_not_equal(stat(to, &st), 0);
    bf_buf_release(&b);
}

/* Write an export by hand: well-formed, with its hash, and not a ledger. */
static void put_export(const struct bf_buf *entries)
{
    struct bf_buf b = {0};
    uint8_t hash[32];
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    bf_buf_printf(&b, "bonafide-export/1\n" FIXTURE_ORIGIN "\n");
    bf_buf_append(&b, entries->data, entries->len);
    bf_buf_put_u8(&b, 'E');
    bf_sha256(hash, b.data, b.len);
    bf_buf_append(&b, hash, 32);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    close(fd);
    bf_buf_release(&b);
}

static void put_entry(struct bf_buf *out, char tag, const struct bf_buf *bytes)
{
    bf_buf_put_u8(out, (uint8_t)tag);
    bf_buf_put_be32(out, (uint32_t)bytes->len);
    bf_buf_append(out, bytes->data, bytes->len);
}

static void hostile(void **state)
{
    struct bf_buf entries = {0}, record = {0}, note = {0};
    struct bf_merkle m = {0};
    struct after a = {0};
    struct bf_error err;
    struct bf_record r;
    uint8_t root[32], prev[32] = {0};
    uint64_t n, i;

    (void)state;
    /* a length beyond the file, beyond every limit, of nothing */
    for (i = 0; i < 3; i++) {
        entries.len = 0;
        bf_buf_put_u8(&entries, 'B');
        bf_buf_append(&entries, prev, 32);
        bf_buf_put_be64(&entries, i == 0 ? UINT64_MAX : i == 1 ? 1 << 30 : 0);
        put_export(&entries);
        assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    }
    entries.len = 0;
    bf_buf_append(&entries, "R\xff\xff\xff\xff", 5);
    put_export(&entries);
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    /* the same file in two records: each is sound, the two together are not */
    entries.len = 0;
    for (i = 0; i < 2; i++) {
        fixture_record(&r, 5);
        r.index = i;
        memcpy(r.prev32, prev, 32);
        record.len = 0;
        OK(bf_record_encode(&record, &r, &key, &err));
        bf_record_hash(prev, record.data, record.len);
        bf_merkle_append(&m, prev, NULL, NULL);
        put_entry(&entries, 'R', &record);
    }
    put_export(&entries);
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "no checkpoint covers"));
    bf_merkle_root(root, &m);
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, 2, root, &key, &err));
    put_entry(&entries, 'C', &note);
    put_export(&entries);
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "of the same file"));
    /* a checkpoint twice, and one by a stranger */
    put_entry(&entries, 'C', &note);
    put_export(&entries);
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    entries.len = 0;
    fixture_record(&r, 5);
    record.len = note.len = 0;
    OK(bf_record_encode(&record, &r, &key, &err));
    m.n = 0;
    bf_record_hash(prev, record.data, record.len);
    bf_merkle_append(&m, prev, NULL, NULL);
    bf_merkle_root(root, &m);
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, 1, root, &other, &err));
    put_entry(&entries, 'R', &record);
    put_entry(&entries, 'C', &note);
    put_export(&entries);
    assert_int_equal(import(to, &n, &a, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "does not verify under any issuer"));
    /* an empty ledger is one */
    entries.len = 0;
    put_export(&entries);
    OK(import(to, &n, &a, &err));
    assert_true(n == 0);
    bf_buf_release(&entries);
    bf_buf_release(&record);
    bf_buf_release(&note);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(moved_and_extended), TEST(forks_refused), TEST(other_ledger_refused),
        TEST(hook_refuses),       TEST(damaged),       TEST(hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
