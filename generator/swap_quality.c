#include "generator/swap_quality.h"
#include "lib/nn/loss.h"

#include <math.h>
#include <stdlib.h>

/* Squared error below which two pictures are called equal: 100 dB. */
#define LEAST 1e-10

static double psnr_of(const float *y, const float *target, const float *mask, size_t n)
{
    double sum = 0, weight = 0;
    size_t i;
    int c;

    for (i = 0; i < n; i++) {
        double w = mask != NULL ? (double)mask[i] : 1;

        for (c = 0; c < 3; c++) {
            double d = (double)y[3 * i + (size_t)c] - (double)target[3 * i + (size_t)c];

            sum += w * d * d;
        }
        weight += 3 * w;
    }
    return weight > 0 ? -10 * log10(fmax(sum / weight, LEAST)) : 0;
}

/* Mean of mask over the middles of the windows. */
static double mean_inside(const float *mask, size_t size)
{
    size_t half = BF_LOSS_WINDOW / 2, x, y, n = 0;
    double sum = 0;

    for (y = half; y < size - half; y++)
        for (x = half; x < size - half; x++, n++)
            sum += (double)mask[y * size + x];
    return n > 0 ? sum / (double)n : 0;
}

enum bf_err bf_swap_quality_measure(struct bf_swap_quality *out, const float *y,
                                    const float *target, const float *mask, size_t size,
                                    struct bf_error *err)
{
    size_t bytes = bf_loss_dssim_scratch_size(1, size, size, 3, 1);
    void *scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    double inside = mean_inside(mask, size);
    float d;

    *out = (struct bf_swap_quality){0};
    if (scratch == NULL)
        return bf_error_nomem(err);
    d = bf_loss_dssim(NULL, y, target, NULL, 1, size, size, 3, 1, scratch, NULL);
    out->ssim_all = 1 - 2 * (double)d;
    d = bf_loss_dssim(NULL, y, target, mask, 1, size, size, 3, 1, scratch, NULL);
    out->ssim = inside > 0 ? 1 - 2 * (double)d / inside : 0;
    out->psnr = psnr_of(y, target, mask, size * size);
    out->psnr_all = psnr_of(y, target, NULL, size * size);
    free(scratch);
    return BF_OK;
}
