#include "lib/nn/graph_nodes.h"

#include <stdlib.h>
#include <string.h>

static bool is_conv(const struct bf_graph_file *f, int node)
{
    return f->node[node].op == BF_OP_CONV || f->node[node].op == BF_OP_DEPTHWISE;
}

/*
 * The i-th input to visit. The operands of a sum are turned so that a convolution comes last: what
 * it is added to is then there when it ends, and the sum becomes its epilogue.
 */
static int visit_input(const struct bf_graph_file *f, const struct bf_graph_node *n, int i)
{
    if (n->op == BF_OP_ADD && n->n_in == 2 && is_conv(f, n->in[0]))
        return n->in[1 - i];
    return n->in[i];
}

/* Depth first from the outputs. `state` is 0 for a node not seen, its next input + 1 while it is on
 * the way, -1 once it is done. */
static enum bf_err put_in_order(struct bf_graph_file *f, struct bf_error *err)
{
    size_t n = (size_t)f->n_nodes;
    int *state = calloc(n, sizeof *state), *way = calloc(n, sizeof *way);
    enum bf_err rc = BF_OK;
    int i, depth;

    f->order = calloc(n, sizeof *f->order);
    if (state == NULL || way == NULL || f->order == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    for (i = 0; i < f->n_out; i++) {
        if (state[f->out[i]] != 0)
            continue;
        depth = 0;
        way[0] = f->out[i];
        state[way[0]] = 1;
        while (depth >= 0) {
            int v = way[depth], next;

            if (state[v] > f->node[v].n_in) {
                state[v] = -1;
                f->order[f->n_order++] = v;
                depth--;
                continue;
            }
            next = visit_input(f, &f->node[v], state[v]++ - 1);
            if (state[next] > 0) {
                rc = bf_graph_bad(f, err, "node '%s' depends on itself", f->node[next].name);
                goto out;
            }
            if (state[next] == 0) {
                state[next] = 1;
                way[++depth] = next;
            }
        }
    }
out:
    free(state);
    free(way);
    return rc;
}

static enum bf_err wrong(const struct bf_graph_file *f, const struct bf_graph_node *n,
                         struct bf_error *err)
{
    return bf_graph_bad(f, err, "node '%s' has operands of the wrong shape or type", n->name);
}

/* The i-th operand as a constant of floating point, or of whole numbers; NULL where it is not. */
static const struct bf_graph_node *floats(const struct bf_graph_file *f,
                                          const struct bf_graph_node *n, int i)
{
    const struct bf_graph_node *c = &f->node[n->in[i]];

    return c->op == BF_OP_CONST && c->f32 != NULL ? c : NULL;
}

static const struct bf_graph_node *ints(const struct bf_graph_file *f,
                                        const struct bf_graph_node *n, int i)
{
    const struct bf_graph_node *c = &f->node[n->in[i]];

    return c->op == BF_OP_CONST && c->i32 != NULL ? c : NULL;
}

/* A constant for each of c channels, or one for all of them. */
static bool is_channels(const struct bf_graph_node *k, int c)
{
    size_t count = k ? bf_graph_count(&k->shape) : 0;

    return k != NULL && (count == 1 || (count == (size_t)c && k->shape.d[k->shape.rank - 1] == c));
}

/* Sets the padding that `same` stands for, and answers the size of the output; 0 where it has
 * none. */
static int slide(struct bf_graph_node *n, int axis, int in, int window)
{
    int64_t reach = ((int64_t)window - 1) * n->dilation[axis] + 1, stride = n->stride[axis];
    int64_t out, need;

    if (reach > BF_GRAPH_DIM_MAX)
        return 0;
    if (n->same) {
        out = (in + stride - 1) / stride;
        need = (out - 1) * stride + reach - in;
        if (need < 0)
            need = 0;
        n->pad[2 * axis] = (int)(need / 2);
        n->pad[2 * axis + 1] = (int)(need - need / 2);
        return (int)out;
    }
    if (n->pad[2 * axis] >= reach || n->pad[2 * axis + 1] >= reach)
        return 0;
    need = in + (int64_t)n->pad[2 * axis] + n->pad[2 * axis + 1] - reach;
    return need < 0 ? 0 : (int)(need / stride + 1);
}

static enum bf_err infer_window(struct bf_graph_file *f, struct bf_graph_node *n,
                                struct bf_error *err)
{
    const struct bf_graph_shape *x = &f->node[n->in[0]].shape;
    const struct bf_graph_node *w;
    int c, i;

