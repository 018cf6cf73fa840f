/*
 * depthwise.h - convolution in which every channel has kernels of its own
 *
 * The shape is a struct bf_conv whose oc is a multiple of c. Weights are (kh, kw, c, oc / c), as
 * TensorFlow keeps them: output channel i * (oc / c) + m is input channel i under kernel m. Nothing
 * is packed, and no scratch is needed.
 */
#ifndef BF_DEPTHWISE_H
#define BF_DEPTHWISE_H

#include "lib/nn/conv.h"

/* As bf_conv_check, and oc must be a multiple of c. */
enum bf_err bf_depthwise_check(const struct bf_conv *s, struct bf_error *err);

/* y is (n, out_h, out_w, oc), x is (n, h, w, c), w is (kh, kw, c, oc / c), bias is (oc) or NULL,
 * rectifier NULL for none. y and x must not overlap. */
void bf_depthwise_forward(float *y, const float *x, const float *w, const float *bias,
                          const struct bf_conv *s, const struct bf_rectifier *rectifier,
                          struct bf_pool *pool);

#endif
