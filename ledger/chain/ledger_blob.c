/*
 * Digest blobs of ledger.h: cut into chunks, so that no value is large and no transaction is.
 */
#include "ledger/chain/ledger.h"

#include "ledger/chain/ledger_impl.h"

#define CHUNKS_PER_TXN 32 /* 8 MB of dirty pages */

void bf_chunk_key(uint8_t key36[BF_CHUNK_KEY_SIZE], const uint8_t digest32[32], uint32_t chunk)
{
    memcpy(key36, digest32, 32);
    bf_put_be32(key36 + 32, chunk);
}

/* The blob's size from the entry that is written last; BF_ERR_NOT_FOUND where the blob is not
 * there, or not all of it. */
static enum bf_err blob_size(struct bf_txn *t, const uint8_t digest32[32], uint64_t *size,
                             struct bf_error *err)
{
    const void *p;
    size_t n;
    enum bf_err rc = bf_txn_get(t, BF_TABLE_BLOBS, digest32, 32, &p, &n, err);

    if (rc == BF_OK && (n != 8 || bf_get_be64(p) > BF_BLOB_MAX))
        return bf_error_set(err, BF_ERR_FORMAT,
                            "the ledger is damaged: a blob's size cannot be read");
    if (rc == BF_OK)
        *size = bf_get_be64(p);
    return rc;
}

bool bf_ledger_has_blob(struct bf_txn *t, const uint8_t digest32[32])
{
    uint64_t size;

    return blob_size(t, digest32, &size, NULL) == BF_OK;
}

/* Some chunks from *chunk on, and the size where they were the last; *done says so. */
static enum bf_err put_some(struct bf_txn *t, const uint8_t digest32[32], const uint8_t *p,
                            size_t n, uint32_t *chunk, bool *done, struct bf_error *err)
{
    uint8_t key[BF_CHUNK_KEY_SIZE], size[8];
    uint64_t old = 0;
    enum bf_err rc = BF_OK;
    unsigned k;

    if (*chunk == 0) {
        rc = blob_size(t, digest32, &old, err);
        if (rc == BF_OK && old == n) {
            *done = true;
            return BF_OK;
        }
        if (rc != BF_OK && rc != BF_ERR_NOT_FOUND)
            return rc;
        rc = BF_OK;
    }
    for (k = 0; rc == BF_OK && k < CHUNKS_PER_TXN && (size_t)*chunk * BF_BLOB_CHUNK < n;
         k++, ++*chunk) {
        size_t at = (size_t)*chunk * BF_BLOB_CHUNK;

        bf_chunk_key(key, digest32, *chunk);
        rc = bf_txn_put(t, BF_TABLE_BLOBS, key, sizeof key, p + at,
                        n - at < BF_BLOB_CHUNK ? n - at : BF_BLOB_CHUNK, err);
    }
    *done = rc == BF_OK && (size_t)*chunk * BF_BLOB_CHUNK >= n;
    if (*done) {
        bf_put_be64(size, n);
        rc = bf_txn_put(t, BF_TABLE_BLOBS, digest32, 32, size, sizeof size, err);
    }
    return rc;
}

enum bf_err bf_ledger_store_blob(struct bf_store *s, const uint8_t digest32[32], const void *p,
                                 size_t n, struct bf_error *err)
{
    uint32_t chunk = 0;
    bool done = false;
    enum bf_err rc;

    if (n == 0 || n > BF_BLOB_MAX)
        return bf_error_set(err, BF_ERR_LIMIT,
                            "a digest of %zu bytes cannot be kept; the limit is %zu", n,
                            (size_t)BF_BLOB_MAX);
    do {
        struct bf_txn *t = NULL;
        uint32_t next = chunk;

        rc = bf_store_begin_write(&t, s, err);
        if (rc != BF_OK)
            break;
        rc = put_some(t, digest32, p, n, &next, &done, err);
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, err);
        bf_txn_abort(&t);
        if (rc == BF_OK)
            chunk = next;
        else
            done = false;
    } while ((rc == BF_OK && !done) || (rc == BF_ERR_LIMIT && bf_store_wants_retry(s)));
    return rc;
}

enum bf_err bf_ledger_put_blob(struct bf_ledger *l, const uint8_t digest32[32], const void *p,
                               size_t n, struct bf_error *err)
{
    return bf_ledger_store_blob(l->store, digest32, p, n, err);
}

enum bf_err bf_ledger_get_blob(struct bf_txn *t, struct bf_buf *out, const uint8_t digest32[32],
                               struct bf_error *err)
{
    uint8_t key[BF_CHUNK_KEY_SIZE];
    uint64_t size = 0, at;
    const void *p;
    size_t n;
    enum bf_err rc = blob_size(t, digest32, &size, err);

    if (rc == BF_ERR_NOT_FOUND)
        return bf_error_set(err, rc, "the ledger does not hold the digest of this record");
    if (rc != BF_OK)
        return rc;
    for (at = 0; at < size; at += n) {
        uint64_t want = size - at < BF_BLOB_CHUNK ? size - at : BF_BLOB_CHUNK;

        bf_chunk_key(key, digest32, (uint32_t)(at / BF_BLOB_CHUNK));
        rc = bf_txn_get(t, BF_TABLE_BLOBS, key, sizeof key, &p, &n, err);
        if (rc == BF_ERR_NOT_FOUND || (rc == BF_OK && n != want))
            return bf_error_set(err, BF_ERR_FORMAT,
                                "the ledger is damaged: a part of a digest is missing");
        if (rc != BF_OK)
            return rc;
        if (!bf_buf_append(out, p, n))
            return bf_error_nomem(err);
    }
    return BF_OK;
}
