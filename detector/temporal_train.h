/*
 * temporal_train.h - trains the temporal network on landmarks over time
 */
#ifndef BF_TEMPORAL_TRAIN_H
#define BF_TEMPORAL_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "detector/artifact_train.h"
#include "lib/base/error.h"

struct bf_temporal_train_options {
    uint64_t seed, steps;
    const char *left_out;   /* a family of fakes that is not shown; NULL: none */
    unsigned batch;         /* blocks, half of them real; 0: 32 */
    const char *validation; /* blocks of other people; NULL: none */
    bool (*stop)(void *ctx);
    void *ctx;
};

/* Writes dir/temporal.safetensors: the same of the same blocks, seed and steps. It takes minutes,
 * so that a run which was stopped leaves the weights it had, and the next begins anew. *auc is that
 * of validation; NAN without. BF_ERR_NOT_FOUND where the blocks are not of both kinds. */
enum bf_err bf_temporal_train(double *auc, const char *dir, const char *blocks,
                              const struct bf_temporal_train_options *options,
                              struct bf_error *err);
/* Each family's AUC against all reals, as dir/temporal.safetensors judges the blocks; no overlap.
 */
enum bf_err bf_temporal_validate(struct bf_artifact_family family[BF_ARTIFACT_FAMILIES_MAX],
                                 size_t *n, const char *dir, const char *blocks,
                                 struct bf_error *err);

#endif
