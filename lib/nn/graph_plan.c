#include "lib/nn/graph_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONV_DEPTH_MAX = 1 << 20 }; /* products summed for one output of a convolution */

/* Weights move from the constant to the step, unless another step uses them too. */
static void take_weights(struct bf_planner *p, struct bf_graph_step *s, int node)
{
    struct bf_graph_node *k = bf_plan_node(p, node);
    size_t n = bf_graph_count(&k->shape);

    if (p->node[node].uses == 1) {
        s->w = k->f32;
        k->f32 = NULL;
        return;
    }
    s->w = malloc(n * sizeof *s->w);
    if (s->w == NULL)
        bf_plan_nomem(p);
    else
        memcpy(s->w, k->f32, n * sizeof *s->w);
}

static void plan_fused(struct bf_planner *p, struct bf_graph_step *s, const struct bf_graph_node *n)
{
    if (n->fused_bias)
        bf_plan_bias(p, s, bf_plan_node(p, n->in[2]), 1);
    if (n->fused_act == BF_ACT_CLAMP) {
        bf_plan_bounds(s, n->lo, n->hi);
    } else if (n->fused_act != BF_ACT_NONE) {
        s->act = n->fused_act;
        if (s->act == BF_ACT_PRELU)
            s->slope = bf_plan_channels(p, bf_plan_node(p, n->in[n->n_in - 1]), s->to[3], 1);
    }
}

/* Zeros put round the picture beforehand become the convolution's own, as long as every output
 * still sees something of the picture. */
static bool pads_picture(const struct bf_planner *p, const struct bf_graph_node *n,
                         const struct bf_graph_node *x)
{
    const int32_t *pads;
    int i;

    if (x->op != BF_OP_PAD || x->shape.rank != 4)
        return false;
    pads = bf_plan_node(p, x->in[1])->i32;
    for (i = 0; i < 4; i++)
        if (pads[2 + i] + n->pad[i] > (n->window[i / 2] - 1) * n->dilation[i / 2])
            return false;
    return pads[0] == 0 && pads[1] == 0 && pads[6] == 0 && pads[7] == 0;
}

static void plan_window(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v), *x = bf_plan_node(p, n->in[0]);
    bool conv = n->op == BF_OP_CONV || n->op == BF_OP_DEPTHWISE;
    bool padded = conv && p->node[n->in[0]].value < 0 && pads_picture(p, n, x);
    struct bf_graph_step *s = bf_plan_step(p,
                                           n->op == BF_OP_CONV        ? BF_STEP_CONV
                                           : n->op == BF_OP_DEPTHWISE ? BF_STEP_DEPTHWISE
                                           : n->op == BF_OP_MAX_POOL  ? BF_STEP_MAX_POOL
                                                                      : BF_STEP_AVG_POOL,
                                           v, padded ? x->in[0] : n->in[0]);
    int i;

    for (i = 0; i < 2; i++) {
        s->window[i] = n->window[i];
        s->stride[i] = n->op == BF_OP_MEAN ? 1 : n->stride[i];
        s->dilation[i] = n->op == BF_OP_MEAN ? 1 : n->dilation[i];
    }
    for (i = 0; i < 4; i++)
        s->pad[i] = n->pad[i] + (padded ? bf_plan_node(p, x->in[1])->i32[2 + i] : 0);
    if (n->op == BF_OP_MEAN) { /* (n, c), which is filled up in front, is (n, 1, 1, c) here */
        s->to[0] = s->from[0];
        s->to[1] = s->to[2] = 1;
    }
    if (!conv)
        return;
    take_weights(p, s, n->in[1]);
    plan_fused(p, s, n);
    if (n->op == BF_OP_CONV &&
        (uint64_t)s->window[0] * (uint64_t)s->window[1] * (uint64_t)s->from[3] > CONV_DEPTH_MAX)
        p->rc = bf_error_set(p->err, BF_ERR_LIMIT, "'%s' sums more than %d products in node '%s'",
                             p->f->name, CONV_DEPTH_MAX, n->name);
}

static void plan_matmul(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v), *k = bf_plan_node(p, n->in[1]);
    struct bf_graph_step *s = bf_plan_step(p, BF_STEP_CONV, v, n->in[0]);
    size_t rows = (size_t)s->from[3], columns = (size_t)s->to[3], i, j;

    if (n->transpose[1]) {
        s->w = malloc(rows * columns * sizeof *s->w);
        if (s->w == NULL) {
            bf_plan_nomem(p);
            return;
        }
        for (i = 0; i < rows; i++)
            for (j = 0; j < columns; j++)
                s->w[i * columns + j] = k->f32[j * rows + i];
    } else {
        take_weights(p, s, n->in[1]);
    }
    plan_fused(p, s, n);
}