    if (x->rank != 4)
        return wrong(f, n, err);
    c = x->d[3];
    if (n->op == BF_OP_CONV || n->op == BF_OP_DEPTHWISE) {
        w = floats(f, n, 1);
        if (w == NULL || w->shape.rank != 4 || w->shape.d[2] != c)
            return wrong(f, n, err);
        if (n->op == BF_OP_CONV)
            c = w->shape.d[3];
        else if (w->shape.d[3] != 1)
            return bf_graph_bad(f, err, "node '%s' makes several channels of one", n->name);
        n->window[0] = w->shape.d[0];
        n->window[1] = w->shape.d[1];
        for (i = 2; i < n->n_in; i++)
            if (!is_channels(floats(f, n, i), c))
                return wrong(f, n, err);
    } else {
        n->dilation[0] = n->dilation[1] = 1;
    }
    n->shape = (struct bf_graph_shape){
        4, {x->d[0], slide(n, 0, x->d[1], n->window[0]), slide(n, 1, x->d[2], n->window[1]), c}};
    n->same = false;
    return BF_OK;
}

static enum bf_err infer_matmul(struct bf_graph_file *f, struct bf_graph_node *n,
                                struct bf_error *err)
{
    const struct bf_graph_shape *x = &f->node[n->in[0]].shape;
    const struct bf_graph_node *w = floats(f, n, 1);
    int i;

    if (x->rank != 2 || n->transpose[0] || w == NULL || w->shape.rank != 2 ||
        w->shape.d[n->transpose[1]] != x->d[1])
        return wrong(f, n, err);
    n->shape = (struct bf_graph_shape){2, {x->d[0], w->shape.d[1 - n->transpose[1]]}};
    for (i = 2; i < n->n_in; i++)
        if (!is_channels(floats(f, n, i), n->shape.d[1]))
            return wrong(f, n, err);
    return BF_OK;
}

static enum bf_err infer_broadcast(struct bf_graph_file *f, struct bf_graph_node *n,
                                   struct bf_error *err)
{
    const struct bf_graph_shape *a = &f->node[n->in[0]].shape, *b = &f->node[n->in[1]].shape;
    int i, da, db;

    n->shape.rank = a->rank > b->rank ? a->rank : b->rank;
    for (i = 1; i <= n->shape.rank; i++) {
        da = i > a->rank ? 1 : a->d[a->rank - i];
        db = i > b->rank ? 1 : b->d[b->rank - i];
        if (da != db && da != 1 && db != 1)
            return wrong(f, n, err);
        n->shape.d[n->shape.rank - i] = da > db ? da : db;
    }
    if (f->node[n->in[0]].op == BF_OP_CONST && f->node[n->in[1]].op == BF_OP_CONST)
        return bf_graph_bad(f, err, "node '%s' computes with constants alone", n->name);
    return BF_OK;
}

static enum bf_err infer_channels(struct bf_graph_file *f, struct bf_graph_node *n,
                                  struct bf_error *err)
{
    int i;

    n->shape = f->node[n->in[0]].shape;
    if (n->shape.rank < 1)
        return wrong(f, n, err);
    for (i = 1; i < n->n_in; i++)
        if (!is_channels(floats(f, n, i), n->shape.d[n->shape.rank - 1]))
            return wrong(f, n, err);
    return BF_OK;
}

/* Over rows and columns alone. */
static enum bf_err infer_mean(struct bf_graph_file *f, struct bf_graph_node *n,
                              struct bf_error *err)
{
    const struct bf_graph_shape *x = &f->node[n->in[0]].shape;
    const struct bf_graph_node *axes = ints(f, n, 1);
    int32_t a, b;

    if (x->rank != 4 || axes == NULL || bf_graph_count(&axes->shape) != 2)
        return wrong(f, n, err);
    a = axes->i32[0] < 0 ? axes->i32[0] + 4 : axes->i32[0];
    b = axes->i32[1] < 0 ? axes->i32[1] + 4 : axes->i32[1];
    if (!((a == 1 && b == 2) || (a == 2 && b == 1)))
        return bf_graph_bad(f, err, "node '%s' takes a mean over other than the picture", n->name);
    n->window[0] = x->d[1];
    n->window[1] = x->d[2];
    if (n->keep_dims)
        n->shape = (struct bf_graph_shape){4, {x->d[0], 1, 1, x->d[3]}};
    else
        n->shape = (struct bf_graph_shape){2, {x->d[0], x->d[3]}};
    return BF_OK;
}

static enum bf_err infer_pad(struct bf_graph_file *f, struct bf_graph_node *n, struct bf_error *err)
{
    const struct bf_graph_shape *x = &f->node[n->in[0]].shape;
    const struct bf_graph_node *pads = ints(f, n, 1);
    int i;

    if (pads == NULL || pads->shape.rank != 2 || pads->shape.d[0] != x->rank ||
        pads->shape.d[1] != 2)
        return wrong(f, n, err);
    n->shape.rank = x->rank;
    for (i = 0; i < 2 * x->rank; i++)
        if (pads->i32[i] < 0 || pads->i32[i] > BF_GRAPH_DIM_MAX)
            return wrong(f, n, err);
    for (i = 0; i < x->rank; i++)
        n->shape.d[i] = x->d[i] + pads->i32[2 * i] + pads->i32[2 * i + 1];
    return BF_OK;
}

static enum bf_err infer_reshape(struct bf_graph_file *f, struct bf_graph_node *n,
                                 struct bf_error *err)
{
    const struct bf_graph_node *to = ints(f, n, 1);
    size_t count = bf_graph_count(&f->node[n->in[0]].shape), known = 1;
    int i, open = -1;

