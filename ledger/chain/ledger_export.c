/*
 * bf_ledger_export: one snapshot of the ledger into one file. SPEC.md "Ledger export".
 */
#include "ledger/chain/ledger.h"

#include "ledger/chain/ledger_impl.h"
#include "ledger/chain/ledger_transfer.h"
#include "lib/base/hash.h"

#define FLUSH_AT (1 << 20)

struct export
{
    struct bf_txn *t;
    struct bf_output *out;
    struct bf_sha256 *hash;
    struct bf_buf buf;
    struct bf_error *err;
    enum bf_err rc;
};

static enum bf_err flush(struct export *e)
{
    enum bf_err rc;

    if (e->buf.failed)
        return bf_error_nomem(e->err);
    bf_sha256_update(e->hash, e->buf.data, e->buf.len);
    rc = bf_output_write(e->out, e->buf.data, e->buf.len, e->err);
    e->buf.len = 0;
    return rc;
}

static enum bf_err flush_some(struct export *e)
{
    return e->buf.len >= FLUSH_AT || e->buf.failed ? flush(e) : BF_OK;
}

static bool export_blob(void *ctx, const void *key, size_t key_len, const void *p, size_t n)
{
    struct export *e = ctx;
    uint8_t digest[32];
    uint64_t size, at;

    if (key_len != 32 || n != 8)
        return true;
    memcpy(digest, key, 32);
    size = bf_get_be64(p);
    bf_buf_put_u8(&e->buf, BF_EXPORT_BLOB);
    bf_buf_append(&e->buf, digest, 32);
    bf_buf_put_be64(&e->buf, size);
    for (at = 0; at < size; at += n) {
        uint8_t chunk[BF_CHUNK_KEY_SIZE];

        bf_chunk_key(chunk, digest, (uint32_t)(at / BF_BLOB_CHUNK));
        e->rc = bf_txn_get(e->t, BF_TABLE_BLOBS, chunk, sizeof chunk, &p, &n, e->err);
        if (e->rc == BF_ERR_NOT_FOUND || (e->rc == BF_OK && (n == 0 || n > size - at)))
            e->rc = bf_error_set(e->err, BF_ERR_FORMAT,
                                 "the ledger is damaged: a part of a digest is missing");
        if (e->rc == BF_OK) {
            bf_buf_append(&e->buf, p, n);
            e->rc = flush_some(e);
        }
        if (e->rc != BF_OK)
            return false;
    }
    return true;
}

static enum bf_err export_record(struct export *e, uint64_t index)
{
    const void *p;
    size_t n;
    uint8_t key[8];
    enum bf_err rc = bf_ledger_record(e->t, index, &p, &n, e->err);

    if (rc != BF_OK)
        return rc;
    bf_buf_put_u8(&e->buf, BF_EXPORT_RECORD);
    bf_buf_put_be32(&e->buf, (uint32_t)n);
    bf_buf_append(&e->buf, p, n);
    bf_put_be64(key, index + 1);
    rc = bf_txn_get(e->t, BF_TABLE_CHECKPOINTS, key, sizeof key, &p, &n, e->err);
    if (rc == BF_OK) {
        bf_buf_put_u8(&e->buf, BF_EXPORT_CHECKPOINT);
        bf_buf_put_be32(&e->buf, (uint32_t)n);
        bf_buf_append(&e->buf, p, n);
    } else if (rc != BF_ERR_NOT_FOUND) {
        return rc;
    }
    return flush_some(e);
}

static enum bf_err export_all(struct export *e, const char *origin,
                              const struct bf_progress *progress)
{
    uint8_t hash[32];
    uint64_t n = 0, i;
    enum bf_err rc;

    bf_buf_printf(&e->buf, "%s%s\n", BF_EXPORT_MAGIC, origin);
    rc = bf_txn_each(e->t, BF_TABLE_BLOBS, NULL, 0, export_blob, e, e->err);
    if (rc == BF_OK)
        rc = e->rc;
    if (rc == BF_OK)
        rc = bf_txn_count(e->t, BF_TABLE_RECORDS, &n, e->err);
    for (i = 0; rc == BF_OK && i < n; i++) {
        rc = export_record(e, i);
        bf_progress_step(progress, i + 1, n);
    }
    if (rc != BF_OK)
        return rc;
    bf_buf_put_u8(&e->buf, BF_EXPORT_END);
    rc = flush(e);
    if (rc != BF_OK)
        return rc;
    bf_sha256_finish(e->hash, hash);
    return bf_output_write(e->out, hash, sizeof hash, e->err);
}

enum bf_err bf_ledger_export(struct bf_ledger *l, struct bf_output *out,
                             const struct bf_progress *progress, struct bf_error *err)
{
    struct export e = {.out = out, .err = err, .hash = bf_sha256_create()};
    enum bf_err rc;

    if (e.hash == NULL)
        return bf_error_nomem(err);
    rc = bf_store_begin_read(&e.t, l->store, err);
    if (rc == BF_OK)
        rc = export_all(&e, l->origin, progress);
    bf_txn_abort(&e.t);
    bf_sha256_free(&e.hash);
    bf_buf_release(&e.buf);
    return rc;
}