static void plan_concat(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v);
    int axis = bf_plan_node(p, n->in[n->n_in - 1])->i32[0], value[BF_GRAPH_INPUTS_MAX], i;
    struct bf_graph_step *s;

    for (i = 0; i < n->n_in - 1; i++)
        value[i] = bf_plan_use(p, n->in[i]);
    s = bf_plan_step(p, BF_STEP_CONCAT, v, n->in[0]);
    s->n_in = n->n_in - 1;
    axis += axis < 0 ? n->shape.rank : 0;
    s->axis = axis + 4 - n->shape.rank;
    for (i = 0; i < s->n_in; i++) {
        s->in[i] = value[i];
        s->extent[i] = bf_plan_node(p, n->in[i])->shape.d[axis];
    }
}

static void plan_node(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v);

    switch (n->op) {
    case BF_OP_CONST:
    case BF_OP_PAD:
        break;
    case BF_OP_INPUT:
        p->node[v].value = bf_plan_value(p, bf_graph_count(&n->shape), -1);
        break;
    case BF_OP_IDENTITY:
    case BF_OP_RESHAPE:
        p->node[v].value = bf_plan_use(p, n->in[0]);
        p->node[v].pinned = p->node[n->in[0]].pinned || p->node[n->in[0]].uses > 1;
        break;
    case BF_OP_MATMUL:
        plan_matmul(p, v);
        break;
    case BF_OP_BATCH_NORM:
        bf_plan_batch_norm(p, v);
        break;
    case BF_OP_RELU:
        bf_plan_clamp(p, v, n->in[0], 0, INFINITY);
        break;
    case BF_OP_RELU6:
        bf_plan_clamp(p, v, n->in[0], 0, 6);
        break;
    case BF_OP_PRELU:
        bf_plan_act(p, v, n->in[0], BF_ACT_PRELU);
        break;
    case BF_OP_SIGMOID:
        bf_plan_act(p, v, n->in[0], BF_ACT_SIGMOID);
        break;
    case BF_OP_SOFTMAX:
        bf_plan_step(p, BF_STEP_SOFTMAX, v, n->in[0]);
        break;
    case BF_OP_CONCAT:
        plan_concat(p, v);
        break;
    case BF_OP_CONV:
    case BF_OP_DEPTHWISE:
    case BF_OP_MAX_POOL:
    case BF_OP_AVG_POOL:
    case BF_OP_MEAN:
        plan_window(p, v);
        break;
    default:
        bf_plan_binary(p, v);
        break;
    }
}

/* The file's names move to the graph. */
static void publish(struct bf_graph *g, const struct bf_planner *p)
{
    struct bf_graph_file *f = p->f;
    int side, i, k;

    g->n_in = f->n_in;
    g->n_out = f->n_out;
    for (side = 0; side < 2; side++)
        for (i = 0; i < (side ? f->n_out : f->n_in); i++) {
            struct bf_graph_io *io = side ? &g->out[i] : &g->in[i];
            char **name = side ? &f->out_name[i] : &f->in_name[i];
            int node = side ? f->out[i] : f->in[i];
            const struct bf_graph_node *n = &f->node[node];

            *io = (struct bf_graph_io){.name = *name,
                                       .rank = n->shape.rank,
                                       .len = bf_graph_count(&n->shape),
                                       .data = g->arena + g->value[p->node[node].value].offset};
            *(side ? &g->out_name[i] : &g->in_name[i]) = *name;
            *name = NULL;
            for (k = 0; k < n->shape.rank; k++)
                io->dims[k] = n->shape.d[k];
        }
}

enum bf_err bf_graph_plan(struct bf_graph *g, struct bf_graph_file *f, struct bf_error *err)
{
    size_t n = (size_t)f->n_nodes;
    struct bf_planner p = {.g = g, .f = f, .err = err};
    int out[BF_GRAPH_INPUTS_MAX], i, k;
    enum bf_err rc;

    /* A node makes a step or two, and a padding one more; an input that nothing uses has a value.
     */
    g->step = calloc(2 * n, sizeof *g->step);
    g->value = calloc(2 * n, sizeof *g->value);
    p.node = calloc(n, sizeof *p.node);
    p.maker = calloc(2 * n, sizeof *p.maker);
    if (g->step == NULL || g->value == NULL || p.node == NULL || p.maker == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < f->n_nodes; i++)
        p.node[i].value = -1;
    for (i = 0; i < f->n_order; i++)
        for (k = 0; k < f->node[f->order[i]].n_in; k++)
            p.node[f->node[f->order[i]].in[k]].uses++;
    for (i = 0; i < f->n_order && p.rc == BF_OK; i++)
        plan_node(&p, f->order[i]);
    for (i = 0; i < f->n_in; i++)
        if (p.node[f->in[i]].value < 0)
            plan_node(&p, f->in[i]);
    for (i = 0; i < f->n_out; i++)
        bf_plan_use(&p, f->out[i]);
    rc = p.rc;
    if (rc != BF_OK)
        goto out;
    for (i = 0; i < f->n_out; i++)
        out[i] = p.node[f->out[i]].value;
    rc = bf_graph_place(g, f->name, out, f->n_out, err);
    if (rc == BF_OK)
        publish(g, &p);
out:
    free(p.node);
    free(p.maker);
    return rc;
}
