/*
 * weights.h - a model's weights in a file, and a training run that can be taken up again
 *
 * Both are safetensors files of F32 tensors (F16 where so said), named as in the store. Metadata:
 * "format" is "bonafide-weights" or "bonafide-training", "architecture" and "architecture_version"
 * say what code built the network. A training file also holds, for each trained weight NAME, the
 * optimiser's "first/NAME" and "second/NAME", "mean/NAME" where it keeps one, and in its metadata
 * the step and the numbers that its caller goes on from, so that a run taken up again gives the
 * same bits as one that was never stopped.
 */
#ifndef BF_WEIGHTS_H
#define BF_WEIGHTS_H

#include "lib/nn/optim.h"
#include "lib/nn/params.h"

#define BF_WEIGHTS_RANDOM_MAX 16

struct bf_weights_kind {
    const char *architecture; /* "swap-autoencoder-64" */
    const char *version;      /* "1" */
};

/* flags are those of bf_output_open. */
enum bf_err bf_weights_save(const char *path, unsigned flags, const struct bf_params *params,
                            const struct bf_weights_kind *kind, struct bf_error *err);
/* The same in half the bytes, as F16: for weights that are to be shipped. BF_ERR_LIMIT where one
 * is beyond what a half holds, or not a number. */
enum bf_err bf_weights_save_half(const char *path, unsigned flags, const struct bf_params *params,
                                 const struct bf_weights_kind *kind, struct bf_error *err);
/*
 * Every weight of params, which has its memory, from a file of either format; what else the file
 * holds is left alone. Another architecture or version, a weight that is missing, of another shape
 * or not a number is BF_ERR_FORMAT; params is then as it was.
 */
enum bf_err bf_weights_load(struct bf_params *params, const char *path,
                            const struct bf_weights_kind *kind, struct bf_error *err);

/* random: n_random numbers, at most BF_WEIGHTS_RANDOM_MAX, that the caller goes on from: states of
 * generators, where a schedule began. */
enum bf_err bf_weights_save_training(const char *path, unsigned flags, const struct bf_optim *optim,
                                     const uint64_t *random, size_t n_random,
                                     const struct bf_weights_kind *kind, struct bf_error *err);
/* Weights, optimiser and exactly n_random states; after an error all are as they were. */
enum bf_err bf_weights_load_training(struct bf_optim *optim, uint64_t *random, size_t n_random,
                                     const char *path, const struct bf_weights_kind *kind,
                                     struct bf_error *err);

#endif
