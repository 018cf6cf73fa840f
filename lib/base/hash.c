#include "lib/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include <openssl/evp.h>

struct bf_sha256 {
    EVP_MD_CTX *ctx;
};

void bf_sha256(uint8_t hash32[32], const void *p, size_t n)
{
    int ok = EVP_Digest(p, n, hash32, NULL, EVP_sha256(), NULL);

    /* SHA-256 over memory fails only where the library itself is broken; going on would sign garbage. */
    if (ok != 1)
        abort();
}

struct bf_sha256 *bf_sha256_create(void)
{
    struct bf_sha256 *h = calloc(1, sizeof *h);

    if (h == NULL)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    if (h->ctx == NULL || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
        bf_sha256_free(&h);
    return h;
}

void bf_sha256_free(struct bf_sha256 **h)
{
    if (*h == NULL)
        return;
    EVP_MD_CTX_free((*h)->ctx);
    free(*h);
    *h = NULL;
}

void bf_sha256_update(struct bf_sha256 *h, const void *p, size_t n)
{
    if (EVP_DigestUpdate(h->ctx, p, n) != 1)
        abort();
}

void bf_sha256_finish(struct bf_sha256 *h, uint8_t hash32[32])
{
    if (EVP_DigestFinal_ex(h->ctx, hash32, NULL) != 1 || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
        abort();
}

enum bf_err bf_hash_fd(uint8_t hash32[32], uint64_t *size, int fd, const char *name, struct bf_error *err)
{
    enum { CHUNK = 1 << 18 };
    struct bf_sha256 *h = bf_sha256_create();
    uint8_t *buf = malloc(CHUNK);
    enum bf_err rc = BF_OK;
    off_t at = 0;

    if (h == NULL || buf == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (;;) {
        ssize_t n = pread(fd, buf, CHUNK, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = bf_error_errno(err, "cannot read '%s'", name);
            goto out;
        }
        if (n == 0)
            break;
        bf_sha256_update(h, buf, (size_t)n);
        at += n;
    }
    bf_sha256_finish(h, hash32);
    *size = (uint64_t)at;
out:
    bf_sha256_free(&h);
    free(buf);
    return rc;
}
