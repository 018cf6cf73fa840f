#include "generator/sharpen.h"
#include "lib/media/gaussian.h"

#include <stdlib.h>
#include <string.h>

enum bf_err bf_sharpen(float *rgb, size_t h, size_t w, float sigma, float amount,
                       struct bf_error *err)
{
    size_t n = 3 * h * w, i;
    float *soft;
    enum bf_err rc;

    if (n == 0)
        return BF_OK;
    soft = malloc(n * sizeof *soft);
    if (soft == NULL)
        return bf_error_nomem(err);
    memcpy(soft, rgb, n * sizeof *soft);
    rc = bf_gaussian(soft, h, w, 3, sigma, err);
    for (i = 0; rc == BF_OK && i < n; i++) {
        float v = rgb[i] + amount * (rgb[i] - soft[i]);

        rgb[i] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
    free(soft);
    return rc;
}
