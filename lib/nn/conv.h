/*
 * conv.h - dense two-dimensional convolution, NHWC, with the weights packed for the processor
 *
 * Pictures are (n, h, w, c), float32, channels innermost. Weights are (kh, kw, c, oc), as
 * TensorFlow keeps them; bf_conv_pack puts them into the order in which the inner loops read them.
 * What a call needs besides is scratch memory from the caller, so that no call can fail.
 *
 * There is no im2col: see sweep.h. The results do not depend on the number of threads.
 */
#ifndef BF_CONV_H
#define BF_CONV_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/nn/pool.h"

/* Nothing larger is taken: side of a picture or kernel, channels, and floats in any one tensor. */
#define BF_CONV_SIDE_MAX 65536u
#define BF_CONV_CHANNELS_MAX 65536u
#define BF_CONV_FLOATS_MAX ((size_t)1 << 32)

struct bf_conv {
    size_t n, h, w, c;                               /* input */
    size_t kh, kw, oc;                               /* kernel, output channels */
    size_t stride_y, stride_x;                       /* at least 1 */
    size_t dilation_y, dilation_x;                   /* at least 1 */
    size_t pad_top, pad_bottom, pad_left, pad_right; /* zeros round the input */
};

/* v = max(v, slope * v), then v = min(v, cap): slope 1 and cap INFINITY leave v as it is, slope 0
 * is ReLU, slope 0 and cap 6 ReLU6, slope .1 leaky ReLU. 0 <= slope <= 1. */
struct bf_rectifier {
    float slope, cap;
};

/* BF_ERR_LIMIT or BF_ERR_USAGE for a shape that the calls below must not be given: something is
 * zero, above the limits, or the kernel is larger than the padded input. */
enum bf_err bf_conv_check(const struct bf_conv *s, struct bf_error *err);

/* Rows and columns of the output, (n, out_h, out_w, oc). */
size_t bf_conv_out_h(const struct bf_conv *s);
size_t bf_conv_out_w(const struct bf_conv *s);

/* Floats of the packed weights. They do not depend on n, h, w, strides, dilations or pads, and hold
 * for this processor alone: not for a file. */
size_t bf_conv_packed_size(const struct bf_conv *s);
/* w is (kh, kw, c, oc); packed has room for bf_conv_packed_size floats. pool may be NULL. */
void bf_conv_pack(float *packed, const float *w, const struct bf_conv *s, struct bf_pool *pool);

/* Bytes of scratch for a call with a pool of n_threads. */
size_t bf_conv_scratch_size(const struct bf_conv *s, size_t n_threads);
/*
 * y = rectifier(x * w + bias): y is (n, out_h, out_w, oc), x is (n, h, w, c), bias is (oc) or NULL,
 * rectifier NULL for none. scratch: bf_conv_scratch_size bytes, aligned to 64; NULL where that is
 * 0. y and x must not overlap.
 */
void bf_conv_forward(float *y, const float *x, const float *packed, const float *bias,
                     const struct bf_conv *s, const struct bf_rectifier *rectifier, void *scratch,
                     struct bf_pool *pool);

#endif
