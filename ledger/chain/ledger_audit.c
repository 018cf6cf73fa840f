/*
 * bf_ledger_audit: what is on the disk, recomputed from the records up.
 */
#include "ledger/chain/ledger.h"

#include <inttypes.h>

#include "ledger/chain/ledger_impl.h"
#include "ledger/chain/ledger_verify.h"
#include "lib/base/text.h"

struct audit {
    struct bf_audit *report;
    struct bf_txn *t;
    struct bf_verifier v;
    bool (*check_blob)(const uint8_t digest32[32], const void *p, size_t n);
    struct bf_error *err;
    struct bf_buf blob;
    enum bf_err rc; /* of a walk's callback */
};

/* The ledger is not clean; the first finding stands. */
static enum bf_err bad(struct audit *a, const char *what)
{
    if (a->report->clean) {
        a->report->clean = false;
        bf_error_set(&a->report->why, BF_ERR_FORMAT, "%s", what);
    }
    return BF_ERR_FORMAT;
}

static enum bf_err bad_record(struct audit *a, uint64_t index, const char *what)
{
    char text[BF_ERROR_TEXT_MAX];

    if (a->report->clean) {
        a->report->has_bad_record = true;
        a->report->bad_record = index;
    }
    snprintf(text, sizeof text, "record %" PRIu64 ": %s", index, what);
    return bad(a, text);
}

/* Compare a node that the records give with the one that is stored. */
static enum bf_err compare_node(void *ctx, unsigned level, uint64_t i, const uint8_t hash32[32])
{
    struct audit *a = ctx;
    uint8_t key[BF_NODE_KEY_SIZE];
    char text[96];
    const void *p;
    size_t n;
    enum bf_err rc;

    bf_node_key(key, level, i);
    rc = bf_txn_get(a->t, BF_TABLE_NODES, key, sizeof key, &p, &n, a->err);
    if (rc != BF_OK && rc != BF_ERR_NOT_FOUND)
        return rc;
    if (rc == BF_OK && n == 32 && memcmp(p, hash32, 32) == 0) {
        a->report->n_nodes++;
        return BF_OK;
    }
    if (level == 0)
        return bad_record(a, i, "it is not the one that the tree was made of");
    snprintf(text, sizeof text, "the tree node of records %" PRIu64 " to %" PRIu64 " is wrong",
             i << level, ((i + 1) << level) - 1);
    return bad(a, text);
}

/* The entry of a table under key32 must be index. */
static enum bf_err compare_entry(struct audit *a, enum bf_table table, const uint8_t key32[32],
                                 uint64_t index, const char *what)
{
    const void *p;
    size_t n;
    enum bf_err rc = bf_txn_get(a->t, table, key32, 32, &p, &n, a->err);

    if (rc != BF_OK && rc != BF_ERR_NOT_FOUND)
        return rc;
    if (rc != BF_OK || n != 8 || bf_get_be64(p) != index)
        return bad_record(a, index, what);
    return BF_OK;
}

struct wanted {
    const uint8_t *key32;
    uint64_t index;
    bool found;
};

static bool look_for(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct wanted *w = ctx;

    if (key_len != 32 || memcmp(key, w->key32, 32) != 0)
        return false;
    w->found = n == 8 && bf_get_be64(p) == w->index;
    return !w->found;
}

static enum bf_err audit_record(struct audit *a, uint64_t index)
{
    struct wanted frames = {.index = index};
    uint8_t key[8];
    struct bf_error why = {0};
    struct bf_record r;
    const void *p;
    size_t n;
    enum bf_err rc;

    bf_put_be64(key, index);
    rc = bf_txn_get(a->t, BF_TABLE_RECORDS, key, sizeof key, &p, &n, a->err);
    if (rc == BF_ERR_NOT_FOUND)
        return bad_record(a, index, "it is missing");
    if (rc != BF_OK)
        return rc;
    rc = bf_verifier_record(&a->v, &r, p, n, compare_node, a, &why);
    /* Without a sentence of its own the failure was in compare_node, which has said what it found.
     */
    if (rc == BF_ERR_FORMAT && why.code == BF_ERR_FORMAT)
        return bad_record(a, index, why.text);
    if (rc != BF_OK && why.code == rc)
        return bf_error_set(a->err, rc, "%s", why.text);
    if (rc != BF_OK)
        return rc;
    rc = compare_entry(a, BF_TABLE_BY_HASH, a->v.last32, index,
                       "the index by hash does not lead to it");
    if (rc == BF_OK)
        rc = compare_entry(a, BF_TABLE_BY_FILE, r.file32, index,
                           "the index by file does not lead to it");
    if (rc != BF_OK)
        return rc;
    frames.key32 = r.frames32;
    rc = bf_txn_each(a->t, BF_TABLE_BY_FRAMES, r.frames32, 32, look_for, &frames, a->err);
    if (rc == BF_OK && !frames.found)
        return bad_record(a, index, "the index by frames does not lead to it");
    if (rc == BF_OK)
        a->report->n_records++;
    return rc;
}

