#include "tests/unit/ledger_fixture.h"

#include <sys/wait.h>

static int make(void **state)
{
    (void)state;
    fixture_ledger(&l, dir, 0, 1, &key);
    return 0;
}

static void empty(void **state)
{
    struct bf_error err;
    struct bf_txn *t = NULL;
    struct bf_buf b = {0};
    uint8_t root[32], none[32];
    uint64_t size, i;
    const void *p;
    size_t n;

    (void)state;
    assert_string_equal(bf_ledger_origin(l), FIXTURE_ORIGIN);
    assert_clean(0);
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_ledger_size(t, &size, root, &err));
    bf_sha256(none, "", 0);
    assert_true(size == 0);
    assert_memory_equal(root, none, 32);
    assert_int_equal(bf_ledger_record(t, 0, &p, &n, &err), BF_ERR_NOT_FOUND);
    assert_int_equal(bf_ledger_find_hash(t, none, &i, &err), BF_ERR_NOT_FOUND);
    assert_int_equal(bf_ledger_find_file(t, none, &i, &err), BF_ERR_NOT_FOUND);
    OK(bf_ledger_find_frames(t, none, &i, 1, &n, &err));
    assert_int_equal(n, 0);
    assert_int_equal(bf_ledger_last_checkpoint(t, &p, &n, &err), BF_ERR_NOT_FOUND);
    assert_int_equal(bf_ledger_prove(t, &b, 0, &err), BF_ERR_NOT_FOUND);
    bf_txn_abort(&t);
    assert_int_equal(bf_ledger_checkpoint(l, NULL, &key, &err), BF_ERR_NOT_FOUND);
    assert_int_equal(bf_ledger_init(dir, NULL, &err), BF_ERR_EXISTS);
    assert_int_equal(bf_ledger_init("/tmp/bonafide-no", "a b", &err), BF_ERR_USAGE);
    bf_buf_release(&b);
}

static void found_and_proved(void **state)
{
    struct bf_error err;
    struct bf_txn *t = NULL;
    struct bf_trust trust = {0};
    struct bf_record r, want;
    uint64_t i, index, many[4];
    const void *p;
    size_t n;
    uint8_t hash[32];

    (void)state;
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_ledger_own_keys(t, &trust, &err));
    assert_int_equal(trust.n, 1);
    for (i = 0; i < 20; i++) {
        struct bf_buf proof = {0};

        OK(bf_ledger_record(t, i, &p, &n, &err));
        OK(bf_record_decode(&r, p, n, &err));
        fixture_record(&want, i);
        assert_string_equal(r.title, want.title);
        bf_record_hash(hash, p, n);
        OK(bf_ledger_find_hash(t, hash, &index, &err));
        assert_true(index == i);
        OK(bf_ledger_find_file(t, want.file32, &index, &err));
        assert_true(index == i);
        OK(bf_ledger_find_frames(t, want.frames32, many, 4, &n, &err));
        assert_true(n == 1 && many[0] == i);
        OK(bf_ledger_prove(t, &proof, i, &err));
        assert_int_equal(bf_proof_check(&r, NULL, proof.data, proof.len, &trust, &err),
                         BF_PROOF_VALID);
        bf_buf_release(&proof);
    }
    bf_txn_abort(&t);
    bf_trust_release(&trust);
    assert_clean(20);
}

static void same_file_twice(void **state)
{
    struct bf_appended done[2];
    struct bf_record r[2];
    struct bf_error err;
    uint64_t size;
    struct bf_txn *t = NULL;

    (void)state;
    fixture_record(&r[0], 100);
    fixture_record(&r[1], 13);
    assert_int_equal(bf_ledger_append(l, done, r, 2, &key, NULL, NULL, &err), BF_ERR_EXISTS);
    assert_non_null(strstr(err.text, "as record 13"));
    /* twice in one batch as well */
    fixture_record(&r[1], 100);
    assert_int_equal(bf_ledger_append(l, done, r, 2, &key, NULL, NULL, &err), BF_ERR_EXISTS);
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_ledger_size(t, &size, NULL, &err));
    assert_true(size == 20);
    bf_txn_abort(&t);
    assert_clean(20);
}

