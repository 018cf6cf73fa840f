#include "ledger/chain/key.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <secp256k1.h>

#include "lib/base/hash.h"
#include "lib/base/text.h"

static secp256k1_context *signing;
static pthread_once_t signing_once = PTHREAD_ONCE_INIT;

static bool random_bytes(void *p, size_t n)
{
    uint8_t *q = p;

    while (n > 0) {
        ssize_t k = getrandom(q, n, 0);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return false;
        q += k;
        n -= (size_t)k;
    }
    return true;
}

/* Blinding costs one multiplication, once; without it a signature's timing would depend on the
 * secret alone. */
static void make_signing(void)
{
    uint8_t seed[32];
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

    if (ctx != NULL && random_bytes(seed, sizeof seed) &&
        secp256k1_context_randomize(ctx, seed) == 1)
        signing = ctx;
    else if (ctx != NULL)
        secp256k1_context_destroy(ctx);
    OPENSSL_cleanse(seed, sizeof seed);
}

static const secp256k1_context *signing_context(struct bf_error *err)
{
    pthread_once(&signing_once, make_signing);
    if (signing == NULL)
        bf_error_set(err, BF_ERR_LIBRARY, "cannot prepare libsecp256k1 for signing");
    return signing;
}

bool bf_name_is_valid(const char *name, size_t n)
{
    return n > 0 && n <= BF_NAME_MAX && name[0] != ' ' && name[n - 1] != ' ' &&
           bf_text_is_utf8(name, n) && !bf_text_has_control(name, n);
}

enum bf_err bf_key_from_secret(struct bf_key *key, const uint8_t secret32[32], const char *name,
                               struct bf_error *err)
{
    const secp256k1_context *ctx = signing_context(err);
    secp256k1_pubkey pub;
    size_t len = sizeof key->public33;

    *key = (struct bf_key){0};
    if (ctx == NULL)
        return BF_ERR_LIBRARY;
    if (!bf_name_is_valid(name, strlen(name)))
        return bf_error_set(
            err, BF_ERR_USAGE,
            "'%s' cannot be an issuer's name: 1 to %d bytes of UTF-8, no control characters, "
            "no space at either end",
            name, BF_NAME_MAX);
    if (secp256k1_ec_pubkey_create(ctx, &pub, secret32) != 1)
        return bf_error_set(err, BF_ERR_FORMAT, "not a secret key of secp256k1");
    secp256k1_ec_pubkey_serialize(ctx, key->public33, &len, &pub, SECP256K1_EC_COMPRESSED);
    memcpy(key->secret32, secret32, sizeof key->secret32);
    snprintf(key->name, sizeof key->name, "%s", name);
    return BF_OK;
}

enum bf_err bf_key_generate(struct bf_key *key, const char *name, struct bf_error *err)
{
    uint8_t secret[32];
    enum bf_err rc;

    *key = (struct bf_key){0};
    /* All but 2^-128 of the 32-byte strings are secrets: a second round is never seen. */
    do {
        if (!random_bytes(secret, sizeof secret))
            return bf_error_errno(err, "cannot read the system's random source");
    } while (secp256k1_ec_seckey_verify(secp256k1_context_static, secret) != 1);
    rc = bf_key_from_secret(key, secret, name, err);
    OPENSSL_cleanse(secret, sizeof secret);
    return rc;
}

/* Deeper than what libsecp256k1, OpenSSL and the dynamic loader, which puts the registers by, reach
 * below a call. */
__attribute__((noinline)) void bf_key_clear_stack(void)
{
    uint8_t below[32768];

    OPENSSL_cleanse(below, sizeof below);
}

void bf_key_release(struct bf_key *key)
{
    OPENSSL_cleanse(key, sizeof *key);
    bf_key_clear_stack();
}

enum bf_err bf_sign(uint8_t sig64[64], const struct bf_key *key, const void *msg, size_t n,
                    struct bf_error *err)
{
    const secp256k1_context *ctx = signing_context(err);
    secp256k1_ecdsa_signature sig;
    uint8_t hash[32];
    int good;

    if (ctx == NULL)
        return BF_ERR_LIBRARY;
    bf_sha256(hash, msg, n);
    /* The library's default nonce is RFC 6979 and its signatures are low-S. */
    good = secp256k1_ecdsa_sign(ctx, &sig, hash, key->secret32, NULL, NULL);
    bf_key_clear_stack();
    if (good != 1)
        return bf_error_set(err, BF_ERR_LIBRARY, "cannot sign: the key holds no valid secret");
    secp256k1_ecdsa_signature_serialize_compact(ctx, sig64, &sig);
    return BF_OK;
}

bool bf_sign_check(const uint8_t sig64[64], const uint8_t public33[33], const void *msg, size_t n)
{
    const secp256k1_context *ctx = secp256k1_context_static;
    secp256k1_ecdsa_signature sig;
    secp256k1_pubkey pub;
    uint8_t hash[32];

    if (secp256k1_ec_pubkey_parse(ctx, &pub, public33, BF_PUBLIC33_SIZE) != 1 ||
        secp256k1_ecdsa_signature_parse_compact(ctx, &sig, sig64) != 1)
        return false;
    bf_sha256(hash, msg, n);
    /* secp256k1_ecdsa_verify refuses high-S. */
    return secp256k1_ecdsa_verify(ctx, &sig, hash, &pub) == 1;
}

bool bf_public_is_valid(const uint8_t public33[33])
{
    secp256k1_pubkey pub;

    return secp256k1_ec_pubkey_parse(secp256k1_context_static, &pub, public33, BF_PUBLIC33_SIZE) ==
           1;
}
