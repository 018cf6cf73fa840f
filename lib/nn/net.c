#include "lib/nn/node.h"

#include <assert.h>
#include <math.h>

enum bf_err bf_net_create(struct bf_net **net, struct bf_params *params, struct bf_error *err)
{
    *net = calloc(1, sizeof **net);
    if (*net == NULL)
        return bf_error_nomem(err);
    (*net)->params = params;
    return BF_OK;
}

void bf_net_free(struct bf_net **net)
{
    if (*net == NULL)
        return;
    free((*net)->nodes);
    free((*net)->memory);
    free(*net);
    *net = NULL;
}

int bf_net_fail(struct bf_net *net, enum bf_err code, const char *text)
{
    if (!net->failed)
        bf_error_set(&net->err, code, "%s", text);
    net->failed = true;
    return -1;
}

struct bf_node *bf_node_new(struct bf_net *net, const struct bf_op *op, int n_in, int a, int b)
{
    struct bf_node *node;

    if (net->failed)
        return NULL;
    if (net->memory != NULL || net->n_nodes == BF_NET_NODES_MAX || a >= net->n_nodes ||
        b >= net->n_nodes || (n_in > 0 && a < 0) || (n_in > 1 && b < 0)) {
        bf_net_fail(net, BF_ERR_USAGE, "a layer is built on a node that is not there, or too late");
        return NULL;
    }
    if (net->n_nodes == net->cap_nodes) {
        int cap = net->cap_nodes > 0 ? 2 * net->cap_nodes : 32;
        struct bf_node *nodes = realloc(net->nodes, (size_t)cap * sizeof *nodes);

        if (nodes == NULL) {
            bf_net_fail(net, BF_ERR_NOMEM, "not enough memory");
            return NULL;
        }
        net->nodes = nodes;
        net->cap_nodes = cap;
    }
    node = &net->nodes[net->n_nodes++];
    *node = (struct bf_node){.op = op, .net = net, .in = {a, b}, .n_in = n_in};
    if (n_in > 0) {
        node->h = net->nodes[a].h;
        node->w = net->nodes[a].w;
        node->c = net->nodes[a].c;
    }
    return node;
}

int bf_node_index(const struct bf_node *node)
{
    return (int)(node - node->net->nodes);
}

bool bf_node_param(struct bf_node *node, const char *name, const char *suffix, const size_t *shape,
                   int n_dims, enum bf_param_init init, size_t fan_in, bool trained)
{
    char full[2 * BF_PARAM_NAME_MAX];
    struct bf_net *net = node->net;
    struct bf_error err;
    enum bf_err rc;

    assert(node->n_params < BF_NODE_PARAMS);
    snprintf(full, sizeof full, "%s.%s", name, suffix);
    rc = bf_params_declare(&node->param[node->n_params], net->params, full, shape, n_dims, init,
                           fan_in, trained, &err);
    if (rc != BF_OK) {
        bf_net_fail(net, rc, err.text);
        return false;
    }
    node->n_params++;
    return true;
}

struct bf_node *bf_net_node(const struct bf_net *net, int i)
{
    assert(i >= 0 && i < net->n_nodes);
    return &net->nodes[i];
}

struct bf_node *bf_node_in(const struct bf_node *node, int i)
{
    return &node->net->nodes[node->in[i]];
}

const float *bf_node_x(const struct bf_node *node, int i)
{
    return bf_node_in(node, i)->y;
}

float *bf_node_dx(const struct bf_node *node, int i)
{
    return bf_node_in(node, i)->dy;
}

size_t bf_node_rows(const struct bf_node *node)
{
    return node->net->n * node->h * node->w;
}

size_t bf_node_floats(const struct bf_node *node)
{
    return bf_node_rows(node) * node->c;
}

float *bf_node_weight(const struct bf_node *node, int i)
{
    return bf_params_value(node->net->params, node->param[i]);
}

float *bf_node_weight_grad(const struct bf_node *node, int i)
{
    return bf_params_grad(node->net->params, node->param[i]);
}

bool bf_node_rectified(const struct bf_node *node)
{
    return node->rect.slope < 1 || node->rect.cap < INFINITY;
}

/* --- input
 * ---------------------------------------------------------------------------------------- */

static void nothing(struct bf_node *node)
{
    (void)node;
}

static const struct bf_op op_input = {.name = "input", .forward = nothing, .backward = nothing};

int bf_net_input(struct bf_net *net, size_t h, size_t w, size_t c)
{
    struct bf_node *node = bf_node_new(net, &op_input, 0, -1, -1);

    if (node == NULL)
        return -1;
    if (h < 1 || w < 1 || c < 1 || h > BF_CONV_SIDE_MAX || w > BF_CONV_SIDE_MAX ||
        c > BF_CONV_CHANNELS_MAX)
        return bf_net_fail(net, BF_ERR_LIMIT, "an input's shape is out of range");
    node->h = h;
    node->w = w;
    node->c = c;
    return bf_node_index(node);
}

/* --- running
 * -------------------------------------------------------------------------------------- */

float *bf_net_value(const struct bf_net *net, int node)
{
    return bf_net_node(net, node)->y;
}

float *bf_net_grad(const struct bf_net *net, int node)
{
    return bf_net_node(net, node)->dy;
}

size_t bf_net_shape(const struct bf_net *net, int node, size_t *h, size_t *w, size_t *c)
{
    const struct bf_node *p = bf_net_node(net, node);

    if (h != NULL)
        *h = p->h;
    if (w != NULL)
        *w = p->w;
    if (c != NULL)
        *c = p->c;
    return p->h * p->w * p->c;
}

void bf_net_seed(struct bf_net *net, uint64_t seed)
{
    net->seed = seed;
}

void bf_net_forward(struct bf_net *net)
{
    int i;

    assert(net->memory != NULL);
    for (i = 0; i < net->n_nodes; i++)
        if (!net->nodes[i].silent)
            net->nodes[i].op->forward(&net->nodes[i]);
}

void bf_net_backward(struct bf_net *net)
{
    int i;

    assert(net->training);
    for (i = net->n_nodes - 1; i >= 0; i--)
        if (!net->nodes[i].silent && net->nodes[i].has_grad)
            net->nodes[i].op->backward(&net->nodes[i]);
}

uint64_t bf_net_macs(const struct bf_net *net)
{
    uint64_t sum = 0;
    int i;

    for (i = 0; i < net->n_nodes; i++)
        sum += net->nodes[i].macs;
    return sum;
}

size_t bf_net_bytes(const struct bf_net *net)
{
    return net->bytes;
}

/* --- loops that layers share
 * ------------------------------------------------------------------------ */

struct spans {
    struct bf_node *node;
    bf_node_span_fn *fn;
    size_t n, span;
};

static void one_span(void *arg, size_t i, size_t thread)
{
    const struct spans *s = arg;
    size_t to = (i + 1) * s->span;

    (void)thread;
    s->fn(s->node, i * s->span, to < s->n ? to : s->n);
}

void bf_node_spans(struct bf_node *node, bf_node_span_fn *fn, size_t n, size_t span)
{
    struct spans s = {node, fn, n, span};

    bf_pool_run(node->net->pool, one_span, &s, (n + span - 1) / span);
}
