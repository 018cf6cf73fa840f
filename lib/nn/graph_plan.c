#include "lib/nn/graph_nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONV_DEPTH_MAX = 1 << 20 }; /* products summed for one output of a convolution */

/* What planning knows of each node. */
struct known {
    int value; /* where its result is; -1 before it has one */
    int uses;
    bool pinned; /* its value is also seen under another name */
};

struct planner {
    struct bf_graph *g;
    struct bf_graph_file *f;
    struct known *node; /* (n_nodes) */
    int *maker;         /* (n_values): the step that makes a value; -1 for an input */
    struct bf_error *err;
    enum bf_err rc; /* the first failure */
};

static struct bf_graph_node *node_of(const struct planner *p, int v)
{
    return &p->f->node[v];
}

static float *fail_nomem(struct planner *p)
{
    if (p->rc == BF_OK)
        p->rc = bf_error_nomem(p->err);
    return NULL;
}

static void dims_of(int d[4], const struct bf_graph_shape *s)
{
    int i;

    for (i = 0; i < 4; i++)
        d[i] = i < 4 - s->rank ? 1 : s->d[i - (4 - s->rank)];
}

static int add_value(struct planner *p, size_t len, int maker)
{
    struct bf_graph_value *v = &p->g->value[p->g->n_values];

    *v = (struct bf_graph_value){.len = len, .first = maker, .last = maker};
    p->maker[p->g->n_values] = maker;
    return p->g->n_values++;
}

static int use(struct planner *p, int v);

/* A new step of node v, which reads node x; it makes a value of v's shape. */
static struct bf_graph_step *add_step(struct planner *p, enum bf_graph_kind kind, int v, int x)
{
    struct bf_graph *g = p->g;
    int in = use(p, x);
    struct bf_graph_step *s = &g->step[g->n_steps];

    *s = (struct bf_graph_step){.kind = kind,
                                .n_in = 1,
                                .in = {in},
                                .window = {1, 1},
                                .stride = {1, 1},
                                .dilation = {1, 1},
                                .add = -1,
                                .depthwise = -1};
    dims_of(s->from, &node_of(p, x)->shape);
    dims_of(s->to, &node_of(p, v)->shape);
    s->out = add_value(p, bf_graph_count(&node_of(p, v)->shape), g->n_steps);
    p->node[v].value = s->out;
    g->n_steps++;
    return s;
}

/* The value of node v. A padding becomes a step only once somebody wants its result as such. */
static int use(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v);
    struct bf_graph_step *s;
    int i;

    if (p->node[v].value >= 0 || n->op != BF_OP_PAD)
        return p->node[v].value;
    s = add_step(p, BF_STEP_PAD, v, n->in[0]);
    for (i = 0; i < n->shape.rank; i++)
        s->other[4 - n->shape.rank + i] = node_of(p, n->in[1])->i32[2 * i];
    return s->out;
}

/* The step whose epilogue node v's user may write into; NULL where others see what it makes. */
static struct bf_graph_step *open_step(struct planner *p, int v)
{
    const struct known *k = &p->node[v];
    struct bf_graph_step *s;
    int to[4], i;

    for (i = 0; i < p->f->n_out; i++)
        if (p->f->out[i] == v)
            return NULL;
    if (k->value < 0 || k->uses != 1 || k->pinned || p->maker[k->value] < 0)
        return NULL;
    s = &p->g->step[p->maker[k->value]];
    dims_of(to, &node_of(p, v)->shape);
    return memcmp(to, s->to, sizeof to) == 0 ? s : NULL;
}

/* An open step of x, or a new one that copies it: v's result is what it makes. */
static struct bf_graph_step *epilogue_of(struct planner *p, int v, int x, bool before_sum)
{
    struct bf_graph_step *s = open_step(p, x);

    if (s != NULL && (s->act == BF_ACT_NONE || !before_sum)) {
        p->node[v].value = s->out;
        return s;
    }
    return add_step(p, BF_STEP_COPY, v, x);
}

/* A constant spread over c channels, times factor; NULL where memory ran out. */
static float *channels(struct planner *p, const struct bf_graph_node *k, int c, float factor)
{
    float *out = calloc((size_t)c, sizeof *out);
    bool one = bf_graph_count(&k->shape) == 1;
    int i;

    if (out == NULL)
        return fail_nomem(p);
    for (i = 0; i < c; i++)
        out[i] = k->f32[one ? 0 : i] * factor;
    return out;
}

