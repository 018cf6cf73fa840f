/*
 * ledger.h - the chain: signed records, each naming the one before, in an RFC 6962 tree with signed
 * checkpoints
 */
#ifndef BF_LEDGER_H
#define BF_LEDGER_H

#include "lib/base/file.h"
#include "lib/base/progress.h"
#include "ledger/chain/proof.h"
#include "ledger/chain/store.h"

#define BF_LEDGER_FORMAT "bonafide-ledger/2"
#define BF_LEDGER_BATCH_MAX 65536       /* records in one append */
#define BF_LEDGER_ISSUERS_MAX (1 << 20) /* different issuers on one ledger */
#define BF_BLOB_CHUNK (256 * 1024)
#define BF_BLOB_MAX ((uint64_t)1 << 31) /* bytes of one digest blob */

struct bf_ledger;

/* origin NULL: "bonafide-ledger/" and 16 random hex digits. */
enum bf_err bf_ledger_init(const char *dir, const char *origin, struct bf_error *err);
/* BF_ERR_NOT_FOUND where there is no ledger, BF_ERR_FORMAT where it is of another version or
 * damaged. */
enum bf_err bf_ledger_open(struct bf_ledger **l, const char *dir, bool read_only,
                           struct bf_error *err);
void bf_ledger_close(struct bf_ledger **l);
const char *bf_ledger_origin(const struct bf_ledger *l);
/* The store beneath, for the tables of ledger/match. */
struct bf_store *bf_ledger_store(struct bf_ledger *l);

/* What an append gives for each record, before it is committed. */
struct bf_appended {
    uint64_t index;
    uint8_t hash32[32];
};

/*
 * Append n records in one durable transaction, and a checkpoint over them signed with key. index,
 * prev32, issuer33 and issuer of each are filled in. before_commit (may be NULL) runs inside the
 * transaction, when all is written but nothing durable: it may add to the tables of ledger/match
 * and make a proof; what it returns other than BF_OK aborts. It may run again where the map had to
 * grow. BF_ERR_EXISTS where file32 is on the ledger already; the sentence names the record. key is
 * remembered in BF_TABLE_OWN.
 */
enum bf_err bf_ledger_append(struct bf_ledger *l, struct bf_appended *out,
                             struct bf_record *records, size_t n, const struct bf_key *key,
                             enum bf_err (*before_commit)(void *ctx, struct bf_txn *t,
                                                          const struct bf_appended *done, size_t n,
                                                          struct bf_error *err),
                             void *ctx, struct bf_error *err);
/*
 * Sign a checkpoint over the present size and keep it, beside the signatures that one of the same
 * size has already. out may be NULL. BF_ERR_NOT_FOUND on an empty ledger, and where key has signed
 * no record: only issuers sign for the ledger.
 */
enum bf_err bf_ledger_checkpoint(struct bf_ledger *l, struct bf_buf *out, const struct bf_key *key,
                                 struct bf_error *err);

/* All of these read inside t. */
/* root32 may be NULL. */
enum bf_err bf_ledger_size(struct bf_txn *t, uint64_t *size, uint8_t root32[32],
                           struct bf_error *err);
/* Bytes valid until t ends. BF_ERR_NOT_FOUND with a sentence where there is no such record. */
enum bf_err bf_ledger_record(struct bf_txn *t, uint64_t index, const void **p, size_t *n,
                             struct bf_error *err);
enum bf_err bf_ledger_find_hash(struct bf_txn *t, const uint8_t hash32[32], uint64_t *index,
                                struct bf_error *err);
enum bf_err bf_ledger_find_file(struct bf_txn *t, const uint8_t file32[32], uint64_t *index,
                                struct bf_error *err);
/* Indices of all records with these frames, at most cap; *n receives how many. */
enum bf_err bf_ledger_find_frames(struct bf_txn *t, const uint8_t frames32[32], uint64_t *index,
                                  size_t cap, size_t *n, struct bf_error *err);
/* The newest checkpoint; BF_ERR_NOT_FOUND on an empty ledger. */
enum bf_err bf_ledger_last_checkpoint(struct bf_txn *t, const void **p, size_t *n,
                                      struct bf_error *err);
/*
 * A proof against the newest checkpoint that covers index and that the record's own issuer signed,
 * or else against the first that does; its checkpoint carries that one signature, so that every
 * byte of the proof is checked.
 */
enum bf_err bf_ledger_prove(struct bf_txn *t, struct bf_buf *out, uint64_t index,
                            struct bf_error *err);
/* Add the keys that have signed on this machine to trust. */
enum bf_err bf_ledger_own_keys(struct bf_txn *t, struct bf_trust *trust, struct bf_error *err);

/* Digest blobs, kept in chunks of BF_BLOB_CHUNK under their root; several transactions, so that
 * memory stays flat. */
enum bf_err bf_ledger_put_blob(struct bf_ledger *l, const uint8_t digest32[32], const void *p,
                               size_t n, struct bf_error *err);
/* Appends the whole blob to out. BF_ERR_NOT_FOUND where the ledger does not hold it. */
enum bf_err bf_ledger_get_blob(struct bf_txn *t, struct bf_buf *out, const uint8_t digest32[32],
                               struct bf_error *err);
bool bf_ledger_has_blob(struct bf_txn *t, const uint8_t digest32[32]);

struct bf_audit {
    bool clean;
    uint64_t n_records, n_nodes, n_checkpoints, n_blobs;
    bool has_bad_record;
    uint64_t bad_record; /* the first */
    struct bf_error why; /* one sentence where not clean */
};

/*
 * Re-verify everything: each record's form, index, predecessor, signature and hash; each tree node;
 * each checkpoint's root and signatures, each by a key that has signed a record, the last covering
 * every record; the by-hash, by-file and by-frames tables both ways; each blob through check_blob
 * (may be NULL), which says whether the bytes belong to digest32.
 */
enum bf_err bf_ledger_audit(struct bf_audit *a, struct bf_ledger *l,
                            bool (*check_blob)(const uint8_t digest32[32], const void *p, size_t n),
                            const struct bf_progress *progress, struct bf_error *err);

/* One file: SPEC.md "Ledger export". out is written, not committed. */
enum bf_err bf_ledger_export(struct bf_ledger *l, struct bf_output *out,
                             const struct bf_progress *progress, struct bf_error *err);

/* What an import needs from those who know what a blob is. Both may be NULL. */
struct bf_import_hooks {
    /* Whether the bytes belong to digest32. */
    bool (*check_blob)(const uint8_t digest32[32], const void *p, size_t n);
    /* In the transaction of each new record, so that ledger/match can index it; its blob, where the
     * export has it, is in the ledger by then. May run again where the map had to grow. */
    enum bf_err (*after_record)(void *ctx, struct bf_txn *t, uint64_t index,
                                const struct bf_record *r, struct bf_error *err);
    void *ctx;
};

/*
 * Read an export (a regular file) into the ledger at dir, which is created where there is none, or
 * extended where it is a prefix of the export (same origin, same records). All of the file is
 * verified before anything is written; then records go in by transactions that end at a checkpoint,
 * so that an import cut short leaves a shorter ledger, which audits clean and which the same import
 * completes. Memory: 24 bytes a record and the largest blob. name is for sentences.
 */
enum bf_err bf_ledger_import(const char *dir, int fd, const char *name, uint64_t *n_new,
                             const struct bf_import_hooks *hooks,
                             const struct bf_progress *progress, struct bf_error *err);

#endif
