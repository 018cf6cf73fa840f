/* Activations, one number at a time, and softmax over channels. */
#include "lib/nn/node.h"

#include <math.h>

/*
 * exp, to about two units in the last place, in a form that the compiler turns into vectors: x is
 * n ln 2 + r, and exp(r) a polynomial on |r| <= ln 2 / 2.
 */
static inline float exp_of(float x)
{
    union {
        float f;
        int32_t i;
    } shifted, power;
    float n, r, p;

    x = x > 88 ? 88 : x;
    x = x < -87 ? -87 : x;
    /* Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits. */
    shifted.f = x * 1.44269504f + 12582912.0f;
    n = shifted.f - 12582912.0f;
    r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    p = 1.0f / 720 + r * (1.0f / 5040);
    p = 1.0f / 120 + r * p;
    p = 1.0f / 24 + r * p;
    p = 1.0f / 6 + r * p;
    p = 0.5f + r * p;
    p = 1 + r * (1 + r * p);
    power.i = (shifted.i - 0x4b400000 + 127) * (1 << 23);
    return p * power.f;
}

static void put(float *dx, float v, bool add)
{
    *dx = add ? *dx + v : v;
}

/* --- max(v, slope v)
 * ------------------------------------------------------------------------------ */

BF_WIDE static void rectify(float *y, const float *x, size_t n, float slope)
{
    size_t i;

    for (i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void rectify_span(struct bf_node *node, size_t from, size_t to)
{
    rectify(node->y + from, bf_node_x(node, 0) + from, to - from, node->slope);
}

static void rectify_forward(struct bf_node *node)
{
    bf_node_spans(node, rectify_span, bf_node_floats(node), BF_SPAN);
}

BF_WIDE static void rectify_grad(float *restrict dx, const float *restrict dy,
                                 const float *restrict y, size_t n, float slope, bool add)
{
    size_t i;

    for (i = 0; i < n; i++) {
        float d = y[i] > 0 ? dy[i] : slope * dy[i];

        dx[i] = add ? dx[i] + d : d;
    }
}

static void rectify_grad_span(struct bf_node *node, size_t from, size_t to)
{
    rectify_grad(bf_node_dx(node, 0) + from, node->dy + from, node->y + from, to - from,
                 node->slope, node->add_in[0]);
}

static void rectify_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, rectify_grad_span, bf_node_floats(node), BF_SPAN);
}

const struct bf_op bf_op_rectify = {
    .name = "rectify", .forward = rectify_forward, .backward = rectify_backward};

int bf_net_rectify(struct bf_net *net, int x, float slope)
{
    struct bf_node *node = bf_node_new(net, &bf_op_rectify, 1, x, -1);

    if (node == NULL)
        return -1;
    if (!(slope >= 0 && slope < 1))
        return bf_net_fail(net, BF_ERR_USAGE, "a rectifier's slope is at least 0 and below 1");
    node->slope = slope;
    return bf_node_index(node);
}

/* --- a slope for each channel, learned
 * ------------------------------------------------------------ */

static void prelu_rows(struct bf_node *node, size_t from, size_t to)
{
    const float *slope = bf_node_weight(node, 0), *x = bf_node_x(node, 0);
    size_t i, j, c = node->c;

    for (i = from; i < to; i++)
        for (j = 0; j < c; j++) {
            float v = x[i * c + j];

            node->y[i * c + j] = v > 0 ? v : slope[j] * v;
        }
}

static void prelu_forward(struct bf_node *node)
{
    bf_node_spans(node, prelu_rows, bf_node_rows(node), 1024);
}

static void prelu_grad_rows(struct bf_node *node, size_t from, size_t to)
{
    const float *slope = bf_node_weight(node, 0), *x = bf_node_x(node, 0);
    float *dx = bf_node_dx(node, 0);
    size_t i, j, c = node->c;

    for (i = from; i < to; i++)
        for (j = 0; j < c; j++)
            put(&dx[i * c + j], node->dy[i * c + j] * (x[i * c + j] > 0 ? 1 : slope[j]),
                node->add_in[0]);
}

/* Sums for the slopes, in parts of the rows: spans are parts. */
static void prelu_parts(struct bf_node *node, size_t from, size_t to)
{
    const float *x = bf_node_x(node, 0);
    size_t part, i, j, c = node->c, all = bf_node_rows(node),
                       rows = (all + BF_PARTS - 1) / BF_PARTS;

    for (part = from; part < to; part++) {
        float *sum = (float *)node->net->scratch + part * c;

        memset(sum, 0, c * sizeof *sum);
        for (i = part * rows; i < (part + 1) * rows && i < all; i++)
            for (j = 0; j < c; j++)
                sum[j] += x[i * c + j] > 0 ? 0 : x[i * c + j] * node->dy[i * c + j];
    }
}

static void prelu_size(struct bf_node *node)
{
    node->scratch_bytes = BF_PARTS * node->c * sizeof(float);
}