/* True where constant k of a binary node means a number for each channel of x. */
static bool is_per_channel(const struct bf_graph_node *k, const struct bf_graph_node *v,
                           const struct bf_graph_node *x)
{
    size_t n = bf_graph_count(&k->shape);

    return k->op == BF_OP_CONST && v->shape.rank == x->shape.rank && x->shape.rank >= 1 &&
           bf_graph_count(&v->shape) == bf_graph_count(&x->shape) &&
           (n == 1 || (n == (size_t)x->shape.d[x->shape.rank - 1] &&
                       k->shape.d[k->shape.rank - 1] == (int)n));
}

static void add_bias(struct planner *p, struct bf_graph_step *s, const struct bf_graph_node *k,
                     float factor)
{
    float *b = channels(p, k, s->to[3], factor);
    int i;

    if (b == NULL)
        return;
    for (i = 0; s->bias != NULL && i < s->to[3]; i++)
        b[i] += s->bias[i];
    free(s->bias);
    s->bias = b;
}

/* y = clamp(y, lo, hi), also on top of a clamp */
static void set_clamp(struct bf_graph_step *s, float lo, float hi)
{
    if (s->act == BF_ACT_NONE) {
        s->lo = -INFINITY;
        s->hi = INFINITY;
    }
    s->act = BF_ACT_CLAMP;
    s->lo = fminf(fmaxf(s->lo, lo), hi);
    s->hi = fminf(fmaxf(s->hi, lo), hi);
}

static void plan_clamp(struct planner *p, int v, int x, float lo, float hi)
{
    struct bf_graph_step *s = open_step(p, x);

    if (s != NULL && (s->act == BF_ACT_NONE || s->act == BF_ACT_CLAMP))
        p->node[v].value = s->out;
    else
        s = add_step(p, BF_STEP_COPY, v, x);
    set_clamp(s, lo, hi);
}

static void plan_act(struct planner *p, int v, int x, enum bf_graph_act act)
{
    struct bf_graph_node *n = node_of(p, v);
    struct bf_graph_step *s = epilogue_of(p, v, x, true);

    s->act = act;
    if (act == BF_ACT_PRELU)
        s->slope = channels(p, node_of(p, n->in[1]), s->to[3], 1);
}

/* y = x * scale + shift for each channel, scale being `factor` of constant k; into the weights of
 * the convolution before, or as a depthwise convolution of 1x1 */
static void plan_scale(struct planner *p, int v, int x, const float *scale)
{
    struct bf_graph_step *s = open_step(p, x);
    size_t i, n, c;

    if (s == NULL || s->act != BF_ACT_NONE || s->add >= 0 ||
        (s->kind != BF_STEP_CONV && s->kind != BF_STEP_DEPTHWISE)) {
        s = add_step(p, BF_STEP_DEPTHWISE, v, x);
        c = (size_t)s->to[3];
        s->w = malloc(c * sizeof *s->w);
        if (s->w == NULL)
            fail_nomem(p);
        else
            memcpy(s->w, scale, c * sizeof *s->w);
        return;
    }
    p->node[v].value = s->out;
    c = (size_t)s->to[3];
    n = (size_t)s->window[0] * (size_t)s->window[1] * c;
    if (s->kind == BF_STEP_CONV)
        n *= (size_t)s->from[3];
    for (i = 0; i < n; i++)
        s->w[i] *= scale[i % c];
    for (i = 0; s->bias != NULL && i < c; i++)
        s->bias[i] *= scale[i];
}

static void plan_batch_norm(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v);
    int c = n->shape.d[n->shape.rank - 1], i;
    float *scale = channels(p, node_of(p, n->in[1]), c, 1);
    float *shift = channels(p, node_of(p, n->in[2]), c, 1);
    float *mean = channels(p, node_of(p, n->in[3]), c, 1);
    float *variance = channels(p, node_of(p, n->in[4]), c, 1);
    struct bf_graph_node k = {.op = BF_OP_CONST, .shape = {1, {c}}};

    if (scale != NULL && shift != NULL && mean != NULL && variance != NULL) {
        for (i = 0; i < c; i++) {
            scale[i] /= sqrtf(variance[i] + n->epsilon);
            shift[i] -= mean[i] * scale[i];
        }
        plan_scale(p, v, n->in[0], scale);
        k.f32 = shift;
        if (p->rc == BF_OK)
            add_bias(p, &p->g->step[p->maker[p->node[v].value]], &k, 1);
    }
    free(scale);
    free(shift);
    free(mean);
    free(variance);
}

/* The sum of two values goes into the epilogue of the step that comes later of the two. A value
 * that was only given more channels, all zero, is added as it was before. */
