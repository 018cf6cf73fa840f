/*
 * Key files: the PKCS#8 and PEM half of key.h, in a file of its own so that a program that only
 * checks signatures does not link it.
 */
#include "ledger/chain/key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <secp256k1.h>

#include "lib/base/text.h"

#define SCRYPT_N (1 << 14)
#define SCRYPT_R 8
#define SCRYPT_P 5
#define SALT_SIZE 16
#define SCRYPT_WORK_MAX                                                       \
    (1 << 24) /* N r p of a file that somebody else made: some twenty seconds \
               */

#define LABEL_BARE "PRIVATE KEY"
#define LABEL_ENCRYPTED "ENCRYPTED PRIVATE KEY"
#define LABEL_PUBLIC "PUBLIC KEY"

/* RFC 5915 ECPrivateKey around a 32-byte secret, with the uncompressed public key. */
#define EC_HEAD_SIZE 7
#define EC_MID_SIZE 5
#define EC_SIZE (EC_HEAD_SIZE + 32 + EC_MID_SIZE + 65)
static const uint8_t ec_head[EC_HEAD_SIZE] = {0x30, EC_SIZE - 2, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t ec_mid[EC_MID_SIZE] = {0xa1, 0x44, 0x03, 0x42, 0x00};

static bool pem_append(struct bf_buf *out, const char *label, const uint8_t *der, size_t n)
{
    enum { LINE = 48 };
    char line[65];
    size_t i;

    bf_buf_printf(out, "-----BEGIN %s-----\n", label);
    for (i = 0; i < n; i += LINE) {
        bf_base64_format(line, der + i, n - i < LINE ? n - i : LINE);
        bf_buf_append(out, line, strlen(line));
        bf_buf_put_u8(out, '\n');
    }
    bf_buf_printf(out, "-----END %s-----\n", label);
    OPENSSL_cleanse(line, sizeof line);
    return !out->failed;
}

static const char *find_text(const char *p, size_t n, const char *what)
{
    size_t len = strlen(what), i;

    for (i = 0; i + len <= n; i++)
        if (memcmp(p + i, what, len) == 0)
            return p + i;
    return NULL;
}

/*
 * Contents of the first block with this label; der has room for BF_KEY_FILE_MAX bytes. False where
 * there is none or it is not base64. Text around the block is skipped, as RFC 7468 allows.
 */
static bool pem_find(uint8_t *der, size_t *der_len, const char *label, const char *text, size_t n)
{
    char mark[64], flat[BF_KEY_FILE_MAX];
    const char *p, *end;
    size_t len = 0;
    bool ok = true;

    snprintf(mark, sizeof mark, "-----BEGIN %s-----", label);
    p = find_text(text, n, mark);
    if (p == NULL)
        return false;
    p += strlen(mark);
    snprintf(mark, sizeof mark, "-----END %s-----", label);
    end = find_text(p, (size_t)(text + n - p), mark);
    if (end == NULL)
        return false;
    for (; ok && p < end; p++) {
        if (*p == '\n' || *p == '\r' || *p == ' ' || *p == '\t')
            continue;
        ok = len < sizeof flat;
        if (ok)
            flat[len++] = *p;
    }
    ok = ok && bf_base64_parse(der, BF_KEY_FILE_MAX, der_len, flat, len);
    OPENSSL_cleanse(flat, sizeof flat);
    return ok;
}

static bool set_name(PKCS8_PRIV_KEY_INFO *p8, const char *name)
{
    int n = 0;
    unsigned char *utf16 = OPENSSL_utf82uni(name, (int)strlen(name), NULL, &n);
    bool ok;

    /* friendlyName is a BMPString (RFC 2985); OPENSSL_utf82uni counts its closing NUL. */
    ok = utf16 != NULL && n > 2 &&
         PKCS8_pkey_add1_attr_by_NID(p8, NID_friendlyName, V_ASN1_BMPSTRING, utf16, n - 2) == 1;
    OPENSSL_free(utf16);
    return ok;
}

static PKCS8_PRIV_KEY_INFO *wrap(const struct bf_key *key)
{
    PKCS8_PRIV_KEY_INFO *p8 = PKCS8_PRIV_KEY_INFO_new();
    uint8_t *der = OPENSSL_malloc(EC_SIZE);
    secp256k1_pubkey pub;
    size_t len = 65;

    if (p8 == NULL || der == NULL ||
        secp256k1_ec_pubkey_parse(secp256k1_context_static, &pub, key->public33,
                                  sizeof key->public33) != 1)
        goto fail;
    memcpy(der, ec_head, sizeof ec_head);
    memcpy(der + EC_HEAD_SIZE, key->secret32, 32);
    memcpy(der + EC_HEAD_SIZE + 32, ec_mid, sizeof ec_mid);
    secp256k1_ec_pubkey_serialize(secp256k1_context_static, der + EC_SIZE - 65, &len, &pub,
                                  SECP256K1_EC_UNCOMPRESSED);
    if (PKCS8_pkey_set0(p8, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), 0, V_ASN1_OBJECT,
                        OBJ_nid2obj(NID_secp256k1), der, EC_SIZE) != 1)
        goto fail;
    der = NULL; /* p8 has it now and clears it when freed */
    if (!set_name(p8, key->name))
        goto fail;
    return p8;
fail:
    OPENSSL_clear_free(der, EC_SIZE);
    PKCS8_PRIV_KEY_INFO_free(p8);
    return NULL;
}

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *p8, const char *pass, size_t pass_len)
{
    uint8_t salt[SALT_SIZE];
    X509_ALGOR *alg;
    X509_SIG *sig;

    if (RAND_bytes(salt, sizeof salt) != 1)
        return NULL;
    alg = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof salt, NULL, SCRYPT_N, SCRYPT_R,
                                SCRYPT_P);
    if (alg == NULL)
        return NULL;
    sig = PKCS8_set0_pbe(pass, (int)pass_len, p8, alg);
    if (sig == NULL)
        X509_ALGOR_free(alg);
    return sig;
}

