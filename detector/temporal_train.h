/*
 * temporal_train.h - trains the temporal network on landmarks over time
 */
#ifndef BF_TEMPORAL_TRAIN_H
#define BF_TEMPORAL_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"

struct bf_temporal_train_options {
    uint64_t seed, steps;
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

#endif
