/*
 * code_index.h - which records have frames like these: an index of lookup codes in the ledger's
 * store
 *
 * Multi-index hashing (Norouzi, Punjani, Fleet 2012): a 256-bit code is filed under each of its
 * sixteen 16-bit slots, and looked up under each slot and the sixteen values one bit from it. Codes
 * within 31 bits have a slot that differs by one bit at most, so that none of them is missed,
 * however many share a key. Only some frames of a record are filed (anchors); near-duplicates of a
 * still shot are folded.
 *
 *   ANCHORS  frame u32, counted from 0 -> record u32, pts_us i64, code32
 *   CODES    slot u8, value u16 -> frame u32, the two slots after this one
 *
 * The two slots leave few frames whose anchor must be read (sketch.h): of unrelated ones 1 in
 * 50,000.
 */
#ifndef BF_CODE_INDEX_H
#define BF_CODE_INDEX_H

#include "ledger/chain/store.h"
#include "ledger/match/trace.h"

#define BF_CODE_INDEX_DISTANCE 31 /* bits up to which an anchor counts as found */

/* File a record's blob under its number, inside the caller's write transaction. */
enum bf_err bf_code_index_add(struct bf_txn *t, uint64_t record, const void *blob, size_t n,
                              struct bf_error *err);

struct bf_code_entry {
    uint64_t record;
    int64_t pts_us;
    uint8_t code32[BF_CODE32_SIZE];
};

/* File n codes, whatever was filed before; many at once go faster. BF_ERR_LIMIT past 2^32 records
 * or frames. */
enum bf_err bf_code_index_put(struct bf_txn *t, const struct bf_code_entry *e, size_t n,
                              struct bf_error *err);

struct bf_code_found {
    uint64_t record;
    int64_t pts_us; /* of the anchor */
    uint32_t distance;
};

/* The up to cap anchors that are nearest to the code, of all within BF_CODE_INDEX_DISTANCE; nearest
 * first, then in the order of filing. BF_ERR_FORMAT where the index is damaged. */
enum bf_err bf_code_index_lookup(struct bf_code_found *found, size_t cap, size_t *n,
                                 struct bf_txn *t, const uint8_t code32[32], struct bf_error *err);

struct bf_code_hit {
    uint64_t record;
    uint32_t n_probes; /* of the suspect's frames that found the record */
};

/* The up to cap records that most of the suspect's frames find, best first. */
enum bf_err bf_code_index_find(struct bf_code_hit *hit, size_t cap, size_t *n, struct bf_txn *t,
                               const struct bf_trace *suspect, struct bf_error *err);

#endif
