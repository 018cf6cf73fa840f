/* Batch norm. Training: statistics of the batch, made in a fixed number of parts and added in
 * order. Inference: the kept ones; behind a convolution net_plan.c has folded it away.
 * Instance norm, below: statistics of each image by itself, always. */
#include "lib/nn/node.h"

#include <assert.h>
#include <math.h>

#define EPSILON 1e-5f
#define MOMENTUM 0.1f
/* Rows that are added up in single precision before they meet the rest. */
#define ROWS 64

/* saved: rows of c: factor and offset of the forward pass, mean, 1 / deviation, and two means of
 * the backward one */
enum { FACTOR, OFFSET, MEAN, INVERSE, MEAN_DY, MEAN_DYX, N_SAVED };

static float *saved(const struct bf_node *node, int i)
{
    return (float *)node->saved + (size_t)i * node->c;
}

/* Of each part: two sums in double, then two in float, each (c). */
static double *part_sums(const struct bf_node *node, size_t part)
{
    return (double *)node->net->scratch + 3 * part * node->c;
}

static void size(struct bf_node *node)
{
    node->saved_bytes = N_SAVED * node->c * sizeof(float);
    node->scratch_bytes = BF_PARTS * 3 * node->c * sizeof(double);
}

static size_t part_rows(const struct bf_node *node)
{
    return (bf_node_rows(node) + BF_PARTS - 1) / BF_PARTS;
}

/* Sums of v = x - shift and of v v */
BF_WIDE static void moments(float *restrict sum, float *restrict squares, const float *restrict x,
                            const float *shift, size_t rows, size_t c)
{
    size_t i, j;

    for (i = 0; i < rows; i++, x += c)
        for (j = 0; j < c; j++) {
            float v = x[j] - shift[j];

            sum[j] += v;
            squares[j] += v * v;
        }
}

/* What passes the folded rectifier of dy. The output is made again from x rather than read: the two
 * passes below are bound by memory. */
static inline float passed(float dy, float x, float factor, float offset, float slope)
{
    return x * factor + offset > 0 ? dy : slope * dy;
}

/* Sums of dy and of dy times the normalised x */
BF_WIDE static void grad_moments(float *restrict sum, float *restrict products,
                                 const float *restrict dy, const float *restrict x,
                                 const float *restrict kept, float slope, size_t rows, size_t c)
{
    const float *factor = kept + FACTOR * c, *offset = kept + OFFSET * c;
    const float *mean = kept + MEAN * c, *inverse = kept + INVERSE * c;
    size_t i, j;

    for (i = 0; i < rows; i++, x += c, dy += c)
        for (j = 0; j < c; j++) {
            float d = passed(dy[j], x[j], factor[j], offset[j], slope);

            sum[j] += d;
            products[j] += d * ((x[j] - mean[j]) * inverse[j]);
        }
}

static void parts(struct bf_node *node, size_t from, size_t to, bool grad)
{
    const float *x = bf_node_x(node, 0);
    size_t part, c = node->c, row, n, j, rows = part_rows(node), all = bf_node_rows(node);

    for (part = from; part < to; part++) {
        double *sum = part_sums(node, part);
        float *few = (float *)(sum + 2 * c);
        size_t last = (part + 1) * rows < all ? (part + 1) * rows : all;

        memset(sum, 0, 2 * c * sizeof *sum);
        for (row = part * rows; row < last; row += n) {
            n = last - row < ROWS ? last - row : ROWS;
            memset(few, 0, 2 * c * sizeof *few);
            if (grad)
                grad_moments(few, few + c, node->dy + row * c, x + row * c, node->saved,
                             node->rect.slope, n, c);
            else /* the first row stands for the mean, so that little is lost in the squares */
                moments(few, few + c, x + row * c, x, n, c);
            for (j = 0; j < 2 * c; j++)
                sum[j] += (double)few[j];
        }
    }
}

static void forward_parts(struct bf_node *node, size_t from, size_t to)
{
    parts(node, from, to, false);
}

static void backward_parts(struct bf_node *node, size_t from, size_t to)
{
    parts(node, from, to, true);
}

/* The sums of all parts, into those of the first. */
static const double *add_parts(struct bf_node *node, bf_node_span_fn *fn)
{
    double *sum = part_sums(node, 0);
    size_t part, j;

    bf_node_spans(node, fn, BF_PARTS, 1);
    for (part = 1; part < BF_PARTS; part++)
        for (j = 0; j < 2 * node->c; j++)
            sum[j] += part_sums(node, part)[j];
    return sum;
}

BF_WIDE static void apply(float *restrict y, const float *restrict x, const float *restrict factor,
                          const float *restrict offset, float slope, size_t rows, size_t c)
{
    size_t i, j;

    for (i = 0; i < rows; i++, x += c, y += c)
        for (j = 0; j < c; j++) {
            float v = x[j] * factor[j] + offset[j], low = slope * v;

            y[j] = v > low ? v : low;
        }
}

