#include "tests/unit/ledger_fixture.h"

/* Puts a value into a table behind the ledger's back. */
static void spoil(enum bf_table table, const void *k, size_t k_len, const void *p, size_t n)
{
    struct bf_txn *t = NULL;
    struct bf_error err;

    OK(bf_store_begin_write(&t, bf_ledger_store(l), &err));
    if (p != NULL)
        OK(bf_txn_put(t, table, k, k_len, p, n, &err));
    else
        OK(bf_txn_del(t, table, k, k_len, &err));
    OK(bf_txn_commit(&t, &err));
}

/* Changes byte at of an entry, and says what it was. */
static void flip(enum bf_table table, const void *k, size_t k_len, size_t at)
{
    struct bf_buf b = {0};
    struct bf_txn *t = NULL;
    struct bf_error err;
    const void *p;
    size_t n;

    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_txn_get(t, table, k, k_len, &p, &n, &err));
    bf_buf_append(&b, p, n);
    bf_txn_abort(&t);
    b.data[at % n] ^= 0x10;
    spoil(table, k, k_len, b.data, n);
    bf_buf_release(&b);
}

static void finds_bad_records(void **state)
{
    struct bf_audit a;
    uint8_t index[8];
    uint64_t i;

    (void)state;
    for (i = 0; i < 20; i += 3) {
        size_t at;

        bf_put_be64(index, i);
        for (at = 0; at < 400; at += 37) {
            flip(BF_TABLE_RECORDS, index, 8, at);
            audit(&a);
            assert_false(a.clean);
            assert_true(a.has_bad_record);
            assert_true(a.bad_record == i);
            flip(BF_TABLE_RECORDS, index, 8, at);
        }
    }
    assert_clean(20);
    bf_put_be64(index, 11);
    spoil(BF_TABLE_RECORDS, index, 8, NULL, 0);
    audit(&a);
    assert_true(!a.clean && a.has_bad_record && a.bad_record == 11);
    assert_string_equal(a.why.text, "record 11: it is missing");
}

/* A record that somebody signed anew in its place is not what the tree was made of. */
static void finds_replaced_records(void **state)
{
    struct bf_audit a;
    struct bf_txn *t = NULL;
    struct bf_record r;
    struct bf_buf b = {0};
    struct bf_error err;
    uint8_t index[8];
    const void *p;
    size_t n;

    (void)state;
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_ledger_record(t, 9, &p, &n, &err));
    OK(bf_record_decode(&r, p, n, &err));
    bf_txn_abort(&t);
    snprintf(r.title, sizeof r.title, "another");
    OK(bf_record_encode(&b, &r, &key, &err));
    bf_put_be64(index, 9);
    spoil(BF_TABLE_RECORDS, index, 8, b.data, b.len);
    audit(&a);
    assert_true(!a.clean && a.has_bad_record && a.bad_record == 9);
    bf_buf_release(&b);
}

static void finds_bad_tables(void **state)
{
    struct bf_audit a;
    struct bf_record r;
    struct bf_buf note = {0};
    struct bf_error err;
    uint8_t index[8], hash[32], node[BF_NODE_KEY_SIZE], root[32];
    unsigned level;

    (void)state;
    for (level = 0; level < 5; level++) {
        bf_node_key(node, level, (uint64_t)(9 >> level));
        if (level == 4)
            bf_node_key(node, 4, 0);
        flip(BF_TABLE_NODES, node, sizeof node, 7);
        audit(&a);
        assert_false(a.clean);
        assert_int_equal(a.has_bad_record, level == 0);
        flip(BF_TABLE_NODES, node, sizeof node, 7);
    }
    fixture_record(&r, 6);
    flip(BF_TABLE_BY_FILE, r.file32, 32, 7);
    audit(&a);
    assert_true(!a.clean && a.bad_record == 6);
    flip(BF_TABLE_BY_FILE, r.file32, 32, 7);
    spoil(BF_TABLE_BY_FRAMES, r.frames32, 32, NULL, 0);
    audit(&a);
    assert_true(!a.clean && a.bad_record == 6);
    bf_put_be64(index, 6);
    spoil(BF_TABLE_BY_FRAMES, r.frames32, 32, index, 8);
    assert_clean(20);
    /* what no record accounts for */
    fixture_hash32(hash, "stray", 0);
    spoil(BF_TABLE_BY_HASH, hash, 32, index, 8);
    audit(&a);
    assert_true(!a.clean && !a.has_bad_record);
    spoil(BF_TABLE_BY_HASH, hash, 32, NULL, 0);
    /* checkpoints: a byte, a size that is not there, a stranger's key, none over the end */
    bf_put_be64(index, 14);
    flip(BF_TABLE_CHECKPOINTS, index, 8, 30);
    audit(&a);
    assert_false(a.clean);
    assert_non_null(strstr(a.why.text, "checkpoint of size 14"));
    flip(BF_TABLE_CHECKPOINTS, index, 8, 30);
    assert_clean(20);
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, 40, hash, &key, &err));
    bf_put_be64(index, 40);
    spoil(BF_TABLE_CHECKPOINTS, index, 8, note.data, note.len);
    audit(&a);
    assert_false(a.clean);
    spoil(BF_TABLE_CHECKPOINTS, index, 8, NULL, 0);
    bf_put_be64(index, 20);
    {
        struct bf_txn *t = NULL;
        uint64_t size;

        OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
        OK(bf_ledger_size(t, &size, root, &err));
        bf_txn_abort(&t);
    }
    note.len = 0;
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, 20, root, &other, &err));
    spoil(BF_TABLE_CHECKPOINTS, index, 8, note.data, note.len);
    audit(&a);
    assert_non_null(strstr(a.why.text, "does not verify under any issuer"));
    spoil(BF_TABLE_CHECKPOINTS, index, 8, NULL, 0);
    audit(&a);
    assert_string_equal(a.why.text, "no checkpoint covers the last record");
    bf_buf_release(&note);
}

static void finds_bad_blobs(void **state)
{
    static uint8_t p[BF_BLOB_CHUNK + 100];
    uint8_t digest[32], chunk[BF_CHUNK_KEY_SIZE];
    struct bf_error err;
    struct bf_audit a;

    (void)state;
    bf_sha256(digest, p, sizeof p);
    OK(bf_ledger_put_blob(l, digest, p, sizeof p, &err));
    assert_clean(20);
    bf_chunk_key(chunk, digest, 1);
    flip(BF_TABLE_BLOBS, chunk, sizeof chunk, 50);
    audit(&a);
    assert_non_null(strstr(a.why.text, "do not belong"));
    flip(BF_TABLE_BLOBS, chunk, sizeof chunk, 50);
    assert_clean(20);
    spoil(BF_TABLE_BLOBS, chunk, sizeof chunk, NULL, 0);
    audit(&a);
    assert_non_null(strstr(a.why.text, "is missing"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_some, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_bad_records),
        TEST(finds_replaced_records),
        TEST(finds_bad_tables),
        TEST(finds_bad_blobs),
    };

    return cmocka_run_group_tests(tests, keys, NULL);
}
