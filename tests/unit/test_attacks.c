/*
 * What is made of sound parts, or signed by somebody, and yet says nothing: SECURITY.md "Attacks on
 * meaning".
 */
#include "tests/unit/chain_fixture.h"

#include <fcntl.h>
#include <secp256k1.h>

#include "ledger/chain/ledger_impl.h"

#define N_RECORDS 5
#define INDEX 2

static struct bf_key key, other;
static struct bf_ledger *l;
static struct bf_txn *t;
static char dir[64], base[64];

static int make(void **state)
{
    struct bf_error err;

    (void)state;
    fixture_key(&key, 1, "Example Newsroom");
    fixture_key(&other, 60, "Other");
    fixture_ledger(&l, dir, N_RECORDS, N_RECORDS, &key);
    fixture_dir(base);
    OK(bf_store_begin_read(&t, bf_ledger_store(l), &err));
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    bf_txn_abort(&t);
    bf_ledger_close(&l);
    fixture_remove(dir);
    fixture_remove(base);
    return 0;
}

static enum bf_proof_verdict check(const struct bf_buf *text)
{
    struct bf_trust trust = {0};
    struct bf_record r;
    enum bf_proof_verdict v;

    bf_trust_add(&trust, key.public33, key.name, NULL);
    v = bf_proof_check(&r, NULL, text->data, text->len, &trust, NULL);
    bf_trust_release(&trust);
    return v;
}

/* The proof of record INDEX with these bytes as the record and this note, each NULL for its own. */
static enum bf_proof_verdict check_with(const struct bf_buf *record, const struct bf_buf *note)
{
    struct bf_merkle_source nodes = bf_ledger_nodes(t);
    uint8_t path[BF_MERKLE_PATH_MAX][32];
    struct bf_buf text = {0};
    struct bf_error err;
    const void *r, *c;
    size_t r_len, c_len, n_path;
    enum bf_proof_verdict v;

    OK(bf_ledger_record(t, INDEX, &r, &r_len, &err));
    OK(bf_ledger_last_checkpoint(t, &c, &c_len, &err));
    OK(bf_merkle_prove(path, &n_path, INDEX, N_RECORDS, &nodes, &err));
    OK(bf_proof_encode(&text, record != NULL ? record->data : r,
                       record != NULL ? record->len : r_len, INDEX, (const uint8_t(*)[32])path,
                       n_path, note != NULL ? note->data : c, note != NULL ? note->len : c_len,
                       &err));
    v = check(&text);
    bf_buf_release(&text);
    return v;
}

static void record_of(struct bf_record *r, uint64_t index)
{
    struct bf_error err;
    const void *p;
    size_t n;

    OK(bf_ledger_record(t, index, &p, &n, &err));
    OK(bf_record_decode(r, p, n, &err));
}

/* A record of the newsroom's, signed by somebody else: in that one's name, or in the newsroom's. */
static void signed_again(void **state)
{
    struct bf_buf b = {0}, ours = {0};
    struct bf_record r;
    struct bf_error err;

    (void)state;
    assert_int_equal(check_with(NULL, NULL), BF_PROOF_VALID);
    record_of(&r, INDEX);
    memcpy(r.issuer33, other.public33, sizeof r.issuer33);
    OK(bf_record_encode(&b, &r, &other, &err));
    assert_true(bf_record_check(b.data, b.len));
    assert_int_equal(check_with(&b, NULL), BF_PROOF_BAD_INCLUSION);
    /* that one's signature under the record that names the newsroom */
    record_of(&r, INDEX);
    OK(bf_record_encode(&ours, &r, &key, &err));
    memcpy(ours.data + ours.len - BF_SIG64_SIZE, b.data + b.len - BF_SIG64_SIZE, BF_SIG64_SIZE);
    assert_int_equal(check_with(&ours, NULL), BF_PROOF_BAD_RECORD);
    bf_buf_release(&ours);
    bf_buf_release(&b);
}

/* The same root, vouched for as another ledger's, or by a stranger. */
static void of_another_ledger(void **state)
{
    struct bf_buf note = {0};
    struct bf_checkpoint c;
    struct bf_error err;
    const void *p;
    size_t n;

    (void)state;
    OK(bf_ledger_last_checkpoint(t, &p, &n, &err));
    OK(bf_checkpoint_parse(&c, p, n, &err));
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, c.size, c.root32, &other, &err));
    assert_int_equal(check_with(NULL, &note), BF_PROOF_BAD_CHECKPOINT);
    /* The signature is over the origin too. */
    note.len = 0;
    OK(bf_checkpoint_encode(&note, "example.com/ledger", c.size, c.root32, &key, &err));
    memcpy(note.data, FIXTURE_ORIGIN, 11);
    assert_int_equal(check_with(NULL, &note), BF_PROOF_MALFORMED);
    memcpy((char *)note.data + c.text_len + 5, FIXTURE_ORIGIN, 11);
    assert_int_equal(check_with(NULL, &note), BF_PROOF_BAD_CHECKPOINT);
    /* A root that the record is not under, soundly signed. */
    note.len = 0;
    c.root32[0] ^= 1;
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, c.size, c.root32, &key, &err));
    assert_int_equal(check_with(NULL, &note), BF_PROOF_BAD_INCLUSION);
    bf_buf_release(&note);
}

