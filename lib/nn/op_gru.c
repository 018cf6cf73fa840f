/* Gated recurrent units. Pieces of work are a direction and a few sequences of the batch. */
#include "lib/nn/node.h"

#include <cblas.h>
#include <math.h>

/* Sequences in one piece */
#define GROUP 8

/*
 * saved, for each direction: rows of the batch's steps, (n, h, 3 units) each: the product with the
 * input, which becomes the gates after they have been through their functions; the product with
 * the state. Backward turns them into their gradients. Then the states before each step,
 * (n, h, units).
 */
struct gru {
    size_t n, steps, units, c, out;
    bool back;
    const float *x, *y, *w_in, *w_state, *b_in, *b_state;
    float *out_y;
    float *input, *state, *before;
    const float *dy;
};

static size_t direction_floats(const struct bf_node *node)
{
    return bf_node_rows(node) * 7 * node->units;
}

static struct gru gru_of(const struct bf_node *node, int way)
{
    size_t rows = bf_node_rows(node);
    struct gru g = {
        .n = node->net->n,
        .steps = node->h,
        .units = node->units,
        .c = bf_node_in(node, 0)->c,
        .out = node->c,
        .back = way == 1,
        .x = bf_node_x(node, 0),
        .out_y = node->y + (size_t)way * node->units,
        .w_in = bf_node_weight(node, 4 * way),
        .w_state = bf_node_weight(node, 4 * way + 1),
        .b_in = bf_node_weight(node, 4 * way + 2),
        .b_state = bf_node_weight(node, 4 * way + 3),
        .input = (float *)node->saved + (size_t)way * direction_floats(node),
        .dy = node->dy != NULL ? node->dy + (size_t)way * node->units : NULL,
    };

    g.state = g.input + rows * 3 * g.units;
    g.before = g.state + rows * 3 * g.units;
    return g;
}

static int ways(const struct bf_node *node)
{
    return node->both_ways ? 2 : 1;
}

static float sigmoid(float v)
{
    return 1 / (1 + expf(-v));
}

/* The gates of one row and its new state. */
static void step(const struct gru *g, float *in, const float *state, const float *before, float *to)
{
    size_t u = g->units, j;

    for (j = 0; j < u; j++) {
        float reset = sigmoid(in[j] + state[j]), update = sigmoid(in[u + j] + state[u + j]);
        float fresh = tanhf(in[2 * u + j] + reset * state[2 * u + j]);

        in[j] = reset;
        in[u + j] = update;
        in[2 * u + j] = fresh;
        to[j] = (1 - update) * fresh + update * before[j];
    }
}

static void forward_group(const struct gru *g, size_t first, size_t n)
{
    size_t u = g->units, s, i, t, j;

    for (s = 0; s < g->steps; s++) {
        t = g->back ? g->steps - 1 - s : s;
        for (i = first; i < first + n; i++) {
            size_t row = i * g->steps + t, last = g->back ? row + 1 : row - 1;
            float *before = g->before + row * u;

            if (s == 0)
                memset(before, 0, u * sizeof *before);
            else
                memcpy(before, g->out_y + last * g->out, u * sizeof *before);
            for (j = 0; j < 3 * u; j++)
                g->state[row * 3 * u + j] = g->b_state[j];
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)(3 * u), (int)u, 1,
                    g->before + (first * g->steps + t) * u, (int)(g->steps * u), g->w_state,
                    (int)(3 * u), 1, g->state + (first * g->steps + t) * 3 * u,
                    (int)(g->steps * 3 * u));
        for (i = first; i < first + n; i++) {
            size_t row = i * g->steps + t;

            step(g, g->input + row * 3 * u, g->state + row * 3 * u, g->before + row * u,
                 g->out_y + row * g->out);
        }
    }
}

static size_t groups(const struct bf_node *node)
{
    return (node->net->n + GROUP - 1) / GROUP;
}

static void forward_pieces(struct bf_node *node, size_t from, size_t to)
{
    size_t i;

    for (i = from; i < to; i++) {
        struct gru g = gru_of(node, (int)(i / groups(node)));
        size_t first = i % groups(node) * GROUP;

        forward_group(&g, first, g.n - first < GROUP ? g.n - first : GROUP);
    }
}

static void forward(struct bf_node *node)
{
    size_t rows = bf_node_rows(node), i, j;
    int way;

    for (way = 0; way < ways(node); way++) {
        struct gru g = gru_of(node, way);

        for (i = 0; i < rows; i++)
            for (j = 0; j < 3 * g.units; j++)
                g.input[i * 3 * g.units + j] = g.b_in[j];
        bf_matmul(g.input, g.x, g.w_in, rows, g.c, 3 * g.units, true, node->net->pool);
    }
    bf_node_spans(node, forward_pieces, (size_t)ways(node) * groups(node), 1);
}

/* Gradients of one row: d is that of its new state; in and state become those of the products, and
 * d what goes straight on to the state before. */
