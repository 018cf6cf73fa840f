/*
 * history.h - the past of a ledger, as its folder, an export, a checkpoint or a proof says it
 *
 * A folder and an export are verified whole while they are read, as an audit and an import do. A
 * checkpoint says no more than a size and a root; a proof is read as the checkpoint in it, and as
 * a record whose issuer may have signed that.
 */
#ifndef BF_HISTORY_H
#define BF_HISTORY_H

#include "ledger/chain/ledger_verify.h"

#define BF_HISTORY_SIGNERS_MAX 64 /* keys of which a checkpoint is kept */

enum bf_history_kind {
    BF_HISTORY_LEDGER = 1,
    BF_HISTORY_EXPORT,
    BF_HISTORY_CHECKPOINT,
    BF_HISTORY_PROOF,
};

/* A key, and a checkpoint that verifies under it. */
struct bf_signer {
    uint8_t public33[33];
    uint64_t size; /* of the checkpoint */
    struct bf_buf note;
};

/* Zero-initialise; release with bf_history_release. */
struct bf_history {
    enum bf_history_kind kind;
    const char *path; /* the caller's */
    char origin[BF_ORIGIN_MAX + 1];
    uint64_t size;
    uint8_t root32[32];
    uint8_t (*leaf)[32]; /* (size, 32), the hashes of its records; NULL for a checkpoint or proof */
    size_t leaf_cap;
    struct bf_issuers issuers; /* of its records */
    struct bf_buf note;        /* a checkpoint's or proof's */
    uint64_t from;
    struct bf_signer signer[BF_HISTORY_SIGNERS_MAX];
    size_t n_signers;
};

/*
 * Read what is at path: a folder, or a file that says by its beginning what it is. Of a folder and
 * an export signer receives the first checkpoint by each key that covers record from; UINT64_MAX
 * for none. Memory: 32 bytes a record. BF_ERR_FORMAT where something in it does not hold.
 */
enum bf_err bf_history_read(struct bf_history *h, const char *path, uint64_t from,
                            const struct bf_progress *progress, struct bf_error *err);
void bf_history_release(struct bf_history *h);
bool bf_history_has_records(const struct bf_history *h);
/* Root of its first n records, n <= size; it has records. */
void bf_history_root_at(uint8_t root32[32], const struct bf_history *h, uint64_t n);
/*
 * Fill signer of a checkpoint or proof with the keys that signed it, among the issuers of both and
 * those in trust. BF_ERR_FORMAT where a line that names one of these keys does not verify;
 * BF_ERR_NOT_FOUND where none of them signed it.
 */
enum bf_err bf_history_find_signers(struct bf_history *h, const struct bf_history *other,
                                    const struct bf_trust *trust, struct bf_error *err);

#endif