/* s becomes n - s: ECDSA calls that a signature too. */
static void raise_s(uint8_t sig64[64])
{
    assert_int_equal(secp256k1_ec_seckey_negate(secp256k1_context_static, sig64 + 32), 1);
}

static void high_s(void **state)
{
    struct bf_buf b = {0};
    struct bf_checkpoint c;
    struct bf_error err;
    const void *p;
    size_t n;

    (void)state;
    OK(bf_ledger_record(t, INDEX, &p, &n, &err));
    bf_buf_append(&b, p, n);
    raise_s(b.data + b.len - BF_SIG64_SIZE);
    assert_false(bf_record_check(b.data, b.len));
    assert_int_equal(check_with(&b, NULL), BF_PROOF_BAD_RECORD);
    OK(bf_ledger_last_checkpoint(t, &p, &n, &err));
    OK(bf_checkpoint_parse(&c, p, n, &err));
    assert_true(bf_checkpoint_check(&c, p, key.public33));
    raise_s(c.sig[0].sig64);
    assert_false(bf_checkpoint_check(&c, p, key.public33));
    bf_buf_release(&b);
}

static bool reads_record(const void *p, size_t n)
{
    struct bf_record r;

    return bf_record_decode(&r, p, n, NULL) == BF_OK;
}

static bool reads_checkpoint(const void *p, size_t n)
{
    struct bf_checkpoint c;

    return bf_checkpoint_parse(&c, p, n, NULL) == BF_OK;
}

static bool reads_proof(const void *p, size_t n)
{
    struct bf_buf b = {.data = (uint8_t *)(uintptr_t)p, .len = n};

    return check(&b) == BF_PROOF_VALID;
}

static bool reads_export(const void *p, size_t n)
{
    char file[96], to[96];
    struct bf_buf b = {0};
    struct bf_error err;
    uint64_t n_new;
    enum bf_err rc;
    int fd;

    snprintf(file, sizeof file, "%s/export", base);
    snprintf(to, sizeof to, "%s/to", base);
    bf_buf_append(&b, p, n);
    OK(bf_file_write(file, BF_OUTPUT_FORCE, &b, &err));
    OK(bf_file_open(&fd, file, &err));
    rc = bf_ledger_import(to, fd, file, &n_new, NULL, NULL, &err);
    close(fd);
    fixture_remove(to);
    bf_buf_release(&b);
    return rc == BF_OK;
}

static void assert_nothing_follows(const void *p, size_t n, bool (*reads)(const void *p, size_t n))
{
    static const char *const more[] = {"\n", "x", " ", "\r\n", "\xe2\x80\x94 a AAAAAAAA\n"};
    struct bf_buf b = {0};
    size_t i;

    assert_true(reads(p, n));
    for (i = 0; i < sizeof more / sizeof more[0] + 2; i++) {
        b.len = 0;
        bf_buf_append(&b, p, n);
        if (i < sizeof more / sizeof more[0])
            bf_buf_append(&b, more[i], strlen(more[i]));
        else if (i == sizeof more / sizeof more[0])
            bf_buf_put_u8(&b, 0);
        else
            bf_buf_append(&b, p, n); /* itself once more */
        if (reads == reads_checkpoint && i == 4)
            continue; /* another signer's line is none of ours */
        assert_false(reads(b.data, b.len));
    }
    bf_buf_release(&b);
}

static void trailing(void **state)
{
    struct bf_output *out = NULL;
    struct bf_buf b = {0};
    struct bf_error err;
    char file[96];
    const void *p;
    size_t n;

    (void)state;
    OK(bf_ledger_record(t, INDEX, &p, &n, &err));
    assert_nothing_follows(p, n, reads_record);
    OK(bf_ledger_last_checkpoint(t, &p, &n, &err));
    assert_nothing_follows(p, n, reads_checkpoint);
    OK(bf_ledger_prove(t, &b, INDEX, &err));
    assert_nothing_follows(b.data, b.len, reads_proof);
    bf_txn_abort(&t);
    snprintf(file, sizeof file, "%s/whole", base);
    OK(bf_output_open(&out, file, 0, &err));
    OK(bf_ledger_export(l, out, NULL, &err));
    OK(bf_output_commit(out, &err));
    bf_output_close(&out);
    b.len = 0;
    OK(bf_file_read(&b, file, 1 << 20, &err));
    assert_nothing_follows(b.data, b.len, reads_export);
    bf_buf_release(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(signed_again),
        TEST(of_another_ledger),
        TEST(high_s),
        TEST(trailing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
