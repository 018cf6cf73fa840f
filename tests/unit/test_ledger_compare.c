#include "tests/unit/chain_fixture.h"

#include "ledger/chain/ledger_compare.h"

static struct bf_key key, other;
static struct bf_trust nobody;
static char base[64], path[2][96];

static int make(void **state)
{
    size_t i;

    (void)state;
    fixture_key(&key, 1, "Example Newsroom");
    fixture_key(&other, 60, "Other");
    fixture_dir(base);
    for (i = 0; i < 2; i++)
        snprintf(path[i], sizeof path[i], "%s/%zu", base, i);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    fixture_remove(base);
    return 0;
}

/* A ledger at path i: same records 0 to same, then n more of its own, signed by k. */
static void make_ledger(size_t i, uint64_t same, uint64_t n, const struct bf_key *k)
{
    struct bf_ledger *l = NULL;
    struct bf_error err;

    unlink(path[i]);
    fixture_remove(path[i]);
    OK(bf_ledger_init(path[i], FIXTURE_ORIGIN, &err));
    OK(bf_ledger_open(&l, path[i], false, &err));
    fixture_append(l, 0, same, 3, &key);
    fixture_append(l, 1000 * (i + 1), n, 2, k);
    bf_ledger_close(&l);
}

/* The ledger at path i becomes the file of its newest checkpoint. */
static void keep_note(size_t i)
{
    struct bf_ledger *l = NULL;
    struct bf_txn *t = NULL;
    struct bf_buf b = {0};
    struct bf_error err;
    const void *p;
    size_t n;

    OK(bf_ledger_open(&l, path[i], true, &err));
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    OK(bf_ledger_last_checkpoint(t, &p, &n, &err));
    assert_true(bf_buf_append(&b, p, n));
    bf_txn_abort(&t);
    bf_ledger_close(&l);
    fixture_remove(path[i]);
    OK(bf_file_write(path[i], 0, &b, &err));
    bf_buf_release(&b);
}

static enum bf_err compare(struct bf_comparison *c, const struct bf_trust *trust)
{
    const char *const both[2] = {path[0], path[1]};
    struct bf_error err = {0};
    enum bf_err rc;

    *c = (struct bf_comparison){0};
    rc = bf_ledger_compare(c, both, trust, NULL, &err);
    assert_int_equal(err.code, rc);
    return rc;
}

/* Every beginning is found to be one, and every record that differs is found. */
static void ledgers(void **state)
{
    struct bf_comparison c;
    uint64_t same, more;

    (void)state;
    for (same = 0; same < 10; same++) {
        for (more = 0; more < 4; more++) {
            make_ledger(0, same, 0, &key);
            make_ledger(1, same, more, &other);
            assert_int_equal(compare(&c, &nobody), BF_OK);
            assert_int_equal(c.relation, more > 0 ? BF_RELATION_PREFIX : BF_RELATION_SAME);
            assert_int_equal(c.n_more, more);
            assert_int_equal(c.shorter, 0);
            bf_comparison_release(&c);
        }
        make_ledger(0, same, 3, &key);
        make_ledger(1, same, 1, &key);
        assert_int_equal(compare(&c, &nobody), BF_OK);
        assert_int_equal(c.relation, BF_RELATION_FORKED);
        assert_true(c.has_record);
        assert_int_equal(c.record, same);
        assert_true(c.proof[0]->size > same && c.proof[1]->size > same);
        assert_memory_equal(c.proof[0]->public33, key.public33, 33);
        assert_memory_equal(c.proof[1]->public33, key.public33, 33);
        bf_comparison_release(&c);
    }
}

static void notes(void **state)
{
    struct bf_comparison c;
    uint64_t n;

    (void)state;
    for (n = 1; n < 12; n++) {
        make_ledger(0, 11, 0, &key);
        make_ledger(1, n, 0, &key);
        keep_note(1);
        assert_int_equal(compare(&c, &nobody), BF_OK);
        assert_int_equal(c.relation, n < 11 ? BF_RELATION_PREFIX : BF_RELATION_SAME);
        assert_int_equal(c.n_more, 11 - n);
        bf_comparison_release(&c);

        make_ledger(1, n - 1, 1, &key);
        keep_note(1);
        assert_int_equal(compare(&c, &nobody), BF_OK);
        assert_int_equal(c.relation, BF_RELATION_FORKED);
        assert_false(c.has_record);
        assert_true(c.proof[0]->size >= n && c.proof[1]->size == n);
        bf_comparison_release(&c);

        make_ledger(0, n - 1, 0, &key);
        make_ledger(1, n, 1, &key);
        keep_note(1);
        if (n == 1) {
            /* No record is left to say whose the signature is. */
            assert_int_equal(compare(&c, &nobody), BF_ERR_NOT_FOUND);
        } else {
            assert_int_equal(compare(&c, &nobody), BF_OK);
            assert_int_equal(c.relation, BF_RELATION_ROLLED_BACK);
            assert_int_equal(c.n_more, 2);
            assert_null(c.proof[0]);
            assert_int_equal(c.proof[1]->size, n + 1);
        }
        bf_comparison_release(&c);
    }
}

/* Two histories of one name under two keys prove nothing, unless the reader trusts both. */
static void strangers(void **state)
{
    struct bf_trust trust = {0};
    struct bf_comparison c;
    struct bf_error err;

    (void)state;
    make_ledger(0, 4, 2, &key);
    make_ledger(1, 4, 2, &other);
    assert_int_equal(compare(&c, &nobody), BF_ERR_NOT_FOUND);
    bf_comparison_release(&c);
    OK(bf_trust_add(&trust, key.public33, "Newsroom", &err));
    assert_int_equal(compare(&c, &trust), BF_ERR_NOT_FOUND);
    bf_comparison_release(&c);
    OK(bf_trust_add(&trust, other.public33, "Other", &err));
    assert_int_equal(compare(&c, &trust), BF_OK);
    assert_int_equal(c.relation, BF_RELATION_FORKED);
    assert_int_equal(c.record, 4);
    assert_memory_equal(c.proof[0]->public33, key.public33, 33);
    assert_memory_equal(c.proof[1]->public33, other.public33, 33);
    bf_comparison_release(&c);
    bf_trust_release(&trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ledgers, make, unmake),
        cmocka_unit_test_setup_teardown(notes, make, unmake),
        cmocka_unit_test_setup_teardown(strangers, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
