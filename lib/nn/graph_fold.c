#include "lib/nn/graph_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bf_graph_node *bf_plan_node(const struct bf_planner *p, int v)
{
    return &p->f->node[v];
}

float *bf_plan_nomem(struct bf_planner *p)
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

int bf_plan_value(struct bf_planner *p, size_t len, int maker)
{
    struct bf_graph_value *v = &p->g->value[p->g->n_values];

    *v = (struct bf_graph_value){.len = len, .first = maker, .last = maker};
    p->maker[p->g->n_values] = maker;
    return p->g->n_values++;
}

/* A new step of node v, which reads node x; it makes a value of v's shape. */
struct bf_graph_step *bf_plan_step(struct bf_planner *p, enum bf_graph_kind kind, int v, int x)
{
    struct bf_graph *g = p->g;
    int in = bf_plan_use(p, x);
    struct bf_graph_step *s = &g->step[g->n_steps];

    *s = (struct bf_graph_step){.kind = kind,
                                .n_in = 1,
                                .in = {in},
                                .window = {1, 1},
                                .stride = {1, 1},
                                .dilation = {1, 1},
                                .add = -1,
                                .depthwise = -1};
    dims_of(s->from, &bf_plan_node(p, x)->shape);
    dims_of(s->to, &bf_plan_node(p, v)->shape);
    s->out = bf_plan_value(p, bf_graph_count(&bf_plan_node(p, v)->shape), g->n_steps);
    p->node[v].value = s->out;
    g->n_steps++;
    return s;
}

/* The value of node v. A padding becomes a step only once somebody wants its result as such. */
int bf_plan_use(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v);
    struct bf_graph_step *s;
    int i;

    if (p->node[v].value >= 0 || n->op != BF_OP_PAD)
        return p->node[v].value;
    s = bf_plan_step(p, BF_STEP_PAD, v, n->in[0]);
    for (i = 0; i < n->shape.rank; i++)
        s->other[4 - n->shape.rank + i] = bf_plan_node(p, n->in[1])->i32[2 * i];
    return s->out;
}

/* The step whose epilogue node v's user may write into; NULL where others see what it makes. */
static struct bf_graph_step *open_step(struct bf_planner *p, int v)
{
    const struct bf_planned *k = &p->node[v];
    struct bf_graph_step *s;
    int to[4], i;

    for (i = 0; i < p->f->n_out; i++)
        if (p->f->out[i] == v)
            return NULL;
    if (k->value < 0 || k->uses != 1 || k->pinned || p->maker[k->value] < 0)
        return NULL;
    s = &p->g->step[p->maker[k->value]];
    dims_of(to, &bf_plan_node(p, v)->shape);
    return memcmp(to, s->to, sizeof to) == 0 ? s : NULL;
}

/* An open step of x, or a new one that copies it: v's result is what it makes. */
static struct bf_graph_step *epilogue_of(struct bf_planner *p, int v, int x)
{
    struct bf_graph_step *s = open_step(p, x);

    if (s != NULL && s->act == BF_ACT_NONE) {
        p->node[v].value = s->out;
        return s;
    }
    return bf_plan_step(p, BF_STEP_COPY, v, x);
}

