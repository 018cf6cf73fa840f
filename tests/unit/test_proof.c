#include "tests/unit/chain_fixture.h"

enum { SIZE = 21, INDEX = 13 };

static struct bf_key issuer, signer;
static uint8_t leaf[SIZE][32];
static struct bf_buf record[SIZE];

static enum bf_err get_node(void *ctx, uint8_t hash32[32], unsigned level, uint64_t i,
                            struct bf_error *err)
{
    uint8_t left[32], right[32];

    (void)err;
    if (level == 0) {
        memcpy(hash32, leaf[i], 32);
        return BF_OK;
    }
    get_node(ctx, left, level - 1, 2 * i, NULL);
    get_node(ctx, right, level - 1, 2 * i + 1, NULL);
    bf_merkle_node(hash32, left, right);
    return BF_OK;
}

static const struct bf_merkle_source source = {get_node, NULL};

static int setup(void **state)
{
    struct bf_error err;
    struct bf_record r;
    uint64_t i;

    (void)state;
    fixture_key(&issuer, 1, "Example Newsroom");
    fixture_key(&signer, 60, "Ledger keeper");
    for (i = 0; i < SIZE; i++) {
        fixture_record(&r, i);
        r.index = i;
        if (i > 0)
            memcpy(r.prev32, leaf[i - 1], 32);
        OK(bf_record_encode(&record[i], &r, &issuer, &err));
        bf_record_hash(leaf[i], record[i].data, record[i].len);
    }
    return 0;
}

static int teardown(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < SIZE; i++)
        bf_buf_release(&record[i]);
    return 0;
}

static void make(struct bf_buf *out, uint64_t index, uint64_t size, const struct bf_key *key)
{
    uint8_t path[BF_MERKLE_PATH_MAX][32], root[32];
    struct bf_buf note = {0};
    struct bf_error err;
    size_t n_path;

    OK(bf_merkle_root_at(root, size, &source, &err));
    OK(bf_merkle_prove(path, &n_path, index, size, &source, &err));
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, size, root, key, &err));
    out->len = 0;
    OK(bf_proof_encode(out, record[index].data, record[index].len, index,
                       (const uint8_t(*)[32])path, n_path, note.data, note.len, &err));
    bf_buf_release(&note);
}

static enum bf_proof_verdict check(const struct bf_buf *text, const struct bf_key *a,
                                   const struct bf_key *b)
{
    struct bf_checkpoint c;
    struct bf_trust trust = {0};
    struct bf_error why = {0};
    struct bf_record r;
    enum bf_proof_verdict v;

    if (a != NULL)
        bf_trust_add(&trust, a->public33, a->name, NULL);
    if (b != NULL)
        bf_trust_add(&trust, b->public33, b->name, NULL);
    v = bf_proof_check(&r, &c, text->data, text->len, &trust, &why);
    assert_true((v == BF_PROOF_VALID) == (why.text[0] == '\0'));
    bf_trust_release(&trust);
    return v;
}

static void verdicts(void **state)
{
    struct bf_buf p = {0};
    struct bf_checkpoint c;
    struct bf_trust trust = {0};
    struct bf_record r;
    uint64_t i, n;

    (void)state;
    bf_trust_add(&trust, issuer.public33, "Newsroom", NULL);
    for (n = 1; n <= SIZE; n++)
        for (i = 0; i < n; i += 1 + n / 7) {
            make(&p, i, n, &issuer);
            assert_int_equal(bf_proof_check(&r, &c, p.data, p.len, &trust, NULL), BF_PROOF_VALID);
            assert_true(r.index == i && c.size == n);
        }
    make(&p, INDEX, SIZE, &issuer);
    assert_int_equal(check(&p, NULL, NULL), BF_PROOF_UNTRUSTED);
    assert_int_equal(check(&p, &signer, NULL), BF_PROOF_UNTRUSTED);
    make(&p, INDEX, SIZE, &signer);
    assert_int_equal(check(&p, &issuer, &signer), BF_PROOF_VALID);
    assert_int_equal(check(&p, &signer, NULL), BF_PROOF_UNTRUSTED);
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_BAD_CHECKPOINT);
    assert_int_equal(check(&p, NULL, NULL), BF_PROOF_BAD_CHECKPOINT);
    bf_buf_release(&p);
    bf_trust_release(&trust);
}

static void flipped(void **state)
{
    struct bf_buf p = {0};
    size_t i;
    unsigned k;

    (void)state;
    make(&p, INDEX, SIZE, &issuer);
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_VALID);
    for (i = 0; i < p.len; i++)
        for (k = 0; k < 2; k++) {
            uint8_t mask = (uint8_t)(k ? 0x20 : 1u << i % 8);
            enum bf_proof_verdict v;

            p.data[i] ^= mask;
            v = check(&p, &issuer, &signer);
            if (v == BF_PROOF_VALID || v == BF_PROOF_UNTRUSTED)
                fail_msg("byte %zu may be %02x", i, p.data[i]);
            p.data[i] ^= mask;
        }
    for (i = 0; i < p.len; i++) {
        struct bf_buf cut = {.data = p.data, .len = i};

        assert_int_equal(check(&cut, &issuer, NULL), BF_PROOF_MALFORMED);
    }
    bf_buf_put_u8(&p, '\n');
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_MALFORMED);
    bf_buf_release(&p);
}

/* A second signature, known or not, is refused: nobody could tell whether it was changed. */
static void one_signature(void **state)
{
    struct bf_buf p = {0};

    (void)state;
    make(&p, INDEX, SIZE, &issuer);
    bf_buf_printf(&p, "\xe2\x80\x94 witness.example Az3grlgtzPI=\n");
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_MALFORMED);
    bf_buf_release(&p);
}

/* Parts that are each sound, put together wrongly. */
static void mixed(void **state)
{
    uint8_t path[BF_MERKLE_PATH_MAX][32], root[32];
    struct bf_buf p = {0}, note = {0};
    struct bf_error err;
    size_t n_path;

    (void)state;
    OK(bf_merkle_root_at(root, SIZE, &source, &err));
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, SIZE, root, &issuer, &err));
    OK(bf_merkle_prove(path, &n_path, INDEX, SIZE, &source, &err));
    /* another record */
    OK(bf_proof_encode(&p, record[2].data, record[2].len, INDEX, (const uint8_t(*)[32])path, n_path,
                       note.data, note.len, &err));
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_BAD_INCLUSION);
    p.len = 0;
    OK(bf_proof_encode(&p, record[2].data, record[2].len, 2, (const uint8_t(*)[32])path, n_path,
                       note.data, note.len, &err));
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_BAD_INCLUSION);
    /* a record whose signature is another's */
    record[INDEX].data[record[INDEX].len - 1] ^= 1;
    p.len = 0;
    OK(bf_proof_encode(&p, record[INDEX].data, record[INDEX].len, INDEX, (const uint8_t(*)[32])path,
                       n_path, note.data, note.len, &err));
    record[INDEX].data[record[INDEX].len - 1] ^= 1;
    assert_int_equal(check(&p, &issuer, NULL), BF_PROOF_BAD_RECORD);
    assert_string_equal(bf_proof_verdict_name(BF_PROOF_BAD_RECORD), "bad-record");
    bf_buf_release(&p);
    bf_buf_release(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(flipped),
        cmocka_unit_test(one_signature),
        cmocka_unit_test(mixed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
