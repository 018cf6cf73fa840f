/*
 * conv_grad.h - the gradients of the convolutions in conv.h and depthwise.h
 *
 * By the input: a convolution of the output's gradient with the kernel turned round, one for each
 * phase of the stride. By the weights: for each tap and channel a sum over pixels, cut up by
 * weights and never by pictures, so that the order of additions does not depend on the threads.
 * Dilation and stride above 1 in one direction together are refused by bf_conv_grad_check.
 */
#ifndef BF_CONV_GRAD_H
#define BF_CONV_GRAD_H

#include <stdbool.h>

#include "lib/nn/conv.h"

/* BF_ERR_USAGE for a shape that has a forward pass alone; s has passed bf_conv_check. */
enum bf_err bf_conv_grad_check(const struct bf_conv *s, struct bf_error *err);

/* The weights, (kh, kw, c, oc), packed for bf_conv_grad_input; how many floats. */
size_t bf_conv_grad_packed_size(const struct bf_conv *s);
void bf_conv_grad_pack(float *packed, const float *w, const struct bf_conv *s,
                       struct bf_pool *pool);

/* Bytes of scratch that each of the two calls below wants. */
size_t bf_conv_grad_scratch_size(const struct bf_conv *s, size_t n_threads);
/* dx (n, h, w, c) from dy (n, out_h, out_w, oc); add: add to what dx has. */
void bf_conv_grad_input(float *dx, const float *dy, const float *packed, const struct bf_conv *s,
                        bool add, void *scratch, struct bf_pool *pool);
/* Adds the gradient to dw (kh, kw, c, oc). x is the input of the forward pass. */
void bf_conv_grad_weights(float *dw, const float *x, const float *dy, const struct bf_conv *s,
                          void *scratch, struct bf_pool *pool);

/* Depthwise: dw is (kh, kw, c, oc / c). No scratch, nothing packed, any dilation. */
void bf_depthwise_grad_input(float *dx, const float *dy, const float *w, const struct bf_conv *s,
                             bool add, struct bf_pool *pool);
void bf_depthwise_grad_weights(float *dw, const float *x, const float *dy, const struct bf_conv *s,
                               struct bf_pool *pool);

#endif
