#include "tests/unit/chain_fixture.h"

#include "lib/base/text.h"

/* The tree of the certificate-transparency test suite. */
static const struct {
    const char *data;
    size_t n;
    const char *root; /* of this and all before */
} ct[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
     "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void known(void **state)
{
    struct bf_merkle m = {0};
    uint8_t hash[32];
    char hex[65];
    size_t i;

    (void)state;
    bf_merkle_root(hash, &m);
    bf_hex_format(hex, hash, 32);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (i = 0; i < sizeof ct / sizeof ct[0]; i++) {
        bf_merkle_leaf(hash, ct[i].data, ct[i].n);
        assert_int_equal(bf_merkle_append(&m, hash, NULL, NULL), BF_OK);
        bf_merkle_root(hash, &m);
        bf_hex_format(hex, hash, 32);
        assert_string_equal(hex, ct[i].root);
    }
}

enum { N = 130 };
static uint8_t leaf[N][32];
static uint8_t node[8][N][32];
static bool has[8][N];

/* RFC 6962 2.1 word for word */
static void naive_root(uint8_t hash32[32], size_t lo, size_t hi)
{
    uint8_t left[32], right[32];
    size_t k = 1;

    if (hi - lo == 1) {
        memcpy(hash32, leaf[lo], 32);
        return;
    }
    while (2 * k < hi - lo)
        k *= 2;
    naive_root(left, lo, lo + k);
    naive_root(right, lo + k, hi);
    bf_merkle_node(hash32, left, right);
}

static enum bf_err on_node(void *ctx, unsigned level, uint64_t i, const uint8_t hash32[32])
{
    (void)ctx;
    assert_false(has[level][i]);
    has[level][i] = true;
    memcpy(node[level][i], hash32, 32);
    return BF_OK;
}

static enum bf_err get_node(void *ctx, uint8_t hash32[32], unsigned level, uint64_t i,
                            struct bf_error *err)
{
    (void)ctx, (void)err;
    assert_true(level < 8 && i < N && has[level][i]);
    memcpy(hash32, node[level][i], 32);
    return BF_OK;
}

static int grow(void **state)
{
    struct bf_merkle m = {0};
    uint8_t hash[32], want[32];
    size_t i;

    (void)state;
    for (i = 0; i < N; i++) {
        fixture_hash32(leaf[i], "leaf", i);
        assert_int_equal(bf_merkle_append(&m, leaf[i], on_node, NULL), BF_OK);
        bf_merkle_root(hash, &m);
        naive_root(want, 0, i + 1);
        assert_memory_equal(hash, want, 32);
    }
    return 0;
}

static const struct bf_merkle_source source = {get_node, NULL};

static void every_inclusion(void **state)
{
    uint8_t path[BF_MERKLE_PATH_MAX][32], root[32], want[32];
    size_t n, i, n_path;

    (void)state;
    for (n = 1; n <= N; n++) {
        assert_int_equal(bf_merkle_root_at(root, n, &source, NULL), BF_OK);
        naive_root(want, 0, n);
        assert_memory_equal(root, want, 32);
        for (i = 0; i < n; i++) {
            assert_int_equal(bf_merkle_prove(path, &n_path, i, n, &source, NULL), BF_OK);
            assert_true(bf_merkle_check(root, n, i, leaf[i], (const uint8_t(*)[32])path, n_path));
            /* for no other place, size, leaf or length */
            assert_false(
                bf_merkle_check(root, n, i + 1, leaf[i], (const uint8_t(*)[32])path, n_path));
            assert_false(
                bf_merkle_check(root, n, i, leaf[(i + 1) % N], (const uint8_t(*)[32])path, n_path));
            assert_false(
                bf_merkle_check(root, n, i, leaf[i], (const uint8_t(*)[32])path, n_path + 1));
            if (n_path > 0) {
                assert_false(
                    bf_merkle_check(root, n, i, leaf[i], (const uint8_t(*)[32])path, n_path - 1));
                path[n_path / 2][i % 32] ^= 1;
                assert_false(
                    bf_merkle_check(root, n, i, leaf[i], (const uint8_t(*)[32])path, n_path));
            }
        }
        assert_false(bf_merkle_check(root, n, n, leaf[0], (const uint8_t(*)[32])path, 0));
    }
    assert_false(bf_merkle_check(root, 0, 0, leaf[0], (const uint8_t(*)[32])path, 0));
}

static void every_consistency(void **state)
{
    uint8_t path[BF_MERKLE_PATH_MAX][32], old[32], new[32];
    size_t m, n, n_path;

    (void)state;
    for (n = 1; n <= N; n++) {
        naive_root(new, 0, n);
        for (m = 1; m <= n; m++) {
            naive_root(old, 0, m);
            assert_int_equal(bf_merkle_prove_consistency(path, &n_path, m, n, &source, NULL),
                             BF_OK);
            assert_true(
                bf_merkle_check_consistency(m, old, n, new, (const uint8_t(*)[32])path, n_path));
            if (m < n) {
                assert_false(bf_merkle_check_consistency(m, new, n, new, (const uint8_t(*)[32])path,
                                                         n_path));
                assert_false(bf_merkle_check_consistency(m, old, n, old, (const uint8_t(*)[32])path,
                                                         n_path));
                assert_false(bf_merkle_check_consistency(m, old, n, new, (const uint8_t(*)[32])path,
                                                         n_path - 1));
                path[n_path - 1][m % 32] ^= 1;
                assert_false(bf_merkle_check_consistency(m, old, n, new, (const uint8_t(*)[32])path,
                                                         n_path));
            }
        }
    }
    assert_false(bf_merkle_check_consistency(0, old, n, new, (const uint8_t(*)[32])path, 0));
    assert_false(bf_merkle_check_consistency(2, old, 1, new, (const uint8_t(*)[32])path, 0));
}

static enum bf_err refuse(void *ctx, unsigned level, uint64_t i, const uint8_t hash32[32])
{
    (void)ctx, (void)i, (void)hash32;
    return level == 1 ? BF_ERR_IO : BF_OK;
}

/* What the callback says stops the append, and the tree has not moved. */
static void refused_node(void **state)
{
    struct bf_merkle m = {0};

    (void)state;
    assert_int_equal(bf_merkle_append(&m, leaf[0], refuse, NULL), BF_OK);
    assert_int_equal(bf_merkle_append(&m, leaf[1], refuse, NULL), BF_ERR_IO);
    assert_true(m.n == 1);
}

static void large_leaf(void **state)
{
    static uint8_t data[10001];
    uint8_t hash[32], want[32];

    (void)state;
    memset(data + 1, 7, sizeof data - 1);
    bf_merkle_leaf(hash, data + 1, sizeof data - 1);
    bf_sha256(want, data, sizeof data);
    assert_memory_equal(hash, want, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),
        cmocka_unit_test(every_inclusion),
        cmocka_unit_test(every_consistency),
        cmocka_unit_test(refused_node),
        cmocka_unit_test(large_leaf),
    };

    return cmocka_run_group_tests(tests, grow, NULL);
}
