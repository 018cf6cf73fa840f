/*
 * sweep.h - the one loop behind every convolution: a grid of output pixels swept over a picture
 *
 * Forward convolution, the gradient by its input (a convolution of the output's gradient, one for
 * each phase of the stride) and 1x1 products differ only in geometry. A piece of work is a band of
 * rows of one picture, or several small pictures, about as much as fits a core's cache; where a
 * kernel reaches over the edge, the piece first copies its band with zeros round it. No im2col: the
 * values of one output pixel lie in a few contiguous segments, and the kernels read them in place.
 *
 * Internal to lib/nn.
 */
#ifndef BF_SWEEP_H
#define BF_SWEEP_H

#include <stddef.h>

#include "lib/nn/conv.h"
#include "lib/nn/kernel.h"

struct bf_sweep {
    /* source: x is (n, h, w, c) */
    size_t n, h, w, c;
    ptrdiff_t top, left;       /* where in the source tap (0, 0) of grid pixel (0, 0) lies */
    size_t step_y, step_x;     /* from one grid pixel to the next */
    size_t taps_y, taps_x;     /* of the kernel */
    size_t spread_y, spread_x; /* from one tap to the next */
    size_t grid_h, grid_w;     /* output pixels */
    size_t oc;                 /* output channels */
    int add;                   /* add to what y has, without a bias; wants no_dot */
    int no_dot;                /* never use the dot kernel */
    size_t out_image, out_row, out_pixel; /* floats from one image, row, pixel of y to the next */
};

/* Where the weight of tap (y, x), source channel i and output channel j lies: at
 * w[y * tap_y + x * tap_x + i * in + j * out]. */
struct bf_sweep_weights {
    const float *w;
    ptrdiff_t tap_y, tap_x, in, out;
};

/* Floats of the packed weights. Taps, spread, c and oc alone decide. */
size_t bf_sweep_packed_size(const struct bf_sweep *s);
void bf_sweep_pack(float *packed, const struct bf_sweep_weights *w, const struct bf_sweep *s,
                   struct bf_pool *pool);

size_t bf_sweep_scratch_size(const struct bf_sweep *s, size_t n_threads);
/* y points at grid pixel (0, 0) of image 0. bias NULL: zero. */
void bf_sweep_run(float *y, const float *x, const float *packed, const float *bias,
                  const struct bf_sweep *s, struct bf_rectifier end, void *scratch,
                  struct bf_pool *pool);

#endif