static bool plan_sum(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v);
    int k;

    for (k = 0; k < 2; k++) {
        int x = n->in[k], y = n->in[1 - k], c, i, value;
        struct bf_graph_node *other = node_of(p, y);
        struct bf_graph_step *s = open_step(p, x);

        if (s == NULL || s->act != BF_ACT_NONE || s->add >= 0 ||
            bf_graph_count(&other->shape) != bf_graph_count(&node_of(p, x)->shape))
            continue;
        c = s->to[3];
        if (other->op == BF_OP_PAD && p->node[y].value < 0) {
            const int32_t *pads = node_of(p, other->in[1])->i32;

            for (i = 0; i < 2 * other->shape.rank - 1; i++)
                if (pads[i] != 0)
                    break;
            if (i == 2 * other->shape.rank - 1) {
                y = other->in[0];
                c = node_of(p, y)->shape.d[node_of(p, y)->shape.rank - 1];
            }
        }
        value = use(p, y);
        if (p->maker[value] >= p->maker[s->out])
            continue;
        s->add = value;
        s->add_c = c;
        p->node[v].value = s->out;
        return true;
    }
    return false;
}

/* The sum of two values of one shape that no step before can take in. */
static void plan_plain_sum(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v);
    int value = use(p, n->in[1]);
    struct bf_graph_step *s = add_step(p, BF_STEP_COPY, v, n->in[0]);

    s->add = value;
    s->add_c = s->to[3];
}

static bool same_shape(const struct bf_graph_node *a, const struct bf_graph_node *b)
{
    return a->op != BF_OP_CONST && b->op != BF_OP_CONST && a->shape.rank == b->shape.rank &&
           memcmp(a->shape.d, b->shape.d, sizeof a->shape.d) == 0;
}

static void plan_binary(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v), *k;
    struct bf_graph_step *s;
    int i, x, value, c;
    float *scale;

    for (i = 0; i < 2; i++) {
        k = node_of(p, n->in[1 - i]);
        x = n->in[i];
        if (!is_per_channel(k, n, node_of(p, x)) || (n->op == BF_OP_SUB && i == 1))
            continue;
        c = n->shape.d[n->shape.rank - 1];
        switch (n->op) {
        case BF_OP_ADD:
        case BF_OP_SUB:
            add_bias(p, epilogue_of(p, v, x, true), k, n->op == BF_OP_ADD ? 1 : -1);
            return;
        case BF_OP_MUL:
            scale = channels(p, k, c, 1);
            if (scale != NULL)
                plan_scale(p, v, x, scale);
            free(scale);
            return;
        default:
            if (bf_graph_count(&k->shape) != 1)
                continue;
            plan_clamp(p, v, x, n->op == BF_OP_MAX ? k->f32[0] : -INFINITY,
                       n->op == BF_OP_MIN ? k->f32[0] : INFINITY);
            return;
        }
    }
    if (n->op == BF_OP_ADD && plan_sum(p, v))
        return;
    if (n->op == BF_OP_ADD && same_shape(node_of(p, n->in[0]), node_of(p, n->in[1]))) {
        plan_plain_sum(p, v);
        return;
    }
    /* The constant, if any, is the second operand: the difference is turned by `extent`. */
    i = node_of(p, n->in[0])->op == BF_OP_CONST;
    k = node_of(p, n->in[1 - i]);
    value = k->op == BF_OP_CONST ? -1 : use(p, n->in[1 - i]);
    s = add_step(p, BF_STEP_BINARY, v, n->in[i]);
    s->op = n->op;
    s->n_in = 2;
    s->in[1] = value;
    s->extent[0] = i;
    dims_of(s->other, &k->shape);
    if (value < 0) {
        s->w = k->f32;
        if (p->node[n->in[1 - i]].uses > 1) {
            s->w = malloc(bf_graph_count(&k->shape) * sizeof *s->w);
            if (s->w == NULL)
                fail_nomem(p);
            else
                memcpy(s->w, k->f32, bf_graph_count(&k->shape) * sizeof *s->w);
        } else {
            k->f32 = NULL;
        }
    }
}

/* Weights move from the constant to the step, unless another step uses them too. */
static void take_weights(struct planner *p, struct bf_graph_step *s, int node)
{
    struct bf_graph_node *k = node_of(p, node);
    size_t n = bf_graph_count(&k->shape);

    if (p->node[node].uses == 1) {
        s->w = k->f32;
        k->f32 = NULL;
        return;
    }
    s->w = malloc(n * sizeof *s->w);
    if (s->w == NULL)
        fail_nomem(p);
    else
        memcpy(s->w, k->f32, n * sizeof *s->w);
}