enum bf_err bf_key_encode(struct bf_buf *pem, const struct bf_key *key, const char *pass,
                          size_t pass_len, struct bf_error *err)
{
    PKCS8_PRIV_KEY_INFO *p8 = NULL;
    X509_SIG *sig = NULL;
    unsigned char *der = NULL;
    enum bf_err rc = BF_OK;
    int n = 0;

    if (pass != NULL && (pass_len == 0 || pass_len > BF_PASSPHRASE_MAX))
        return bf_error_set(err, BF_ERR_USAGE, "a passphrase has 1 to %d bytes", BF_PASSPHRASE_MAX);
    if (!bf_buf_reserve(pem, BF_KEY_FILE_MAX))
        return bf_error_nomem(err);
    p8 = wrap(key);
    if (p8 != NULL && pass != NULL) {
        sig = encrypt(p8, pass, pass_len);
        n = sig ? i2d_X509_SIG(sig, &der) : -1;
    } else if (p8 != NULL) {
        n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    }
    if (n <= 0)
        rc = bf_error_set(err, BF_ERR_LIBRARY, "cannot encode the key: %s",
                          ERR_error_string(ERR_peek_last_error(), NULL));
    else if (!pem_append(pem, pass ? LABEL_ENCRYPTED : LABEL_BARE, der, (size_t)n))
        rc = bf_error_nomem(err);
    OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
    X509_SIG_free(sig);
    PKCS8_PRIV_KEY_INFO_free(p8);
    bf_key_clear_stack();
    ERR_clear_error();
    return rc;
}

enum bf_err bf_key_is_encrypted(bool *encrypted, const void *pem, size_t n, const char *name,
                                struct bf_error *err)
{
    *encrypted = find_text(pem, n, "-----BEGIN " LABEL_ENCRYPTED "-----") != NULL;
    if (*encrypted || find_text(pem, n, "-----BEGIN " LABEL_BARE "-----") != NULL)
        return BF_OK;
    return bf_error_set(err, BF_ERR_FORMAT, "'%s' holds no key: there is no PKCS#8 PEM block in it",
                        name);
}

/* Whether the encryption is the one kind these files have: PBES2, scrypt of bounded work,
 * AES-256-CBC. */