/* The same frames in another container: many records under one key. */
static void same_frames(void **state)
{
    struct bf_appended done[5];
    struct bf_record r[5];
    struct bf_error err;
    struct bf_txn *t = NULL;
    uint64_t many[8];
    size_t i, n;

    (void)state;
    for (i = 0; i < 5; i++) {
        fixture_record(&r[i], 50 + i);
        fixture_hash32(r[i].frames32, "frames", 3);
    }
    OK(bf_ledger_append(l, done, r, 5, &key, NULL, NULL, &err));
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_ledger_find_frames(t, r[0].frames32, many, 8, &n, &err));
    assert_int_equal(n, 6);
    assert_true(many[0] == 3 && many[5] == 24);
    OK(bf_ledger_find_frames(t, r[0].frames32, many, 2, &n, &err));
    assert_int_equal(n, 2);
    bf_txn_abort(&t);
    assert_clean(25);
}

static enum bf_err refuse(void *ctx, struct bf_txn *t, const struct bf_appended *done, size_t n,
                          struct bf_error *err)
{
    int *calls = ctx;
    struct bf_buf proof = {0};

    /* everything is there already: a proof can be made */
    assert_int_equal(bf_ledger_prove(t, &proof, done[n - 1].index, err), BF_OK);
    bf_buf_release(&proof);
    ++*calls;
    return bf_error_set(err, BF_ERR_USAGE, "no");
}

static void aborted_by_hook(void **state)
{
    struct bf_appended done;
    struct bf_record r;
    struct bf_error err;
    int calls = 0;

    (void)state;
    fixture_record(&r, 30);
    assert_int_equal(bf_ledger_append(l, &done, &r, 1, &key, refuse, &calls, &err), BF_ERR_USAGE);
    assert_string_equal(err.text, "no");
    assert_int_equal(calls, 1);
    assert_clean(20);
    OK(bf_ledger_append(l, &done, &r, 1, &key, NULL, NULL, &err));
    assert_true(done.index == 20);
}

/* Well past the map's first size, in one batch and in many. */
static void growing(void **state)
{
    (void)state;
    fixture_append(l, 0, 2500, 2500, &key);
    fixture_append(l, 2500, 200, 10, &key);
    assert_clean(2700);
}

static void checkpoints(void **state)
{
    struct bf_checkpoint c;
    struct bf_buf note = {0};
    struct bf_error err;

    (void)state;
    /* signing again changes nothing; a stranger may not sign; an issuer's line joins */
    OK(bf_ledger_checkpoint(l, &note, &key, &err));
    OK(bf_checkpoint_parse(&c, note.data, note.len, &err));
    assert_true(c.size == 20 && c.n_sigs == 1);
    assert_int_equal(bf_ledger_checkpoint(l, &note, &other, &err), BF_ERR_NOT_FOUND);
    fixture_append(l, 20, 1, 1, &other);
    note.len = 0;
    OK(bf_ledger_checkpoint(l, &note, &key, &err));
    OK(bf_checkpoint_parse(&c, note.data, note.len, &err));
    assert_true(c.size == 21 && c.n_sigs == 2);
    assert_true(bf_checkpoint_check(&c, note.data, key.public33));
    assert_true(bf_checkpoint_check(&c, note.data, other.public33));
    assert_clean(21);
    bf_buf_release(&note);
}

/* Two issuers take turns: each proof stands under its own issuer's key alone, and has one
 * signature. */
static void two_issuers(void **state)
{
    struct bf_error err;
    struct bf_txn *t = NULL;
    struct bf_record r;
    uint64_t i;

    (void)state;
    fixture_append(l, 20, 3, 1, &other);
    fixture_append(l, 23, 2, 1, &key);
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    for (i = 0; i < 25; i++) {
        const struct bf_key *mine = i >= 20 && i < 23 ? &other : &key;
        struct bf_trust trust = {0};
        struct bf_buf proof = {0};

        OK(bf_trust_add(&trust, mine->public33, mine->name, &err));
        OK(bf_ledger_prove(t, &proof, i, &err));
        assert_int_equal(bf_proof_check(&r, NULL, proof.data, proof.len, &trust, &err),
                         BF_PROOF_VALID);
        bf_buf_release(&proof);
        bf_trust_release(&trust);
    }
    bf_txn_abort(&t);
    assert_clean(25);
}

