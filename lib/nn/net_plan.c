/* Lifetimes: what is folded into what, and where everything lies in the one allocation. */
#include "lib/nn/node.h"

#include <assert.h>
#include <math.h>
#include <sys/mman.h>

#define ALIGN 64
#define HUGE_PAGE ((size_t)2 << 20)
/* 64 GiB */
#define BYTES_MAX ((size_t)1 << 36)

/* Memory that is wanted from one step to another, both included. Forward of node i is step i,
 * backward step 2 N - 1 - i. */
struct extent {
    size_t bytes, offset;
    int from, to;
    int node;
    bool grad;
};

static int root_of(const struct bf_net *net, int i)
{
    return net->nodes[i].root;
}

static void count_uses(struct bf_net *net)
{
    int i, j;

    for (i = 0; i < net->n_nodes; i++) {
        struct bf_node *node = &net->nodes[i];

        node->n_uses = 0;
        node->last_use = i;
        node->root = i;
        node->silent = node->kept = false;
        node->norm = -1;
        node->rect = (struct bf_rectifier){1, INFINITY};
        node->packed_version = 0;
        node->y = node->dy = NULL;
        node->saved = NULL;
        for (j = 0; j < node->n_in; j++)
            net->nodes[node->in[j]].n_uses++;
    }
}

/* Whether nothing but a chain that ends at node i uses the node whose memory it shares. */
static bool alone(const struct bf_net *net, int i)
{
    while (net->nodes[i].n_uses == 1 && net->nodes[i].root != i)
        i = net->nodes[i].in[0];
    return net->nodes[i].n_uses == 1;
}

/* What changes nothing, or can be done by the node before, shares that one's memory. */
static void fold(struct bf_net *net)
{
    int i;

    for (i = 0; i < net->n_nodes; i++) {
        struct bf_node *node = &net->nodes[i], *in, *root;

        if (node->n_in != 1)
            continue;
        in = &net->nodes[node->in[0]];
        root = &net->nodes[in->root];
        if (node->op == &bf_op_reshape || (node->op == &bf_op_dropout && !net->training)) {
            node->silent = true;
        } else if (node->op == &bf_op_rectify && alone(net, node->in[0]) && root->op->rectifies &&
                   !bf_node_rectified(root)) {
            node->silent = true;
            root->rect.slope = node->slope;
        } else if (node->op == &bf_op_norm && in->n_uses == 1 && !net->training &&
                   (root->op == &bf_op_conv || root->op == &bf_op_depthwise) && root->norm < 0 &&
                   !bf_node_rectified(root) && root == in) {
            node->silent = true;
            root->norm = i;
        }
        if (node->silent)
            node->root = in->root;
    }
    for (i = 0; i < net->n_nodes; i++) {
        struct bf_node *node = &net->nodes[i];
        int j;

        for (j = 0; j < node->n_in && !node->silent; j++)
            net->nodes[root_of(net, node->in[j])].last_use = i;
        if (node->n_uses == 0)
            net->nodes[node->root].kept = true;
    }
}

/* Who has a gradient, and which backward is the first to write it. */
static void place_grads(struct bf_net *net)
{
    bool inputs = (net->flags & BF_NET_INPUT_GRADS) != 0;
    int i, j;

    for (i = 0; i < net->n_nodes; i++) {
        struct bf_node *node = &net->nodes[i];

        node->has_grad = net->training && (node->n_params > 0 || (node->n_in == 0 && inputs));
        for (j = 0; j < node->n_in; j++)
            node->has_grad |= net->nodes[node->in[j]].has_grad;
    }
    /* Sharing memory is sharing a gradient. */
    for (i = 0; i < net->n_nodes; i++)
        if (net->nodes[i].root != i)
            net->nodes[i].has_grad = net->nodes[root_of(net, i)].has_grad;
}

static void order_grads(struct bf_net *net, bool *written)
{
    int i, j;

    /* The caller fills that of a result. */
    for (i = 0; i < net->n_nodes; i++)
        written[i] = net->nodes[i].kept;
    for (i = net->n_nodes - 1; i >= 0; i--) {
        struct bf_node *node = &net->nodes[i];

        if (node->silent)
            continue;
        for (j = 0; j < node->n_in; j++) {
            int root = root_of(net, node->in[j]);

            node->add_in[j] = written[root];
            written[root] = true;
        }
    }
}

/* A layer that may writes an input's gradient over its own, where nothing else adds to that one. */
static void share_grads(struct bf_net *net)
{
    int i, j;

    for (i = net->n_nodes - 1; i >= 0; i--)
        net->nodes[i].grad_root = net->nodes[i].grad_end = i;
    for (i = net->n_nodes - 1; i >= 0; i--) {
        struct bf_node *node = &net->nodes[i];

        /* What the caller has filled stays as it is. */
        if (node->silent || node->kept || !node->has_grad || !node->op->in_place)
            continue;
        for (j = 0; j < node->n_in; j++) {
            struct bf_node *root = &net->nodes[root_of(net, node->in[j])];

            if (!root->has_grad || root->n_in == 0 || !alone(net, node->in[j]))
                continue;
            root->grad_root = node->grad_root;
            net->nodes[node->grad_root].grad_end = root_of(net, node->in[j]);
            break;
        }
    }
}

static int by_size(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return (int)x->grad - (int)y->grad;
}

