/* Convolutions as layers: dense, depthwise, transposed. */
#include "lib/nn/conv_grad.h"
#include "lib/nn/depthwise.h"
#include "lib/nn/node.h"

#include <math.h>

static size_t aligned(size_t n)
{
    return (n + 63) / 64 * 64;
}

static size_t max_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t weight_floats(const struct bf_conv *s)
{
    return s->kh * s->kw * s->c * s->oc;
}

/* Weights of a convolution with a batch norm folded into it: w * scale / deviation, and the bias
 * (oc) that is left. oc is the last dimension of w. */
static void fold_norm(float *w, float *bias, const struct bf_node *node, size_t n_w)
{
    const struct bf_node *norm = &node->net->nodes[node->norm];
    const float *scale = bf_node_weight(norm, 0), *shift = bf_node_weight(norm, 1);
    const float *mean = bf_node_weight(norm, 2), *variance = bf_node_weight(norm, 3);
    size_t i, j, oc = node->conv.oc;

    for (i = 0; i < oc; i++)
        bias[i] = scale[i] / sqrtf(variance[i] + 1e-5f);
    for (i = 0; i < n_w; i += oc)
        for (j = 0; j < oc; j++)
            w[i + j] = bf_node_weight(node, 0)[i + j] * bias[j];
    for (i = 0; i < oc; i++)
        bias[i] = shift[i] + bias[i] * ((node->bias ? bf_node_weight(node, 1)[i] : 0) - mean[i]);
}

/* --- dense
 * ---------------------------------------------------------------------------------------- */

/* saved: the packed weights, then the bias where a norm is folded in. scratch: that of a pass; the
 * packed weights of the backward one or the folded ones go behind it. */
static void conv_size(struct bf_node *node)
{
    const struct bf_conv *s = &node->conv;
    size_t pass = bf_conv_scratch_size(s, node->net->n_threads);

    node->saved_bytes = aligned(bf_conv_packed_size(s) * sizeof(float));
    if (node->norm >= 0) {
        node->saved_bytes += s->oc * sizeof(float);
        pass = max_of(pass, weight_floats(s) * sizeof(float));
    }
    node->scratch_bytes = pass;
    if (node->net->training)
        node->scratch_bytes =
            max_of(pass, aligned(bf_conv_grad_scratch_size(s, node->net->n_threads)) +
                             bf_conv_grad_packed_size(s) * sizeof(float));
}

static void conv_forward(struct bf_node *node)
{
    struct bf_net *net = node->net;
    float *packed = node->saved;
    float *folded =
        (float *)((char *)node->saved + aligned(bf_conv_packed_size(&node->conv) * sizeof(float)));
    const float *bias = node->norm >= 0 ? folded : node->bias ? bf_node_weight(node, 1) : NULL;

    if (node->packed_version != net->params->version) {
        if (node->norm >= 0) {
            fold_norm(net->scratch, folded, node, weight_floats(&node->conv));
            bf_conv_pack(packed, net->scratch, &node->conv, net->pool);
        } else {
            bf_conv_pack(packed, bf_node_weight(node, 0), &node->conv, net->pool);
        }
        node->packed_version = net->params->version;
    }
    bf_conv_forward(node->y, bf_node_x(node, 0), packed, bias, &node->conv, &node->rect,
                    net->scratch, net->pool);
}

static void conv_backward(struct bf_node *node)
{
    struct bf_net *net = node->net;
    size_t pass = aligned(bf_conv_grad_scratch_size(&node->conv, net->n_threads));
    float *packed = (float *)((char *)net->scratch + pass);

    bf_node_rectify_grad(node, node->bias ? bf_node_weight_grad(node, 1) : NULL);
    bf_conv_grad_weights(bf_node_weight_grad(node, 0), bf_node_x(node, 0), node->dy, &node->conv,
                         net->scratch, net->pool);
    if (bf_node_dx(node, 0) == NULL)
        return;
    bf_conv_grad_pack(packed, bf_node_weight(node, 0), &node->conv, net->pool);
    bf_conv_grad_input(bf_node_dx(node, 0), node->dy, packed, &node->conv, node->add_in[0],
                       net->scratch, net->pool);
}

const struct bf_op bf_op_conv = {.name = "conv",
                                 .rectifies = true,
                                 .size = conv_size,
                                 .forward = conv_forward,
                                 .backward = conv_backward};

/* --- depthwise
 * ------------------------------------------------------------------------------------ */

static void depthwise_size(struct bf_node *node)
{
    if (node->norm >= 0)
        node->scratch_bytes = aligned(node->conv.kh * node->conv.kw * node->c * sizeof(float)) +
                              node->c * sizeof(float);
}