static bool is_known_encryption(const X509_SIG *sig)
{
    const X509_ALGOR *alg;
    const ASN1_OCTET_STRING *data;
    const ASN1_OBJECT *oid;
    const void *param;
    PBE2PARAM *pbe = NULL;
    SCRYPT_PARAMS *kdf = NULL;
    uint64_t N = 0, r = 0, p = 0;
    int type;
    bool ok = false;

    X509_SIG_get0(sig, &alg, &data);
    X509_ALGOR_get0(&oid, &type, &param, alg);
    if (OBJ_obj2nid(oid) != NID_pbes2 || type != V_ASN1_SEQUENCE)
        return false;
    pbe = ASN1_item_unpack(param, ASN1_ITEM_rptr(PBE2PARAM));
    if (pbe == NULL)
        return false;
    X509_ALGOR_get0(&oid, NULL, NULL, pbe->encryption);
    if (OBJ_obj2nid(oid) != NID_aes_256_cbc)
        goto out;
    X509_ALGOR_get0(&oid, &type, &param, pbe->keyfunc);
    if (OBJ_obj2nid(oid) != NID_id_scrypt || type != V_ASN1_SEQUENCE)
        goto out;
    kdf = ASN1_item_unpack(param, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    ok = kdf != NULL && ASN1_INTEGER_get_uint64(&N, kdf->costParameter) == 1 &&
         ASN1_INTEGER_get_uint64(&r, kdf->blockSize) == 1 &&
         ASN1_INTEGER_get_uint64(&p, kdf->parallelizationParameter) == 1 && N > 0 && r > 0 &&
         p > 0 && N <= SCRYPT_WORK_MAX && r <= SCRYPT_WORK_MAX / N &&
         p <= SCRYPT_WORK_MAX / (N * r);
out:
    SCRYPT_PARAMS_free(kdf);
    PBE2PARAM_free(pbe);
    return ok;
}

static enum bf_err read_encrypted(PKCS8_PRIV_KEY_INFO **p8, const uint8_t *der, size_t n,
                                  const char *pass, size_t pass_len, const char *name,
                                  struct bf_error *err)
{
    const unsigned char *p = der;
    X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)n);
    enum bf_err rc = BF_OK;

    if (sig == NULL || p != der + n)
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged: not an encrypted PKCS#8 key", name);
    else if (!is_known_encryption(sig))
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is not encrypted with scrypt and AES-256-CBC",
                          name);
    else if (pass == NULL)
        rc = bf_error_set(err, BF_ERR_AUTH, "'%s' is encrypted and needs a passphrase", name);
    else if (pass_len > BF_PASSPHRASE_MAX ||
             (*p8 = PKCS8_decrypt(sig, pass, (int)pass_len)) == NULL)
        /* Padding that is wrong and a structure that is wrong both come from a wrong key. */
        rc = bf_error_set(err, BF_ERR_AUTH, "wrong passphrase for '%s'", name);
    X509_SIG_free(sig);
    return rc;
}

/* Reads the one DER element that must come next: its tag, and a length below 128. */
static bool der_enter(struct bf_reader *r, uint8_t tag, size_t *len)
{
    uint8_t got = bf_read_u8(r), n = bf_read_u8(r);

    if (got != tag || n >= 0x80 || n > r->left)
        r->failed = true;
    *len = n;
    return !r->failed;
}

/* The secret of an RFC 5915 ECPrivateKey; what it says of curve and public key is compared by the
 * caller's re-derivation. */
static const uint8_t *ec_secret(const uint8_t *der, size_t n)
{
    const uint8_t *secret, *v;
    struct bf_reader r;
    size_t len;

    bf_reader_init(&r, der, n);
    if (!der_enter(&r, 0x30, &len) || len != r.left)
        return NULL;
    if (!der_enter(&r, 0x02, &len) || len != 1 || bf_read_u8(&r) != 1)
        return NULL;
    if (!der_enter(&r, 0x04, &len) || len != 32)
        return NULL;
    secret = bf_read_bytes(&r, 32);
    while (r.left > 0 && !r.failed) {
        v = r.p;
        if ((v[0] != 0xa0 && v[0] != 0xa1) || !der_enter(&r, v[0], &len))
            return NULL;
        bf_read_bytes(&r, len);
    }
    return r.failed ? NULL : secret;
}

/* The public key in the ECPrivateKey, where there is one, must be the secret's own. */
static bool public_agrees(const uint8_t *der, size_t n, const uint8_t public33[33])
{
    uint8_t pub65[65];
    secp256k1_pubkey pub;
    size_t len = sizeof pub65;

    if (n != EC_SIZE)
        return true;
    if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &pub, public33, BF_PUBLIC33_SIZE) != 1)
        return false;
    secp256k1_ec_pubkey_serialize(secp256k1_context_static, pub65, &len, &pub,
                                  SECP256K1_EC_UNCOMPRESSED);
    return memcmp(der + EC_SIZE - 65, pub65, 65) == 0;
}

/* The friendlyName attribute as UTF-8 in out; false where there is none or it is no issuer's name.
 */
