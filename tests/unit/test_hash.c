#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/base/hash.h"
#include "lib/base/text.h"

/* FIPS 180-4 examples */
static const struct {
    const char *msg;
    const char *hash;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "qrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void one(void **state)
{
    uint8_t hash[32];
    char hex[65];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        bf_sha256(hash, vectors[i].msg, strlen(vectors[i].msg));
        bf_hex_format(hex, hash, 32);
        assert_string_equal(hex, vectors[i].hash);
    }
    bf_sha256(hash, NULL, 0);
    bf_hex_format(hex, hash, 32);
    assert_string_equal(hex, vectors[0].hash);
}

static void parts(void **state)
{
    struct bf_sha256 *h = bf_sha256_create();
    uint8_t data[1000], whole[32], hash[32];
    size_t i, step, at;

    (void)state;
    assert_non_null(h);
    for (i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    bf_sha256(whole, data, sizeof data);
    for (step = 1; step < 200; step += 13) {
        for (at = 0; at < sizeof data; at += step)
            bf_sha256_update(h, data + at, sizeof data - at < step ? sizeof data - at : step);
        bf_sha256_finish(h, hash);
        assert_memory_equal(hash, whole, 32);
    }
    bf_sha256_finish(h, hash);
    bf_sha256(whole, "", 0);
    assert_memory_equal(hash, whole, 32);
    bf_sha256_free(&h);
    bf_sha256_free(&h);
    assert_null(h);
}

/* Side by side gives what one after the other gives, at every length around a block. */
static void many(void **state)
{
    enum { N = 150 };
    struct bf_hasher *h = bf_hasher_create();
    static uint8_t data[N * 2], out[N][32];
    const uint8_t *msg[N];
    size_t len[N], i, n;
    uint8_t hash[32];

    (void)state;
    assert_non_null(h);
    for (i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i ^ i >> 3);
    for (n = 0; n <= N; n += 25) {
        for (i = 0; i < n; i++) {
            msg[i] = data + i;
            len[i] = i;
        }
        bf_hasher_many(h, out, msg, len, n);
        for (i = 0; i < n; i++) {
            bf_sha256(hash, msg[i], len[i]);
            assert_memory_equal(out[i], hash, 32);
        }
    }
    bf_hasher_free(&h);
}

static void of_fd(void **state)
{
    char path[] = "/tmp/bonafide-test-XXXXXX";
    int fd = mkstemp(path);
    struct bf_error err;
    uint8_t hash[32], want[32];
    uint64_t size = 0;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(bf_hash_fd(hash, &size, fd, path, &err), BF_OK);
    bf_sha256(want, "abc", 3);
    assert_memory_equal(hash, want, 32);
    assert_true(size == 3);
    assert_true(lseek(fd, 0, SEEK_CUR) == 3);
    close(fd);
    unlink(path);
    assert_int_equal(bf_hash_fd(hash, &size, -1, "x", &err), BF_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one),
        cmocka_unit_test(parts),
        cmocka_unit_test(many),
        cmocka_unit_test(of_fd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
