#include "lib/nn/graph_nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nn/depthwise.h"
#include "lib/nn/graph_loops.h"

enum {
    LINE = 64,             /* bytes: what scratch memory is aligned to */
    TILE_FLOATS = 24576,   /* what one piece of work touches: well inside a core's cache */
    SHARED_WORK = 2000000, /* multiplications below which a second thread costs more than it does */
    PIECES_EACH = 2,       /* pieces for each thread */
    TAPS_MAX = 64,         /* rows of a window that is not a convolution over channels */
};

/* One step under way, as the threads of the pool see it. */
struct job {
    const struct bf_graph *g;
    const struct bf_graph_step *s;
    const struct bf_graph_loops *loops;
};

static size_t to_line(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static size_t image_len(const int d[4])
{
    return (size_t)d[1] * (size_t)d[2] * (size_t)d[3];
}

static int n_blocks(const struct bf_graph_step *s)
{
    return (s->to[1] + s->block - 1) / s->block;
}

static float *value_of(const struct bf_graph *g, int value)
{
    return g->arena + g->value[value].offset;
}

/* Output rows top to bottom of a convolution as one of its own: *first is the first input row. */
static struct bf_conv part_of(const struct bf_graph_step *s, int top, int bottom, int *first)
{
    int reach = (s->window[0] - 1) * s->dilation[0] + 1;
    int begin = top * s->stride[0] - s->pad[0];
    int end = (bottom - 1) * s->stride[0] - s->pad[0] + reach;
    int h = s->from[1];
    struct bf_conv c = {
        .n = 1,
        .w = (size_t)s->from[2],
        .c = (size_t)s->from[3],
        .kh = (size_t)s->window[0],
        .kw = (size_t)s->window[1],
        .oc = (size_t)s->to[3],
        .stride_y = (size_t)s->stride[0],
        .stride_x = (size_t)s->stride[1],
        .dilation_y = (size_t)s->dilation[0],
        .dilation_x = (size_t)s->dilation[1],
        .pad_top = begin < 0 ? (size_t)-begin : 0,
        .pad_bottom = end > h ? (size_t)(end - h) : 0,
        .pad_left = (size_t)s->pad[2],
        .pad_right = (size_t)s->pad[3],
    };

    *first = begin < 0 ? 0 : begin;
    c.h = (size_t)((end > h ? h : end) - *first);
    return c;
}

/* What ends output rows from `top` of image n: `add` is where the other summand of these is. */
static struct bf_graph_finish finish_of(const struct bf_graph *g, const struct bf_graph_step *s,
                                        int n, int top)
{
    struct bf_graph_finish f = {.bias = s->bias, .lo = -INFINITY, .hi = INFINITY};

    if (s->add >= 0) {
        f.add_c = (size_t)s->add_c;
        f.add = value_of(g, s->add) +
                ((size_t)n * (size_t)s->to[1] + (size_t)top) * (size_t)s->to[2] * f.add_c;
    }
    if (s->act == BF_ACT_PRELU)
        f.slope = s->slope;
    if (s->act == BF_ACT_CLAMP) {
        f.lo = s->lo;
        f.hi = s->hi;
    }
    return f;
}

static bool has_finish(const struct bf_graph_step *s)
{
    return s->bias != NULL || s->add >= 0 || s->act != BF_ACT_NONE;
}

static void sigmoid(float *y, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        y[i] = 1 / (1 + expf(-y[i]));
}

/* Output rows of a maximum; x is the image. */
static void max_pool(float *y, const float *x, const struct job *job, int top, int bottom)
{
    const struct bf_graph_step *s = job->s;
    size_t row_len = (size_t)s->from[2] * (size_t)s->from[3];
    struct bf_graph_window d = {
        .w = (size_t)s->from[2],
        .c = (size_t)s->from[3],
        .out_w = (size_t)s->to[2],
        .taps_y = (size_t)s->window[0],
        .taps_x = (size_t)s->window[1],
        .stride = (size_t)s->stride[1],
        .dilation = (size_t)s->dilation[1],
        .pad_left = (size_t)s->pad[2],
    };
    const float *row[TAPS_MAX];
    int i, at;

    for (; top < bottom; top++, y += d.out_w * d.c) {
        for (i = 0; i < s->window[0]; i++) {
            at = top * s->stride[0] - s->pad[0] + i * s->dilation[0];
            row[i] = at < 0 || at >= s->from[1] ? NULL : x + (size_t)at * row_len;
        }
        job->loops->max_pool(y, row, &d);
    }
}

/*
 * Output rows of a convolution of either kind to y, whole: with bias, sum and activation, but for a
 * sigmoid. x is its input's first row that these rows see.
 */
static void convolve(float *y, const float *x, const struct job *job, const struct bf_graph_step *s,
                     int n, int top, int bottom, void *scratch)
{
    /* The convolution itself knows ReLU and its capped kin. */
    bool clamps = s->act == BF_ACT_CLAMP && s->add < 0 && s->lo == 0 && s->hi > 0;
    bool rest = s->add >= 0 || (s->act != BF_ACT_NONE && s->act != BF_ACT_SIGMOID);
    struct bf_rectifier end = {clamps ? 0 : 1, clamps ? s->hi : INFINITY};
    struct bf_graph_finish f = finish_of(job->g, s, n, top);
    struct bf_conv c;
    int first;

    c = part_of(s, top, bottom, &first);
    if (s->kind == BF_STEP_DEPTHWISE)
        bf_depthwise_forward(y, x, s->w, s->bias, &c, &end, NULL);
    else
        bf_conv_forward(y, x, s->packed, s->bias, &c, &end, scratch, NULL);
    f.bias = NULL;
    if (rest && !clamps)
        job->loops->finish(y, (size_t)(bottom - top) * (size_t)s->to[2], (size_t)s->to[3], &f);
}

/* The first input row that output rows from `top` of image n see. */
static const float *input_of(const struct bf_graph *g, const struct bf_graph_step *s, int n,
                             int top)
{
    int row = top * s->stride[0] - s->pad[0];

    return value_of(g, s->in[0]) + (size_t)n * image_len(s->from) +
           (size_t)(row < 0 ? 0 : row) * (size_t)s->from[2] * (size_t)s->from[3];
}

/* One piece: some rows of one image, of a step that is cut into pieces. */
static void run_piece(void *arg, size_t i, size_t thread)
{
    const struct job *job = arg;
    const struct bf_graph *g = job->g;
    const struct bf_graph_step *s = job->s, *d;
    int n = (int)(i / (size_t)n_blocks(s)), top = (int)(i % (size_t)n_blocks(s)) * s->block;
    int bottom = top + s->block < s->to[1] ? top + s->block : s->to[1];
    unsigned char *scratch = g->scratch + thread * g->scratch_len;
    float *tile = (float *)(void *)scratch, *y;
    size_t pixels = (size_t)(bottom - top) * (size_t)s->to[2], c = (size_t)s->to[3];
    struct bf_graph_finish f;

    y = value_of(g, s->out) + (size_t)n * image_len(s->to) + (size_t)top * (size_t)s->to[2] * c;
    scratch += g->tile_len * sizeof *tile;
    if (s->kind == BF_STEP_MAX_POOL) {
        max_pool(y, value_of(g, s->in[0]) + (size_t)n * image_len(s->from), job, top, bottom);
        f = finish_of(g, s, n, top);
        if (has_finish(s))
            job->loops->finish(y, pixels, c, &f);
    } else if (s->kind == BF_STEP_CONV && s->depthwise >= 0) {
        d = &g->step[s->depthwise];
        convolve(tile, input_of(g, d, n, top), job, d, n, top, bottom, NULL);
        convolve(y, tile, job, s, n, top, bottom, scratch);
    } else {
        convolve(y, input_of(g, s, n, top), job, s, n, top, bottom, scratch);
    }
    if (s->act == BF_ACT_SIGMOID)
        sigmoid(y, pixels * c);
}

/* One output pixel: the mean of what the window at row a, column b sees of the picture. */
static void average_at(float *y, const float *x, const struct bf_graph_step *s, int a, int b)
{
    int a_end = a + s->window[0], b_end = b + s->window[1], b_first = b < 0 ? 0 : b;
    size_t c = (size_t)s->to[3], j, count = 0;

    memset(y, 0, c * sizeof *y);
    for (a = a < 0 ? 0 : a; a < a_end && a < s->from[1]; a++)
        for (b = b_first; b < b_end && b < s->from[2]; b++) {
            const float *p = x + ((size_t)a * (size_t)s->from[2] + (size_t)b) * c;

            for (j = 0; j < c; j++)
                y[j] += p[j];
            count++;
        }
    for (j = 0; count > 0 && j < c; j++)
        y[j] /= (float)count;
}

static void average(float *y, const float *x, const struct bf_graph_step *s)
{
    int n, i, k;

    for (n = 0; n < s->to[0]; n++, x += image_len(s->from))
        for (i = 0; i < s->to[1]; i++)
            for (k = 0; k < s->to[2]; k++, y += s->to[3])
                average_at(y, x, s, i * s->stride[0] - s->pad[0], k * s->stride[1] - s->pad[2]);
}

static void pad(float *y, const float *x, const struct bf_graph_step *s)
{
    size_t c = (size_t)s->from[3] * sizeof *y;
    int n, i, k;

    memset(y, 0, (size_t)s->to[0] * image_len(s->to) * sizeof *y);
    for (n = 0; n < s->from[0]; n++)
        for (i = 0; i < s->from[1]; i++)
            for (k = 0; k < s->from[2]; k++, x += s->from[3]) {
                size_t row =
                    (size_t)(n + s->other[0]) * (size_t)s->to[1] + (size_t)(i + s->other[1]);
                size_t pixel = row * (size_t)s->to[2] + (size_t)(k + s->other[2]);

                memcpy(y + pixel * (size_t)s->to[3] + s->other[3], x, c);
            }
}

static void concat(const struct bf_graph *g, float *y, const struct bf_graph_step *s)
{
    size_t before = 1, behind = 1, at = 0, i;
    int k;

    for (k = 0; k < 4; k++) {
        before *= k < s->axis ? (size_t)s->to[k] : 1;
        behind *= k > s->axis ? (size_t)s->to[k] : 1;
    }
    for (k = 0; k < s->n_in; k++) {
        size_t len = behind * (size_t)s->extent[k];
        const float *x = value_of(g, s->in[k]);

        for (i = 0; i < before; i++)
            memcpy(y + i * behind * (size_t)s->to[s->axis] + at, x + i * len, len * sizeof *y);
        at += len;
    }
}

static float apply(enum bf_graph_op op, float a, float b)
{
    switch (op) {
    case BF_OP_SUB:
        return a - b;
    case BF_OP_MUL:
        return a * b;
    case BF_OP_MIN:
        return a < b ? a : b;
    case BF_OP_MAX:
        return a > b ? a : b;
    default:
        return a + b;
    }
}

/* An operand stands still along a dimension in which it has one element. */
static size_t place(const int d[4], int n, int i, int k, int j)
{
    size_t at = d[0] > 1 ? (size_t)n : 0;

    at = at * (size_t)d[1] + (d[1] > 1 ? (size_t)i : 0);
    at = at * (size_t)d[2] + (d[2] > 1 ? (size_t)k : 0);
    return at * (size_t)d[3] + (d[3] > 1 ? (size_t)j : 0);
}

static void binary(float *y, const float *a, const float *b, const struct bf_graph_step *s)
{
    int n, i, k, j;

    for (n = 0; n < s->to[0]; n++)
        for (i = 0; i < s->to[1]; i++)
            for (k = 0; k < s->to[2]; k++)
                for (j = 0; j < s->to[3]; j++) {
                    float u = a[place(s->from, n, i, k, j)], v = b[place(s->other, n, i, k, j)];

                    *y++ = s->extent[0] ? apply(s->op, v, u) : apply(s->op, u, v);
                }
}

static void softmax(float *y, const float *x, size_t rows, size_t c)
{
    size_t i, j;

    for (i = 0; i < rows; i++, x += c, y += c) {
        float top = x[0], sum = 0;

        for (j = 1; j < c; j++)
            top = x[j] > top ? x[j] : top;
        for (j = 0; j < c; j++)
            sum += y[j] = expf(x[j] - top);
        for (j = 0; j < c; j++)
            y[j] /= sum;
    }
}

/* A step that is not worth cutting into pieces. */
static void run_whole(const struct job *job)
{
    const struct bf_graph *g = job->g;
    const struct bf_graph_step *s = job->s;
    const float *x = value_of(g, s->in[0]);
    float *y = value_of(g, s->out);
    size_t rows = (size_t)s->to[0] * (size_t)s->to[1] * (size_t)s->to[2], c = (size_t)s->to[3];
    struct bf_graph_finish f = finish_of(g, s, 0, 0);

    switch (s->kind) {
    case BF_STEP_AVG_POOL:
        average(y, x, s);
        break;
    case BF_STEP_PAD:
        pad(y, x, s);
        break;
    case BF_STEP_CONCAT:
        concat(g, y, s);
        break;
    case BF_STEP_BINARY:
        binary(y, x, s->in[1] < 0 ? s->w : value_of(g, s->in[1]), s);
        break;
    case BF_STEP_SOFTMAX:
        softmax(y, x, rows, c);
        break;
    default:
        memcpy(y, x, rows * c * sizeof *y);
        break;
    }
    if (has_finish(s))
        job->loops->finish(y, rows, c, &f);
    if (s->act == BF_ACT_SIGMOID)
        sigmoid(y, rows * c);
}

void bf_graph_run(struct bf_graph *g)
{
    struct job job = {.g = g, .loops = bf_graph_loops_get()};
    int i;

    for (i = 0; i < g->n_steps; i++) {
        const struct bf_graph_step *s = &g->step[i];

        job.s = s;
        if (s->absorbed)
            continue;
        if (s->kind == BF_STEP_CONV || s->kind == BF_STEP_DEPTHWISE || s->kind == BF_STEP_MAX_POOL)
            bf_pool_run(s->shared ? g->pool : NULL, run_piece, &job,
                        (size_t)s->to[0] * (size_t)n_blocks(s));
        else
            run_whole(&job);
    }
}

/* How many rows make a piece: as many as a cache holds, and few enough that every thread has
 * some. */
static void cut(struct bf_graph *g, struct bf_graph_step *s)
{
    size_t threads = bf_pool_threads(g->pool), rows = (size_t)s->to[1], each;
    size_t row = (size_t)s->to[2] * (size_t)(s->to[3] + (s->depthwise >= 0 ? s->from[3] : 0));
    uint64_t work = bf_graph_work(s);

    if (s->depthwise >= 0)
        work += bf_graph_work(&g->step[s->depthwise]);
    s->shared = threads > 1 && work >= SHARED_WORK && rows * (size_t)s->to[0] > 1;
    each = row > TILE_FLOATS ? 1 : TILE_FLOATS / row;
    if (s->shared && each > rows * (size_t)s->to[0] / (threads * PIECES_EACH))
        each = rows * (size_t)s->to[0] / (threads * PIECES_EACH);
    each = each < 1 ? 1 : each > rows ? rows : each;
    /* pieces of one size */
    each = (rows + (rows + each - 1) / each - 1) / ((rows + each - 1) / each);
    s->block = (int)each;
}

/* Pack the weights of a convolution, and note what it needs of scratch. */
static enum bf_err prepare_conv(struct bf_graph *g, struct bf_graph_step *s, size_t *need,
                                struct bf_error *err)
{
    int top, first;
    struct bf_conv c = part_of(s, 0, s->to[1], &first);
    enum bf_err rc = bf_conv_check(&c, err);
    size_t len, tile;

    if (rc != BF_OK)
        return rc;
    s->packed = aligned_alloc(LINE, to_line((bf_conv_packed_size(&c) + 1) * sizeof *s->packed));
    if (s->packed == NULL)
        return bf_error_nomem(err);
    bf_conv_pack(s->packed, s->w, &c, NULL);
    free(s->w);
    s->w = NULL;
    for (top = 0; top < s->to[1]; top += s->block) {
        c = part_of(s, top, top + s->block < s->to[1] ? top + s->block : s->to[1], &first);
        len = bf_conv_scratch_size(&c, 1);
        if (len > *need)
            *need = len;
    }
    if (s->depthwise >= 0) {
        tile = (size_t)s->block * (size_t)s->to[2] * (size_t)s->from[3];
        if (tile > g->tile_len)
            g->tile_len = tile;
    }
    return BF_OK;
}

enum bf_err bf_graph_prepare(struct bf_graph *g, const char *name, struct bf_error *err)
{
    size_t threads = bf_pool_threads(g->pool), need = 0;
    enum bf_err rc;
    int i;

    for (i = 0; i < g->n_steps; i++) {
        struct bf_graph_step *s = &g->step[i];

        cut(g, s);
        if (s->kind == BF_STEP_CONV) {
            rc = prepare_conv(g, s, &need, err);
            if (rc != BF_OK)
                return rc;
        } else if (s->kind == BF_STEP_DEPTHWISE) {
            int first;
            struct bf_conv c = part_of(s, 0, s->to[1], &first);

            rc = bf_depthwise_check(&c, err);
            if (rc != BF_OK)
                return rc;
        } else if (s->kind == BF_STEP_MAX_POOL && s->window[0] > TAPS_MAX) {
            return bf_error_set(err, BF_ERR_LIMIT, "'%s' has a window of more than %d rows", name,
                                TAPS_MAX);
        }
    }
    g->tile_len = to_line(g->tile_len * sizeof(float)) / sizeof(float);
    g->scratch_len = g->tile_len * sizeof(float) + to_line(need) + LINE;
    g->scratch = aligned_alloc(LINE, threads * g->scratch_len);
    if (g->scratch == NULL)
        return bf_error_nomem(err);
    memset(g->scratch, 0, threads * g->scratch_len);
    return BF_OK;
}
