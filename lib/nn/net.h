/*
 * net.h - networks: built by code that reads like the network, then planned once, then run
 *
 *     x = bf_net_input(net, 64, 64, 3);
 *     x = bf_net_rectify(net, bf_net_conv(net, "enc1", x, 48, 5, 2), .1f);
 *     x = bf_net_dense(net, "code", x, 512);
 *     ...
 *     rc = bf_net_plan(net, 32, BF_NET_TRAINING, pool, err);
 *
 * Tensors are (n, h, w, c), float32; n is the batch and stays out of the building. Every call that
 * builds returns the number of a node, to be given to the next ones. The first mistake is kept, and
 * every call after it returns -1: bf_net_plan reports it.
 *
 * bf_net_plan lays all activations, gradients and scratch into one allocation, each where its
 * lifetime allows. It folds a rectifier into what feeds it, and at inference a batch norm into its
 * convolution. Results do not depend on the number of threads.
 */
#ifndef BF_NET_H
#define BF_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/nn/conv.h"
#include "lib/nn/params.h"
#include "lib/nn/pool.h"

#define BF_NET_NODES_MAX 1024
#define BF_NET_BATCH_MAX 4096

struct bf_net;

/* The network names its weights in params, which outlives it. */
enum bf_err bf_net_create(struct bf_net **net, struct bf_params *params, struct bf_error *err);
void bf_net_free(struct bf_net **net);

/* --- building; x, a, b are nodes
 * ------------------------------------------------------------------ */

int bf_net_input(struct bf_net *net, size_t h, size_t w, size_t c);

/* k x k to oc channels, zeros round it so that stride 1 keeps the size; weights NAME.weight
 * (k, k, c, oc) and NAME.bias (oc). */
int bf_net_conv(struct bf_net *net, const char *name, int x, size_t oc, size_t k, size_t stride);
/* The same without a bias, for where a batch norm follows and has one. */
int bf_net_conv_bare(struct bf_net *net, const char *name, int x, size_t oc, size_t k,
                     size_t stride);
/* Any shape: of *s all but n, h, w and c is used. */
int bf_net_conv_shaped(struct bf_net *net, const char *name, int x, const struct bf_conv *s,
                       bool bias);
/* Each channel by itself; NAME.weight (k, k, c, 1), NAME.bias (c). */
int bf_net_depthwise(struct bf_net *net, const char *name, int x, size_t k, size_t stride);
/* Transposed: (h, w, c) to (h stride, w stride, oc); k at least stride. NAME.weight is (k, k, oc,
 * c), that of the convolution whose gradient this is; NAME.bias (oc). */
int bf_net_deconv(struct bf_net *net, const char *name, int x, size_t oc, size_t k, size_t stride);
/* (h, w, r r c) to (r h, r w, c): channel (i r + j) c + k goes to row i, column j of its square. */
int bf_net_shuffle(struct bf_net *net, int x, size_t r);
/* Window k x k that begins (k - 1) / 2 above and left; what is outside the picture does not count.
 */
int bf_net_maxpool(struct bf_net *net, int x, size_t k, size_t stride);
int bf_net_avgpool(struct bf_net *net, int x, size_t k, size_t stride);
/* Over all rows and columns: (1, 1, c) */
int bf_net_mean(struct bf_net *net, int x);
/* All of (h, w, c) to (1, 1, out); NAME.weight (h w c, out), NAME.bias (out). */
int bf_net_dense(struct bf_net *net, const char *name, int x, size_t out);
/*
 * Batch norm over n, h and w (Ioffe, Szegedy 2015), epsilon 1e-5, momentum 0.1: NAME.scale,
 * NAME.shift, and NAME.mean and NAME.variance, which training keeps and inference uses.
 */
int bf_net_norm(struct bf_net *net, const char *name, int x);
/* The same over h and w of each image by itself, in training and after it (instance norm; Ulyanov,
 * Vedaldi, Lempitsky 2016): what is alike all over an image falls out. NAME.scale, NAME.shift. */
int bf_net_norm_image(struct bf_net *net, const char *name, int x);
/* max(v, slope v): slope 0 is ReLU */
int bf_net_rectify(struct bf_net *net, int x, float slope);
/* One slope a channel, learned: NAME.slope (c) */
int bf_net_prelu(struct bf_net *net, const char *name, int x);
int bf_net_sigmoid(struct bf_net *net, int x);
int bf_net_tanh(struct bf_net *net, int x);
/* Over channels */
int bf_net_softmax(struct bf_net *net, int x);
int bf_net_add(struct bf_net *net, int a, int b);
/* Along channels, a first */
int bf_net_concat(struct bf_net *net, int a, int b);
/* Zeros round it */
int bf_net_pad(struct bf_net *net, int x, size_t top, size_t bottom, size_t left, size_t right);
/* The same numbers under another shape of as many */
int bf_net_reshape(struct bf_net *net, int x, size_t h, size_t w, size_t c);
/* Each number is zero with this chance, and the others are scaled up; nothing at inference. */
int bf_net_dropout(struct bf_net *net, int x, float chance);
/*
 * Gated recurrent unit over h steps (Cho et al. 2014, in the form of cuDNN: the reset gate scales
 * the product with the state, after its bias): (h, 1, c) to (h, 1, units), or 2 units where both
 * ways, forward first. NAME.input (c, 3 units), NAME.state (units, 3 units), NAME.input_bias and
 * NAME.state_bias (3 units), gates in the order reset, update, new; NAME.back_... for the other
 * way.
 */
int bf_net_gru(struct bf_net *net, const char *name, int x, size_t units, bool both_ways);

/* --- running
 * ------------------------------------------------------------------------------------------ */

#define BF_NET_TRAINING 1u    /* keep what backward needs */
#define BF_NET_INPUT_GRADS 2u /* gradients of the inputs too */

/*
 * Fix the batch and lay out memory; the weights must have theirs. pool is used by every run and
 * outlives the network; NULL for none. May be called again with another batch, and then forgets
 * everything that was run.
 */
enum bf_err bf_net_plan(struct bf_net *net, size_t n, unsigned flags, struct bf_pool *pool,
                        struct bf_error *err);

/* Where a node's numbers are, (n, h, w, c). Of a node that others use, only until the next one has
 * run, at inference; inputs are to be written here before bf_net_forward. */
float *bf_net_value(const struct bf_net *net, int node);
/* Gradient of the loss by that node. Of every node that no other uses it must be filled before
 * bf_net_backward. NULL where there is none. */
float *bf_net_grad(const struct bf_net *net, int node);
/* Floats in one image of that node; rows, columns and channels where not NULL. */
size_t bf_net_shape(const struct bf_net *net, int node, size_t *h, size_t *w, size_t *c);

/* What dropout draws from; to be set before every training step, for instance to the step. */
void bf_net_seed(struct bf_net *net, uint64_t seed);
void bf_net_forward(struct bf_net *net);
/* Adds to the gradients of the weights: bf_params_zero_grads before the first of a step. */
void bf_net_backward(struct bf_net *net);

/* Multiplications and additions in a forward pass of one image's convolutions, dense layers and
 * recurrent units; bytes of the plan. */
uint64_t bf_net_macs(const struct bf_net *net);
size_t bf_net_bytes(const struct bf_net *net);

#endif
