/* Layers that move numbers about, add them, or drop some. */
#include "lib/nn/node.h"
#include "lib/nn/random.h"

#include <math.h>

/* dst = src, or dst += src */
static void put_row(float *dst, const float *src, size_t n, bool add)
{
    size_t i;

    if (!add) {
        memcpy(dst, src, n * sizeof *dst);
        return;
    }
    for (i = 0; i < n; i++)
        dst[i] += src[i];
}

/* --- sum of two, and a rectifier
 * ------------------------------------------------------------------ */

BF_WIDE static void sum_of(float *y, const float *a, const float *b, float slope, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        float v = a[i] + b[i], low = slope * v;

        y[i] = v > low ? v : low;
    }
}

static void add_span(struct bf_node *node, size_t from, size_t to)
{
    sum_of(node->y + from, bf_node_x(node, 0) + from, bf_node_x(node, 1) + from, node->rect.slope,
           to - from);
}

static void add_forward(struct bf_node *node)
{
    bf_node_spans(node, add_span, bf_node_floats(node), BF_SPAN);
}

static void add_grad_span(struct bf_node *node, size_t from, size_t to)
{
    int i;

    bf_node_rectify_span(node, from, to);
    for (i = 0; i < 2; i++)
        if (bf_node_dx(node, i) != NULL && bf_node_dx(node, i) != node->dy)
            put_row(bf_node_dx(node, i) + from, node->dy + from, to - from, node->add_in[i]);
}

static void add_backward(struct bf_node *node)
{
    bf_node_spans(node, add_grad_span, bf_node_floats(node), BF_SPAN);
}

static const struct bf_op op_add = {.name = "add",
                                    .rectifies = true,
                                    .in_place = true,
                                    .forward = add_forward,
                                    .backward = add_backward};

int bf_net_add(struct bf_net *net, int a, int b)
{
    struct bf_node *node = bf_node_new(net, &op_add, 2, a, b);
    const struct bf_node *other;

    if (node == NULL)
        return -1;
    other = bf_net_node(net, b);
    if (node->h != other->h || node->w != other->w || node->c != other->c)
        return bf_net_fail(net, BF_ERR_USAGE, "two shapes that are added differ");
    return bf_node_index(node);
}

/* --- one behind the other along channels
 * ---------------------------------------------------------- */

static void concat_rows(struct bf_node *node, size_t from, size_t to)
{
    size_t a = bf_node_in(node, 0)->c, b = bf_node_in(node, 1)->c, i;

    for (i = from; i < to; i++) {
        memcpy(node->y + i * node->c, bf_node_x(node, 0) + i * a, a * sizeof(float));
        memcpy(node->y + i * node->c + a, bf_node_x(node, 1) + i * b, b * sizeof(float));
    }
}

static void concat_forward(struct bf_node *node)
{
    bf_node_spans(node, concat_rows, bf_node_rows(node), 512);
}

static void concat_grad_rows(struct bf_node *node, size_t from, size_t to)
{
    size_t a = bf_node_in(node, 0)->c, b = bf_node_in(node, 1)->c, i;

    for (i = from; i < to; i++) {
        if (bf_node_dx(node, 0) != NULL)
            put_row(bf_node_dx(node, 0) + i * a, node->dy + i * node->c, a, node->add_in[0]);
        if (bf_node_dx(node, 1) != NULL)
            put_row(bf_node_dx(node, 1) + i * b, node->dy + i * node->c + a, b, node->add_in[1]);
    }
}

static void concat_backward(struct bf_node *node)
{
    bf_node_spans(node, concat_grad_rows, bf_node_rows(node), 512);
}

static const struct bf_op op_concat = {
    .name = "concat", .forward = concat_forward, .backward = concat_backward};

int bf_net_concat(struct bf_net *net, int a, int b)
{
    struct bf_node *node = bf_node_new(net, &op_concat, 2, a, b);
    const struct bf_node *other;

    if (node == NULL)
        return -1;
    other = bf_net_node(net, b);
    if (node->h != other->h || node->w != other->w || node->c + other->c > BF_CONV_CHANNELS_MAX)
        return bf_net_fail(net, BF_ERR_USAGE, "two shapes that are joined differ");
    node->c += other->c;
    return bf_node_index(node);
}

/* --- zeros round it; spans are rows of pictures
 * --------------------------------------------------- */

static void pad_rows(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t i, left = node->conv.pad_left * node->c, row = node->w * node->c;

    for (i = from; i < to; i++) {
        size_t image = i / node->h, y = i % node->h - node->conv.pad_top;

        memset(node->y + i * row, 0, row * sizeof(float));
        if (y < in->h)
            memcpy(node->y + i * row + left, in->y + (image * in->h + y) * in->w * in->c,
                   in->w * in->c * sizeof(float));
    }
}

static void pad_forward(struct bf_node *node)
{
    bf_node_spans(node, pad_rows, node->net->n * node->h, 16);
}

static void pad_grad_rows(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t i, left = node->conv.pad_left * node->c, row = node->w * node->c;

    for (i = from; i < to; i++) {
        size_t image = i / in->h, y = i % in->h + node->conv.pad_top;

        put_row(in->dy + i * in->w * in->c, node->dy + (image * node->h + y) * row + left,
                in->w * in->c, node->add_in[0]);
    }
}

static void pad_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, pad_grad_rows, node->net->n * bf_node_in(node, 0)->h, 16);
}