    if (to == NULL || to->shape.rank != 1 || to->shape.d[0] > BF_GRAPH_RANK_MAX)
        return wrong(f, n, err);
    n->shape.rank = to->shape.d[0];
    for (i = 0; i < n->shape.rank; i++) {
        n->shape.d[i] = to->i32[i];
        if (to->i32[i] == -1 && open < 0)
            open = i;
        else if (to->i32[i] < 1 || to->i32[i] > BF_GRAPH_DIM_MAX)
            return wrong(f, n, err);
        else
            known *= (size_t)to->i32[i];
    }
    if (open >= 0 && count / known <= BF_GRAPH_DIM_MAX) {
        n->shape.d[open] = (int)(count / known);
        known *= count / known;
    }
    if (known != count)
        return bf_graph_bad(f, err, "node '%s' reshapes %zu elements into another number", n->name,
                            count);
    return BF_OK;
}

static enum bf_err infer_concat(struct bf_graph_file *f, struct bf_graph_node *n,
                                struct bf_error *err)
{
    const struct bf_graph_node *axis = ints(f, n, n->n_in - 1);
    int i, k, a, sum = 0;

    n->shape = f->node[n->in[0]].shape;
    if (axis == NULL || bf_graph_count(&axis->shape) != 1)
        return wrong(f, n, err);
    a = axis->i32[0] < 0 ? axis->i32[0] + n->shape.rank : axis->i32[0];
    if (a < 0 || a >= n->shape.rank)
        return wrong(f, n, err);
    for (i = 0; i < n->n_in - 1; i++) {
        const struct bf_graph_node *x = &f->node[n->in[i]];

        if (x->op == BF_OP_CONST || x->shape.rank != n->shape.rank)
            return wrong(f, n, err);
        for (k = 0; k < n->shape.rank; k++)
            if (k != a && x->shape.d[k] != n->shape.d[k])
                return wrong(f, n, err);
        sum += x->shape.d[a];
    }
    n->shape.d[a] = sum;
    return BF_OK;
}

static enum bf_err infer_node(struct bf_graph_file *f, struct bf_graph_node *n,
                              struct bf_error *err)
{
    switch (n->op) {
    case BF_OP_CONST:
        if (n->f32 == NULL && n->i32 == NULL)
            return bf_graph_bad(f, err, "the weights of node '%s' are missing", n->name);
        return BF_OK;
    case BF_OP_INPUT:
        return BF_OK;
    case BF_OP_CONV:
    case BF_OP_DEPTHWISE:
    case BF_OP_MAX_POOL:
    case BF_OP_AVG_POOL:
        return infer_window(f, n, err);
    case BF_OP_MATMUL:
        return infer_matmul(f, n, err);
    case BF_OP_ADD:
    case BF_OP_SUB:
    case BF_OP_MUL:
    case BF_OP_MIN:
    case BF_OP_MAX:
        return infer_broadcast(f, n, err);
    case BF_OP_MEAN:
        return infer_mean(f, n, err);
    case BF_OP_PAD:
        return infer_pad(f, n, err);
    case BF_OP_RESHAPE:
        return infer_reshape(f, n, err);
    case BF_OP_CONCAT:
        return infer_concat(f, n, err);
    default:
        return infer_channels(f, n, err);
    }
}

/* What is computed with is of floating point, and computed from an input. */
static bool operands_fit(const struct bf_graph_file *f, const struct bf_graph_node *n)
{
    bool binary = n->op == BF_OP_ADD || n->op == BF_OP_SUB || n->op == BF_OP_MUL ||
                  n->op == BF_OP_MIN || n->op == BF_OP_MAX;
    int i;

    if (n->n_in == 0)
        return true;
    if (!binary)
        return f->node[n->in[0]].op != BF_OP_CONST;
    for (i = 0; i < 2; i++)
        if (f->node[n->in[i]].op == BF_OP_CONST && f->node[n->in[i]].f32 == NULL)
            return false;
    return true;
}

enum bf_err bf_graph_infer(struct bf_graph_file *f, struct bf_error *err)
{
    enum bf_err rc = put_in_order(f, err);
    int i;

    for (i = 0; rc == BF_OK && i < f->n_order; i++) {
        struct bf_graph_node *n = &f->node[f->order[i]];

        if (!operands_fit(f, n))
            return wrong(f, n, err);
        rc = infer_node(f, n, err);
        if (rc == BF_OK && bf_graph_count(&n->shape) == 0)
            return bf_graph_bad(f, err, "node '%s' has an output of no usable shape", n->name);
    }
    for (i = 0; rc == BF_OK && i < f->n_out; i++)
        if (f->node[f->out[i]].op == BF_OP_CONST)
            return bf_graph_bad(f, err, "its output '%s' is a constant", f->out_name[i]);
    return rc;
}