static void prelu_backward(struct bf_node *node)
{
    size_t part, j;

    bf_node_spans(node, prelu_parts, BF_PARTS, 1);
    for (part = 0; part < BF_PARTS; part++)
        for (j = 0; j < node->c; j++)
            bf_node_weight_grad(node, 0)[j] += ((float *)node->net->scratch)[part * node->c + j];
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, prelu_grad_rows, bf_node_rows(node), 1024);
}

static const struct bf_op op_prelu = {
    .name = "prelu", .size = prelu_size, .forward = prelu_forward, .backward = prelu_backward};

int bf_net_prelu(struct bf_net *net, const char *name, int x)
{
    struct bf_node *node = bf_node_new(net, &op_prelu, 1, x, -1);

    if (node == NULL || !bf_node_param(node, name, "slope", &node->c, 1, BF_PARAM_QUARTER, 1, true))
        return -1;
    return bf_node_index(node);
}

/* --- sigmoid, tanh
 * -------------------------------------------------------------------------------- */

BF_WIDE static void sigmoid(float *y, const float *x, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        y[i] = 1 / (1 + exp_of(-x[i]));
}

static void sigmoid_span(struct bf_node *node, size_t from, size_t to)
{
    sigmoid(node->y + from, bf_node_x(node, 0) + from, to - from);
}

static void sigmoid_forward(struct bf_node *node)
{
    bf_node_spans(node, sigmoid_span, bf_node_floats(node), BF_SPAN);
}

static void sigmoid_grad_span(struct bf_node *node, size_t from, size_t to)
{
    float *dx = bf_node_dx(node, 0);
    size_t i;

    for (i = from; i < to; i++)
        put(&dx[i], node->dy[i] * node->y[i] * (1 - node->y[i]), node->add_in[0]);
}

static void sigmoid_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, sigmoid_grad_span, bf_node_floats(node), BF_SPAN);
}

static const struct bf_op op_sigmoid = {
    .name = "sigmoid", .forward = sigmoid_forward, .backward = sigmoid_backward};

static void tanh_span(struct bf_node *node, size_t from, size_t to)
{
    const float *x = bf_node_x(node, 0);
    size_t i;

    for (i = from; i < to; i++)
        node->y[i] = tanhf(x[i]);
}

static void tanh_forward(struct bf_node *node)
{
    bf_node_spans(node, tanh_span, bf_node_floats(node), BF_SPAN);
}

static void tanh_grad_span(struct bf_node *node, size_t from, size_t to)
{
    float *dx = bf_node_dx(node, 0);
    size_t i;

    for (i = from; i < to; i++)
        put(&dx[i], node->dy[i] * (1 - node->y[i] * node->y[i]), node->add_in[0]);
}

static void tanh_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, tanh_grad_span, bf_node_floats(node), BF_SPAN);
}

static const struct bf_op op_tanh = {
    .name = "tanh", .forward = tanh_forward, .backward = tanh_backward};

/* --- softmax
 * -------------------------------------------------------------------------------------- */

static void softmax_rows(struct bf_node *node, size_t from, size_t to)
{
    size_t i, j, c = node->c;

    for (i = from; i < to; i++) {
        const float *x = bf_node_x(node, 0) + i * c;
        float *y = node->y + i * c, most = x[0], sum = 0;

        for (j = 1; j < c; j++)
            most = x[j] > most ? x[j] : most;
        for (j = 0; j < c; j++)
            sum += y[j] = exp_of(x[j] - most);
        for (j = 0; j < c; j++)
            y[j] /= sum;
    }
}

static void softmax_forward(struct bf_node *node)
{
    bf_node_spans(node, softmax_rows, bf_node_rows(node), 256);
}

static void softmax_grad_rows(struct bf_node *node, size_t from, size_t to)
{
    size_t i, j, c = node->c;

    for (i = from; i < to; i++) {
        const float *y = node->y + i * c, *dy = node->dy + i * c;
        float *dx = bf_node_dx(node, 0) + i * c, sum = 0;

        for (j = 0; j < c; j++)
            sum += y[j] * dy[j];
        for (j = 0; j < c; j++)
            put(&dx[j], y[j] * (dy[j] - sum), node->add_in[0]);
    }
}

static void softmax_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, softmax_grad_rows, bf_node_rows(node), 256);
}

static const struct bf_op op_softmax = {
    .name = "softmax", .forward = softmax_forward, .backward = softmax_backward};

/* --- building
 * ------------------------------------------------------------------------------------- */

static int build(struct bf_net *net, const struct bf_op *op, int x)
{
    struct bf_node *node = bf_node_new(net, op, 1, x, -1);

    return node == NULL ? -1 : bf_node_index(node);
}

int bf_net_sigmoid(struct bf_net *net, int x)
{
    return build(net, &op_sigmoid, x);
}

int bf_net_tanh(struct bf_net *net, int x)
{
    return build(net, &op_tanh, x);
}

int bf_net_softmax(struct bf_net *net, int x)
{
    return build(net, &op_softmax, x);
}
