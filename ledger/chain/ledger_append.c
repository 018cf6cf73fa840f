/*
 * The writing side of ledger.h: records and checkpoints.
 */
#include "ledger/chain/ledger.h"

#include <inttypes.h>

#include "ledger/chain/ledger_impl.h"
#include "lib/base/text.h"

struct node_writer {
    struct bf_txn *t;
    struct bf_error *err;
};

static enum bf_err put_node(void *ctx, unsigned level, uint64_t i, const uint8_t hash32[32])
{
    struct node_writer *w = ctx;
    uint8_t key[BF_NODE_KEY_SIZE];

    bf_node_key(key, level, i);
    return bf_txn_put(w->t, BF_TABLE_NODES, key, sizeof key, hash32, 32, w->err);
}

enum bf_err bf_ledger_put_record(struct bf_txn *t, struct bf_merkle *m, const struct bf_record *r,
                                 const void *p, size_t n, uint8_t hash32[32], struct bf_error *err)
{
    struct node_writer w = {t, err};
    uint8_t index[8];
    const void *old;
    size_t old_len;
    enum bf_err rc;

    rc = bf_txn_get(t, BF_TABLE_BY_FILE, r->file32, 32, &old, &old_len, err);
    if (rc == BF_OK) {
        char hex[65];

        bf_hex_format(hex, r->file32, 32);
        return bf_error_set(err, BF_ERR_EXISTS,
                            "the file with SHA-256 %s is on the ledger already, as record %" PRIu64,
                            hex, old_len == 8 ? bf_get_be64(old) : UINT64_MAX);
    }
    if (rc != BF_ERR_NOT_FOUND)
        return rc;
    bf_put_be64(index, r->index);
    bf_record_hash(hash32, p, n);
    rc = bf_txn_put(t, BF_TABLE_RECORDS, index, sizeof index, p, n, err);
    if (rc == BF_OK)
        rc = bf_merkle_append(m, hash32, put_node, &w);
    if (rc == BF_OK)
        rc = bf_txn_put(t, BF_TABLE_BY_HASH, hash32, 32, index, sizeof index, err);
    if (rc == BF_OK)
        rc = bf_txn_put(t, BF_TABLE_BY_FILE, r->file32, 32, index, sizeof index, err);
    if (rc == BF_OK)
        rc = bf_txn_put(t, BF_TABLE_BY_FRAMES, r->frames32, 32, index, sizeof index, err);
    return rc;
}

/* Sign the tree in m. Where a checkpoint of this size is there already, the signature joins those
 * it has. */
static enum bf_err put_checkpoint(struct bf_ledger *l, struct bf_txn *t, struct bf_buf *note,
                                  const struct bf_merkle *m, const struct bf_key *key,
                                  struct bf_error *err)
{
    uint8_t root[32], size[8];
    struct bf_checkpoint c;
    const void *old;
    size_t old_len, new_len;
    enum bf_err rc;

    note->len = 0;
    bf_merkle_root(root, m);
    bf_put_be64(size, m->n);
    rc = bf_checkpoint_encode(note, l->origin, m->n, root, key, err);
    if (rc != BF_OK)
        return rc;
    rc = bf_txn_get(t, BF_TABLE_CHECKPOINTS, size, sizeof size, &old, &old_len, err);
    if (rc == BF_OK) {
        rc = bf_checkpoint_parse(&c, old, old_len, err);
        if (rc != BF_OK)
            return rc;
        if (memcmp(c.root32, root, 32) != 0)
            return bf_error_set(err, BF_ERR_FORMAT,
                                "the ledger '%s' is damaged: its checkpoint of size %" PRIu64
                                " has another root",
                                l->dir, m->n);
        /* Signatures are deterministic: this key's line is there already, or it is new. */
        if (!bf_checkpoint_check(&c, old, key->public33)) {
            if (c.n_sigs == BF_CHECKPOINT_SIGS_MAX)
                return bf_error_set(err, BF_ERR_LIMIT, "the checkpoint has %d signatures already",
                                    BF_CHECKPOINT_SIGS_MAX);
            new_len = note->len - c.text_len - 1;
            if (!bf_buf_reserve(note, old_len + new_len))
                return bf_error_nomem(err);
            memmove(note->data + old_len, note->data + c.text_len + 1, new_len);
            note->len = old_len + new_len;
        } else {
            note->len = 0;
            if (!bf_buf_reserve(note, old_len))
                return bf_error_nomem(err);
            note->len = old_len;
        }
        memcpy(note->data, old, old_len);
    } else if (rc != BF_ERR_NOT_FOUND) {
        return rc;
    }
    rc = bf_txn_put(t, BF_TABLE_CHECKPOINTS, size, sizeof size, note->data, note->len, err);
    if (rc == BF_OK)
        rc = bf_txn_put(t, BF_TABLE_OWN, key->public33, BF_PUBLIC33_SIZE, key->name,
                        strlen(key->name), err);
    return rc;
}