static const struct bf_op op_pad = {
    .name = "pad", .forward = pad_forward, .backward = pad_backward};

int bf_net_pad(struct bf_net *net, int x, size_t top, size_t bottom, size_t left, size_t right)
{
    struct bf_node *node = bf_node_new(net, &op_pad, 1, x, -1);
    const size_t most = BF_CONV_SIDE_MAX;

    if (node == NULL)
        return -1;
    if (top > most || bottom > most || left > most || right > most ||
        node->h + top + bottom > most || node->w + left + right > most)
        return bf_net_fail(net, BF_ERR_LIMIT, "padding is too large");
    node->conv.pad_top = top;
    node->conv.pad_left = left;
    node->h += top + bottom;
    node->w += left + right;
    return bf_node_index(node);
}

/* --- channels to squares; spans are rows of the input
 * --------------------------------------------- */

static void shuffle_rows(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t r = node->units, run = r * node->c, i, x, k;

    for (i = from; i < to; i++)
        for (k = 0; k < r; k++)
            for (x = 0; x < in->w; x++)
                memcpy(node->y + ((i * r + k) * in->w + x) * run,
                       in->y + (i * in->w + x) * in->c + k * run, run * sizeof(float));
}

static void shuffle_forward(struct bf_node *node)
{
    bf_node_spans(node, shuffle_rows, node->net->n * bf_node_in(node, 0)->h, 8);
}

static void shuffle_grad_rows(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t r = node->units, run = r * node->c, i, x, k;

    for (i = from; i < to; i++)
        for (k = 0; k < r; k++)
            for (x = 0; x < in->w; x++)
                put_row(in->dy + (i * in->w + x) * in->c + k * run,
                        node->dy + ((i * r + k) * in->w + x) * run, run, node->add_in[0]);
}

static void shuffle_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, shuffle_grad_rows, node->net->n * bf_node_in(node, 0)->h, 8);
}

static const struct bf_op op_shuffle = {
    .name = "shuffle", .forward = shuffle_forward, .backward = shuffle_backward};

int bf_net_shuffle(struct bf_net *net, int x, size_t r)
{
    struct bf_node *node = bf_node_new(net, &op_shuffle, 1, x, -1);

    if (node == NULL)
        return -1;
    if (r < 1 || r > 64 || node->c % (r * r) != 0 || node->h * r > BF_CONV_SIDE_MAX ||
        node->w * r > BF_CONV_SIDE_MAX)
        return bf_net_fail(net, BF_ERR_USAGE, "channels do not fill the squares of a shuffle");
    node->units = r;
    node->h *= r;
    node->w *= r;
    node->c /= r * r;
    return bf_node_index(node);
}

/* --- another shape: always folded away
 * ------------------------------------------------------------ */

const struct bf_op bf_op_reshape = {.name = "reshape"};

int bf_net_reshape(struct bf_net *net, int x, size_t h, size_t w, size_t c)
{
    struct bf_node *node = bf_node_new(net, &bf_op_reshape, 1, x, -1);

    if (node == NULL)
        return -1;
    if (h < 1 || w < 1 || c < 1 || h > BF_CONV_SIDE_MAX || w > BF_CONV_SIDE_MAX ||
        c > BF_CONV_FLOATS_MAX / (h * w) || h * w * c != node->h * node->w * node->c)
        return bf_net_fail(net, BF_ERR_USAGE, "a new shape does not hold the same numbers");
    node->h = h;
    node->w = w;
    node->c = c;
    return bf_node_index(node);
}

/* --- dropout; folded away at inference
 * ------------------------------------------------------------ */

/* What number i is multiplied by: from the step's seed, the layer and i alone, so that backward
 * finds it again and no order of threads matters. */
static float kept(const struct bf_node *node, size_t i)
{
    uint64_t key = bf_random_mix(node->net->seed ^ ((uint64_t)bf_node_index(node) << 48));
    float u = (float)(bf_random_mix(key + i) >> 40) * 0x1p-24f;

    return u < node->chance ? 0 : 1 / (1 - node->chance);
}

static void dropout_span(struct bf_node *node, size_t from, size_t to)
{
    size_t i;

    for (i = from; i < to; i++)
        node->y[i] = bf_node_x(node, 0)[i] * kept(node, i);
}

static void dropout_forward(struct bf_node *node)
{
    bf_node_spans(node, dropout_span, bf_node_floats(node), BF_SPAN);
}

static void dropout_grad_span(struct bf_node *node, size_t from, size_t to)
{
    float *dx = bf_node_dx(node, 0);
    size_t i;

    for (i = from; i < to; i++)
        dx[i] = (node->add_in[0] ? dx[i] : 0) + node->dy[i] * kept(node, i);
}

static void dropout_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, dropout_grad_span, bf_node_floats(node), BF_SPAN);
}

const struct bf_op bf_op_dropout = {
    .name = "dropout", .forward = dropout_forward, .backward = dropout_backward};

int bf_net_dropout(struct bf_net *net, int x, float chance)
{
    struct bf_node *node = bf_node_new(net, &bf_op_dropout, 1, x, -1);

    if (node == NULL)
        return -1;
    if (!(chance >= 0 && chance < 1))
        return bf_net_fail(net, BF_ERR_USAGE, "a chance of dropping is at least 0 and below 1");
    node->chance = chance;
    return bf_node_index(node);
}