static void depthwise_forward(struct bf_node *node)
{
    struct bf_net *net = node->net;
    size_t n_w = node->conv.kh * node->conv.kw * node->c;
    const float *w = bf_node_weight(node, 0), *bias = NULL;

    if (node->norm >= 0) {
        float *folded = (float *)((char *)net->scratch + aligned(n_w * sizeof(float)));

        fold_norm(net->scratch, folded, node, n_w);
        w = net->scratch;
        bias = folded;
    } else if (node->bias) {
        bias = bf_node_weight(node, 1);
    }
    bf_depthwise_forward(node->y, bf_node_x(node, 0), w, bias, &node->conv, &node->rect, net->pool);
}

static void depthwise_backward(struct bf_node *node)
{
    bf_node_rectify_grad(node, node->bias ? bf_node_weight_grad(node, 1) : NULL);
    bf_depthwise_grad_weights(bf_node_weight_grad(node, 0), bf_node_x(node, 0), node->dy,
                              &node->conv, node->net->pool);
    if (bf_node_dx(node, 0) != NULL)
        bf_depthwise_grad_input(bf_node_dx(node, 0), node->dy, bf_node_weight(node, 0), &node->conv,
                                node->add_in[0], node->net->pool);
}

const struct bf_op bf_op_depthwise = {.name = "depthwise",
                                      .rectifies = true,
                                      .size = depthwise_size,
                                      .forward = depthwise_forward,
                                      .backward = depthwise_backward};

/* --- transposed: conv is the shape of the convolution whose gradient this is
 * ---------------------- */

static void deconv_size(struct bf_node *node)
{
    const struct bf_conv *s = &node->conv;
    size_t threads = node->net->n_threads;
    size_t packed = max_of(bf_conv_grad_packed_size(s), bf_conv_packed_size(s)) * sizeof(float);

    node->scratch_bytes =
        aligned(max_of(bf_conv_grad_scratch_size(s, threads), bf_conv_scratch_size(s, threads))) +
        aligned(packed) +
        node->net->n * bf_conv_out_h(s) * bf_conv_out_w(s) * s->oc * sizeof(float);
}

static void deconv_scratch(const struct bf_node *node, float **packed, float **sum)
{
    const struct bf_conv *s = &node->conv;
    size_t threads = node->net->n_threads;
    size_t n = max_of(bf_conv_grad_packed_size(s), bf_conv_packed_size(s)) * sizeof(float);

    *packed =
        (float *)((char *)node->net->scratch + aligned(max_of(bf_conv_grad_scratch_size(s, threads),
                                                              bf_conv_scratch_size(s, threads))));
    *sum = (float *)((char *)*packed + aligned(n));
}

static void fill_bias(struct bf_node *node, size_t from, size_t to)
{
    const float *bias = bf_node_weight(node, 1);
    size_t i;

    for (i = from; i < to; i++)
        memcpy(node->y + i * node->c, bias, node->c * sizeof *bias);
}

static void deconv_forward(struct bf_node *node)
{
    struct bf_net *net = node->net;
    float *packed, *sum;

    deconv_scratch(node, &packed, &sum);
    bf_node_spans(node, fill_bias, bf_node_rows(node), 1024);
    bf_conv_grad_pack(packed, bf_node_weight(node, 0), &node->conv, net->pool);
    bf_conv_grad_input(node->y, bf_node_x(node, 0), packed, &node->conv, true, net->scratch,
                       net->pool);
}

static void deconv_backward(struct bf_node *node)
{
    struct bf_net *net = node->net;
    float *packed, *sum, *dx = bf_node_dx(node, 0);
    size_t n = bf_node_floats(bf_node_in(node, 0)), i;

    deconv_scratch(node, &packed, &sum);
    bf_node_rectify_grad(node, bf_node_weight_grad(node, 1));
    bf_conv_grad_weights(bf_node_weight_grad(node, 0), node->dy, bf_node_x(node, 0), &node->conv,
                         net->scratch, net->pool);
    if (dx == NULL)
        return;
    bf_conv_pack(packed, bf_node_weight(node, 0), &node->conv, net->pool);
    bf_conv_forward(node->add_in[0] ? sum : dx, node->dy, packed, NULL, &node->conv, NULL,
                    net->scratch, net->pool);
    for (i = 0; i < n && node->add_in[0]; i++)
        dx[i] += sum[i];
}

static const struct bf_op op_deconv = {
    .name = "deconv", .size = deconv_size, .forward = deconv_forward, .backward = deconv_backward};

/* --- building
 * ------------------------------------------------------------------------------------- */

static bool checked(struct bf_net *net, enum bf_err rc, const struct bf_error *err)
{
    if (rc != BF_OK)
        bf_net_fail(net, rc, err->text);
    return rc == BF_OK;
}

