#include "tests/unit/chain_fixture.h"

#include <pthread.h>

#include <secp256k1.h>

#include "lib/base/text.h"

static void names(void **state)
{
    char longest[BF_NAME_MAX + 2];

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(bf_name_is_valid("A", 1));
    assert_true(bf_name_is_valid("Caf\xc3\xa9 News", 10));
    assert_true(bf_name_is_valid(longest, BF_NAME_MAX));
    assert_false(bf_name_is_valid(longest, BF_NAME_MAX + 1));
    assert_false(bf_name_is_valid("", 0));
    assert_false(bf_name_is_valid(" A", 2));
    assert_false(bf_name_is_valid("A ", 2));
    assert_false(bf_name_is_valid("A\nB", 3));
    assert_false(bf_name_is_valid("A\0B", 3));
    assert_false(bf_name_is_valid("\xff", 1));
}

/* Deterministic signatures over secp256k1 and SHA-256 by RFC 6979, as other implementations publish
 * them. */
static void rfc6979(void **state)
{
    static const struct {
        const char *secret, *msg, *sig;
    } rows[] = {
        {"0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
         "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
         "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
        {"0000000000000000000000000000000000000000000000000000000000000001",
         "All those moments will be lost in time, like tears in rain. Time to die...",
         "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
         "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
        {"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "Satoshi Nakamoto",
         "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
         "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
        {"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
         "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c"
         "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
    };
    uint8_t secret[32], sig[64];
    struct bf_error err;
    struct bf_key key;
    char hex[129];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(bf_hex_parse(secret, 32, rows[i].secret, 64));
        OK(bf_key_from_secret(&key, secret, "Test", &err));
        OK(bf_sign(sig, &key, rows[i].msg, strlen(rows[i].msg), &err));
        bf_hex_format(hex, sig, 64);
        assert_string_equal(hex, rows[i].sig);
        assert_true(bf_sign_check(sig, key.public33, rows[i].msg, strlen(rows[i].msg)));
        assert_false(bf_sign_check(sig, key.public33, rows[i].msg, strlen(rows[i].msg) - 1));
    }
}

/* What a verifier must refuse: the classes of Project Wycheproof's ecdsa_secp256k1_sha256 for r ||
 * s signatures. */
static void bad_signatures(void **state)
{
    static const char order[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    static const uint8_t zeros[32];
    uint8_t sig[64], bad[64], n[32], pub[33];
    struct bf_error err;
    struct bf_key key;
    size_t i;

    (void)state;
    fixture_key(&key, 1, "Test");
    assert_true(bf_hex_parse(n, 32, order, 64));
    OK(bf_sign(sig, &key, "msg", 3, &err));
    assert_true(bf_sign_check(sig, key.public33, "msg", 3));
    /* n - s is as good a signature in ECDSA; here it is not, so that nobody can make a second one
     */
    memcpy(bad, sig, 64);
    assert_int_equal(secp256k1_ec_seckey_negate(secp256k1_context_static, bad + 32), 1);
    assert_false(bf_sign_check(bad, key.public33, "msg", 3));
    for (i = 0; i < 64; i += 32) {
        memcpy(bad, sig, 64);
        memcpy(bad + i, zeros, 32);
        assert_false(bf_sign_check(bad, key.public33, "msg", 3));
        memcpy(bad + i, n, 32);
        assert_false(bf_sign_check(bad, key.public33, "msg", 3));
        memset(bad + i, 0xff, 32);
        assert_false(bf_sign_check(bad, key.public33, "msg", 3));
    }
    for (i = 0; i < 64; i++) {
        memcpy(bad, sig, 64);
        bad[i] ^= (uint8_t)(1u << i % 8);
        assert_false(bf_sign_check(bad, key.public33, "msg", 3));
    }
    /* the other point with the same x, no point, the point at infinity, an uncompressed prefix */
    memcpy(pub, key.public33, 33);
    pub[0] ^= 1;
    assert_true(bf_public_is_valid(pub));
    assert_false(bf_sign_check(sig, pub, "msg", 3));
    memset(pub, 0, 33);
    assert_false(bf_public_is_valid(pub));
    assert_false(bf_sign_check(sig, pub, "msg", 3));
    memset(pub, 0xff, 33);
    assert_false(bf_public_is_valid(pub));
    memcpy(pub, key.public33, 33);
    pub[0] = 4;
    assert_false(bf_public_is_valid(pub));
    bf_key_release(&key);
    assert_memory_equal(key.secret32, zeros, 32);
}

static void secrets(void **state)
{
    uint8_t secret[32] = {0};
    struct bf_error err;
    struct bf_key key, other;

    (void)state;
    assert_int_equal(bf_key_from_secret(&key, secret, "Test", &err), BF_ERR_FORMAT);
    memset(secret, 0xff, 32);
    assert_int_equal(bf_key_from_secret(&key, secret, "Test", &err), BF_ERR_FORMAT);
    assert_int_equal(bf_key_generate(&key, "two\nlines", &err), BF_ERR_USAGE);
    OK(bf_key_generate(&key, "Test", &err));
    OK(bf_key_generate(&other, "Test", &err));
    assert_memory_not_equal(key.secret32, other.secret32, 32);
    assert_true(bf_public_is_valid(key.public33));
}

static void files(void **state)
{
    static const char *const owners[] = {"A", "Example Newsroom",
                                         "Caf\xc3\xa9 \xe6\x96\xb0\xe8\x81\x9e \xf0\x9f\x98\x80",
                                         "\xe6\x96\xb0\xe8\x81\x9e" /* three bytes end it */};
    struct bf_key key, back;
    struct bf_buf pem = {0};
    struct bf_error err;
    bool encrypted;
    size_t i;

    (void)state;
    for (i = 0; i < 2 * sizeof owners / sizeof owners[0]; i++) {
        const char *pass = i % 2 ? "correct horse" : NULL;
        size_t len = pass ? strlen(pass) : 0;

        OK(bf_key_generate(&key, owners[i / 2], &err));
        pem.len = 0;
        OK(bf_key_encode(&pem, &key, pass, len, &err));
        OK(bf_key_is_encrypted(&encrypted, pem.data, pem.len, "k", &err));
        assert_int_equal(encrypted, pass != NULL);
        OK(bf_key_decode(&back, pem.data, pem.len, pass, len, "k", &err));
        assert_memory_equal(&key, &back, sizeof key);
        if (pass == NULL)
            continue;
        assert_int_equal(bf_key_decode(&back, pem.data, pem.len, "correct hors", 12, "k", &err),
                         BF_ERR_AUTH);
        assert_string_equal(err.text, "wrong passphrase for 'k'");
        assert_int_equal(bf_key_decode(&back, pem.data, pem.len, "", 0, "k", &err), BF_ERR_AUTH);
        assert_int_equal(bf_key_decode(&back, pem.data, pem.len, NULL, 0, "k", &err), BF_ERR_AUTH);
    }
    assert_int_equal(bf_key_encode(&pem, &key, "", 0, &err), BF_ERR_USAGE);
    bf_buf_release(&pem);
}

/* Whatever happens to a bare key's file, it is the same key, or none. */
static void damaged_files(void **state)
{
    struct bf_key key, back;
    struct bf_buf pem = {0};
    struct bf_error err;
    size_t i;

    (void)state;
    fixture_key(&key, 1, "Example Newsroom");
    OK(bf_key_encode(&pem, &key, NULL, 0, &err));
    for (i = 0; i < pem.len; i++) {
        uint8_t was = pem.data[i];
        enum bf_err rc;

        pem.data[i] ^= (uint8_t)(1u << i % 7);
        rc = bf_key_decode(&back, pem.data, pem.len, NULL, 0, "k", &err);
        if (rc == BF_OK)
            assert_memory_equal(back.secret32, key.secret32, 32);
        else
            assert_int_equal(rc, BF_ERR_FORMAT);
        pem.data[i] = was;
    }
    for (i = 0; i + 1 < pem.len; i++)
        assert_int_equal(bf_key_decode(&back, pem.data, i, NULL, 0, "k", &err), BF_ERR_FORMAT);
    bf_buf_release(&pem);
}

/* Keys of other kinds, made by 'openssl genpkey', and a key of ours without its name. */
static void foreign_files(void **state)
{
    static const struct {
        const char *pem, *says;
    } rows[] = {
        {"", "holds no key"},
        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds no key"},
        {"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n", "cannot be read"},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a PKCS#8 key"},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
         "not an encrypted"},
        /* Ed25519 */
        {"-----BEGIN PRIVATE "
         "KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
         "-----END PRIVATE KEY-----\n",
         "another kind"},
        /* secp256k1, without friendlyName */
        {"-----BEGIN PRIVATE KEY-----\n"
         "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgAQIDBAUGBwgJCgsMDQ4P\n"
         "EBESExQVFhcYGRobHB0eHyChRANCAASEv1ViUbvoaPl3fjxQ1ANlAlcRWcCi7tF8\n"
         "qv7/QLVmgKFvMUuUWQQ7Mc2UpnUxaEBmHkqFuC2x9/9AWgEuwgjQ\n-----END PRIVATE KEY-----\n",
         ""},
    };
    struct bf_error err;
    struct bf_key key;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(bf_key_decode(&key, rows[i].pem, strlen(rows[i].pem), "x", 1, "k", &err),
                         BF_ERR_FORMAT);
        if (strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void public_pem(void **state)
{
    struct bf_buf pem = {0};
    struct bf_error err;
    struct bf_key key;
    uint8_t none[33] = {0};

    (void)state;
    fixture_key(&key, 1, "Test");
    OK(bf_key_encode_public(&pem, key.public33, &err));
    assert_memory_equal(pem.data, "-----BEGIN PUBLIC KEY-----\nMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE",
                        58);
    assert_int_equal(bf_key_encode_public(&pem, none, &err), BF_ERR_FORMAT);
    bf_buf_release(&pem);
}

struct signer {
    const struct bf_key *key;
    unsigned n_good;
};

static void *sign_some(void *arg)
{
    struct signer *s = arg;
    uint8_t sig[64];
    unsigned i;

    for (i = 0; i < 50; i++)
        if (bf_sign(sig, s->key, &i, sizeof i, NULL) == BF_OK &&
            bf_sign_check(sig, s->key->public33, &i, sizeof i))
            s->n_good++;
    return NULL;
}

static void threads(void **state)
{
    struct signer s[4];
    struct bf_key key;
    pthread_t t[4];
    size_t i;

    (void)state;
    fixture_key(&key, 1, "Test");
    for (i = 0; i < 4; i++) {
        s[i] = (struct signer){.key = &key};
        assert_int_equal(pthread_create(&t[i], NULL, sign_some, &s[i]), 0);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(s[i].n_good, 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads),       cmocka_unit_test(names),
        cmocka_unit_test(rfc6979),       cmocka_unit_test(bad_signatures),
        cmocka_unit_test(secrets),       cmocka_unit_test(files),
        cmocka_unit_test(damaged_files), cmocka_unit_test(foreign_files),
        cmocka_unit_test(public_pem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
