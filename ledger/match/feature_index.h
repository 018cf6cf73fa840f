/*
 * feature_index.h - where on the ledger local features like this one are: an index in its store
 *
 * What a feature is, and how its key and sketch come about, is the caller's business: here it is
 * filed under a key, with a sketch that tells those of one key apart.
 *
 *   FEATURES  key u24 -> record u32, time u24, x u8, y u8, scale u8, polarity u8, sketch u40
 */
#ifndef BF_FEATURE_INDEX_H
#define BF_FEATURE_INDEX_H

#include "ledger/chain/store.h"

#define BF_FEATURE_KEY_BITS 24
#define BF_FEATURE_SKETCH_BITS 40
#define BF_FEATURE_TIME_MAX 0xFFFFFF /* tenths of a second: 19 days */

struct bf_feature_entry {
    uint32_t key;    /* BF_FEATURE_KEY_BITS */
    uint64_t sketch; /* BF_FEATURE_SKETCH_BITS */
    uint32_t record, time_ds;
    uint8_t x, y, scale, polarity;
};

/*
 * File a feature under the record's number, inside the caller's write transaction; e->record is not
 * looked at. The same feature twice is one. BF_ERR_LIMIT past 2^32 records or BF_FEATURE_TIME_MAX,
 * BF_ERR_USAGE where key or sketch have more bits.
 */
enum bf_err bf_feature_index_put(struct bf_txn *t, uint64_t record,
                                 const struct bf_feature_entry *e, struct bf_error *err);
/*
 * Visit the features of a key whose sketch differs by max_distance bits or fewer, in the order of
 * record and time; stops where fn returns false. BF_ERR_FORMAT where the index is damaged.
 */
enum bf_err
bf_feature_index_get(struct bf_txn *t, uint32_t key, uint64_t sketch40, unsigned max_distance,
                     bool (*fn)(void *ctx, const struct bf_feature_entry *e, unsigned distance),
                     void *ctx, struct bf_error *err);

#endif
