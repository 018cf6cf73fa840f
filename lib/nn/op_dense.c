/* Dense layers. */
#include "lib/nn/node.h"

static size_t in_floats(const struct bf_node *node)
{
    const struct bf_node *in = bf_node_in(node, 0);

    return in->h * in->w * in->c;
}

static void finish_rows(struct bf_node *node, size_t from, size_t to)
{
    const float *bias = bf_node_weight(node, 1);
    size_t i, j;

    for (i = from; i < to; i++)
        for (j = 0; j < node->c; j++) {
            float v = node->y[i * node->c + j] + bias[j], low = node->rect.slope * v;

            node->y[i * node->c + j] = v > low ? v : low;
        }
}

static void forward(struct bf_node *node)
{
    struct bf_net *net = node->net;

    bf_matmul(node->y, bf_node_x(node, 0), bf_node_weight(node, 0), net->n, in_floats(node),
              node->c, false, net->pool);
    bf_node_spans(node, finish_rows, net->n, 8);
}

static void backward(struct bf_node *node)
{
    struct bf_net *net = node->net;

    bf_node_rectify_grad(node, bf_node_weight_grad(node, 1));
    bf_matmul_grad_b(bf_node_weight_grad(node, 0), bf_node_x(node, 0), node->dy, net->n,
                     in_floats(node), node->c, net->pool);
    if (bf_node_dx(node, 0) != NULL)
        bf_matmul_grad_a(bf_node_dx(node, 0), bf_node_weight(node, 0), node->dy, net->n,
                         in_floats(node), node->c, node->add_in[0], net->pool);
}

static const struct bf_op op_dense = {
    .name = "dense", .rectifies = true, .forward = forward, .backward = backward};

int bf_net_dense(struct bf_net *net, const char *name, int x, size_t out)
{
    struct bf_node *node = bf_node_new(net, &op_dense, 1, x, -1);
    size_t n;

    if (node == NULL)
        return -1;
    n = node->h * node->w * node->c;
    if (out < 1 || out > BF_CONV_CHANNELS_MAX || n > ((size_t)1 << 24))
        return bf_net_fail(net, BF_ERR_LIMIT, "a dense layer is too large");
    node->h = node->w = 1;
    node->c = out;
    node->bias = true;
    node->macs = (uint64_t)n * out;
    if (!bf_node_param(node, name, "weight", (size_t[]){n, out}, 2, BF_PARAM_HE, n, true) ||
        !bf_node_param(node, name, "bias", (size_t[]){out}, 1, BF_PARAM_ZERO, n, true))
        return -1;
    return bf_node_index(node);
}