/* Largest first, each at the lowest place that is free all its life. */
static size_t place(struct extent *e, size_t n)
{
    size_t i, j, end = 0;

    qsort(e, n, sizeof *e, by_size);
    for (i = 0; i < n; i++) {
        bool moved;

        e[i].offset = 0;
        do {
            moved = false;
            for (j = 0; j < i; j++)
                if (e[j].from <= e[i].to && e[i].from <= e[j].to &&
                    e[j].offset < e[i].offset + e[i].bytes &&
                    e[i].offset < e[j].offset + e[j].bytes) {
                    e[i].offset = e[j].offset + e[j].bytes;
                    moved = true;
                }
        } while (moved);
        if (e[i].offset + e[i].bytes > end)
            end = e[i].offset + e[i].bytes;
    }
    return end;
}

static size_t fill_extents(const struct bf_net *net, struct extent *e)
{
    int steps = 2 * net->n_nodes, i;
    size_t n = 0;

    for (i = 0; i < net->n_nodes; i++) {
        const struct bf_node *node = &net->nodes[i];
        bool used = !node->kept;
        size_t bytes;

        if (node->root != i)
            continue;
        bytes = (bf_node_floats(node) * sizeof(float) + ALIGN - 1) / ALIGN * ALIGN;
        /* An input is written before the first step, and results are read after the last. */
        e[n++] = (struct extent){
            .bytes = bytes,
            .node = i,
            .from = node->n_in == 0 ? 0 : i,
            .to = !used || node->n_in == 0 ? steps
                  : net->training          ? steps - 1 - i
                                           : node->last_use,
        };
        if (node->has_grad && node->grad_root == i)
            e[n++] = (struct extent){
                .bytes = bytes,
                .node = i,
                .grad = true,
                .from = used ? steps - 1 - node->last_use : net->n_nodes,
                .to = node->n_in == 0 ? steps : steps - 1 - node->grad_end,
            };
    }
    return n;
}

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Every pass walks through all of it: huge pages, where the system has them, spare the walks
 * through its page tables. */
static void *block_alloc(size_t bytes)
{
    void *p;

    if (bytes < HUGE_PAGE)
        return aligned_alloc(ALIGN, bytes);
    p = aligned_alloc(HUGE_PAGE, (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
#ifdef MADV_HUGEPAGE
    if (p != NULL)
        madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

static enum bf_err lay_out(struct bf_net *net, struct extent *e, struct bf_error *err)
{
    size_t n = fill_extents(net, e), at, scratch = ALIGN, i, total;
    char *base;
    int k;

    at = total = place(e, n);
    for (k = 0; k < net->n_nodes; k++) {
        total += aligned(net->nodes[k].saved_bytes);
        if (net->nodes[k].scratch_bytes > scratch)
            scratch = net->nodes[k].scratch_bytes;
    }
    total += aligned(scratch);
    if (total > BYTES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "the network would want more than 64 GiB");
    net->memory = base = block_alloc(total);
    if (base == NULL)
        return bf_error_nomem(err);
    /* No number in it may be a signalling one that was there by chance. */
    memset(base, 0, total);
    net->bytes = total;
    for (i = 0; i < n; i++)
        if (e[i].grad)
            net->nodes[e[i].node].dy = (float *)(base + e[i].offset);
        else
            net->nodes[e[i].node].y = (float *)(base + e[i].offset);
    for (k = 0; k < net->n_nodes; k++) {
        struct bf_node *node = &net->nodes[k];

        node->y = net->nodes[node->root].y;
        node->dy = net->nodes[net->nodes[node->root].grad_root].dy;
        node->saved = base + at;
        at += aligned(node->saved_bytes);
    }
    net->scratch = base + at;
    return BF_OK;
}

enum bf_err bf_net_plan(struct bf_net *net, size_t n, unsigned flags, struct bf_pool *pool,
                        struct bf_error *err)
{
    struct extent *e = NULL;
    bool *written = NULL;
    enum bf_err rc;
    int i;

    if (net->failed)
        return bf_error_set(err, net->err.code, "cannot build the network: %s", net->err.text);
    if (n < 1 || n > BF_NET_BATCH_MAX || net->n_nodes == 0)
        return bf_error_set(err, BF_ERR_USAGE, "cannot run a network on %zu images", n);
    if (net->params->values == NULL ||
        ((flags & BF_NET_TRAINING) != 0 && net->params->grads == NULL))
        return bf_error_set(err, BF_ERR_USAGE, "the network's weights have no memory yet");
    free(net->memory);
    net->memory = NULL;
    net->n = n;
    net->flags = flags;
    net->training = (flags & BF_NET_TRAINING) != 0;
    net->pool = pool;
    net->n_threads = bf_pool_threads(pool);

    count_uses(net);
    fold(net);
    place_grads(net);
    for (i = 0; i < net->n_nodes; i++) {
        struct bf_node *node = &net->nodes[i];

        if (node->h * node->w * node->c > BF_CONV_FLOATS_MAX / n)
            return bf_error_set(err, BF_ERR_LIMIT, "a layer of the network is too large");
        node->saved_bytes = node->scratch_bytes = 0;
        node->conv.n = n;
        if (!node->silent && node->op->size != NULL)
            node->op->size(node);
        if (!node->silent && net->training && node->op->rectifies &&
            node->scratch_bytes < bf_node_columns_size(node))
            node->scratch_bytes = bf_node_columns_size(node);
    }
    assert(net->n_nodes > 0 && net->n_nodes <= BF_NET_NODES_MAX);
    e = calloc(2 * (size_t)net->n_nodes, sizeof *e);
    written = calloc((size_t)net->n_nodes, sizeof *written);
    if (e == NULL || written == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    order_grads(net, written);
    share_grads(net);
    rc = lay_out(net, e, err);
out:
    free(e);
    free(written);
    return rc;
}
