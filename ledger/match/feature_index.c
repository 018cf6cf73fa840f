#include "ledger/match/feature_index.h"

#include <inttypes.h>

#include "lib/base/bytes.h"

enum {
    KEY_SIZE = 3,
    VALUE_SIZE = 16,
};

static void put_key(uint8_t p[KEY_SIZE], uint32_t key)
{
    p[0] = (uint8_t)(key >> 16);
    p[1] = (uint8_t)(key >> 8);
    p[2] = (uint8_t)key;
}

static enum bf_err check_bits(uint32_t key, uint64_t sketch, struct bf_error *err)
{
    if (key >> BF_FEATURE_KEY_BITS != 0 || sketch >> BF_FEATURE_SKETCH_BITS != 0)
        return bf_error_set(err, BF_ERR_USAGE,
                            "a feature's key has %d bits and its sketch %d, not %#" PRIx32
                            " and %#" PRIx64,
                            BF_FEATURE_KEY_BITS, BF_FEATURE_SKETCH_BITS, key, sketch);
    return BF_OK;
}

enum bf_err bf_feature_index_put(struct bf_txn *t, uint64_t record,
                                 const struct bf_feature_entry *e, struct bf_error *err)
{
    uint8_t key[KEY_SIZE], v[VALUE_SIZE];
    enum bf_err rc = check_bits(e->key, e->sketch, err);

    if (rc != BF_OK)
        return rc;
    if (record > UINT32_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the feature index holds no more than 2^32 records");
    if (e->time_ds > BF_FEATURE_TIME_MAX)
        return bf_error_set(err, BF_ERR_LIMIT,
                            "the feature index holds no more than %d seconds of a record",
                            BF_FEATURE_TIME_MAX / 10);
    put_key(key, e->key);
    /* As two numbers: record, time, x; then y, scale, polarity, sketch. */
    bf_put_be64(v, record << 32 | (uint64_t)e->time_ds << 8 | e->x);
    bf_put_be64(v + 8, (uint64_t)e->y << 56 | (uint64_t)e->scale << 48 |
                           (uint64_t)e->polarity << 40 | e->sketch);
    return bf_txn_put(t, BF_TABLE_FEATURES, key, sizeof key, v, sizeof v, err);
}

struct getting {
    uint32_t key;
    uint64_t sketch;
    unsigned max_distance;
    bool (*fn)(void *ctx, const struct bf_feature_entry *e, unsigned distance);
    void *ctx;
    enum bf_err rc;
    struct bf_error *err;
};

static bool visit(void *ctx, const void *values, size_t size, size_t n)
{
    const uint64_t mask = (UINT64_C(1) << BF_FEATURE_SKETCH_BITS) - 1;
    struct getting *c = ctx;
    const uint8_t *p = values;
    size_t i;

    if (size != VALUE_SIZE) {
        c->rc = bf_error_set(c->err, BF_ERR_FORMAT,
                             "the ledger's feature index is damaged: an entry has a wrong size");
        return false;
    }
    for (i = 0; i < n; i++, p += VALUE_SIZE) {
        uint64_t low = bf_get_be64(p + 8), high;
        unsigned distance = (unsigned)__builtin_popcountll((low ^ c->sketch) & mask);

        if (distance > c->max_distance)
            continue;
        high = bf_get_be64(p);
        if (!c->fn(c->ctx,
                   &(struct bf_feature_entry){
                       .key = c->key,
                       .sketch = low & mask,
                       .record = (uint32_t)(high >> 32),
                       .time_ds = (uint32_t)high >> 8,
                       .x = (uint8_t)high,
                       .y = (uint8_t)(low >> 56),
                       .scale = (uint8_t)(low >> 48),
                       .polarity = (uint8_t)(low >> 40),
                   },
                   distance))
            return false;
    }
    return true;
}

enum bf_err
bf_feature_index_get(struct bf_txn *t, uint32_t key, uint64_t sketch40, unsigned max_distance,
                     bool (*fn)(void *ctx, const struct bf_feature_entry *e, unsigned distance),
                     void *ctx, struct bf_error *err)
{
    struct getting c = {key, sketch40, max_distance, fn, ctx, BF_OK, err};
    uint8_t k[KEY_SIZE];
    enum bf_err rc = check_bits(key, sketch40, err);

    if (rc != BF_OK)
        return rc;
    put_key(k, key);
    rc = bf_txn_dups(t, BF_TABLE_FEATURES, k, sizeof k, visit, &c, err);
    return rc == BF_OK ? c.rc : rc;
}
