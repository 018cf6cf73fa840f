/*
 * proof.h - one record with what it takes to check it offline: C2SP tlog-proof, the record in its
 * extra line
 */
#ifndef BF_PROOF_H
#define BF_PROOF_H

#include "ledger/chain/checkpoint.h"
#include "lib/base/merkle.h"
#include "ledger/chain/record.h"

#define BF_PROOF_MAX 16384

struct bf_proof {
    uint8_t record[BF_RECORD_MAX];
    size_t record_len;
    uint64_t index;
    uint8_t path[BF_MERKLE_PATH_MAX][32];
    size_t n_path;
    struct bf_checkpoint checkpoint;
    const char *checkpoint_text; /* into the text that was parsed */
    size_t checkpoint_len;
};

enum bf_proof_verdict {
    BF_PROOF_VALID = 1,      /* every step holds, issuer and checkpoint signer are trusted */
    BF_PROOF_UNTRUSTED,      /* every step holds, but the trust list has no such issuer */
    BF_PROOF_MALFORMED,      /* not a proof in the one form that SPEC.md gives it */
    BF_PROOF_BAD_RECORD,     /* the record's own signature does not verify */
    BF_PROOF_BAD_INCLUSION,  /* the path does not lead from the record to the checkpoint's root */
    BF_PROOF_BAD_CHECKPOINT, /* no signature of the checkpoint verifies under a key it may be signed
                                with */
};

enum bf_err bf_proof_encode(struct bf_buf *out, const void *record, size_t record_len,
                            uint64_t index, const uint8_t (*path)[32], size_t n_path,
                            const void *checkpoint, size_t checkpoint_len, struct bf_error *err);
enum bf_err bf_proof_parse(struct bf_proof *p, const void *text, size_t n, struct bf_error *err);
/*
 * The numbered steps of SPEC.md, over the text of a proof file. Keys that may sign the checkpoint:
 * those in trust, or the record's own issuer. r receives the record where the verdict is VALID or
 * UNTRUSTED, *c the checkpoint's size and root (c may be NULL); why (may be NULL) receives one
 * sentence for any verdict but VALID.
 */
enum bf_proof_verdict bf_proof_check(struct bf_record *r, struct bf_checkpoint *c, const void *text,
                                     size_t n, const struct bf_trust *trust, struct bf_error *why);
/* "valid", "untrusted", "malformed", "bad-record", "bad-inclusion", "bad-checkpoint" */
const char *bf_proof_verdict_name(enum bf_proof_verdict v);

#endif
