/* Sums down the columns of a gradient: biases. Made in parts of the batch, added in order. */
#include "lib/nn/node.h"

#include <math.h>

/* Rows that are added up in single precision before they meet the rest. */
#define ROWS 128

static size_t part_rows(const struct bf_node *node)
{
    return (bf_node_rows(node) + BF_PARTS - 1) / BF_PARTS;
}

size_t bf_node_columns_size(const struct bf_node *node)
{
    return 2 * BF_PARTS * node->c * sizeof(float);
}

BF_WIDE static void mask(float *restrict dy, const float *restrict y, size_t n, float slope)
{
    size_t i;

    for (i = 0; i < n; i++)
        dy[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

BF_WIDE static void add_rows(float *restrict sum, const float *restrict dy, size_t rows, size_t c)
{
    size_t i, j;

    for (i = 0; i < rows; i++, dy += c)
        for (j = 0; j < c; j++)
            sum[j] += dy[j];
}

static void add_to(float *sum, const float *more, size_t c)
{
    size_t j;

    for (j = 0; j < c; j++)
        sum[j] += more[j];
}

/* Spans are parts here. */
static void mask_and_sum(struct bf_node *node, size_t from, size_t to)
{
    size_t part, c = node->c, row, n, rows = part_rows(node), all = bf_node_rows(node);

    for (part = from; part < to; part++) {
        float *sum = (float *)node->net->scratch + 2 * part * c, *few = sum + c;
        size_t last = (part + 1) * rows < all ? (part + 1) * rows : all;

        memset(sum, 0, c * sizeof *sum);
        for (row = part * rows; row < last; row += n) {
            float *dy = node->dy + row * c;

            n = last - row < ROWS ? last - row : ROWS;
            if (bf_node_rectified(node))
                mask(dy, node->y + row * c, n * c, node->rect.slope);
            memset(few, 0, c * sizeof *few);
            add_rows(few, dy, n, c);
            add_to(sum, few, c);
        }
    }
}

void bf_node_rectify_span(struct bf_node *node, size_t from, size_t to)
{
    if (bf_node_rectified(node))
        mask(node->dy + from, node->y + from, to - from, node->rect.slope);
}

void bf_node_rectify_grad(struct bf_node *node, float *bias)
{
    size_t part;

    if (bias == NULL) {
        if (bf_node_rectified(node))
            bf_node_spans(node, bf_node_rectify_span, bf_node_floats(node), BF_SPAN);
        return;
    }
    bf_node_spans(node, mask_and_sum, BF_PARTS, 1);
    for (part = 0; part < BF_PARTS; part++)
        add_to(bias, (float *)node->net->scratch + 2 * part * node->c, node->c);
}
