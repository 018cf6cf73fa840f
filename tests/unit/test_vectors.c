/*
 * The worked vectors of SPEC.md: a key, three records, their tree, a checkpoint, a proof and an
 * export, all from fixed inputs. Run with the name of a folder it writes them there
 * (tests/vectors); run without, it checks that what stands there is what the program makes.
 */
#include "tests/unit/chain_fixture.h"

#include "lib/base/text.h"

#define FOLDER "tests/vectors"

enum { N = 3 };

static struct bf_key key;
static struct bf_buf chain, note, proof, pem, trust, export, synthetic;

static void put_hex_into(struct bf_buf *b, const char *label, const uint8_t *p, size_t n)
{
    size_t i;

    bf_buf_printf(b, "%s ", label);
    for (i = 0; i < n; i++)
        bf_buf_printf(b, "%02x", p[i]);
    bf_buf_put_u8(b, '\n');
}

static void put_hex(const char *label, const uint8_t *p, size_t n)
{
    put_hex_into(&chain, label, p, n);
}

static void put_entry(char tag, const struct bf_buf *bytes)
{
    bf_buf_put_u8(&export, (uint8_t)tag);
    bf_buf_put_be32(&export, (uint32_t)bytes->len);
    bf_buf_append(&export, bytes->data, bytes->len);
}

static struct bf_merkle_source nodes;
static uint8_t leaf[N][32];

static enum bf_err get_node(void *ctx, uint8_t hash32[32], unsigned level, uint64_t i,
                            struct bf_error *err)
{
    (void)ctx, (void)err;
    if (level == 0)
        memcpy(hash32, leaf[i], 32);
    else
        bf_merkle_node(hash32, leaf[2 * i], leaf[2 * i + 1]);
    return BF_OK;
}

static void make_synthetic(void)
{
    struct bf_buf bytes = {0};
    struct bf_record r;
    struct bf_error err;
    uint8_t hash[32];

    fixture_record(&r, 0);
    fixture_synthetic(&r, 2);
    OK(bf_record_encode(&bytes, &r, &key, &err));
    bf_record_hash(hash, bytes.data, bytes.len);
    bf_buf_printf(&synthetic, "# Made by build/release/unit/test_vectors " FOLDER
                              "; SPEC.md says what each is.\n");
    put_hex_into(&synthetic, "record", bytes.data, bytes.len);
    put_hex_into(&synthetic, "hash", hash, 32);
    bf_buf_release(&bytes);
}

static int make(void **state)
{
    uint8_t path[BF_MERKLE_PATH_MAX][32], root[32], prev[32] = {0}, hash[32];
    struct bf_buf record[N] = {{0}};
    struct bf_merkle m = {0};
    struct bf_record r;
    struct bf_error err;
    char label[32];
    size_t i, n_path;

    (void)state;
    nodes.node = get_node;
    fixture_key(&key, 1, "Example Newsroom");
    OK(bf_key_encode(&pem, &key, NULL, 0, &err));
    bf_trust_format(&trust, key.public33, key.name);
    bf_buf_printf(&chain, "# Made by build/release/unit/test_vectors " FOLDER
                          "; SPEC.md says what each is.\n");
    put_hex("secret", key.secret32, 32);
    put_hex("public", key.public33, 33);
    bf_buf_printf(&export, "bonafide-export/1\n" FIXTURE_ORIGIN "\n");
    for (i = 0; i < N; i++) {
        fixture_record(&r, i);
        r.index = i;
        memcpy(r.prev32, prev, 32);
        OK(bf_record_encode(&record[i], &r, &key, &err));
        bf_record_hash(prev, record[i].data, record[i].len);
        memcpy(leaf[i], prev, 32);
        bf_merkle_append(&m, prev, NULL, NULL);
        bf_merkle_root(root, &m);
        snprintf(label, sizeof label, "record.%zu", i);
        put_hex(label, record[i].data, record[i].len);
        snprintf(label, sizeof label, "hash.%zu", i);
        put_hex(label, prev, 32);
        snprintf(label, sizeof label, "root.%zu", i + 1);
        put_hex(label, root, 32);
        put_entry('R', &record[i]);
    }
    OK(bf_checkpoint_encode(&note, FIXTURE_ORIGIN, N, root, &key, &err));
    put_entry('C', &note);
    bf_buf_put_u8(&export, 'E');
    bf_sha256(hash, export.data, export.len);
    bf_buf_append(&export, hash, 32);
    OK(bf_merkle_prove(path, &n_path, 1, N, &nodes, &err));
    for (i = 0; i < n_path; i++) {
        snprintf(label, sizeof label, "path.1.%zu", i);
        put_hex(label, path[i], 32);
    }
    bf_checkpoint_key_id(hash, FIXTURE_ORIGIN, key.public33);
    put_hex("key-id", hash, 4);
    OK(bf_proof_encode(&proof, record[1].data, record[1].len, 1, (const uint8_t(*)[32])path, n_path,
                       note.data, note.len, &err));
    for (i = 0; i < N; i++)
        bf_buf_release(&record[i]);
    make_synthetic();
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    bf_buf_release(&chain);
    bf_buf_release(&note);
    bf_buf_release(&proof);
    bf_buf_release(&pem);
    bf_buf_release(&trust);
    bf_buf_release(&export);
    bf_buf_release(&synthetic);
    return 0;
}