static bool get_name(char out[BF_NAME_MAX + 1], const PKCS8_PRIV_KEY_INFO *p8)
{
    const STACK_OF(X509_ATTRIBUTE) *attrs = PKCS8_pkey_get0_attrs(p8);
    int at = attrs ? X509at_get_attr_by_NID(attrs, NID_friendlyName, -1) : -1, n, n_back = 0;
    X509_ATTRIBUTE *attr = at >= 0 ? X509at_get_attr(attrs, at) : NULL;
    ASN1_TYPE *value = attr ? X509_ATTRIBUTE_get0_type(attr, 0) : NULL;
    unsigned char utf16[4 * BF_NAME_MAX + 2] = {0}, *back = NULL;
    char *utf8 = NULL;
    bool ok = false;

    if (value == NULL || value->type != V_ASN1_BMPSTRING ||
        value->value.bmpstring->length > 4 * BF_NAME_MAX)
        return false;
    n = value->value.bmpstring->length;
    memcpy(utf16, value->value.bmpstring->data, (size_t)n);
    /* With its closing NUL: OPENSSL_uni2utf8 wants four bytes for a last character that takes three
     * of UTF-8. What it cannot read it takes for Latin, and it ends at a NUL: so there and back. */
    utf8 = OPENSSL_uni2utf8(utf16, n + 2);
    if (utf8 != NULL && bf_name_is_valid(utf8, strlen(utf8)))
        back = OPENSSL_utf82uni(utf8, (int)strlen(utf8), NULL, &n_back);
    ok = back != NULL && n_back == n + 2 && memcmp(back, utf16, (size_t)n) == 0;
    if (ok)
        memcpy(out, utf8, strlen(utf8) + 1);
    OPENSSL_free(utf8);
    OPENSSL_free(back);
    return ok;
}

static enum bf_err unwrap(struct bf_key *key, const PKCS8_PRIV_KEY_INFO *p8, const char *name,
                          struct bf_error *err)
{
    const ASN1_OBJECT *oid, *curve;
    const X509_ALGOR *alg;
    const unsigned char *der;
    const void *param;
    const uint8_t *secret;
    char issuer[BF_NAME_MAX + 1];
    int n, type;

    if (PKCS8_pkey_get0(&oid, &der, &n, &alg, p8) != 1 || n <= 0)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged: not a PKCS#8 key", name);
    X509_ALGOR_get0(&oid, &type, &param, alg);
    curve = type == V_ASN1_OBJECT ? param : NULL;
    if (OBJ_obj2nid(oid) != NID_X9_62_id_ecPublicKey || curve == NULL ||
        OBJ_obj2nid(curve) != NID_secp256k1)
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' is a key of another kind; issuer keys are on secp256k1", name);
    secret = ec_secret(der, (size_t)n);
    if (secret == NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged: not an EC private key", name);
    if (!get_name(issuer, p8))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' has no issuer's name in it; make keys with 'bonafide key new'",
                            name);
    if (bf_key_from_secret(key, secret, issuer, NULL) != BF_OK ||
        !public_agrees(der, (size_t)n, key->public33)) {
        bf_key_release(key);
        return bf_error_set(err, BF_ERR_FORMAT,
                            "'%s' is damaged: its two halves do not belong together", name);
    }
    return BF_OK;
}

enum bf_err bf_key_decode(struct bf_key *key, const void *pem, size_t n, const char *pass,
                          size_t pass_len, const char *name, struct bf_error *err)
{
    uint8_t der[BF_KEY_FILE_MAX];
    const unsigned char *p = der;
    PKCS8_PRIV_KEY_INFO *p8 = NULL;
    size_t der_len = 0;
    bool encrypted;
    enum bf_err rc;

    *key = (struct bf_key){0};
    rc = bf_key_is_encrypted(&encrypted, pem, n, name, err);
    if (rc != BF_OK)
        return rc;
    if (!pem_find(der, &der_len, encrypted ? LABEL_ENCRYPTED : LABEL_BARE, pem, n)) {
        rc =
            bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged: its PEM block cannot be read", name);
    } else if (encrypted) {
        rc = read_encrypted(&p8, der, der_len, pass, pass_len, name, err);
    } else {
        p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der_len);
        if (p8 == NULL || p != der + der_len)
            rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged: not a PKCS#8 key", name);
    }
    if (rc == BF_OK)
        rc = unwrap(key, p8, name, err);
    PKCS8_PRIV_KEY_INFO_free(p8);
    OPENSSL_cleanse(der, sizeof der);
    bf_key_clear_stack();
    ERR_clear_error();
    return rc;
}

enum bf_err bf_key_encode_public(struct bf_buf *pem, const uint8_t public33[33],
                                 struct bf_error *err)
{
    /* SubjectPublicKeyInfo { id-ecPublicKey, secp256k1 }, the point uncompressed (RFC 5480) */
    static const uint8_t head[] = {0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                   0x81, 0x04, 0x00, 0x0a, 0x03, 0x42, 0x00};
    uint8_t der[sizeof head + 65];
    secp256k1_pubkey pub;
    size_t len = 65;

    if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &pub, public33, BF_PUBLIC33_SIZE) != 1)
        return bf_error_set(err, BF_ERR_FORMAT, "not a public key of secp256k1");
    memcpy(der, head, sizeof head);
    secp256k1_ec_pubkey_serialize(secp256k1_context_static, der + sizeof head, &len, &pub,
                                  SECP256K1_EC_UNCOMPRESSED);
    return pem_append(pem, LABEL_PUBLIC, der, sizeof der) ? BF_OK : bf_error_nomem(err);
}
