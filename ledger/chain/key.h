/*
 * key.h - issuer keys: secp256k1 pairs with a name, as PKCS#8 PEM (RFC 5208, RFC 7468), under
 * scrypt (RFC 7914) or bare
 */
#ifndef BF_KEY_H
#define BF_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

#define BF_NAME_MAX 128 /* bytes of UTF-8 in an issuer's name */
#define BF_PASSPHRASE_MAX 1024
#define BF_KEY_FILE_MAX 8192
#define BF_PUBLIC33_SIZE 33 /* SEC 1 compressed point */
#define BF_SIG64_SIZE 64    /* r || s, big-endian, low-S */

/* The secret half stays in this struct alone; bf_key_release clears it. */
struct bf_key {
    uint8_t secret32[32];
    uint8_t public33[BF_PUBLIC33_SIZE];
    char name[BF_NAME_MAX + 1];
};

/* True for 1 to BF_NAME_MAX bytes of UTF-8 without control characters, not starting or ending in a
 * space. */
bool bf_name_is_valid(const char *name, size_t n);

/* A new pair from the system's random source. BF_ERR_USAGE where the name is not valid. */
enum bf_err bf_key_generate(struct bf_key *key, const char *name, struct bf_error *err);
/* The pair of a secret that is there already. BF_ERR_FORMAT where it is not a number of 1 to the
 * curve's order - 1. */
enum bf_err bf_key_from_secret(struct bf_key *key, const uint8_t secret32[32], const char *name,
                               struct bf_error *err);
void bf_key_release(struct bf_key *key);
/* Clears what the calls before this one have left on the stack below their caller's frame. The
 * functions here do so themselves. */
void bf_key_clear_stack(void);

/*
 * PEM of the pair, the name as the friendlyName attribute inside. pass NULL: not encrypted; else
 * PBES2 with scrypt (N 2^14, r 8, p 5: the most memory that OpenSSL's own tools take, so that they
 * read these files) and AES-256-CBC. pem is grown once, to BF_KEY_FILE_MAX, so that no copy of a
 * bare key is left behind by its growing: the caller clears it.
 */
enum bf_err bf_key_encode(struct bf_buf *pem, const struct bf_key *key, const char *pass,
                          size_t pass_len, struct bf_error *err);
/* Whether the PEM holds an encrypted key; BF_ERR_FORMAT where it holds none at all. name is for the
 * sentence. */
enum bf_err bf_key_is_encrypted(bool *encrypted, const void *pem, size_t n, const char *name,
                                struct bf_error *err);
/* BF_ERR_AUTH for a wrong passphrase, BF_ERR_FORMAT for another curve, a damaged file or a missing
 * name. */
enum bf_err bf_key_decode(struct bf_key *key, const void *pem, size_t n, const char *pass,
                          size_t pass_len, const char *name, struct bf_error *err);
/* SubjectPublicKeyInfo PEM, for other tools. */
enum bf_err bf_key_encode_public(struct bf_buf *pem, const uint8_t public33[33],
                                 struct bf_error *err);

/*
 * ECDSA over SHA-256(msg) (ES256K, RFC 8812): RFC 6979 nonces, low-S. The first call makes the
 * library's context and blinds it with random bytes; calls from several threads are safe.
 */
enum bf_err bf_sign(uint8_t sig64[64], const struct bf_key *key, const void *msg, size_t n,
                    struct bf_error *err);
/* True for a valid low-S signature alone; high-S is refused. */
bool bf_sign_check(const uint8_t sig64[64], const uint8_t public33[33], const void *msg, size_t n);
/* True where the 33 bytes are a point on the curve. */
bool bf_public_is_valid(const uint8_t public33[33]);

#endif