static void blobs(void **state)
{
    static const size_t sizes[] = {1, BF_BLOB_CHUNK - 1, BF_BLOB_CHUNK, BF_BLOB_CHUNK + 1,
                                   70 * BF_BLOB_CHUNK + 5};
    uint8_t *p = malloc(sizes[4]), digest[32];
    struct bf_error err;
    struct bf_txn *t = NULL;
    struct bf_audit a;
    size_t i, k;

    (void)state;
    for (i = 0; i < sizes[4]; i++)
        p[i] = (uint8_t)(i * 31 >> 3);
    for (k = 0; k < 5; k++) {
        struct bf_buf back = {0};

        bf_sha256(digest, p, sizes[k]);
        OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
        assert_false(bf_ledger_has_blob(t, digest));
        assert_int_equal(bf_ledger_get_blob(t, &back, digest, &err), BF_ERR_NOT_FOUND);
        bf_txn_abort(&t);
        OK(bf_ledger_put_blob(l, digest, p, sizes[k], &err));
        OK(bf_ledger_put_blob(l, digest, p, sizes[k], &err));
        OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
        assert_true(bf_ledger_has_blob(t, digest));
        OK(bf_ledger_get_blob(t, &back, digest, &err));
        bf_txn_abort(&t);
        assert_int_equal(back.len, sizes[k]);
        assert_memory_equal(back.data, p, back.len);
        bf_buf_release(&back);
    }
    assert_int_equal(bf_ledger_put_blob(l, digest, p, 0, &err), BF_ERR_LIMIT);
    audit(&a);
    assert_true(a.clean && a.n_blobs == 5);
    free(p);
}

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

static void other_version(void **state)
{
    struct bf_ledger *again = NULL;
    struct bf_error err;

    (void)state;
    spoil(BF_TABLE_META, "format", 6, "bonafide-ledger/1", 17);
    bf_ledger_close(&l);
    assert_int_equal(bf_ledger_open(&again, dir, true, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "'bonafide-ledger/1'"));
    assert_non_null(strstr(err.text, "'bonafide-ledger/2'"));
}

static void damaged_file(void **state)
{
    struct bf_ledger *again = NULL;
    struct bf_error err;
    struct stat st;
    char path[96];

    (void)state;
    bf_ledger_close(&l);
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
    assert_int_equal(bf_ledger_open(&again, dir, true, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "is damaged"));
    assert_null(again);
}

/* A file that is cut while it is open gives an error too. */
static void cut_while_open(void **state)
{
    struct bf_txn *t = NULL;
    struct bf_error err;
    char path[96];

    (void)state;
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_equal(truncate(path, 8192), 0);
    assert_int_equal(bf_store_begin_read(&t, bf_ledger_store(l), &err), BF_ERR_FORMAT);
}

static int append_alone(uint64_t from, uint64_t n, const struct bf_key *k)
{
    struct bf_ledger *mine = NULL;
    struct bf_appended done;
    struct bf_error err;
    uint64_t i;

    if (bf_ledger_open(&mine, dir, false, &err) != BF_OK)
        return 2;
    for (i = 0; i < n; i++) {
        struct bf_record r;

        fixture_record(&r, from + i);
        if (bf_ledger_append(mine, &done, &r, 1, k, NULL, NULL, &err) != BF_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 3;
        }
    }
    bf_ledger_close(&mine);
    return 0;
}

static void two_at_once(void **state)
{
    struct bf_error err;
    pid_t child[2];
    int i, status;

    (void)state;
    bf_ledger_close(&l);
    for (i = 0; i < 2; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0)
            _exit(append_alone(1000 * (uint64_t)(i + 1), 60, i ? &other : &key));
    }
    for (i = 0; i < 2; i++) {
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    OK(bf_ledger_open(&l, dir, false, &err));
    assert_clean(140);
}

/* A creation that ended between its tables and its name is taken up again. */
static void half_made(void **state)
{
    struct bf_ledger *again = NULL;
    struct bf_store *s = NULL;
    struct bf_error err;
    char other_dir[96];

    (void)state;
    snprintf(other_dir, sizeof other_dir, "%s/half", dir);
    OK(bf_store_open(&s, other_dir, true, false, &err));
    bf_store_close(&s);
    assert_int_equal(bf_ledger_open(&again, other_dir, true, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "ledger init"));
    OK(bf_ledger_init(other_dir, NULL, &err));
    OK(bf_ledger_open(&again, other_dir, true, &err));
    assert_int_equal(strlen(bf_ledger_origin(again)), strlen("bonafide-ledger/") + 16);
    bf_ledger_close(&again);
}

#define TEST(f, setup) cmocka_unit_test_setup_teardown(f, setup, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(empty, make),
        TEST(found_and_proved, make_some),
        TEST(same_file_twice, make_some),
        TEST(same_frames, make_some),
        TEST(aborted_by_hook, make_some),
        TEST(growing, make),
        TEST(checkpoints, make_some),
        TEST(two_issuers, make_some),
        TEST(blobs, make),
        TEST(other_version, make_some),
        TEST(damaged_file, make_some),
        TEST(cut_while_open, make_some),
        TEST(two_at_once, make_some),
        TEST(half_made, make),
    };

    return cmocka_run_group_tests(tests, keys, NULL);
}
