/* Pooling: over windows by largest or mean, and over the whole picture by mean. */
#include "lib/nn/node.h"

#include <math.h>

/* The window of output (oy, ox): rows y0..y1 - 1 and columns x0..x1 - 1 of the picture. */
struct window {
    size_t y0, y1, x0, x1;
};

static void range(size_t *first, size_t *last, size_t o, size_t k, size_t stride, size_t pad,
                  size_t size)
{
    size_t at = o * stride;

    *first = at > pad ? at - pad : 0;
    *last = at + k - pad < size ? at + k - pad : size;
}

static struct window window_of(const struct bf_node *node, size_t oy, size_t ox)
{
    const struct bf_conv *s = &node->conv;
    struct window v;

    range(&v.y0, &v.y1, oy, s->kh, s->stride_y, s->pad_top, s->h);
    range(&v.x0, &v.x1, ox, s->kw, s->stride_x, s->pad_left, s->w);
    return v;
}

/* --- largest: saved is, for each output, which of the window's pixels it was
 * ---------------------- */

static void max_size(struct bf_node *node)
{
    if (node->net->training)
        node->saved_bytes = bf_node_floats(node) * sizeof(int32_t);
}

/* Channels that are held in registers while a window is gone through: the compiler makes of these
 * types what vectors it has. */
#define LANES 16
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t ints __attribute__((vector_size(LANES * sizeof(int32_t))));

/* y is the largest in each channel of the window at x, whose rows are row floats apart, and which
 * the pixel it was, counted from the window's first; which NULL: nobody asks. */
BF_WIDE static void largest(float *restrict y, int32_t *restrict which, const float *restrict x,
                            size_t rows, size_t columns, size_t row, size_t c)
{
    size_t i, k, j;

    for (j = 0; j + LANES <= c; j += LANES) {
        ints at = {0}, more;
        int32_t index = 0;
        floats most, p;

        memcpy(&most, x + j, sizeof most);
        for (i = 0; i < rows; i++)
            for (k = 0; k < columns; k++, index++) {
                memcpy(&p, x + i * row + k * c + j, sizeof p);
                more = p > most;
                at = (more & index) | (~more & at);
                most = (floats)((more & (ints)p) | (~more & (ints)most));
            }
        memcpy(y + j, &most, sizeof most);
        if (which != NULL)
            memcpy(which + j, &at, sizeof at);
    }
    for (; j < c; j++) {
        int32_t index = 0, at = 0;
        float most = x[j];

        for (i = 0; i < rows; i++)
            for (k = 0; k < columns; k++, index++)
                if (x[i * row + k * c + j] > most) {
                    most = x[i * row + k * c + j];
                    at = index;
                }
        y[j] = most;
        if (which != NULL)
            which[j] = at;
    }
}

static void max_rows(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t i, c = node->c, row;
    int32_t *which = node->net->training ? node->saved : NULL;

    for (row = from; row < to; row++)
        for (i = 0; i < node->w; i++) {
            struct window v = window_of(node, row % node->h, i);
            size_t at = (row * node->w + i) * c;

            largest(node->y + at, which != NULL ? which + at : NULL,
                    in->y + ((row / node->h * in->h + v.y0) * in->w + v.x0) * c, v.y1 - v.y0,
                    v.x1 - v.x0, in->w * c, c);
        }
}

static void max_forward(struct bf_node *node)
{
    bf_node_spans(node, max_rows, node->net->n * node->h, 8);
}

/* Adds dy to the pixel of the window at dx that was the largest. */
BF_WIDE static void to_largest(float *restrict dx, const int32_t *restrict which,
                               const float *restrict dy, size_t rows, size_t columns, size_t row,
                               size_t c)
{
    size_t i, k, j;

    for (j = 0; j + LANES <= c; j += LANES) {
        floats more, p;
        ints at;
        int32_t index = 0;

        memcpy(&more, dy + j, sizeof more);
        memcpy(&at, which + j, sizeof at);
        for (i = 0; i < rows; i++)
            for (k = 0; k < columns; k++, index++) {
                float *to = dx + i * row + k * c + j;

                memcpy(&p, to, sizeof p);
                p += (floats)((at == index) & (ints)more);
                memcpy(to, &p, sizeof p);
            }
    }
    for (; j < c; j++) {
        int32_t index = 0;

        for (i = 0; i < rows; i++)
            for (k = 0; k < columns; k++, index++)
                dx[i * row + k * c + j] += which[j] == index ? dy[j] : 0;
    }
}

static void max_grad_images(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t image, oy, ox, c = node->c, row = in->w * c;
    const int32_t *which = node->saved;

    for (image = from; image < to; image++) {
        float *dx = in->dy + image * in->h * row;
        size_t clean = node->add_in[0] ? in->h : 0;

        for (oy = 0; oy < node->h; oy++)
            for (ox = 0; ox < node->w; ox++) {
                struct window v = window_of(node, oy, ox);
                size_t at = ((image * node->h + oy) * node->w + ox) * c;

                /* Rows are made zero when the first window reaches them: they are in the cache then
                 * for those that add to them. */
                if (v.y1 > clean) {
                    memset(dx + clean * row, 0, (v.y1 - clean) * row * sizeof *dx);
                    clean = v.y1;
                }
                to_largest(dx + (v.y0 * in->w + v.x0) * c, which + at, node->dy + at, v.y1 - v.y0,
                           v.x1 - v.x0, row, c);
            }
        if (clean < in->h)
            memset(dx + clean * row, 0, (in->h - clean) * row * sizeof *dx);
    }
}