static const struct {
    const char *name;
    struct bf_buf *made;
} files[] = {
    {"chain.txt", &chain},         {"checkpoint.txt", &note}, {"record-1.proof", &proof},
    {"newsroom.key", &pem},        {"newsroom.pub", &trust},  {"ledger.export", &export},
    {"synthetic.txt", &synthetic},
};

static void read_vector(struct bf_buf *b, const char *name)
{
    char path[128];
    struct bf_error err;

    snprintf(path, sizeof path, FOLDER "/%s", name);
    OK(bf_file_read(b, path, 1 << 20, &err));
}

static void made_again(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct bf_buf b = {0};

        read_vector(&b, files[i].name);
        assert_int_equal(b.len, files[i].made->len);
        assert_memory_equal(b.data, files[i].made->data, b.len);
        bf_buf_release(&b);
    }
}

/* The key under a passphrase has a random salt: it is read, not made. */
static void encrypted_key(void **state)
{
    struct bf_buf b = {0};
    struct bf_error err;
    struct bf_key back;

    (void)state;
    read_vector(&b, "newsroom-encrypted.key");
    OK(bf_key_decode(&back, b.data, b.len, "correct horse", 13, "k", &err));
    assert_memory_equal(&back, &key, sizeof key);
    assert_int_equal(bf_key_decode(&back, b.data, b.len, "battery staple", 14, "k", &err),
                     BF_ERR_AUTH);
    bf_buf_release(&b);
}

static void checked(void **state)
{
    struct bf_buf b = {0}, names = {0};
    struct bf_trust list = {0};
    struct bf_checkpoint c;
    struct bf_error err;
    struct bf_record r;

    (void)state;
    read_vector(&b, "record-1.proof");
    read_vector(&names, "newsroom.pub");
    OK(bf_trust_parse(&list, names.data, names.len, "newsroom.pub", &err));
    assert_int_equal(bf_proof_check(&r, &c, b.data, b.len, &list, &err), BF_PROOF_VALID);
    assert_true(r.index == 1 && c.size == N);
    assert_string_equal(r.title, "Interview, part 1");
    bf_buf_release(&b);
    bf_buf_release(&names);
    bf_trust_release(&list);
}

static enum bf_err write_vector(const char *folder, const char *name, const struct bf_buf *b,
                                struct bf_error *err)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return bf_file_write(path, BF_OUTPUT_FORCE, b, err);
}

static int write_all(const char *folder)
{
    struct bf_buf encrypted = {0};
    struct bf_error err;
    enum bf_err rc = BF_OK;
    size_t i;

    make(NULL);
    for (i = 0; rc == BF_OK && i < sizeof files / sizeof files[0]; i++)
        rc = write_vector(folder, files[i].name, files[i].made, &err);
    if (rc == BF_OK)
        rc = bf_key_encode(&encrypted, &key, "correct horse", 13, &err);
    if (rc == BF_OK)
        rc = write_vector(folder, "newsroom-encrypted.key", &encrypted, &err);
    if (rc != BF_OK)
        fprintf(stderr, "%s\n", err.text);
    bf_buf_release(&encrypted);
    unmake(NULL);
    return rc != BF_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_again),
        cmocka_unit_test(encrypted_key),
        cmocka_unit_test(checked),
    };

    if (argc == 2)
        return write_all(argv[1]);
    return cmocka_run_group_tests(tests, make, unmake);
}