static void step_back(const struct gru *g, float *in, float *state, const float *before, float *d)
{
    size_t u = g->units, j;

    for (j = 0; j < u; j++) {
        float reset = in[j], update = in[u + j], fresh = in[2 * u + j];
        float d_fresh = d[j] * (1 - update) * (1 - fresh * fresh);
        float d_update = d[j] * (before[j] - fresh) * update * (1 - update);
        float d_reset = d_fresh * state[2 * u + j] * reset * (1 - reset);

        in[j] = state[j] = d_reset;
        in[u + j] = state[u + j] = d_update;
        in[2 * u + j] = d_fresh;
        state[2 * u + j] = d_fresh * reset;
        d[j] *= update;
    }
}

/* d: scratch of (GROUP, units). */
static void backward_group(const struct gru *g, size_t first, size_t n, float *d)
{
    size_t u = g->units, s, i, t, j;

    memset(d, 0, n * u * sizeof *d);
    for (s = g->steps; s-- > 0;) {
        t = g->back ? g->steps - 1 - s : s;
        for (i = 0; i < n; i++) {
            size_t row = (first + i) * g->steps + t;

            for (j = 0; j < u; j++)
                d[i * u + j] += g->dy[row * g->out + j];
            step_back(g, g->input + row * 3 * u, g->state + row * 3 * u, g->before + row * u,
                      d + i * u);
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)u, (int)(3 * u), 1,
                    g->state + (first * g->steps + t) * 3 * u, (int)(g->steps * 3 * u), g->w_state,
                    (int)(3 * u), 1, d, (int)u);
    }
}

static void backward_pieces(struct bf_node *node, size_t from, size_t to)
{
    size_t i;

    for (i = from; i < to; i++) {
        struct gru g = gru_of(node, (int)(i / groups(node)));
        size_t first = i % groups(node) * GROUP;

        backward_group(&g, first, g.n - first < GROUP ? g.n - first : GROUP,
                       (float *)node->net->scratch + i * GROUP * g.units);
    }
}

static void add_rows(float *sum, const float *rows, size_t n, size_t c)
{
    size_t i, j;

    for (i = 0; i < n; i++)
        for (j = 0; j < c; j++)
            sum[j] += rows[i * c + j];
}

static void backward(struct bf_node *node)
{
    size_t rows = bf_node_rows(node);
    int way;

    bf_node_spans(node, backward_pieces, (size_t)ways(node) * groups(node), 1);
    for (way = 0; way < ways(node); way++) {
        struct gru g = gru_of(node, way);

        bf_matmul_grad_b(bf_node_weight_grad(node, 4 * way), g.x, g.input, rows, g.c, 3 * g.units,
                         node->net->pool);
        bf_matmul_grad_b(bf_node_weight_grad(node, 4 * way + 1), g.before, g.state, rows, g.units,
                         3 * g.units, node->net->pool);
        add_rows(bf_node_weight_grad(node, 4 * way + 2), g.input, rows, 3 * g.units);
        add_rows(bf_node_weight_grad(node, 4 * way + 3), g.state, rows, 3 * g.units);
        if (bf_node_dx(node, 0) != NULL)
            bf_matmul_grad_a(bf_node_dx(node, 0), g.w_in, g.input, rows, g.c, 3 * g.units,
                             node->add_in[0] || way == 1, node->net->pool);
    }
}

static void size(struct bf_node *node)
{
    node->saved_bytes = (size_t)ways(node) * direction_floats(node) * sizeof(float);
    node->scratch_bytes = (size_t)ways(node) * groups(node) * GROUP * node->units * sizeof(float);
}

static const struct bf_op op_gru = {
    .name = "gru", .size = size, .forward = forward, .backward = backward};

int bf_net_gru(struct bf_net *net, const char *name, int x, size_t units, bool both_ways)
{
    static const char *const suffixes[2][4] = {
        {"input", "state", "input_bias", "state_bias"},
        {"back_input", "back_state", "back_input_bias", "back_state_bias"},
    };
    struct bf_node *node = bf_node_new(net, &op_gru, 1, x, -1);
    size_t c;
    int way;

    if (node == NULL)
        return -1;
    c = node->c;
    if (node->w != 1 || units < 1 || units > 4096)
        return bf_net_fail(net, BF_ERR_USAGE, "a recurrent unit wants steps of one column");
    node->units = units;
    node->both_ways = both_ways;
    node->c = both_ways ? 2 * units : units;
    node->macs = (uint64_t)(node->c) * 3 * (c + units) * node->h;
    for (way = 0; way < (both_ways ? 2 : 1); way++)
        if (!bf_node_param(node, name, suffixes[way][0], (size_t[]){c, 3 * units}, 2,
                           BF_PARAM_UNIFORM, units, true) ||
            !bf_node_param(node, name, suffixes[way][1], (size_t[]){units, 3 * units}, 2,
                           BF_PARAM_UNIFORM, units, true) ||
            !bf_node_param(node, name, suffixes[way][2], (size_t[]){3 * units}, 1, BF_PARAM_UNIFORM,
                           units, true) ||
            !bf_node_param(node, name, suffixes[way][3], (size_t[]){3 * units}, 1, BF_PARAM_UNIFORM,
                           units, true))
            return -1;
    return bf_node_index(node);
}
