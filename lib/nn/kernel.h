/*
 * kernel.h - the innermost loops of convolutions, one set for each kind of vector instructions
 *
 * A convolution over NHWC pictures is a matrix product whose left side never has to be built: the
 * values that one output pixel is made of lie in a few contiguous segments of the picture, the same
 * for every pixel but for where they begin. A kernel computes a small tile of outputs (a few
 * pixels by a panel of channels) in registers. The order of additions for one output is fixed: it
 * does not depend on which tile the output fell into.
 *
 * Internal to lib/nn.
 */
#ifndef BF_KERNEL_H
#define BF_KERNEL_H

#include <stddef.h>

#include "lib/nn/conv.h"

/* No set has more rows in a tile, or a wider panel. */
#define BF_KERNEL_ROWS 8
#define BF_KERNEL_WIDTH 48
/* Pixels and channels of a tile of the dot kernel. */
#define BF_KERNEL_DOT_ROWS 4
#define BF_KERNEL_DOT_MAX 4

/* n contiguous floats that begin offset floats behind where a pixel's values begin */
struct bf_segment {
    ptrdiff_t offset;
    size_t n;
};

/* Output pixels that the depthwise kernel takes at a time. */
#define BF_KERNEL_RUN 4

/* Taps of a depthwise kernel; all steps in floats. */
struct bf_taps {
    size_t c;              /* channels */
    size_t n_y, n_x;       /* taps */
    size_t step;           /* in x, from one output pixel to the next */
    size_t x_row, x_pixel; /* in x, from one tap to the next */
    size_t w_row;          /* in w, from one row of taps to the next; c from tap to tap */
};

/* Pixels that a sum runs over, in two pictures at once; all steps in floats. */
struct bf_area {
    size_t n_y, n_x;
    size_t a_row, a_step, b_row, b_step;
};

struct bf_kernel {
    int rows;      /* pixels in a tile, at most BF_KERNEL_ROWS */
    int lane;      /* channels in a vector */
    int max_lanes; /* vectors in the widest panel */

    /*
     * c[i][j] = init[j] + sum over the segments' values k of a[i][k] * b[k][j], for i < rows and
     * j < lanes * lane; init NULL: adds to what c has. b is (k, lanes * lane), contiguous.
     */
    void (*tile)(int lanes, float *const *c, const float *const *a, const struct bf_segment *seg,
                 size_t n_seg, const float *b, const float *init, struct bf_rectifier end);

    /*
     * For few output channels: c[i][j] = init[j] + sum of a[i][k] * b[j][k], for i below
     * BF_KERNEL_DOT_ROWS and j < n, n at most BF_KERNEL_DOT_MAX. Row j of b begins at b + j * ldb.
     */
    void (*dot)(int n, float *const *c, const float *const *a, const struct bf_segment *seg,
                size_t n_seg, const float *b, size_t ldb, const float *init,
                struct bf_rectifier end);

    /*
     * Depthwise, one kernel a channel: n output pixels in a row, n 1 or BF_KERNEL_RUN, all of whose
     * taps are in t: y[i * c + j] = bias[j] + sum over taps of x[i * t->step + tap][j] * w[tap][j],
     * j < c. bias NULL: zero.
     */
    void (*depthwise)(int n, float *y, const float *x, const float *w, const float *bias,
                      const struct bf_taps *t, struct bf_rectifier end);

    /*
     * The gradient of weights: c[i * ldc + j] += sum over the area's pixels of a[i] * b[j], for i
     * below n_rows, at most rows, and j below n_cols, at most max_lanes * lane.
     */
    void (*outer)(int n_rows, size_t n_cols, float *c, size_t ldc, const float *a, const float *b,
                  const struct bf_area *t);
};

/* The set for bf_simd_level(). */
const struct bf_kernel *bf_kernel_get(void);

extern const struct bf_kernel bf_kernel_plain;
#if defined(__x86_64__)
extern const struct bf_kernel bf_kernel_avx2;
extern const struct bf_kernel bf_kernel_avx512;
#endif

#endif
