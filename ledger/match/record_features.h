/*
 * record_features.h - a record's local features, from its grid: what the feature index files
 */
#ifndef BF_RECORD_FEATURES_H
#define BF_RECORD_FEATURES_H

#include "ledger/digest/digest.h"
#include "ledger/match/feature_index.h"

/*
 * Gives fn the features of two samples a second, the strongest of each, in the order of time; a
 * feature that stays where it is, as the background of a still shot does, is given again only
 * after some seconds. entry->record is 0. What fn returns other than BF_OK stops the walk and is
 * returned. BF_ERR_FORMAT where the digest is damaged.
 */
enum bf_err bf_record_features(struct bf_digest *d,
                               enum bf_err (*fn)(void *ctx, const struct bf_feature_entry *entry,
                                                 struct bf_error *err),
                               void *ctx, struct bf_error *err);

/* Scales as the index keeps them: sixteenths of a doubling, from 1/256 of the longer side. */
uint8_t bf_feature_scale_code(float scale);
float bf_feature_scale(uint8_t code);

/* All features of a record in memory: what the index is to a ledger, for one digest. */
struct bf_feature_list;

enum bf_err bf_feature_list_create(struct bf_feature_list **list, struct bf_digest *d,
                                   struct bf_error *err);
void bf_feature_list_free(struct bf_feature_list **list);
/* As bf_feature_index_get. */
void bf_feature_list_get(const struct bf_feature_list *list, uint32_t key, uint64_t sketch40,
                         unsigned max_distance,
                         bool (*fn)(void *ctx, const struct bf_feature_entry *e, unsigned distance),
                         void *ctx);

#endif
