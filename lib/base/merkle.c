#include "lib/base/merkle.h"

#include <assert.h>

#include "lib/base/hash.h"

void bf_merkle_empty(uint8_t hash32[32])
{
    bf_sha256(hash32, "", 0);
}

void bf_merkle_leaf(uint8_t hash32[32], const void *data, size_t n)
{
    uint8_t buf[4097];
    struct bf_sha256 *h;

    if (n < sizeof buf) {
        buf[0] = 0;
        if (n > 0)
            memcpy(buf + 1, data, n);
        bf_sha256(hash32, buf, n + 1);
        return;
    }
    h = bf_sha256_create();
    if (h == NULL)
        abort(); /* no leaf of ours is this large; going on without a hash is worse than ending */
    bf_sha256_update(h, "", 1);
    bf_sha256_update(h, data, n);
    bf_sha256_finish(h, hash32);
    bf_sha256_free(&h);
}

void bf_merkle_node(uint8_t hash32[32], const uint8_t left32[32], const uint8_t right32[32])
{
    uint8_t buf[65];

    buf[0] = 1;
    memcpy(buf + 1, left32, 32);
    memcpy(buf + 33, right32, 32);
    bf_sha256(hash32, buf, sizeof buf);
}

enum bf_err bf_merkle_append(struct bf_merkle *m, const uint8_t leaf32[32],
                             enum bf_err (*on_node)(void *ctx, unsigned level, uint64_t i,
                                                    const uint8_t hash32[32]),
                             void *ctx)
{
    uint8_t hash[32];
    unsigned level = 0;
    enum bf_err rc;

    memcpy(hash, leaf32, 32);
    for (;; level++) {
        if (on_node != NULL) {
            rc = on_node(ctx, level, m->n >> level, hash);
            if (rc != BF_OK)
                return rc;
        }
        if (!(m->n >> level & 1))
            break;
        bf_merkle_node(hash, m->peak[level], hash);
    }
    memcpy(m->peak[level], hash, 32);
    m->n++;
    return BF_OK;
}

void bf_merkle_root(uint8_t hash32[32], const struct bf_merkle *m)
{
    bool any = false;
    unsigned level;

    for (level = 0; level < 64; level++) {
        if (!(m->n >> level & 1))
            continue;
        if (any)
            bf_merkle_node(hash32, m->peak[level], hash32);
        else
            memcpy(hash32, m->peak[level], 32);
        any = true;
    }
    if (!any)
        bf_merkle_empty(hash32);
}

/* Root of the leaves [lo, hi), lo a multiple of the largest power of two below hi - lo: peaks
 * folded from the right. */
static enum bf_err range_root(uint8_t hash32[32], uint64_t lo, uint64_t hi,
                              const struct bf_merkle_source *src, struct bf_error *err)
{
    uint64_t n = hi - lo;
    uint8_t part[32];
    bool any = false;
    unsigned level;
    enum bf_err rc;

    for (level = 0; level < 64; level++) {
        if (!(n >> level & 1))
            continue;
        hi -= (uint64_t)1 << level;
        rc = src->node(src->ctx, any ? part : hash32, level, hi >> level, err);
        if (rc != BF_OK)
            return rc;
        if (any)
            bf_merkle_node(hash32, part, hash32);
        any = true;
    }
    return BF_OK;
}

enum bf_err bf_merkle_root_at(uint8_t hash32[32], uint64_t n, const struct bf_merkle_source *src,
                              struct bf_error *err)
{
    if (n == 0) {
        bf_merkle_empty(hash32);
        return BF_OK;
    }
    return range_root(hash32, 0, n, src, err);
}

/* Largest power of two below n; n > 1 */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;

    while (k < n - k)
        k <<= 1;
    return k;
}

static void reverse(uint8_t (*path)[32], size_t n)
{
    uint8_t t[32];
    size_t i;

    for (i = 0; i < n / 2; i++) {
        memcpy(t, path[i], 32);
        memcpy(path[i], path[n - 1 - i], 32);
        memcpy(path[n - 1 - i], t, 32);
    }
}

enum bf_err bf_merkle_prove(uint8_t (*path)[32], size_t *n_path, uint64_t index, uint64_t n,
                            const struct bf_merkle_source *src, struct bf_error *err)
{
    uint64_t lo = 0, hi = n;
    enum bf_err rc;

    assert(index < n);
    *n_path = 0;
    /* From the root down, so the path comes out last node first. */
    while (hi - lo > 1) {
        uint64_t mid = lo + split(hi - lo);

        rc = index < mid ? range_root(path[*n_path], mid, hi, src, err)
                         : range_root(path[*n_path], lo, mid, src, err);
        if (rc != BF_OK)
            return rc;
        *n_path += 1;
        if (index < mid)
            hi = mid;
        else
            lo = mid;
    }
    reverse(path, *n_path);
    return BF_OK;
}

bool bf_merkle_check(const uint8_t root32[32], uint64_t n, uint64_t index, const uint8_t leaf32[32],
                     const uint8_t (*path)[32], size_t n_path)
{
    uint64_t fn = index, sn = n - 1;
    uint8_t hash[32];
    size_t i;

    if (index >= n)
        return false;
    memcpy(hash, leaf32, 32);
    for (i = 0; i < n_path; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            bf_merkle_node(hash, path[i], hash);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            bf_merkle_node(hash, hash, path[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(hash, root32, 32) == 0;
}

enum bf_err bf_merkle_prove_consistency(uint8_t (*path)[32], size_t *n_path, uint64_t m, uint64_t n,
                                        const struct bf_merkle_source *src, struct bf_error *err)
{
    uint64_t lo = 0, hi = n;
    enum bf_err rc;

    assert(m > 0 && m <= n);
    *n_path = 0;
    while (m != hi) {
        uint64_t mid = lo + split(hi - lo);

        rc = m <= mid ? range_root(path[*n_path], mid, hi, src, err)
                      : range_root(path[*n_path], lo, mid, src, err);
        if (rc != BF_OK)
            return rc;
        *n_path += 1;
        if (m <= mid)
            hi = mid;
        else
            lo = mid;
    }
    /* The old tree itself is known to the verifier; a subtree of it is not. */
    if (lo > 0) {
        rc = range_root(path[*n_path], lo, hi, src, err);
        if (rc != BF_OK)
            return rc;
        *n_path += 1;
    }
    reverse(path, *n_path);
    return BF_OK;
}

bool bf_merkle_check_consistency(uint64_t m, const uint8_t root_m32[32], uint64_t n,
                                 const uint8_t root_n32[32], const uint8_t (*path)[32],
                                 size_t n_path)
{
    uint64_t fn = m - 1, sn = n - 1;
    uint8_t old[32], new[32];
    size_t i = 0;

    if (m == 0 || m > n)
        return false;
    if (m == n)
        return n_path == 0 && memcmp(root_m32, root_n32, 32) == 0;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    /* RFC 9162 2.1.4.2 step 2: where m is a power of two the old root stands in front of the path.
     */
    if ((m & (m - 1)) == 0) {
        memcpy(old, root_m32, 32);
    } else {
        if (n_path == 0)
            return false;
        memcpy(old, path[i++], 32);
    }
    memcpy(new, old, 32);
    for (; i < n_path; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            bf_merkle_node(old, path[i], old);
            bf_merkle_node(new, path[i], new);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            bf_merkle_node(new, new, path[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(old, root_m32, 32) == 0 && memcmp(new, root_n32, 32) == 0;
}