/* The checkpoint over the records so far, where there is one. */
static enum bf_err audit_checkpoint(struct audit *a)
{
    struct bf_error why = {0};
    uint8_t key[8];
    const void *p;
    size_t n;
    enum bf_err rc;

    bf_put_be64(key, a->v.tree.n);
    rc = bf_txn_get(a->t, BF_TABLE_CHECKPOINTS, key, sizeof key, &p, &n, a->err);
    if (rc == BF_ERR_NOT_FOUND)
        return BF_OK;
    if (rc != BF_OK)
        return rc;
    if (bf_verifier_checkpoint(&a->v, p, n, &why) != BF_OK) {
        char text[BF_ERROR_TEXT_MAX + 64];

        snprintf(text, sizeof text, "checkpoint of size %" PRIu64 ": %s", a->v.tree.n, why.text);
        return bad(a, text);
    }
    a->report->n_checkpoints++;
    return BF_OK;
}

/* As many entries as the records account for, so that none is left over. */
static enum bf_err audit_counts(struct audit *a, uint64_t n)
{
    const struct {
        enum bf_table table;
        uint64_t want;
        const char *what;
    } rows[] = {
        {BF_TABLE_NODES, a->report->n_nodes, "there are tree nodes that no record accounts for"},
        {BF_TABLE_CHECKPOINTS, a->report->n_checkpoints,
         "there is a checkpoint of a size that the ledger does not have"},
        {BF_TABLE_BY_HASH, n, "the index by hash has entries that no record accounts for"},
        {BF_TABLE_BY_FILE, n, "the index by file has entries that no record accounts for"},
        {BF_TABLE_BY_FRAMES, n, "the index by frames has entries that no record accounts for"},
    };
    uint64_t have;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum bf_err rc = bf_txn_count(a->t, rows[i].table, &have, a->err);

        if (rc != BF_OK)
            return rc;
        if (have != rows[i].want)
            return bad(a, rows[i].what);
    }
    if (a->v.covered != n)
        return bad(a, "no checkpoint covers the last record");
    return BF_OK;
}

static bool audit_blob(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct audit *a = ctx;
    char hex[65], text[128];
    struct bf_error why = {0};
    uint8_t digest[32];

    (void)p, (void)n;
    /* Chunks follow the entry with the size; those without one belong to a blob whose writing was
     * cut short. */
    if (key_len == BF_CHUNK_KEY_SIZE)
        return true;
    if (key_len != 32) {
        a->rc = bad(a, "there is an entry among the digests that belongs to none");
        return false;
    }
    memcpy(digest, key, 32);
    bf_hex_format(hex, digest, 32);
    a->blob.len = 0;
    a->rc = bf_ledger_get_blob(a->t, &a->blob, digest, &why);
    if (a->rc == BF_ERR_FORMAT) {
        snprintf(text, sizeof text, "digest %s: a part of it is missing", hex);
        bad(a, text);
    } else if (a->rc != BF_OK) {
        bf_error_set(a->err, a->rc, "%s", why.text);
    } else if (a->check_blob != NULL && !a->check_blob(digest, a->blob.data, a->blob.len)) {
        snprintf(text, sizeof text, "digest %s: its bytes do not belong to it", hex);
        a->rc = bad(a, text);
    } else {
        a->report->n_blobs++;
    }
    return a->rc == BF_OK;
}

static enum bf_err audit_all(struct audit *a, const struct bf_progress *progress)
{
    uint64_t n = 0, i;
    enum bf_err rc = bf_txn_count(a->t, BF_TABLE_RECORDS, &n, a->err);

    for (i = 0; rc == BF_OK && i < n; i++) {
        rc = audit_record(a, i);
        if (rc == BF_OK)
            rc = audit_checkpoint(a);
        bf_progress_step(progress, i + 1, n);
    }
    if (rc == BF_OK)
        rc = audit_counts(a, n);
    if (rc == BF_OK)
        rc = bf_txn_each(a->t, BF_TABLE_BLOBS, NULL, 0, audit_blob, a, a->err);
    return rc != BF_OK ? rc : a->rc;
}

enum bf_err bf_ledger_audit(struct bf_audit *report, struct bf_ledger *l,
                            bool (*check_blob)(const uint8_t digest32[32], const void *p, size_t n),
                            const struct bf_progress *progress, struct bf_error *err)
{
    struct audit a = {.report = report, .check_blob = check_blob, .err = err};
    enum bf_err rc;

    *report = (struct bf_audit){.clean = true};
    bf_verifier_init(&a.v, l->origin);
    rc = bf_store_check(l->store, err);
    if (rc == BF_OK)
        rc = bf_store_begin_read(&a.t, l->store, err);
    if (rc == BF_OK)
        rc = audit_all(&a, progress);
    bf_txn_abort(&a.t);
    bf_verifier_release(&a.v);
    bf_buf_release(&a.blob);
    /* A ledger that is not clean is an answer, not a failure to answer. */
    return report->clean ? rc : BF_OK;
}
