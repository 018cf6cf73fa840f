/*
 * swap_train.h - training the swap autoencoder on two sets of faces
 */
#ifndef BF_SWAP_TRAIN_H
#define BF_SWAP_TRAIN_H

#include "generator/swap_model.h"

struct bf_swap_report {
    uint64_t iteration, iterations;
    double loss[2];        /* of each person, mean of late */
    double faces_a_second; /* both people's together, this run */
    double left_s;         /* seconds until the end */
    bool previewed;        /* a preview was just written, and these measured: */
    double ssim, psnr;     /* of held-out faces decoded as themselves, within their masks */
};

struct bf_swap_train_options {
    enum bf_swap_preset preset;
    uint64_t iterations; /* in all, with those of runs before; 0: the preset's */
    unsigned batch;      /* faces of each person; 0: 16 */
    uint64_t seed;
    unsigned n_threads;       /* 0: as many as there are processors */
    double preview_s, save_s; /* seconds between; 0: 180 and 120 */
    bool (*stop)(void *ctx);  /* asked each iteration; true: save and end; may be NULL */
    void (*report)(void *ctx,
                   const struct bf_swap_report *r); /* some times a second; may be NULL */
    void *ctx;
};

/*
 * Train the model in dir, made where there is none and gone on with where there is, on the sets
 * faces_a and faces_b. In dir: model.json, model.safetensors, losses.tsv (iteration and both
 * losses, each hundred iterations) and preview.png; each is replaced whole, so that a kill at any
 * moment leaves those of some minutes before. The same sets, options and seed give the same
 * weights, whatever the number of threads, interrupted or not. *done receives the iterations made
 * in all.
 *
 * BF_ERR_USAGE where dir's model is of another preset, batch, seed, or other people.
 */
enum bf_err bf_swap_train(uint64_t *done, const char *dir, const char *faces_a, const char *faces_b,
                          const struct bf_swap_train_options *options, struct bf_error *err);

#endif