int bf_net_conv_shaped(struct bf_net *net, const char *name, int x, const struct bf_conv *s,
                       bool bias)
{
    struct bf_node *node = bf_node_new(net, &bf_op_conv, 1, x, -1);
    struct bf_error err;
    size_t fan_in;

    if (node == NULL)
        return -1;
    node->conv = *s;
    node->conv.n = 1;
    node->conv.h = node->h;
    node->conv.w = node->w;
    node->conv.c = node->c;
    if (!checked(net, bf_conv_check(&node->conv, &err), &err) ||
        !checked(net, bf_conv_grad_check(&node->conv, &err), &err))
        return -1;
    fan_in = s->kh * s->kw * node->c;
    node->h = bf_conv_out_h(&node->conv);
    node->w = bf_conv_out_w(&node->conv);
    node->bias = bias;
    node->macs = (uint64_t)fan_in * s->oc * node->h * node->w;
    if (!bf_node_param(node, name, "weight", (size_t[]){s->kh, s->kw, node->c, s->oc}, 4,
                       BF_PARAM_HE, fan_in, true) ||
        (bias &&
         !bf_node_param(node, name, "bias", (size_t[]){s->oc}, 1, BF_PARAM_ZERO, fan_in, true)))
        return -1;
    node->c = s->oc;
    return bf_node_index(node);
}

static struct bf_conv square(size_t oc, size_t k, size_t stride)
{
    size_t before = k > 0 ? (k - 1) / 2 : 0;
    struct bf_conv s = {
        .kh = k,
        .kw = k,
        .oc = oc,
        .stride_y = stride,
        .stride_x = stride,
        .dilation_y = 1,
        .dilation_x = 1,
        .pad_top = before,
        .pad_bottom = k / 2,
        .pad_left = before,
        .pad_right = k / 2,
    };

    return s;
}

int bf_net_conv(struct bf_net *net, const char *name, int x, size_t oc, size_t k, size_t stride)
{
    struct bf_conv s = square(oc, k, stride);

    return bf_net_conv_shaped(net, name, x, &s, true);
}

int bf_net_conv_bare(struct bf_net *net, const char *name, int x, size_t oc, size_t k,
                     size_t stride)
{
    struct bf_conv s = square(oc, k, stride);

    return bf_net_conv_shaped(net, name, x, &s, false);
}

int bf_net_depthwise(struct bf_net *net, const char *name, int x, size_t k, size_t stride)
{
    struct bf_node *node = bf_node_new(net, &bf_op_depthwise, 1, x, -1);
    struct bf_error err;

    if (node == NULL)
        return -1;
    node->conv = square(node->c, k, stride);
    node->conv.n = 1;
    node->conv.h = node->h;
    node->conv.w = node->w;
    node->conv.c = node->c;
    if (!checked(net, bf_depthwise_check(&node->conv, &err), &err))
        return -1;
    node->h = bf_conv_out_h(&node->conv);
    node->w = bf_conv_out_w(&node->conv);
    node->bias = true;
    node->macs = (uint64_t)k * k * node->c * node->h * node->w;
    if (!bf_node_param(node, name, "weight", (size_t[]){k, k, node->c, 1}, 4, BF_PARAM_HE, k * k,
                       true) ||
        !bf_node_param(node, name, "bias", (size_t[]){node->c}, 1, BF_PARAM_ZERO, k * k, true))
        return -1;
    return bf_node_index(node);
}

int bf_net_deconv(struct bf_net *net, const char *name, int x, size_t oc, size_t k, size_t stride)
{
    struct bf_node *node = bf_node_new(net, &op_deconv, 1, x, -1);
    struct bf_error err;
    size_t c, pad;

    if (node == NULL)
        return -1;
    if (stride < 1 || stride > 64 || k < stride || k > 64)
        return bf_net_fail(net, BF_ERR_USAGE, "a transposed convolution's kernel or stride is bad");
    c = node->c;
    pad = k - stride;
    node->conv = square(c, k, stride);
    node->conv.n = 1;
    node->conv.h = node->h * stride;
    node->conv.w = node->w * stride;
    node->conv.c = oc;
    node->conv.pad_top = node->conv.pad_left = pad / 2;
    node->conv.pad_bottom = node->conv.pad_right = pad - pad / 2;
    if (!checked(net, bf_conv_check(&node->conv, &err), &err))
        return -1;
    node->macs = (uint64_t)k * k * oc * c * node->h * node->w;
    node->h *= stride;
    node->w *= stride;
    node->c = oc;
    node->bias = true;
    if (!bf_node_param(node, name, "weight", (size_t[]){k, k, oc, c}, 4, BF_PARAM_HE,
                       (k * k + stride * stride - 1) / (stride * stride) * c, true) ||
        !bf_node_param(node, name, "bias", (size_t[]){oc}, 1, BF_PARAM_ZERO, c, true))
        return -1;
    return bf_node_index(node);
}
