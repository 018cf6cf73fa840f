/*
 * code_index.h - which records have frames like these: an index of lookup codes in the ledger's
 * store
 *
 * Multi-index hashing (Norouzi, Punjani, Fleet 2012): a 256-bit code is filed under each of its
 * sixteen 16-bit slots, so two codes within 15 bits share at least one. Only some frames of a
 * record are filed (anchors); near-duplicates of a still shot are folded.
 */
#ifndef BF_CODE_INDEX_H
#define BF_CODE_INDEX_H

#include "ledger/chain/store.h"
#include "ledger/match/trace.h"

#define BF_CODE_INDEX_DISTANCE 31 /* bits up to which an anchor counts as found */

/* File a record's blob under its number, inside the caller's write transaction. */
enum bf_err bf_code_index_add(struct bf_txn *t, uint64_t record, const void *blob, size_t n,
                              struct bf_error *err);

struct bf_code_hit {
    uint64_t record;
    uint32_t n_probes; /* of the suspect's frames that found the record */
};

/* The up to cap records that most of the suspect's frames find, best first. */
enum bf_err bf_code_index_find(struct bf_code_hit *hit, size_t cap, size_t *n, struct bf_txn *t,
                               const struct bf_trace *suspect, struct bf_error *err);

#endif
