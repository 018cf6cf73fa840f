/*
 * loss.h - what training makes small, and its gradient
 *
 * Each call returns factor times the loss, and adds factor times its gradient to grad, of y's
 * shape, where that is not NULL: so losses add up, and the caller clears grad first. y and target
 * are rows of c numbers; weight, one a row, is NULL where all weigh 1. The loss is the sum over all
 * numbers divided by how many they are, whatever the weights.
 */
#ifndef BF_LOSS_H
#define BF_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/pool.h"

/* Mean of |y - target| */
float bf_loss_l1(float *grad, const float *y, const float *target, const float *weight, size_t rows,
                 size_t c, float factor);
/* Mean of (y - target)^2 */
float bf_loss_mse(float *grad, const float *y, const float *target, const float *weight,
                  size_t rows, size_t c, float factor);
/* Binary cross-entropy of sigmoid(y), in the form that does not overflow; target in 0..1 */
float bf_loss_bce(float *grad, const float *y, const float *target, const float *weight,
                  size_t rows, size_t c, float factor);
/* Cross-entropy of softmax(y) over a row's c classes; label below c, one a row; divided by rows */
float bf_loss_cross_entropy(float *grad, const float *y, const uint32_t *label, const float *weight,
                            size_t rows, size_t c, float factor);

/*
 * (1 - SSIM) / 2 of pictures in 0..1 (Wang, Bovik, Sheikh, Simoncelli 2004): Gaussian windows of 11
 * pixels, deviation 1.5, that lie inside the picture; the mean over their centres and channels.
 * weight is a (n, h, w) picture, read at the centres. h and w are at least 11. scratch:
 * bf_loss_dssim_scratch_size bytes for a pool of n_threads.
 */
#define BF_LOSS_WINDOW 11
size_t bf_loss_dssim_scratch_size(size_t n, size_t h, size_t w, size_t c, size_t n_threads);
float bf_loss_dssim(float *grad, const float *y, const float *target, const float *weight, size_t n,
                    size_t h, size_t w, size_t c, float factor, void *scratch,
                    struct bf_pool *pool);

#endif