/* One attempt at an append, inside t. */
static enum bf_err append(struct bf_ledger *l, struct bf_txn *t, struct bf_appended *out,
                          struct bf_record *records, size_t n, const struct bf_key *key,
                          struct bf_buf *bytes, struct bf_error *err)
{
    struct bf_merkle m = {0};
    uint8_t prev[32] = {0};
    enum bf_err rc;
    size_t i;

    rc = bf_ledger_peaks(t, &m, err);
    if (rc == BF_OK && m.n > 0) {
        struct bf_merkle_source nodes = bf_ledger_nodes(t);

        rc = nodes.node(nodes.ctx, prev, 0, m.n - 1, err);
    }
    for (i = 0; rc == BF_OK && i < n; i++) {
        records[i].index = m.n;
        memcpy(records[i].prev32, prev, 32);
        bytes->len = 0;
        rc = bf_record_encode(bytes, &records[i], key, err);
        if (rc == BF_OK)
            rc = bf_ledger_put_record(t, &m, &records[i], bytes->data, bytes->len, prev, err);
        out[i].index = records[i].index;
        memcpy(out[i].hash32, prev, 32);
    }
    if (rc == BF_OK)
        rc = put_checkpoint(l, t, bytes, &m, key, err);
    return rc;
}

enum bf_err bf_ledger_append(struct bf_ledger *l, struct bf_appended *out,
                             struct bf_record *records, size_t n, const struct bf_key *key,
                             enum bf_err (*before_commit)(void *ctx, struct bf_txn *t,
                                                          const struct bf_appended *done, size_t n,
                                                          struct bf_error *err),
                             void *ctx, struct bf_error *err)
{
    struct bf_buf bytes = {0};
    enum bf_err rc;

    if (n == 0)
        return BF_OK;
    if (n > BF_LEDGER_BATCH_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "more than %d records in one append",
                            BF_LEDGER_BATCH_MAX);
    do {
        struct bf_txn *t = NULL;

        rc = bf_store_begin_write(&t, l->store, err);
        if (rc != BF_OK)
            break;
        rc = append(l, t, out, records, n, key, &bytes, err);
        if (rc == BF_OK && before_commit != NULL)
            rc = before_commit(ctx, t, out, n, err);
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, err);
        bf_txn_abort(&t);
    } while (rc == BF_ERR_LIMIT && bf_store_wants_retry(l->store));
    bf_buf_release(&bytes);
    return rc;
}

enum bf_err bf_ledger_find_issuer(struct bf_txn *t, const uint8_t public33[33],
                                  struct bf_error *err)
{
    const void *p;
    size_t n;
    uint64_t size, i;
    struct bf_record r;
    enum bf_err rc = bf_txn_get(t, BF_TABLE_OWN, public33, BF_PUBLIC33_SIZE, &p, &n, err);

    if (rc != BF_ERR_NOT_FOUND)
        return rc;
    rc = bf_txn_count(t, BF_TABLE_RECORDS, &size, err);
    for (i = 0; rc == BF_OK && i < size; i++) {
        rc = bf_ledger_record(t, i, &p, &n, err);
        if (rc == BF_OK)
            rc = bf_record_decode(&r, p, n, err);
        if (rc == BF_OK && memcmp(r.issuer33, public33, BF_PUBLIC33_SIZE) == 0)
            return BF_OK;
    }
    return rc == BF_OK ? BF_ERR_NOT_FOUND : rc;
}

enum bf_err bf_ledger_checkpoint(struct bf_ledger *l, struct bf_buf *out, const struct bf_key *key,
                                 struct bf_error *err)
{
    struct bf_buf note = {0};
    enum bf_err rc;

    do {
        struct bf_merkle m = {0};
        struct bf_txn *t = NULL;

        rc = bf_store_begin_write(&t, l->store, err);
        if (rc != BF_OK)
            break;
        rc = bf_ledger_peaks(t, &m, err);
        if (rc == BF_OK && m.n == 0)
            rc = bf_error_set(err, BF_ERR_NOT_FOUND,
                              "the ledger is empty: there is nothing to sign");
        if (rc == BF_OK) {
            rc = bf_ledger_find_issuer(t, key->public33, err);
            if (rc == BF_ERR_NOT_FOUND)
                bf_error_set(
                    err, rc,
                    "the key of '%s' has signed no record of this ledger and may not sign for it",
                    key->name);
        }
        if (rc == BF_OK)
            rc = put_checkpoint(l, t, &note, &m, key, err);
        if (rc == BF_OK)
            rc = bf_txn_commit(&t, err);
        bf_txn_abort(&t);
    } while (rc == BF_ERR_LIMIT && bf_store_wants_retry(l->store));
    if (rc == BF_OK && out != NULL && !bf_buf_append(out, note.data, note.len))
        rc = bf_error_nomem(err);
    bf_buf_release(&note);
    return rc;
}
