/*
 * ledger_verify.h - a ledger's records and checkpoints checked one after the other, as audit and
 * import do
 */
#ifndef BF_LEDGER_VERIFY_H
#define BF_LEDGER_VERIFY_H

#include "ledger/chain/ledger.h"

/* The keys that have signed a record so far, found by their note key ID. */
struct bf_issuers {
    struct bf_issuer_slot {
        uint8_t key_id[4];
        uint8_t public33[33];
        bool used;
    } * slot;
    size_t cap, n;
    uint8_t last33[33]; /* most records have the issuer of the one before */
};

struct bf_verifier {
    const char *origin; /* the caller's */
    struct bf_merkle tree;
    uint8_t last32[32]; /* hash of the last record, zeros before the first */
    uint64_t covered;   /* size of the last checkpoint */
    struct bf_issuers issuers;
    uint8_t signer33[BF_CHECKPOINT_SIGS_MAX][33]; /* who signed that checkpoint, line by line */
    size_t n_signers;
};

void bf_verifier_init(struct bf_verifier *v, const char *origin);
void bf_verifier_release(struct bf_verifier *v);
/*
 * The bytes are the next record: its form, index, predecessor and signature. BF_ERR_FORMAT says
 * what is wrong. on_node as in bf_merkle_append.
 */
enum bf_err bf_verifier_record(struct bf_verifier *v, struct bf_record *r, const void *p, size_t n,
                               enum bf_err (*on_node)(void *ctx, unsigned level, uint64_t i,
                                                      const uint8_t hash32[32]),
                               void *ctx, struct bf_error *err);
/* The key among s under which line i of the note verifies; NULL where there is none. *known (may be
 * NULL): s has a key with the line's key ID. The key lives as long as s. */
const uint8_t *bf_issuers_signer(const struct bf_issuers *s, const struct bf_checkpoint *c,
                                 size_t i, const void *note, bool *known);
/* Add a key to those that may sign. BF_ERR_LIMIT past BF_LEDGER_ISSUERS_MAX. */
enum bf_err bf_verifier_add_issuer(struct bf_verifier *v, const uint8_t public33[33],
                                   struct bf_error *err);
/* The note is a checkpoint over all records so far, and each of its lines verifies under an
 * issuer's key. */
enum bf_err bf_verifier_checkpoint(struct bf_verifier *v, const void *note, size_t n,
                                   struct bf_error *err);

#endif