static void plan_fused(struct planner *p, struct bf_graph_step *s, const struct bf_graph_node *n)
{
    if (n->fused_bias)
        add_bias(p, s, node_of(p, n->in[2]), 1);
    if (n->fused_act == BF_ACT_CLAMP) {
        set_clamp(s, n->lo, n->hi);
    } else if (n->fused_act != BF_ACT_NONE) {
        s->act = n->fused_act;
        if (s->act == BF_ACT_PRELU)
            s->slope = channels(p, node_of(p, n->in[n->n_in - 1]), s->to[3], 1);
    }
}

/* Zeros put round the picture beforehand become the convolution's own, as long as every output
 * still sees something of the picture. */
static bool pads_picture(const struct planner *p, const struct bf_graph_node *n,
                         const struct bf_graph_node *x)
{
    const int32_t *pads;
    int i;

    if (x->op != BF_OP_PAD || x->shape.rank != 4)
        return false;
    pads = node_of(p, x->in[1])->i32;
    for (i = 0; i < 4; i++)
        if (pads[2 + i] + n->pad[i] > (n->window[i / 2] - 1) * n->dilation[i / 2])
            return false;
    return pads[0] == 0 && pads[1] == 0 && pads[6] == 0 && pads[7] == 0;
}

static void plan_window(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v), *x = node_of(p, n->in[0]);
    bool conv = n->op == BF_OP_CONV || n->op == BF_OP_DEPTHWISE;
    bool padded = conv && p->node[n->in[0]].value < 0 && pads_picture(p, n, x);
    struct bf_graph_step *s = add_step(p,
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
        s->pad[i] = n->pad[i] + (padded ? node_of(p, x->in[1])->i32[2 + i] : 0);
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

static void plan_matmul(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v), *k = node_of(p, n->in[1]);
    struct bf_graph_step *s = add_step(p, BF_STEP_CONV, v, n->in[0]);
    size_t rows = (size_t)s->from[3], columns = (size_t)s->to[3], i, j;

    if (n->transpose[1]) {
        s->w = malloc(rows * columns * sizeof *s->w);
        if (s->w == NULL) {
            fail_nomem(p);
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

static void plan_concat(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v);
    int axis = node_of(p, n->in[n->n_in - 1])->i32[0], value[BF_GRAPH_INPUTS_MAX], i;
    struct bf_graph_step *s;

    for (i = 0; i < n->n_in - 1; i++)
        value[i] = use(p, n->in[i]);
    s = add_step(p, BF_STEP_CONCAT, v, n->in[0]);
    s->n_in = n->n_in - 1;
    axis += axis < 0 ? n->shape.rank : 0;
    s->axis = axis + 4 - n->shape.rank;
    for (i = 0; i < s->n_in; i++) {
        s->in[i] = value[i];
        s->extent[i] = node_of(p, n->in[i])->shape.d[axis];
    }
}

static void plan_node(struct planner *p, int v)
{
    struct bf_graph_node *n = node_of(p, v);

    switch (n->op) {
    case BF_OP_CONST:
    case BF_OP_PAD:
        break;
    case BF_OP_INPUT:
        p->node[v].value = add_value(p, bf_graph_count(&n->shape), -1);
        break;
    case BF_OP_IDENTITY:
    case BF_OP_RESHAPE:
        p->node[v].value = use(p, n->in[0]);
        p->node[v].pinned = p->node[n->in[0]].pinned || p->node[n->in[0]].uses > 1;
        break;
    case BF_OP_MATMUL:
        plan_matmul(p, v);
        break;
    case BF_OP_BATCH_NORM:
        plan_batch_norm(p, v);
        break;
    case BF_OP_RELU:
        plan_clamp(p, v, n->in[0], 0, INFINITY);
        break;
    case BF_OP_RELU6:
        plan_clamp(p, v, n->in[0], 0, 6);
        break;
    case BF_OP_PRELU:
        plan_act(p, v, n->in[0], BF_ACT_PRELU);
        break;
    case BF_OP_SIGMOID:
        plan_act(p, v, n->in[0], BF_ACT_SIGMOID);
        break;
    case BF_OP_SOFTMAX:
        add_step(p, BF_STEP_SOFTMAX, v, n->in[0]);
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
        plan_binary(p, v);
        break;
    }
}

/* The file's names move to the graph. */
static void publish(struct bf_graph *g, const struct planner *p)
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
    struct planner p = {.g = g, .f = f, .err = err};
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
        use(&p, f->out[i]);
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