static void apply_rows(struct bf_node *node, size_t from, size_t to)
{
    apply(node->y + from * node->c, bf_node_x(node, 0) + from * node->c, saved(node, FACTOR),
          saved(node, OFFSET), node->rect.slope, to - from, node->c);
}

static size_t span_rows(const struct bf_node *node)
{
    assert(node->c > 0);
    return BF_SPAN / node->c + 1;
}

static void forward(struct bf_node *node)
{
    const float *scale = bf_node_weight(node, 0), *shift = bf_node_weight(node, 1);
    float *mean = bf_node_weight(node, 2), *variance = bf_node_weight(node, 3);
    const float *x = bf_node_x(node, 0);
    double rows = (double)bf_node_rows(node);
    size_t c = node->c, j;

    if (node->net->training) {
        const double *sum = add_parts(node, forward_parts);

        for (j = 0; j < c; j++) {
            double m = sum[j] / rows, v = sum[c + j] / rows - m * m;

            v = v > 0 ? v : 0;
            m += (double)x[j];
            saved(node, MEAN)[j] = (float)m;
            saved(node, INVERSE)[j] = (float)(1 / sqrt(v + (double)EPSILON));
            mean[j] += MOMENTUM * ((float)m - mean[j]);
            variance[j] += MOMENTUM * ((float)(v * rows / (rows > 1 ? rows - 1 : 1)) - variance[j]);
        }
        node->net->params->version++;
    } else {
        for (j = 0; j < c; j++) {
            saved(node, MEAN)[j] = mean[j];
            saved(node, INVERSE)[j] = 1 / sqrtf(variance[j] + EPSILON);
        }
    }
    for (j = 0; j < c; j++) {
        saved(node, FACTOR)[j] = scale[j] * saved(node, INVERSE)[j];
        saved(node, OFFSET)[j] = shift[j] - saved(node, MEAN)[j] * saved(node, FACTOR)[j];
    }
    bf_node_spans(node, apply_rows, bf_node_rows(node), span_rows(node));
}

/* dx = factor (dy - mean(dy) - xhat mean(dy xhat)); dx may be dy. */
BF_WIDE static void grad(float *dx, const float *dy, const float *restrict x,
                         const float *restrict kept, float slope, bool add, size_t rows, size_t c)
{
    const float *factor = kept + FACTOR * c, *offset = kept + OFFSET * c;
    const float *mean = kept + MEAN * c, *inverse = kept + INVERSE * c;
    const float *mean_dy = kept + MEAN_DY * c, *mean_dyx = kept + MEAN_DYX * c;
    size_t i, j;

    for (i = 0; i < rows; i++, x += c, dx += c, dy += c) {
        BF_INDEPENDENT for (j = 0; j < c; j++)
        {
            float d = passed(dy[j], x[j], factor[j], offset[j], slope);
            float hat = (x[j] - mean[j]) * inverse[j];

            d = factor[j] * (d - mean_dy[j] - hat * mean_dyx[j]);
            dx[j] = add ? dx[j] + d : d;
        }
    }
}

static void grad_rows(struct bf_node *node, size_t from, size_t to)
{
    size_t c = node->c;

    grad(bf_node_dx(node, 0) + from * c, node->dy + from * c, bf_node_x(node, 0) + from * c,
         node->saved, node->rect.slope, node->add_in[0], to - from, c);
}

static void backward(struct bf_node *node)
{
    const double *sum = add_parts(node, backward_parts);
    double rows = (double)bf_node_rows(node);
    size_t c = node->c, j;

    for (j = 0; j < c; j++) {
        bf_node_weight_grad(node, 0)[j] += (float)sum[c + j];
        bf_node_weight_grad(node, 1)[j] += (float)sum[j];
        saved(node, MEAN_DY)[j] = (float)(sum[j] / rows);
        saved(node, MEAN_DYX)[j] = (float)(sum[c + j] / rows);
    }
    if (bf_node_dx(node, 0) != NULL)
        bf_node_spans(node, grad_rows, bf_node_rows(node), span_rows(node));
}

const struct bf_op bf_op_norm = {.name = "norm",
                                 .rectifies = true,
                                 .in_place = true,
                                 .size = size,
                                 .forward = forward,
                                 .backward = backward};

int bf_net_norm(struct bf_net *net, const char *name, int x)
{
    struct bf_node *node = bf_node_new(net, &bf_op_norm, 1, x, -1);

    if (node == NULL || !bf_node_param(node, name, "scale", &node->c, 1, BF_PARAM_ONE, 1, true) ||
        !bf_node_param(node, name, "shift", &node->c, 1, BF_PARAM_ZERO, 1, true) ||
        !bf_node_param(node, name, "mean", &node->c, 1, BF_PARAM_ZERO, 1, false) ||
        !bf_node_param(node, name, "variance", &node->c, 1, BF_PARAM_ONE, 1, false))
        return -1;
    return bf_node_index(node);
}

