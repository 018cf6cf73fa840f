#include "ledger/match/index_audit.h"
#include "ledger/match/record_index.h"
#include "lib/base/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 3, FEATURE_SIZE = 3 + 16 };

static const enum bf_table tables[TABLES] = {BF_TABLE_ANCHORS, BF_TABLE_CODES, BF_TABLE_FEATURES};

/* Of the entries of one table, in any order. */
struct tally {
    uint64_t n, sum[2];
};

struct audit {
    struct bf_txn *t;
    struct tally there[TABLES], wanted[TABLES];
    uint8_t *has; /* (n_records): its entries are in the tables, and have been asked for */
    uint64_t n_records, n_anchors;
    uint32_t *order; /* (n_order): records that have entries, as they were filed */
    size_t n_order;
    bool stray; /* an entry of no record, or of no form */
    /* of the entries that are made again */
    bool in_anchors;
    uint64_t next_frame, batch;
    struct bf_buf features; /* (FEATURE_SIZE) each, of one record */
};

static uint64_t mix(uint64_t h, const uint8_t *p, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        h = (h ^ p[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static void count(struct tally *t, const void *key, size_t key_len, const void *p, size_t n)
{
    int i;

    t->n++;
    for (i = 0; i < 2; i++)
        t->sum[i] += mix(mix(i == 0 ? 1 : UINT64_C(0xd6e8feb86659fd93), key, key_len), p, n);
}

static void note_record(struct audit *a, uint32_t record)
{
    if (record >= a->n_records) {
        a->stray = true;
    } else if (!a->has[record]) {
        a->has[record] = 1;
        a->order[a->n_order++] = record;
    }
}

static bool see_anchor(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct audit *a = ctx;

    count(&a->there[0], key, key_len, p, n);
    if (n < 4)
        a->stray = true;
    else
        note_record(a, bf_get_be32(p));
    return !a->stray;
}

static bool see_code(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct audit *a = ctx;

    count(&a->there[1], key, key_len, p, n);
    return true;
}

static bool see_feature(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct audit *a = ctx;

    count(&a->there[2], key, key_len, p, n);
    if (key_len + n != FEATURE_SIZE || key_len != 3)
        a->stray = true;
    else
        note_record(a, bf_get_be32(p));
    return !a->stray;
}

/*
 * An entry that filing the record would write. The frames of each batch are numbered from the end
 * of the table, to which nothing is added here: they are given the numbers that they have there.
 */
static enum bf_err want(void *ctx, enum bf_table table, const void *key, size_t key_len,
                        const void *p, size_t n, struct bf_error *err)
{
    struct audit *a = ctx;
    uint8_t frame[4], value[64];

    if (table == BF_TABLE_FEATURES) {
        bf_buf_append(&a->features, key, key_len);
        return bf_buf_append(&a->features, p, n) ? BF_OK : bf_error_nomem(err);
    }
    if (table == BF_TABLE_ANCHORS) {
        if (!a->in_anchors)
            a->batch = a->next_frame;
        a->in_anchors = true;
        a->next_frame++;
        bf_put_be32(frame, (uint32_t)(a->batch + (bf_get_be32(key) - a->n_anchors)));
        count(&a->wanted[0], frame, sizeof frame, p, n);
        return BF_OK;
    }
    a->in_anchors = false;
    if (table != BF_TABLE_CODES || n < 4 || n > sizeof value)
        return bf_error_set(err, BF_ERR_LIBRARY, "the lookup tables have a form of entry too many");
    memcpy(value, p, n);
    bf_put_be32(value, (uint32_t)(a->batch + (bf_get_be32(value) - a->n_anchors)));
    count(&a->wanted[1], key, key_len, value, n);
    return BF_OK;
}

static int compare_features(const void *x, const void *y)
{
    return memcmp(x, y, FEATURE_SIZE);
}

/* A feature that a record has twice is filed once. */
static void want_features(struct audit *a)
{
    const uint8_t *p = a->features.data;
    size_t n = a->features.len / FEATURE_SIZE, i;

    if (n > 0)
        qsort(a->features.data, n, FEATURE_SIZE, compare_features);
    for (i = 0; i < n; i++, p += FEATURE_SIZE)
        if (i == 0 || memcmp(p, p - FEATURE_SIZE, FEATURE_SIZE) != 0)
            count(&a->wanted[2], p, 3, p + 3, FEATURE_SIZE - 3);
    a->features.len = 0;
}

static enum bf_err want_record(struct audit *a, uint32_t index, struct bf_error *err)
{
    struct bf_buf blob = {0};
    struct bf_record r;
    const void *p;
    size_t n;
    enum bf_err rc = bf_ledger_record(a->t, index, &p, &n, err);

    if (rc == BF_OK)
        rc = bf_record_decode(&r, p, n, err);
    if (rc == BF_OK && !bf_ledger_has_blob(a->t, r.digest32))
        return BF_OK; /* the sums will differ */
    if (rc == BF_OK)
        rc = bf_ledger_get_blob(a->t, &blob, r.digest32, err);
    if (rc == BF_OK)
        rc = bf_record_index_add(a->t, index, blob.data, blob.len, err);
    if (rc == BF_OK)
        want_features(a);
    bf_buf_release(&blob);
    return rc;
}

static enum bf_err audit_tables(struct audit *a, const struct bf_progress *progress,
                                struct bf_error *err)
{
    enum bf_err rc = bf_txn_each(a->t, tables[0], NULL, 0, see_anchor, a, err);
    size_t i;

    if (rc == BF_OK && !a->stray)
        rc = bf_txn_each(a->t, tables[1], NULL, 0, see_code, a, err);
    if (rc == BF_OK && !a->stray)
        rc = bf_txn_each(a->t, tables[2], NULL, 0, see_feature, a, err);
    if (rc != BF_OK || a->stray)
        return rc;
    a->n_anchors = a->there[0].n;
    bf_txn_divert(a->t, want, a);
    for (i = 0; i < a->n_order && rc == BF_OK; i++) {
        rc = want_record(a, a->order[i], err);
        bf_progress_step(progress, i + 1, a->n_order);
    }
    return rc;
}

enum bf_err bf_index_audit(bool *sound, struct bf_error *why, struct bf_ledger *l,
                           const struct bf_progress *progress, struct bf_error *err)
{
    static const char *const names[TABLES] = {"frames", "lookup codes", "features"};
    struct audit a = {0};
    enum bf_err rc = bf_store_begin_read(&a.t, bf_ledger_store(l), err);
    int i;

    *sound = true;
    if (rc == BF_OK)
        rc = bf_txn_count(a.t, BF_TABLE_RECORDS, &a.n_records, err);
    if (rc == BF_OK) {
        a.has = calloc((size_t)a.n_records + 1, sizeof *a.has);
        a.order = calloc((size_t)a.n_records + 1, sizeof *a.order);
        rc = a.has != NULL && a.order != NULL ? audit_tables(&a, progress, err)
                                              : bf_error_nomem(err);
    }
    for (i = 0; rc == BF_OK && *sound && i < TABLES; i++)
        if (a.stray || memcmp(&a.there[i], &a.wanted[i], sizeof a.there[i]) != 0) {
            *sound = false;
            bf_error_set(why, BF_ERR_FORMAT,
                         "the lookup table of %s is not what the records' digests give",
                         a.stray ? "frames or features" : names[i]);
        }
    bf_txn_abort(&a.t);
    bf_buf_release(&a.features);
    free(a.order);
    free(a.has);
    return rc;
}