/* A constant spread over c channels, times factor; NULL where memory ran out. */
float *bf_plan_channels(struct bf_planner *p, const struct bf_graph_node *k, int c, float factor)
{
    float *out = calloc((size_t)c, sizeof *out);
    bool one = bf_graph_count(&k->shape) == 1;
    int i;

    if (out == NULL)
        return bf_plan_nomem(p);
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

void bf_plan_bias(struct bf_planner *p, struct bf_graph_step *s, const struct bf_graph_node *k,
                  float factor)
{
    float *b = bf_plan_channels(p, k, s->to[3], factor);
    int i;

    if (b == NULL)
        return;
    for (i = 0; s->bias != NULL && i < s->to[3]; i++)
        b[i] += s->bias[i];
    free(s->bias);
    s->bias = b;
}

/* y = clamp(y, lo, hi), also on top of a clamp */
void bf_plan_bounds(struct bf_graph_step *s, float lo, float hi)
{
    if (s->act == BF_ACT_NONE) {
        s->lo = -INFINITY;
        s->hi = INFINITY;
    }
    s->act = BF_ACT_CLAMP;
    s->lo = fminf(fmaxf(s->lo, lo), hi);
    s->hi = fminf(fmaxf(s->hi, lo), hi);
}

void bf_plan_clamp(struct bf_planner *p, int v, int x, float lo, float hi)
{
    struct bf_graph_step *s = open_step(p, x);

    if (s != NULL && (s->act == BF_ACT_NONE || s->act == BF_ACT_CLAMP))
        p->node[v].value = s->out;
    else
        s = bf_plan_step(p, BF_STEP_COPY, v, x);
    bf_plan_bounds(s, lo, hi);
}

void bf_plan_act(struct bf_planner *p, int v, int x, enum bf_graph_act act)
{
    struct bf_graph_node *n = bf_plan_node(p, v);
    struct bf_graph_step *s = epilogue_of(p, v, x);

    s->act = act;
    if (act == BF_ACT_PRELU)
        s->slope = bf_plan_channels(p, bf_plan_node(p, n->in[1]), s->to[3], 1);
}

/* y = x * scale + shift for each channel, scale being `factor` of constant k; into the weights of
 * the convolution before, or as a depthwise convolution of 1x1 */
static void plan_scale(struct bf_planner *p, int v, int x, const float *scale)
{
    struct bf_graph_step *s = open_step(p, x);
    size_t i, n, c;

    if (s == NULL || s->act != BF_ACT_NONE || s->add >= 0 ||
        (s->kind != BF_STEP_CONV && s->kind != BF_STEP_DEPTHWISE)) {
        s = bf_plan_step(p, BF_STEP_DEPTHWISE, v, x);
        c = (size_t)s->to[3];
        s->w = malloc(c * sizeof *s->w);
        if (s->w == NULL)
            bf_plan_nomem(p);
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

void bf_plan_batch_norm(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v);
    int c = n->shape.d[n->shape.rank - 1], i;
    float *scale = bf_plan_channels(p, bf_plan_node(p, n->in[1]), c, 1);
    float *shift = bf_plan_channels(p, bf_plan_node(p, n->in[2]), c, 1);
    float *mean = bf_plan_channels(p, bf_plan_node(p, n->in[3]), c, 1);
    float *variance = bf_plan_channels(p, bf_plan_node(p, n->in[4]), c, 1);
    struct bf_graph_node k = {.op = BF_OP_CONST, .shape = {1, {c}}};

    if (scale != NULL && shift != NULL && mean != NULL && variance != NULL) {
        for (i = 0; i < c; i++) {
            scale[i] /= sqrtf(variance[i] + n->epsilon);
            shift[i] -= mean[i] * scale[i];
        }
        plan_scale(p, v, n->in[0], scale);
        k.f32 = shift;
        if (p->rc == BF_OK)
            bf_plan_bias(p, &p->g->step[p->maker[p->node[v].value]], &k, 1);
    }
    free(scale);
    free(shift);
    free(mean);
    free(variance);
}

/* The sum of two values goes into the epilogue of the step that comes later of the two. A value
 * that was only given more channels, all zero, is added as it was before. */
static bool plan_sum(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v);
    int k;

    for (k = 0; k < 2; k++) {
        int x = n->in[k], y = n->in[1 - k], c, i, value;
        struct bf_graph_node *other = bf_plan_node(p, y);
        struct bf_graph_step *s = open_step(p, x);

        if (s == NULL || s->act != BF_ACT_NONE || s->add >= 0 ||
            bf_graph_count(&other->shape) != bf_graph_count(&bf_plan_node(p, x)->shape))
            continue;
        c = s->to[3];
        if (other->op == BF_OP_PAD && p->node[y].value < 0) {
            const int32_t *pads = bf_plan_node(p, other->in[1])->i32;

            for (i = 0; i < 2 * other->shape.rank - 1; i++)
                if (pads[i] != 0)
                    break;
            if (i == 2 * other->shape.rank - 1) {
                y = other->in[0];
                c = bf_plan_node(p, y)->shape.d[bf_plan_node(p, y)->shape.rank - 1];
            }
        }
        value = bf_plan_use(p, y);
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
static void plan_plain_sum(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v);
    int value = bf_plan_use(p, n->in[1]);
    struct bf_graph_step *s = bf_plan_step(p, BF_STEP_COPY, v, n->in[0]);

    s->add = value;
    s->add_c = s->to[3];
}

static bool same_shape(const struct bf_graph_node *a, const struct bf_graph_node *b)
{
    return a->op != BF_OP_CONST && b->op != BF_OP_CONST && a->shape.rank == b->shape.rank &&
           memcmp(a->shape.d, b->shape.d, sizeof a->shape.d) == 0;
}

void bf_plan_binary(struct bf_planner *p, int v)
{
    struct bf_graph_node *n = bf_plan_node(p, v), *k;
    struct bf_graph_step *s;
    int i, x, value, c;
    float *scale;

    for (i = 0; i < 2; i++) {
        k = bf_plan_node(p, n->in[1 - i]);
        x = n->in[i];
        if (!is_per_channel(k, n, bf_plan_node(p, x)) || (n->op == BF_OP_SUB && i == 1))
            continue;
        c = n->shape.d[n->shape.rank - 1];
        switch (n->op) {
        case BF_OP_ADD:
        case BF_OP_SUB:
            bf_plan_bias(p, epilogue_of(p, v, x), k, n->op == BF_OP_ADD ? 1 : -1);
            return;
        case BF_OP_MUL:
            scale = bf_plan_channels(p, k, c, 1);
            if (scale != NULL)
                plan_scale(p, v, x, scale);
            free(scale);
            return;
        default:
            if (bf_graph_count(&k->shape) != 1)
                continue;
            bf_plan_clamp(p, v, x, n->op == BF_OP_MAX ? k->f32[0] : -INFINITY,
                          n->op == BF_OP_MIN ? k->f32[0] : INFINITY);
            return;
        }
    }
    if (n->op == BF_OP_ADD && plan_sum(p, v))
        return;
    if (n->op == BF_OP_ADD && same_shape(bf_plan_node(p, n->in[0]), bf_plan_node(p, n->in[1]))) {
        plan_plain_sum(p, v);
        return;
    }
    /* The constant, if any, is the second operand: the difference is turned by `extent`. */
    i = bf_plan_node(p, n->in[0])->op == BF_OP_CONST;
    k = bf_plan_node(p, n->in[1 - i]);
    value = k->op == BF_OP_CONST ? -1 : bf_plan_use(p, n->in[1 - i]);
    s = bf_plan_step(p, BF_STEP_BINARY, v, n->in[i]);
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
                bf_plan_nomem(p);
            else
                memcpy(s->w, k->f32, bf_graph_count(&k->shape) * sizeof *s->w);
        } else {
            k->f32 = NULL;
        }
    }
}