/* --- each image by itself
 * ------------------------------------------------------------------------------------------------
 */

/* The same rows as in saved, for one image. */
static float *kept_of(const struct bf_node *node, size_t image)
{
    return (float *)node->saved + image * N_SAVED * node->c;
}

/* Sums in double, then in float, each two rows of c: a thread has its own. */
static double *image_sums(const struct bf_node *node, size_t image)
{
    return (double *)node->net->scratch + 3 * image * node->c;
}

static void image_size(struct bf_node *node)
{
    node->saved_bytes = node->net->n * N_SAVED * node->c * sizeof(float);
    node->scratch_bytes = node->net->n * 3 * node->c * sizeof(double);
}

/* The sums over an image that moments and grad_moments make. */
static const double *image_moments(struct bf_node *node, size_t image, bool of_grad)
{
    const size_t c = node->c, rows = node->h * node->w;
    const float *x = bf_node_x(node, 0) + image * rows * c;
    double *sum = image_sums(node, image);
    float *few = (float *)(sum + 2 * c);
    size_t row, n, j;

    memset(sum, 0, 2 * c * sizeof *sum);
    for (row = 0; row < rows; row += n) {
        n = rows - row < ROWS ? rows - row : ROWS;
        memset(few, 0, 2 * c * sizeof *few);
        if (of_grad)
            grad_moments(few, few + c, node->dy + (image * rows + row) * c, x + row * c,
                         kept_of(node, image), node->rect.slope, n, c);
        else
            moments(few, few + c, x + row * c, x, n, c);
        for (j = 0; j < 2 * c; j++)
            sum[j] += (double)few[j];
    }
    return sum;
}

static void image_forward_each(struct bf_node *node, size_t from, size_t to)
{
    const float *scale = bf_node_weight(node, 0), *shift = bf_node_weight(node, 1);
    const size_t c = node->c, rows = node->h * node->w;
    size_t image, j;

    for (image = from; image < to; image++) {
        const float *x = bf_node_x(node, 0) + image * rows * c;
        const double *sum = image_moments(node, image, false);
        float *kept = kept_of(node, image);

        for (j = 0; j < c; j++) {
            double m = sum[j] / (double)rows, v = sum[c + j] / (double)rows - m * m;

            kept[MEAN * c + j] = (float)(m + (double)x[j]);
            kept[INVERSE * c + j] = (float)(1 / sqrt((v > 0 ? v : 0) + (double)EPSILON));
            kept[FACTOR * c + j] = scale[j] * kept[INVERSE * c + j];
            kept[OFFSET * c + j] = shift[j] - kept[MEAN * c + j] * kept[FACTOR * c + j];
        }
        apply(node->y + image * rows * c, x, kept + FACTOR * c, kept + OFFSET * c, node->rect.slope,
              rows, c);
    }
}

static void image_forward(struct bf_node *node)
{
    bf_node_spans(node, image_forward_each, node->net->n, 1);
}

static void image_backward_each(struct bf_node *node, size_t from, size_t to)
{
    const size_t c = node->c, rows = node->h * node->w;
    size_t image, j;

    for (image = from; image < to; image++) {
        const double *sum = image_moments(node, image, true);
        float *kept = kept_of(node, image);

        for (j = 0; j < c; j++) {
            kept[MEAN_DY * c + j] = (float)(sum[j] / (double)rows);
            kept[MEAN_DYX * c + j] = (float)(sum[c + j] / (double)rows);
        }
        if (bf_node_dx(node, 0) != NULL)
            grad(bf_node_dx(node, 0) + image * rows * c, node->dy + image * rows * c,
                 bf_node_x(node, 0) + image * rows * c, kept, node->rect.slope, node->add_in[0],
                 rows, c);
    }
}

static void image_backward(struct bf_node *node)
{
    size_t image, c = node->c, j;

    bf_node_spans(node, image_backward_each, node->net->n, 1);
    for (image = 0; image < node->net->n; image++) {
        const double *sum = image_sums(node, image);

        for (j = 0; j < c; j++) {
            bf_node_weight_grad(node, 0)[j] += (float)sum[c + j];
            bf_node_weight_grad(node, 1)[j] += (float)sum[j];
        }
    }
}

static const struct bf_op op_norm_image = {.name = "norm_image",
                                           .rectifies = true,
                                           .in_place = true,
                                           .size = image_size,
                                           .forward = image_forward,
                                           .backward = image_backward};

int bf_net_norm_image(struct bf_net *net, const char *name, int x)
{
    struct bf_node *node = bf_node_new(net, &op_norm_image, 1, x, -1);

    if (node == NULL || !bf_node_param(node, name, "scale", &node->c, 1, BF_PARAM_ONE, 1, true) ||
        !bf_node_param(node, name, "shift", &node->c, 1, BF_PARAM_ZERO, 1, true))
        return -1;
    return bf_node_index(node);
}
