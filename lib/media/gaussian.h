/*
 * gaussian.h - Gaussian blur of pictures and masks
 *
 * Up to a deviation of 2.5 pixels the kernel itself, beyond it three passes of a box whose ends
 * count in part, so that the deviation is exactly the one asked for (Gwosdek, Grewenig, Bruhn and
 * Weickert, 2011) and the cost does not grow with it. Beyond the edge the picture goes on as at
 * its edge.
 */
#ifndef BF_GAUSSIAN_H
#define BF_GAUSSIAN_H

#include <stddef.h>

#include "lib/base/error.h"

/* p is (h, w, c), blurred in place; c is at most 4. sigma of 0 and less leaves it. BF_ERR_NOMEM
 * alone. */
enum bf_err bf_gaussian(float *p, size_t h, size_t w, size_t c, float sigma, struct bf_error *err);

#endif