static void max_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, max_grad_images, node->net->n, 1);
}

static const struct bf_op op_max = {
    .name = "maxpool", .size = max_size, .forward = max_forward, .backward = max_backward};

/* --- mean of what of the window is inside
 * --------------------------------------------------------- */

static void mean_rows(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t row, i, y, x, j, c = node->c;

    for (row = from; row < to; row++)
        for (i = 0; i < node->w; i++) {
            struct window v = window_of(node, row % node->h, i);
            float *out = node->y + (row * node->w + i) * c;
            float factor = 1 / (float)((v.y1 - v.y0) * (v.x1 - v.x0));

            memset(out, 0, c * sizeof *out);
            for (y = v.y0; y < v.y1; y++)
                for (x = v.x0; x < v.x1; x++) {
                    const float *p = in->y + ((row / node->h * in->h + y) * in->w + x) * c;

                    for (j = 0; j < c; j++)
                        out[j] += p[j];
                }
            for (j = 0; j < c; j++)
                out[j] *= factor;
        }
}

static void mean_forward(struct bf_node *node)
{
    bf_node_spans(node, mean_rows, node->net->n * node->h, 8);
}

static void mean_grad_images(struct bf_node *node, size_t from, size_t to)
{
    const struct bf_node *in = bf_node_in(node, 0);
    size_t image, oy, ox, y, x, j, c = node->c, size = in->h * in->w * c;

    for (image = from; image < to; image++) {
        float *dx = in->dy + image * size;

        if (!node->add_in[0])
            memset(dx, 0, size * sizeof *dx);
        for (oy = 0; oy < node->h; oy++)
            for (ox = 0; ox < node->w; ox++) {
                struct window v = window_of(node, oy, ox);
                const float *dy = node->dy + ((image * node->h + oy) * node->w + ox) * c;
                float factor = 1 / (float)((v.y1 - v.y0) * (v.x1 - v.x0));

                for (y = v.y0; y < v.y1; y++)
                    for (x = v.x0; x < v.x1; x++)
                        for (j = 0; j < c; j++)
                            dx[(y * in->w + x) * c + j] += factor * dy[j];
            }
    }
}

static void mean_backward(struct bf_node *node)
{
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, mean_grad_images, node->net->n, 1);
}

static const struct bf_op op_mean = {
    .name = "avgpool", .forward = mean_forward, .backward = mean_backward};

static int build(struct bf_net *net, const struct bf_op *op, int x, size_t kh, size_t kw,
                 size_t stride)
{
    struct bf_node *node = bf_node_new(net, op, 1, x, -1);
    size_t pad_y = (kh - 1) / 2, pad_x = (kw - 1) / 2;

    if (node == NULL)
        return -1;
    if (kh < 1 || kw < 1 || stride < 1 || kh > BF_CONV_SIDE_MAX || kw > BF_CONV_SIDE_MAX ||
        stride > BF_CONV_SIDE_MAX)
        return bf_net_fail(net, BF_ERR_USAGE, "a pooling window is empty or too large");
    if (kh == node->h && kw == node->w)
        pad_y = pad_x = 0;
    node->conv = (struct bf_conv){.n = 1,
                                  .h = node->h,
                                  .w = node->w,
                                  .c = node->c,
                                  .kh = kh,
                                  .kw = kw,
                                  .oc = node->c,
                                  .stride_y = stride,
                                  .stride_x = stride,
                                  .dilation_y = 1,
                                  .dilation_x = 1,
                                  .pad_top = pad_y,
                                  .pad_bottom = pad_y,
                                  .pad_left = pad_x,
                                  .pad_right = pad_x};
    if (bf_conv_check(&node->conv, NULL) != BF_OK)
        return bf_net_fail(net, BF_ERR_USAGE, "a pooling window is larger than its picture");
    node->h = bf_conv_out_h(&node->conv);
    node->w = bf_conv_out_w(&node->conv);
    return bf_node_index(node);
}

int bf_net_maxpool(struct bf_net *net, int x, size_t k, size_t stride)
{
    return build(net, &op_max, x, k, k, stride);
}

int bf_net_avgpool(struct bf_net *net, int x, size_t k, size_t stride)
{
    return build(net, &op_mean, x, k, k, stride);
}

int bf_net_mean(struct bf_net *net, int x)
{
    if (net->failed || x < 0 || x >= net->n_nodes)
        return bf_net_fail(net, BF_ERR_USAGE, "a mean of a node that is not there");
    return build(net, &op_mean, x, net->nodes[x].h, net->nodes[x].w, 1);
}
