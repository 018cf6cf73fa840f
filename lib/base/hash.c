#include "lib/base/hash.h"

#include <errno.h>
#include <unistd.h>

/*
 * The plain functions, which OpenSSL 3 calls deprecated, and not EVP: a tree node or a record is
 * one or a few blocks, where EVP's fetching takes six times as long as the hashing, and EVP would
 * make bonafide-check three times as large, with dlopen in it. They cannot fail.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

struct bf_sha256 {
    SHA256_CTX ctx;
};

void bf_sha256(uint8_t hash32[32], const void *p, size_t n)
{
    SHA256_CTX ctx;

    SHA256_Init(&ctx);
    SHA256_Update(&ctx, p, n);
    SHA256_Final(hash32, &ctx);
}

struct bf_sha256 *bf_sha256_create(void)
{
    struct bf_sha256 *h = calloc(1, sizeof *h);

    if (h != NULL)
        SHA256_Init(&h->ctx);
    return h;
}

void bf_sha256_free(struct bf_sha256 **h)
{
    free(*h);
    *h = NULL;
}

void bf_sha256_update(struct bf_sha256 *h, const void *p, size_t n)
{
    SHA256_Update(&h->ctx, p, n);
}

void bf_sha256_finish(struct bf_sha256 *h, uint8_t hash32[32])
{
    SHA256_Final(hash32, &h->ctx);
    SHA256_Init(&h->ctx);
}

enum bf_err bf_hash_fd(uint8_t hash32[32], uint64_t *size, int fd, const char *name,
                       struct bf_error *err)
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
