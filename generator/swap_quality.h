/*
 * swap_quality.h - how near a decoded face comes to the real one
 */
#ifndef BF_SWAP_QUALITY_H
#define BF_SWAP_QUALITY_H

#include <stddef.h>

#include "lib/base/error.h"

struct bf_swap_quality {
    double ssim, psnr;         /* within the mask; psnr in dB over the three colours */
    double ssim_all, psnr_all; /* of the whole square */
};

/*
 * One picture: y and target are (size, size, 3) in 0..1, mask (size, size) in 0..1. SSIM as
 * bf_loss_dssim has it, averaged over windows by the mask at their middles.
 */
enum bf_err bf_swap_quality_measure(struct bf_swap_quality *out, const float *y,
                                    const float *target, const float *mask, size_t size,
                                    struct bf_error *err);

#endif
